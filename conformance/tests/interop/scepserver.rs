//! Our client against micromdm's `scepserver` (Debian package `scep`), which answers with SHA-1 and
//! single DES, whatever it was asked with.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use scep_client::enroll::{EnrollOptions, Enrolled, Failed, Outcome, enroll};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::client::{CaTrust, EnrollmentParams, Issued, MethodChoice};
use scep_core::crypto::{RustCrypto, default_provider};
use scep_core::message::{ChallengePassword, FailInfo};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, Extension, GeneralName, Name};
use tempfile::TempDir;

use crate::judge::{keep, understood};
use crate::namespace;
use crate::process::{Running, installed, run};
use crate::recorder::Recorder;
use crate::scene::published_key;

pub const CHALLENGE: &str = "CorrectHorse1";

/// A running server, and what passed between it and our client.
pub struct Server {
    address: SocketAddr,
    recorder: Recorder,
    ca: Certificate,
    folder: TempDir,
    _process: Running,
}

/// Starts the server, in a network namespace of its own; `None` if the test is done already.
pub fn server(test: &str) -> Option<Server> {
    let programs = ["scepserver", "openssl", "unshare", "ip"];
    if !installed(&programs, "scep openssl util-linux iproute2") || !namespace::enter(test) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    #[rustfmt::skip]
    let arguments = [
        "ca", "-init", "-depot", "depot", "-organization", "Test", "-keySize", "2048",
        "-key-password", "",
    ];
    run(folder.path(), "scepserver", &arguments).expect_success("scepserver ca -init");
    let address = free_address();
    #[rustfmt::skip]
    let process = Running::start(
        Command::new("scepserver")
            .args(["-depot", "depot", "-challenge", CHALLENGE, "-allowrenew", "0", "-port"])
            .arg(address.port().to_string())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    wait_until_open(address);
    let ca = std::fs::read_to_string(folder.path().join("depot/ca.pem")).unwrap();
    Some(Server {
        address,
        recorder: Recorder::before(address),
        ca: Certificate::from_pem(&ca).unwrap(),
        folder,
        _process: process,
    })
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn wait_until_open(address: SocketAddr) {
    for _ in 0..400 {
        if TcpStream::connect(address).is_ok() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing listens at {address}");
}

impl Server {
    pub fn url(&self) -> String {
        format!("http://{}/scep", self.recorder.address())
    }

    /// Past the recorder, which takes one connection after the other.
    pub fn direct_url(&self) -> String {
        format!("http://{}/scep", self.address)
    }

    fn params(&self) -> EnrollmentParams {
        let mut params = EnrollmentParams::new(
            self.url(),
            CaTrust::Sha256(self.ca.sha256(&RustCrypto).unwrap()),
            published_key("device-1"),
            Name::from_rfc4514("CN=device-1,O=Acme,C=US").unwrap(),
        );
        params.challenge = Some(ChallengePassword::new(CHALLENGE));
        params.server.policy = AlgorithmPolicy::LEGACY;
        params.extensions = vec![Extension::subject_alt_name(&[GeneralName::Dns(
            "device-1.example.org".into(),
        )])];
        params
    }

    fn verifies(&self, certificate: &Certificate) {
        let folder = self.folder.path();
        std::fs::write(folder.join("issued.pem"), certificate.to_pem()).unwrap();
        let arguments = ["verify", "-CAfile", "depot/ca.pem", "issued.pem"];
        run(folder, "openssl", &arguments).expect_success("openssl verify");
    }
}

/// Enrolls as an application would.
fn ask(params: EnrollmentParams) -> Result<Enrolled, Failed> {
    let network = HyperNetwork::new(TrustStore::empty());
    tokio::runtime::Runtime::new().unwrap().block_on(enroll(
        &network,
        default_provider(),
        params,
        &EnrollOptions::default(),
    ))
}

fn issued(result: Result<Enrolled, Failed>) -> Box<Issued> {
    match result {
        Ok(Enrolled {
            outcome: Outcome::Issued(issued),
            ..
        }) => issued,
        other => panic!("{other:?}"),
    }
}

#[test]
fn we_enroll_by_post_and_by_get() {
    let Some(server) = server("scepserver::we_enroll_by_post_and_by_get") else {
        return;
    };
    for (choice, method) in [
        (MethodChoice::ByCapabilities, "POST"),
        (MethodChoice::Get, "GET"),
    ] {
        let mut params = server.params();
        params.server.method = choice;
        let issued = issued(ask(params));
        assert_eq!(
            issued.certificate.subject().common_name().as_deref(),
            Some("device-1")
        );
        assert_eq!(
            issued.certificate.subject_alt_names(),
            ["dns:device-1.example.org"]
        );
        server.verifies(&issued.certificate);
        let exchanges = server.recorder.pki_exchanges();
        let last = exchanges.last().unwrap();
        assert_eq!(last.request.method, method);
        keep(method, &last.response.body);
        let reply = understood(
            &last.response.body,
            &[published_key("device-1")],
            std::slice::from_ref(&server.ca),
        );
        assert_eq!(reply.digest.as_deref(), Some("SHA-1"));
        assert_eq!(reply.cipher.as_deref(), Some("DES-CBC"));
    }
}

#[test]
fn single_des_is_refused_unless_asked_for() {
    let Some(server) = server("scepserver::single_des_is_refused_unless_asked_for") else {
        return;
    };
    let mut params = server.params();
    params.server.policy = AlgorithmPolicy::RFC8894;
    let failed = ask(params).unwrap_err();
    let sentence = format!("{:?}", failed.error);
    assert!(sentence.contains("ForbiddenByPolicy"), "{sentence}");
}

#[test]
fn we_understand_that_we_are_refused() {
    let Some(server) = server("scepserver::we_understand_that_we_are_refused") else {
        return;
    };
    let mut params = server.params();
    params.challenge = Some(ChallengePassword::new("wrong"));
    let enrolled = ask(params).unwrap();
    let Outcome::Refused(refusal) = enrolled.outcome else {
        panic!("{enrolled:?}");
    };
    assert_eq!(refusal.fail_info, Some(FailInfo::BadRequest));
}
