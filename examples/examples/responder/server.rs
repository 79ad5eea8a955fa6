//! What an HTTP server does with a SCEP request; put it behind whichever one you use.

use std::sync::Arc;

use scep_core::crypto::{CryptoProvider, SystemRandom};
use scep_core::http::{CT_CA_CERT, CT_PKI_MESSAGE, ServerRequest};
use scep_core::limits::Limits;
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{ReplyStyle, Responder, ResponderConfig};
use scep_core::x509::Certificate;
use scep_core::{Result, UnixTime};

use crate::tiny_ca::TinyCa;

type Answer = (&'static str, Vec<u8>);

pub(crate) struct Server {
    pub(crate) ca: TinyCa,
    pub(crate) certificate: Certificate,
    pub(crate) responder: Responder,
}

impl Server {
    /// A CA without a registration authority: it signs and decrypts itself.
    pub(crate) fn new(
        provider: Arc<dyn CryptoProvider>,
        ca: TinyCa,
        certificate: Certificate,
    ) -> Self {
        let identity = (certificate.clone(), Arc::clone(&ca.key));
        let responder = Responder::new(ResponderConfig {
            provider,
            signer: identity.clone(),
            decrypters: vec![identity],
            policy: AlgorithmPolicy::RFC8894,
            style: ReplyStyle::RFC8894,
            limits: Limits::DEFAULT,
        });
        Self {
            ca,
            certificate,
            responder,
        }
    }

    /// Method, query and body of a request; content type and body of the answer.
    pub(crate) fn serve(&self, method: &str, query: Option<&str>, body: &[u8]) -> Result<Answer> {
        Ok(match ServerRequest::from_http(method, query, body)? {
            ServerRequest::GetCaCaps { .. } => ("text/plain", b"SCEPStandard\n".to_vec()),
            ServerRequest::GetCaCert { .. } | ServerRequest::GetNextCaCert { .. } => {
                (CT_CA_CERT, self.certificate.as_der().to_vec())
            }
            ServerRequest::PkiOperation { message } => {
                let (now, rng) = (UnixTime::now(), &mut SystemRandom);
                let reply = self.responder.respond(&message, &self.ca, now, rng);
                (
                    CT_PKI_MESSAGE,
                    reply.map_err(|rejection| rejection.error)?.der,
                )
            }
        })
    }
}
