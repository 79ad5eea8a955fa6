//! The text form of distinguished names (RFC 4514).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::iter::Peekable;
use core::str::Chars;

use const_oid::ObjectIdentifier;

use crate::asn1::{Reader, is_printable, tag, write};

/// commonName.
pub(super) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Short names of RFC 4514 and of the attributes that network devices use.
const SHORT_NAMES: [(ObjectIdentifier, &str); 15] = [
    (COMMON_NAME, "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "STREET"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.4"), "SN"),
    (ObjectIdentifier::new_unwrap("2.5.4.42"), "GN"),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"),
        "UID",
    ),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"),
        "DC",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"),
        "emailAddress",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.2"),
        "unstructuredName",
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.8"),
        "unstructuredAddress",
    ),
];

/// Further names of attribute types, which are read but not written.
const ALIASES: [(&str, &str); 4] = [
    ("E", "emailAddress"),
    ("EMAIL", "emailAddress"),
    ("S", "ST"),
    ("G", "GN"),
];

/// The short name of an attribute type.
pub(super) fn short_name(oid: ObjectIdentifier) -> Option<&'static str> {
    SHORT_NAMES
        .iter()
        .find(|(known, _)| *known == oid)
        .map(|(_, name)| *name)
}

/// The attribute type of a name or a dotted OID.
fn attribute_type(text: &str) -> Option<ObjectIdentifier> {
    let dotted = match text.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("OID.") => text.get(4..)?,
        _ => text,
    };
    if dotted.starts_with(|c: char| c.is_ascii_digit()) {
        return ObjectIdentifier::new(dotted).ok();
    }
    let text = ALIASES
        .iter()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(text))
        .map_or(text, |(_, name)| name);
    SHORT_NAMES
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(text))
        .map(|(oid, _)| *oid)
        .or_else(|| const_oid::db::DB.by_name(text).copied())
}

/// Encodes a name that is written as text; `None` if it is no name.
pub(super) fn parse(text: &str) -> Option<Vec<u8>> {
    let mut rdns: Vec<Vec<u8>> = Vec::new();
    let mut rdn = Vec::new();
    let mut input = text.trim_ascii_start().chars().peekable();
    while input.peek().is_some() {
        rdn.push(attribute(&mut input)?);
        let separator = input.next();
        if separator != Some('+') {
            rdns.push(write::set_of(tag::SET, core::mem::take(&mut rdn)));
        }
        // what was separated must follow
        if separator.is_some() && input.peek().is_none() {
            return None;
        }
    }
    // the text has the last RDN first
    rdns.reverse();
    let parts: Vec<&[u8]> = rdns.iter().map(Vec::as_slice).collect();
    Some(write::sequence(&parts))
}

/// Reads `type=value` up to a separator, which is left.
fn attribute(input: &mut Peekable<Chars<'_>>) -> Option<Vec<u8>> {
    let mut name = String::new();
    loop {
        match input.next()? {
            '=' => break,
            '\\' | '"' | '+' | ',' | ';' => return None,
            c => name.push(c),
        }
    }
    let oid = attribute_type(name.trim_ascii())?;
    while input.next_if(char::is_ascii_whitespace).is_some() {}
    let value = match input.peek() {
        Some('#') => encoded_value(input)?,
        Some('"') => string(oid, &quoted_value(input)?)?,
        _ => string(oid, &plain_value(input)?)?,
    };
    Some(write::sequence(&[&write::oid(oid), &value]))
}

/// The value in the string type that RFC 5280 wants for this attribute type.
fn string(oid: ObjectIdentifier, octets: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(octets).ok()?;
    let kind = match short_name(oid) {
        Some("C" | "serialNumber") if text.bytes().all(is_printable) => tag::PRINTABLE_STRING,
        Some("DC" | "emailAddress") if text.is_ascii() => tag::IA5_STRING,
        _ => tag::UTF8_STRING,
    };
    Some(write::tlv(kind, octets))
}

/// `#` and the hexadecimal digits of one encoded value.
fn encoded_value(input: &mut Peekable<Chars<'_>>) -> Option<Vec<u8>> {
    input.next();
    let mut out = Vec::new();
    while let Some(first) = input.next_if(char::is_ascii_hexdigit) {
        out.push(hex_octet(first, input.next()?)?);
    }
    while input.next_if(char::is_ascii_whitespace).is_some() {}
    let mut value = Reader::new(&out);
    value.next("value of a name attribute").ok()?;
    value.finish("value of a name attribute").ok()?;
    matches!(input.peek(), None | Some(',' | '+')).then_some(out)
}

/// A value in quotation marks, as RFC 2253 allowed it.
fn quoted_value(input: &mut Peekable<Chars<'_>>) -> Option<Vec<u8>> {
    input.next();
    let mut out = Vec::new();
    loop {
        match input.next()? {
            '"' => break,
            '\\' => escaped(input, &mut out)?,
            c => push(&mut out, c),
        }
    }
    while input.next_if(char::is_ascii_whitespace).is_some() {}
    matches!(input.peek(), None | Some(',' | '+')).then_some(out)
}

/// A value with escapes; blanks at its end that are not escaped do not belong to it.
fn plain_value(input: &mut Peekable<Chars<'_>>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut len = 0;
    while let Some(c) = input.next_if(|c| !matches!(c, ',' | '+')) {
        match c {
            '\\' => escaped(input, &mut out)?,
            '"' | ';' => return None,
            c => push(&mut out, c),
        }
        if c == '\\' || !c.is_ascii_whitespace() {
            len = out.len();
        }
    }
    out.truncate(len);
    Some(out)
}

/// What follows a backslash: two hexadecimal digits, or the character itself.
fn escaped(input: &mut Peekable<Chars<'_>>, out: &mut Vec<u8>) -> Option<()> {
    let first = input.next()?;
    match input.peek() {
        Some(second) if first.is_ascii_hexdigit() && second.is_ascii_hexdigit() => {
            out.push(hex_octet(first, *second)?);
            input.next();
        }
        _ => push(out, first),
    }
    Some(())
}

fn hex_octet(high: char, low: char) -> Option<u8> {
    u8::try_from(high.to_digit(16)? << 4 | low.to_digit(16)?).ok()
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Writes a value with the escapes that [`parse`] undoes.
pub(super) fn write_escaped(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            '#' if i == 0 => f.write_str("\\#")?,
            ' ' if i == 0 || i == last => f.write_str("\\ ")?,
            c if c.is_control() => {
                let mut buffer = [0; 4];
                for octet in c.encode_utf8(&mut buffer).bytes() {
                    write!(f, "\\{octet:02x}")?;
                }
            }
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Name;
    use std::string::ToString;

    #[test]
    fn every_way_to_write_a_value() {
        for (text, value) in [
            ("CN=a b", "a b"),
            ("cn = a b ", "a b"),
            ("CN=a\\,b", "a,b"),
            ("CN=a\\\\\\+b", "a\\+b"),
            ("CN=\\ a\\ ", " a "),
            ("CN=\"a, b+c\"", "a, b+c"),
            ("CN=\"say \\\"a\\\"\" ", "say \"a\""),
            ("CN=Z\\c3\\bcrich", "Z\u{fc}rich"),
            ("CN=#0c0161", "a"),
            ("2.5.4.3=a", "a"),
            ("OID.2.5.4.3=a", "a"),
            ("CN=", ""),
            ("CN=a=b#c", "a=b#c"),
        ] {
            let name = Name::from_rfc4514(text).unwrap();
            assert_eq!(name.common_name().as_deref(), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "a",
            "=a",
            "CN",
            "CN=a,",
            "CN=a+",
            ",CN=a",
            "CN=a,,O=b",
            "XYZ=a",
            "1.2.=a",
            "CN=a;O=b",
            "CN=\"a",
            "CN=\"a\"b",
            "CN=a\"b",
            "CN=#0c",
            "CN=#0c0161zz",
            "CN=#05",
            "CN=\\ff",
            "CN=a\\",
        ] {
            assert!(Name::from_rfc4514(text).is_err(), "{text}");
        }
    }

    #[test]
    fn string_types_are_those_of_rfc_5280() {
        for (text, kind) in [
            ("C=CH", tag::PRINTABLE_STRING),
            ("serialNumber=1", tag::PRINTABLE_STRING),
            ("DC=example", tag::IA5_STRING),
            ("E=a@example.net", tag::IA5_STRING),
            ("CN=a", tag::UTF8_STRING),
        ] {
            let der = parse(text).unwrap();
            let value = text.split_once('=').unwrap().1;
            assert!(der.ends_with(&write::tlv(kind, value.as_bytes())), "{text}");
        }
    }

    #[test]
    fn every_type_that_is_written_is_read() {
        for (oid, name) in SHORT_NAMES {
            let text = std::format!("{name}=x,{oid}=y");
            let again = Name::from_rfc4514(&text).unwrap().to_string();
            assert_eq!(again, std::format!("{name}=x,{name}=y"));
        }
    }
}
