//! The commands at servers of others, by what `--server` knows of them.

use std::path::Path;

use crate::peer_server::{CHALLENGE, PeerServer};
use crate::process;
use crate::support::{Run, run, run_in};

/// A server, and a device's files in its folder.
struct Site {
    peer: PeerServer,
    server: &'static str,
    pin: String,
}

impl Site {
    fn new(peer: PeerServer, server: &'static str) -> Self {
        let ca = peer.ca();
        let arguments = [
            "x509",
            "-in",
            ca.to_str().unwrap(),
            "-noout",
            "-fingerprint",
            "-sha256",
        ];
        let said =
            process::run(peer.folder(), "openssl", &arguments).expect_success("openssl x509");
        let said = String::from_utf8(said.stdout).unwrap();
        let pin = said.trim().rsplit_once('=').unwrap().1.to_owned();
        std::fs::write(peer.folder().join("password"), format!("{CHALLENGE}\n")).unwrap();
        Self { peer, server, pin }
    }

    fn path(&self) -> &Path {
        self.peer.folder()
    }

    /// Runs a command that knows the CA.
    fn ask(&self, command: &str, arguments: &[&str]) -> Run {
        let url = self.peer.url();
        let begin = [command, &url, "--ca-sha256", &self.pin];
        run_in(self.path(), &[&begin[..], arguments].concat())
    }

    fn enroll(&self, arguments: &[&str]) -> Run {
        let begin = ["--server", self.server, "--subject", "CN=printer-01"];
        self.ask("enroll", &[&begin[..], arguments].concat())
    }

    fn verifies(&self, certificate: &str, chain: &str) {
        let ca = self.peer.ca();
        let arguments = [
            "verify",
            "-CAfile",
            ca.to_str().unwrap(),
            "-untrusted",
            chain,
            certificate,
        ];
        process::run(self.path(), "openssl", &arguments).expect_success("openssl verify");
    }

    /// Everything but what only one of them has.
    fn is_served(&self) {
        let password = ["--challenge-file", "password"];
        self.ask("ca", &[]).exits(0);
        let capabilities = run(&["caps", &self.peer.url(), "--json"]).exits(0).json();
        let listed = capabilities["capabilities"].as_array().unwrap();
        assert!(listed.iter().any(|word| word == "Renewal"), "{listed:?}");

        let names = ["--dns-name", "printer-01.lan", "--out", "P"];
        self.enroll(&[&password[..], &names].concat())
            .exits(0)
            .in_order(&[
                "GetCACaps",
                "GetCACert",
                "enveloping to",
                "issued: CN=printer-01",
                "wrote P.key",
            ]);
        self.verifies("P.pem", "P.chain.pem");

        // a refusal is explained, and the key kept
        let refused = self
            .enroll(&["--out", "R", "--challenge", "wrong"])
            .exits(1);
        refused.in_order(&[
            "FAILURE",
            "badRequest",
            "may be used up",
            "--key-file R.key",
        ]);
        assert!(self.path().join("R.key").exists() && !self.path().join("R.pem").exists());

        let present = [
            "--server",
            self.server,
            "--cert",
            "P.pem",
            "--cert-key",
            "P.key",
        ];
        let renew = |more: &[&str]| self.ask("renew", &[&present[..], more].concat());
        renew(&[&password[..], &["--out", "N"]].concat()).exits(0);
        self.verifies("N.pem", "N.chain.pem");
        assert_ne!(
            std::fs::read(self.path().join("P.key")).unwrap(),
            std::fs::read(self.path().join("N.key")).unwrap()
        );
        renew(&["--out", "M"])
            .exits(1)
            .in_order(&["badRequest", "No challenge password was sent"]);

        // neither serves queries, and both answer HTTP 500: that is told, and nothing is written
        for (command, operation) in [("get-cert", "GetCert"), ("get-crl", "GetCRL")] {
            let files = ["--cert", "P.pem", "--key-file", "P.key", "--out", "answer"];
            let told = self.ask(command, &files).exits(1);
            assert!(told.stderr.contains("HTTP 500"), "{}", told.stderr);
            assert!(told.stderr.contains(operation), "{}", told.stderr);
            assert!(!self.path().join("answer").exists());
        }

        // keys that cannot decrypt are served by neither: known before anything is sent, or told afterwards
        let odd = ["--out", "E", "--key-type", "ec:p256"];
        let known = self.enroll(&[&password[..], &odd].concat()).exits(2);
        known.only_says("serves RSA keys only");
        let tried = ["--subject", "CN=e", "--policy", "legacy"];
        let tried = self.ask("enroll", &[&tried[..], &password, &odd].concat());
        tried
            .exits(1)
            .in_order(&["key of kind EC P-256", "--key-file E.key"]);

        let load = [
            "--requests",
            "8",
            "--concurrency",
            "1",
            "--reuse-keys",
            "--policy",
            "legacy",
        ];
        let load = self.ask(
            "load",
            &[&load[..], &password, &["--json", "load.json"]].concat(),
        );
        load.exits(0);
        let report = std::fs::read(self.path().join("load.json")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["issued"], 8, "{report}");
    }
}

#[test]
fn scepserver() {
    let Some(peer) = PeerServer::scepserver("peers::scepserver") else {
        return;
    };
    let site = Site::new(peer, "micromdm");
    site.is_served();
    // without what is known of it the reply cannot be read: that is said, with the word that helps
    let strict = [
        "--subject",
        "CN=p",
        "--challenge-file",
        "password",
        "--out",
        "S",
    ];
    let strict = site.ask("enroll", &[&strict[..], &["--policy", "rfc8894"]].concat());
    assert_eq!(strict.code, 1, "{}{}", strict.stdout, strict.stderr);
    let said = strict.stdout + &strict.stderr;
    assert!(said.contains("DES"), "{said}");
}

#[test]
fn step_ca() {
    if let Some(peer) = PeerServer::step_ca() {
        Site::new(peer, "step-ca").is_served();
    }
}
