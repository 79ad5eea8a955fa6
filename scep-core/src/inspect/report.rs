//! What an inspection found.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::UnixTime;
use crate::deviation::Deviations;
use crate::message::ScepAttributes;
use crate::x509::Certificate;

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A pkiMessage.
    PkiMessage,
    /// A bare EnvelopedData.
    EnvelopedData,
    /// A degenerate SignedData with certificates.
    CertsOnly,
    /// A degenerate SignedData with a CRL.
    CrlOnly,
    /// A certificate.
    Certificate,
    /// A certification request.
    CertificationRequest,
    /// A CRL.
    Crl,
    /// The messageData of a CertPoll.
    IssuerAndSubject,
    /// The messageData of a GetCert or GetCRL.
    IssuerAndSerialNumber,
}

impl Kind {
    /// The kind's name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PkiMessage => "pki-message",
            Self::EnvelopedData => "enveloped-data",
            Self::CertsOnly => "certs-only",
            Self::CrlOnly => "crl-only",
            Self::Certificate => "certificate",
            Self::CertificationRequest => "certification-request",
            Self::Crl => "crl",
            Self::IssuerAndSubject => "issuer-and-subject",
            Self::IssuerAndSerialNumber => "issuer-and-serial-number",
        }
    }
}

/// What an inspection found; fields that do not apply are `None` or empty.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// How it was encoded, in words.
    pub encoding: String,
    /// Length of the input.
    pub octets: usize,
    /// Whether it was BER and not DER.
    pub was_ber: bool,
    /// Attributes of a pkiMessage.
    pub attributes: Option<ScepAttributes>,
    /// Digest algorithm.
    pub digest: Option<String>,
    /// Content cipher.
    pub cipher: Option<String>,
    /// Who signed, as the SignerInfo names it.
    pub signer: Option<String>,
    /// Whether the signature is right.
    pub signature: Option<SignatureVerdict>,
    /// To whom the content is encrypted.
    pub recipients: Vec<RecipientSummary>,
    /// Certificates that came along.
    pub certificates: Vec<CertificateSummary>,
    /// Subject of a certificate or request.
    pub subject: Option<String>,
    /// Issuer of a certificate or CRL.
    pub issuer: Option<String>,
    /// Serial number that a GetCert or GetCRL asks for, hexadecimal.
    pub serial: Option<String>,
    /// Start of the validity; thisUpdate of a CRL.
    pub not_before: Option<UnixTime>,
    /// End of the validity; nextUpdate of a CRL.
    pub not_after: Option<UnixTime>,
    /// subjectAltName entries.
    pub subject_alt_names: Vec<String>,
    /// Whether a request carries a challenge password (which is never shown).
    pub has_challenge: Option<bool>,
    /// The string type of that challenge password.
    pub challenge_type: Option<String>,
    /// Length of eContent; `None` if absent.
    pub content_len: Option<usize>,
    /// The decrypted content.
    pub content: Option<Box<Self>>,
    /// Why the content was not decrypted, though keys were given.
    pub not_opened: Option<String>,
    /// What was unusual.
    pub deviations: Deviations,
}

impl Report {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            encoding: String::new(),
            octets: 0,
            was_ber: false,
            attributes: None,
            digest: None,
            cipher: None,
            signer: None,
            signature: None,
            recipients: Vec::new(),
            certificates: Vec::new(),
            subject: None,
            issuer: None,
            serial: None,
            not_before: None,
            not_after: None,
            subject_alt_names: Vec::new(),
            has_challenge: None,
            challenge_type: None,
            content_len: None,
            content: None,
            not_opened: None,
            deviations: Deviations::default(),
        }
    }
}

/// Whether a signature is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureVerdict {
    /// It is.
    Valid {
        /// Subject of the signer.
        signer: String,
    },
    /// It is not.
    Wrong {
        /// Which check failed.
        why: String,
    },
    /// It could not be checked.
    NotChecked {
        /// What is missing.
        why: String,
    },
}

/// One RecipientInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientSummary {
    /// Who.
    pub id: String,
    /// Key transport.
    pub algorithm: String,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSummary {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// Start of the validity.
    pub not_before: UnixTime,
    /// End of the validity.
    pub not_after: UnixTime,
    /// Whether it is a CA certificate.
    pub is_ca: bool,
    /// keyUsage.
    pub key_usage: Vec<&'static str>,
}

impl CertificateSummary {
    /// Summarises a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            subject: format!("{}", certificate.subject()),
            issuer: format!("{}", certificate.issuer()),
            serial: certificate.serial_hex(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            is_ca: certificate.is_ca(),
            key_usage: certificate
                .key_usage()
                .map(crate::x509::KeyUsage::names)
                .unwrap_or_default(),
        }
    }
}
