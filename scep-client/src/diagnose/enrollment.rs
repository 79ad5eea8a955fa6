//! Probe by a real enrollment, which may issue a certificate.

use scep_core::client::EnrollmentParams;
use scep_failures::observation::Purpose;

use super::run::Run;
use crate::Result;
use crate::enroll::{Claims, Known};
use crate::network::HttpResponse;

impl Run<'_> {
    pub(super) async fn enrollment(&mut self) -> Result<()> {
        let Some(probe) = &self.options.enroll else {
            return Ok(());
        };
        let ok = |body: Vec<u8>| HttpResponse {
            status: 200,
            body,
            ..HttpResponse::default()
        };
        let certificates = match &probe.ca_certificates {
            Some(body) => Some(ok(body.clone())),
            None => self.ca_certificates.clone(),
        };
        let capabilities = probe.capabilities.clone();
        if let Err(reason) = self.can_encrypt_to(certificates.as_ref()) {
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
        params.renewal.clone_from(&probe.renewal);
        if let Some(given) = &probe.transaction_id {
            params.transaction_id = given.clone().into();
        }
        params
            .server
            .ca_identifier
            .clone_from(&self.options.ca_identifier);
        params.server.policy = probe.policy;
        params.server.method = probe.method;
        let claims = Claims {
            wrong_challenge: probe.challenge_is_wrong,
            challenge_obtained: probe.challenge_obtained,
        };
        let before = self.observer.observations().items.len();
        let step = self
            .transact(
                params,
                Known {
                    ca_certificates: certificates,
                    capabilities: capabilities.map(|text| ok(text.into_bytes())),
                },
                Purpose::Enroll,
                claims,
                probe.require_trusted_tls,
            )
            .await;
        if let Err(e) = step
            && self.observer.observations().items.len() == before
        {
            // nothing was sent: the CA is not the one that is trusted, say
            self.skip_pki_operation(Purpose::Enroll, probe.method, &e.causes());
        }
        Ok(())
    }
}
