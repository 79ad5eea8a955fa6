//! A TLS handshake that succeeds whatever the chain, and keeps what was seen.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime as TlsTime,
};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, ProtocolVersion, SignatureScheme};
use scep_core::UnixTime;
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{TrustStore, connect, error, judge_chain};
use crate::base64;
use crate::network::NetworkError;

/// A connection after its handshake.
pub(super) struct Secured {
    stream: TlsStream<TcpStream>,
    seen: Seen,
}

/// What a handshake showed.
#[derive(Clone, Debug, Default)]
struct Seen {
    chain: Vec<Vec<u8>>,
    bad_signature: bool,
    client_certificate_requested: bool,
}

/// A certificate to show to servers that ask for one, with its chain and key.
#[derive(Clone, Debug)]
pub struct ClientIdentity(Arc<CertifiedKey>);

impl ClientIdentity {
    /// From DER: the chain with the client's own certificate first, and a key in PKCS #8.
    ///
    /// # Errors
    /// `Misuse` if the key is of no use, or belongs to another certificate.
    pub fn new(chain: Vec<Vec<u8>>, pkcs8: Vec<u8>) -> crate::Result<Self> {
        let bad = |e: rustls::Error| crate::Error::misuse(format!("client certificate: {e}"));
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let identity = CertifiedKey::from_der(chain, key, &provider).map_err(bad)?;
        Ok(Self(Arc::new(identity)))
    }
}

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldestTls {
    /// 1.2.
    #[default]
    Tls12,
    /// 1.3.
    Tls13,
}

static TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// Makes the handshake.
pub(super) async fn handshake(
    stream: TcpStream,
    host: &str,
    identity: Option<&ClientIdentity>,
    oldest: OldestTls,
) -> Result<Secured, NetworkError> {
    let recorder = Arc::new(Recorder {
        identity: identity.map(|identity| Arc::clone(&identity.0)),
        ..Recorder::default()
    });
    let provider = recorder.provider.clone();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(match oldest {
            OldestTls::Tls12 => rustls::ALL_VERSIONS,
            OldestTls::Tls13 => TLS13,
        })
        .map_err(|e| error(NetworkErrorKind::TlsFailed, e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_client_cert_resolver(recorder.clone());
    // a resumed session would not show the chain again
    config.resumption = Resumption::disabled();

    let name = ServerName::try_from(unbracketed(host).to_owned())
        .map_err(|e| error(NetworkErrorKind::TlsFailed, format!("{host}: {e}")))?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|e| handshake_error(&e))?;
    Ok(Secured {
        stream,
        seen: recorder.seen(),
    })
}

/// `[::1]` without its brackets.
fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host)
}

fn handshake_error(e: &std::io::Error) -> NetworkError {
    match e
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::InvalidMessage(e)) => error(
            NetworkErrorKind::TlsFailed,
            format!("what answered does not speak TLS 1.2 or 1.3: {e:?}"),
        ),
        Some(e) => error(NetworkErrorKind::TlsFailed, e.to_string()),
        None => error(
            connect::io_kind(e),
            format!("during the TLS handshake: {e}"),
        ),
    }
}

impl Secured {
    /// What is wrong with the chain; `None` if it is trusted.
    pub(super) fn judge(&self, host: &str, trust: &TrustStore) -> Option<TlsVerdict> {
        judge_chain(&self.seen.chain, unbracketed(host), trust, UnixTime::now())
            .or_else(|| self.seen.bad_signature.then_some(TlsVerdict::Other))
    }

    /// The facts for an observation.
    pub(super) fn facts(&self, host: &str, trust: &TrustStore) -> TlsFacts {
        let version = match self.stream.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".into(),
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".into(),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        };
        TlsFacts {
            version,
            chain: self
                .seen
                .chain
                .iter()
                .map(|der| base64::encode(der))
                .collect(),
            verdict: self.judge(host, trust),
            client_certificate_requested: self.seen.client_certificate_requested,
        }
    }

    /// The connection.
    pub(super) fn into_stream(self) -> Lenient<TlsStream<TcpStream>> {
        Lenient(self.stream)
    }
}

/// Accepts every server, and records.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Seen>,
    identity: Option<Arc<CertifiedKey>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            seen: Mutex::default(),
            identity: None,
        }
    }
}

impl Recorder {
    fn record(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn seen(&self) -> Seen {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Who cannot sign with the certificate's key is never trusted, but still looked at.
    fn signature(
        &self,
        checked: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if checked.is_err() {
            self.record(|seen| seen.bad_signature = true);
        }
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: TlsTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        self.record(|seen| seen.chain = chain.map(|der| der.to_vec()).collect());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.signature(verify_tls12_signature(message, cert, dss, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.signature(verify_tls13_signature(message, cert, dss, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.record(|seen| seen.client_certificate_requested = true);
        self.identity.clone()
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

/// A TLS connection on which a missing `close_notify` counts as an end of file.
///
/// Many servers just close. Whether a body is whole is decided by its length, and by the DER in it.
#[derive(Debug)]
pub(super) struct Lenient<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Lenient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match Pin::new(&mut self.0).poll_read(cx, buf) {
            Poll::Ready(Err(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lenient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
