//! Client and deployment in one memory, on a clock that nobody waits for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scep_client::Network;
use scep_client::net::{TrustStore, judge_chain};
use scep_client::network::{HttpRequest, HttpResponse, NetworkError, Resolution};
use scep_core::UnixTime;
use scep_failures::observation::{NetworkErrorKind, TlsFacts};
use scep_server_mock::simulation::Simulation;
use scep_server_mock::state::NetworkPath;
use scep_server_mock::wire::{Outcome, Request, Response, Scheme};
use scep_server_mock::{Error, names};

/// Time that passes on the way, per exchange.
const ROUND_TRIP: Duration = Duration::from_millis(1);

/// Names of the simulated organisation and their addresses (documentation addresses, RFC 5737).
const HOSTS: [(&str, Ipv4Addr, Option<&str>); 3] = [
    (names::NDES_HOST, Ipv4Addr::new(192, 0, 2, 17), None),
    (
        names::PROXY_HOST,
        Ipv4Addr::new(198, 51, 100, 8),
        Some(names::PROXY_CNAME),
    ),
    (names::PKI_HOST, Ipv4Addr::new(192, 0, 2, 20), None),
];

/// A network whose other end is a simulated deployment.
///
/// Every exchange takes as long as the deployment says, on a clock of its own: a run with many
/// 85-second time-outs takes no time at all.
#[derive(Debug)]
pub struct Loopback {
    inner: Mutex<Inner>,
    trust: TrustStore,
}

#[derive(Debug)]
struct Inner {
    simulation: Simulation,
    start: UnixTime,
    elapsed: Duration,
    requests: u32,
}

impl Inner {
    fn now(&self) -> UnixTime {
        self.start.plus(self.elapsed)
    }
}

impl Loopback {
    /// A network to `simulation`, whose clock stands at `now`. The client trusts the root CA that
    /// the simulation calls public.
    ///
    /// # Errors
    /// If that root is unusable.
    pub fn new(simulation: Simulation, now: UnixTime) -> scep_client::Result<Self> {
        let mut trust = TrustStore::empty();
        trust.add_der(simulation.deployment().public_tls_root().as_der())?;
        let inner = Inner {
            simulation,
            start: now,
            elapsed: Duration::ZERO,
            requests: 0,
        };
        Ok(Self {
            inner: Mutex::new(inner),
            trust,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the simulation at the present time; the clock follows if it moves.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Simulation, &mut UnixTime) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut inner = self.lock();
        let mut now = inner.now();
        let before = now;
        let result = change(&mut inner.simulation, &mut now);
        inner.elapsed += now.since(before);
        result
    }

    /// Looks at the simulation.
    pub fn look<T>(&self, look: impl FnOnce(&Simulation) -> T) -> T {
        look(&self.lock().simulation)
    }

    /// HTTP requests that were made so far.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.lock().requests
    }

    /// Whether packets to this address arrive, and if not, how long the sender waits.
    fn reach(&self, address: SocketAddr, timeout: Duration) -> Result<(), NetworkError> {
        let mut inner = self.lock();
        let known = HOSTS
            .iter()
            .find(|(_, ip, _)| IpAddr::V4(*ip) == address.ip());
        let path = inner.simulation.deployment().state().client_network.path;
        let to_pki = known.is_some_and(|(name, _, _)| *name == names::PKI_HOST);
        match (known, path) {
            (None, _) => Err(error(
                NetworkErrorKind::Unreachable,
                "no route to this address",
            )),
            (Some(_), NetworkPath::Filtered) if !to_pki => {
                inner.elapsed += timeout;
                Err(error(NetworkErrorKind::TimedOut, "no answer to SYN"))
            }
            (Some(_), NetworkPath::Refused) if !to_pki => {
                inner.elapsed += ROUND_TRIP;
                Err(error(NetworkErrorKind::Refused, "RST in answer to SYN"))
            }
            (Some(_), _) => {
                inner.elapsed += ROUND_TRIP;
                if address.port() == 443 && inner.simulation.deployment().tls_handshake().is_none()
                {
                    return Err(error(
                        NetworkErrorKind::Refused,
                        "nothing listens on port 443",
                    ));
                }
                Ok(())
            }
        }
    }

    /// The handshake at the present time, judged.
    fn handshake(&self, server_name: &str) -> Result<TlsFacts, NetworkError> {
        let inner = self.lock();
        let handshake = inner
            .simulation
            .deployment()
            .tls_handshake()
            .ok_or_else(|| error(NetworkErrorKind::Refused, "nothing listens on port 443"))?;
        let chain: Vec<&[u8]> = handshake
            .chain
            .iter()
            .map(scep_core::x509::Certificate::as_der)
            .collect();
        Ok(TlsFacts {
            version: "TLS 1.2".into(),
            verdict: judge_chain(&chain, server_name, &self.trust, inner.now()),
            chain: chain.iter().map(|der| base64_text(der)).collect(),
            client_certificate_requested: handshake.client_certificate_requested,
        })
    }
}

/// Octets as an observation holds them.
pub(crate) fn base64_text(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

fn error(kind: NetworkErrorKind, detail: &str) -> NetworkError {
    NetworkError {
        kind,
        detail: detail.into(),
    }
}

#[async_trait::async_trait]
impl Network for Loopback {
    fn now(&self) -> UnixTime {
        self.lock().now()
    }

    fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        self.lock().elapsed += duration;
    }

    async fn resolve(&self, host: &str, _timeout: Duration) -> Result<Resolution, NetworkError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Resolution {
                addresses: vec![address],
                cnames: Vec::new(),
            });
        }
        self.lock().elapsed += ROUND_TRIP;
        HOSTS
            .iter()
            .find(|(name, _, _)| name.eq_ignore_ascii_case(host))
            .map(|(_, address, cname)| Resolution {
                addresses: vec![IpAddr::V4(*address)],
                cnames: cname.iter().map(ToString::to_string).collect(),
            })
            .ok_or_else(|| {
                error(
                    NetworkErrorKind::NameNotFound,
                    "the name is not in this organisation",
                )
            })
    }

    async fn connect(&self, address: SocketAddr, timeout: Duration) -> Result<(), NetworkError> {
        self.reach(address, timeout)
    }

    async fn tls_facts(
        &self,
        address: SocketAddr,
        server_name: &str,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        self.reach(address, timeout)?;
        self.handshake(server_name)
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError> {
        let mut sent = Request::get(&request.url).ok_or_else(|| {
            error(
                NetworkErrorKind::NotHttp,
                "the URL is neither http nor https",
            )
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
        if sent.scheme == Scheme::Https
            && request.require_trusted_tls
            && self.handshake(&sent.host)?.verdict.is_some()
        {
            return Err(error(
                NetworkErrorKind::TlsFailed,
                "the chain is not trusted",
            ));
        }
        let mut inner = self.lock();
        inner.requests += 1;
        let now = inner.now();
        let deployment = inner.simulation.deployment_mut();
        let exchange = if sent.host.eq_ignore_ascii_case(names::PKI_HOST) {
            deployment.handle_crl(&sent, now)
        } else {
            deployment.handle(&sent, now)
        };
        let silent =
            matches!(exchange.outcome, Outcome::Silence) || exchange.elapsed > request.timeout;
        inner.elapsed += if silent {
            request.timeout
        } else {
            exchange.elapsed
        };
        match exchange.outcome {
            _ if silent => Err(error(
                NetworkErrorKind::TimedOut,
                "no answer to the request",
            )),
            Outcome::Response(response) => received(response, request.max_body),
            Outcome::Refused => Err(error(NetworkErrorKind::Refused, "RST in answer to SYN")),
            Outcome::Reset => Err(error(
                NetworkErrorKind::Reset,
                "RST in answer to the request",
            )),
            Outcome::Silence => Err(error(
                NetworkErrorKind::TimedOut,
                "no answer to the request",
            )),
        }
    }
}

fn received(response: Response, max_body: usize) -> Result<HttpResponse, NetworkError> {
    if response.body.len() > max_body {
        return Err(error(
            NetworkErrorKind::TooLong,
            "the body is longer than allowed",
        ));
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
