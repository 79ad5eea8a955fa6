//! Drives a transaction of [`scep_core::client`] over a [`Network`](crate::Network).

use std::net::SocketAddr;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::capabilities::Capability;
use scep_core::client::{
    Enrollment, Issued, Method, MethodChoice, Next, PendingTransaction, Refusal, Request, Response,
};
use scep_core::crypto::{PrivateKey, PublicKeyAlgorithm};
use scep_core::error::Check;
use scep_core::http::{Operation, parse_date, pki_operation_get_url};
use scep_core::message::ChallengePassword;
use scep_core::x509::Extension;
use scep_failures::observation::{NetworkErrorKind, Purpose, ReplyFacts};

use super::{EnrollOptions, Event, Outcome, PendingState};
use crate::network::{HttpRequest, HttpResponse, NetworkError};
use crate::observer::Observer;
use crate::{Error, Result};

/// Responses that are known already and not asked for again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) capabilities: Option<HttpResponse>,
    pub(crate) ca_certificates: Option<HttpResponse>,
}

/// What the caller can vouch for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Claims {
    /// The challenge password is known to be wrong.
    pub(crate) wrong_challenge: bool,
    /// When the challenge password was handed out.
    pub(crate) challenge_obtained: Option<UnixTime>,
}

/// Where a transaction stands.
pub(crate) enum Step {
    Issued(Box<Issued>),
    Refused(Box<Refusal>),
    Wait(UnixTime),
    /// Still pending, after as many polls or as much time as the transaction was given.
    GaveUp,
}

/// A transaction, and the way to the server.
pub(crate) struct Driver<'o, 'n> {
    observer: &'o mut Observer<'n>,
    enrollment: Enrollment,
    /// As the enrollment was told.
    method: MethodChoice,
    options: &'o EnrollOptions,
    pub(crate) known: Known,
    pub(crate) claims: Claims,
    /// What the PKCSReq is sent for.
    pub(crate) purpose: Purpose,
    /// Connect here.
    pub(crate) address: Option<SocketAddr>,
    /// The last state in which the request was pending.
    pending: Option<PendingTransaction>,
    /// POST was tried and is of no use here.
    by_get: bool,
}

impl<'o, 'n> Driver<'o, 'n> {
    pub(crate) fn new(
        observer: &'o mut Observer<'n>,
        enrollment: Enrollment,
        method: MethodChoice,
        options: &'o EnrollOptions,
    ) -> Self {
        Self {
            observer,
            pending: enrollment.pending(),
            enrollment,
            method,
            options,
            known: Known::default(),
            claims: Claims::default(),
            purpose: Purpose::Enroll,
            address: None,
            by_get: false,
        }
    }

    /// The last state in which the request was pending.
    pub(crate) fn pending(&self) -> Option<Box<PendingState>> {
        let pending = self.pending.clone()?;
        Some(Box::new(PendingState::new(pending, self.method_to_keep())))
    }

    const fn method_to_keep(&self) -> MethodChoice {
        if self.by_get {
            MethodChoice::Get
        } else {
            self.method
        }
    }

    /// GET or POST, as PKIOperation is sent.
    fn method(&self) -> Method {
        let post = match self.method {
            MethodChoice::ByCapabilities => self
                .enrollment
                .capabilities()
                .has(Capability::PostPkiOperation),
            MethodChoice::Get => false,
            MethodChoice::Post => true,
        };
        if post { Method::Post } else { Method::Get }
    }

    /// Goes on until there is a decision, or the patience for a pending request ends.
    pub(crate) async fn run(&mut self) -> Result<Outcome> {
        let network = self.observer.network();
        let deadline = network.elapsed().saturating_add(self.options.wait);
        loop {
            match self.step().await? {
                Step::Issued(issued) => return Ok(Outcome::Issued(issued)),
                Step::Refused(refusal) => return Ok(Outcome::Refused(refusal)),
                Step::GaveUp => {
                    let state = self.pending();
                    let state =
                        state.ok_or_else(|| Error::misuse("there is no pending request"))?;
                    return Ok(Outcome::Pending(state));
                }
                Step::Wait(until) => {
                    let pause = until.since(network.now());
                    if network.elapsed().saturating_add(pause) > deadline
                        && let Some(state) = self.pending()
                    {
                        return Ok(Outcome::Pending(state));
                    }
                    network.sleep(pause).await;
                }
            }
        }
    }

    /// Goes on until there is a decision, or nothing to do now.
    pub(crate) async fn step(&mut self) -> Result<Step> {
        loop {
            let polling = self.enrollment.pending().is_some();
            let now = self.observer.network().now();
            let mut random = self.options.random.clone();
            let next = self
                .enrollment
                .next(now, &mut random)
                .map_err(|e| Error::scep("making the request", e))?;
            match next {
                Next::Send(request) => self.perform(&request, polling).await?,
                Next::WaitUntil(time) => return Ok(Step::Wait(time)),
                Next::GaveUp(pending) => {
                    self.pending = Some(*pending);
                    return Ok(Step::GaveUp);
                }
                Next::Issued(issued) => return Ok(Step::Issued(issued)),
                Next::Refused(refusal) => return Ok(Step::Refused(refusal)),
            }
        }
    }

    async fn perform(&mut self, request: &Request, polling: bool) -> Result<()> {
        let known = match request.operation {
            Operation::GetCaCaps => self.known.capabilities.clone(),
            Operation::GetCaCert => self.known.ca_certificates.clone(),
            Operation::GetNextCaCert | Operation::PkiOperation => None,
        };
        if let Some(response) = known {
            return self.accept(request, &response);
        }
        let purpose = match request.operation {
            Operation::GetCaCaps => Purpose::GetCaCaps,
            Operation::GetCaCert | Operation::GetNextCaCert => Purpose::GetCaCert,
            Operation::PkiOperation if polling => Purpose::Poll,
            Operation::PkiOperation => self.purpose,
        };
        let mut sent = self.http_request(request);
        if let Some(state) = self.enrollment.unanswered() {
            let state = PendingState::new(state, self.method_to_keep());
            (self.options.keep)(&state)?;
        }
        for attempt in 0.. {
            let mut accepted = None;
            let network = self.observer.network();
            let (retry, random) = (self.options.retry, &self.options.random);
            let (enrollment, claims) = (&mut self.enrollment, self.claims);
            let result = self
                .observer
                .http_judged(purpose, &sent, |response| {
                    let now = network.now();
                    if retry
                        .after(attempt, &Ok(response.clone()), now, request.operation)
                        .is_some()
                    {
                        return None;
                    }
                    let answer = on_response(enrollment, response, now, random.clone());
                    let facts = (request.operation == Operation::PkiOperation).then(|| {
                        // how old a certificate is, is a matter of the server's clock
                        let date = response.header("date").and_then(parse_date);
                        let clocks = (now, date.unwrap_or(now));
                        reply_facts(enrollment, &answer, clocks, random.clone(), claims)
                    });
                    accepted = Some(answer);
                    facts
                })
                .await;
            if let Some(after) = retry.after(attempt, &result, network.now(), request.operation) {
                (self.options.progress)(&Event::Retrying { n: self.n(), after });
                network.sleep(after).await;
                continue;
            }
            if self.is_told_to_get(&sent, &result) {
                self.by_get = true;
                sent = self.http_request(request);
                (self.options.progress)(&Event::GetInstead { n: self.n() });
                continue;
            }
            if may_have_been_taken(&result) {
                self.pending = self.enrollment.unanswered().or_else(|| self.pending.take());
            }
            let doing = || request.operation.name();
            let response = result.map_err(|e| Error::network(doing(), e))?;
            return match accepted {
                Some(Ok(())) => {
                    self.tell(request);
                    match self.pending() {
                        Some(state) => (self.options.keep)(&state),
                        None => Ok(()),
                    }
                }
                Some(Err(e)) => Err(refused_by_http(doing(), &response, e)),
                // unreachable: what is not repeated was judged
                None => Err(Error::misuse("the response was not judged")),
            };
        }
        Ok(())
    }

    /// Takes a response that was asked for before.
    fn accept(&mut self, request: &Request, response: &HttpResponse) -> Result<()> {
        let now = self.observer.network().now();
        on_response(
            &mut self.enrollment,
            response,
            now,
            self.options.random.clone(),
        )
        .map_err(|e| refused_by_http(request.operation.name(), response, e))
    }

    fn http_request(&self, request: &Request) -> HttpRequest {
        let mut url = request.url.clone();
        if self.purpose == Purpose::PkiOperationGetRaw
            && request.operation == Operation::PkiOperation
        {
            // only the padding stays escaped
            url = url.replace("%2B", "+").replace("%2F", "/");
        }
        let content_type = request
            .content_type
            .map(|value| ("content-type".into(), value.into()));
        let (mut method, mut body) = (request.method, request.body.clone());
        let mut headers: Vec<_> = content_type.into_iter().collect();
        if self.by_get && method == Method::Post {
            let base = &self.enrollment.params().server.url;
            url = pki_operation_get_url(base, &body);
            method = Method::Get;
            body.clear();
            headers.clear();
        }
        HttpRequest {
            method: method.as_str().into(),
            headers,
            body,
            address: self.address,
            timeout: self.timeout(request.operation),
            max_body: self.options.max_body,
            require_trusted_tls: self.options.require_trusted_tls,
            ..HttpRequest::get(url)
        }
    }

    /// Whether a server that lists POST has to be asked by GET all the same: it says so by its status, or
    /// answers with nothing at all, as Windows Server 2012 does. It is the same message again, so a
    /// server that took it already knows it.
    fn is_told_to_get(
        &self,
        sent: &HttpRequest,
        result: &std::result::Result<HttpResponse, NetworkError>,
    ) -> bool {
        let wanted = self.options.get_fallback && self.method == MethodChoice::ByCapabilities;
        let refused = |r: &HttpResponse| match r.status {
            405 | 501 => true,
            status => status == 200 && r.body.is_empty(),
        };
        wanted && sent.method == Method::Post.as_str() && result.as_ref().is_ok_and(refused)
    }

    const fn timeout(&self, operation: Operation) -> Duration {
        match operation {
            Operation::PkiOperation => self.options.pki_operation_timeout,
            Operation::GetCaCaps | Operation::GetCaCert | Operation::GetNextCaCert => {
                self.options.timeout
            }
        }
    }

    /// Number of the last observation.
    fn n(&self) -> u32 {
        u32::try_from(self.observer.observations().items.len()).unwrap_or(u32::MAX)
    }

    /// Tells the listener what the last exchange brought.
    fn tell(&mut self, request: &Request) {
        let n = self.n();
        let progress = &self.options.progress;
        match request.operation {
            Operation::GetCaCaps => progress(&Event::Capabilities {
                n,
                capabilities: self.enrollment.capabilities(),
                method: self.method(),
                algorithms: self.enrollment.algorithms().ok(),
            }),
            Operation::GetCaCert | Operation::GetNextCaCert => {
                if let Some(roles) = self.enrollment.ca_roles() {
                    progress(&Event::CaCertificates { n, roles });
                }
            }
            Operation::PkiOperation => {
                if let Some(pending) = self.enrollment.pending() {
                    progress(&Event::Pending {
                        n,
                        transaction_id: &pending.transaction_id,
                        next_poll: pending.next_poll,
                    });
                    self.pending = Some(pending);
                    return;
                }
                self.pending = None;
                let now = self.observer.network().now();
                match self.enrollment.next(now, &mut self.options.random.clone()) {
                    Ok(Next::Issued(issued)) => progress(&Event::Issued { n, issued: &issued }),
                    Ok(Next::Refused(refusal)) => progress(&Event::Refused {
                        n,
                        refusal: &refusal,
                    }),
                    Ok(Next::Send(_) | Next::WaitUntil(_) | Next::GaveUp(_)) | Err(_) => {}
                }
            }
        }
    }
}

/// Whether a request without a good answer may still have reached the server and been dealt with.
fn may_have_been_taken(result: &std::result::Result<HttpResponse, NetworkError>) -> bool {
    match result {
        Ok(response) => !matches!(response.status, 400..=499 | 503),
        Err(e) => matches!(
            e.kind,
            NetworkErrorKind::TimedOut
                | NetworkErrorKind::Reset
                | NetworkErrorKind::Closed
                | NetworkErrorKind::NotHttp
                | NetworkErrorKind::TooLong
        ),
    }
}

fn on_response(
    enrollment: &mut Enrollment,
    response: &HttpResponse,
    now: UnixTime,
    mut random: crate::random::SharedRandom,
) -> scep_core::Result<()> {
    let response = Response {
        status: response.status,
        content_type: response.header("content-type"),
        body: &response.body,
    };
    enrollment.on_response(&response, now, &mut random)
}

/// What the transaction made of a reply.
fn reply_facts(
    enrollment: &mut Enrollment,
    answer: &scep_core::Result<()>,
    (now, date): (UnixTime, UnixTime),
    mut random: crate::random::SharedRandom,
    claims: Claims,
) -> ReplyFacts {
    let age = claims
        .challenge_obtained
        .map(|obtained| now.since(obtained).as_secs());
    let mut facts = ReplyFacts {
        wrong_challenge_sent: claims.wrong_challenge,
        challenge_age_s: age,
        challenge_sent: Some(enrollment.params().challenge.is_some()),
        ..ReplyFacts::default()
    };
    let params = enrollment.params();
    facts.challenge_form = params.challenge.as_ref().map(|c| form(c).to_owned());
    let renewed = params.renewal.as_ref();
    facts.renewal = Some(renewed.is_some());
    let signer = renewed.map_or(&params.key, |renewal| renewal.current.key());
    facts.signer_key = Some(key_word(signer.as_ref()).to_owned());
    if let Err(e) = answer {
        facts.error = Some(e.to_string());
        facts.refused_for = Some(check_word(e).to_owned());
    } else if enrollment.pending().is_some() {
        facts.status = Some("pending".into());
    } else {
        // decided, so this changes nothing
        match enrollment.next(now, &mut random) {
            Ok(Next::Issued(issued)) => {
                facts.status = Some("success".into());
                facts.issued_serial = Some(issued.certificate.serial_hex());
                let age = date.0.saturating_sub(issued.certificate.not_before().0);
                facts.certificate_age_s = Some(age);
                let (params, certificate) = (enrollment.params(), &issued.certificate);
                facts.subject_kept = Some(certificate.subject().matches(&params.subject));
                let have = certificate.subject_alt_names();
                let asked = Extension::names_asked_for(&params.extensions);
                facts.names_kept = Some(asked.iter().all(|name| have.contains(name)));
            }
            Ok(Next::Refused(_)) => facts.status = Some("failure".into()),
            Ok(Next::Send(_) | Next::WaitUntil(_) | Next::GaveUp(_)) | Err(_) => {}
        }
    }
    facts
}

/// Longer than any password that NDES hands out: Intune's are signed messages.
const LONGEST_PASSWORD: usize = 128;

fn form(challenge: &ChallengePassword) -> &'static str {
    if challenge.expose().len() > LONGEST_PASSWORD {
        "intune"
    } else {
        "short"
    }
}

fn key_word(key: &dyn PrivateKey) -> &'static str {
    match PublicKeyAlgorithm::of_spki(key.spki_der()) {
        Ok(PublicKeyAlgorithm::Rsa { .. }) => "rsa",
        Ok(PublicKeyAlgorithm::EcP256 | PublicKeyAlgorithm::EcP384) => "ec",
        _ => "other",
    }
}

/// Why a reply was not accepted, in a word.
const fn check_word(e: &scep_core::Error) -> &'static str {
    match e {
        scep_core::Error::Malformed { .. } => "encoding",
        scep_core::Error::NotAuthentic { check, .. } => match check {
            Check::Signature | Check::MessageDigest => "signature",
            Check::SignerKnown => "signer-unknown",
            Check::SignerTrusted => "signer-untrusted",
            Check::Recipient => "recipient",
            Check::Decryption => "decryption",
            _ => "other",
        },
        scep_core::Error::PeerMisbehaved { section, .. } => match section.as_bytes() {
            b"3.2.1.1" => "transaction-id",
            b"3.2.1.5" => "nonce",
            _ => "other",
        },
        scep_core::Error::Unsupported { .. } | scep_core::Error::ForbiddenByPolicy { .. } => {
            "algorithm"
        }
        _ => "other",
    }
}

/// The error of a response: its HTTP status, if that was the trouble.
pub(crate) fn refused_by_http(doing: &str, response: &HttpResponse, e: scep_core::Error) -> Error {
    if response.status == 200 {
        Error::scep(doing, e)
    } else {
        Error::Http {
            doing: doing.into(),
            status: response.status,
            reason: response.reason.clone(),
        }
    }
}
