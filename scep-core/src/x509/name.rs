//! Distinguished names (RFC 5280 section 4.1.2.4), as received.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use const_oid::ObjectIdentifier;

use super::name_text;
use crate::asn1::{Reader, Tlv, tag};
use crate::error::Layer;
use crate::{Error, Result};

/// A distinguished name: DER, as received or as made from text.
///
/// Equality is that of the octets. Servers re-encode subjects, so compare names of different
/// origin with [`Name::matches`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Vec<u8>);

/// One AttributeTypeAndValue of a name.
struct Attribute<'a> {
    /// Index of the RDN that holds it.
    rdn: usize,
    oid: ObjectIdentifier,
    value: Tlv<'a>,
}

/// The attributes of a name in their order, read one by one: a name may be long, and somebody
/// else's.
struct Attributes<'a> {
    rdns: Reader<'a>,
    /// What is left of the RDN.
    set: Reader<'a>,
    /// How many RDNs were begun.
    begun: usize,
}

impl<'a> Attributes<'a> {
    fn read(&mut self) -> Result<Option<Attribute<'a>>> {
        while self.set.is_empty() {
            if self.rdns.is_empty() {
                return Ok(None);
            }
            self.set = self
                .rdns
                .expect(tag::SET, "relative distinguished name")?
                .reader();
            self.begun += 1;
        }
        let mut pair = self
            .set
            .expect(tag::SEQUENCE, "attribute of a name")?
            .reader();
        Ok(Some(Attribute {
            rdn: self.begun,
            oid: pair.expect(tag::OID, "type of a name attribute")?.oid()?,
            value: pair.next("value of a name attribute")?,
        }))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    /// Of a name that was made by [`Name::from_der`], and so is not broken.
    fn next(&mut self) -> Option<Attribute<'a>> {
        self.read().ok().flatten()
    }
}

impl Name {
    /// The name without any RDN.
    #[must_use]
    pub fn empty() -> Self {
        Self(alloc::vec![tag::SEQUENCE, 0])
    }

    /// Takes an encoded Name and checks its shape.
    ///
    /// # Errors
    /// `Malformed` if it is not a SEQUENCE of SETs of attributes.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let name = Self(der.to_vec());
        let mut outer = Reader::new(der);
        outer
            .expect(tag::SEQUENCE, "name")
            .map_err(|e| e.in_layer(Layer::X509))?;
        outer.finish("name").map_err(|e| e.in_layer(Layer::X509))?;
        let mut attributes = name.attributes();
        while attributes
            .read()
            .map_err(|e| e.in_layer(Layer::X509))?
            .is_some()
        {}
        Ok(name)
    }

    /// Reads the text form of RFC 4514, such as `CN=printer-01,O=Contoso`.
    ///
    /// Beyond the RFC it accepts blanks around the separators, quoted values (`O="Acme, Inc."`) and
    /// attribute types in any case. C and serialNumber become PrintableString, DC and emailAddress
    /// IA5String, everything else UTF8String (RFC 5280 appendix A.1).
    ///
    /// # Errors
    /// `Misuse` if the text is no name.
    pub fn from_rfc4514(text: &str) -> Result<Self> {
        let der = name_text::parse(text).ok_or_else(|| {
            Error::Misuse(format!(
                "\"{text}\" is not a distinguished name; write it like CN=printer-01,O=Contoso"
            ))
        })?;
        Self::from_der(&der)
    }

    /// The encoded name.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// Whether it has no RDN.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() <= 2
    }

    /// The last commonName.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        self.attributes()
            .filter(|a| a.oid == name_text::COMMON_NAME)
            .last()
            .map(|a| string_value(&a.value))
    }

    /// Whether both name the same entity: same attributes in the same order, whatever the string
    /// types, letter case and runs of blanks (RFC 5280 section 7.1, simplified).
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        let (mut ours, mut theirs) = (self.attributes(), other.attributes());
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a.matches(&b) => {}
                _ => return false,
            }
        }
    }

    fn attributes(&self) -> Attributes<'_> {
        let nothing = Reader::new(&[]);
        let name = Reader::new(&self.0).expect(tag::SEQUENCE, "name");
        Attributes {
            rdns: name.map_or(nothing, |name| name.reader()),
            set: nothing,
            begun: 0,
        }
    }
}

/// The text of any ASN.1 string type; octets that are no text become U+FFFD or Latin-1.
pub(crate) fn string_value(tlv: &Tlv<'_>) -> String {
    match tlv.tag {
        tag::BMP_STRING => {
            let units = tlv.value.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xfffd,
            });
            char::decode_utf16(units)
                .map(|c| c.unwrap_or('\u{fffd}'))
                .collect()
        }
        tag::UNIVERSAL_STRING => tlv
            .value
            .chunks(4)
            .map(|quad| match quad {
                [a, b, c, d] => {
                    char::from_u32(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or('\u{fffd}')
                }
                _ => '\u{fffd}',
            })
            .collect(),
        // Teletex is Latin-1 in practice; a broken PrintableString or UTF8String is best shown so too
        _ => match core::str::from_utf8(tlv.value) {
            Ok(text) if tlv.tag != tag::TELETEX_STRING => text.into(),
            _ => tlv.value.iter().map(|octet| char::from(*octet)).collect(),
        },
    }
}

impl Attribute<'_> {
    fn matches(&self, other: &Self) -> bool {
        let text = |value| fold(&string_value(value));
        self.rdn == other.rdn
            && self.oid == other.oid
            && (self.value.raw == other.value.raw || text(&self.value) == text(&other.value))
    }
}

fn fold(value: &str) -> String {
    let words: Vec<String> = value.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

impl fmt::Display for Name {
    /// RFC 4514: last RDN first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rdns = Vec::new();
        let mut reader = self.attributes().rdns;
        while let Ok(rdn) = reader.next("relative distinguished name") {
            if !rdn.value.is_empty() {
                rdns.push(rdn.reader());
            }
        }
        let mut first = true;
        for rdn in rdns.into_iter().rev() {
            let attributes = Attributes {
                rdns: Reader::new(&[]),
                set: rdn,
                begun: 1,
            };
            for (j, attribute) in attributes.enumerate() {
                if !core::mem::take(&mut first) {
                    f.write_str(if j > 0 { "+" } else { "," })?;
                }
                match name_text::short_name(attribute.oid) {
                    Some(name) => write!(f, "{name}=")?,
                    None => write!(f, "{}=", attribute.oid)?,
                }
                name_text::write_escaped(f, &string_value(&attribute.value))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({})", self)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn text_round_trips() {
        for text in [
            "CN=printer-01",
            "CN=\\ padded\\ ",
            "CN=a\\,b,O=Acme\\+Co,C=US",
            "CN=y+OU=x,DC=example,DC=net",
        ] {
            assert_eq!(Name::from_rfc4514(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Name::from_rfc4514("CN=a , O=b").unwrap().to_string(),
            "CN=a,O=b"
        );
        assert!(Name::from_rfc4514("").unwrap().is_empty());
    }

    #[test]
    fn nonsense_is_refused_with_advice() {
        let err = Name::from_rfc4514("printer").unwrap_err().to_string();
        assert!(err.contains("write it like"), "{err}");
    }

    #[test]
    fn string_types_and_case_do_not_matter() {
        let attr = |tag: u8, value: &[u8]| {
            use crate::asn1::write;
            let pair =
                write::sequence(&[&write::oid(name_text::COMMON_NAME), &write::tlv(tag, value)]);
            Name::from_der(&write::sequence(&[&write::tlv(tag::SET, &pair)])).unwrap()
        };
        let printable = attr(tag::PRINTABLE_STRING, b"Net Lab");
        assert!(printable.matches(&attr(tag::UTF8_STRING, b"net  lab")));
        assert!(printable.matches(&attr(tag::BMP_STRING, b"\0N\0e\0t\0 \0L\0a\0b")));
        assert!(!printable.matches(&attr(tag::UTF8_STRING, b"netlab")));
        assert_eq!(attr(tag::PRINTABLE_STRING, b"a_b").to_string(), "CN=a_b");
    }
}
