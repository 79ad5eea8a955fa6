//! `scep enroll`: files, pins, challenge passwords, refusals.

use std::path::Path;

use crate::process;
use crate::support::{Mock, Run, finish, has_peer, run, run_in, scep};

struct Device {
    folder: tempfile::TempDir,
    mock: Mock,
}

impl Device {
    fn at(mock: Mock) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            mock,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Enrolls as printer-01 into P.*, with the right pin unless another is among `more`.
    fn enroll(&self, more: &[&str]) -> Run {
        let mut arguments = vec![
            "enroll",
            self.mock.url(),
            "--subject",
            "CN=printer-01",
            "--out",
            "P",
        ];
        if !more
            .iter()
            .any(|m| m.starts_with("--ca-") || m.starts_with("--insecure"))
        {
            arguments.extend(["--ca-sha256", self.mock.pin()]);
        }
        arguments.extend(more);
        run_in(self.path(), &arguments)
    }

    fn enroll_with_password(&self, more: &[&str]) -> Run {
        let password = self.mock.challenge_file(self.path());
        let mut arguments = vec!["--challenge-file", &password];
        arguments.extend(more);
        self.enroll(&arguments)
    }
}

#[test]
fn a_certificate_its_key_and_its_chain() {
    let device = Device::at(Mock::start(&[]));
    let report = device
        .enroll_with_password(&["--dns-name", "printer-01.example"])
        .exits(0);
    report.is_narrow();
    report.in_order(&[
        "[1] GetCACaps",
        "[2] GetCACert",
        "SHA-256",
        "[3] PKIOperation ok",
        "issued: CN=printer-01",
        "wrote P.key",
        "P.pem  P.chain.pem",
        "Sent 3 requests. Issued 1 certificate: serial",
    ]);
    assert!(!report.stdout.contains("BEGIN"));
    assert_eq!(device.file("P.pem").matches("BEGIN CERTIFICATE").count(), 1);
    // issuing CA and root, and neither of the two RA certificates
    assert_eq!(
        device
            .file("P.chain.pem")
            .matches("BEGIN CERTIFICATE")
            .count(),
        2
    );
    assert!(
        device
            .file("P.key")
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(device.path().join("P.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let certificate = scep_core::x509::Certificate::from_pem(&device.file("P.pem")).unwrap();
    assert_eq!(certificate.subject_alt_names(), ["dns:printer-01.example"]);
    let chain = scep_core::x509::Certificate::all_from_pem(&device.file("P.chain.pem")).unwrap();
    assert!(chain[0].subject().matches(certificate.issuer()));
    assert!(chain[1].is_self_issued() && chain[1].subject().matches(chain[0].issuer()));
}

#[test]
fn openssl_accepts_what_was_written() {
    if !has_peer("openssl") {
        return;
    }
    let device = Device::at(Mock::start(&[]));
    device.enroll_with_password(&[]).exits(0);
    let openssl = |arguments: &[&str]| {
        let mut command = std::process::Command::new("openssl");
        finish(command.current_dir(device.path()).args(arguments))
            .exits(0)
            .stdout
    };
    let chain = device.file("P.chain.pem");
    let root = chain.rfind("-----BEGIN").unwrap();
    std::fs::write(device.path().join("root.pem"), &chain[root..]).unwrap();
    let verdict = openssl(&[
        "verify",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "P.chain.pem",
        "P.pem",
    ]);
    assert!(verdict.contains("P.pem: OK"), "{verdict}");
    let subject = openssl(&["x509", "-in", "P.pem", "-noout", "-subject"]);
    assert!(subject.contains("printer-01"), "{subject}");
    let of_certificate = openssl(&["x509", "-in", "P.pem", "-noout", "-pubkey"]);
    let of_key = openssl(&["pkey", "-in", "P.key", "-pubout"]);
    assert_eq!(of_certificate, of_key);
}

#[test]
fn over_ip_version_6() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        process::say("SKIPPED: this machine has no IPv6 loopback");
        return;
    }
    let device = Device::at(Mock::start(&["--listen", "[::1]:0"]));
    assert!(device.mock.url().starts_with("http://[::1]:"));
    device.enroll_with_password(&[]).exits(0);
    run(&["diagnose", device.mock.url()]).exits(0);
}

#[test]
fn json_by_get() {
    let device = Device::at(Mock::start(&[]));
    let run = device
        .enroll_with_password(&["--method", "get", "--json"])
        .exits(0);
    let json = run.json();
    assert_eq!(json["outcome"], "issued");
    assert_eq!(json["subject"], "CN=printer-01");
    assert_eq!(json["footprint"]["issued"][0], json["serial"]);
    assert_eq!(json["files"]["certificate"], "P.pem");
    let journal: serde_json::Value =
        serde_json::from_str(&device.mock.control("GET", "/journal", "")).unwrap();
    let by_get = journal.as_array().unwrap().iter().any(|entry| {
        entry["method"] == "GET" && entry["operation"] == "PKIOperation" && entry["status"] == 200
    });
    assert!(by_get, "{journal}");
}

#[test]
fn without_a_way_to_recognise_the_ca_nothing_is_done() {
    let device = Device::at(Mock::start(&[]));
    let mut command = scep();
    command.current_dir(device.path());
    command.args([
        "enroll",
        device.mock.url(),
        "--subject",
        "CN=x",
        "--out",
        "P",
        "--json",
    ]);
    finish(&mut command).exits(2).only_says("--ca-sha256");
    assert_eq!(std::fs::read_dir(device.path()).unwrap().count(), 0);

    device
        .enroll(&["--ca-sha256", "abc"])
        .exits(2)
        .only_says("64 hexadecimal digits");
    device
        .enroll(&["--ca-sha256", "ab", "--insecure-trust-first"])
        .exits(2)
        .only_says("cannot be used with");
    let trusting = device
        .enroll_with_password(&["--insecure-trust-first"])
        .exits(0);
    assert!(trusting.stderr.contains("warning"), "{}", trusting.stderr);
}

#[test]
fn the_ca_may_be_named_by_its_certificate() {
    let device = Device::at(Mock::start(&[]));
    let both = device.mock.control("GET", "/ca.pem", "");
    std::fs::write(device.path().join("both.pem"), &both).unwrap();
    let second = both.rfind("-----BEGIN").unwrap();
    std::fs::write(device.path().join("root.pem"), &both[..second]).unwrap();
    device
        .enroll(&["--ca-file", "both.pem"])
        .exits(2)
        .only_says("holds 2 certificates");
    device
        .enroll_with_password(&["--ca-file", "root.pem"])
        .exits(0);
}

#[test]
fn a_wrong_pin_ends_before_anything_secret_is_sent() {
    let device = Device::at(Mock::start(&[]));
    let wrong = "00".repeat(32);
    let run = device
        .enroll_with_password(&["--ca-sha256", &wrong])
        .exits(1);
    assert!(
        run.stderr.contains("the CA that you trust"),
        "{}",
        run.stderr
    );
    run.in_order(&[
        "[1] GetCACaps",
        "The server presents",
        device.mock.pin(),
        "The new key stays in P.key",
        "Sent 2 requests.",
    ]);
    assert!(!run.stdout.contains("No failure found"), "{}", run.stdout);

    let json = device
        .enroll_with_password(&["--ca-sha256", &wrong, "--json", "--force"])
        .exits(1)
        .json();
    assert_eq!(json["outcome"], "failed");
    assert!(json["error"].as_str().unwrap().contains("trust"));
    assert!(
        json["presented"]
            .as_array()
            .unwrap()
            .iter()
            .any(|ca| ca["sha256"] == device.mock.pin())
    );
    assert!(
        !device
            .mock
            .control("GET", "/journal", "")
            .contains("\"PKIOperation\"")
    );
}

#[test]
fn files_are_not_overwritten_without_force() {
    let device = Device::at(Mock::start(&[]));
    for name in ["P.key", "P.pem", "P.chain.pem", "P.pending.json"] {
        std::fs::write(device.path().join(name), "precious").unwrap();
        device.enroll(&[]).exits(2).only_says(name);
        assert_eq!(device.file(name), "precious");
        std::fs::remove_file(device.path().join(name)).unwrap();
    }
    std::fs::write(device.path().join("P.pem"), "old").unwrap();
    device.enroll_with_password(&["--force"]).exits(0);
    assert!(device.file("P.pem").contains("BEGIN"));
    assert!(!device.mock.control("GET", "/journal", "").is_empty());
}

#[test]
fn a_refusal_is_diagnosed_and_the_key_is_kept() {
    let device = Device::at(Mock::start(&["--failure", "ca-template-denied"]));
    let report = device.enroll_with_password(&[]).exits(1);
    report.is_narrow();
    report.in_order(&[
        "[3] PKIOperation FAIL",
        "0x80094012",
        "ca-denies-template",
        "Do this",
        "ca-template-denied",
        "get a new one",
        "--key-file P.key",
        "Nothing was issued.",
    ]);
    // the key was written before anything was sent, and goes on being usable
    device
        .mock
        .control("POST", "/heal", "{\"id\":\"ca-template-denied\"}");
    let key = device.file("P.key");
    device
        .enroll_with_password(&["--key-file", "P.key"])
        .exits(0);
    assert_eq!(device.file("P.key"), key);

    let other = Device::at(Mock::start(&["--failure", "ca-template-denied"]));
    let json = other.enroll_with_password(&["--json"]).exits(1).json();
    assert_eq!(json["outcome"], "refused");
    assert_eq!(json["hresult"], "0x80094012");
    assert_eq!(json["diagnosis"]["symptom"]["id"], "ca-denies-template");
}

#[test]
fn a_server_that_is_down_is_to_be_diagnosed() {
    let device = Device::at(Mock::start(&["--failure", "httpsys-503-pool-stopped"]));
    let json = device.enroll(&["--json"]).exits(1).json();
    assert_eq!(json["outcome"], "failed");
    assert!(json["error"].as_str().unwrap().contains("503"), "{json}");
    // one answer is too little for a diagnosis, but says where to get one
    let report = device.enroll(&["--force"]).exits(1);
    assert!(report.stderr.contains("503"), "{}", report.stderr);
    let advice = format!("scep diagnose {}", device.mock.url());
    report.in_order(&[&advice, "No certificate was received."]);
}

#[test]
fn challenge_passwords_come_from_where_they_are_kept() {
    let device = Device::at(Mock::start(&[]));
    let password = device.mock.challenge();
    let mut command = scep();
    command.current_dir(device.path()).env("SECRET", &password);
    command.args([
        "enroll",
        device.mock.url(),
        "--subject",
        "CN=x",
        "--out",
        "E",
    ]);
    command.args([
        "--ca-sha256",
        device.mock.pin(),
        "--challenge-env",
        "SECRET",
        "-v",
    ]);
    let run = finish(&mut command).exits(0);
    assert!(!run.stdout.contains(&password) && !run.stderr.contains(&password));

    let password = device.mock.challenge();
    let command = if cfg!(windows) {
        format!("echo {password}")
    } else {
        format!("printf '%s\\nmore\\n' {password}")
    };
    device.enroll(&["--challenge-command", &command]).exits(0);

    let password = device.mock.challenge();
    let visible = device
        .enroll(&["--challenge", &password, "--force"])
        .exits(0);
    assert!(visible.stderr.contains("process list") && !visible.stderr.contains(&password));

    std::fs::write(device.path().join("empty"), "\n").unwrap();
    device
        .enroll(&["--challenge-file", "empty", "--force"])
        .exits(4)
        .only_says("first line is empty");
    device
        .enroll(&["--challenge-file", "none", "--force"])
        .exits(4)
        .only_says("none");
    device
        .enroll(&["--challenge-env", "SCEP_NOT_SET", "--force"])
        .exits(2)
        .only_says("SCEP_NOT_SET");
    device
        .enroll(&["--challenge-command", "exit 3", "--force"])
        .exits(4)
        .only_says("ended with");
}

#[test]
fn arguments_are_checked_before_a_key_is_made() {
    let device = Device::at(Mock::start(&[]));
    device
        .enroll(&["--key-type", "rsa:1024"])
        .exits(2)
        .only_says("rsa:2048");
    device
        .enroll(&["--key-file", "none"])
        .exits(4)
        .only_says("none");
    device
        .enroll(&["--method", "pust"])
        .exits(2)
        .only_says("post");
    device.enroll(&["--wait", "soon"]).exits(2).only_says("90s");
    let pin = device.mock.pin();
    for (url, subject) in [("nonsense", "CN=x"), (device.mock.url(), "no name")] {
        let run = run_in(
            device.path(),
            &[
                "enroll",
                url,
                "--subject",
                subject,
                "--out",
                "P",
                "--ca-sha256",
                pin,
            ],
        );
        assert_eq!(run.exits(2).stdout, "");
    }
    assert_eq!(std::fs::read_dir(device.path()).unwrap().count(), 0);
}
