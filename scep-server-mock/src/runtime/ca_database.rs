//! The issuing CA's database: requests, certificates, revocations.

use std::collections::HashMap;

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
    /// SubjectPublicKeyInfo of the key that signed the message: transaction ids are the clients'
    /// choice, so that one alone says nothing about who asks.
    pub(crate) signer_spki: Vec<u8>,
    pub(crate) request: CertificationRequest,
    pub(crate) resolution: Option<Resolution>,
}

/// What a certificate manager decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Resolution {
    Issue,
    Deny,
}

impl Resolution {
    pub(crate) const fn of(issue: bool) -> Self {
        if issue { Self::Issue } else { Self::Deny }
    }
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
    pub(crate) last_request: u32,
    issued: Vec<IssuedCertificate>,
    /// Where in `issued` a serial number is: what was issued once is looked up with every renewal.
    by_serial: HashMap<Vec<u8>, usize>,
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

    /// What was issued, oldest first.
    pub(crate) fn issued(&self) -> &[IssuedCertificate] {
        &self.issued
    }

    /// A certificate more.
    pub(crate) fn add(&mut self, issued: IssuedCertificate) {
        let serial = issued.certificate.serial().to_vec();
        self.by_serial.insert(serial, self.issued.len());
        self.issued.push(issued);
    }

    /// The certificate with this serial number.
    pub(crate) fn find(&self, serial: &[u8]) -> Option<&IssuedCertificate> {
        self.issued.get(*self.by_serial.get(serial)?)
    }

    /// The pending request of a transaction of a signer.
    pub(crate) fn pending(
        &self,
        transaction: &TransactionId,
        signer: &Certificate,
    ) -> Option<&Pending> {
        self.pending
            .iter()
            .find(|p| p.transaction == *transaction && p.signer_spki == signer.spki_der())
    }

    /// Whether a certificate was issued here and still counts.
    pub(crate) fn is_good(&self, certificate: &Certificate, now: UnixTime) -> bool {
        self.find(certificate.serial())
            .is_some_and(|issued| issued.certificate == *certificate)
            && certificate.is_valid_at(now)
            && !self
                .revoked
                .iter()
                .any(|(serial, _)| serial == certificate.serial())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use crate::keys::{KeySource, Keys};
    use scep_core::crypto::{DigestAlgorithm, default_provider};
    use scep_core::x509::{CertificateBuilder, CertificationRequestBuilder, Name};

    #[test]
    fn a_transaction_id_alone_leads_to_nobodys_request() {
        let provider = default_provider();
        let mut rng = Entropy::new(Some(1), &provider);
        let keys = Keys::new(KeySource::Fixed, provider.as_ref(), &mut rng).unwrap();
        let name = Name::from_rfc4514("CN=device").unwrap();
        let transaction = TransactionId::random(&mut rng);
        let mut database = CaDatabase::default();
        let mut clients = Vec::new();
        for key in [&keys.device, &keys.connector, &keys.tls_server] {
            let signer = CertificateBuilder {
                serial: vec![1],
                issuer: name.clone(),
                subject: name.clone(),
                not_before: UnixTime(0),
                not_after: UnixTime(1_000_000),
                spki: key.spki().to_vec(),
                extensions: Vec::new(),
            }
            .sign(key.key.as_ref(), DigestAlgorithm::Sha256, &mut rng)
            .unwrap();
            let request = CertificationRequestBuilder {
                subject: name.clone(),
                challenge: None,
                extensions: Vec::new(),
            }
            .sign(key.key.as_ref(), DigestAlgorithm::Sha256, &mut rng)
            .unwrap();
            clients.push((signer, request));
        }
        for (signer, request) in &clients[..2] {
            let id = database.number();
            database.pending.push(Pending {
                id,
                transaction: transaction.clone(),
                signer_spki: signer.spki_der().to_vec(),
                request: request.clone(),
                resolution: None,
            });
        }
        let found = |i: usize| database.pending(&transaction, &clients[i].0).map(|p| p.id);
        assert_eq!([found(0), found(1), found(2)], [Some(1), Some(2), None]);
    }
}
