//! `.evtx`: the binary form, which Event Viewer saves first. Each event is made XML, and read as such.

use std::io::{Read, Seek};

use ::evtx::{EvtxParser, ParserSettings};

use super::collector::Collector;
use super::{Failure, event_xml};

/// Damaged records are passed over, as long as any can be read.
pub(super) fn read(from: impl Read + Seek, into: &mut Collector<'_>) -> Result<(), Failure> {
    let format =
        |e: &dyn std::fmt::Display| Failure::Format(format!("is a damaged .evtx file: {e}"));
    let settings = ParserSettings::new().num_threads(1).indent(false);
    let mut parser = EvtxParser::from_read_seek(from)
        .map_err(|e| format(&e))?
        .with_configuration(settings);
    let mut damage = None;
    for record in parser.records() {
        match record {
            Ok(record) => {
                let xml = record.data.trim_end();
                let event = xml.find("<Event ").and_then(|from| xml.get(from..));
                if let Some(record) = event.and_then(event_xml::record) {
                    into.add(record);
                }
            }
            Err(e) => {
                damage.get_or_insert_with(|| e.to_string());
            }
        }
    }
    match damage {
        Some(damage) if into.read() == 0 => Err(format(&damage)),
        _ => Ok(()),
    }
}
