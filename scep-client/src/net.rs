//! The real network: tokio, hyper and rustls, one connection for each exchange.

mod connect;
mod dns;
mod http;
mod proxy;
mod tls;
mod trust;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use scep_core::UnixTime;
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};

use crate::network::{HttpRequest, HttpResponse, Network, NetworkError, NextRequest, Resolution};

pub use proxy::ForwardProxy;
pub use tls::{ClientIdentity, OldestTls};
pub use trust::{TrustStore, judge_chain};

/// The network of the operating system.
///
/// Needs a tokio runtime with I/O and time. A forward proxy is used only if one is named: a diagnosis has
/// to see what a device without one would see, so the environment is not asked.
#[derive(Clone, Debug)]
pub struct HyperNetwork {
    trust: TrustStore,
    user_agent: String,
    resolver: Option<SocketAddr>,
    proxy: Option<ForwardProxy>,
    identity: Option<ClientIdentity>,
    oldest_tls: OldestTls,
    epoch: Instant,
}

impl HyperNetwork {
    /// A network that judges TLS chains by `trust`.
    #[must_use]
    pub fn new(trust: TrustStore) -> Self {
        Self {
            trust,
            user_agent: concat!("scep/", env!("CARGO_PKG_VERSION")).into(),
            resolver: None,
            proxy: None,
            identity: None,
            oldest_tls: OldestTls::default(),
            epoch: Instant::now(),
        }
    }

    /// Asks this name server (by UDP) rather than the operating system's resolver.
    #[must_use]
    pub const fn with_resolver(mut self, server: SocketAddr) -> Self {
        self.resolver = Some(server);
        self
    }

    /// Goes through this forward proxy.
    #[must_use]
    pub fn with_proxy(mut self, proxy: ForwardProxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Speaks no older version of TLS.
    #[must_use]
    pub const fn with_oldest_tls(mut self, oldest: OldestTls) -> Self {
        self.oldest_tls = oldest;
        self
    }

    /// Shows this certificate to servers that ask for one.
    #[must_use]
    pub fn with_client_identity(mut self, identity: ClientIdentity) -> Self {
        self.identity = Some(identity);
        self
    }

    async fn addresses(&self, host: &str) -> Result<Resolution, NetworkError> {
        match self.resolver {
            Some(server) => dns::lookup(server, host).await,
            None => connect::resolve(host).await,
        }
    }

    /// Sends another `User-Agent` than `scep/VERSION`.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    async fn converse(
        &self,
        request: &HttpRequest,
        next: &mut NextRequest<'_>,
    ) -> Result<HttpResponse, NetworkError> {
        let target = http::Target::parse(&request.url)?;
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (target.host.as_str(), target.port),
        };
        let mut stream = match request.address {
            Some(address) => connect::open(address).await?,
            None => {
                let resolution = self.addresses(host).await?;
                connect::open_any(&resolution.addresses, port, request.timeout).await?
            }
        };
        if !target.https {
            let form = match &self.proxy {
                Some(proxy) => http::Form::Absolute(proxy.authorization()),
                None => http::Form::Origin,
            };
            return http::exchange(stream, &target, request, &self.user_agent, form, next).await;
        }
        if let Some(proxy) = &self.proxy
            && let Some(refusal) = proxy.tunnel(&mut stream, &target.host, target.port).await?
        {
            return Ok(refusal);
        }
        let secured = tls::handshake(
            stream,
            &target.host,
            self.identity.as_ref(),
            self.oldest_tls,
        )
        .await?;
        if request.require_trusted_tls
            && let Some(verdict) = secured.judge(&target.host, &self.trust)
        {
            return Err(error(NetworkErrorKind::TlsFailed, trust::sentence(verdict)));
        }
        http::exchange(
            secured.into_stream(),
            &target,
            request,
            &self.user_agent,
            http::Form::Origin,
            next,
        )
        .await
    }
}

#[async_trait::async_trait]
impl Network for HyperNetwork {
    fn now(&self) -> UnixTime {
        UnixTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.epoch.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn resolve(&self, host: &str, timeout: Duration) -> Result<Resolution, NetworkError> {
        let mut resolution = bounded(timeout, self.addresses(host)).await?;
        if self.resolver.is_none() && host.parse::<std::net::IpAddr>().is_err() {
            resolution.cnames = dns::canonical_names(host).await;
        }
        Ok(resolution)
    }

    async fn connect(&self, address: SocketAddr, timeout: Duration) -> Result<(), NetworkError> {
        bounded(timeout, connect::open(address)).await.map(drop)
    }

    async fn tls_facts(
        &self,
        address: SocketAddr,
        server_name: &str,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        bounded(timeout, async {
            let stream = connect::open(address).await?;
            Ok(
                tls::handshake(stream, server_name, self.identity.as_ref(), self.oldest_tls)
                    .await?
                    .facts(server_name, &self.trust),
            )
        })
        .await
    }

    fn proxy(&self) -> Option<(String, u16)> {
        let proxy = self.proxy.as_ref()?;
        Some((proxy.host().to_owned(), proxy.port()))
    }

    async fn tunnelled_tls_facts(
        &self,
        proxy: SocketAddr,
        server_name: &str,
        port: u16,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        let Some(through) = &self.proxy else {
            return self.tls_facts(proxy, server_name, timeout).await;
        };
        bounded(timeout, async {
            let mut stream = connect::open(proxy).await?;
            if let Some(refusal) = through.tunnel(&mut stream, server_name, port).await? {
                let (status, reason) = (refusal.status, refusal.reason);
                return Err(error(
                    NetworkErrorKind::Closed,
                    format!("the forward proxy does not let through: {status} {reason}"),
                ));
            }
            Ok(
                tls::handshake(stream, server_name, self.identity.as_ref(), self.oldest_tls)
                    .await?
                    .facts(server_name, &self.trust),
            )
        })
        .await
    }

    fn judge(&self, chain: &[Vec<u8>], server_name: &str) -> Option<TlsVerdict> {
        judge_chain(chain, server_name, &self.trust, self.now())
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError> {
        bounded(request.timeout, self.converse(request, &mut |_| None)).await
    }

    async fn conversation(
        &self,
        first: HttpRequest,
        next: &mut NextRequest<'_>,
    ) -> Result<HttpResponse, NetworkError> {
        bounded(first.timeout, self.converse(&first, next)).await
    }
}

async fn bounded<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, NetworkError>> + Send,
) -> Result<T, NetworkError> {
    match tokio::time::timeout(timeout, work).await {
        Ok(result) => result,
        Err(_) => Err(error(
            NetworkErrorKind::TimedOut,
            format!("no answer within {:.1} s", timeout.as_secs_f64()),
        )),
    }
}

fn error(kind: NetworkErrorKind, detail: impl Into<String>) -> NetworkError {
    NetworkError {
        kind,
        detail: detail.into(),
    }
}
