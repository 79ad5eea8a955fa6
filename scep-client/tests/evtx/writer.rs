//! A minimal writer of `.evtx` files: one chunk, a template for each event, values substituted into it.
//!
//! After the public descriptions of the format (MS-EVEN6 section 2.2.12 for BinXml; the layout of file,
//! chunk and record as documented by the libevtx project).

use std::collections::HashMap;

/// An event to be written.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) provider: &'static str,
    pub(crate) id: u16,
    pub(crate) level: u8,
    /// Seconds since 1970.
    pub(crate) time: i64,
    /// The same as XML has it.
    pub(crate) stamp: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) data: Vec<String>,
}

const CHUNK: usize = 64 << 10;
const CHUNK_HEADER: usize = 512;
const NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";

/// The file that holds these events.
pub(crate) fn file(events: &[Event]) -> Vec<u8> {
    let chunk = Chunk::of(events);
    let mut header = vec![0; 4096];
    header[..8].copy_from_slice(b"ElfFile\0");
    let next = u64::try_from(events.len()).unwrap() + 1;
    header[24..32].copy_from_slice(&next.to_le_bytes());
    header[32..36].copy_from_slice(&128_u32.to_le_bytes());
    header[36..38].copy_from_slice(&1_u16.to_le_bytes());
    header[38..40].copy_from_slice(&3_u16.to_le_bytes());
    header[40..42].copy_from_slice(&4096_u16.to_le_bytes());
    header[42..44].copy_from_slice(&1_u16.to_le_bytes());
    let sum = crc32(&[&header[..120]]);
    header[124..128].copy_from_slice(&sum.to_le_bytes());
    header.extend(chunk);
    header
}

struct Chunk {
    octets: Vec<u8>,
    /// Where each name stands.
    names: HashMap<String, u32>,
    /// The latest name of each bucket, and the latest template.
    name_buckets: [u32; 64],
    template_buckets: [u32; 32],
}

impl Chunk {
    fn of(events: &[Event]) -> Vec<u8> {
        let mut chunk = Self {
            octets: vec![0; CHUNK_HEADER],
            names: HashMap::new(),
            name_buckets: [0; 64],
            template_buckets: [0; 32],
        };
        let mut last = 0;
        for (event, n) in events.iter().zip(1_u64..) {
            last = chunk.here();
            chunk.record(event, n);
        }
        chunk.finish(last, u64::try_from(events.len()).unwrap())
    }

    fn here(&self) -> u32 {
        u32::try_from(self.octets.len()).unwrap()
    }

    fn finish(mut self, last: u32, count: u64) -> Vec<u8> {
        let free = self.here();
        let data = crc32(&[&self.octets[CHUNK_HEADER..]]);
        let mut head = b"ElfChnk\0".to_vec();
        for number in [1, count, 1, count] {
            head.extend(number.to_le_bytes());
        }
        for number in [128, last, free, data] {
            head.extend(number.to_le_bytes());
        }
        head.resize(128, 0);
        for offset in self.name_buckets.iter().chain(&self.template_buckets) {
            head.extend(offset.to_le_bytes());
        }
        let sum = crc32(&[&head[..120], &head[128..]]);
        head[124..128].copy_from_slice(&sum.to_le_bytes());
        self.octets[..CHUNK_HEADER].copy_from_slice(&head);
        assert!(self.octets.len() <= CHUNK, "too many events for one chunk");
        self.octets.resize(CHUNK, 0);
        self.octets
    }

    fn record(&mut self, event: &Event, n: u64) {
        let start = self.octets.len();
        self.put(&0x2a2a_u32.to_le_bytes());
        self.put(&[0; 4]);
        self.put(&n.to_le_bytes());
        let file_time = u64::try_from(event.time + 11_644_473_600).unwrap() * 10_000_000;
        self.put(&file_time.to_le_bytes());
        self.put(&FRAGMENT);
        self.template(event, u32::try_from(n).unwrap());
        // the end of the outer fragment
        self.put(&[EOF]);
        let size = u32::try_from(self.octets.len() - start + 4)
            .unwrap()
            .to_le_bytes();
        self.put(&size);
        self.octets[start + 4..start + 8].copy_from_slice(&size);
    }

    /// A template instance with its definition, and the values for it: the data of the event.
    fn template(&mut self, event: &Event, id: u32) {
        self.put(&[TEMPLATE_INSTANCE, 1]);
        self.put(&id.to_le_bytes());
        let definition = self.here() + 4;
        self.put(&definition.to_le_bytes());
        let bucket = &mut self.template_buckets[usize::try_from(id).unwrap() % 32];
        let next = std::mem::replace(bucket, definition);
        self.put(&next.to_le_bytes());
        self.put(&id.to_le_bytes());
        self.put(&[0x5c; 12]);
        let size_at = self.placeholder();
        self.put(&FRAGMENT);
        self.event(event);
        self.put(&[EOF]);
        self.measured(size_at);

        let values: Vec<Vec<u8>> = event.data.iter().map(|text| wide(text)).collect();
        self.put(&u32::try_from(values.len()).unwrap().to_le_bytes());
        for value in &values {
            self.put(&u16::try_from(value.len()).unwrap().to_le_bytes());
            self.put(&[STRING, 0]);
        }
        for value in &values {
            self.put(value);
        }
    }

    fn event(&mut self, event: &Event) {
        self.element("Event", &[("xmlns", NAMESPACE)], |event_element| {
            event_element.element("System", &[], |system| {
                system.element("Provider", &[("Name", event.provider)], |_| ());
                system.element("EventID", &[], |e| e.text(&event.id.to_string()));
                system.element("Level", &[], |e| e.text(&event.level.to_string()));
                system.element("TimeCreated", &[("SystemTime", event.stamp)], |_| ());
                system.element("Channel", &[], |e| e.text(event.channel));
                system.element("Computer", &[], |e| e.text("NDES01.lab.example"));
            });
            event_element.element("EventData", &[], |data| {
                for n in 0..event.data.len() {
                    let n = u16::try_from(n).unwrap();
                    data.element("Data", &[], |e| e.substitution(n));
                }
            });
        });
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        let with_attributes = if attributes.is_empty() { 0 } else { 0x40 };
        self.put(&[0x01 | with_attributes, 0xff, 0xff]);
        let size_at = self.placeholder();
        self.name(name);
        if !attributes.is_empty() {
            let list_at = self.placeholder();
            for (n, (name, value)) in attributes.iter().enumerate() {
                let more = if n + 1 < attributes.len() { 0x40 } else { 0 };
                self.put(&[0x06 | more]);
                self.name(name);
                self.text(value);
            }
            self.measured(list_at);
        }
        self.put(&[0x02]);
        inside(self);
        self.put(&[0x04]);
        self.measured(size_at);
    }

    /// A name, which is written out where it is met first.
    fn name(&mut self, name: &str) {
        if let Some(&at) = self.names.get(name) {
            self.put(&at.to_le_bytes());
            return;
        }
        let at = self.here() + 4;
        self.put(&at.to_le_bytes());
        let hash = name.encode_utf16().fold(0_u32, |hash, unit| {
            hash.wrapping_mul(65_599).wrapping_add(unit.into())
        });
        let hash = hash & 0xffff;
        let bucket = &mut self.name_buckets[usize::try_from(hash).unwrap() % 64];
        let next = std::mem::replace(bucket, at);
        self.put(&next.to_le_bytes());
        self.put(&u16::try_from(hash).unwrap().to_le_bytes());
        self.counted(name);
        self.put(&[0, 0]);
        self.names.insert(name.to_owned(), at);
    }

    fn text(&mut self, text: &str) {
        self.put(&[0x05, STRING]);
        self.counted(text);
    }

    fn counted(&mut self, text: &str) {
        let count = u16::try_from(text.encode_utf16().count()).unwrap();
        self.put(&count.to_le_bytes());
        self.put(&wide(text));
    }

    fn substitution(&mut self, n: u16) {
        self.put(&[0x0d]);
        self.put(&n.to_le_bytes());
        self.put(&[STRING]);
    }

    /// A length that is not known yet.
    fn placeholder(&mut self) -> usize {
        self.put(&[0; 4]);
        self.octets.len()
    }

    fn measured(&mut self, after: usize) {
        let size = u32::try_from(self.octets.len() - after)
            .unwrap()
            .to_le_bytes();
        self.octets[after - 4..after].copy_from_slice(&size);
    }

    fn put(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }
}

const FRAGMENT: [u8; 4] = [0x0f, 1, 1, 0];
const TEMPLATE_INSTANCE: u8 = 0x0c;
const EOF: u8 = 0;
const STRING: u8 = 1;

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// CRC-32 of ISO 3309 over the parts.
fn crc32(parts: &[&[u8]]) -> u32 {
    let step = |crc: u32, octet: &u8| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    };
    !parts.iter().flat_map(|part| part.iter()).fold(!0, step)
}
