//! The header of a BER value: tag and length.

use alloc::format;

use super::super::tag;
use crate::error::Layer;
use crate::{Error, Result};

pub(super) struct Header {
    pub(super) tag: u8,
    /// Offset of the content.
    pub(super) content: usize,
    /// Offset of the end of the content; `None`: the length is indefinite.
    pub(super) stop: Option<usize>,
    /// Whether the length is as DER wants it.
    pub(super) minimal: bool,
}

impl Header {
    /// Reads the header at `at` of a value that must end before `end`.
    pub(super) fn read(input: &[u8], at: usize, end: usize) -> Result<Self> {
        let fail = |why| Err(Error::malformed_at(Layer::Asn1, why, at));
        let ends = || {
            let why = "the input ends inside a header";
            Error::malformed_at(Layer::Asn1, why, end.min(input.len()))
        };
        let [tag, rest @ ..] = input.get(at..end).unwrap_or_default() else {
            return Err(ends());
        };
        if tag & 0x1f == 0x1f {
            return fail("a tag of several octets is not used in SCEP");
        }
        let [first, rest @ ..] = rest else {
            return Err(ends());
        };
        let (len, count) = match *first {
            short @ 0..=0x7f => (usize::from(short), 0),
            0x80 if tag & tag::CONSTRUCTED == 0 => {
                return fail("a primitive value has an indefinite length");
            }
            0x80 => {
                return Ok(Self {
                    tag: *tag,
                    content: at + 2,
                    stop: None,
                    minimal: false,
                });
            }
            0xff => return fail("the length octet 0xff is reserved"),
            long => {
                let count = usize::from(long & 0x7f);
                let mut len = 0_usize;
                for octet in rest.get(..count).ok_or_else(ends)? {
                    if len >> (usize::BITS - 8) != 0 {
                        return fail("the length is absurd");
                    }
                    len = (len << 8) | usize::from(*octet);
                }
                (len, count)
            }
        };
        let content = at + 2 + count;
        match content.checked_add(len) {
            Some(stop) if stop <= end => Ok(Self {
                tag: *tag,
                content,
                stop: Some(stop),
                minimal: 1 + count == len_len(len),
            }),
            _ => Err(cut_short(*tag, len, at, end.saturating_sub(content))),
        }
    }
}

#[cold]
fn cut_short(tag: u8, len: usize, at: usize, present: usize) -> Error {
    Error::malformed_at(
        Layer::Asn1,
        format!(
            "{} is cut short: {len} octets announced, {present} present",
            tag::name(tag)
        ),
        at,
    )
}

/// Octets of a value in DER whose content has `len`.
pub(super) const fn encoded_len(len: usize) -> usize {
    1 + len_len(len) + len
}

/// Octets that a minimal length takes.
const fn len_len(len: usize) -> usize {
    if len < 0x80 {
        1
    } else {
        // at most eight octets
        1 + (usize::BITS - len.leading_zeros()).div_ceil(8) as usize
    }
}
