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

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use super::{tag, write};
use crate::error::Layer;
use crate::limits::Limits;
use crate::oid;
use crate::{Error, Result};

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
    if input.len() > limits.message_len {
        return Err(Error::TooLarge {
            what: "the message",
            limit: limits.message_len,
        });
    }
    let mut walk = Walk {
        input,
        limits: *limits,
        elements: 0,
    };
    let (node, used) = walk.value(0, input.len(), 0, Role::ContentInfo)?;
    let der = match node {
        Node::Verbatim { start, end, .. } => {
            Cow::Borrowed(input.get(start..end).unwrap_or_default())
        }
        other => {
            let mut out = Vec::with_capacity(used);
            other.write(input, &mut out);
            Cow::Owned(out)
        }
    };
    Ok(Transcoded { der, used })
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

/// A value, as it will be written.
enum Node {
    /// Octets to be copied; `content` is where the header ends.
    Verbatim {
        start: usize,
        content: usize,
        end: usize,
    },
    /// A constructed value with changed content.
    Constructed {
        tag: u8,
        children: Vec<Self>,
        len: usize,
    },
    /// A string that was in segments (or had a padded length): spans of the input to be joined.
    Joined {
        tag: u8,
        spans: Vec<(usize, usize)>,
        len: usize,
    },
}

impl Node {
    /// Length of the encoding in octets.
    fn encoded_len(&self) -> usize {
        match self {
            Self::Verbatim { start, end, .. } => end - start,
            Self::Constructed { len, .. } | Self::Joined { len, .. } => 1 + len_len(*len) + len,
        }
    }

    /// Writes the encoding; its depth was bounded when the node was made.
    fn write(&self, input: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Verbatim { start, end, .. } => {
                out.extend_from_slice(input.get(*start..*end).unwrap_or_default());
            }
            Self::Constructed { tag, children, len } => {
                out.push(*tag);
                write::push_len(out, *len);
                for child in children {
                    child.write(input, out);
                }
            }
            Self::Joined { tag, spans, len } => {
                out.push(*tag);
                write::push_len(out, *len);
                for (start, end) in spans {
                    out.extend_from_slice(input.get(*start..*end).unwrap_or_default());
                }
            }
        }
    }
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

struct Walk<'a> {
    input: &'a [u8],
    limits: Limits,
    elements: usize,
}

struct Header {
    tag: u8,
    /// Offset of the content.
    content: usize,
    /// `None`: indefinite.
    len: Option<usize>,
    minimal: bool,
}

impl Walk<'_> {
    /// Reads a header at `at`, which must end before `end`.
    fn header(&self, at: usize, end: usize) -> Result<Header> {
        let fail = |why: &str| Error::malformed_at(Layer::Asn1, why, at);
        let octet = |i: usize| -> Result<u8> {
            if i >= end {
                return Err(Error::malformed_at(
                    Layer::Asn1,
                    "the input ends inside a header",
                    end,
                ));
            }
            self.input
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
            return Ok(Header {
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
            return Ok(Header {
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
        Ok(Header {
            tag,
            content: at + 2 + count,
            len: Some(len),
            minimal,
        })
    }

    /// Reads the value at `at`; returns it and the offset after it.
    fn value(&mut self, at: usize, end: usize, depth: usize, role: Role) -> Result<(Node, usize)> {
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
        let header = self.header(at, end)?;
        let content_end = match header.len {
            Some(len) => {
                let stop = header
                    .content
                    .checked_add(len)
                    .filter(|stop| *stop <= end)
                    .ok_or_else(|| {
                        Error::malformed_at(
                            Layer::Asn1,
                            format!(
                                "{} is cut short: {len} octets announced, {} present",
                                tag::name(header.tag),
                                end.saturating_sub(header.content)
                            ),
                            at,
                        )
                    })?;
                Some(stop)
            }
            None => None,
        };
        if header.tag & tag::CONSTRUCTED == 0 {
            let stop = content_end.unwrap_or(end);
            return Ok((primitive(&header, at, stop), stop));
        }
        let string_tag = match header.tag {
            _ if role == Role::ImplicitString => Some(header.tag & !tag::CONSTRUCTED),
            t if is_string(t & !tag::CONSTRUCTED) && t & 0xc0 == 0 => Some(t & !tag::CONSTRUCTED),
            _ => None,
        };
        if let Some(primitive_tag) = string_tag {
            let segment_tag = if role == Role::ImplicitString {
                tag::OCTET_STRING
            } else {
                primitive_tag
            };
            let mut spans = Vec::new();
            let after = self.segments(&header, content_end, end, depth, segment_tag, &mut spans)?;
            let len = spans.iter().map(|(start, stop)| stop - start).sum();
            return Ok((
                Node::Joined {
                    tag: primitive_tag,
                    spans,
                    len,
                },
                after,
            ));
        }
        self.constructed(&header, at, content_end, end, depth, role)
    }

    /// Reads the children of a constructed value that is not a string.
    fn constructed(
        &mut self,
        header: &Header,
        at: usize,
        content_end: Option<usize>,
        end: usize,
        depth: usize,
        role: Role,
    ) -> Result<(Node, usize)> {
        let mut children = Vec::new();
        let mut len = 0_usize;
        let mut unchanged = header.minimal && content_end.is_some();
        let mut enveloped = false;
        let mut position = header.content;
        loop {
            match content_end {
                Some(stop) if position == stop => break,
                None if self.at_end_of_contents(position, end) => {
                    position += 2;
                    break;
                }
                _ => {}
            }
            let child_role = role.of_child(children.len(), header.tag, enveloped);
            let (child, after) =
                self.value(position, content_end.unwrap_or(end), depth + 1, child_role)?;
            if role == Role::ContentInfo && children.is_empty() {
                enveloped = self.is_enveloped_type(&child);
            }
            unchanged &= matches!(child, Node::Verbatim { .. });
            len += child.encoded_len();
            children.push(child);
            position = after;
        }
        if unchanged {
            return Ok((
                Node::Verbatim {
                    start: at,
                    content: header.content,
                    end: position,
                },
                position,
            ));
        }
        Ok((
            Node::Constructed {
                tag: header.tag,
                children,
                len,
            },
            position,
        ))
    }

    /// Collects the segments of a constructed string, at any nesting.
    fn segments(
        &mut self,
        header: &Header,
        content_end: Option<usize>,
        end: usize,
        depth: usize,
        segment_tag: u8,
        spans: &mut Vec<(usize, usize)>,
    ) -> Result<usize> {
        let mut position = header.content;
        let mut unused_bits = None;
        loop {
            match content_end {
                Some(stop) if position == stop => break,
                None if self.at_end_of_contents(position, end) => {
                    position += 2;
                    break;
                }
                _ => {}
            }
            let before = spans.len();
            let limit = content_end.unwrap_or(end);
            let inner = self.header(position, limit)?;
            if inner.tag & !tag::CONSTRUCTED != segment_tag {
                return Err(Error::malformed_at(
                    Layer::Asn1,
                    format!(
                        "a segment of a constructed {} is {}",
                        tag::name(segment_tag),
                        tag::name(inner.tag)
                    ),
                    position,
                ));
            }
            let (node, after) = self.value(position, limit, depth + 1, Role::Other)?;
            match node {
                Node::Joined {
                    spans: inner_spans, ..
                } => spans.extend(inner_spans),
                Node::Verbatim {
                    content, end: stop, ..
                } => spans.push((content, stop)),
                Node::Constructed { .. } => {}
            }
            if segment_tag == tag::BIT_STRING {
                self.join_bits(spans, before, &mut unused_bits, position)?;
            }
            position = after;
        }
        if let Some(count) = unused_bits {
            spans.insert(0, count);
        }
        Ok(position)
    }

    /// Each segment of a BIT STRING begins with its count of unused bits, which must be zero in all
    /// but the last; joined, the last count stands in front.
    fn join_bits(
        &self,
        spans: &mut [(usize, usize)],
        before: usize,
        unused_bits: &mut Option<(usize, usize)>,
        at: usize,
    ) -> Result<()> {
        let fail = |why| Err(Error::malformed_at(Layer::Asn1, why, at));
        if let Some((count, _)) = *unused_bits
            && self.input.get(count) != Some(&0)
        {
            return fail("a segment of a BIT STRING that is not the last has unused bits");
        }
        match spans.get_mut(before) {
            Some((start, stop)) if *start < *stop => {
                *unused_bits = Some((*start, *start + 1));
                *start += 1;
                Ok(())
            }
            Some(_) => fail("a segment of a BIT STRING has no octets"),
            None => Ok(()),
        }
    }

    /// Whether a value is an OID, its length padded or not, of a type that holds an
    /// EncryptedContentInfo.
    fn is_enveloped_type(&self, node: &Node) -> bool {
        let (tag, content) = match node {
            Node::Verbatim {
                start,
                content,
                end,
            } => (self.input.get(*start), self.input.get(*content..*end)),
            Node::Joined { tag, spans, .. } => match spans.as_slice() {
                [(start, end)] => (Some(tag), self.input.get(*start..*end)),
                _ => return false,
            },
            Node::Constructed { .. } => return false,
        };
        tag == Some(&tag::OID)
            && [
                oid::ENVELOPED_DATA,
                oid::ENCRYPTED_DATA,
                oid::AUTH_ENVELOPED_DATA,
            ]
            .iter()
            .any(|known| content == Some(known.as_bytes()))
    }

    fn at_end_of_contents(&self, position: usize, end: usize) -> bool {
        position + 2 <= end && self.input.get(position..position + 2) == Some(&[0, 0])
    }
}

/// A primitive value: verbatim, unless its length was padded.
fn primitive(header: &Header, at: usize, stop: usize) -> Node {
    if header.minimal {
        Node::Verbatim {
            start: at,
            content: header.content,
            end: stop,
        }
    } else {
        let spans = alloc::vec![(header.content, stop)];
        Node::Joined {
            tag: header.tag,
            spans,
            len: stop - header.content,
        }
    }
}

/// Universal types that BER allows in constructed form.
const fn is_string(tag: u8) -> bool {
    matches!(tag, tag::BIT_STRING | tag::OCTET_STRING | tag::UTF8_STRING | 0x12..=0x16 | 0x19..=0x1e)
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
