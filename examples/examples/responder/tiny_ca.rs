//! A CA that gives challenge passwords out, each good once, and certifies for an hour.

use std::{sync::Arc, time::Duration};

use scep_core::crypto::{DigestAlgorithm, PrivateKey, RandomSource, SystemRandom};
use scep_core::message::FailInfo;
use scep_core::server::*;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, Name};
use scep_core::{Result, UnixTime};

pub(crate) struct TinyCa {
    pub(crate) key: Arc<dyn PrivateKey>,
    pub(crate) name: Name,
    pub(crate) challenges: ChallengePasswords,
    pub(crate) transactions: InMemoryTransactions,
}

impl TinyCa {
    pub(crate) fn certify(
        &self,
        subject: &Name,
        spki: &[u8],
        more: &[Extension],
    ) -> Result<Certificate> {
        let mut serial = vec![0; 16];
        SystemRandom.fill(&mut serial);
        let template = CertificateBuilder {
            serial,
            issuer: self.name.clone(),
            subject: subject.clone(),
            not_before: UnixTime::now(),
            not_after: UnixTime::now().plus(Duration::from_secs(3600)),
            spki: spki.to_vec(),
            extensions: more.to_vec(),
        };
        let (key, digest) = (self.key.as_ref(), DigestAlgorithm::Sha256);
        template.sign(key, digest, &mut SystemRandom)
    }
}

impl Authority for TinyCa {
    /// The request's signature is right; who may have which certificate is decided here.
    fn authorize(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Authorization {
        let good = match request.kind {
            EnrollmentKind::Renewal => request.asks_for_the_signers_names(),
            EnrollmentKind::Initial => request
                .challenge()
                .is_some_and(|c| self.challenges.redeem(c, now) == Redeemed::Good),
        };
        if good {
            return Authorization::Granted;
        }
        Authorization::Refused(Refusal::new(FailInfo::BadRequest).with_text("wrong challenge"))
    }
    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        let (subject, spki) = (request.csr.subject(), request.csr.spki_der());
        match self.certify(subject, spki, &[]) {
            Ok(certificate) => Decision::issue(certificate),
            Err(_) => Decision::Refuse(Refusal::new(FailInfo::BadRequest)),
        }
    }
    fn is_revoked(&self, _certificate: &Certificate) -> bool {
        false
    }
    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}
