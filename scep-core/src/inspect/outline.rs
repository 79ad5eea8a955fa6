//! The ASN.1 values of an input with their offsets, as far as they can be read.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use crate::asn1::tag;
use crate::cms::algorithm::describe;
use crate::oid;

/// One value of the outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineLine {
    /// Offset in the input.
    pub offset: usize,
    /// Nesting depth, from 0.
    pub depth: usize,
    /// The type's name.
    pub name: String,
    /// Octets announced; `None` for an indefinite length.
    pub len: Option<usize>,
    /// A short value, where there is one to show.
    pub text: String,
    /// Whether the input ends inside this value.
    pub cut: bool,
}

/// Most lines of an outline.
const MAX_LINES: usize = 1000;
/// Deepest nesting of an outline.
const MAX_DEPTH: usize = 24;

/// Lists values until the input ends or breaks; it never fails.
#[must_use]
pub fn outline(input: &[u8]) -> Vec<OutlineLine> {
    let mut lines = Vec::new();
    // (end of the value, or None if indefinite)
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut at = 0;
    // the strings after the OID of challengePassword are secret
    let mut secret = false;
    while at < input.len() && lines.len() < MAX_LINES {
        while let Some(Some(end)) = open.last() {
            if at < *end {
                break;
            }
            open.pop();
        }
        if input.get(at..at + 2) == Some(&[0, 0]) && matches!(open.last(), Some(None)) {
            open.pop();
            at += 2;
            continue;
        }
        let Some((tag, len, content)) = header(input, at) else {
            break;
        };
        let end = len.and_then(|len| content.checked_add(len));
        let cut = end.is_some_and(|end| end > input.len());
        let value = input
            .get(content..end.unwrap_or(input.len()).min(input.len()))
            .unwrap_or_default();
        // messages lie in messages: what an OCTET STRING holds is shown, if it is one whole value
        let holds = tag == tag::OCTET_STRING && is_one_value(value);
        let constructed = tag & tag::CONSTRUCTED != 0 || holds;
        if tag == tag::OID {
            secret = value == oid::CHALLENGE_PASSWORD.as_bytes();
        }
        lines.push(OutlineLine {
            offset: at,
            depth: open.len(),
            name: if holds {
                format!("{}, holding", tag::name(tag))
            } else {
                tag::name(tag).into_owned()
            },
            len,
            text: match (constructed, secret && tag != tag::OID) {
                (true, _) => String::new(),
                (false, true) => "(secret)".into(),
                (false, false) => short_value(tag, value),
            },
            cut,
        });
        if constructed && open.len() < MAX_DEPTH {
            open.push(end);
            at = content;
        } else {
            match end {
                Some(end) => at = end,
                None => break,
            }
        }
    }
    lines
}

/// Whether these octets are a SEQUENCE that fills them.
fn is_one_value(octets: &[u8]) -> bool {
    matches!(
        header(octets, 0),
        Some((tag::SEQUENCE, Some(len), content)) if content + len == octets.len()
    )
}

/// Tag, length, offset of the content.
fn header(input: &[u8], at: usize) -> Option<(u8, Option<usize>, usize)> {
    let tag = *input.get(at)?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    match *input.get(at + 1)? {
        0x80 => Some((tag, None, at + 2)),
        short @ 0..=0x7f => Some((tag, Some(usize::from(short)), at + 2)),
        long => {
            let count = usize::from(long & 0x7f);
            if count > 4 {
                return None;
            }
            let octets = input.get(at + 2..at + 2 + count)?;
            let len = octets
                .iter()
                .fold(0_usize, |n, octet| (n << 8) | usize::from(*octet));
            Some((tag, Some(len), at + 2 + count))
        }
    }
}

fn short_value(tag: u8, value: &[u8]) -> String {
    match tag {
        tag::OID => ObjectIdentifier::from_bytes(value)
            .map(describe)
            .unwrap_or_default(),
        tag::PRINTABLE_STRING
        | tag::UTF8_STRING
        | tag::IA5_STRING
        | tag::UTC_TIME
        | tag::GENERALIZED_TIME => String::from_utf8_lossy(value).chars().take(64).collect(),
        tag::INTEGER if value.len() <= 20 => value.iter().map(|o| format!("{o:02X}")).collect(),
        _ => String::new(),
    }
}
