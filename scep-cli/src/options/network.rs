//! How the server is reached.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use scep_client::net::{ClientIdentity, ForwardProxy, HyperNetwork, OldestTls, TrustStore};
use scep_core::inspect::private_key_der;
use zeroize::Zeroizing;

use super::certificates;
use crate::failure::{Failure, Result};
use crate::files;

/// How the server is reached.
#[derive(Args, Debug)]
pub(crate) struct NetworkArgs {
    /// Further root certificates for https (PEM).
    #[arg(long, value_name = "FILE")]
    tls_ca_file: Option<PathBuf>,
    /// Certificate (PEM, with its chain) for servers that ask for one in the TLS handshake.
    #[arg(long, value_name = "FILE", requires = "tls_client_key")]
    tls_client_cert: Option<PathBuf>,
    /// Its key (PEM or DER, PKCS #8).
    #[arg(long, value_name = "FILE", requires = "tls_client_cert")]
    tls_client_key: Option<PathBuf>,
    /// Ask this name server (ADDRESS:PORT, by UDP) in place of the operating system's resolver.
    #[arg(long, value_name = "ADDRESS")]
    resolver: Option<SocketAddr>,
    /// Go through this forward proxy, http://USER:PASSWORD@HOST:PORT. Without this the usual variables of
    /// the environment are asked (https_proxy, http_proxy, all_proxy, no_proxy), but not by diagnose.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Ask no variables of the environment for a forward proxy.
    #[arg(long, conflicts_with = "proxy")]
    no_proxy: bool,
    /// The oldest version of TLS that is spoken, 1.2 or 1.3.
    #[arg(long, value_name = "VERSION", default_value = "1.2", value_parser = ["1.2", "1.3"])]
    tls_min: String,
}

/// Whether variables of the environment may name a forward proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Environment {
    Asked,
    /// A diagnosis has to see what a device without a proxy would see.
    Ignored,
}

impl NetworkArgs {
    /// The real network, for a server at `url`.
    pub(crate) fn network(&self, url: &str) -> Result<HyperNetwork> {
        self.build(url, Environment::Asked)
    }

    /// The same, whatever the environment says.
    pub(crate) fn network_as_given(&self, url: &str) -> Result<HyperNetwork> {
        self.build(url, Environment::Ignored)
    }

    fn build(&self, url: &str, environment: Environment) -> Result<HyperNetwork> {
        let mut trust = TrustStore::system();
        if let Some(path) = &self.tls_ca_file {
            trust
                .add_pem(&files::read_text(path)?)
                .map_err(|e| Failure::local(format!("{}: {}", path.display(), e.causes())))?;
        }
        let mut network = HyperNetwork::new(trust);
        if let Some(server) = self.resolver {
            network = network.with_resolver(server);
        }
        if self.tls_min == "1.3" {
            network = network.with_oldest_tls(OldestTls::Tls13);
        }
        if let Some(proxy) = &self.proxy {
            network = network.with_proxy(ForwardProxy::parse(proxy)?);
        } else if environment == Environment::Asked && !self.no_proxy {
            let variable = |name: &str| std::env::var(name).ok();
            if let Some(proxy) = ForwardProxy::from_environment(url, variable)? {
                network = network.with_proxy(proxy);
            }
        }
        if let (Some(chain), Some(key)) = (&self.tls_client_cert, &self.tls_client_key) {
            let chain = certificates(chain)?;
            let chain = chain.iter().map(|c| c.as_der().to_vec()).collect();
            let content = Zeroizing::new(files::read(key)?);
            let pkcs8 = private_key_der(&content)
                .map_err(|e| Failure::local(format!("{}: {e}", key.display())))?;
            let identity = ClientIdentity::new(chain, pkcs8.to_vec())?;
            network = network.with_client_identity(identity);
        }
        Ok(network)
    }
}
