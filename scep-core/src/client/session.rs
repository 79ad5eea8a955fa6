//! What all transactions with a server share: GetCACaps and GetCACert, and what they said.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::ca::Ca;
use super::{Method, Request, Response, ServerParams, algorithms};
use crate::capabilities::Capabilities;
use crate::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm};
use crate::deviation::{self, Deviations};
use crate::error::Layer;
use crate::http::Operation;
use crate::x509::{Certificate, scheme_for};
use crate::{Error, Result, UnixTime};

/// A conversation with one server.
#[derive(Debug)]
pub(super) struct Session {
    provider: Arc<dyn CryptoProvider>,
    server: ServerParams,
    capabilities: Capabilities,
    ca: Option<Ca>,
    /// Certificates of the next CA, if it is to issue.
    next_ca: Vec<Certificate>,
    question: Option<Question>,
    deviations: Deviations,
}

/// What is asked before anything else.
#[derive(Clone, Copy, Debug)]
enum Question {
    Capabilities,
    CaCertificates,
}

impl Session {
    pub(super) fn new(provider: Arc<dyn CryptoProvider>, server: ServerParams) -> Self {
        let question = if server.asks_capabilities {
            Question::Capabilities
        } else {
            Question::CaCertificates
        };
        let said = Capabilities::default();
        Self {
            provider,
            capabilities: said.corrected(&server.disbelieved, &server.assumed),
            server,
            ca: None,
            next_ca: Vec::new(),
            question: Some(question),
            deviations: Deviations::default(),
        }
    }

    /// The same for a request to the next CA.
    pub(super) fn with_next_ca(self, next_ca: Vec<Certificate>) -> Self {
        Self { next_ca, ..self }
    }

    /// One in which both questions were answered earlier.
    pub(super) fn known(
        provider: Arc<dyn CryptoProvider>,
        server: ServerParams,
        capabilities: Capabilities,
        ca: Ca,
    ) -> Self {
        Self {
            provider,
            server,
            capabilities,
            ca: Some(ca),
            next_ca: Vec::new(),
            question: None,
            deviations: Deviations::default(),
        }
    }

    pub(super) fn provider(&self) -> &dyn CryptoProvider {
        self.provider.as_ref()
    }

    pub(super) const fn server(&self) -> &ServerParams {
        &self.server
    }

    pub(super) const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    pub(super) const fn known_ca(&self) -> Option<&Ca> {
        self.ca.as_ref()
    }

    pub(super) fn ca(&self) -> Result<&Ca> {
        self.ca
            .as_ref()
            .ok_or_else(|| Error::Misuse("the CA's certificates are not known yet".into()))
    }

    /// What was unusual so far.
    pub(super) const fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// Adds what was unusual about a reply that was accepted.
    pub(super) fn note(&mut self, deviations: &Deviations) {
        self.deviations.extend(deviations);
    }

    /// The digest and cipher that requests are sent with, by the capabilities and the policy.
    pub(super) fn algorithms(&self) -> Result<(DigestAlgorithm, ContentCipher)> {
        algorithms::choose(&self.capabilities, &self.server.policy)
    }

    /// The digest that a key signs with: one as long as its curve, SHA-512 for Ed25519.
    pub(super) fn digest_for(&self, spki: &[u8]) -> Result<DigestAlgorithm> {
        let (wanted, _) = self.algorithms()?;
        let digest = scheme_for(spki, wanted)?.digest();
        self.server.policy.may_send_digest(digest)?;
        Ok(digest)
    }

    /// The question that is open; `None` once both are answered.
    pub(super) fn question(&self) -> Option<Request> {
        let operation = match self.question? {
            Question::Capabilities => Operation::GetCaCaps,
            Question::CaCertificates => Operation::GetCaCert,
        };
        Some(self.get(operation, self.server.ca_identifier.as_deref()))
    }

    /// Takes the answer to the open question; `false` if there is none.
    pub(super) fn on_answer(&mut self, response: &Response<'_>, now: UnixTime) -> Result<bool> {
        match self.question {
            Some(Question::Capabilities) => self.on_capabilities(response)?,
            Some(Question::CaCertificates) => self.on_ca_certificates(response, now)?,
            None => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn get(&self, operation: Operation, message: Option<&str>) -> Request {
        Request {
            operation,
            method: Method::Get,
            url: operation.url(&self.server.url, message),
            content_type: None,
            body: Vec::new(),
        }
    }

    /// A server without GetCACaps is an old one, not a broken one (section 3.5.1); one that fails
    /// altogether is broken.
    fn on_capabilities(&mut self, response: &Response<'_>) -> Result<()> {
        match response.status {
            200 => self.capabilities = Capabilities::parse(response.body),
            400 | 404 | 405 | 501 => {}
            status => return Err(unexpected_status(Operation::GetCaCaps, status)),
        }
        if self.capabilities.is_empty() {
            self.deviations.note(
                deviation::NO_CAPABILITIES,
                "the server names no capabilities",
            );
        }
        let server = &self.server;
        self.capabilities = self
            .capabilities
            .corrected(&server.disbelieved, &server.assumed);
        self.question = Some(Question::CaCertificates);
        Ok(())
    }

    fn on_ca_certificates(&mut self, response: &Response<'_>, now: UnixTime) -> Result<()> {
        if response.status != 200 {
            return Err(unexpected_status(Operation::GetCaCert, response.status));
        }
        let ca = Ca::from_response(
            response.body,
            &self.server,
            self.provider.as_ref(),
            &mut self.deviations,
            now,
        )?;
        let ca = ca.with_next(self.next_ca.clone(), &self.server)?;
        if ca.roles.ra_is_assumed {
            self.deviations.note(
                deviation::RA_IS_ASSUMED,
                "the certificate of the RA does not say by its extended key usage that it is one",
            );
        }
        self.ca = Some(ca);
        self.question = None;
        Ok(())
    }
}

#[cold]
pub(super) fn no_response_awaited() -> Error {
    Error::Misuse("no response is awaited; call next() first".into())
}

#[cold]
pub(super) fn unexpected_status(operation: Operation, status: u16) -> Error {
    Error::malformed(
        Layer::Http,
        alloc::format!("{operation} was answered with HTTP status {status}"),
    )
}
