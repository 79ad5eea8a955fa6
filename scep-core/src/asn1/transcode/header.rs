//! The header of a BER value: tag and length.

use super::super::tag;
use crate::error::Layer;
use crate::{Error, Result};

pub(super) struct Header {
    pub(super) tag: u8,
    /// Offset of the content.
    pub(super) content: usize,
    /// `None`: indefinite.
    pub(super) len: Option<usize>,
    /// Whether the length is as DER wants it.
    pub(super) minimal: bool,
}

impl Header {
    /// Reads the header at `at`, which must end before `end`.
    pub(super) fn read(input: &[u8], at: usize, end: usize) -> Result<Self> {
        let fail = |why: &str| Error::malformed_at(Layer::Asn1, why, at);
        let octet = |i: usize| -> Result<u8> {
            if i >= end {
                return Err(Error::malformed_at(
                    Layer::Asn1,
                    "the input ends inside a header",
                    end,
                ));
            }
            input
                .get(i)
                .copied()
                .ok_or_else(|| fail("the input ends inside a header"))
        };
        let tag = octet(at)?;
        if tag & 0x1f == 0x1f {
            return Err(fail("a tag of several octets is not used in SCEP"));
        }
        let first = octet(at + 1)?;
        if first < 0x80 {
            return Ok(Self {
                tag,
                content: at + 2,
                len: Some(usize::from(first)),
                minimal: true,
            });
        }
        if first == 0x80 {
            if tag & tag::CONSTRUCTED == 0 {
                return Err(fail("a primitive value has an indefinite length"));
            }
            return Ok(Self {
                tag,
                content: at + 2,
                len: None,
                minimal: false,
            });
        }
        if first == 0xff {
            return Err(fail("the length octet 0xff is reserved"));
        }
        let count = usize::from(first & 0x7f);
        let mut len = 0_usize;
        for i in 0..count {
            let next = octet(at + 2 + i)?;
            if len >> (usize::BITS - 8) != 0 {
                return Err(fail("the length is absurd"));
            }
            len = (len << 8) | usize::from(next);
        }
        let minimal = 1 + count == len_len(len);
        Ok(Self {
            tag,
            content: at + 2 + count,
            len: Some(len),
            minimal,
        })
    }
}

/// Octets of a value in DER whose content has `len`.
pub(super) const fn encoded_len(len: usize) -> usize {
    1 + len_len(len) + len
}

/// Octets that a minimal length takes.
const fn len_len(len: usize) -> usize {
    let mut octets = 0;
    let mut rest = len;
    while rest > 0 {
        octets += 1;
        rest >>= 8;
    }
    if len < 0x80 { 1 } else { 1 + octets }
}
