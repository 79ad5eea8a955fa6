//! Client and deployment in one memory, on a clock that nobody waits for.

use std::net::SocketAddr;
use std::time::Duration;

use scep_client::Network;
use scep_client::net::{TrustStore, judge_chain};
use scep_client::network::{HttpRequest, HttpResponse, NetworkError, Resolution};
use scep_core::UnixTime;
use scep_core::x509::Certificate;
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};
use scep_server_mock::MemoryHost;
use scep_server_mock::memory::{Failure, Handshake};
use scep_server_mock::wire::{Request, Response, Scheme};

/// A network whose other end is a simulated deployment.
///
/// Every exchange takes as long as the deployment says, on a clock of its own: a run with many
/// 85-second time-outs takes no time at all.
#[derive(Debug)]
pub struct Loopback {
    host: MemoryHost,
    trust: TrustStore,
}

impl Loopback {
    /// A network to `host`. The client trusts the root CA that the simulation calls public.
    ///
    /// # Errors
    /// If that root is unusable.
    pub fn new(host: MemoryHost) -> scep_client::Result<Self> {
        let mut trust = TrustStore::empty();
        trust.add_der(host.with(|s| s.deployment().public_tls_root()).as_der())?;
        Ok(Self { host, trust })
    }

    /// The other end.
    #[must_use]
    pub const fn host(&self) -> &MemoryHost {
        &self.host
    }

    fn facts(&self, handshake: &Handshake, server_name: &str) -> TlsFacts {
        let chain: Vec<&[u8]> = handshake.chain.iter().map(Certificate::as_der).collect();
        TlsFacts {
            version: if handshake.tls13 {
                "TLS 1.3"
            } else {
                "TLS 1.2"
            }
            .into(),
            verdict: judge_chain(&chain, server_name, &self.trust, self.host.now()),
            chain: chain.iter().map(|der| base64_text(der)).collect(),
            client_certificate_requested: handshake.client_certificate_requested,
        }
    }
}

/// Octets as an observation holds them.
pub(crate) fn base64_text(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

fn failed(failure: Failure) -> NetworkError {
    let (kind, detail) = match failure {
        Failure::NameNotFound => (NetworkErrorKind::NameNotFound, "NXDOMAIN"),
        Failure::ResolverFailed => (NetworkErrorKind::ResolverFailed, "SERVFAIL"),
        Failure::ProtocolVersion => (
            NetworkErrorKind::TlsFailed,
            "received fatal alert: ProtocolVersion",
        ),
        Failure::Refused => (NetworkErrorKind::Refused, "RST in answer to SYN"),
        Failure::Unreachable => (NetworkErrorKind::Unreachable, "no route to this address"),
        Failure::TimedOut => (NetworkErrorKind::TimedOut, "silence"),
        Failure::Reset => (NetworkErrorKind::Reset, "RST in answer to the request"),
        Failure::NoTls => (NetworkErrorKind::TlsFailed, "no TLS is spoken there"),
    };
    NetworkError {
        kind,
        detail: detail.into(),
    }
}

#[async_trait::async_trait]
impl Network for Loopback {
    fn now(&self) -> UnixTime {
        self.host.now()
    }

    fn elapsed(&self) -> Duration {
        self.host.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.host.advance(duration);
    }

    async fn resolve(&self, host: &str, _timeout: Duration) -> Result<Resolution, NetworkError> {
        let resolved = self.host.resolve(host).map_err(failed)?;
        Ok(Resolution {
            addresses: resolved.addresses,
            cnames: resolved.cnames,
        })
    }

    async fn connect(&self, address: SocketAddr, timeout: Duration) -> Result<(), NetworkError> {
        self.host.connect(address, timeout).map_err(failed)
    }

    async fn tls_facts(
        &self,
        address: SocketAddr,
        server_name: &str,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        let handshake = self.host.tls(address, timeout).map_err(failed)?;
        Ok(self.facts(&handshake, server_name))
    }

    fn judge(&self, chain: &[Vec<u8>], server_name: &str) -> Option<TlsVerdict> {
        judge_chain(chain, server_name, &self.trust, self.host.now())
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError> {
        let sent = on_the_wire(request)?;
        let address = match request.address {
            Some(address) => address,
            None => {
                let resolved = self.host.resolve(&sent.host).map_err(failed)?;
                let ip = resolved
                    .addresses
                    .first()
                    .copied()
                    .ok_or_else(|| failed(Failure::NameNotFound))?;
                SocketAddr::new(ip, sent.scheme.default_port())
            }
        };
        if sent.scheme == Scheme::Https && request.require_trusted_tls {
            let handshake = self.host.tls(address, request.timeout).map_err(failed)?;
            if self.facts(&handshake, &sent.host).verdict.is_some() {
                return Err(NetworkError {
                    kind: NetworkErrorKind::TlsFailed,
                    detail: "the chain is not trusted".into(),
                });
            }
        }
        let response = self
            .host
            .exchange(address, &sent, request.timeout)
            .map_err(failed)?;
        received(response, request.max_body)
    }
}

/// The request with the fields that every HTTP client adds.
fn on_the_wire(request: &HttpRequest) -> Result<Request, NetworkError> {
    let mut sent = Request::get(&request.url).ok_or_else(|| NetworkError {
        kind: NetworkErrorKind::NotHttp,
        detail: "the URL is neither http nor https".into(),
    })?;
    sent.method.clone_from(&request.method);
    sent.headers = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    sent.headers.push(("host".into(), sent.host.clone()));
    sent.headers.push((
        "user-agent".into(),
        concat!("scep/", env!("CARGO_PKG_VERSION")).into(),
    ));
    if request.method == "POST" {
        sent.headers
            .push(("content-length".into(), request.body.len().to_string()));
    }
    sent.body.clone_from(&request.body);
    Ok(sent)
}

fn received(response: Response, max_body: usize) -> Result<HttpResponse, NetworkError> {
    if response.body.len() > max_body {
        return Err(NetworkError {
            kind: NetworkErrorKind::TooLong,
            detail: format!(
                "the body has {} octets, {max_body} are read",
                response.body.len()
            ),
        });
    }
    Ok(HttpResponse {
        status: response.status,
        reason: response.reason,
        headers: response
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
        body: response.body,
    })
}
