//! What a client sent.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::cms::Openers;
use scep_core::http::{CT_PKI_MESSAGE, Operation, ServerRequest};
use scep_core::message::ChallengePassword;
use scep_core::x509::Certificate;

use super::case::Running;
use crate::by_hand::Peek;
use crate::verdict::{Exchange, Stop};

/// An HTTP request.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The method.
    pub method: String,
    /// Path and query, as they stood in the request line.
    pub target: String,
    /// `HTTP/1.1`, or another version.
    pub version: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The pkiMessage, if it was one.
    pub message: Option<Vec<u8>>,
    /// When it came, by the clock of the cases.
    pub at: Duration,
    /// The exchange for the report.
    exchange: Exchange,
}

impl Heard {
    /// A request that came just now.
    #[must_use]
    pub fn new(
        method: &str,
        target: &str,
        version: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        at: Duration,
    ) -> Self {
        let query = target.split_once('?').map(|(_, query)| query);
        let message = match ServerRequest::from_http(method, query, &body) {
            Ok(ServerRequest::PkiOperation { message }) => Some(message.to_vec()),
            _ => None,
        };
        Self {
            exchange: Exchange {
                method: method.to_owned(),
                url: target.to_owned(),
                sent: STANDARD.encode(&body),
                status: 0,
                content_type: String::new(),
                received: String::new(),
                error: String::new(),
            },
            method: method.to_owned(),
            target: target.to_owned(),
            version: version.to_owned(),
            headers,
            body,
            message,
            at,
        }
    }

    /// What was asked for, if it is one of SCEP's operations.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        let query = self.target.split_once('?').map(|(_, query)| query)?;
        let named = query
            .split('&')
            .find_map(|part| part.strip_prefix("operation="))?;
        [
            Operation::GetCaCaps,
            Operation::GetCaCert,
            Operation::GetNextCaCert,
            Operation::PkiOperation,
        ]
        .into_iter()
        .find(|operation| operation.name() == named)
    }

    /// The text of `message=`, as it stood there.
    #[must_use]
    pub fn message_parameter(&self) -> Option<&str> {
        let query = self.target.split_once('?').map(|(_, query)| query)?;
        query
            .split('&')
            .find_map(|part| part.strip_prefix("message="))
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn answered(&mut self, response: &HttpResponse) {
        /// Octets of a response that the report keeps.
        const KEPT: usize = 64 << 10;
        self.exchange.status = response.status;
        let content_type = response.header("content-type").unwrap_or_default();
        content_type.clone_into(&mut self.exchange.content_type);
        let kept = response.body.get(..KEPT).unwrap_or(&response.body);
        self.exchange.received = STANDARD.encode(kept);
    }
}

/// All that a client sent to one case.
#[derive(Debug)]
pub struct Seen<'a> {
    running: &'a Running,
    /// Its pkiMessages, as HTTP requests whose body they are.
    messages: Vec<HttpRequest>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(running: &'a Running) -> Self {
        let of_messages = running.heard.iter().filter_map(|heard| {
            let message = heard.message.clone()?;
            Some(HttpRequest::post(&heard.target, CT_PKI_MESSAGE, message))
        });
        Self {
            running,
            messages: of_messages.collect(),
        }
    }

    /// Every request, in order.
    #[must_use]
    pub fn requests(&self) -> &[Heard] {
        &self.running.heard
    }

    /// Those for an operation.
    pub fn of(&self, operation: Operation) -> impl Iterator<Item = &Heard> {
        let requests = self.running.heard.iter();
        requests.filter(move |heard| heard.operation() == Some(operation))
    }

    /// Its pkiMessages, taken apart.
    #[must_use]
    pub fn messages(&self) -> Vec<Peek<'_>> {
        let keys = self.running.layout.decrypters.iter();
        let keys: Vec<_> = keys
            .map(|id| (id.certificate.clone(), Arc::clone(&id.key)))
            .collect();
        let passwords = [ChallengePassword::new(self.challenge())];
        let openers = Openers {
            keys: &keys,
            passwords: &passwords,
        };
        let provider = self.running.pki.provider.as_ref();
        let ca = &self.running.layout.issuing.certificate;
        let mut random = self.running.pki.random.clone();
        let messages = self.messages.iter();
        messages
            .map(|http| Peek::at(http, ca, openers, provider, &mut random))
            .collect()
    }

    /// The first pkiMessage.
    ///
    /// # Errors
    /// If there was none, or it is no SignedData.
    pub fn first(&self) -> Result<Peek<'_>, Stop> {
        let none = || Stop::NotApplicable("the client sent no pkiMessage".into());
        let first = self.messages().into_iter().next().ok_or_else(none)?;
        if first.parts.is_none() {
            let seen = format!("{} octets that are none", first.http.body.len());
            return Err(Stop::unlike("a SignedData", seen));
        }
        Ok(first)
    }

    /// The challenge password that it was given.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.running.challenge
    }

    /// The CA certificate that it was told to trust.
    #[must_use]
    pub fn anchor(&self) -> &Certificate {
        &self.running.layout.anchor
    }

    /// The CA that issues.
    #[must_use]
    pub fn issuing_ca(&self) -> &Certificate {
        &self.running.layout.issuing.certificate
    }

    /// Whom it may encrypt to.
    pub fn decrypters(&self) -> impl Iterator<Item = &Certificate> {
        self.running
            .layout
            .decrypters
            .iter()
            .map(|id| &id.certificate)
    }

    /// The crypto library.
    #[must_use]
    pub fn provider(&self) -> &dyn scep_core::crypto::CryptoProvider {
        self.running.pki.provider.as_ref()
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.running
            .heard
            .iter()
            .map(|heard| heard.exchange.clone())
            .collect()
    }

    pub(super) fn issued(&self) -> Vec<String> {
        self.running
            .issued
            .iter()
            .map(Certificate::serial_hex)
            .collect()
    }
}
