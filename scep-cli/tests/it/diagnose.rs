//! `scep diagnose`: reports, JSON, and what is no SCEP server.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::{Mock, run};

#[test]
fn a_healthy_deployment_and_what_is_not_proven() {
    let mock = Mock::start(&[]);
    let report = run(&["diagnose", mock.url()]).exits(0);
    report.is_narrow();
    report.in_order(&[
        mock.url(),
        "[1] ",
        "resolve",
        "GetCACaps",
        "POSTPKIOperation",
        "GetCACert",
        "certificates",
        "No failure found.",
        "Not proven by this look",
        "challenge",
        "Sent ",
        "Nothing was issued.",
    ]);
    assert!(!report.stdout.contains("Because"), "{}", report.stdout);
    assert_eq!(report.stderr, "");

    let quiet = run(&["diagnose", mock.url(), "--quiet"]).exits(0);
    assert_eq!(quiet.stdout, "healthy: no failure found\n");
}

#[test]
fn a_failure_in_the_order_of_the_report() {
    let mock = Mock::start(&["--failure", "ndes-ra-cert-expired"]);
    let report = run(&["diagnose", mock.url()]).exits(1);
    report.is_narrow();
    report.in_order(&[
        "[4] base URL",
        "FAIL",
        "500 by IIS",
        "mscep-500-not-started",
        "confidence: high",
        "NDES does not start",
        "Because",
        "GetCACaps: HTTP status: 500",
        "Do this",
        "ndes-ra-cert-expired",
        "check",
        "scep explain",
        "Not proven by this look",
        "Sent ",
        "Nothing was issued.",
    ]);
}

#[test]
fn json_is_the_published_schema_and_alone_on_stdout() {
    let mock = Mock::start(&["--failure", "httpsys-503-pool-stopped"]);
    let run = run(&["diagnose", mock.url(), "--json", "--verbose"]).exits(1);
    let diagnosis = run.json();
    assert_eq!(diagnosis["schema"], "scep-diagnosis/1");
    assert!(diagnosis["tool"].as_str().unwrap().starts_with("scep "));
    assert_eq!(diagnosis["outcome"], "failure");
    assert_eq!(diagnosis["symptom"]["id"], "mscep-503-pool-down");
    assert_eq!(diagnosis["footprint"]["issued"], serde_json::json!([]));
    let schema: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(
            crate::support::repository().join("docs/json-schema/scep-diagnosis-1.json"),
        )
        .unwrap(),
    )
    .unwrap();
    for name in schema["required"].as_array().unwrap() {
        assert!(diagnosis.get(name.as_str().unwrap()).is_some(), "{name}");
    }
    // -v says on stderr what was sent
    assert!(run.stderr.contains("GetCACaps"), "{}", run.stderr);
}

#[test]
fn a_request_leaves_something_behind_and_says_so() {
    let mock = Mock::start(&[]);
    let report = run(&["diagnose", mock.url(), "--send-request"]).exits(0);
    report.is_narrow();
    report.in_order(&[
        "POST request",
        "failInfo",
        "No failure found.",
        "Left behind: ",
    ]);
}

#[test]
fn an_enrollment_needs_permission_and_says_what_was_issued() {
    let mock = Mock::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let password = mock.challenge_file(folder.path());
    let mut arguments = vec!["diagnose", mock.url(), "--enroll", "--subject", "CN=test"];
    arguments.extend(["--ca-sha256", mock.pin(), "--challenge-file", &password]);
    run(&arguments).exits(2).only_says("--may-issue");
    arguments.extend(["--may-issue", "1", "--json"]);
    let diagnosis = run(&arguments).exits(0).json();
    assert_eq!(diagnosis["outcome"], "healthy");
    assert_eq!(
        diagnosis["footprint"]["issued"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn flags_of_an_enrollment_are_refused_without_one() {
    let url = "http://127.0.0.1:9/scep";
    for more in [
        ["--ca-sha256", "ab"],
        ["--challenge-env", "X"],
        ["--subject", "CN=x"],
        ["--may-issue", "1"],
    ] {
        let run = run(&["diagnose", url, more[0], more[1]]).exits(2);
        run.only_says("--enroll");
    }
}

#[test]
fn a_plain_web_server_is_not_scep() {
    let server = WebPage::start();
    let run_json = run(&["diagnose", &server.url(), "--json"]).exits(1);
    assert_eq!(run_json.json()["outcome"], "not-scep");
    let report = run(&["diagnose", &server.url()]).exits(1);
    report.is_narrow();
    report.in_order(&[
        "not-scep",
        "Something answers",
        "Because",
        "title",
        "Welcome",
    ]);
    let quiet = run(&["diagnose", &server.url(), "--quiet"]).exits(1);
    assert!(quiet.stdout.starts_with("not-scep"), "{}", quiet.stdout);
}

#[test]
fn a_closed_port_and_a_name_that_does_not_exist() {
    // bound, so that nobody else gets the port; and nobody listens
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    let closed = run(&["diagnose", &format!("http://127.0.0.1:{port}/scep")]).exits(1);
    closed.is_narrow();
    closed.in_order(&[
        "connect",
        "FAIL",
        "refused",
        "GetCACaps",
        "skipped",
        "needs [2]",
        "tcp-refused",
    ]);

    let unknown = run(&["diagnose", "http://scep.invalid/scep"]).exits(1);
    unknown.is_narrow();
    unknown.in_order(&[
        "resolve",
        "FAIL",
        "connect",
        "skipped",
        "needs [1]",
        "Sent 0 HTTP requests.",
    ]);
}

#[test]
fn what_is_no_url_is_a_usage_error() {
    for (url, words) in [
        ("ndes.example", "a SCEP URL looks like https://"),
        ("ftp://ndes.example/", "http or https"),
        ("http://", "empty host"),
    ] {
        run(&["diagnose", url, "--json"]).exits(2).only_says(words);
    }
    run(&["diagnose"]).exits(2).only_says("<URL>");
}

/// Answers every request with one page.
struct WebPage(std::net::SocketAddr);

impl WebPage {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { break };
                std::thread::spawn(move || {
                    let mut request = Vec::new();
                    let mut octets = [0; 4096];
                    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                        match stream.read(&mut octets) {
                            Ok(n) if n > 0 => request.extend_from_slice(&octets[..n]),
                            _ => return,
                        }
                    }
                    let page =
                        "<html><head><title>Welcome</title></head><body>Our shop</body></html>";
                    let _ = write!(
                        stream,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                        page.len()
                    );
                });
            }
        });
        Self(address)
    }

    fn url(&self) -> String {
        format!("http://{}/scep", self.0)
    }
}
