//! The TLS binding on a real socket.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::http::PATIENCE;
use super::{Shared, lock};
use crate::error::{Error, Result};

/// The configuration for the certificate that was bound last.
#[derive(Default)]
pub(super) struct Binding(Mutex<Option<(Vec<u8>, Arc<ServerConfig>)>>);

impl std::fmt::Debug for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Binding")
    }
}

impl Binding {
    fn config(&self, chain: Vec<Vec<u8>>, pkcs8: Vec<u8>) -> Result<Arc<ServerConfig>> {
        let leaf = chain.first().cloned().unwrap_or_default();
        let mut bound = lock(&self.0);
        if let Some((known, config)) = bound.as_ref()
            && *known == leaf
        {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(build(chain, pkcs8)?);
        *bound = Some((leaf, Arc::clone(&config)));
        Ok(config)
    }
}

fn build(chain: Vec<Vec<u8>>, pkcs8: Vec<u8>) -> Result<ServerConfig> {
    let tls = |e: rustls::Error| Error::Tls(e.to_string());
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
    let mut config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .map_err(tls)?
    .with_no_client_auth()
    .with_single_cert(chain, key)
    .map_err(tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Completes a handshake with whatever certificate is bound now; `None` if the client did not
/// like it, or takes for ever.
pub(super) async fn accept(shared: &Shared, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    let (chain, pkcs8) = shared.look(|s| s.deployment().tls_binding());
    let config = shared.tls.config(chain, pkcs8).ok()?;
    let handshake = TlsAcceptor::from(config).accept(stream);
    tokio::time::timeout(PATIENCE, handshake).await.ok()?.ok()
}
