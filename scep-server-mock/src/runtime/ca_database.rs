//! The issuing CA's database: requests, certificates, revocations.

use scep_core::UnixTime;
use scep_core::message::TransactionId;
use scep_core::x509::{Certificate, CertificationRequest};

/// A request that waits for a certificate manager.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The CA's number of the request.
    pub(crate) id: u32,
    /// What NDES remembers it by.
    pub(crate) transaction: TransactionId,
    pub(crate) request: CertificationRequest,
    pub(crate) resolution: Option<Resolution>,
}

/// What a certificate manager decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Issue,
    Deny,
}

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct IssuedCertificate {
    /// The CA's number of the request.
    pub request_id: u32,
    /// The certificate.
    pub certificate: Certificate,
    /// When, in seconds since 1970.
    pub issued_at: i64,
}

/// The database.
#[derive(Debug, Default)]
pub(crate) struct CaDatabase {
    last_request: u32,
    pub(crate) issued: Vec<IssuedCertificate>,
    pub(crate) pending: Vec<Pending>,
    /// Serial numbers and dates.
    pub(crate) revoked: Vec<(Vec<u8>, UnixTime)>,
}

impl CaDatabase {
    /// The next request's number.
    pub(crate) fn number(&mut self) -> u32 {
        self.last_request += 1;
        self.last_request
    }

    /// The pending request of a transaction.
    pub(crate) fn pending(&self, transaction: &TransactionId) -> Option<&Pending> {
        self.pending.iter().find(|p| p.transaction == *transaction)
    }

    /// Whether a certificate was issued here and still counts.
    pub(crate) fn is_good(&self, certificate: &Certificate, now: UnixTime) -> bool {
        self.issued.iter().any(|i| i.certificate == *certificate)
            && certificate.is_valid_at(now)
            && !self
                .revoked
                .iter()
                .any(|(serial, _)| serial == certificate.serial())
    }
}
