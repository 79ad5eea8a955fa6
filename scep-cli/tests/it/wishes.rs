//! What is asked for, by flags or by a certification request of others, and the files it ends up in.

use std::path::Path;
use std::process::Command;

use crate::support::{Mock, Run, run_in};

struct Lab {
    folder: tempfile::TempDir,
    mock: Mock,
}

impl Lab {
    fn start(arguments: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            mock: Mock::start(arguments),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn enroll(&self, more: &[&str]) -> Run {
        let password = self.mock.challenge_file(self.path());
        let begin = ["enroll", self.mock.url(), "--ca-sha256", self.mock.pin()];
        let end = ["--challenge-file", &password, "--out", "P", "--force"];
        run_in(self.path(), &[&begin[..], &end, more].concat())
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap();
        let (out, err) = (output.stdout, output.stderr);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&err));
        String::from_utf8_lossy(&out).into_owned()
    }
}

#[test]
fn purposes_and_an_identifier() {
    let lab = Lab::start(&[]);
    let sid = "S-1-5-21-1004336348-1177238915-682003330-512";
    let wishes = ["--subject", "CN=p", "--key-usage", "digitalSignature"];
    let more = ["--eku", "clientAuth,1.3.6.1.5.5.7.3.17", "--sid", sid];
    lab.enroll(&[&wishes[..], &more].concat()).exits(0);
    let text = lab.openssl(&["x509", "-in", "P.pem", "-noout", "-text"]);
    assert!(text.contains("Digital Signature\n"), "{text}");
    let journal = lab.mock.control("GET", "/journal", "");
    assert!(journal.contains("CN=p"), "{journal}");

    for (bad, words) in [
        (["--key-usage", "digitalSignatur"], "digitalSignature"),
        (["--eku", "clientauht"], "clientAuth"),
        (["--sid", "512"], "S-1-5-21"),
    ] {
        let run = lab.enroll(&[&["--subject", "CN=p"], &bad[..]].concat());
        run.exits(2).only_says(words);
    }
}

#[test]
fn a_request_that_openssl_made() {
    let lab = Lab::start(&[]);
    let names = "subjectAltName=DNS:csr.lab.example";
    lab.openssl(&[
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "own.key",
        "-out",
        "own.csr",
        "-subj",
        "/O=Lab/CN=csr",
        "-addext",
        names,
    ]);
    let csr = ["--csr", "own.csr", "--key-file", "own.key"];
    lab.enroll(&csr)
        .exits(0)
        .in_order(&["issued: CN=csr,O=Lab"]);
    let text = lab.openssl(&["x509", "-in", "P.pem", "-noout", "-text"]);
    assert!(text.contains("DNS:csr.lab.example"), "{text}");

    // of another key, of no key, or not what it says it is
    lab.openssl(&["genrsa", "-out", "other.key", "2048"]);
    lab.enroll(&["--csr", "own.csr", "--key-file", "other.key"])
        .exits(4)
        .only_says("another key");
    lab.enroll(&["--csr", "own.csr"])
        .exits(2)
        .only_says("--key-file");
    lab.enroll(&[&csr[..], &["--dns-name", "x"]].concat())
        .exits(2)
        .only_says("--csr");
    std::fs::write(lab.path().join("bad.csr"), "-----BEGIN").unwrap();
    lab.enroll(&["--csr", "bad.csr", "--key-file", "own.key"])
        .exits(4)
        .only_says("bad.csr");
}

#[test]
fn keys_in_every_form_that_openssl_writes() {
    let lab = Lab::start(&[]);
    lab.openssl(&["genrsa", "-traditional", "-out", "old.pem", "2048"]);
    for (file, arguments) in [
        ("old.der", &["rsa", "-traditional", "-outform", "DER"][..]),
        (
            "new.der",
            &["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"],
        ),
        ("new.pem", &["pkcs8", "-topk8", "-nocrypt"]),
        (
            "locked.pem",
            &["pkcs8", "-topk8", "-passout", "pass:letmein"],
        ),
    ] {
        let files = ["-in", "old.pem", "-out", file];
        lab.openssl(&[arguments, &files].concat());
    }
    std::fs::write(lab.path().join("pass.txt"), "letmein\n").unwrap();
    for file in ["old.pem", "old.der", "new.der", "new.pem", "locked.pem"] {
        let wishes = ["--subject", "CN=p", "--key-file", file];
        let locked = ["--key-password-file", "pass.txt"];
        lab.enroll(&[&wishes[..], &locked].concat()).exits(0);
    }
}

#[test]
fn files_in_der() {
    let lab = Lab::start(&[]);
    lab.enroll(&["--subject", "CN=p", "--format", "der"])
        .exits(0)
        .in_order(&["P.key", "P.cer", "P.chain.p7b"]);
    let form = ["-inform", "DER", "-noout"];
    let key = lab.openssl(&["pkey", "-in", "P.key", "-inform", "DER", "-pubout"]);
    let public = lab.openssl(&[&["x509", "-in", "P.cer", "-pubkey"], &form[..]].concat());
    assert_eq!(key, public);
    let chain = [
        "pkcs7",
        "-in",
        "P.chain.p7b",
        "-inform",
        "DER",
        "-print_certs",
    ];
    assert!(lab.openssl(&chain).contains("Lab Issuing CA"));
    // and they are read again
    let known = ["--ca-sha256", lab.mock.pin()];
    let files = ["--cert", "P.cer", "--cert-key", "P.key", "--out", "Q"];
    let renew = ["renew", lab.mock.url(), "--format", "der"];
    run_in(lab.path(), &[&renew[..], &known, &files].concat()).exits(0);
}

/// What is known of a server gets a certificate there, and renews it, without a word more.
#[test]
fn every_server_that_is_known() {
    for (profile, server) in [
        ("ndes-2003", "ndes-2008"),
        ("ndes-2008", "ndes-2008"),
        ("ndes-2008r2", "ndes-2008"),
        ("ndes-2012", "ndes-2012"),
        ("ndes-2012r2", "ndes-2012"),
        ("ndes-2016", "ndes"),
        ("ndes-2019", "ndes"),
        ("ndes-2022", "ndes"),
        ("ndes-2025", "ndes"),
        ("ejbca", "ejbca"),
        ("step-ca", "step-ca"),
        ("micromdm-old", "micromdm"),
        ("openxpki-old", "openxpki-old"),
        ("rfc8894", "rfc8894"),
        ("plain", "auto"),
        ("ndes-2022", "auto"),
    ] {
        let lab = Lab::start(&["--profile", profile]);
        let run = lab.enroll(&["--subject", "CN=p", "--server", server]);
        assert_eq!(run.code, 0, "{profile}: {}{}", run.stdout, run.stderr);
        let password = lab.mock.challenge_file(lab.path());
        let begin = ["renew", lab.mock.url(), "--ca-sha256", lab.mock.pin()];
        let files = ["--cert", "P.pem", "--cert-key", "P.key", "--out", "Q"];
        let more = ["--server", server, "--challenge-file", &password];
        let run = run_in(lab.path(), &[&begin[..], &files, &more].concat());
        // that one lists no renewal, and is believed
        let code = if server == "micromdm" { 4 } else { 0 };
        assert_eq!(run.code, code, "{profile}: {}{}", run.stdout, run.stderr);
    }
}

/// A challenge password is not spent on what cannot come to anything.
#[test]
fn a_key_that_a_server_is_known_not_to_serve() {
    let lab = Lab::start(&["--profile", "ndes-2022"]);
    for key in ["ec:p256", "ec:p384", "ed25519"] {
        let wishes = ["--subject", "CN=p", "--key-type", key];
        lab.enroll(&[&wishes[..], &["--server", "ndes"]].concat())
            .exits(2)
            .only_says("NDES of Windows Server 2016 to 2025 serves RSA keys only, and this one is");
        assert!(!lab.path().join("P.key").exists());
    }
    // who wants to try may
    let wishes = ["--subject", "CN=p", "--key-type", "ec:p256"];
    lab.enroll(&wishes).exits(1).in_order(&[
        "A request signed with another key than RSA is refused",
        "key of kind EC P-256",
    ]);
}

#[test]
fn an_unknown_server_is_an_error() {
    let lab = Lab::start(&[]);
    lab.enroll(&["--subject", "CN=p", "--server", "ndess"])
        .exits(2)
        .only_says("ndes-2012");
}
