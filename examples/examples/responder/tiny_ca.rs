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

fn issue(certificate: Certificate) -> Decision {
    Decision::Issue {
        certificates: vec![certificate],
        server_message: None,
    }
}

impl Authority for TinyCa {
    /// The request's signature is right; who may have which certificate is decided here.
    fn authorize(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Authorization {
        let redeemed = request.challenge().map(|c| self.challenges.redeem(c, now));
        match (request.kind, redeemed) {
            (EnrollmentKind::Renewal, _) | (_, Some(Redeemed::Good)) => Authorization::Granted,
            _ => Authorization::Refused(
                Refusal::new(FailInfo::BadRequest).with_text("the challenge password is wrong"),
            ),
        }
    }
    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        let refuse = |why| Decision::Refuse(Refusal::new(FailInfo::BadRequest).with_text(why));
        self.certify(request.csr.subject(), request.csr.spki_der(), &[])
            .map_or_else(|error| refuse(error.to_string()), issue)
    }
    fn poll(&self, _request: &PollRequest<'_>, _now: UnixTime) -> Decision {
        Decision::Refuse(Refusal::new(FailInfo::BadCertId))
    }
    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}
