//! BER to DER, once, in front of every decoder.
//!
//! Only headers change: lengths become minimal and definite, constructed strings become primitive.
//! Nothing is sorted, no primitive is touched, nothing inside an OCTET STRING is looked at, and a
//! value that needs nothing is copied verbatim. So certificates and signed attributes keep the
//! octets that were signed.
//!
//! `[0]` with the constructed bit may be EXPLICIT, or an IMPLICIT string in constructed form; only
//! the schema can tell. The one place where SCEP meets the second is the `encryptedContent` of an
//! EncryptedContentInfo, so the walk knows where that is.
//!
//! Nothing is built in between: the walk lists the places where headers change, and only if there
//! are any is the value copied, once, with these changes. So DER costs no memory at all.

mod edits;
mod header;
mod strings;

use alloc::borrow::Cow;

use super::tag;
use crate::limits::Limits;
use crate::oid;
use crate::{Error, Result};
use edits::Edits;
use header::Header;
use strings::is_string;

/// A value in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcoded<'a> {
    /// The DER; borrowed if the input was DER already.
    pub der: Cow<'a, [u8]>,
    /// How many octets of the input the value took; what follows is the caller's to judge.
    pub used: usize,
}

impl Transcoded<'_> {
    /// Whether the input was not DER.
    #[must_use]
    pub const fn was_ber(&self) -> bool {
        matches!(self.der, Cow::Owned(_))
    }
}

/// Turns the first BER value of `input` into DER.
///
/// # Errors
/// `Malformed` if the input is not BER, `TooLarge` if it exceeds `limits`.
pub fn transcode<'a>(input: &'a [u8], limits: &Limits) -> Result<Transcoded<'a>> {
    // no DER reader here takes lengths of more than four octets
    let message_len = limits
        .message_len
        .min(usize::try_from(u32::MAX).unwrap_or(usize::MAX));
    if input.len() > message_len {
        return Err(Error::TooLarge {
            what: "the message",
            limit: message_len,
        });
    }
    let mut walk = Walk {
        input,
        limits: *limits,
        elements: 0,
        edits: Edits::default(),
    };
    let Value { len, end } = walk.value(0, input.len(), 0, Role::ContentInfo)?;
    let value = input.get(..end).unwrap_or_default();
    let der = if walk.edits.is_empty() {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(walk.edits.apply(value, len))
    };
    Ok(Transcoded { der, used: end })
}

/// Where in the schema a value stands, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A ContentInfo, perhaps.
    ContentInfo,
    /// The `[0]` content of an enveloped, encrypted or authEnveloped ContentInfo.
    EnvelopeContent,
    /// The EnvelopedData (or sibling) itself.
    Envelope,
    /// The EncryptedContentInfo.
    EncryptedContentInfo,
    /// `[0] IMPLICIT OCTET STRING`.
    ImplicitString,
    /// Anything else.
    Other,
}

struct Walk<'a> {
    input: &'a [u8],
    limits: Limits,
    elements: usize,
    /// What has to change, in the order of the input.
    edits: Edits,
}

/// A value that was read.
struct Value {
    /// Length of its DER in octets.
    len: usize,
    /// Offset of what follows it in the input.
    end: usize,
}

impl Walk<'_> {
    /// Reads the value at `at`, which must end before `end`.
    fn value(&mut self, at: usize, end: usize, depth: usize, role: Role) -> Result<Value> {
        let header = self.header(at, end, depth)?;
        if header.tag & tag::CONSTRUCTED != 0 {
            let primitive_tag = header.tag & !tag::CONSTRUCTED;
            return match role {
                Role::ImplicitString => self.string(&header, at, end, depth, tag::OCTET_STRING),
                _ if is_string(primitive_tag) => {
                    self.string(&header, at, end, depth, primitive_tag)
                }
                _ => self.constructed(&header, at, end, depth, role),
            };
        }
        let stop = header.stop.unwrap_or(end);
        if header.minimal {
            return Ok(Value {
                len: stop - at,
                end: stop,
            });
        }
        let mark = self.edits.header(at, header.content, header.tag);
        let len = self.edits.finish(&mark, stop - header.content, None);
        Ok(Value { len, end: stop })
    }

    /// Counts the value at `at`, and reads its header.
    fn header(&mut self, at: usize, end: usize, depth: usize) -> Result<Header> {
        if depth > self.limits.depth {
            return Err(Error::TooLarge {
                what: "the nesting depth",
                limit: self.limits.depth,
            });
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Error::TooLarge {
                what: "the number of ASN.1 values",
                limit: self.limits.elements,
            });
        }
        Header::read(self.input, at, end)
    }

    /// Reads the children of a constructed value that is not a string.
    fn constructed(
        &mut self,
        header: &Header,
        at: usize,
        end: usize,
        depth: usize,
        role: Role,
    ) -> Result<Value> {
        let mark = self.edits.header(at, header.content, header.tag);
        let limit = header.stop.unwrap_or(end);
        let (mut children, mut len, mut enveloped) = (0_usize, 0_usize, false);
        let mut position = header.content;
        while !self.at_end(&mut position, header.stop, end) {
            let child_role = role.of_child(children, header.tag, enveloped);
            if role == Role::ContentInfo && children == 0 {
                enveloped = self.is_enveloped_type(position, limit);
            }
            let child = self.value(position, limit, depth + 1, child_role)?;
            children += 1;
            len += child.len;
            position = child.end;
        }
        let len = if header.minimal && self.edits.nothing_since(&mark) {
            self.edits.undo(mark);
            position - at
        } else {
            self.edits.finish(&mark, len, None)
        };
        Ok(Value { len, end: position })
    }

    /// Whether a content is at its end; an end that is marked by two octets is passed, and left out.
    fn at_end(&mut self, position: &mut usize, content_end: Option<usize>, end: usize) -> bool {
        if let Some(stop) = content_end {
            return *position == stop;
        }
        let after = *position + 2;
        if after > end || self.input.get(*position..after) != Some(&[0, 0]) {
            return false;
        }
        self.edits.drop(*position, after);
        *position = after;
        true
    }

    /// Whether the value at `at` is an OID, its length padded or not, of a type that holds an
    /// EncryptedContentInfo.
    fn is_enveloped_type(&self, at: usize, end: usize) -> bool {
        let Ok(header) = Header::read(self.input, at, end) else {
            return false;
        };
        let content = self.input.get(header.content..header.stop.unwrap_or(end));
        header.tag == tag::OID
            && [
                oid::ENVELOPED_DATA,
                oid::ENCRYPTED_DATA,
                oid::AUTH_ENVELOPED_DATA,
            ]
            .iter()
            .any(|known| content == Some(known.as_bytes()))
    }
}

impl Role {
    /// The role of the child number `index` of a value in this role.
    fn of_child(self, index: usize, tag_of_parent: u8, enveloped: bool) -> Self {
        match self {
            Self::ContentInfo if index == 1 && enveloped && tag_of_parent == tag::SEQUENCE => {
                Self::EnvelopeContent
            }
            Self::EnvelopeContent if index == 0 => Self::Envelope,
            // version, then [0] originatorInfo or the recipientInfos SET, then the EncryptedContentInfo:
            // the first child that is a SEQUENCE; recipientInfos is a SET, so its children stay Other
            Self::Envelope => Self::EncryptedContentInfo,
            Self::EncryptedContentInfo if index == 2 && tag_of_parent == tag::SEQUENCE => {
                Self::ImplicitString
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests;
