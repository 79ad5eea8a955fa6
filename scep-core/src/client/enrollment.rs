//! An enrollment from GetCACaps to the certificate (RFC 8894 section 2.5), polling included.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::issued;
use super::operation::{Sender, Sent};
use super::reply::{Expectation, Verdict};
use super::session::{Session, no_response_awaited};
use super::{EnrollmentParams, Issued, Next, PendingTransaction, Refusal, Request, Response};
use crate::ca_certificates::CaRoles;
use crate::capabilities::Capabilities;
use crate::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, RandomSource};
use crate::deviation::Deviations;
use crate::message::{IssuerAndSubject, MessageType, TransactionId};
use crate::{Error, Result, UnixTime};

/// A transaction that gets a certificate.
///
/// Call [`next`](Self::next); do what it says; give the answer to
/// [`on_response`](Self::on_response); call `next` again.
#[derive(Debug)]
pub struct Enrollment {
    session: Session,
    params: EnrollmentParams,
    /// Made with the first message, then kept.
    sender: Option<Sender>,
    state: State,
    polls: u32,
    requested_at: Option<UnixTime>,
    /// Whether the server has said anything in this transaction.
    answered: bool,
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing but questions about the server was sent.
    Ready,
    AwaitReply {
        sent: Sent,
        /// When the poll was due, if this is one.
        poll_since: Option<UnixTime>,
    },
    Pending {
        next_poll: UnixTime,
    },
    GaveUp {
        next_poll: UnixTime,
    },
    Issued(Box<Issued>),
    Refused(Box<Refusal>),
}

impl Enrollment {
    /// A new transaction.
    #[must_use]
    pub fn new(provider: Arc<dyn CryptoProvider>, params: EnrollmentParams) -> Self {
        let next_ca = params.next_ca.as_ref();
        let next_ca = next_ca.map_or_else(Vec::new, |next| next.as_slice().to_vec());
        Self {
            session: Session::new(provider, params.server.clone()).with_next_ca(next_ca),
            params,
            sender: None,
            state: State::Ready,
            polls: 0,
            requested_at: None,
            answered: false,
        }
    }

    /// A transaction that was pending when the program ended; `params` must hold the same keys, and
    /// the challenge password if messages are encrypted with it.
    ///
    /// # Errors
    /// `Misuse` if one of these is missing, or is another one; `Malformed` if the stored certificates
    /// are broken.
    pub fn resume(
        provider: Arc<dyn CryptoProvider>,
        mut params: EnrollmentParams,
        pending: &PendingTransaction,
    ) -> Result<Self> {
        let signer = pending.restore(&mut params)?;
        let session = pending.session(provider, &params, &signer)?;
        let next_poll = pending.next_poll;
        Ok(Self {
            session,
            state: if params.retry.allows_no_poll_after(pending.polls) {
                State::GaveUp { next_poll }
            } else {
                State::Pending { next_poll }
            },
            sender: Some(Sender {
                transaction_id: pending.transaction_id.clone(),
                signer,
            }),
            polls: pending.polls,
            requested_at: pending.requested_at,
            answered: !pending.unanswered,
            params,
        })
    }

    /// What to do at the time `now`. Asked again without a response in between, it gives the same
    /// request again.
    ///
    /// # Errors
    /// If a request cannot be made: `ForbiddenByPolicy` when the server offers nothing that the
    /// policy allows, `Unsupported` when the provider lacks an algorithm or the server does not list
    /// renewal, `Misuse` when the certificate to be renewed has expired, or there is neither a key
    /// nor a challenge password to encrypt a message with.
    pub fn next(&mut self, now: UnixTime, rng: &mut dyn RandomSource) -> Result<Next> {
        if self.sender.is_none() {
            self.params.check(now)?;
        }
        if let Some(question) = self.session.question() {
            return Ok(Next::Send(question));
        }
        match &self.state {
            State::Ready => self.send_request(now, rng).map(Next::Send),
            State::AwaitReply { sent, .. } => Ok(Next::Send(sent.request.clone())),
            State::Pending { next_poll } if now < *next_poll => Ok(Next::WaitUntil(*next_poll)),
            State::Pending { next_poll } => self.send_poll(*next_poll, rng).map(Next::Send),
            State::Issued(issued) => Ok(Next::Issued(issued.clone())),
            State::Refused(refusal) => Ok(Next::Refused(refusal.clone())),
            State::GaveUp { .. } => self
                .pending()
                .map(|pending| Next::GaveUp(Box::new(pending)))
                .ok_or_else(no_pending_request),
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
        if self.session.on_answer(response, now)? {
            return Ok(());
        }
        let (State::AwaitReply { sent, .. }, Some(sender)) = (&self.state, &self.sender) else {
            return Err(no_response_awaited());
        };
        let expected = Expectation {
            sender,
            nonce: &sent.nonce,
            challenge: self.params.challenge.as_ref(),
        };
        let mut deviations = Deviations::default();
        let session = &self.session;
        let verdict = session.judge(response, &expected, &mut deviations, rng)?;
        self.state = match verdict {
            Verdict::Success(message_data) => {
                let spki = self.params.key.spki_der();
                let (certificate, others) =
                    issued::judge(session, &message_data, spki, &mut deviations, now)?;
                let ca_certificates = session.ca()?.trusted();
                self.session.note(&deviations);
                State::Issued(Box::new(Issued {
                    certificate,
                    others,
                    ca_certificates,
                    deviations: self.session.deviations().clone(),
                }))
            }
            Verdict::Pending => {
                self.session.note(&deviations);
                self.patience(now)
            }
            Verdict::Failure(refusal) => {
                self.session.note(&deviations);
                State::Refused(Box::new(refusal))
            }
        };
        self.answered = true;
        Ok(())
    }

    /// What the server said it can do.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        self.session.capabilities()
    }

    /// What is asked for.
    #[must_use]
    pub const fn params(&self) -> &EnrollmentParams {
        &self.params
    }

    /// Who does what at the CA, once GetCACert was answered.
    #[must_use]
    pub fn ca_roles(&self) -> Option<&CaRoles> {
        self.session.known_ca().map(|ca| &ca.roles)
    }

    /// transactionID, once the request was made.
    #[must_use]
    pub fn transaction_id(&self) -> Option<&TransactionId> {
        self.sender.as_ref().map(|sender| &sender.transaction_id)
    }

    /// What was unusual so far.
    #[must_use]
    pub const fn deviations(&self) -> &Deviations {
        self.session.deviations()
    }

    /// The digest and cipher that requests are sent with, by the capabilities and the policy.
    ///
    /// # Errors
    /// `ForbiddenByPolicy` if the two have nothing in common.
    pub fn algorithms(&self) -> Result<(DigestAlgorithm, ContentCipher)> {
        let (_, cipher) = self.session.algorithms()?;
        let digest = self
            .session
            .digest_for(self.params.signing_key().spki_der())?;
        Ok((digest, cipher))
    }

    /// The state to keep while the request is pending, also while a poll is on its way; `None`
    /// otherwise.
    #[must_use]
    pub fn pending(&self) -> Option<PendingTransaction> {
        let next_poll = match &self.state {
            State::Pending { next_poll } | State::GaveUp { next_poll } => *next_poll,
            State::AwaitReply { poll_since, .. } => (*poll_since)?,
            State::Ready | State::Issued(_) | State::Refused(_) => return None,
        };
        self.kept(next_poll)
    }

    /// The state to keep before the first request is sent, so that nothing is lost if its answer does
    /// not come: nobody knows then whether the server took it. Resumed from this state, the
    /// transaction asks by CertPoll, and gets the certificate if there is one; the same request again
    /// could get a second one. `None` if no first request was made, or it was answered.
    #[must_use]
    pub fn unanswered(&self) -> Option<PendingTransaction> {
        match &self.state {
            State::AwaitReply {
                poll_since: None, ..
            } => self.kept(self.requested_at?),
            _ => None,
        }
    }

    fn kept(&self, next_poll: UnixTime) -> Option<PendingTransaction> {
        let (sender, ca) = (self.sender.as_ref()?, self.session.known_ca()?);
        let capabilities = self.session.capabilities();
        let asked = PendingTransaction::new(&self.params, sender, capabilities, ca);
        Some(PendingTransaction {
            polls: self.polls,
            next_poll,
            unanswered: !self.answered,
            requested_at: self.requested_at,
            ..asked
        })
    }

    /// Whether to ask again.
    fn patience(&mut self, now: UnixTime) -> State {
        let retry = self.params.retry;
        let since = *self.requested_at.get_or_insert(now);
        match retry.next_poll(self.polls, since, now) {
            Some(next_poll) => State::Pending { next_poll },
            None => State::GaveUp {
                next_poll: now.plus(retry.interval(self.polls)),
            },
        }
    }

    fn send_request(&mut self, now: UnixTime, rng: &mut dyn RandomSource) -> Result<Request> {
        let (session, params) = (&self.session, &self.params);
        let message_type = params.message_type(session)?;
        let sender = match &self.sender {
            Some(sender) => sender.clone(),
            None => params.sender(session, now, rng)?,
        };
        self.sender = Some(sender.clone());
        let csr = params.certification_request(session, &sender, rng)?;
        self.requested_at = Some(now);
        self.send(message_type, &sender, csr.as_der(), None, rng)
    }

    fn send_poll(&mut self, due: UnixTime, rng: &mut dyn RandomSource) -> Result<Request> {
        let Some(sender) = self.sender.clone() else {
            return Err(no_pending_request());
        };
        let data = IssuerAndSubject {
            issuer: self.session.ca()?.roles.issuing_ca.subject().clone(),
            subject: self.params.subject.clone(),
        };
        let message_type = MessageType::CertPoll;
        let request = self.send(message_type, &sender, &data.to_der(), Some(due), rng)?;
        self.polls += 1;
        Ok(request)
    }

    fn send(
        &mut self,
        message_type: MessageType,
        sender: &Sender,
        message_data: &[u8],
        poll_since: Option<UnixTime>,
        rng: &mut dyn RandomSource,
    ) -> Result<Request> {
        let challenge = self.params.challenge.as_ref();
        let sent =
            self.session
                .pki_operation(message_type, sender, message_data, challenge, rng)?;
        let request = sent.request.clone();
        self.state = State::AwaitReply { sent, poll_since };
        Ok(request)
    }
}

#[cold]
fn no_pending_request() -> Error {
    Error::Misuse("there is no pending request".into())
}
