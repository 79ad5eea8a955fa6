//! `scep inspect`: a recorded PKCSReq in the forms that people have it in.

use std::io::Write;
use std::process::Stdio;

use crate::support::{finish, repository, run, run_in, scep};

/// A line of an IIS log with a PKCSReq to the mock's published RA key.
fn log_line() -> String {
    path("examples/examples/iis.log")
}

/// The key that opens it.
fn ra_key() -> String {
    path("scep-server-mock/keys/ra-encryption.p8")
}

fn path(below: &str) -> String {
    repository().join(below).to_str().unwrap().to_owned()
}

fn der() -> Vec<u8> {
    let line = std::fs::read(log_line()).unwrap();
    let (_, mut blocks) = scep_core::inspect::unwrap_input(&line).unwrap();
    blocks.remove(0)
}

#[test]
fn a_message_for_a_reader() {
    let report = run(&["inspect", &log_line()]).exits(0);
    report.is_narrow();
    report.in_order(&[
        "pki-message, base64 in a URL",
        "messageType      PKCSReq (19)",
        "transactionID",
        "signer",
        "CN=printer-01",
        "digest           SHA-256",
        "cipher           DES-EDE3-CBC",
        "signature        valid",
        "recipient        issuer CN=Lab Issuing CA",
    ]);
}

#[test]
fn json_has_all_fields_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let der = der();
    let pem = scep_core::x509::pem::encode("PKCS7", &der);
    let hex: String = der.iter().map(|octet| format!("{octet:02x}")).collect();
    for (name, content) in [
        ("a.der", der),
        ("a.pem", pem.into_bytes()),
        ("a.hex", hex.into_bytes()),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
        let json = run_in(folder.path(), &["inspect", name, "--json"])
            .exits(0)
            .json();
        for field in [
            "kind",
            "encoding",
            "message_type",
            "transaction_id",
            "pki_status",
            "fail_info",
            "hresult",
            "digest",
            "cipher",
            "signer",
            "signature",
            "recipients",
            "certificates",
            "deviations",
        ] {
            assert!(json.get(field).is_some(), "{field} is missing in {json}");
        }
        assert_eq!(json["kind"], "pki-message", "{name}");
        assert_eq!(json["message_type"], "PKCSReq");
        assert_eq!(json["signature"]["verdict"], "valid");
        assert_eq!(json["certificates"][0]["subject"], "CN=printer-01");
    }
}

#[test]
fn the_key_opens_the_envelope_and_the_password_is_not_shown() {
    let json = run(&["inspect", &log_line(), "--json", "--key-file", &ra_key()])
        .exits(0)
        .json();
    assert_eq!(json["content"]["kind"], "certification-request");
    assert_eq!(json["content"]["subject"], "CN=printer-01");
    assert_eq!(json["content"]["has_challenge"], true);
    let report = run(&["inspect", &log_line(), "--key-file", &ra_key()]).exits(0);
    report.in_order(&["Content, decrypted", "certification-request", "(not shown)"]);

    let other = path("scep-server-mock/keys/device-1.p8");
    let json = run(&["inspect", &log_line(), "--json", "--key-file", &other])
        .exits(0)
        .json();
    assert!(json["content"].is_null());
    assert!(
        json["not_opened"]
            .as_str()
            .unwrap()
            .contains("none of the keys")
    );
}

#[test]
fn strict_makes_a_deviation_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut trailing = der();
    trailing.extend([0, 0]);
    std::fs::write(folder.path().join("odd.der"), trailing).unwrap();
    let json = run_in(folder.path(), &["inspect", "odd.der", "--json"])
        .exits(0)
        .json();
    let deviation = &json["deviations"][0];
    for field in ["id", "section", "text"] {
        assert!(deviation[field].is_string(), "{json}");
    }
    run_in(folder.path(), &["inspect", "odd.der", "--strict"]).exits(1);
    run(&["inspect", &log_line(), "--strict"]).exits(0);

    // a signature that does not fit is out of order too
    let mut damaged = der();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(folder.path().join("damaged.der"), damaged).unwrap();
    let json = run_in(folder.path(), &["inspect", "damaged.der", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["signature"]["verdict"], "wrong");
    run_in(folder.path(), &["inspect", "damaged.der", "--strict"]).exits(1);
}

#[test]
fn a_message_that_was_cut_shows_what_could_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = der();
    std::fs::write(folder.path().join("cut.der"), &whole[..600]).unwrap();
    let report = run_in(folder.path(), &["inspect", "cut.der"]).exits(1);
    assert!(
        report.stderr.contains("not understood"),
        "{}",
        report.stderr
    );
    report.in_order(&["What could be read:", "SEQUENCE", "cut short"]);
    let json = run_in(folder.path(), &["inspect", "cut.der", "--json"])
        .exits(1)
        .json();
    assert!(json["kind"].is_null() && json["error"].is_string());
    assert!(json["outline"].as_array().unwrap().len() > 3);

    std::fs::write(folder.path().join("none"), "").unwrap();
    std::fs::write(folder.path().join("text"), "nothing of the sort").unwrap();
    for name in ["none", "text"] {
        let run = run_in(folder.path(), &["inspect", name, "--json"]).exits(1);
        assert!(run.json()["error"].is_string());
    }
}

#[test]
fn what_cannot_be_opened_is_our_side() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["inspect", "missing.der", "--json"])
        .exits(4)
        .only_says("missing.der");
    run_in(folder.path(), &["inspect", "."])
        .exits(4)
        .only_says("directory");
    let readme = path("README.md");
    run(&["inspect", &log_line(), "--key-file", &readme])
        .exits(4)
        .only_says("README.md");
    run(&["inspect", &log_line(), "--ca-file", &readme])
        .exits(4)
        .only_says("README.md");
    run(&["inspect"]).exits(2).only_says("<FILE>");
}

#[test]
fn stdin_is_a_file_too() {
    let mut child = scep()
        .args(["inspect", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&der()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("PKCSReq")
    );
}

#[test]
fn certificates_and_requests_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let mock = crate::support::Mock::start(&[]);
    std::fs::write(
        folder.path().join("ca.pem"),
        mock.control("GET", "/ca.pem", ""),
    )
    .unwrap();
    let json = run_in(folder.path(), &["inspect", "ca.pem", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["kind"], "certificate");
    let _ = finish(scep().arg("--version")).exits(0);
}

#[test]
fn the_tree_shows_what_lies_where() {
    let message = path("scep-core/tests/golden/pkcsreq.der");
    let report = run(&["inspect", &message, "--tree"]).exits(0);
    report.in_order(&[
        "messageType      PKCSReq (19)",
        "     0  SEQUENCE (2517)",
        "     4    OBJECT IDENTIFIER (9) 1.2.840.113549.1.7.2 (signed-data)",
        "OCTET STRING, holding (",
        "OBJECT IDENTIFIER (9) 1.2.840.113549.1.7.3 (enveloped-data)",
        "(message-type)",
    ]);
    let json = run(&["inspect", &message, "--tree", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["outline"][0]["offset"], 0);
    assert_eq!(json["outline"][1]["type"], "OBJECT IDENTIFIER");
}

#[test]
fn the_challenge_password_opens_what_is_encrypted_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let envelope = path("scep-core/tests/golden/envelope--password.der");
    for (password, opened) in [("CorrectHorse1\n", true), ("a\n\nb\n", false)] {
        std::fs::write(folder.path().join("pw"), password).unwrap();
        let report = run_in(
            folder.path(),
            &["inspect", &envelope, "--challenge-file", "pw"],
        )
        .exits(0);
        report.in_order(&["the challenge password", "PBKDF2, HMAC-SHA-256"]);
        assert_eq!(report.stdout.contains("certification-request"), opened);
        assert!(!report.stdout.contains("CorrectHorse1"));
    }
}
