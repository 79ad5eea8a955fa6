//! What an HTTP server does with a SCEP request; put it behind whichever one you use.

use std::{sync::Arc, time::Duration};

use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::{CryptoProvider, PrivateKey, SystemRandom};
use scep_core::message::ChallengePassword;
use scep_core::server::{HttpReply, Responder, ResponderConfig, Service};
use scep_core::x509::{Certificate, Extension, KeyUsage, Name};
use scep_core::{Result, UnixTime};

use crate::tiny_ca::TinyCa;

pub(crate) struct Server {
    ca: TinyCa,
    service: Service,
    pub(crate) root: Certificate,
}

impl Server {
    /// A CA without a registration authority: it signs and decrypts itself.
    pub(crate) fn new(provider: Arc<dyn CryptoProvider>, key: Arc<dyn PrivateKey>) -> Result<Self> {
        let ca = TinyCa {
            key: Arc::clone(&key),
            name: Name::from_rfc4514("CN=Tiny CA")?,
            challenges: Default::default(),
            transactions: Default::default(),
        };
        let signs = KeyUsage::KEY_CERT_SIGN | KeyUsage::DIGITAL_SIGNATURE;
        let extensions = [
            Extension::basic_constraints(true, None),
            Extension::key_usage(signs | KeyUsage::KEY_ENCIPHERMENT),
        ];
        let root = ca.certify(&ca.name, key.spki_der(), &extensions)?;
        let config = ResponderConfig::new(provider, (root.clone(), key), root.clone());
        let certificates = CaCertificates::new(vec![root.clone()]);
        let service = Service::new(Responder::new(config), certificates, &mut SystemRandom);
        Ok(Self { ca, service, root })
    }

    /// A password that is good once, for ten minutes.
    pub(crate) fn new_challenge(&self, text: &str) -> ChallengePassword {
        let challenge = ChallengePassword::new(text);
        let expires = UnixTime::now().plus(Duration::from_secs(600));
        self.ca.challenges.add(challenge.clone(), expires);
        challenge
    }

    /// Method, query and body of a request; status, content type and body of the answer.
    pub(crate) fn serve(&self, method: &str, query: Option<&str>, body: &[u8]) -> HttpReply {
        let (now, rng) = (UnixTime::now(), &mut SystemRandom);
        self.service.handle(method, query, body, &self.ca, now, rng)
    }
}
