//! The same deployment on real sockets: no more than a smoke test of each road.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use scep_core::UnixTime;
use scep_core::client::{
    CaTrust, Enrollment, EnrollmentParams, Method, Next, Response, TransactionIdChoice,
};
use scep_core::crypto::{SystemRandom, default_provider};
use scep_core::message::ChallengePassword;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Crl, Name};
use scep_server_mock::{Builder, MockNdes};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{SCEP, device_key};

pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    server: Option<String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) async fn exchange(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<Got, String> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|e| format!("connect: {e}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut request = hyper::Request::builder().method(method).uri(target);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", address.to_string());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender
        .send_request(request.body(Full::new(Bytes::from(body))).unwrap())
        .await
        .map_err(|e| format!("cut: {e}"))?;
    let field = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    Ok(Got {
        status: response.status().as_u16(),
        content_type: field("content-type"),
        server: field("server"),
        body: response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    })
}

async fn get(mock: &MockNdes, target: &str) -> Result<Got, String> {
    exchange(mock.address(), "GET", target, &[], Vec::new()).await
}

fn control_address(mock: &MockNdes) -> SocketAddr {
    mock.control_url()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap()
}

pub(crate) async fn control(
    mock: &MockNdes,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    let got = exchange(control_address(mock), method, path, &[], body)
        .await
        .unwrap();
    (
        got.status,
        serde_json::from_slice(&got.body).unwrap_or(Value::Null),
    )
}

pub(crate) async fn enroll(mock: &MockNdes) -> String {
    let challenge = mock.issue_challenge().unwrap().unwrap();
    enroll_with(mock, challenge).await
}

pub(crate) async fn enroll_with(mock: &MockNdes, challenge: ChallengePassword) -> String {
    let [root, _] = mock.ca_certificates();
    let mut params = EnrollmentParams::new(
        mock.url(),
        CaTrust::Certificate(Box::new(root)),
        device_key(),
        Name::from_rfc4514("CN=socket-device").unwrap(),
    );
    params.challenge = Some(challenge);
    params.transaction_id = TransactionIdChoice::Random;
    params.server.policy = AlgorithmPolicy::NDES;
    let mut enrollment = Enrollment::new(default_provider(), params);
    let mut rng = SystemRandom;
    loop {
        let now = UnixTime::now();
        let wanted = match enrollment.next(now, &mut rng).unwrap() {
            Next::Send(request) => request,
            Next::Issued(issued) => return issued.certificate.subject().to_string(),
            other => panic!("{other:?}"),
        };
        let target = wanted.url.strip_prefix(&mock.base_url()).unwrap();
        let method = if wanted.method == Method::Get {
            "GET"
        } else {
            "POST"
        };
        let headers: Vec<_> = wanted
            .content_type
            .iter()
            .map(|value| ("content-type", *value))
            .collect();
        let got = exchange(mock.address(), method, target, &headers, wanted.body)
            .await
            .unwrap();
        let response = Response {
            status: got.status,
            content_type: got.content_type.as_deref(),
            body: &got.body,
        };
        enrollment.on_response(&response, now, &mut rng).unwrap();
    }
}

#[tokio::test]
async fn a_device_enrolls_and_the_crl_of_its_certificate_can_be_fetched() {
    let mock = MockNdes::start().await.unwrap();
    assert_eq!(enroll(&mock).await, "CN=socket-device");
    let issued = mock.issued().remove(0).certificate;
    let url = issued.crl_distribution_points().remove(0);
    let (authority, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let got = exchange(
        authority.parse().unwrap(),
        "GET",
        &format!("/{path}"),
        &[],
        Vec::new(),
    )
    .await;
    let crl = Crl::from_der(&got.unwrap().body).unwrap();
    assert!(!crl.is_expired_at(UnixTime::now()));
    let journal = mock.journal();
    assert_eq!(
        journal
            .iter()
            .filter(|e| e.operation.as_deref() == Some("PKIOperation"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_stopped_pool_a_closed_port_and_back() {
    let mock = MockNdes::start().await.unwrap();
    let caps = format!("{SCEP}?operation=GetCACaps");
    assert_eq!(get(&mock, &caps).await.unwrap().status, 200);
    mock.set(&"iis.scep_pool.state = 'stopped'".parse().unwrap())
        .unwrap();
    let page = get(&mock, &caps).await.unwrap();
    assert_eq!((page.status, page.body.len()), (503, 326));
    assert_eq!(page.server.as_deref(), Some("Microsoft-HTTPAPI/2.0"));
    mock.set(&"client_network.path = 'refused'".parse().unwrap())
        .unwrap();
    // The listener closes as soon as its task gets to it.
    while TcpStream::connect(mock.address()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    mock.set(
        &"client_network.path = 'open'\niis.scep_pool.state = 'started'"
            .parse()
            .unwrap(),
    )
    .unwrap();
    while TcpStream::connect(mock.address()).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(&mock, &caps).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_crashing_worker_cuts_the_connection() {
    let set = "policy_module.crp.authentication = 'windows'"
        .parse()
        .unwrap();
    let mock = Builder::default()
        .with_baseline("intune")
        .with_state(set)
        .start()
        .await
        .unwrap();
    let target = format!("{SCEP}?operation=PKIOperation&message=MAA%3D");
    for _ in 0..5 {
        assert!(
            get(&mock, &target)
                .await
                .is_err_and(|e| e.starts_with("cut"))
        );
    }
    assert_eq!(get(&mock, &target).await.unwrap().status, 503);
}

#[tokio::test]
async fn one_password_for_all_can_be_chosen() {
    let challenge = ChallengePassword::new("lab-secret");
    let mock = Builder::default()
        .with_static_challenge(challenge)
        .start()
        .await
        .unwrap();
    let issued = mock.issue_challenge().unwrap().unwrap();
    assert_eq!(issued.expose(), "lab-secret");
    assert_eq!(enroll(&mock).await, "CN=socket-device");
}

#[tokio::test]
async fn dropping_the_mock_stops_it() {
    let mock = MockNdes::start().await.unwrap();
    let (address, control) = (mock.address(), control_address(&mock));
    drop(mock);
    for address in [address, control] {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn the_tls_binding_can_be_met() {
    let mock = Builder::default()
        .with_baseline("ndes-tls")
        .start()
        .await
        .unwrap();
    assert!(mock.url().starts_with("https://127.0.0.1:"));
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(mock.public_tls_root().as_der().to_vec().into())
        .unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let connect = || async {
        let stream = TcpStream::connect(mock.address()).await.unwrap();
        connector
            .connect("127.0.0.1".try_into().unwrap(), stream)
            .await
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connect().await.unwrap()))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get(format!("{SCEP}?operation=GetCACaps"))
        .header("host", "127.0.0.1")
        .body(Full::new(Bytes::new()))
        .unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    mock.set(&"tls.issuer = 'private-ca'".parse().unwrap())
        .unwrap();
    let error = connect().await.unwrap_err().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn the_control_port_arms_heals_and_shows() {
    let mock = MockNdes::start().await.unwrap();
    let caps = format!("{SCEP}?operation=GetCACaps");
    let (status, failures) = control(&mock, "GET", "/failures", Value::Null).await;
    assert_eq!(status, 200);
    let first = failures
        .as_array()
        .unwrap()
        .iter()
        .find(|mode| mode["layer"] == "ndes-start")
        .unwrap();
    let id = first["id"].as_str().unwrap();
    assert_eq!(
        control(&mock, "POST", "/arm", json!({ "id": id })).await.0,
        200
    );
    assert_eq!(mock.armed(), [id]);
    assert_eq!(get(&mock, &caps).await.unwrap().status, 500);
    assert_eq!(
        control(&mock, "POST", "/heal", json!({ "id": id })).await.0,
        200
    );
    assert_eq!(get(&mock, &caps).await.unwrap().status, 200);
    let (status, challenge) = control(&mock, "POST", "/challenge", Value::Null).await;
    assert_eq!(
        (status, challenge["challenge"].as_str().unwrap().len()),
        (200, 16)
    );
    let (_, index) = control(&mock, "GET", "/", Value::Null).await;
    assert_eq!(index["urls"]["scep"].as_str().unwrap(), mock.url());
    let headers = [("accept", "text/html")];
    let page = exchange(control_address(&mock), "GET", "/", &headers, Vec::new())
        .await
        .unwrap();
    assert!(page.content_type.unwrap().starts_with("text/html"));
    let (_, state) = control(&mock, "GET", "/state", Value::Null).await;
    assert_eq!(state["baseline"], "ndes-plain");
    assert_eq!(state["state"]["crl"]["validity"], "7d");
    let (_, events) = control(&mock, "GET", "/events", Value::Null).await;
    assert!(
        events
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["event_id"] == 1 && e["log"] == "application")
    );
    // What `scep diagnose --server-log` reads.
    let records: Vec<scep_failures::observation::LogRecord> =
        serde_json::from_value(events).unwrap();
    assert!(records.iter().any(|r| r.event_id == 1));
    let xml = exchange(
        control_address(&mock),
        "GET",
        "/events?format=xml",
        &[],
        Vec::new(),
    )
    .await;
    assert!(
        String::from_utf8(xml.unwrap().body)
            .unwrap()
            .contains("<EventID>1</EventID>")
    );
    let (_, journal) = control(&mock, "GET", "/journal", Value::Null).await;
    assert!(journal.as_array().unwrap().len() >= 2);
    assert_eq!(control(&mock, "POST", "/reset", Value::Null).await.0, 200);
    let (_, before) = control(&mock, "GET", "/clock", Value::Null).await;
    let (_, after) = control(&mock, "POST", "/clock", json!({ "advance": "61m" })).await;
    assert!(after["unix"].as_i64().unwrap() >= before["unix"].as_i64().unwrap() + 3660);
    let pem = exchange(control_address(&mock), "GET", "/ca.pem", &[], Vec::new())
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8(pem.body)
            .unwrap()
            .matches("BEGIN CERTIFICATE")
            .count(),
        2
    );
}

#[tokio::test]
async fn the_control_port_says_what_is_wrong() {
    let mock = MockNdes::start().await.unwrap();
    for (method, path, body, status, part) in [
        ("GET", "/nothing", Value::Null, 404, "GET /nothing"),
        ("POST", "/arm", json!({}), 400, "missing field `id`"),
        (
            "POST",
            "/arm",
            json!({ "name": "x" }),
            400,
            "unknown field `name`",
        ),
        (
            "POST",
            "/arm",
            json!({ "id": "no-such-mode-anywhere" }),
            404,
            "no failure mode",
        ),
        (
            "POST",
            "/set",
            json!({ "set": { "crl": { "valid": true } } }),
            400,
            "valid",
        ),
        (
            "POST",
            "/disarm",
            json!({ "id": "x" }),
            404,
            "no armed failure mode",
        ),
    ] {
        let (got, answer) = control(&mock, method, path, body).await;
        assert_eq!(got, status, "{path}");
        assert!(
            answer["error"].as_str().unwrap().contains(part),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn the_control_port_refuses_pages_from_elsewhere() {
    let mock = MockNdes::start().await.unwrap();
    let address = control_address(&mock);
    for (headers, status) in [
        (vec![("host", "evil.example")], 403),
        (vec![("origin", "https://evil.example")], 403),
        (vec![("host", "localhost")], 200),
        (vec![("origin", "http://127.0.0.1:8081")], 200),
    ] {
        let got = exchange(address, "GET", "/state", &headers, Vec::new())
            .await
            .unwrap();
        assert_eq!(got.status, status, "{headers:?}");
    }
    let beyond = Builder::default().with_control("0.0.0.0:0".parse().unwrap());
    assert!(
        beyond.clone().start().await.is_err(),
        "a remote control port needs a token"
    );
    let mock = beyond.with_control_token("t0ken").start().await.unwrap();
    let port = mock
        .control_url()
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let bare = exchange(address, "GET", "/state", &[], Vec::new())
        .await
        .unwrap();
    assert_eq!(bare.status, 401);
    let headers = [("authorization", "Bearer t0ken")];
    assert_eq!(
        exchange(address, "GET", "/state", &headers, Vec::new())
            .await
            .unwrap()
            .status,
        200
    );
}

/// Every single setting that is a number or a length of time, with its value.
fn quantities(value: &Value, path: &[String], found: &mut Vec<(Vec<String>, Value)>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = [path, std::slice::from_ref(name)].concat();
                quantities(inner, &path, found);
            }
        }
        Value::Number(_) => found.push((path.to_vec(), value.clone())),
        Value::String(text) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            found.push((path.to_vec(), value.clone()));
        }
        _ => {}
    }
}

#[tokio::test]
async fn no_quantity_is_too_large_or_too_small() {
    let mock = Builder::default()
        .with_baseline("ndes-tls")
        .with_state("tls.enabled = false".parse().unwrap())
        .start()
        .await
        .unwrap();
    let (_, state) = control(&mock, "GET", "/state", Value::Null).await;
    let mut all = Vec::new();
    quantities(&state["state"], &[], &mut all);
    assert!(all.len() > 20, "{all:?}");
    let crl = mock.urls().crl;
    let (crl_address, crl_path) = crl
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    for (path, before) in all {
        let extremes = if before.is_number() {
            vec![json!(i64::MAX), json!(0), json!(-1)]
        } else {
            vec![json!("584542046090y"), json!("0s")]
        };
        for value in extremes.into_iter().chain([before]) {
            let nested = path
                .iter()
                .rev()
                .fold(value.clone(), |inner, name| json!({ name: inner }));
            let (status, answer) = control(&mock, "POST", "/set", json!({ "set": nested })).await;
            assert!([200, 400].contains(&status), "{path:?} = {value}: {answer}");
            control(&mock, "POST", "/recycle", Value::Null).await;
            control(&mock, "POST", "/challenge", json!({ "kind": "expired" })).await;
            let target = format!("{SCEP}?operation=GetCACaps");
            get(&mock, &target).await.unwrap();
            // Whatever comes of it, even a cut: nothing may panic.
            let _ = exchange(
                crl_address.parse().unwrap(),
                "GET",
                &format!("/{crl_path}"),
                &[],
                Vec::new(),
            )
            .await;
            assert_eq!(control(&mock, "GET", "/clock", Value::Null).await.0, 200);
        }
    }
    for _ in 0..3 {
        let (status, _) = control(
            &mock,
            "POST",
            "/clock",
            json!({ "advance": "584542046090y" }),
        )
        .await;
        assert_eq!(status, 200);
    }
    get(&mock, &format!("{SCEP}?operation=GetCACaps"))
        .await
        .unwrap();
}

/// The status line that comes when nothing but the head of a request was sent.
async fn head_only(address: SocketAddr, head: &str) -> String {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    line
}

#[tokio::test]
async fn the_control_port_refuses_before_it_reads() {
    let mock = MockNdes::start().await.unwrap();
    let address = control_address(&mock);
    for (host, length, status) in [
        ("evil.example", 10, "403"),
        ("evil.example", 40_000_000, "403"),
        ("localhost", 65_537, "413"),
    ] {
        let head =
            format!("POST /set HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
        let line = head_only(address, &head).await;
        assert!(line.contains(status), "{host} {length}: {line}");
    }
    let long = json!({ "set": { "app_proxy": { "internal_url": "x".repeat(60_000) } } });
    assert_eq!(control(&mock, "POST", "/set", long).await.0, 200);
}

#[tokio::test]
async fn a_port_that_somebody_took_is_noted_and_had_again() {
    let mock = MockNdes::start().await.unwrap();
    mock.set(&"client_network.path = 'refused'".parse().unwrap())
        .unwrap();
    let squatter = loop {
        match tokio::net::TcpListener::bind(mock.address()).await {
            Ok(listener) => break listener,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    mock.set(&"client_network.path = 'open'".parse().unwrap())
        .unwrap();
    let noted = || {
        let notes = mock.journal().into_iter().flat_map(|entry| entry.notes);
        notes.filter(|note| note.contains("cannot listen")).count()
    };
    while noted() == 0 {
        tokio::task::yield_now().await;
    }
    drop(squatter);
    let caps = format!("{SCEP}?operation=GetCACaps");
    while get(&mock, &caps).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(noted(), 1);
    let (_, index) = control(&mock, "GET", "/", Value::Null).await;
    assert!(
        index["substitutions"][0]["here"]
            .as_str()
            .unwrap()
            .contains("closed port")
    );
}

/// Says hello in TLS to a mock with these settings, and gives what comes back.
async fn hello(set: &str) -> std::io::Result<Vec<u8>> {
    let mock = with_tls(set).await;
    let mut stream = TcpStream::connect(mock.address()).await?;
    // the head of a ClientHello is enough to be answered
    stream
        .write_all(&[0x16, 3, 1, 0, 200, 1, 0, 0, 196])
        .await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn with_tls(set: &str) -> MockNdes {
    let set = format!("tls.enabled = true\n{set}");
    let state = toml::from_str(&set).unwrap();
    MockNdes::builder().with_state(state).start().await.unwrap()
}

#[tokio::test]
async fn a_server_of_tls_1_0_answers_with_an_alert() {
    let answer = hello("tls.versions = 'tls10-only'").await.unwrap();
    assert_eq!(answer, [0x15, 3, 1, 0, 2, 2, 70]);
}

#[tokio::test]
async fn a_port_without_certificate_and_a_cut_way_are_reset() {
    for set in [
        "tls.certificate_bound = false",
        "client_network.path = 'reset'",
    ] {
        let error = hello(set).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{set}");
    }
}

#[tokio::test]
async fn openssl_is_offered_the_versions_that_are_set() {
    for (versions, offered, works) in [
        ("modern", "-tls1_2", true),
        ("modern", "-tls1_3", true),
        ("tls13-only", "-tls1_2", false),
        ("tls13-only", "-tls1_3", true),
    ] {
        let mock = with_tls(&format!("tls.versions = '{versions}'")).await;
        let output = tokio::process::Command::new("openssl")
            .args(["s_client", offered, "-connect", &mock.address().to_string()])
            .stdin(std::process::Stdio::null())
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.success(), works, "{versions} {offered}");
    }
}

/// Asks the mock's name server for an address, in the octets of RFC 1035.
async fn ask(mock: &MockNdes, name: &str) -> (u8, Vec<u8>) {
    let mut question = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&question, mock.dns_address()).await.unwrap();
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).await.unwrap();
    assert_eq!(answer[..2], question[..2]);
    (answer[3] & 0x0f, answer[..length].to_vec())
}

#[tokio::test]
async fn the_name_server_knows_the_deployment_and_what_is_wrong_with_it() {
    let mock = MockNdes::start().await.unwrap();
    let (code, answer) = ask(&mock, "ndes.lab.example").await;
    assert_eq!(
        (code, &answer[answer.len() - 4..]),
        (0, &[127, 0, 0, 1][..])
    );
    assert_eq!(ask(&mock, "nobody.lab.example").await.0, 3);
    for (record, code) in [("missing", 3), ("server-failure", 2)] {
        mock.set(&toml::from_str(&format!("dns.published_name = '{record}'")).unwrap())
            .unwrap();
        assert_eq!(ask(&mock, "NDES.lab.example").await.0, code);
    }
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_leads_to_another_server() {
    let mock = MockNdes::start().await.unwrap();
    mock.set(&toml::from_str("dns.published_name = 'elsewhere'").unwrap())
        .unwrap();
    let (code, answer) = ask(&mock, "ndes.lab.example").await;
    let [.., a, b, c, d] = answer[..] else {
        panic!("{answer:?}")
    };
    assert_eq!((code, [a, b, c, d]), (0, [127, 0, 0, 2]));
    let address = SocketAddr::from(([a, b, c, d], mock.address().port()));
    let got = exchange(address, "GET", SCEP, &[], Vec::new())
        .await
        .unwrap();
    assert_eq!(got.status, 404);
    assert!(got.server.unwrap().starts_with("Apache"));
}
