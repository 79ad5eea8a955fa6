//! An enrollment from GetCACaps to the certificate (RFC 8894 section 2.5), polling included.

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::reply::{Expectation, Verdict};
use super::{
    CaTrust, EnrollmentParams, Issued, Method, MethodChoice, Next, PendingTransaction, Refusal,
    Request, Response,
};
use crate::ca_certificates::{CaCertificates, CaRoles};
use crate::capabilities::{Capabilities, Capability};
use crate::cms::{SealTo, seal};
use crate::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, RandomSource};
use crate::deviation::Deviations;
use crate::error::Layer;
use crate::http::{CT_PKI_MESSAGE, Operation, pki_operation_get_url};
use crate::message::{IssuerAndSubject, MessageBuilder, MessageType, SenderNonce, TransactionId};
use crate::x509::{
    Certificate, CertificateBuilder, CertificationRequestBuilder, Extension, KeyUsage, Name,
};
use crate::{Error, Result, UnixTime};

/// How long the self-signed certificate of a request lives: long enough for a manual approval.
const SIGNER_LIFE: Duration = Duration::from_secs(365 * 86_400);
/// How far its notBefore lies in the past, for servers whose clock is behind.
const SIGNER_BACKDATE: Duration = Duration::from_secs(3600);

/// A transaction that gets a certificate.
///
/// Call [`next`](Self::next); do what it says; give the answer to
/// [`on_response`](Self::on_response); call `next` again.
#[derive(Debug)]
pub struct Enrollment {
    provider: Arc<dyn CryptoProvider>,
    params: EnrollmentParams,
    capabilities: Capabilities,
    ca: Option<(CaRoles, Vec<Certificate>)>,
    request: Option<OpenRequest>,
    state: State,
    deviations: Deviations,
    polls: u32,
}

/// The identity of the transaction, once its first message was made.
#[derive(Clone, Debug)]
struct OpenRequest {
    transaction_id: TransactionId,
    signer: Certificate,
}

#[derive(Clone, Debug)]
enum State {
    AskCapabilities,
    AskCaCertificates,
    SendRequest,
    AwaitReply {
        nonce: SenderNonce,
        sent: Request,
        /// When the poll was due, if this is one.
        poll_since: Option<UnixTime>,
    },
    Pending {
        next_poll: UnixTime,
    },
    Issued(Box<Issued>),
    Refused(Box<Refusal>),
}

impl Enrollment {
    /// A new transaction.
    #[must_use]
    pub fn new(provider: Arc<dyn CryptoProvider>, params: EnrollmentParams) -> Self {
        Self {
            provider,
            params,
            capabilities: Capabilities::default(),
            ca: None,
            request: None,
            state: State::AskCapabilities,
            deviations: Deviations::default(),
            polls: 0,
        }
    }

    /// A transaction that was pending when the program ended; `params` must hold the same key.
    ///
    /// # Errors
    /// `Misuse` if the key is not the one that signed the request; `Malformed` if the stored
    /// certificates are broken.
    pub fn resume(
        provider: Arc<dyn CryptoProvider>,
        mut params: EnrollmentParams,
        pending: &PendingTransaction,
    ) -> Result<Self> {
        let signer = Certificate::from_der(&pending.signer)?;
        if signer.spki_der() != params.key.spki_der() {
            return Err(Error::Misuse(
                "the key is not the one that signed the pending request".into(),
            ));
        }
        params.url.clone_from(&pending.url);
        params.subject = Name::from_der(&pending.subject)?;
        let certificates: Vec<Certificate> = pending
            .ca_certificates
            .iter()
            .map(|der| Certificate::from_der(der))
            .collect::<Result<_>>()?;
        let roles = CaCertificates::new(certificates.clone()).choose()?;
        let words: Vec<&str> = pending
            .capabilities
            .iter()
            .map(alloc::string::String::as_str)
            .collect();
        Ok(Self {
            capabilities: Capabilities::from_words(&words),
            ca: Some((roles, certificates)),
            request: Some(OpenRequest {
                transaction_id: pending.transaction_id.clone(),
                signer,
            }),
            state: State::Pending {
                next_poll: pending.next_poll,
            },
            deviations: Deviations::default(),
            polls: pending.polls,
            provider,
            params,
        })
    }

    /// What to do at the time `now`. Asked again without a response in between, it gives the same
    /// request again.
    ///
    /// # Errors
    /// If a request cannot be made: `ForbiddenByPolicy` when the server offers nothing that the
    /// policy allows, `Unsupported` when the provider lacks an algorithm.
    pub fn next(&mut self, now: UnixTime, rng: &mut dyn RandomSource) -> Result<Next> {
        match &self.state {
            State::AskCapabilities => Ok(Next::Send(self.get(Operation::GetCaCaps))),
            State::AskCaCertificates => Ok(Next::Send(self.get(Operation::GetCaCert))),
            State::SendRequest => self.send_request(now, rng),
            State::AwaitReply { sent, .. } => Ok(Next::Send(sent.clone())),
            State::Pending { next_poll } if now < *next_poll => Ok(Next::WaitUntil(*next_poll)),
            State::Pending { .. } => self.send_poll(rng),
            State::Issued(issued) => Ok(Next::Issued(issued.clone())),
            State::Refused(refusal) => Ok(Next::Refused(refusal.clone())),
        }
    }

    /// Takes the response to the request that [`next`](Self::next) gave.
    ///
    /// After an error the transaction is where it was: `next` gives the same request again.
    ///
    /// # Errors
    /// `Malformed`, `PeerMisbehaved` or `NotAuthentic`, with the rule that the response broke;
    /// `Misuse` if no response is awaited. That the server refused is no error: see
    /// [`Next::Refused`].
    pub fn on_response(
        &mut self,
        response: &Response<'_>,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<()> {
        match self.state.clone() {
            State::AskCapabilities => self.on_capabilities(response),
            State::AskCaCertificates => self.on_ca_certificates(response, now),
            State::AwaitReply { nonce, .. } => self.on_reply(response, &nonce, now, rng),
            State::SendRequest | State::Pending { .. } | State::Issued(_) | State::Refused(_) => {
                Err(Error::Misuse(
                    "no response is awaited; call next() first".into(),
                ))
            }
        }
    }

    /// What the server said it can do.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Who does what at the CA, once GetCACert was answered.
    #[must_use]
    pub fn ca_roles(&self) -> Option<&CaRoles> {
        self.ca.as_ref().map(|(roles, _)| roles)
    }

    /// transactionID, once the request was made.
    #[must_use]
    pub fn transaction_id(&self) -> Option<&TransactionId> {
        self.request.as_ref().map(|request| &request.transaction_id)
    }

    /// What was unusual so far.
    #[must_use]
    pub const fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// The digest and cipher that requests are sent with, by the capabilities and the policy.
    ///
    /// # Errors
    /// `ForbiddenByPolicy` if the two have nothing in common.
    pub fn algorithms(&self) -> Result<(DigestAlgorithm, ContentCipher)> {
        let caps = &self.capabilities;
        let digest = if caps.has(Capability::Sha256) {
            DigestAlgorithm::Sha256
        } else if caps.has(Capability::Sha512) {
            DigestAlgorithm::Sha512
        } else if self
            .params
            .policy
            .may_send_digest(DigestAlgorithm::Sha1)
            .is_ok()
        {
            DigestAlgorithm::Sha1
        } else if caps.has(Capability::Sha1) {
            // it says SHA-1 and nothing better: sending SHA-256 would be refused
            return Err(self.forbidden("the server offers SHA-1 only, which"));
        } else {
            DigestAlgorithm::Sha256
        };
        let cipher = if caps.has(Capability::Aes) {
            ContentCipher::Aes128Cbc
        } else {
            ContentCipher::DesEde3Cbc
        };
        self.params.policy.may_send_digest(digest)?;
        self.params.policy.may_send_cipher(cipher)?;
        Ok((digest, cipher))
    }

    /// The state to keep while the request is pending, also while a poll is on its way; `None`
    /// otherwise.
    #[must_use]
    pub fn pending(&self) -> Option<PendingTransaction> {
        let next_poll = match &self.state {
            State::Pending { next_poll } => *next_poll,
            State::AwaitReply {
                poll_since: Some(due),
                ..
            } => *due,
            _ => return None,
        };
        let (Some(request), Some((_, certificates))) = (&self.request, &self.ca) else {
            return None;
        };
        Some(PendingTransaction {
            url: self.params.url.clone(),
            transaction_id: request.transaction_id.clone(),
            signer: request.signer.as_der().to_vec(),
            subject: self.params.subject.as_der().to_vec(),
            ca_certificates: certificates.iter().map(|c| c.as_der().to_vec()).collect(),
            capabilities: self.capabilities.words().to_vec(),
            polls: self.polls,
            next_poll,
        })
    }

    #[cold]
    fn forbidden(&self, what: &str) -> Error {
        Error::ForbiddenByPolicy {
            algorithm: what.into(),
            policy: self.params.policy.name,
        }
    }

    fn get(&self, operation: Operation) -> Request {
        Request {
            operation,
            method: Method::Get,
            url: operation.url(&self.params.url, self.params.ca_identifier.as_deref()),
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
                "no-capabilities",
                "3.5.2",
                "the server names no capabilities",
            );
        }
        self.state = State::AskCaCertificates;
        Ok(())
    }

    fn on_ca_certificates(&mut self, response: &Response<'_>, now: UnixTime) -> Result<()> {
        if response.status != 200 {
            return Err(unexpected_status(Operation::GetCaCert, response.status));
        }
        let all = CaCertificates::from_response(response.body)?;
        let provider = self.provider.as_ref();
        let anchors: Vec<Certificate> = match &self.params.trust {
            CaTrust::Certificate(certificate) => alloc::vec![(**certificate).clone()],
            CaTrust::Sha256(pin) => {
                let mut anchors = Vec::new();
                for certificate in all.as_slice() {
                    if certificate.sha256(provider)? == *pin {
                        anchors.push(certificate.clone());
                    }
                }
                anchors
            }
            CaTrust::FirstSeen => all.as_slice().to_vec(),
        };
        let trusted = all.anchored(provider, &self.params.policy, &anchors, now)?;
        if trusted.as_slice().len() < all.as_slice().len() {
            self.deviations.note(
                "unrelated-certificates",
                "4.2.1.2",
                format!(
                    "{} certificates of the reply do not belong to the trusted CA",
                    all.as_slice().len() - trusted.as_slice().len()
                ),
            );
        }
        let roles = trusted.choose()?;
        self.ca = Some((roles, trusted.as_slice().to_vec()));
        self.state = State::SendRequest;
        Ok(())
    }

    /// The transaction's identity: made once, then kept.
    fn open_request(&mut self, now: UnixTime, rng: &mut dyn RandomSource) -> Result<OpenRequest> {
        if let Some(request) = &self.request {
            return Ok(request.clone());
        }
        let (digest, _) = self.algorithms()?;
        let transaction_id = match &self.params.transaction_id {
            Some(given) => given.clone(),
            None => TransactionId::of_key(self.provider.as_ref(), self.params.key.spki_der())?,
        };
        let mut serial = alloc::vec![0; 16];
        rng.fill(&mut serial);
        let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
        let signer = CertificateBuilder {
            serial,
            issuer: self.params.subject.clone(),
            subject: self.params.subject.clone(),
            not_before: now.minus(SIGNER_BACKDATE),
            not_after: now.plus(SIGNER_LIFE),
            spki: self.params.key.spki_der().to_vec(),
            extensions: alloc::vec![Extension::key_usage(usage)],
        }
        .sign(self.params.key.as_ref(), digest, rng)?;
        let request = OpenRequest {
            transaction_id,
            signer,
        };
        self.request = Some(request.clone());
        Ok(request)
    }

    fn send_request(&mut self, now: UnixTime, rng: &mut dyn RandomSource) -> Result<Next> {
        let (digest, _) = self.algorithms()?;
        let request = self.open_request(now, rng)?;
        let csr = CertificationRequestBuilder {
            subject: self.params.subject.clone(),
            challenge: self.params.challenge.clone(),
            extensions: self.params.extensions.clone(),
        }
        .sign(self.params.key.as_ref(), digest, rng)?;
        self.send(MessageType::PkcsReq, &request, csr.as_der(), rng)
    }

    fn send_poll(&mut self, rng: &mut dyn RandomSource) -> Result<Next> {
        let (Some(request), Some((roles, _))) = (self.request.clone(), &self.ca) else {
            return Err(Error::Misuse("there is no pending request".into()));
        };
        let data = IssuerAndSubject {
            issuer: roles.issuing_ca.subject().clone(),
            subject: self.params.subject.clone(),
        };
        self.polls += 1;
        self.send(MessageType::CertPoll, &request, &data.to_der(), rng)
    }

    fn send(
        &mut self,
        message_type: MessageType,
        request: &OpenRequest,
        message_data: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Next> {
        let (digest, cipher) = self.algorithms()?;
        let Some((roles, _)) = &self.ca else {
            return Err(Error::Misuse(
                "the CA's certificates are not known yet".into(),
            ));
        };
        let provider = self.provider.as_ref();
        let to = self.seal_to(&roles.encryption)?;
        let envelope = seal(provider, to, cipher, message_data, rng)?;
        let nonce = SenderNonce::random(rng);
        let mut builder = MessageBuilder::new(
            message_type,
            request.transaction_id.clone(),
            request.signer.clone(),
        );
        builder.sender_nonce = Some(nonce.clone());
        builder.digest = digest;
        builder.envelope = Some(envelope);
        let message = builder.sign(provider, self.params.key.as_ref(), rng)?;
        let sent = self.pki_operation(message);
        let poll_since = match self.state {
            State::Pending { next_poll } => Some(next_poll),
            _ => None,
        };
        self.state = State::AwaitReply {
            nonce,
            sent: sent.clone(),
            poll_since,
        };
        Ok(Next::Send(sent))
    }

    /// A key that cannot be encrypted to leaves the challenge password (section 3.1).
    fn seal_to<'a>(&'a self, recipient: &'a Certificate) -> Result<SealTo<'a>> {
        if recipient.public_key_algorithm()?.can_encrypt() {
            return Ok(SealTo::Certificate(recipient, KeyTransport::RsaPkcs1v15));
        }
        self.params
            .challenge
            .as_ref()
            .map(SealTo::Password)
            .ok_or_else(|| {
                Error::Misuse(format!(
                    "nothing can be encrypted to the key of {}, and there is no challenge password to encrypt \
                     with instead",
                    recipient.subject()
                ))
            })
    }

    fn pki_operation(&self, message: Vec<u8>) -> Request {
        let post = match self.params.method {
            MethodChoice::ByCapabilities => self.capabilities.has(Capability::PostPkiOperation),
            MethodChoice::Get => false,
            MethodChoice::Post => true,
        };
        let operation = Operation::PkiOperation;
        if post {
            Request {
                operation,
                method: Method::Post,
                url: operation.url(&self.params.url, None),
                content_type: Some(CT_PKI_MESSAGE),
                body: message,
            }
        } else {
            Request {
                operation,
                method: Method::Get,
                url: pki_operation_get_url(&self.params.url, &message),
                content_type: None,
                body: Vec::new(),
            }
        }
    }

    fn on_reply(
        &mut self,
        response: &Response<'_>,
        nonce: &SenderNonce,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<()> {
        let labelled = response
            .content_type
            .is_some_and(|t| t.trim_start().starts_with(CT_PKI_MESSAGE));
        // a server may send its signed answer with an error status (section 4.3)
        if response.status != 200 && !labelled {
            return Err(unexpected_status(Operation::PkiOperation, response.status));
        }
        if response.body.is_empty() {
            return Err(Error::malformed(
                Layer::Http,
                "PKIOperation was answered with HTTP status 200 and nothing else: the server took the \
                 request but could not process the message",
            ));
        }
        let (Some(request), Some((roles, certificates))) = (&self.request, &self.ca) else {
            return Err(Error::Misuse("no response is awaited".into()));
        };
        let expectation = Expectation {
            provider: self.provider.as_ref(),
            policy: &self.params.policy,
            limits: &self.params.limits,
            roles,
            ca_certificates: certificates,
            transaction_id: &request.transaction_id,
            sender_nonce: nonce,
            signer: &request.signer,
            key: &self.params.key,
            challenge: &self.params.challenge,
            now,
        };
        let mut deviations = Deviations::default();
        let verdict = expectation.judge(response.body, &mut deviations, rng)?;
        self.deviations.extend(&deviations);
        self.state = match verdict {
            Verdict::Success {
                certificate,
                others,
            } => State::Issued(Box::new(Issued {
                certificate,
                others,
                ca_certificates: certificates.clone(),
                deviations: self.deviations.clone(),
            })),
            Verdict::Pending => State::Pending {
                next_poll: now.plus(self.params.retry.interval(self.polls)),
            },
            Verdict::Failure(refusal) => State::Refused(Box::new(refusal)),
        };
        Ok(())
    }
}

#[cold]
fn unexpected_status(operation: Operation, status: u16) -> Error {
    Error::malformed(
        Layer::Http,
        format!("{operation} was answered with HTTP status {status}"),
    )
}
