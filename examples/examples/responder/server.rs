//! What an HTTP server does with a SCEP request; put it behind whichever one you use.

use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::{CryptoProvider, SystemRandom};
use scep_core::server::{HttpReply, Responder, ResponderConfig, Service};
use scep_core::x509::Certificate;

use crate::tiny_ca::TinyCa;

pub(crate) struct Server {
    pub(crate) ca: TinyCa,
    service: Service,
}

impl Server {
    /// A CA without a registration authority: it signs and decrypts itself.
    pub(crate) fn new(
        provider: Arc<dyn CryptoProvider>,
        ca: TinyCa,
        certificate: Certificate,
    ) -> Self {
        let identity = (certificate.clone(), Arc::clone(&ca.key));
        let config = ResponderConfig::new(provider, identity, certificate.clone());
        let certificates = CaCertificates::new(vec![certificate]);
        let service = Service::new(Responder::new(config), certificates, &mut SystemRandom);
        Self { ca, service }
    }

    /// Method, query and body of a request; status, content type and body of the answer.
    pub(crate) fn serve(&self, method: &str, query: Option<&str>, body: &[u8]) -> HttpReply {
        let (now, rng) = (UnixTime::now(), &mut SystemRandom);
        self.service.handle(method, query, body, &self.ca, now, rng)
    }
}
