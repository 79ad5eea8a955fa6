//! A network that answers as it is told, on a clock of its own.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use scep_client::network::{HttpRequest, HttpResponse, Network, NetworkError, Resolution};
use scep_core::UnixTime;
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};

/// When the fake's clock begins: 2026-06-01T00:00:00Z.
pub(crate) const START: UnixTime = UnixTime(1_780_272_000);

pub(crate) type Answer = Result<HttpResponse, NetworkErrorKind>;

/// A network with one host.
pub(crate) struct Fake {
    /// Addresses of the host; none means that its name does not exist.
    pub(crate) addresses: Vec<IpAddr>,
    /// Addresses that refuse connections.
    pub(crate) refusing: Vec<IpAddr>,
    /// What a TLS handshake shows.
    pub(crate) tls: Result<TlsFacts, NetworkErrorKind>,
    /// Answers requests.
    pub(crate) handler: Box<dyn Fn(&HttpRequest) -> Answer + Send + Sync>,
    /// Every HTTP request that arrived.
    pub(crate) received: Mutex<Vec<HttpRequest>>,
    elapsed: Mutex<Duration>,
}

impl Fake {
    pub(crate) fn new(handler: impl Fn(&HttpRequest) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            addresses: vec!["192.0.2.1".parse().unwrap()],
            refusing: Vec::new(),
            tls: Ok(TlsFacts::default()),
            handler: Box::new(handler),
            received: Mutex::default(),
            elapsed: Mutex::default(),
        }
    }

    fn pass(&self, time: Duration) {
        *self.elapsed.lock().unwrap() += time;
    }

    fn outcome<T>(
        &self,
        result: Result<T, NetworkErrorKind>,
        timeout: Duration,
    ) -> Result<T, NetworkError> {
        let time = match &result {
            Err(NetworkErrorKind::TimedOut) => timeout,
            _ => Duration::from_millis(5),
        };
        self.pass(time);
        result.map_err(|kind| NetworkError {
            kind,
            detail: "as told".into(),
        })
    }

    /// Methods and URLs of the requests, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .map(|request| format!("{} {}", request.method, request.url))
            .collect()
    }
}

#[async_trait::async_trait]
impl Network for Fake {
    fn now(&self) -> UnixTime {
        START.plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.pass(duration);
    }

    async fn resolve(&self, _host: &str, timeout: Duration) -> Result<Resolution, NetworkError> {
        let found = if self.addresses.is_empty() {
            Err(NetworkErrorKind::NameNotFound)
        } else {
            Ok(Resolution {
                addresses: self.addresses.clone(),
                cnames: Vec::new(),
            })
        };
        self.outcome(found, timeout)
    }

    async fn connect(&self, address: SocketAddr, timeout: Duration) -> Result<(), NetworkError> {
        let refused = self.refusing.contains(&address.ip());
        self.outcome(
            if refused {
                Err(NetworkErrorKind::Refused)
            } else {
                Ok(())
            },
            timeout,
        )
    }

    async fn tls_facts(
        &self,
        _address: SocketAddr,
        _server_name: &str,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        self.outcome(self.tls.clone(), timeout)
    }

    fn judge(&self, chain: &[Vec<u8>], _server_name: &str) -> Option<TlsVerdict> {
        (chain.len() < 2).then_some(TlsVerdict::UnknownIssuer)
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError> {
        self.received.lock().unwrap().push(request.clone());
        self.outcome((self.handler)(request), request.timeout)
    }
}

/// A response with a status and a body.
pub(crate) fn response(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse {
        status,
        reason: String::new(),
        headers: vec![("content-type".into(), content_type.into())],
        body: body.into(),
    }
}
