//! Asking for an issued certificate or a CRL (RFC 8894 sections 3.3.4, 4.5 and 4.6).

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;

use super::found::{self, Found};
use super::operation::{Sender, Sent};
use super::reply::{Expectation, Verdict};
use super::session::{Session, no_response_awaited};
use super::{Refusal, Request, Response, ServerParams, Signer, Step, TransactionIdChoice};
use crate::ca_certificates::CaRoles;
use crate::capabilities::Capabilities;
use crate::crypto::{CryptoProvider, RandomSource};
use crate::deviation::Deviations;
use crate::message::{IssuerAndSerialNumber, MessageType};
use crate::{Error, Result, UnixTime};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This certificate (GetCert).
    Certificate(IssuerAndSerialNumber),
    /// The newest CRL of the CA that issued this certificate (GetCRL). It is the last resort: a
    /// certificate with a CRL distribution point says where its CRL is (section 2.7).
    Crl(IssuerAndSerialNumber),
}

impl Wanted {
    const fn id(&self) -> &IssuerAndSerialNumber {
        match self {
            Self::Certificate(id) | Self::Crl(id) => id,
        }
    }

    const fn message_type(&self) -> MessageType {
        match self {
            Self::Certificate(_) => MessageType::GetCert,
            Self::Crl(_) => MessageType::GetCrl,
        }
    }

    /// The section on its answers.
    const fn section(&self) -> &'static str {
        match self {
            Self::Certificate(_) => "4.5.1",
            Self::Crl(_) => "4.6.1",
        }
    }
}

/// Everything a query is told beforehand.
#[derive(Clone, Debug)]
pub struct QueryParams {
    /// The server, and how its CA is recognised.
    pub server: ServerParams,
    /// What is asked for.
    pub wanted: Wanted,
    /// Who asks: the client's own certificate or, where the server takes that, a self-signed one. The
    /// answer is encrypted to its key, which has to be RSA, since a query has no challenge password.
    pub signer: Signer,
    /// transactionID; by default a random one.
    pub transaction_id: TransactionIdChoice,
}

impl QueryParams {
    /// Parameters with a random transactionID.
    #[must_use]
    pub const fn new(server: ServerParams, wanted: Wanted, signer: Signer) -> Self {
        Self {
            server,
            wanted,
            signer,
            transaction_id: TransactionIdChoice::Random,
        }
    }
}

/// The transaction of a GetCert or GetCRL: one question, one answer.
///
/// To be used as an [`Enrollment`](super::Enrollment).
#[derive(Debug)]
pub struct Query {
    session: Session,
    params: QueryParams,
    /// Made with the message, then kept.
    sender: Option<Sender>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Ready,
    AwaitReply(Sent),
    Done(Box<Found>),
    Refused(Box<Refusal>),
}

impl Query {
    /// A new transaction.
    #[must_use]
    pub fn new(provider: Arc<dyn CryptoProvider>, params: QueryParams) -> Self {
        Self {
            session: Session::new(provider, params.server.clone()),
            params,
            sender: None,
            state: State::Ready,
        }
    }

    /// What to do. Asked again without a response in between, it gives the same request again.
    ///
    /// # Errors
    /// If the request cannot be made: `ForbiddenByPolicy` when the server offers nothing that the
    /// policy allows, `Unsupported` when the provider lacks an algorithm, `Misuse` when nothing can be
    /// encrypted to the CA's key or to the signer's.
    pub fn next(&mut self, rng: &mut dyn RandomSource) -> Result<Step<Found>> {
        if self.sender.is_none() {
            self.check()?;
        }
        if let Some(question) = self.session.question() {
            return Ok(Step::Send(question));
        }
        match &self.state {
            State::Ready => self.send(rng).map(Step::Send),
            State::AwaitReply(sent) => Ok(Step::Send(sent.request.clone())),
            State::Done(found) => Ok(Step::Done(found.clone())),
            State::Refused(refusal) => Ok(Step::Refused(refusal.clone())),
        }
    }

    /// Takes the response to the request that [`next`](Self::next) gave.
    ///
    /// After an error the transaction is where it was: `next` gives the same request again.
    ///
    /// # Errors
    /// `Malformed`, `PeerMisbehaved` or `NotAuthentic`, with the rule that the response broke;
    /// `Misuse` if no response is awaited. That the server has no such certificate is no error: see
    /// [`Step::Refused`].
    pub fn on_response(
        &mut self,
        response: &Response<'_>,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<()> {
        if self.session.on_answer(response, now)? {
            return Ok(());
        }
        let (State::AwaitReply(sent), Some(sender)) = (&self.state, &self.sender) else {
            return Err(no_response_awaited());
        };
        let expected = Expectation {
            sender,
            nonce: &sent.nonce,
            challenge: None,
        };
        let mut deviations = Deviations::default();
        let (session, wanted) = (&self.session, &self.params.wanted);
        let verdict = session.judge(response, &expected, &mut deviations, rng)?;
        self.state = match verdict {
            Verdict::Success(message_data) => {
                let answer = found::judge(session, &message_data, wanted, &mut deviations, now)?;
                self.session.note(&deviations);
                State::Done(Box::new(Found {
                    answer,
                    ca_certificates: self.session.ca()?.certificates.clone(),
                    deviations: self.session.deviations().clone(),
                }))
            }
            Verdict::Pending => {
                return Err(Error::rule(
                    wanted.section(),
                    format!(
                        "a {} was answered PENDING, where there is nothing to wait for",
                        wanted.message_type()
                    ),
                ));
            }
            Verdict::Failure(refusal) => {
                self.session.note(&deviations);
                State::Refused(Box::new(refusal))
            }
        };
        Ok(())
    }

    /// What the server said it can do.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        self.session.capabilities()
    }

    /// Who does what at the CA, once GetCACert was answered.
    #[must_use]
    pub fn ca_roles(&self) -> Option<&CaRoles> {
        self.session.known_ca().map(|ca| &ca.roles)
    }

    /// What was unusual so far.
    #[must_use]
    pub const fn deviations(&self) -> &Deviations {
        self.session.deviations()
    }

    /// Refuses a query whose answer could not be encrypted, before anything is sent.
    fn check(&self) -> Result<()> {
        let algorithm = self.params.signer.certificate().public_key_algorithm()?;
        if algorithm.can_encrypt() {
            return Ok(());
        }
        Err(Error::Misuse(format!(
            "the server can encrypt nothing to the key that signs the query ({algorithm}), and a query has \
             no challenge password to encrypt the answer with: sign it with an RSA key"
        )))
    }

    fn send(&mut self, rng: &mut dyn RandomSource) -> Result<Request> {
        let (session, params) = (&self.session, &self.params);
        let sender = match &self.sender {
            Some(sender) => sender.clone(),
            None => Sender {
                transaction_id: params.transaction_id.make(
                    session.provider(),
                    params.signer.key().spki_der(),
                    rng,
                )?,
                signer: params.signer.clone(),
            },
        };
        self.sender = Some(sender.clone());
        let wanted = &params.wanted;
        let (message_type, data) = (wanted.message_type(), wanted.id().to_der());
        let sent = session.pki_operation(message_type, &sender, &data, None, rng)?;
        let request = sent.request.clone();
        self.state = State::AwaitReply(sent);
        Ok(request)
    }
}
