//! The TLS binding on a real socket. What rustls cannot speak, because it would not, is written here.

use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::http::PATIENCE;
use super::listener::{Site, cut, hear};
use super::{Shared, lock};
use crate::error::{Error, Result};
use crate::layer::tls::HandshakeFailure;

/// The configuration for what was bound last.
#[derive(Default)]
pub(super) struct Binding(Mutex<Option<(Bound, Arc<ServerConfig>)>>);

/// What a configuration is made of.
#[derive(Clone, PartialEq, Eq)]
struct Bound {
    chain: Vec<Vec<u8>>,
    tls13_only: bool,
}

/// Alert `protocol_version` (RFC 5246 section 7.2), in a record of TLS 1.0.
const PROTOCOL_VERSION: [u8; 7] = [0x15, 3, 1, 0, 2, 2, 70];

impl std::fmt::Debug for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Binding")
    }
}

impl Binding {
    fn config(&self, bound: Bound, pkcs8: Vec<u8>) -> Result<Arc<ServerConfig>> {
        let mut last = lock(&self.0);
        if let Some((known, config)) = last.as_ref()
            && *known == bound
        {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(build(&bound, pkcs8)?);
        *last = Some((bound, Arc::clone(&config)));
        Ok(config)
    }
}

fn build(bound: &Bound, pkcs8: Vec<u8>) -> Result<ServerConfig> {
    let tls = |e: rustls::Error| Error::Tls(e.to_string());
    let chain = bound.chain.iter().cloned().map(CertificateDer::from);
    let versions: &[&SupportedProtocolVersion] = if bound.tls13_only {
        &[&TLS13]
    } else {
        &[&TLS13, &TLS12]
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
    let mut config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_protocol_versions(versions)
    .map_err(tls)?
    .with_no_client_auth()
    .with_single_cert(chain.collect(), key)
    .map_err(tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Completes a handshake with whatever certificate is bound now; `None` if there is none, if the
/// client did not like it, or takes for ever.
pub(super) async fn accept(
    shared: &Shared,
    mut stream: TcpStream,
    site: Site,
) -> Option<TlsStream<TcpStream>> {
    let elsewhere = site == Site::OldWeb;
    let (bound, pkcs8) = match shared.handshake(elsewhere) {
        Ok((tls13_only, (chain, pkcs8))) => (Bound { chain, tls13_only }, pkcs8),
        Err(failure) => {
            hear(&mut stream).await;
            match failure {
                HandshakeFailure::ProtocolVersion => {
                    let _ = stream.write_all(&PROTOCOL_VERSION).await;
                    let _ = stream.shutdown().await;
                }
                HandshakeFailure::Reset | HandshakeFailure::Closed => cut(&stream),
            }
            return None;
        }
    };
    let config = match shared.tls.config(bound, pkcs8) {
        Ok(config) => config,
        Err(error) => {
            shared.note(format!("no TLS on this port: {error}"));
            return None;
        }
    };
    let handshake = TlsAcceptor::from(config).accept(stream);
    tokio::time::timeout(PATIENCE, handshake).await.ok()?.ok()
}
