//! `scep renew`, `get-cert`, `get-crl`, `ca` and `caps`, at the mock.

use std::path::Path;
use std::process::Command;

use crate::process;
use crate::support::{Mock, Run, has_peer, run, run_in};

/// A device that has enrolled as printer-01, into P.*.
struct Device {
    folder: tempfile::TempDir,
    mock: Mock,
}

impl Device {
    fn enrolled(mock: &[&str], more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mock = Mock::start(mock);
        let password = mock.challenge_file(folder.path());
        let mut arguments = vec![
            "enroll",
            mock.url(),
            "--ca-sha256",
            mock.pin(),
            "--subject",
            "CN=printer-01",
            "--challenge-file",
            &password,
            "--out",
            "P",
        ];
        arguments.extend(more);
        run_in(folder.path(), &arguments).exits(0);
        Self { folder, mock }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Asks the server something as the owner of P.*.
    fn ask(&self, command: &str, key_flag: &str, more: &[&str]) -> Run {
        let mut arguments = vec![
            command,
            self.mock.url(),
            "--ca-sha256",
            self.mock.pin(),
            "--cert",
            "P.pem",
            key_flag,
            "P.key",
        ];
        arguments.extend(more);
        run_in(self.path(), &arguments)
    }

    fn renew(&self, more: &[&str]) -> Run {
        self.ask("renew", "--cert-key", more)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// What OpenSSL says.
    fn openssl(&self, arguments: &[&str]) -> String {
        let ended = Command::new("openssl")
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
        String::from_utf8(ended.stdout).unwrap()
    }
}

#[test]
fn a_certificate_is_renewed_with_a_new_key_or_the_same() {
    for profile in ["rfc8894", "ndes-2022"] {
        let device = Device::enrolled(&["--profile", profile], &["--dns-name", "printer-01.lan"]);
        let report = device.renew(&["--out", "N"]).exits(0);
        assert!(
            report.stdout.contains("Issued 1 certificate"),
            "{}",
            report.stdout
        );
        assert_ne!(device.read("P.key"), device.read("N.key"));
        assert_ne!(device.read("P.pem"), device.read("N.pem"));
        if has_peer("openssl") {
            for (flags, words) in [
                (&["-subject"][..], "printer-01"),
                (&["-ext", "subjectAltName"], "printer-01.lan"),
            ] {
                let arguments = [&["x509", "-noout", "-in", "N.pem"], flags].concat();
                let said = device.openssl(&arguments);
                assert!(said.contains(words), "{said}");
            }
        }
        device.renew(&["--out", "S", "--same-key"]).exits(0);
        assert!(!device.path().join("S.key").exists());
    }
}

#[test]
fn what_is_valid_for_long_is_left_alone() {
    let device = Device::enrolled(&[], &[]);
    let due = ["--out", "N", "--if-expires-within"];
    let told = device.renew(&[&due[..], &["30d"]].concat()).exits(5);
    assert!(told.stdout.contains("nothing to do"), "{}", told.stdout);
    assert!(!device.path().join("N.key").exists());
    let json = device.renew(&[&due[..], &["30d", "--json"]].concat());
    assert_eq!(json.exits(5).json()["outcome"], "not-due");
    device.renew(&[&due[..], &["4000d"]].concat()).exits(0);
}

#[test]
fn the_files_of_the_current_certificate_stay() {
    let device = Device::enrolled(&[], &[]);
    let (key, certificate) = (device.read("P.key"), device.read("P.pem"));
    device.renew(&["--out", "P"]).exits(2);
    let refused = device.renew(&["--out", "P", "--force"]).exits(2);
    assert!(
        refused.stderr.contains("give another --out"),
        "{}",
        refused.stderr
    );
    assert_eq!(
        (key, certificate),
        (device.read("P.key"), device.read("P.pem"))
    );
    // the key of somebody else
    std::fs::write(device.path().join("other.pem"), device.read("P.chain.pem")).unwrap();
    device.renew(&["--out", "N", "--force"]).exits(0);
    let mismatch = run_in(
        device.path(),
        &[
            "renew",
            device.mock.url(),
            "--ca-sha256",
            device.mock.pin(),
            "--cert",
            "P.pem",
            "--cert-key",
            "N.key",
            "--out",
            "M",
        ],
    )
    .exits(4);
    assert!(
        mismatch.stderr.contains("not that of the certificate"),
        "{}",
        mismatch.stderr
    );
}

#[test]
fn certificate_and_crl_are_got_from_the_server() {
    let device = Device::enrolled(&["--profile", "rfc8894"], &[]);
    device
        .ask("get-cert", "--key-file", &["--out", "again.pem"])
        .exits(0);
    assert_eq!(device.read("again.pem"), device.read("P.pem"));
    // it is there already
    device
        .ask("get-cert", "--key-file", &["--out", "again.pem"])
        .exits(2);
    let serial = ["--out", "none.pem", "--serial", "00ff00ff"];
    let none = device.ask("get-cert", "--key-file", &serial).exits(1);
    assert!(none.stderr.contains("badCertId"), "{}", none.stderr);
    assert!(!device.path().join("none.pem").exists());
    device
        .ask("get-cert", "--key-file", &["--out", "x", "--serial", "abc"])
        .exits(2);
    let crl = device
        .ask("get-crl", "--key-file", &["--out", "ca.crl", "--json"])
        .exits(0);
    assert_eq!(crl.json()["revoked"], 0);
    if has_peer("openssl") {
        let said = device.openssl(&[
            "crl", "-inform", "DER", "-in", "ca.crl", "-noout", "-issuer",
        ]);
        assert!(said.contains("issuer"), "{said}");
    }
}

#[test]
fn a_ca_is_shown_and_recognised() {
    let mock = Mock::start(&[]);
    let shown = run(&["ca", mock.url()]).exits(0);
    shown.is_narrow();
    assert!(shown.stdout.contains(mock.pin()), "{}", shown.stdout);
    assert!(
        shown.stdout.contains("compare a fingerprint"),
        "{}",
        shown.stdout
    );
    let folder = tempfile::tempdir().unwrap();
    let right = [
        "ca",
        mock.url(),
        "--ca-sha256",
        mock.pin(),
        "--out",
        "ca.pem",
    ];
    run_in(folder.path(), &right).exits(0);
    let pem = std::fs::read_to_string(folder.path().join("ca.pem")).unwrap();
    assert!(pem.matches("BEGIN CERTIFICATE").count() >= 2);
    let wrong = "0".repeat(64);
    run(&["ca", mock.url(), "--ca-sha256", &wrong]).exits(1);
    let json = run(&["ca", mock.url(), "--json"]).exits(0).json();
    assert!(json["certificates"][0]["sha256"].is_string());
    // NDES knows no next CA
    let next = ["ca", mock.url(), "--ca-sha256", mock.pin(), "--next"];
    let next = run(&next).exits(1);
    assert!(next.stderr.contains("GetNextCACert"), "{}", next.stderr);
    run(&["ca", mock.url(), "--next"]).exits(2);
}

#[test]
fn capabilities_are_shown_with_their_meaning() {
    let mock = Mock::start(&["--profile", "rfc8894"]);
    let shown = run(&["caps", mock.url()]).exits(0);
    shown.is_narrow();
    assert!(shown.stdout.contains("SCEPStandard"), "{}", shown.stdout);
    let json = run(&["caps", mock.url(), "--json"]).exits(0).json();
    let words = json["capabilities"].as_array().unwrap();
    assert!(words.iter().any(|word| word == "POSTPKIOperation"));
    let nobody = run(&["caps", "http://127.0.0.1:1/scep"]).exits(1);
    assert!(nobody.stderr.contains("GetCACaps"), "{}", nobody.stderr);
}

#[test]
fn a_renewal_that_waits_goes_on_after_a_restart() {
    let device = Device::enrolled(&[], &[]);
    device
        .mock
        .control("POST", "/arm", "{\"id\":\"ca-pending-approval\"}");
    device.renew(&["--out", "N"]).exits(3);
    assert!(!device.path().join("N.pem").exists());
    run_in(device.path(), &["poll", "N.pending.json"]).exits(3);
    device.mock.control("POST", "/resolve", "{\"issue\":true}");
    // the file says where both keys are
    let elsewhere = tempfile::tempdir().unwrap();
    let file = device.path().join("N.pending.json");
    run_in(elsewhere.path(), &["poll", file.to_str().unwrap()]).exits(0);
    assert_ne!(device.read("N.pem"), device.read("P.pem"));
    assert!(!file.exists());
}

/// Java's keytool finds the key with its chain.
fn opened_by_java(folder: &Path, file: &str, password: &str) {
    let mut keytool = Command::new("keytool");
    keytool
        .args([
            "-list",
            "-v",
            "-keystore",
            file,
            "-storepass:file",
            password,
        ])
        .args(["-J-Duser.language=en", "-J-Dfile.encoding=UTF-8"])
        .current_dir(folder);
    let said = process::run_command(&mut keytool)
        .expect_success("keytool")
        .log();
    for words in [
        "Keystore type: PKCS12",
        "Entry type: PrivateKeyEntry",
        "Certificate chain length: ",
        "Owner: CN=printer-01",
    ] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
}

#[test]
fn a_pkcs12_file_and_an_encrypted_key_are_understood_by_openssl() {
    if !has_peer("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "grüße, 3 \"quotes\"\n").unwrap();
    let device = Device::enrolled(&[], &[]);
    std::fs::copy(folder.path().join("secret"), device.path().join("secret")).unwrap();
    let renewed = ["--out", "N", "--p12-password-file", "secret"];
    device.renew(&renewed).exits(0);
    let unpacked = device.openssl(&["pkcs12", "-in", "N.p12", "-passin", "file:secret", "-noenc"]);
    assert_eq!(
        unpacked.matches("BEGIN CERTIFICATE").count(),
        3,
        "{unpacked}"
    );
    assert!(unpacked.contains("friendlyName: printer-01"), "{unpacked}");
    // Java's PBES2 takes no other password than one in ASCII
    std::fs::write(device.path().join("ascii"), "3 'quotes'\n").unwrap();
    let renewed = ["--out", "J", "--p12-password-file", "ascii"];
    device.renew(&renewed).exits(0);
    if process::installed(&["keytool"], "openjdk-17-jre-headless") {
        opened_by_java(device.path(), "J.p12", "ascii");
    }
    // the key in it is the certificate's
    let own = device.openssl(&["x509", "-in", "N.pem", "-noout", "-pubkey"]);
    std::fs::write(device.path().join("unpacked.key"), &unpacked).unwrap();
    let packed = device.openssl(&["pkey", "-in", "unpacked.key", "-pubout"]);
    assert_eq!(own, packed);

    // a key that OpenSSL has encrypted
    device.openssl(&[
        "pkcs8",
        "-topk8",
        "-in",
        "N.key",
        "-passout",
        "file:secret",
        "-out",
        "E.key",
    ]);
    let encrypted = [
        "renew",
        device.mock.url(),
        "--ca-sha256",
        device.mock.pin(),
        "--cert",
        "N.pem",
        "--cert-key",
        "E.key",
        "--out",
        "R",
    ];
    run_in(device.path(), &encrypted)
        .exits(2)
        .only_says("--key-password-file");
    let with = [&encrypted[..], &["--key-password-file", "secret"]].concat();
    run_in(device.path(), &with).exits(0);
    std::fs::write(device.path().join("wrong"), "wrong\n").unwrap();
    let with = [&encrypted[..], &["--force", "--key-password-file", "wrong"]].concat();
    run_in(device.path(), &with).exits(4).only_says("E.key");
}
