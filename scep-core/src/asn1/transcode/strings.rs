//! Strings in segments (X.690 section 8.7.3), joined.

use alloc::format;

use super::super::tag;
use super::header::Header;
use super::{Value, Walk};
use crate::error::Layer;
use crate::{Error, Result};

/// Universal types that BER allows in constructed form.
pub(super) const fn is_string(tag: u8) -> bool {
    matches!(tag, tag::BIT_STRING | tag::OCTET_STRING | tag::UTF8_STRING | 0x12..=0x16 | 0x19..=0x1e)
}

/// A constructed string, as far as it was read.
struct Joined {
    /// The tag that its segments must have, in primitive form.
    segment_tag: u8,
    /// Octets of the segments so far.
    len: usize,
    /// The count of unused bits in the last segment, if this is a BIT STRING and has one.
    unused_bits: Option<u8>,
}

impl Walk<'_> {
    /// Reads a constructed string, whose segments must have this tag.
    pub(super) fn string(
        &mut self,
        header: &Header,
        at: usize,
        end: usize,
        depth: usize,
        segment_tag: u8,
    ) -> Result<Value> {
        let mark = self
            .edits
            .header(at, header.content, header.tag & !tag::CONSTRUCTED);
        let mut joined = Joined {
            segment_tag,
            len: 0,
            unused_bits: None,
        };
        let after = self.segments(header, end, depth, &mut joined)?;
        let len = joined.len + usize::from(joined.unused_bits.is_some());
        Ok(Value {
            len: self.edits.finish(&mark, len, joined.unused_bits),
            end: after,
        })
    }

    /// Reads the segments of a constructed string, at any nesting; returns the offset after them.
    fn segments(
        &mut self,
        header: &Header,
        end: usize,
        depth: usize,
        joined: &mut Joined,
    ) -> Result<usize> {
        let limit = header.stop.unwrap_or(end);
        let mut position = header.content;
        while !self.at_end(&mut position, header.stop, end) {
            let inner = self.header(position, limit, depth + 1)?;
            if inner.tag & !tag::CONSTRUCTED != joined.segment_tag {
                return Err(Error::malformed_at(
                    Layer::Asn1,
                    format!(
                        "a segment of a constructed {} is {}",
                        tag::name(joined.segment_tag),
                        tag::name(inner.tag)
                    ),
                    position,
                ));
            }
            if inner.tag & tag::CONSTRUCTED != 0 {
                self.edits.drop(position, inner.content);
                position = self.segments(&inner, limit, depth + 1, joined)?;
            } else {
                let stop = inner.stop.unwrap_or(limit);
                let octets = self.segment(&inner, position, stop, joined)?;
                self.edits.drop(position, octets);
                joined.len += stop - octets;
                position = stop;
            }
        }
        Ok(position)
    }

    /// Where the octets of a primitive segment begin. One of a BIT STRING begins with its count of
    /// unused bits, which must be zero in all but the last; joined, the last count stands in front.
    fn segment(
        &self,
        inner: &Header,
        at: usize,
        stop: usize,
        joined: &mut Joined,
    ) -> Result<usize> {
        if joined.segment_tag != tag::BIT_STRING {
            return Ok(inner.content);
        }
        let fail = |why| Err(Error::malformed_at(Layer::Asn1, why, at));
        if joined.unused_bits.is_some_and(|count| count != 0) {
            return fail("a segment of a BIT STRING that is not the last has unused bits");
        }
        match self.input.get(inner.content..stop) {
            Some([count, ..]) => {
                joined.unused_bits = Some(*count);
                Ok(inner.content + 1)
            }
            _ => fail("a segment of a BIT STRING has no octets"),
        }
    }
}
