//! Looks through a [`Network`] and writes every look down as an observation.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use scep_failures::Level;
use scep_failures::observation::{
    HttpFacts, Observation, Observations, Outcome, Probe, Purpose, ReplyFacts, TlsFacts,
};

use crate::network::{HttpRequest, HttpResponse, Network, NetworkError, Resolution};
use crate::{base64, redact};

/// Octets of a body that an observation keeps.
pub(crate) const KEPT_BODY: usize = 64 << 10;
/// Of a CRL more, because a part of one says nothing; those of large CAs have megabytes.
const KEPT_CRL: usize = 4 << 20;

/// Is told of every observation when it has been made.
pub(crate) type Watch<'a> = &'a (dyn Fn(&Observation) + Send + Sync);

/// Changes a request.
pub(crate) type TamperFn = dyn Fn(Purpose, &mut HttpRequest) + Send + Sync;

/// The one place where observations are made, so that each is numbered, timed and redacted.
pub(crate) struct Observer<'a> {
    network: &'a dyn Network,
    began: Duration,
    watch: Watch<'a>,
    tamper: Option<&'a TamperFn>,
    observations: Observations,
}

impl<'a> Observer<'a> {
    pub(crate) fn new(network: &'a dyn Network, url: &str, level: Level, watch: Watch<'a>) -> Self {
        Self {
            network,
            began: network.elapsed(),
            watch,
            observations: Observations {
                url: redact::url(url, true),
                started: network.now().0,
                level,
                ..Observations::default()
            },
            tamper: None,
        }
    }

    /// Changes every HTTP request before it is sent.
    pub(crate) fn tampering(mut self, tamper: Option<&'a TamperFn>) -> Self {
        self.tamper = tamper;
        self
    }

    pub(crate) fn network(&self) -> &'a dyn Network {
        self.network
    }

    pub(crate) fn observations(&self) -> &Observations {
        &self.observations
    }

    pub(crate) fn observations_mut(&mut self) -> &mut Observations {
        &mut self.observations
    }

    pub(crate) fn into_observations(self) -> Observations {
        self.observations
    }

    pub(crate) async fn resolve(
        &mut self,
        host: &str,
        timeout: Duration,
    ) -> Result<Resolution, NetworkError> {
        let start = self.network.elapsed();
        let result = self.network.resolve(host, timeout).await;
        let outcome = outcome(&result, |found| Outcome::Resolved {
            addresses: found.addresses.iter().map(ToString::to_string).collect(),
            cnames: found.cnames.clone(),
        });
        self.note(Probe::Resolve { host: host.into() }, start, outcome);
        result
    }

    /// Connects to all addresses at once; the observations come in the order of the addresses.
    pub(crate) async fn connect_all(
        &mut self,
        addresses: &[SocketAddr],
        timeout: Duration,
    ) -> Vec<Result<(), NetworkError>> {
        let network = self.network;
        let looks = addresses
            .iter()
            .map(|&address| timed(network, network.connect(address, timeout)));
        let looks = join_all(looks).await;
        let mut results = Vec::new();
        for (address, look) in addresses.iter().zip(looks) {
            let outcome = outcome(&look.result, |()| Outcome::Connected);
            let probe = Probe::Connect {
                address: address.to_string(),
            };
            self.note_span(probe, look.span, outcome);
            results.push(look.result);
        }
        results
    }

    /// Makes a handshake with all addresses at once; in the order of the addresses.
    pub(crate) async fn tls_all(
        &mut self,
        addresses: &[SocketAddr],
        (server_name, port): (&str, u16),
        timeout: Duration,
    ) -> Vec<Result<TlsFacts, NetworkError>> {
        let network = self.network;
        let proxied = network.proxy().is_some();
        let looks = addresses.iter().map(|&address| {
            let handshake = async move {
                if proxied {
                    network
                        .tunnelled_tls_facts(address, server_name, port, timeout)
                        .await
                } else {
                    network.tls_facts(address, server_name, timeout).await
                }
            };
            timed(network, handshake)
        });
        let looks = join_all(looks).await;
        let mut results = Vec::new();
        for (address, look) in addresses.iter().zip(looks) {
            let probe = Probe::Tls {
                address: address.to_string(),
                server_name: server_name.into(),
            };
            let outcome = match &look.result {
                // that the proxy does not let through shows in full when something is asked
                Err(e) if proxied => Outcome::Skipped {
                    reason: e.to_string(),
                },
                result => outcome(result, |facts| Outcome::Secured(facts.clone())),
            };
            self.note_span(probe, look.span, outcome);
            results.push(look.result);
        }
        results
    }

    /// Sends requests at once; the observations come in their order.
    pub(crate) async fn http_all(
        &mut self,
        asks: Vec<(Purpose, HttpRequest)>,
    ) -> Vec<Result<HttpResponse, NetworkError>> {
        let network = self.network;
        let asks: Vec<(Purpose, HttpRequest)> = asks
            .into_iter()
            .map(|(purpose, mut request)| {
                if let Some(tamper) = self.tamper {
                    tamper(purpose, &mut request);
                }
                (purpose, request)
            })
            .collect();
        let looks = asks
            .iter()
            .map(|(_, request)| timed(network, network.exchange(request)));
        let looks = join_all(looks).await;
        let mut results = Vec::new();
        for ((purpose, request), look) in asks.iter().zip(looks) {
            let outcome = outcome(&look.result, |response| {
                Outcome::Response(http_facts(*purpose, response))
            });
            self.note_span(http_probe(*purpose, request), look.span, outcome);
            results.push(look.result);
        }
        results
    }

    pub(crate) async fn http(
        &mut self,
        purpose: Purpose,
        request: &HttpRequest,
    ) -> Result<HttpResponse, NetworkError> {
        self.http_judged(purpose, request, |_| None).await
    }

    /// An exchange of which `judge` can say more than what was received.
    pub(crate) async fn http_judged(
        &mut self,
        purpose: Purpose,
        request: &HttpRequest,
        judge: impl FnOnce(&HttpResponse) -> Option<ReplyFacts>,
    ) -> Result<HttpResponse, NetworkError> {
        let mut changed;
        let request = match self.tamper {
            Some(tamper) => {
                changed = request.clone();
                tamper(purpose, &mut changed);
                &changed
            }
            None => request,
        };
        let start = self.network.elapsed();
        let result = self.network.exchange(request).await;
        let outcome = outcome(&result, |response| {
            let mut facts = http_facts(purpose, response);
            facts.reply = judge(response).map(Box::new);
            Outcome::Response(facts)
        });
        self.note(http_probe(purpose, request), start, outcome);
        result
    }

    /// The last observation is a certificate that a chain lacked: whether it completes it.
    pub(crate) fn judged(&mut self, completes: bool) {
        if let Some(Observation {
            outcome: Outcome::Response(facts),
            ..
        }) = self.observations.items.last_mut()
        {
            facts.completes_chain = Some(completes);
        }
    }

    /// Notes what was not tried.
    pub(crate) fn skip(&mut self, probe: Probe, reason: impl Into<String>) {
        let now = self.network.elapsed();
        self.note(
            probe,
            now,
            Outcome::Skipped {
                reason: reason.into(),
            },
        );
    }

    fn note(&mut self, probe: Probe, start: Duration, outcome: Outcome) {
        let end = self.network.elapsed();
        self.note_span(probe, Span { start, end }, outcome);
    }

    fn note_span(&mut self, probe: Probe, span: Span, outcome: Outcome) {
        let n = self.observations.items.len() + 1;
        let observation = Observation {
            n: u32::try_from(n).unwrap_or(u32::MAX),
            probe,
            at_ms: millis(span.start.saturating_sub(self.began)),
            elapsed_ms: millis(span.end.saturating_sub(span.start)),
            outcome,
        };
        (self.watch)(&observation);
        self.observations.items.push(observation);
    }
}

/// From when to when.
#[derive(Clone, Copy)]
struct Span {
    start: Duration,
    end: Duration,
}

/// A result and how long it took.
struct Timed<T> {
    result: T,
    span: Span,
}

async fn timed<T>(network: &dyn Network, work: impl Future<Output = T>) -> Timed<T> {
    let start = network.elapsed();
    let result = work.await;
    let end = network.elapsed();
    Timed {
        result,
        span: Span { start, end },
    }
}

fn http_probe(purpose: Purpose, request: &HttpRequest) -> Probe {
    Probe::Http {
        purpose,
        method: request.method.clone(),
        url: redact::url(&request.url, hides_message(purpose)),
    }
}

/// Whether a request of this purpose carries a `message` that is not written down.
pub(crate) const fn hides_message(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::LongUrl
            | Purpose::PkiOperationPost
            | Purpose::PkiOperationGet
            | Purpose::PkiOperationGetRaw
            | Purpose::Enroll
            | Purpose::Poll
    )
}

/// Whether what answers is a page for people, on which a challenge password might stand.
pub(crate) const fn is_page(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::MscepAdmin | Purpose::BaseUrl | Purpose::Root
    )
}

fn outcome<T>(result: &Result<T, NetworkError>, ok: impl FnOnce(&T) -> Outcome) -> Outcome {
    match result {
        Ok(value) => ok(value),
        Err(e) => Outcome::Failed {
            error: e.kind,
            detail: e.detail.clone(),
        },
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn http_facts(purpose: Purpose, response: &HttpResponse) -> HttpFacts {
    let kept = if purpose == Purpose::Crl {
        KEPT_CRL
    } else {
        KEPT_BODY
    };
    let mut body = response.body.get(..kept).unwrap_or(&response.body).to_vec();
    if is_page(purpose) {
        redact::challenge_passwords(&mut body);
    }
    let headers = response.headers.iter();
    HttpFacts {
        status: response.status,
        reason: response.reason.clone(),
        headers: headers
            .map(|(n, value)| (n.clone(), redact::header(n, value)))
            .collect(),
        body: base64::encode(&body),
        body_len: u64::try_from(response.body.len()).unwrap_or(u64::MAX),
        reply: None,
        completes_chain: None,
    }
}
