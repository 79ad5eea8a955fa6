//! The real network against servers that answer with given octets.

use std::net::SocketAddr;
use std::time::Duration;

use scep_client::net::{HyperNetwork, TrustStore};
use scep_client::network::{HttpRequest, HttpResponse, Network, NetworkError};
use scep_failures::observation::NetworkErrorKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Accepts one connection, reads a request up to the end of its head and `body` further octets,
/// and hands both to `then`.
async fn server<F>(
    body: usize,
    then: impl FnOnce(TcpStream, Vec<u8>) -> F + Send + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let whole = |request: &[u8]| {
            let head = request.windows(4).position(|w| w == b"\r\n\r\n");
            head.is_some_and(|at| request.len() >= at + 4 + body)
        };
        while !whole(&request) {
            if stream.read_buf(&mut request).await.unwrap() == 0 {
                break;
            }
        }
        then(stream, request).await;
    });
    address
}

/// A server that answers with `octets` and closes in due form.
async fn answering(octets: impl Into<Vec<u8>>) -> SocketAddr {
    let octets = octets.into();
    server(0, |mut stream, _| async move {
        stream.write_all(&octets).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await
}

fn network() -> HyperNetwork {
    HyperNetwork::new(TrustStore::empty())
}

async fn get(address: SocketAddr) -> Result<HttpResponse, NetworkError> {
    network()
        .exchange(&HttpRequest::get(format!(
            "http://{address}/x?operation=GetCACaps"
        )))
        .await
}

async fn failure(octets: &str) -> NetworkErrorKind {
    get(answering(octets).await).await.unwrap_err().kind
}

#[tokio::test]
async fn a_response_is_kept_as_it_came() {
    let address = answering(
        &b"HTTP/1.1 403 Verboten\r\nServer: Microsoft-IIS/10.0\r\nX-B: 1\r\nX-A: \xfc\r\nx-b: 2\r\nContent-Length: 3\r\n\r\n\x01\x02\x03"[..],
    )
    .await;
    let response = get(address).await.unwrap();
    assert_eq!(
        (response.status, response.reason.as_str()),
        (403, "Verboten")
    );
    assert_eq!(response.body, [1, 2, 3]);
    let names: Vec<_> = response
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["server", "x-b", "x-b", "x-a", "content-length"]);
    assert_eq!(response.header("x-a"), Some("\u{fc}"));
}

#[tokio::test]
async fn a_request_has_no_other_fields_than_these() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let address = server(4, |mut stream, request| async move {
        sender.send(request).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let url = format!(
        "http://user:secret@{address}/a%20b/mscep.dll?operation=PKIOperation&x=+/=%2B#part"
    );
    let request = HttpRequest::post(
        url,
        "application/x-pki-message",
        b"\x30\x02\x05\x00".to_vec(),
    );
    network().exchange(&request).await.unwrap();
    let expected = format!(
        "POST /a%20b/mscep.dll?operation=PKIOperation&x=+/=%2B HTTP/1.1\r\n\
         host: {address}\r\n\
         user-agent: scep/{}\r\n\
         accept: */*\r\n\
         content-length: 4\r\n\
         content-type: application/x-pki-message\r\n\r\n\x30\x02\x05\x00",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        String::from_utf8(receiver.await.unwrap()).unwrap(),
        expected
    );
}

#[tokio::test]
async fn old_and_chunked_and_unlabelled_bodies_are_read() {
    for octets in [
        "HTTP/1.0 200 OK\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
    ] {
        let response = get(answering(octets).await).await;
        assert_eq!(response.map(|r| r.body), Ok(b"body".to_vec()), "{octets:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let address = answering(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let response = get(address).await.unwrap();
    assert_eq!(
        (response.status, response.header("location")),
        (302, Some("http://127.0.0.1:1/"))
    );
}

#[tokio::test]
async fn a_connection_closed_too_early() {
    assert_eq!(failure("").await, NetworkErrorKind::Closed);
    assert_eq!(
        failure("HTTP/1.1 200 OK\r\nContent-Le").await,
        NetworkErrorKind::Closed
    );
    assert_eq!(
        failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody").await,
        NetworkErrorKind::Closed
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbody";
    assert_eq!(failure(chunked).await, NetworkErrorKind::Closed);
}

#[tokio::test]
async fn a_connection_that_is_reset() {
    let address = server(0, |stream, _| async move {
        // closing with this set sends RST
        #[allow(deprecated)]
        stream.set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
    })
    .await;
    assert_eq!(
        get(address).await.unwrap_err().kind,
        NetworkErrorKind::Reset
    );
}

#[tokio::test]
async fn what_is_not_http() {
    assert_eq!(
        failure("SSH-2.0-OpenSSH_9.9\r\n").await,
        NetworkErrorKind::NotHttp
    );
    assert_eq!(
        failure("\x15\x03\x03\x00\x02\x02\x28").await,
        NetworkErrorKind::NotHttp
    );
    let bad_chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbody";
    assert_eq!(failure(bad_chunk).await, NetworkErrorKind::NotHttp);
}

#[tokio::test]
async fn a_server_that_speaks_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"220 mail.example ESMTP\r\n")
            .await
            .unwrap();
        let mut rest = Vec::new();
        // the client hangs up, in whatever form
        let _ = stream.read_to_end(&mut rest).await;
    };
    let (result, ()) = tokio::join!(get(address), server);
    assert_eq!(result.unwrap_err().kind, NetworkErrorKind::NotHttp);
}

#[tokio::test]
async fn too_long_bodies_and_heads() {
    for octets in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n"
            .to_owned(),
        format!(
            "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n",
            "y".repeat(100_000)
        ),
    ] {
        let address = answering(octets).await;
        let request = HttpRequest {
            max_body: 8,
            ..HttpRequest::get(format!("http://{address}/"))
        };
        assert_eq!(
            network().exchange(&request).await.unwrap_err().kind,
            NetworkErrorKind::TooLong
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let address = server(0, |stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let request = HttpRequest {
        timeout: Duration::from_millis(50),
        ..HttpRequest::get(format!("http://{address}/"))
    };
    assert_eq!(
        network().exchange(&request).await.unwrap_err().kind,
        NetworkErrorKind::TimedOut
    );
}

#[tokio::test]
async fn ports_that_nobody_listens_on() {
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let timeout = Duration::from_secs(30);
    let refused =
        |result: Result<(), NetworkError>| result.unwrap_err().kind == NetworkErrorKind::Refused;
    assert!(refused(network().connect(address, timeout).await));
    assert!(refused(get(address).await.map(drop)));
    assert!(refused(
        network().tls_facts(address, "h", timeout).await.map(drop)
    ));
}

#[tokio::test]
async fn an_address_given_is_preferred_to_the_name() {
    let address = answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let request = HttpRequest {
        address: Some(address),
        ..HttpRequest::get("http://no-such-host.invalid/")
    };
    assert_eq!(network().exchange(&request).await.unwrap().status, 204);
}

#[tokio::test]
async fn literals_resolve_to_themselves() {
    let resolution = network()
        .resolve("::1", Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(
        resolution.addresses,
        ["::1".parse::<std::net::IpAddr>().unwrap()]
    );
    let absurd = network()
        .resolve("a..b", Duration::from_secs(30))
        .await
        .unwrap_err();
    assert!(matches!(
        absurd.kind,
        NetworkErrorKind::NameNotFound | NetworkErrorKind::ResolverFailed
    ));
}

#[tokio::test]
async fn an_answer_that_comes_before_the_body_was_read() {
    let address = server(0, |mut stream, _| async move {
        stream
            .write_all(b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody")
            .await
            .unwrap();
        // what is left unread makes the operating system send RST
        drop(stream);
    })
    .await;
    let body = vec![0; 8 << 20];
    let request = HttpRequest::post(
        format!("http://{address}/"),
        "application/x-pki-message",
        body,
    );
    let response = network().exchange(&request).await.unwrap();
    assert_eq!(
        (response.status, response.body.as_slice()),
        (413, &b"body"[..])
    );
}
