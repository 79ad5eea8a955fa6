//! Forward proxies, and servers that want a client certificate.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use scep_client::Network as _;
use scep_client::net::{ClientIdentity, ForwardProxy, HyperNetwork, TrustStore};
use scep_client::network::HttpRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::tls;

/// A forward proxy that leads everything to one server, or says `refusal`; and the heads it was sent.
async fn proxy(
    to: Option<SocketAddr>,
    refusal: &'static str,
) -> (ForwardProxy, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap_or(b'\n'));
                }
                let head = String::from_utf8(head).unwrap();
                let tunnel = head.starts_with("CONNECT ");
                seen.lock().unwrap().push(head);
                match to {
                    Some(to) if tunnel => {
                        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                        let mut onward = TcpStream::connect(to).await.unwrap();
                        let _ = copy_bidirectional(&mut stream, &mut onward).await;
                    }
                    _ => stream.write_all(refusal.as_bytes()).await.unwrap(),
                }
            });
        }
    });
    let url = format!("http://user:secret@{address}");
    (ForwardProxy::parse(&url).unwrap(), heads)
}

#[tokio::test]
async fn http_goes_to_a_proxy_with_the_whole_url() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (proxy, heads) = proxy(None, answer).await;
    let network = HyperNetwork::new(TrustStore::empty()).with_proxy(proxy);
    let request = HttpRequest::get("http://ndes.example:8080/x?operation=GetCACaps");
    let response = network.exchange(&request).await.unwrap();
    assert_eq!(response.body, b"ok");
    let head = heads.lock().unwrap().remove(0).to_lowercase();
    assert!(
        head.starts_with("get http://ndes.example:8080/x?operation=getcacaps http/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("proxy-authorization: basic dxnlcjpzzwnyzxq=\r\n"),
        "{head}"
    );
    assert!(head.contains("host: ndes.example:8080\r\n"), "{head}");
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let server = tls::plain_server().await;
    let (proxy, heads) = proxy(Some(server), "").await;
    let network = HyperNetwork::new(tls::trusting_root()).with_proxy(proxy);
    let response = network
        .exchange(&HttpRequest::get(format!("https://{}/", tls::HOST)))
        .await
        .unwrap();
    assert_eq!(response.body, b"ok");
    let (host, port) = network.proxy().unwrap();
    let address = format!("{host}:{port}").parse().unwrap();
    let facts = network
        .tunnelled_tls_facts(address, tls::HOST, 443, tls::PATIENCE)
        .await
        .unwrap();
    assert_eq!(facts.verdict, None);
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 2);
    for head in heads.iter() {
        assert!(
            head.starts_with("CONNECT ndes.example:443 HTTP/1.1\r\n"),
            "{head}"
        );
        assert!(head.contains("Proxy-Authorization: Basic "), "{head}");
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_let_through_is_heard() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
    let (proxy, _) = proxy(None, refusal).await;
    let network = HyperNetwork::new(TrustStore::empty()).with_proxy(proxy);
    for scheme in ["http", "https"] {
        let request = HttpRequest::get(format!("{scheme}://ndes.example/"));
        let response = network.exchange(&request).await.unwrap();
        assert_eq!(response.status, 407, "{scheme}");
        assert_eq!(response.header("proxy-authenticate"), Some("NTLM"));
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_who_asks() {
    let server = tls::demanding_server().await;
    let request = HttpRequest {
        address: Some(server),
        ..HttpRequest::get(format!("https://{}/", tls::HOST))
    };
    let without = HyperNetwork::new(tls::trusting_root());
    without.exchange(&request).await.unwrap_err();
    let (chain, key) = tls::client_certificate();
    let with = HyperNetwork::new(tls::trusting_root())
        .with_client_identity(ClientIdentity::new(chain.clone(), key).unwrap());
    assert_eq!(with.exchange(&request).await.unwrap().body, b"ok");
    let error = ClientIdentity::new(chain, vec![0x30, 0]).unwrap_err();
    assert!(error.to_string().contains("client certificate"), "{error}");
}
