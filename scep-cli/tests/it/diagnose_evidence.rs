//! What a diagnosis knows besides what it probes: captures, server logs, memory.

use std::path::Path;

use scep_client::memory::{FileMemory, MemoryStore};
use scep_core::crypto::default_provider;
use scep_failures::observation::Memory;
use scep_server_mock::MockNdes;
use serde_json::Value;

use crate::support::{Mock, run};

#[test]
fn a_capture_gives_the_same_diagnosis_without_network() {
    let folder = tempfile::tempdir().unwrap();
    let capture = path(folder.path(), "capture.json");
    let mock = Mock::start(&["--failure", "httpsys-503-pool-stopped"]);
    let live = run(&["diagnose", mock.url(), "--json", "--capture", &capture]).exits(1);
    let report = run(&["diagnose", mock.url(), "--capture", &capture]).exits(1);
    let url = mock.url().to_owned();
    drop(mock);

    let again = run(&["diagnose", "--from", &capture]).exits(1);
    assert_eq!(again.stdout, report.stdout);
    let again = run(&["diagnose", "--from", &capture, "--json"])
        .exits(1)
        .json();
    assert_eq!(again["symptom"], live.json()["symptom"]);
    assert_eq!(again["url"], Value::from(url));

    // a capture of an unknown version, none at all, and something else
    for (content, words) in [
        ("{\"schema\":\"scep-capture/99\"}", "scep-capture/1"),
        ("x", "not understood"),
    ] {
        std::fs::write(&capture, content).unwrap();
        run(&["diagnose", "--from", &capture])
            .exits(4)
            .only_says(words);
    }
    run(&[
        "diagnose",
        "--from",
        &path(folder.path(), "none.json"),
        "--json",
    ])
    .exits(4)
    .only_says("none.json");
}

#[test]
fn a_capture_holds_no_challenge_password() {
    let folder = tempfile::tempdir().unwrap();
    let capture = path(folder.path(), "capture.json");
    let mock = Mock::start(&[]);
    let password = mock.challenge();
    let file = path(folder.path(), "password.txt");
    std::fs::write(&file, &password).unwrap();
    let mut arguments = vec!["diagnose", mock.url(), "--enroll", "--may-issue", "1", "-v"];
    arguments.extend([
        "--subject",
        "CN=x",
        "--ca-sha256",
        mock.pin(),
        "--challenge-file",
        &file,
    ]);
    arguments.extend(["--capture", &capture]);
    let run = run(&arguments).exits(0);
    let written = std::fs::read_to_string(&capture).unwrap();
    for text in [&written, &run.stdout, &run.stderr] {
        assert!(!text.contains(&password));
    }
}

#[test]
fn logs_of_the_control_port_name_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::start(&["--failure", "ndes-ra-cert-expired"]);
    run(&["diagnose", mock.url(), "--quiet"]).exits(1);
    let json = path(folder.path(), "events.json");
    std::fs::write(&json, mock.control("GET", "/events", "")).unwrap();
    let xml = path(folder.path(), "events.xml");
    std::fs::write(&xml, mock.control("GET", "/events?format=xml", "")).unwrap();

    for log in [&json, &xml] {
        let with_url = run(&["diagnose", mock.url(), "--server-log", log, "--json"])
            .exits(1)
            .json();
        let without = run(&["diagnose", "--server-log", log, "--json"])
            .exits(1)
            .json();
        for diagnosis in [with_url, without] {
            assert_eq!(
                diagnosis["failure_modes"][0]["id"], "ndes-ra-cert-expired",
                "{log}"
            );
        }
    }
    let report = run(&["diagnose", "--server-log", &xml]).exits(1);
    report.is_narrow();
    assert!(!report.stdout.contains("Sent "), "{}", report.stdout);
}

#[test]
fn logs_as_windows_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let log = path(folder.path(), "httperr1.log");
    std::fs::write(
        &log,
        "#Software: Microsoft HTTP API 2.0\r\n\
         #Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\r\n\
         2026-11-25 22:29:20 198.51.100.7 50000 192.0.2.10 443 HTTP/1.1 GET /certsrv/mscep/mscep.dll 503 1 AppOffline SCEP\r\n",
    )
    .unwrap();
    let mock = Mock::start(&["--failure", "httpsys-503-pool-stopped"]);
    let diagnosis = run(&["diagnose", mock.url(), "--server-log", &log, "--json"])
        .exits(1)
        .json();
    assert_eq!(diagnosis["symptom"]["id"], "mscep-503-pool-down");

    let odd = path(folder.path(), "notes.txt");
    std::fs::write(&odd, "it was broken on Monday").unwrap();
    run(&["diagnose", "--server-log", &odd])
        .exits(4)
        .only_says("no log that is known");
    run(&["diagnose", "--server-log", &path(folder.path(), "none")])
        .exits(4)
        .only_says("none");
}

/// The deployment is looked at while its RA certificates are good (here: what it then served), and
/// again when they have expired and nothing but 500 comes.
#[test]
fn what_was_remembered_proves_that_a_certificate_has_expired() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = MockNdes::builder()
        .with_failure("ndes-ra-cert-expired")
        .start();
    let ndes = runtime.block_on(start).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let remembered = path(folder.path(), "memory");

    let before = run(&["diagnose", &ndes.url(), "--remember", &remembered, "--json"])
        .exits(1)
        .json();
    assert_eq!(before["symptom"]["id"], "mscep-500-not-started");

    let good = ndes.with(|s| s.deployment().last_good());
    FileMemory::new(Path::new(&remembered), default_provider())
        .save(
            &ndes.url(),
            &Memory {
                taken: ndes
                    .now()
                    .minus(std::time::Duration::from_secs(86_400 * 40))
                    .0,
                ca_certificates: base64(&good.ca_certificates),
                capabilities: good.capabilities,
            },
        )
        .unwrap();
    let after = run(&["diagnose", &ndes.url(), "--remember", &remembered, "--json"])
        .exits(1)
        .json();
    assert_eq!(after["symptom"]["id"], "mscep-500-ra-certificate-expired");
    assert_eq!(after["failure_modes"][0]["id"], "ndes-ra-cert-expired");
}

#[test]
fn a_healthy_look_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let remembered = path(folder.path(), "memory");
    let mock = Mock::start(&[]);
    run(&["diagnose", mock.url(), "--remember", &remembered, "--quiet"]).exits(0);
    assert_eq!(std::fs::read_dir(&remembered).unwrap().count(), 1);
    run(&["diagnose", mock.url(), "--remember", &remembered, "--quiet"]).exits(0);
    assert_eq!(std::fs::read_dir(&remembered).unwrap().count(), 1);
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn base64(octets: &[u8]) -> String {
    let pem = scep_core::x509::pem::encode("X", octets);
    pem.lines()
        .filter(|line| !line.starts_with("-----"))
        .collect()
}

#[test]
fn an_archive_of_a_browser_is_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    let har = path(folder.path(), "traffic.har");
    let url = "https://ndes.example/certsrv/mscep/mscep.dll";
    let page = "<!DOCTYPE HTML PUBLIC \\\"-//W3C//DTD HTML 4.01//EN\\\"\\\"http://www.w3.org/TR/html4/strict.dtd\\\">\\r\\n<HTML><HEAD><TITLE>Service Unavailable</TITLE>\\r\\n<META HTTP-EQUIV=\\\"Content-Type\\\" Content=\\\"text/html; charset=us-ascii\\\"></HEAD>\\r\\n<BODY><h2>Service Unavailable</h2>\\r\\n<hr><p>HTTP Error 503. The service is unavailable.</p>\\r\\n</BODY></HTML>\\r\\n";
    let entry = |operation: &str| {
        format!(
            r#"{{"startedDateTime": "2026-11-25T22:29:20.000Z", "time": 4.2,
            "request": {{"method": "GET", "url": "{url}?operation={operation}", "headers": []}},
            "response": {{"status": 503, "statusText": "Service Unavailable",
                "headers": [{{"name": "Server", "value": "Microsoft-HTTPAPI/2.0"}},
                            {{"name": "Content-Type", "value": "text/html; charset=us-ascii"}}],
                "content": {{"size": 326, "mimeType": "text/html", "text": "{page}"}}}}}}"#
        )
    };
    let entries = [entry("GetCACaps"), entry("GetCACert")].join(",");
    let archive = format!(r#"{{"log": {{"version": "1.2", "entries": [{entries}]}}}}"#);
    std::fs::write(&har, &archive).unwrap();
    let diagnosis = run(&["diagnose", "--from", &har, "--json"]).exits(1).json();
    assert_eq!(diagnosis["symptom"]["id"], "mscep-503-pool-down");
    assert_eq!(diagnosis["url"], url);
    assert_eq!(diagnosis["started"], "2026-11-25T22:29:20Z");

    std::fs::write(&har, r#"{"log": {"entries": []}}"#).unwrap();
    run(&["diagnose", "--from", &har])
        .exits(4)
        .only_says("no exchange with a SCEP server");
}

#[test]
fn recorded_traffic_loses_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "terminal.txt");
    std::fs::write(
        &file,
        "> GET /certsrv/mscep_admin/ HTTP/1.1\n> Authorization: Basic c2VjcmV0\n\
         < Server: Microsoft-IIS/10.0\nThe enrollment challenge password is: 0123456789ABCDEF\n",
    )
    .unwrap();
    let cleaned = run(&["capture", "redact", &file]).exits(0);
    assert!(cleaned.stdout.contains("Microsoft-IIS/10.0"));
    for secret in ["c2VjcmV0", "0123456789ABCDEF"] {
        assert!(!cleaned.stdout.contains(secret), "{}", cleaned.stdout);
    }
    let out = path(folder.path(), "clean.txt");
    run(&["capture", "redact", &file, "--out", &out]).exits(0);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), cleaned.stdout);
    run(&["capture", "redact", &file, "--out", &out])
        .exits(2)
        .only_says("--force");
}

#[test]
fn a_ticket_is_markdown() {
    let mock = Mock::start(&["--failure", "ndes-ra-cert-expired"]);
    let report = run(&["diagnose", mock.url(), "--format", "markdown"]).exits(1);
    report.in_order(&[
        "# SCEP diagnosis: <http://",
        "**mscep-500-not-started",
        "> To ",
        "## Because",
        "## Possible causes, likeliest first",
        "(`ndes-ra-cert-expired`",
        "## Next check",
        "| it shows | then it is |",
        "## Not proven by this look",
        "## What was looked at",
        "| FAIL |",
        "Nothing was issued.",
    ]);
    run(&["diagnose", mock.url(), "--format", "markdown", "--json"]).exits(2);
}

#[test]
fn the_next_check_tells_the_causes_apart() {
    let mock = Mock::start(&["--failure", "ndes-ra-cert-expired"]);
    let diagnosis = run(&["diagnose", mock.url(), "--json"]).exits(1).json();
    let check = &diagnosis["next_check"];
    assert_eq!(check["what"], "application");
    let results = check["results"].as_array().unwrap();
    let of = |id: &str| {
        let mut results = results.iter();
        results.position(|r| r["failure_modes"].as_array().unwrap().contains(&id.into()))
    };
    assert_ne!(of("ndes-ra-cert-expired"), of("ndes-ca-unreachable"));
    let sentence = diagnosis["handover"]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains(mock.url()) && sentence.contains("please look at"),
        "{sentence}"
    );
    let healthy = Mock::start(&[]);
    let diagnosis = run(&["diagnose", healthy.url(), "--json"]).exits(0).json();
    assert!(diagnosis["next_check"].is_null() && diagnosis["handover"].is_null());
}
