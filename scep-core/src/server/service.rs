//! A whole SCEP server but for the sockets: HTTP request in, HTTP response out (RFC 8894 section 4).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::authority::Authority;
use super::reply::{Rejection, RejectionStage, Reply};
use super::responder::Responder;
use crate::ca_certificates::CaCertificates;
use crate::capabilities::{Capabilities, Capability};
use crate::crypto::RandomSource;
use crate::http::{
    CT_CA_CERT, CT_CA_RA_CERT, CT_NEXT_CA_CERT, CT_PKI_MESSAGE, CT_TEXT, ServerRequest,
};
use crate::{Error, UnixTime};

/// A responder with its certificates and capabilities.
#[derive(Clone, Debug)]
pub struct Service {
    responder: Responder,
    ca_certificates: CaCertificates,
    next_ca_certificates: Option<Vec<u8>>,
    capabilities: Capabilities,
}

/// An HTTP response.
#[derive(Clone, Debug)]
pub struct HttpReply {
    /// Status code.
    pub status: u16,
    /// Content-Type.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// What a PKIOperation came to, for a journal.
    pub pki_operation: Option<Result<Reply, Rejection>>,
}

impl Service {
    /// A service whose capabilities are those that the responder has.
    #[must_use]
    pub fn new(
        responder: Responder,
        ca_certificates: CaCertificates,
        rng: &mut dyn RandomSource,
    ) -> Self {
        Self {
            capabilities: responder.capabilities(rng),
            responder,
            ca_certificates,
            next_ca_certificates: None,
        }
    }

    /// The same with an answer to GetNextCACert
    /// (a signed bundle of the next CA certificates), which then is a
    /// capability.
    #[must_use]
    pub fn with_next_ca_certificates(mut self, der: Vec<u8>) -> Self {
        let mut words: Vec<&str> = self
            .capabilities
            .words()
            .iter()
            .map(String::as_str)
            .collect();
        words.push(Capability::GetNextCaCert.keyword());
        self.capabilities = Capabilities::from_words(&words);
        self.next_ca_certificates = Some(der);
        self
    }

    /// What the service says that it can do.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The responder.
    #[must_use]
    pub const fn responder(&self) -> &Responder {
        &self.responder
    }

    /// Answers one HTTP request: method, query as it stands in the request line, body.
    ///
    /// Whatever was signed goes out with status 200, FAILURE too. What cannot be answered with a
    /// CertRep gets a status that says whose fault it was, and one sentence of text.
    pub fn handle(
        &self,
        method: &str,
        query: Option<&str>,
        body: &[u8],
        authority: &dyn Authority,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> HttpReply {
        if !["GET", "POST"]
            .iter()
            .any(|m| method.eq_ignore_ascii_case(m))
        {
            return HttpReply::text(405, "SCEP uses GET and POST");
        }
        if body.len() > self.responder.config().limits.message_len {
            return HttpReply::text(413, "the message is too long");
        }
        match ServerRequest::from_http(method, query, body) {
            Ok(ServerRequest::GetCaCaps { .. }) => {
                HttpReply::new(CT_TEXT, self.capabilities.to_text().into_bytes())
            }
            Ok(ServerRequest::GetCaCert { .. }) => match self.ca_certificates.as_slice() {
                [only] => HttpReply::new(CT_CA_CERT, only.as_der().to_vec()),
                _ => HttpReply::new(CT_CA_RA_CERT, self.ca_certificates.to_bundle()),
            },
            Ok(ServerRequest::GetNextCaCert { .. }) => match &self.next_ca_certificates {
                Some(der) => HttpReply::new(CT_NEXT_CA_CERT, der.clone()),
                None => HttpReply::text(404, "there is no next CA certificate yet"),
            },
            Ok(ServerRequest::PkiOperation { message }) => {
                self.pki_operation(&message, authority, now, rng)
            }
            Err(error) => HttpReply::text(status_of(&error), &error.to_string()),
        }
    }

    fn pki_operation(
        &self,
        message: &[u8],
        authority: &dyn Authority,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> HttpReply {
        let outcome = self.responder.respond(message, authority, now, rng);
        let mut reply = match &outcome {
            Ok(reply) => HttpReply::new(CT_PKI_MESSAGE, reply.der.clone()),
            // behind the encryption nothing may be told
            Err(rejection) => match rejection.stage {
                RejectionStage::InFlight | RejectionStage::Busy => {
                    HttpReply::text(503, &rejection.error.to_string())
                }
                RejectionStage::Decode => {
                    HttpReply::text(status_of(&rejection.error), &rejection.error.to_string())
                }
                _ => HttpReply::text(400, "the message is not accepted"),
            },
        };
        reply.pki_operation = Some(outcome);
        reply
    }
}

impl HttpReply {
    const fn new(content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status: 200,
            content_type,
            body,
            pki_operation: None,
        }
    }

    fn text(status: u16, text: &str) -> Self {
        let mut body = text.as_bytes().to_vec();
        body.push(b'\n');
        Self {
            status,
            ..Self::new(CT_TEXT, body)
        }
    }
}

const fn status_of(error: &Error) -> u16 {
    match error {
        Error::Unsupported { .. } => 404,
        Error::TooLarge { .. } => 413,
        _ => 400,
    }
}
