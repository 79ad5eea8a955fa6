//! What the CA behind the reference server decides.

use scep_core::asn1::tag;
use scep_core::crypto::DigestAlgorithm;
use scep_core::message::{ChallengePassword, FailInfo, IssuerAndSerialNumber, TransactionId};
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentKind, EnrollmentRequest, PollRequest, Refusal,
    SignerStanding, Transactions,
};
use scep_core::x509::{Certificate, CertificationRequest, Crl, CrlBuilder, Extension, KeyUsage};
use scep_core::{UnixTime, oid};

use super::{CA_KEY_ID, DAY, Flaw, Identity, Pending, Reference, START, TRIED_PASSWORDS, lock};

impl Reference {
    /// Issues what was asked for, as far as this CA goes along.
    fn decide(&self, ca: &Identity, csr: &CertificationRequest) -> Decision {
        let usage = |e: &&Extension| {
            let asked = csr.key_usage();
            e.oid == oid::KEY_USAGE
                && asked.is_some_and(|asked| {
                    !asked.contains(KeyUsage::KEY_CERT_SIGN) && !asked.contains(KeyUsage::CRL_SIGN)
                })
        };
        let names = |e: &&Extension| {
            e.oid == oid::SUBJECT_ALT_NAME
                && !csr
                    .subject_alt_names()
                    .iter()
                    .any(|name| name.contains(":sid:"))
        };
        let asked = csr.extensions().iter();
        let extensions = match &self.rules {
            rules if rules.drops_extensions => Vec::new(),
            rules if rules.copies_all_extensions => asked.cloned().collect(),
            _ => asked.filter(|e| names(e) || usage(e)).cloned().collect(),
        };
        let subject = if self.rules.other_subject {
            self.stranger.certificate.subject()
        } else {
            csr.subject()
        };
        match self.certify(ca, subject, csr.spki_der(), extensions) {
            Ok(certificate) => {
                let mut certificates = vec![certificate];
                if self.rules.sends_two {
                    certificates.push(self.stranger.certificate.clone());
                }
                Decision::Issue {
                    certificates,
                    server_message: None,
                }
            }
            Err(_) => Decision::Refuse(Refusal::new(FailInfo::BadRequest)),
        }
    }
}

impl Authority for Reference {
    fn authorize(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Authorization {
        let no = |text: String| {
            Authorization::Refused(Refusal::new(FailInfo::BadRequest).with_text(text))
        };
        if self.rules.refuses_all {
            return no("not today".to_owned());
        }
        let mut ids = lock(&self.ids);
        let owner = ids.entry(request.transaction_id.clone());
        let owner = owner.or_insert_with(|| request.signer.spki_der().to_vec());
        if self.rules.locks_ids && owner != request.signer.spki_der() {
            return no("that transactionID is somebody else's".to_owned());
        }
        let renews = request.kind == EnrollmentKind::Renewal
            && request.standing == SignerStanding::Issued
            && request.asks_for_the_signers_names();
        if renews || self.rules.any_challenge {
            return Authorization::Granted;
        }
        let Some(challenge) = request.challenge() else {
            // nothing speaks for this one: a human being has to
            let csr = request.csr.clone();
            let entry = Pending { csr, polls: 0 };
            lock(&self.pending).insert(request.transaction_id.clone(), entry);
            return Authorization::Manual;
        };
        let string = request.csr.challenge_tag();
        if self.rules.reads_two_strings
            && !matches!(string, Some(tag::PRINTABLE_STRING | tag::UTF8_STRING))
        {
            return no("the challenge password is written in an odd way".to_owned());
        }
        let mut passwords = lock(&self.passwords);
        let at = passwords
            .iter()
            .position(|known| known == challenge.expose());
        if let (Some(at), false) = (at, self.rules.reuses_challenges) {
            passwords.remove(at);
        }
        match at {
            Some(_) => Authorization::Granted,
            None if self.rules.says_challenge => no(format!("{} is wrong", challenge.expose())),
            None => no("the challenge password is wrong".to_owned()),
        }
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        let next = request.recipient == Some(&self.next_ca.certificate);
        let ca = if next && !self.rules.ignores_recipient {
            &self.next_ca
        } else {
            &self.ca
        };
        self.decide(ca, request.csr)
    }

    fn poll(&self, request: &PollRequest<'_>, _now: UnixTime) -> Decision {
        let mut pending = lock(&self.pending);
        if self.rules.gives_any_pending
            && let Some(any) = pending.values().next()
        {
            return self.decide(&self.ca, &any.csr);
        }
        match pending.get_mut(request.transaction_id) {
            None => Decision::Refuse(Refusal::new(FailInfo::BadCertId)),
            Some(entry) if entry.polls == 0 || self.rules.never_decides => {
                entry.polls += 1;
                Decision::Pending
            }
            Some(_) if self.rules.other_key_for_polls => {
                let stranger = std::slice::from_ref(&self.stranger.certificate);
                Decision::Issue {
                    certificates: stranger.to_vec(),
                    server_message: None,
                }
            }
            Some(entry) => self.decide(&self.ca, &entry.csr),
        }
    }

    fn challenge_passwords(&self, _: &TransactionId, _: &Certificate) -> Vec<ChallengePassword> {
        let passwords = lock(&self.passwords);
        let last = passwords.iter().rev().take(TRIED_PASSWORDS);
        last.map(ChallengePassword::new).collect()
    }

    fn is_revoked(&self, _: &Certificate) -> bool {
        false
    }

    fn certificate(&self, id: &IssuerAndSerialNumber, _: &Certificate) -> Option<Certificate> {
        if self.rules.gives_other_certificate {
            return Some(self.ca.certificate.clone());
        }
        let issued = lock(&self.issued);
        let found = issued.iter().find(|c| c.serial() == id.serial);
        found.filter(|c| c.issuer().matches(&id.issuer)).cloned()
    }

    fn crl(&self, id: &IssuerAndSerialNumber, _: &Certificate) -> Option<Crl> {
        if !self.ca.certificate.subject().matches(&id.issuer) {
            return None;
        }
        let mut builder = CrlBuilder {
            issuer: self.ca.certificate.subject().clone(),
            this_update: UnixTime(START.0 - 7 * DAY),
            next_update: UnixTime(START.0 + 7 * DAY),
            number: 1,
            revoked: Vec::new(),
            authority_key_identifier: Some(vec![CA_KEY_ID; 20]),
            extensions: Vec::new(),
        };
        if let Flaw::Crl(change) = self.flaw {
            change(&mut builder);
        }
        builder
            .sign(
                self.ca.key.as_ref(),
                DigestAlgorithm::Sha256,
                &mut self.random.clone(),
            )
            .ok()
    }

    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}
