//! A network of your own: here the real one with a counter. A proxy, a recording or a simulated
//! network are made the same way: enrollment and diagnosis reach the world through it only.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scep_client::diagnose::{DiagnoseOptions, diagnose};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_client::network::{HttpRequest, HttpResponse, Network, NetworkError, Resolution};
use scep_core::{UnixTime, crypto::default_provider};
use scep_failures::Catalogue;
use scep_failures::observation::{TlsFacts, TlsVerdict as Verdict};

struct Counting(HyperNetwork, AtomicUsize);

type Answer<T> = Result<T, NetworkError>;

#[async_trait::async_trait]
impl Network for Counting {
    fn now(&self) -> UnixTime {
        self.0.now()
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    async fn sleep(&self, time: Duration) {
        self.0.sleep(time).await;
    }
    async fn resolve(&self, host: &str, limit: Duration) -> Answer<Resolution> {
        self.0.resolve(host, limit).await
    }
    async fn connect(&self, to: SocketAddr, limit: Duration) -> Answer<()> {
        self.0.connect(to, limit).await
    }
    async fn tls_facts(&self, to: SocketAddr, name: &str, limit: Duration) -> Answer<TlsFacts> {
        self.0.tls_facts(to, name, limit).await
    }
    fn judge(&self, chain: &[Vec<u8>], name: &str) -> Option<Verdict> {
        self.0.judge(chain, name)
    }
    async fn exchange(&self, request: &HttpRequest) -> Answer<HttpResponse> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.exchange(request).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ndes = scep_server_mock::MockNdes::start().await?;
    let provider = default_provider();
    let network = Counting(HyperNetwork::new(TrustStore::empty()), AtomicUsize::new(0));
    let (catalogue, options) = (Catalogue::builtin(), DiagnoseOptions::default());
    let report = diagnose(&network, provider, catalogue, &ndes.url(), &options).await?;
    let count = network.1.into_inner();
    println!("{:?} after {count} exchanges", report.diagnosis.outcome);
    Ok(())
}
