//! The one way to the world: name resolution, connections, TLS facts, HTTP exchanges and time.

use std::net::SocketAddr;
use std::time::Duration;

use scep_core::UnixTime;
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};

/// A network, real or simulated.
///
/// All methods are bounded by the time-out they are given (a conversation by that of its first request);
/// none follows redirects.
#[async_trait::async_trait]
pub trait Network: Send + Sync {
    /// The time of day.
    fn now(&self) -> UnixTime;

    /// A clock that never goes back, for measuring.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);

    /// Resolves a host name (an IP literal resolves to itself).
    ///
    /// # Errors
    /// `NameNotFound`, `ResolverFailed`, `TimedOut`.
    async fn resolve(&self, host: &str, timeout: Duration) -> Result<Resolution, NetworkError>;

    /// Opens a TCP connection and closes it again.
    ///
    /// # Errors
    /// `Refused`, `Unreachable`, `TimedOut`.
    async fn connect(&self, address: SocketAddr, timeout: Duration) -> Result<(), NetworkError>;

    /// Completes a TLS handshake whatever the chain, and judges the chain by the trust store.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and `TlsFailed`, `Reset`, `Closed`.
    async fn tls_facts(
        &self,
        address: SocketAddr,
        server_name: &str,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError>;

    /// The forward proxy through which everything goes, by name and port; by default there is none.
    ///
    /// With one, the addresses of [`connect`](Self::connect) and of [`HttpRequest::address`] are the
    /// proxy's.
    fn proxy(&self) -> Option<(String, u16)> {
        None
    }

    /// As [`tls_facts`](Self::tls_facts), with a server to which the forward proxy at `proxy` leads.
    ///
    /// # Errors
    /// As there, and if the proxy does not let through.
    async fn tunnelled_tls_facts(
        &self,
        proxy: SocketAddr,
        server_name: &str,
        _port: u16,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        self.tls_facts(proxy, server_name, timeout).await
    }

    /// What the trust store says of a TLS server's chain (DER, leaf first) now; `None` if it is
    /// trusted.
    fn judge(&self, chain: &[Vec<u8>], server_name: &str) -> Option<TlsVerdict>;

    /// Sends one HTTP request on a connection of its own and reads the whole response.
    ///
    /// # Errors
    /// As [`tls_facts`](Self::tls_facts), and `NotHttp`, `TooLong`.
    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError>;

    /// Sends one request after the other on one connection, to one host, and gives the last response:
    /// NTLM authenticates a connection. `next` says what is sent after a response, if anything.
    ///
    /// By default each request has a connection of its own, which does for all but NTLM.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    async fn conversation(
        &self,
        first: HttpRequest,
        next: &mut NextRequest<'_>,
    ) -> Result<HttpResponse, NetworkError> {
        let mut response = self.exchange(&first).await?;
        while let Some(request) = next(&response) {
            response = self.exchange(&request).await?;
        }
        Ok(response)
    }
}

/// What follows a response in a [`conversation`](Network::conversation).
pub type NextRequest<'a> = dyn FnMut(&HttpResponse) -> Option<HttpRequest> + Send + 'a;

/// What a resolver said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Addresses without port.
    pub addresses: Vec<std::net::IpAddr>,
    /// Canonical names on the way, where the resolver tells them.
    pub cnames: Vec<String>,
}

/// A request on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Absolute URL, `http` or `https`, query already percent-encoded.
    pub url: String,
    /// Further header fields.
    pub headers: Vec<(String, String)>,
    /// Body; empty for GET.
    pub body: Vec<u8>,
    /// Connect here rather than to what the host name resolves to.
    pub address: Option<SocketAddr>,
    /// Bound on the whole exchange.
    pub timeout: Duration,
    /// Longest body that is read, in octets.
    pub max_body: usize,
    /// Whether a TLS chain that the trust store refuses ends the exchange (`TlsFailed`). A
    /// diagnosis looks behind a bad certificate; an enrollment does not.
    pub require_trusted_tls: bool,
}

impl HttpRequest {
    /// A GET with the default bounds: 30 s, 1 MiB, trusted TLS.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET".into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            address: None,
            timeout: Duration::from_secs(30),
            max_body: 1 << 20,
            require_trusted_tls: true,
        }
    }

    /// A POST with the default bounds of [`get`](Self::get).
    #[must_use]
    pub fn post(url: impl Into<String>, content_type: &str, body: Vec<u8>) -> Self {
        let mut request = Self::get(url);
        request.method = "POST".into();
        request
            .headers
            .push(("content-type".into(), content_type.into()));
        request.body = body;
        request
    }
}

/// A response as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Reason phrase, if one came.
    pub reason: String,
    /// Header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first value of a header field; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A failure below HTTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", phrase(*.kind))]
pub struct NetworkError {
    /// How it failed.
    pub kind: NetworkErrorKind,
    /// The words of the operating system or the library.
    pub detail: String,
}

const fn phrase(kind: NetworkErrorKind) -> &'static str {
    match kind {
        NetworkErrorKind::NameNotFound => "the host name does not exist",
        NetworkErrorKind::ResolverFailed => "the host name could not be resolved",
        NetworkErrorKind::Refused => "the connection was refused",
        NetworkErrorKind::Unreachable => "the host is unreachable",
        NetworkErrorKind::TimedOut => "nothing answered in time",
        NetworkErrorKind::Reset => "the connection was reset",
        NetworkErrorKind::Closed => "the connection was closed before a whole response came",
        NetworkErrorKind::TlsFailed => "the TLS handshake failed",
        NetworkErrorKind::NotHttp => "what answered does not speak HTTP",
        NetworkErrorKind::TooLong => "the response is longer than allowed",
        _ => "the network failed",
    }
}
