//! SignerInfo (RFC 5652 section 5.3) and signed attributes.

use alloc::format;
use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use super::algorithm::AlgorithmIdentifier;
use crate::asn1::{Reader, Tlv, tag, write};
use crate::error::Layer;
use crate::limits::Limits;
use crate::message::IssuerAndSerialNumber;
use crate::x509::Certificate;
use crate::{Error, Result};

/// How a signer or recipient is named.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignerId {
    /// issuerAndSerialNumber.
    IssuerAndSerial(IssuerAndSerialNumber),
    /// `[0]` subjectKeyIdentifier.
    KeyIdentifier(Vec<u8>),
}

impl SignerId {
    /// Whether this names `certificate`.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial(id) => {
                id.serial == certificate.serial() && id.issuer.matches(certificate.issuer())
            }
            Self::KeyIdentifier(id) => certificate.subject_key_identifier().as_ref() == Some(id),
        }
    }

    pub(crate) fn from_tlv(tlv: &Tlv<'_>) -> Result<Self> {
        match tlv.tag {
            tag::SEQUENCE => IssuerAndSerialNumber::from_der(tlv.raw)
                .map(Self::IssuerAndSerial)
                .map_err(|e| e.nested_at(tlv.offset)),
            0x80 => Ok(Self::KeyIdentifier(tlv.value.to_vec())),
            // EXPLICIT-looking form with the OCTET STRING inside
            0xa0 => Ok(Self::KeyIdentifier(
                tlv.reader()
                    .expect(tag::OCTET_STRING, "subjectKeyIdentifier")?
                    .value
                    .to_vec(),
            )),
            _ => Err(Error::malformed_at(
                Layer::Cms,
                "a signer or recipient is named neither by issuer and serial number nor by key identifier",
                tlv.offset,
            )),
        }
    }
}

impl core::fmt::Display for SignerId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::IssuerAndSerial(id) => {
                write!(f, "issuer {}, serial ", id.issuer)?;
                id.serial
                    .iter()
                    .try_for_each(|octet| write!(f, "{octet:02X}"))
            }
            Self::KeyIdentifier(id) => {
                f.write_str("key identifier ")?;
                id.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
            }
        }
    }
}

/// One attribute, with its values as encoded.
///
/// ```text
/// Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF ANY }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// attrType.
    pub oid: ObjectIdentifier,
    /// The encoded values, in the order received.
    pub values: Vec<Vec<u8>>,
}

impl Attribute {
    /// An attribute with one encoded value.
    #[must_use]
    pub fn new(oid: ObjectIdentifier, value: Vec<u8>) -> Self {
        Self {
            oid,
            values: alloc::vec![value],
        }
    }

    /// Encoded; its values sorted, as DER has it.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut values: Vec<&[u8]> = self.values.iter().map(Vec::as_slice).collect();
        values.sort_unstable();
        write::sequence(&[&write::oid(self.oid), &write::concat(tag::SET, &values)])
    }
}

/// The encoded value of an attribute that may be there once, with one value: whoever reads another one
/// understands another message.
pub(crate) fn only_value<'a>(
    attributes: &'a [Attribute],
    oid: ObjectIdentifier,
    name: &str,
) -> Result<Option<&'a [u8]>> {
    let mut matching = attributes.iter().filter(|a| a.oid == oid);
    let Some(attribute) = matching.next() else {
        return Ok(None);
    };
    let text = match (matching.next(), attribute.values.as_slice()) {
        (None, [value]) => return Ok(Some(value)),
        (None, values) => format!("the attribute {name} has {} values, not one", values.len()),
        (Some(_), _) => format!("the attribute {name} occurs more than once"),
    };
    Err(Error::rule("3.2.1", text))
}

/// The one signature of a pkiMessage, as received.
#[derive(Clone, Debug)]
pub struct SignerInfo {
    /// sid.
    pub signer: SignerId,
    /// digestAlgorithm.
    pub digest_algorithm: AlgorithmIdentifier,
    /// The signed attributes in the order received.
    pub attributes: Vec<Attribute>,
    /// Content octets of signedAttrs, as received; what is signed is their SET OF.
    signed_attributes: Option<Vec<u8>>,
    /// signatureAlgorithm.
    pub signature_algorithm: AlgorithmIdentifier,
    /// signature.
    pub signature: Vec<u8>,
    /// Whether unsigned attributes were present (they are ignored).
    pub has_unsigned_attributes: bool,
}

impl SignerInfo {
    pub(super) fn from_tlv(tlv: &Tlv<'_>, limits: &Limits) -> Result<Self> {
        let mut fields = tlv.reader();
        fields.expect(tag::INTEGER, "version of SignerInfo")?;
        let signer = SignerId::from_tlv(&fields.next("sid of SignerInfo")?)?;
        let digest_algorithm =
            AlgorithmIdentifier::from_tlv(&fields.expect(tag::SEQUENCE, "digestAlgorithm")?)?;
        let signed = fields.optional(tag::context_constructed(0), "signedAttrs")?;
        let attributes = match signed {
            Some(set) => {
                let what = "the number of signed attributes";
                set.reader().list(limits.members, what, |items| {
                    attribute(&items.expect(tag::SEQUENCE, "attribute")?, limits)
                })?
            }
            None => Vec::new(),
        };
        let signature_algorithm =
            AlgorithmIdentifier::from_tlv(&fields.expect(tag::SEQUENCE, "signatureAlgorithm")?)?;
        let signature = fields
            .expect(tag::OCTET_STRING, "signature of SignerInfo")?
            .value
            .to_vec();
        let unsigned = fields.optional(tag::context_constructed(1), "unsignedAttrs")?;
        fields.finish("SignerInfo")?;
        Ok(Self {
            signer,
            digest_algorithm,
            attributes,
            signed_attributes: signed.map(|set| set.value.to_vec()),
            signature_algorithm,
            signature,
            has_unsigned_attributes: unsigned.is_some(),
        })
    }

    /// Whether there are signed attributes at all.
    #[must_use]
    pub const fn has_signed_attributes(&self) -> bool {
        self.signed_attributes.is_some()
    }

    /// The octets that were signed, if the sender kept the order in which they were sent: the
    /// attributes with the tag of a SET OF (RFC 5652 section 5.4).
    #[must_use]
    pub fn signed_octets_as_received(&self) -> Option<Vec<u8>> {
        self.signed_attributes
            .as_ref()
            .map(|content| write::tlv(tag::SET, content))
    }

    /// The octets that were signed, if the sender signed a sorted set and sent another.
    #[must_use]
    pub fn signed_octets_sorted(&self) -> Option<Vec<u8>> {
        let mut encoded = self.encoded_attributes()?;
        encoded.sort_unstable();
        Some(write::concat(tag::SET, &encoded))
    }

    /// Whether the attributes came in the order that DER demands.
    #[must_use]
    pub fn attributes_are_sorted(&self) -> bool {
        self.signed_attributes.is_none() || self.encoded_attributes().is_some_and(|a| a.is_sorted())
    }

    /// The signed attributes, each as received.
    fn encoded_attributes(&self) -> Option<Vec<&[u8]>> {
        Reader::new(self.signed_attributes.as_ref()?)
            .list(usize::MAX, "", |items| Ok(items.next("attribute")?.raw))
            .ok()
    }
}

fn attribute(tlv: &Tlv<'_>, limits: &Limits) -> Result<Attribute> {
    let mut fields = tlv.reader();
    let oid = fields.expect(tag::OID, "type of an attribute")?.oid()?;
    let set = fields.expect(tag::SET, "values of an attribute")?.reader();
    fields.finish("attribute")?;
    let what = "the number of values of an attribute";
    let values = set.list(limits.members, what, |set| {
        Ok(set.next("value of an attribute")?.raw.to_vec())
    })?;
    Ok(Attribute { oid, values })
}
