//! Probe by a real enrollment, which may issue a certificate.

use scep_core::client::EnrollmentParams;
use scep_failures::observation::Purpose;

use super::run::Run;
use crate::enroll::{Claims, Step};
use crate::{Error, Result};

impl Run<'_> {
    pub(super) async fn enrollment(&mut self) -> Result<()> {
        let Some(probe) = &self.options.enroll else {
            return Err(Error::misuse("an enrollment needs to be told what to ask for"));
        };
        if let Err(reason) = self.can_encrypt() {
            self.skip_pki_operation(Purpose::Enroll, probe.method, &reason);
            return Ok(());
        }
        let key = match &probe.key {
            Some(key) => key.clone(),
            None => self.key()?,
        };
        let mut params = EnrollmentParams::new(
            &self.target.base,
            probe.trust.clone(),
            key,
            probe.subject.clone(),
        );
        params.challenge.clone_from(&probe.challenge);
        params.extensions.clone_from(&probe.extensions);
        params.transaction_id.clone_from(&probe.transaction_id);
        params.ca_identifier.clone_from(&self.options.ca_identifier);
        params.policy = probe.policy;
        params.method = probe.method;
        let claims = Claims {
            wrong_challenge: probe.challenge_is_wrong,
            challenge_obtained: probe.challenge_obtained,
        };
        let before = self.observer.observations().items.len();
        let step = self.transact(params, Purpose::Enroll, claims, probe.require_trusted_tls).await;
        let subject = probe.subject.to_string();
        match step {
            Ok(Step::Issued(issued)) => {
                self.footprint.note_issued(&issued.certificate.serial_hex(), &subject);
            }
            Ok(Step::Wait(_)) => self.footprint.note_pending(&subject),
            Ok(Step::Refused(_)) => self.footprint.note_failed(&subject),
            Err(e) if self.observer.observations().items.len() == before => {
                self.skip_pki_operation(Purpose::Enroll, probe.method, &e.causes());
            }
            Err(_) => {}
        }
        Ok(())
    }
}
