//! Certificates (RFC 5280 section 4.1), as received.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use const_oid::ObjectIdentifier;

use super::signed::Signed;
use super::{Extension, KeyUsage, Name, pem};
use crate::asn1::{Reader, decode_time, tag};
use crate::crypto::{CryptoProvider, DigestAlgorithm, PublicKeyAlgorithm, SignatureAlgorithm};
use crate::error::Layer;
use crate::message::IssuerAndSerialNumber;
use crate::oid;
use crate::policy::AlgorithmPolicy;
use crate::{Error, Result, UnixTime};

/// A certificate: the received octets, and what SCEP needs to know of them.
///
/// Two certificates are equal if their octets are. Cloning is cheap.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    version: u32,
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    not_before: UnixTime,
    not_after: UnixTime,
    spki: Vec<u8>,
    signature_algorithm: ObjectIdentifier,
    signature_scheme: Option<SignatureAlgorithm>,
    extensions: Vec<Extension>,
}

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// # Errors
    /// `Malformed` with the octet where it breaks. Odd but legible certificates (version 1, serial
    /// numbers of any length, unexpected string types) are no error.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::parse(der).map_err(|e| e.in_layer(Layer::X509))
    }

    fn parse(der: &[u8]) -> Result<Self> {
        let signed = Signed::from_der(der, "certificate")?;
        let mut fields = Reader::new_at(signed.tbs, signed.tbs_offset)
            .expect(tag::SEQUENCE, "tbsCertificate")?
            .reader();
        let version = match fields.optional(tag::context_constructed(0), "version")? {
            Some(explicit) => {
                explicit
                    .reader()
                    .expect(tag::INTEGER, "version")?
                    .small_integer()?
                    + 1
            }
            None => 1,
        };
        let serial = fields.expect(tag::INTEGER, "serialNumber")?.value.to_vec();
        fields.expect(tag::SEQUENCE, "signature")?;
        let issuer = fields.expect(tag::SEQUENCE, "issuer")?;
        let mut validity = fields.expect(tag::SEQUENCE, "validity")?.reader();
        let not_before = decode_time(&validity.next("notBefore")?)?;
        let not_after = decode_time(&validity.next("notAfter")?)?;
        let subject = fields.expect(tag::SEQUENCE, "subject")?;
        let spki = fields.expect(tag::SEQUENCE, "subjectPublicKeyInfo")?;
        fields.optional(tag::context(1), "issuerUniqueID")?;
        fields.optional(tag::context(2), "subjectUniqueID")?;
        let extensions = match fields.optional(tag::context_constructed(3), "extensions")? {
            Some(explicit) => {
                Extension::list_from_tlv(&explicit.reader().expect(tag::SEQUENCE, "extensions")?)?
            }
            None => Vec::new(),
        };
        fields.finish("tbsCertificate")?;
        Ok(Self(Arc::new(Inner {
            version,
            serial,
            issuer: Name::from_der(issuer.raw).map_err(|e| e.nested_at(issuer.offset))?,
            subject: Name::from_der(subject.raw).map_err(|e| e.nested_at(subject.offset))?,
            not_before,
            not_after,
            spki: spki.raw.to_vec(),
            signature_algorithm: signed.algorithm,
            signature_scheme: signed.scheme.ok(),
            extensions,
            der: der.to_vec(),
        })))
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// `Malformed` if there is none, or it is broken.
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::all_from_pem(text)?
            .into_iter()
            .next()
            .ok_or_else(|| Error::malformed(Layer::X509, "the PEM text holds no CERTIFICATE block"))
    }

    /// Reads all certificates of a PEM text; other blocks are passed over.
    ///
    /// # Errors
    /// `Malformed` if a block is broken.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>> {
        pem::blocks(text)?
            .into_iter()
            .filter(|block| matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE"))
            .map(|block| Self::from_der(&block.der))
            .collect()
    }

    /// The received octets.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate as a PEM block.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.0.der)
    }

    /// 1, 2 or 3.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// Content octets of the serialNumber, as received.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The serial number in upper-case hexadecimal, without a leading zero octet.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        let octets = match self.serial() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        octets.iter().map(|octet| format!("{octet:02X}")).collect()
    }

    /// issuer.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// subject.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// SubjectPublicKeyInfo, DER.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// Start of the validity.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.0.not_before
    }

    /// End of the validity.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.0.not_after
    }

    /// Whether `now` is within the validity.
    #[must_use]
    pub fn is_valid_at(&self, now: UnixTime) -> bool {
        self.0.not_before <= now && now <= self.0.not_after
    }

    /// OID of the algorithm that the issuer signed with.
    #[must_use]
    pub fn signature_algorithm(&self) -> ObjectIdentifier {
        self.0.signature_algorithm
    }

    /// The scheme that the issuer signed with, if it is one that is known.
    #[must_use]
    pub fn signature_scheme(&self) -> Option<SignatureAlgorithm> {
        self.0.signature_scheme
    }

    /// What kind of key it certifies.
    ///
    /// # Errors
    /// `Malformed` if its key cannot be read.
    pub fn public_key_algorithm(&self) -> Result<PublicKeyAlgorithm> {
        PublicKeyAlgorithm::of_spki(&self.0.spki)
    }

    /// All extensions, in order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// The DER inside an extension.
    #[must_use]
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        self.0
            .extensions
            .iter()
            .find(|e| e.oid == oid)
            .map(|e| e.value.as_slice())
    }

    /// Whether issuer and subject are the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.issuer.matches(&self.0.subject)
    }

    /// Whether basicConstraints says so, or, in a version 1 certificate, whether it is self-issued.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        match self.extension(oid::BASIC_CONSTRAINTS) {
            Some(der) => Extension::basic_constraints_from_der(der).is_ok_and(|(ca, _)| ca),
            None => self.0.version == 1 && self.is_self_issued(),
        }
    }

    /// Whether it may sign certificates: a CA certificate whose keyUsage, if present, has keyCertSign.
    #[must_use]
    pub fn may_issue(&self) -> bool {
        self.is_ca()
            && self
                .key_usage()
                .is_none_or(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN))
    }

    /// keyUsage, if present.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        KeyUsage::from_der(self.extension(oid::KEY_USAGE)?).ok()
    }

    /// Purposes in extKeyUsage; none if it cannot be read.
    #[must_use]
    pub fn extended_key_usages(&self) -> Vec<ObjectIdentifier> {
        let read = |der: &[u8]| -> Result<Vec<ObjectIdentifier>> {
            let mut value = Reader::new(der);
            let purposes = value.expect(tag::SEQUENCE, "extKeyUsage")?;
            value.finish("extKeyUsage")?;
            purposes.reader().list(usize::MAX, "", |purposes| {
                purposes.expect(tag::OID, "KeyPurposeId")?.oid()
            })
        };
        self.extension(oid::EXTENDED_KEY_USAGE)
            .and_then(|der| read(der).ok())
            .unwrap_or_default()
    }

    /// URIs of the issuer's certificate (caIssuers of authorityInfoAccess).
    #[must_use]
    pub fn ca_issuers(&self) -> Vec<String> {
        let read = |der: &[u8]| -> Result<Vec<String>> {
            let mut descriptions = Reader::new(der)
                .expect(tag::SEQUENCE, "authorityInfoAccess")?
                .reader();
            let mut uris = Vec::new();
            while descriptions.peek().is_some() {
                let mut fields = descriptions
                    .expect(tag::SEQUENCE, "AccessDescription")?
                    .reader();
                let method = fields.expect(tag::OID, "accessMethod")?.oid()?;
                let location = fields.next("accessLocation")?;
                if method == oid::CA_ISSUERS && location.tag == tag::context(6) {
                    uris.push(String::from_utf8_lossy(location.value).into_owned());
                }
            }
            Ok(uris)
        };
        self.extension(oid::AUTHORITY_INFO_ACCESS)
            .and_then(|der| read(der).ok())
            .unwrap_or_default()
    }

    /// subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        let der = self.extension(oid::SUBJECT_KEY_IDENTIFIER)?;
        Reader::new(der)
            .expect(tag::OCTET_STRING, "subjectKeyIdentifier")
            .ok()
            .map(|t| t.value.to_vec())
    }

    /// keyIdentifier of authorityKeyIdentifier.
    #[must_use]
    pub fn authority_key_identifier(&self) -> Option<Vec<u8>> {
        let der = self.extension(oid::AUTHORITY_KEY_IDENTIFIER)?;
        let mut fields = Reader::new(der)
            .expect(tag::SEQUENCE, "authorityKeyIdentifier")
            .ok()?
            .reader();
        fields
            .optional(tag::context(0), "keyIdentifier")
            .ok()?
            .map(|t| t.value.to_vec())
    }

    /// URIs of the CRLs that list this certificate's revocation.
    #[must_use]
    pub fn crl_distribution_points(&self) -> Vec<String> {
        self.extension(oid::CRL_DISTRIBUTION_POINTS)
            .and_then(|der| Extension::distribution_point_uris(der).ok())
            .unwrap_or_default()
    }

    /// subjectAltName entries as text: `dns:host`, `ip:address`, `uri:…`, `email:…`.
    #[must_use]
    pub fn subject_alt_names(&self) -> Vec<String> {
        self.alternative_names(usize::MAX).0
    }

    /// `most` of them, and how many there are.
    pub(crate) fn alternative_names(&self, most: usize) -> (Vec<String>, usize) {
        let is_wanted = |extension: &&Extension| extension.oid == oid::SUBJECT_ALT_NAME;
        let first = self.0.extensions.iter().find(is_wanted);
        Extension::alternative_names(first.into_iter(), most)
    }

    /// How CMS refers to this certificate.
    #[must_use]
    pub fn issuer_and_serial(&self) -> IssuerAndSerialNumber {
        IssuerAndSerialNumber {
            issuer: self.0.issuer.clone(),
            serial: self.0.serial.clone(),
        }
    }

    /// The SHA-256 fingerprint of the received octets.
    ///
    /// # Errors
    /// If the provider lacks SHA-256.
    pub fn sha256(&self, provider: &dyn CryptoProvider) -> Result<[u8; 32]> {
        let digest = provider.digest(DigestAlgorithm::Sha256, &self.0.der)?;
        <[u8; 32]>::try_from(digest.as_slice())
            .map_err(|_| Error::Misuse("the provider's SHA-256 is not 32 octets long".into()))
    }

    /// Whether it names `issuer` as its issuer, and is signed by its key (no dates, no policy).
    #[must_use]
    pub fn is_issued_by(&self, provider: &dyn CryptoProvider, issuer: &Self) -> bool {
        self.issuer().matches(issuer.subject()) && self.verify_issued_by(provider, issuer).is_ok()
    }

    /// Whether it is signed by a scheme that `policy` accepts.
    pub(crate) fn is_signed_acceptably(&self, policy: &AlgorithmPolicy) -> bool {
        self.signature_scheme()
            .is_some_and(|scheme| policy.accept_signature(scheme).is_ok())
    }

    /// Checks that `issuer`'s key signed this certificate (the signature only: no dates, no names).
    ///
    /// # Errors
    /// `NotAuthentic` if not; `Unsupported` for a signature algorithm that the provider lacks.
    pub fn verify_issued_by(&self, provider: &dyn CryptoProvider, issuer: &Self) -> Result<()> {
        Signed::from_der(&self.0.der, "certificate")?.verify(
            provider,
            issuer.spki_der(),
            "certificate",
        )
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl core::hash::Hash for Certificate {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Certificate({}, serial {})",
            self.0.subject,
            self.serial_hex()
        )
    }
}
