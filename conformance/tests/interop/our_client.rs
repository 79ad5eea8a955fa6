//! Our client at a server of others, with a recorder between them.

use scep_client::enroll::{EnrollOptions, Enrolled, Failed, Outcome, enroll};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::client::{CaTrust, EnrollmentParams, Issued};
use scep_core::crypto::{RustCrypto, default_provider};
use scep_core::message::ChallengePassword;
use scep_core::x509::{Certificate, Extension, GeneralName, Name};

use crate::peer_server::{CHALLENGE, PeerServer};
use crate::process::run;
use crate::recorder::Recorder;
use crate::scene::published_key;

/// A running server, and what passed between it and our client.
pub struct Scene {
    pub peer: PeerServer,
    pub recorder: Recorder,
    pub ca: Certificate,
}

impl Scene {
    pub fn with(peer: PeerServer) -> Self {
        let ca = std::fs::read_to_string(peer.ca()).unwrap();
        Self {
            recorder: Recorder::before(peer.address),
            ca: Certificate::from_pem(&ca).unwrap(),
            peer,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}{}", self.recorder.address(), self.peer.path)
    }

    /// To enroll as device-1.
    pub fn params(&self) -> EnrollmentParams {
        let mut params = EnrollmentParams::new(
            self.url(),
            CaTrust::Sha256(self.ca.sha256(&RustCrypto).unwrap()),
            published_key("device-1"),
            Name::from_rfc4514("CN=device-1,O=Acme,C=US").unwrap(),
        );
        params.challenge = Some(ChallengePassword::new(CHALLENGE));
        params.extensions = vec![Extension::subject_alt_name(&[GeneralName::Dns(
            "device-1.example.org".into(),
        )])];
        params
    }

    /// It is what was asked for, and OpenSSL knows who issued it.
    pub fn judge(&self, issued: &Issued) {
        let certificate = &issued.certificate;
        let name = certificate.subject().common_name();
        assert_eq!(name.as_deref(), Some("device-1"));
        let names = certificate.subject_alt_names();
        assert_eq!(names, ["dns:device-1.example.org"]);
        let folder = self.peer.folder();
        let chain = issued.ca_certificates.as_slice().iter();
        let chain: String = chain.map(Certificate::to_pem).collect();
        std::fs::write(folder.join("issued.pem"), certificate.to_pem()).unwrap();
        std::fs::write(folder.join("chain.pem"), chain).unwrap();
        let ca = self.peer.ca();
        let ca = ca.to_str().unwrap();
        let arguments = [
            "verify",
            "-CAfile",
            ca,
            "-untrusted",
            "chain.pem",
            "issued.pem",
        ];
        run(folder, "openssl", &arguments).expect_success("openssl verify");
    }
}

/// Enrolls as an application would.
pub fn ask(params: EnrollmentParams) -> Result<Enrolled, Failed> {
    let network = HyperNetwork::new(TrustStore::empty());
    tokio::runtime::Runtime::new().unwrap().block_on(enroll(
        &network,
        default_provider(),
        params,
        &EnrollOptions::default(),
    ))
}

/// The certificate.
///
/// # Panics
/// If there is none.
pub fn issued(result: Result<Enrolled, Failed>) -> Box<Issued> {
    match result {
        Ok(Enrolled {
            outcome: Outcome::Issued(issued),
            ..
        }) => issued,
        other => panic!("{other:?}"),
    }
}
