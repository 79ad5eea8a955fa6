//! `scep poll`: a request that waits for approval, from PENDING to the certificate or the refusal.

use crate::support::{Mock, run_in};

struct Waiting {
    folder: tempfile::TempDir,
    mock: Mock,
}

impl Waiting {
    fn start() -> Self {
        let mock = Mock::start(&["--failure", "ca-pending-approval"]);
        let folder = tempfile::tempdir().unwrap();
        let password = mock.challenge_file(folder.path());
        let arguments = [
            "enroll",
            mock.url(),
            "--subject",
            "CN=printer-01",
            "--out",
            "P",
        ];
        let more = ["--ca-sha256", mock.pin(), "--challenge-file", &password];
        let report = run_in(folder.path(), &[&arguments[..], &more].concat()).exits(3);
        report.in_order(&[
            "pending",
            "wrote P.pending.json",
            "scep poll P.pending.json",
        ]);
        Self { folder, mock }
    }

    fn has(&self, name: &str) -> bool {
        self.folder.path().join(name).exists()
    }
}

#[test]
fn a_pending_request_is_approved() {
    let waiting = Waiting::start();
    assert!(waiting.has("P.key") && !waiting.has("P.pem"));
    let folder = waiting.folder.path();
    run_in(folder, &["poll", "P.pending.json"]).exits(3);
    let json = run_in(folder, &["poll", "P.pending.json", "--json"])
        .exits(3)
        .json();
    assert_eq!(json["outcome"], "pending");

    waiting.mock.control("POST", "/resolve", "{\"issue\":true}");
    // from another folder: the file says where the key is
    let elsewhere = tempfile::tempdir().unwrap();
    let file = folder.join("P.pending.json");
    let report = run_in(elsewhere.path(), &["poll", file.to_str().unwrap()]).exits(0);
    report.in_order(&["issued: CN=printer-01", "P.pem", "Issued 1 certificate"]);
    assert!(waiting.has("P.pem") && waiting.has("P.chain.pem") && !waiting.has("P.pending.json"));
}

#[test]
fn a_pending_request_is_denied() {
    let waiting = Waiting::start();
    waiting
        .mock
        .control("POST", "/resolve", "{\"issue\":false}");
    let json = run_in(waiting.folder.path(), &["poll", "P.pending.json", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["outcome"], "refused");
    assert!(!waiting.has("P.pem"));
}

#[test]
fn what_cannot_be_polled() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["poll", "none.pending.json"])
        .exits(4)
        .only_says("none.pending.json");
    std::fs::write(folder.path().join("odd.json"), "{}").unwrap();
    run_in(folder.path(), &["poll", "odd.json", "--json"])
        .exits(4)
        .only_says("scep-pending/1");
    run_in(folder.path(), &["poll"])
        .exits(2)
        .only_says("<FILE>");
}
