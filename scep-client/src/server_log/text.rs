//! Long texts, piece by piece, whatever their encoding.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// Longest piece that is kept; the rest of a longer one is passed over.
const MAX_PIECE: usize = 1 << 20;

/// Tells how many octets went through.
pub(super) struct Counted<R, F> {
    inner: R,
    done: u64,
    told: u64,
    watch: F,
}

impl<R, F> Counted<R, F> {
    const STEP: u64 = 8 << 20;

    pub(super) const fn new(inner: R, watch: F) -> Self {
        Self {
            inner,
            done: 0,
            told: 0,
            watch,
        }
    }
}

impl<R: Read, F: FnMut(u64)> Read for Counted<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.done = self
            .done
            .saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        if self.done >= self.told.saturating_add(Self::STEP) {
            self.told = self.done;
            (self.watch)(self.done);
        }
        Ok(n)
    }
}

impl<R: Seek, F> Seek for Counted<R, F> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let at = self.inner.seek(position)?;
        self.done = at;
        Ok(at)
    }
}

/// How two octets make a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// UTF-16 (with a byte order mark) made UTF-8; everything else as it is, less the mark.
pub(super) struct Transcoded<R> {
    inner: R,
    /// How two octets make a unit; `None` for what is no UTF-16.
    unit: Option<Unit>,
    /// Octets and half pairs that are not used yet.
    rest: Vec<u8>,
    high: Option<u16>,
    /// What has been made.
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(mut inner: R) -> io::Result<Self> {
        let mut rest = Vec::new();
        inner.by_ref().take(3).read_to_end(&mut rest)?;
        let (unit, mark): (Option<Unit>, usize) = match rest.as_slice() {
            [0xff, 0xfe, ..] => (Some(u16::from_le_bytes), 2),
            [0xfe, 0xff, ..] => (Some(u16::from_be_bytes), 2),
            [0xef, 0xbb, 0xbf] => (None, 3),
            // without a mark, but plainly so: what Windows PowerShell redirects
            [first, 0, ..] if first.is_ascii() && *first != 0 => (Some(u16::from_le_bytes), 0),
            _ => (None, 0),
        };
        rest.drain(..mark);
        let mut this = Self {
            inner,
            unit,
            rest,
            high: None,
            ready: Vec::new(),
            given: 0,
        };
        if this.unit.is_none() {
            this.ready = std::mem::take(&mut this.rest);
        }
        Ok(this)
    }

    /// Makes more; false at the end.
    fn make(&mut self, unit: Unit) -> io::Result<bool> {
        let before = self.rest.len();
        self.inner
            .by_ref()
            .take(32 << 10)
            .read_to_end(&mut self.rest)?;
        let ended = self.rest.len() == before;
        self.ready.clear();
        self.given = 0;
        let pairs = self.rest.chunks_exact(2);
        let odd = pairs.remainder().to_vec();
        let units: Vec<u16> = (self.high.take().into_iter())
            .chain(pairs.filter_map(|pair| pair.try_into().ok().map(unit)))
            .collect();
        let whole = match units.as_slice() {
            // half of a character: its other half comes with the next octets
            [whole @ .., last] if !ended && (0xd800..0xdc00).contains(last) => {
                self.high = Some(*last);
                whole
            }
            whole => whole,
        };
        self.ready = String::from_utf16_lossy(whole).into_bytes();
        self.rest = odd;
        if ended {
            self.rest.clear();
        }
        Ok(!ended || !self.ready.is_empty())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.ready.len() {
            let Some(unit) = self.unit else {
                return self.inner.read(buffer);
            };
            if !self.make(unit)? {
                return Ok(0);
            }
        }
        let waiting = self.ready.get(self.given..).unwrap_or_default();
        let n = waiting.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), waiting.get(..n)) {
            to.copy_from_slice(from);
        }
        self.given += n;
        Ok(n)
    }
}

/// A text in pieces that end with a mark: lines, or elements.
pub(super) struct Pieces<R> {
    from: R,
    mark: &'static [u8],
}

impl<R: BufRead> Pieces<R> {
    pub(super) const fn new(from: R, mark: &'static [u8]) -> Self {
        Self { from, mark }
    }

    pub(super) const fn lines(from: R) -> Self {
        Self::new(from, b"\n")
    }

    /// The next piece, its mark included; the last one may have none. What is no UTF-8 becomes the
    /// replacement character: one bad octet must not hide a log.
    pub(super) fn next(&mut self) -> io::Result<Option<String>> {
        let mut piece = Vec::new();
        let mut any = false;
        loop {
            let more = self.from.fill_buf()?;
            if more.is_empty() {
                break;
            }
            any = true;
            let last = self.mark.last().copied().unwrap_or(b'\n');
            let (n, ends) = match more.iter().position(|octet| *octet == last) {
                Some(at) => (at + 1, true),
                None => (more.len(), false),
            };
            let taken = more.get(..n).unwrap_or_default();
            // of one that is too long, the end is looked at all the same
            if piece.len() > MAX_PIECE {
                piece.drain(MAX_PIECE..piece.len() - self.mark.len().min(piece.len() - MAX_PIECE));
            }
            piece.extend_from_slice(taken);
            self.from.consume(n);
            if ends && piece.ends_with(self.mark) {
                break;
            }
        }
        Ok(any.then(|| String::from_utf8_lossy(&piece).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(octets: &[u8]) -> Vec<String> {
        let text = Transcoded::new(octets).unwrap();
        let mut pieces = Pieces::lines(BufReader::new(text));
        std::iter::from_fn(|| pieces.next().unwrap()).collect()
    }

    #[test]
    fn every_encoding_is_read() {
        let text = "ein \u{1f511} f\u{fc}r\nNDES\n";
        let expected = ["ein \u{1f511} f\u{fc}r\n", "NDES\n"];
        assert_eq!(lines(text.as_bytes()), expected);
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        assert_eq!(lines(&marked), expected);
        for (mark, octets) in [
            (&b"\xff\xfe"[..], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (b"\xfe\xff", u16::to_be_bytes),
            (b"", u16::to_le_bytes),
        ] {
            let mut wide = mark.to_vec();
            wide.extend(text.encode_utf16().flat_map(octets));
            assert_eq!(lines(&wide), expected, "{mark:?}");
        }
        assert_eq!(lines(b"f\xfcr"), ["f\u{fffd}r"]);
        assert_eq!(lines(b""), Vec::<String>::new());
    }

    #[test]
    fn a_long_wide_text_is_cut_at_no_character() {
        let text = "\u{1f511}".repeat(40_000) + "x\n";
        let mut wide = b"\xff\xfe\x0a\x00".to_vec();
        wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(lines(&wide), ["\n", &text]);
    }

    #[test]
    fn a_line_without_end_costs_no_memory() {
        let endless = io::repeat(b'a').take(64 << 20).chain(&b"\nlast"[..]);
        let mut pieces = Pieces::lines(BufReader::new(endless));
        let first = pieces.next().unwrap().unwrap();
        assert!(first.len() <= MAX_PIECE + (16 << 10), "{}", first.len());
        assert_eq!(pieces.next().unwrap().as_deref(), Some("last"));
        assert_eq!(pieces.next().unwrap(), None);
    }
}
