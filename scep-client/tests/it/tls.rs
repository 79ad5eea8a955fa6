//! TLS: what a handshake shows, and how chains are judged.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::pki::{BEGIN, END, Identity};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use scep_client::Network as _;
use scep_client::net::{HyperNetwork, TrustStore, judge_chain};
use scep_client::network::HttpRequest;
use scep_core::UnixTime;
use scep_failures::observation::{NetworkErrorKind, TlsVerdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) const HOST: &str = "ndes.example";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// A time at which every test certificate is valid.
const DURING: UnixTime = UnixTime(BEGIN.0 + 86_400);

static ROOT: LazyLock<Identity> = LazyLock::new(|| Identity::root("CN=Test Root"));
static SERVER: LazyLock<Identity> = LazyLock::new(|| ROOT.tls_server(HOST));

pub(crate) fn trusting_root() -> TrustStore {
    let mut trust = TrustStore::empty();
    assert_eq!(trust.add_pem(&ROOT.certificate.to_pem()).unwrap(), 1);
    trust
}

fn chain() -> [Vec<u8>; 2] {
    [
        SERVER.certificate.as_der().to_vec(),
        ROOT.certificate.as_der().to_vec(),
    ]
}

#[test]
fn a_chain_is_judged_by_issuer_name_and_dates() {
    let (trust, nobody) = (trusting_root(), TrustStore::empty());
    let judge = |host, trust, now| judge_chain(&chain(), host, trust, now);
    assert_eq!(judge(HOST, &trust, DURING), None);
    assert_eq!(
        judge("other.example", &trust, DURING),
        Some(TlsVerdict::NameMismatch)
    );
    assert_eq!(
        judge("192.0.2.1", &trust, DURING),
        Some(TlsVerdict::NameMismatch)
    );
    assert_eq!(
        judge("no host name", &trust, DURING),
        Some(TlsVerdict::NameMismatch)
    );
    assert_eq!(
        judge(HOST, &nobody, DURING),
        Some(TlsVerdict::UnknownIssuer)
    );
    for trust in [&trust, &nobody] {
        assert_eq!(
            judge(HOST, trust, UnixTime(END.0 + 1)),
            Some(TlsVerdict::Expired)
        );
        assert_eq!(
            judge(HOST, trust, UnixTime(BEGIN.0 - 1)),
            Some(TlsVerdict::NotYetValid)
        );
    }
}

#[test]
fn what_is_no_chain_is_not_trusted() {
    let trust = trusting_root();
    assert_eq!(
        judge_chain::<Vec<u8>>(&[], HOST, &trust, DURING),
        Some(TlsVerdict::Other)
    );
    assert_eq!(
        judge_chain(&[b"\x30\x00"], HOST, &trust, DURING),
        Some(TlsVerdict::Other)
    );
    // the issuer is known, but did not sign this
    let stranger = Identity::root("CN=Test Root").tls_server(HOST);
    let forged = [stranger.certificate.as_der()];
    assert!(judge_chain(&forged, HOST, &trust, DURING).is_some());
}

#[test]
fn trust_anchors_that_are_none() {
    let mut trust = TrustStore::empty();
    assert!(trust.add_pem("nothing").is_err());
    assert!(trust.add_der(b"\x30\x00").is_err());
    assert!(trust.is_empty());
}

/// A TLS server that answers one HTTP request with `answer` and hangs up without close_notify.
async fn server(configure: impl FnOnce() -> ServerConfig, answer: &'static str) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(configure()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // a client that only looks, or refuses, ends here
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read_buf(&mut request).await {
                    Ok(1..) => {}
                    _ => break,
                }
            }
            if request.ends_with(b"\r\n\r\n") {
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                let (tcp, _) = stream.into_inner();
                drop(tcp);
            }
        }
    });
    address
}

fn config(
    versions: &[&'static SupportedProtocolVersion],
    ask_for_certificate: bool,
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .unwrap();
    let builder = if ask_for_certificate {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(ROOT.certificate.as_der().to_vec()))
            .unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let chain = chain().into_iter().map(CertificateDer::from).collect();
    builder
        .with_single_cert(
            chain,
            PrivateKeyDer::try_from(SERVER.pkcs8.clone()).unwrap(),
        )
        .unwrap()
}

/// A TLS server that answers `ok`.
pub(crate) async fn plain_server() -> SocketAddr {
    server(|| config(&[&rustls::version::TLS13], false), OK).await
}

/// One that lets nobody in without a certificate of the root.
pub(crate) async fn demanding_server() -> SocketAddr {
    let demand = || {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(ROOT.certificate.as_der().to_vec()))
            .unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                chain().into_iter().map(CertificateDer::from).collect(),
                PrivateKeyDer::try_from(SERVER.pkcs8.clone()).unwrap(),
            )
            .unwrap()
    };
    server(demand, OK).await
}

/// A certificate of the root for a client, and its key.
pub(crate) fn client_certificate() -> (Vec<Vec<u8>>, Vec<u8>) {
    let client = ROOT.tls_server("client.example");
    (
        vec![client.certificate.as_der().to_vec()],
        client.pkcs8.clone(),
    )
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_handshake_shows_chain_version_and_verdict() {
    let address = server(|| config(&[&rustls::version::TLS13], false), OK).await;
    let facts = HyperNetwork::new(TrustStore::empty())
        .tls_facts(address, HOST, PATIENCE)
        .await
        .unwrap();
    assert_eq!(facts.version, "TLS 1.3");
    assert_eq!(facts.chain.len(), 2);
    assert_eq!(facts.verdict, Some(TlsVerdict::UnknownIssuer));
    assert!(!facts.client_certificate_requested);

    let trusted = HyperNetwork::new(trusting_root())
        .tls_facts(address, HOST, PATIENCE)
        .await
        .unwrap();
    assert_eq!((trusted.verdict, &trusted.chain), (None, &facts.chain));
    let misnamed = HyperNetwork::new(trusting_root())
        .tls_facts(address, "127.0.0.1", PATIENCE)
        .await
        .unwrap();
    assert_eq!(misnamed.verdict, Some(TlsVerdict::NameMismatch));
}

#[tokio::test]
async fn a_request_for_a_client_certificate_is_noted() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let address = server(|| config(&[version], true), OK).await;
        let facts = HyperNetwork::new(trusting_root())
            .tls_facts(address, HOST, PATIENCE)
            .await
            .unwrap();
        assert!(facts.client_certificate_requested, "{}", facts.version);
        assert_eq!(facts.verdict, None);
    }
}

#[tokio::test]
async fn an_untrusted_chain_is_looked_behind_only_if_that_is_wanted() {
    let address = server(|| config(rustls::ALL_VERSIONS, false), OK).await;
    let request = |require_trusted_tls| HttpRequest {
        address: Some(address),
        require_trusted_tls,
        ..HttpRequest::get(format!("https://{HOST}/"))
    };
    let nobody = HyperNetwork::new(TrustStore::empty());
    assert_eq!(nobody.exchange(&request(false)).await.unwrap().body, b"ok");
    let refused = nobody.exchange(&request(true)).await.unwrap_err();
    assert_eq!(refused.kind, NetworkErrorKind::TlsFailed);
    assert!(refused.detail.contains("unknown issuer"), "{refused}");
    let trusting = HyperNetwork::new(trusting_root());
    assert_eq!(trusting.exchange(&request(true)).await.unwrap().body, b"ok");
}

#[tokio::test]
async fn a_body_may_end_without_close_notify_but_not_before_its_length() {
    let open_ended = server(
        || config(rustls::ALL_VERSIONS, false),
        "HTTP/1.1 200 OK\r\n\r\nok",
    )
    .await;
    let short = server(
        || config(rustls::ALL_VERSIONS, false),
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    )
    .await;
    let network = HyperNetwork::new(trusting_root());
    let get = |address| HttpRequest {
        address: Some(address),
        ..HttpRequest::get(format!("https://{HOST}/"))
    };
    assert_eq!(
        network.exchange(&get(open_ended)).await.unwrap().body,
        b"ok"
    );
    assert_eq!(
        network.exchange(&get(short)).await.unwrap_err().kind,
        NetworkErrorKind::Closed
    );
}

#[tokio::test]
async fn servers_without_tls() {
    for (answer, expected) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            NetworkErrorKind::TlsFailed,
        ),
        // an alert: handshake_failure
        (b"\x15\x03\x03\x00\x02\x02\x28", NetworkErrorKind::TlsFailed),
        (b"", NetworkErrorKind::Closed),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).await.unwrap();
            let mut rest = vec![0; usize::from(u16::from_be_bytes([hello[3], hello[4]]))];
            stream.read_exact(&mut rest).await.unwrap();
            stream.write_all(answer).await.unwrap();
        };
        let network = HyperNetwork::new(TrustStore::empty());
        let (result, ()) = tokio::join!(network.tls_facts(address, HOST, PATIENCE), server);
        assert_eq!(result.unwrap_err().kind, expected, "{answer:?}");
    }
}
