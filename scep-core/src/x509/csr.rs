//! Certification requests (PKCS #10, RFC 2986), as received.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::name::string_value;
use super::signed::Signed;
use super::{Extension, KeyUsage, Name, pem};
use crate::asn1::{Reader, Tlv, tag};
use crate::crypto::{CryptoProvider, SignatureAlgorithm};
use crate::error::Layer;
use crate::message::ChallengePassword;
use crate::oid;
use crate::{Error, Result};

/// A certification request: the received octets, and what they ask for.
#[derive(Clone)]
pub struct CertificationRequest {
    der: Vec<u8>,
    subject: Name,
    spki: Vec<u8>,
    challenge: Option<(u8, ChallengePassword)>,
    extensions: Vec<Extension>,
    signature_algorithm: const_oid::ObjectIdentifier,
    signature_scheme: Option<SignatureAlgorithm>,
}

/// Longest challenge password in octets. RFC 2985 allows 255 characters; Intune sends signed blobs.
const MAX_CHALLENGE: usize = 16 << 10;

impl CertificationRequest {
    /// Reads a DER request.
    ///
    /// # Errors
    /// `Malformed` with the octet where it breaks.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::parse(der).map_err(|e| e.in_layer(Layer::X509))
    }

    fn parse(der: &[u8]) -> Result<Self> {
        let signed = Signed::from_der(der, "certification request")?;
        let info = Reader::new_at(signed.tbs, signed.tbs_offset)
            .expect(tag::SEQUENCE, "certificationRequestInfo")?;
        let mut fields = info.reader();
        fields.expect(tag::INTEGER, "version")?;
        let subject = fields.expect(tag::SEQUENCE, "subject")?;
        let spki = fields.expect(tag::SEQUENCE, "subjectPKInfo")?;
        // a few old clients leave the (mandatory) attributes out when they have none
        let attributes = fields
            .optional(tag::context_constructed(0), "attributes")?
            .map_or(Reader::new(&[]), |list| list.reader());
        let mut count = 0;
        each_extension_list(attributes, |list| {
            count += list.reader().count();
            Ok(())
        })?;
        let mut extensions = Vec::with_capacity(count);
        each_extension_list(attributes, |list| {
            Extension::add_list(&list, &mut extensions)
        })?;
        let mut challenge = None;
        each_attribute(attributes, |oid, mut values| {
            if oid == oid::CHALLENGE_PASSWORD {
                let value = values.next("challengePassword")?;
                if value.value.len() > MAX_CHALLENGE {
                    return Err(Error::malformed_at(
                        Layer::X509,
                        alloc::format!("the challengePassword has {} octets", value.value.len()),
                        value.offset,
                    ));
                }
                // whoever reads the other one checks another password
                if challenge.is_some() || !values.is_empty() {
                    return Err(Error::malformed_at(
                        Layer::X509,
                        "the request has more than one challengePassword",
                        value.offset,
                    ));
                }
                challenge = Some((value.tag, ChallengePassword::new(string_value(&value))));
            }
            Ok(())
        })?;
        Ok(Self {
            der: der.to_vec(),
            subject: Name::from_der(subject.raw).map_err(|e| e.nested_at(subject.offset))?,
            spki: spki.raw.to_vec(),
            challenge,
            extensions,
            signature_algorithm: signed.algorithm,
            signature_scheme: signed.scheme.ok(),
        })
    }

    /// Reads the first request of a PEM text.
    ///
    /// # Errors
    /// `Malformed` if there is none, or it is broken.
    pub fn from_pem(text: &str) -> Result<Self> {
        let block = pem::blocks(text)?
            .into_iter()
            .find(|b| {
                matches!(
                    b.label.as_str(),
                    "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST"
                )
            })
            .ok_or_else(|| {
                Error::malformed(
                    Layer::X509,
                    "the PEM text holds no CERTIFICATE REQUEST block",
                )
            })?;
        Self::from_der(&block.der)
    }

    /// The received octets.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The request as a PEM block.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE REQUEST", &self.der)
    }

    /// subject.
    #[must_use]
    pub const fn subject(&self) -> &Name {
        &self.subject
    }

    /// SubjectPublicKeyInfo, DER.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// OID of the algorithm that the requester signed with.
    #[must_use]
    pub const fn signature_algorithm(&self) -> const_oid::ObjectIdentifier {
        self.signature_algorithm
    }

    /// The scheme that the requester signed with, if it is one that is known.
    #[must_use]
    pub const fn signature_scheme(&self) -> Option<SignatureAlgorithm> {
        self.signature_scheme
    }

    /// challengePassword, if the request carries one.
    #[must_use]
    pub fn challenge_password(&self) -> Option<&ChallengePassword> {
        self.challenge.as_ref().map(|(_, password)| password)
    }

    /// The string type of the challengePassword: NDES takes PrintableString only.
    #[must_use]
    pub fn challenge_tag(&self) -> Option<u8> {
        self.challenge.as_ref().map(|(tag, _)| *tag)
    }

    /// The requested extensions, of all extensionRequest attributes.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The requested keyUsage.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        let extension = self.extensions.iter().find(|e| e.oid == oid::KEY_USAGE)?;
        KeyUsage::from_der(&extension.value).ok()
    }

    /// The requested subjectAltName entries, as text. One that cannot be read gives none: see
    /// [`has_unreadable_names`](Self::has_unreadable_names).
    #[must_use]
    pub fn subject_alt_names(&self) -> Vec<String> {
        self.alternative_names(usize::MAX).0
    }

    /// Whether a subjectAltName is asked for that cannot be read. Whoever issues on such a request
    /// could sign names that it has not seen. A [`Responder`](crate::server::Responder) refuses it.
    #[must_use]
    pub fn has_unreadable_names(&self) -> bool {
        let broken = Extension::is_broken_alternative_name;
        self.extensions.iter().any(broken)
    }

    /// `most` of them, and how many there are.
    pub(crate) fn alternative_names(&self, most: usize) -> (Vec<String>, usize) {
        Extension::alternative_names(self.extensions.iter(), most)
    }

    /// Checks that the requester holds the private key.
    ///
    /// # Errors
    /// `NotAuthentic` if not; `Unsupported` for a signature algorithm that the provider lacks.
    pub fn verify(&self, provider: &dyn CryptoProvider) -> Result<()> {
        Signed::from_der(&self.der, "certification request")?.verify(
            provider,
            &self.spki,
            "certification request",
        )
    }
}

/// Calls `each` with type and values of every attribute.
fn each_attribute<'a>(
    mut attributes: Reader<'a>,
    mut each: impl FnMut(const_oid::ObjectIdentifier, Reader<'a>) -> Result<()>,
) -> Result<()> {
    while !attributes.is_empty() {
        let mut attribute = attributes.expect(tag::SEQUENCE, "attribute")?.reader();
        let oid = attribute.expect(tag::OID, "attribute type")?.oid()?;
        let values = attribute.expect(tag::SET, "attribute values")?.reader();
        each(oid, values)?;
    }
    Ok(())
}

/// Calls `each` with every list of an extensionRequest.
fn each_extension_list<'a>(
    attributes: Reader<'a>,
    mut each: impl FnMut(Tlv<'a>) -> Result<()>,
) -> Result<()> {
    each_attribute(attributes, |oid, mut values| {
        while oid == oid::EXTENSION_REQUEST && !values.is_empty() {
            each(values.expect(tag::SEQUENCE, "extensionRequest")?)?;
        }
        Ok(())
    })
}

impl fmt::Debug for CertificationRequest {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificationRequest")
            .field("subject", &self.subject)
            .field("has_challenge", &self.challenge.is_some())
            .finish_non_exhaustive()
    }
}
