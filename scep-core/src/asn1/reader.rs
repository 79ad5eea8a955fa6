//! A slicing DER reader: values are views into the input, with their offsets.

use alloc::format;
use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use super::tag;
use crate::error::Layer;
use crate::{Error, Result};

/// One value: tag, content, and the octets of both, as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The identifier octet (multi-octet tags are refused).
    pub tag: u8,
    /// The content octets.
    pub value: &'a [u8],
    /// The whole value with tag and length.
    pub raw: &'a [u8],
    /// Offset of the tag in the outermost input.
    pub offset: usize,
}

impl<'a> Tlv<'a> {
    /// A reader over the content.
    #[must_use]
    pub fn reader(&self) -> Reader<'a> {
        Reader {
            input: self.value,
            offset: self.offset + self.raw.len() - self.value.len(),
        }
    }

    /// The content as an OBJECT IDENTIFIER.
    ///
    /// # Errors
    /// `Malformed` if it is not one.
    pub fn oid(&self) -> Result<ObjectIdentifier> {
        ObjectIdentifier::from_bytes(self.value).map_err(|_| {
            Error::malformed_at(Layer::Asn1, "an OBJECT IDENTIFIER is broken", self.offset)
        })
    }

    /// The content as a small non-negative INTEGER.
    ///
    /// # Errors
    /// `Malformed` if it is negative or above 2³¹ − 1.
    pub fn small_integer(&self) -> Result<u32> {
        let octets = match self.value {
            [0, rest @ ..] => rest,
            all => all,
        };
        let negative = self.value.first().is_none_or(|first| first & 0x80 != 0);
        let too_large = octets.len() > 4
            || (octets.len() == 4 && octets.first().is_some_and(|first| first & 0x80 != 0));
        if negative || too_large {
            return Err(Error::malformed_at(
                Layer::Asn1,
                "an INTEGER is out of range",
                self.offset,
            ));
        }
        Ok(octets
            .iter()
            .fold(0_u32, |n, octet| (n << 8) | u32::from(*octet)))
    }
}

/// Reads the values of one DER content, in order.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader over a whole input.
    #[must_use]
    pub const fn new(input: &'a [u8]) -> Self {
        Self { input, offset: 0 }
    }

    /// A reader over a part of an input that begins at `offset` in it.
    #[must_use]
    pub const fn new_at(input: &'a [u8], offset: usize) -> Self {
        Self { input, offset }
    }

    /// Offset of the next value in the outermost input.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Whether everything was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.input.is_empty()
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.input
    }

    /// The tag of the next value.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.input.first().copied()
    }

    /// The next value.
    ///
    /// # Errors
    /// `Malformed` if the input ends inside the value or its header is not DER.
    pub fn next(&mut self, what: &str) -> Result<Tlv<'a>> {
        let fail =
            |why: &str| Error::malformed_at(Layer::Asn1, format!("{what}: {why}"), self.offset);
        let [tag, first, rest @ ..] = self.input else {
            return Err(fail(if self.input.is_empty() {
                "is missing"
            } else {
                "the input ends inside a header"
            }));
        };
        if tag & 0x1f == 0x1f {
            return Err(fail("a tag of several octets is not used in SCEP"));
        }
        let (len, header) = match *first {
            short @ 0..=0x7f => (usize::from(short), 2),
            0x80 => return Err(fail("an indefinite length is not DER")),
            long => {
                let count = usize::from(long & 0x7f);
                let octets = rest
                    .get(..count)
                    .ok_or_else(|| fail("the input ends inside a length"))?;
                if count > 4
                    || octets.first() == Some(&0)
                    || (count == 1 && octets.first() < Some(&0x80))
                {
                    return Err(fail("the length is not in minimal form"));
                }
                let len = octets
                    .iter()
                    .fold(0_usize, |n, octet| (n << 8) | usize::from(*octet));
                (len, 2 + count)
            }
        };
        let end = header
            .checked_add(len)
            .ok_or_else(|| fail("the length is absurd"))?;
        let (Some(raw), Some(value)) = (self.input.get(..end), self.input.get(header..end)) else {
            return Err(fail(&format!(
                "is cut short: {len} octets announced, {} present",
                self.input.len().saturating_sub(header)
            )));
        };
        let tlv = Tlv {
            tag: *tag,
            value,
            raw,
            offset: self.offset,
        };
        self.input = self.input.get(end..).unwrap_or_default();
        self.offset += end;
        Ok(tlv)
    }

    /// The next value, which must have this tag.
    ///
    /// # Errors
    /// `Malformed` if it has another tag or is broken.
    pub fn expect(&mut self, tag: u8, what: &str) -> Result<Tlv<'a>> {
        let at = self.offset;
        let tlv = self.next(what)?;
        if tlv.tag != tag {
            return Err(Error::malformed_at(
                Layer::Asn1,
                format!(
                    "{what}: {} expected, {} found",
                    tag::name(tag),
                    tag::name(tlv.tag)
                ),
                at,
            ));
        }
        Ok(tlv)
    }

    /// The next value if it has this tag.
    ///
    /// # Errors
    /// `Malformed` if it has the tag and is broken.
    pub fn optional(&mut self, tag: u8, what: &str) -> Result<Option<Tlv<'a>>> {
        if self.peek() == Some(tag) {
            self.next(what).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads all that is left, value by value: `most` of them, or it is `TooLarge`.
    pub(crate) fn list<T>(
        mut self,
        most: usize,
        what: &'static str,
        mut read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        // who sends the values chooses how many there are, so no room is taken that is not needed
        let mut out = Vec::with_capacity(self.count().min(most));
        while !self.is_empty() {
            if out.len() == most {
                return Err(Error::TooLarge { what, limit: most });
            }
            out.push(read(&mut self)?);
        }
        Ok(out)
    }

    /// How many values are left, up to one that is broken.
    pub(crate) fn count(mut self) -> usize {
        let mut count = 0;
        while !self.is_empty() && self.next("").is_ok() {
            count += 1;
        }
        count
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// `Malformed` if something does.
    pub fn finish(&self, what: &str) -> Result<()> {
        if self.input.is_empty() {
            Ok(())
        } else {
            Err(Error::malformed_at(
                Layer::Asn1,
                format!(
                    "{what}: {} octets follow that do not belong there",
                    self.input.len()
                ),
                self.offset,
            ))
        }
    }
}
