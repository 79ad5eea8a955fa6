//! Makes DER.

use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use super::{is_printable, tag};
use crate::UnixTime;

/// Tag, minimal length, content.
#[must_use]
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    concat(tag, &[content])
}

/// A value whose content is the concatenation of `parts`.
#[must_use]
pub fn concat(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(len + 6);
    out.push(tag);
    push_len(&mut out, len);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A definite length in minimal form.
pub(super) fn push_len(out: &mut Vec<u8>, len: usize) {
    let octets = len.to_be_bytes();
    let significant = octets
        .iter()
        .position(|o| *o != 0)
        .map_or(&[][..], |i| octets.get(i..).unwrap_or(&[]));
    match significant {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            // at most eight octets, so the cast-free way to add 0x80 is a lookup by length
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            out.extend_from_slice(long);
        }
    }
}

/// A SEQUENCE of encoded values.
#[must_use]
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    concat(tag::SEQUENCE, parts)
}

/// A SET OF, sorted as DER demands (X.690 section 11.6).
#[must_use]
pub fn set_of(tag: u8, mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    let parts: Vec<&[u8]> = elements.iter().map(Vec::as_slice).collect();
    concat(tag, &parts)
}

/// An OBJECT IDENTIFIER.
#[must_use]
pub fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(tag::OID, oid.as_bytes())
}

/// AlgorithmIdentifier with the given encoded parameters (none: absent).
#[must_use]
pub fn algorithm(algorithm: ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(algorithm), parameters])
}

/// NULL.
pub const NULL: &[u8] = &[tag::NULL, 0];

/// A small non-negative INTEGER.
#[must_use]
pub fn integer(n: u32) -> Vec<u8> {
    unsigned_integer(&n.to_be_bytes())
}

/// A non-negative INTEGER from big-endian octets.
#[must_use]
pub fn unsigned_integer(octets: &[u8]) -> Vec<u8> {
    let start = octets.iter().position(|o| *o != 0).unwrap_or(octets.len());
    let magnitude = octets.get(start..).unwrap_or_default();
    match magnitude.first() {
        None => tlv(tag::INTEGER, &[0]),
        Some(first) if first & 0x80 != 0 => concat(tag::INTEGER, &[&[0], magnitude]),
        Some(_) => tlv(tag::INTEGER, magnitude),
    }
}

/// A BOOLEAN.
#[must_use]
pub fn boolean(value: bool) -> Vec<u8> {
    tlv(tag::BOOLEAN, &[if value { 0xff } else { 0 }])
}

/// An OCTET STRING.
#[must_use]
pub fn octet_string(content: &[u8]) -> Vec<u8> {
    tlv(tag::OCTET_STRING, content)
}

/// A BIT STRING without unused bits.
#[must_use]
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    concat(tag::BIT_STRING, &[&[0], content])
}

/// A DirectoryString: PrintableString where the text fits, else UTF8String.
#[must_use]
pub fn directory_string(text: &str) -> Vec<u8> {
    let fits = text.bytes().all(is_printable);
    tlv(
        if fits {
            tag::PRINTABLE_STRING
        } else {
            tag::UTF8_STRING
        },
        text.as_bytes(),
    )
}

/// A Time as RFC 5280 wants it: UTCTime through 2049, GeneralizedTime from 2050.
#[must_use]
pub fn time(at: UnixTime) -> Vec<u8> {
    let t = at.to_date_time();
    let (year, rest) = (
        t.year(),
        alloc::format!(
            "{:02}{:02}{:02}{:02}{:02}Z",
            t.month(),
            t.day(),
            t.hour(),
            t.minutes(),
            t.seconds()
        ),
    );
    if (1950..2050).contains(&year) {
        tlv(
            tag::UTC_TIME,
            alloc::format!("{:02}{rest}", year % 100).as_bytes(),
        )
    } else {
        tlv(
            tag::GENERALIZED_TIME,
            alloc::format!("{year:04}{rest}").as_bytes(),
        )
    }
}
