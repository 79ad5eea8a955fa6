//! The mock behind a recorder, and a folder to work in: what a peer client is let loose on.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::{CryptoProvider, PrivateKey, RustCrypto};
use scep_core::message::ChallengePassword;
use scep_core::x509::Certificate;
use scep_server_mock::MockNdes;
use tempfile::TempDir;

use crate::http::read_response;
use crate::recorder::Recorder;

pub struct Scene {
    mock: Arc<MockNdes>,
    pub recorder: Recorder,
    /// Root and issuing CA.
    pub chain: [Certificate; 2],
    challenge: ChallengePassword,
    folder: TempDir,
    /// The mock's tasks run in it.
    _runtime: tokio::runtime::Runtime,
}

impl Scene {
    /// A healthy deployment with one challenge password for all, that answers by a profile.
    pub fn new(profile: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let state = "challenge.mode = \"static\"".parse().unwrap();
        let mock = MockNdes::builder()
            .with_profile(profile)
            .with_state(state)
            .start();
        let mock = runtime.block_on(mock).unwrap();
        Self {
            recorder: Recorder::before(mock.address()),
            chain: mock.ca_certificates(),
            challenge: mock.issue_challenge().unwrap().unwrap(),
            mock: Arc::new(mock),
            folder: tempfile::tempdir().unwrap(),
            _runtime: runtime,
        }
    }

    /// The SCEP URL, at the recorder.
    pub fn url(&self) -> String {
        let upstream = self.mock.address().to_string();
        self.mock
            .url()
            .replace(&upstream, &self.recorder.address().to_string())
    }

    pub fn challenge(&self) -> &str {
        self.challenge.expose()
    }

    /// From now on a certificate manager has to approve each request, and does so whenever he
    /// looks, until the result is dropped.
    pub fn approve_by_hand(&self) -> Manager {
        let approval = "ca.template.manager_approval = true".parse().unwrap();
        self.mock.set(&approval).unwrap();
        Manager::start(Arc::clone(&self.mock))
    }

    /// The keys that open requests.
    pub fn keys(&self) -> Vec<Arc<dyn PrivateKey>> {
        vec![published_key("issuing-ca"), published_key("ra-encryption")]
    }

    /// How many certificates were issued.
    pub fn issued(&self) -> usize {
        self.mock.issued().len()
    }

    /// The certificates of GetCACert, fetched beside the recorder.
    pub fn ca_certificates(&self) -> Vec<Certificate> {
        let url = self.mock.url();
        let (_, path) = url.split_at(self.mock.base_url().len());
        let mut connection = TcpStream::connect(self.mock.address()).unwrap();
        let request = format!(
            "GET {path}?operation=GetCACert HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).unwrap();
        let response = read_response(&mut BufReader::new(connection)).unwrap();
        let all = CaCertificates::from_response(&response.unwrap().body).unwrap();
        all.as_slice().to_vec()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, file: &str) -> String {
        self.folder().join(file).to_str().unwrap().into()
    }

    pub fn write(&self, file: &str, octets: impl AsRef<[u8]>) -> String {
        std::fs::write(self.folder().join(file), octets).unwrap();
        self.path(file)
    }

    /// Writes some certificates as PEM.
    pub fn write_certificates(&self, file: &str, certificates: &[Certificate]) -> String {
        let pem: String = certificates.iter().map(Certificate::to_pem).collect();
        self.write(file, pem)
    }

    /// The certificate in a file that a peer wrote.
    pub fn certificate(&self, file: &str) -> Certificate {
        let pem = std::fs::read_to_string(self.folder().join(file))
            .unwrap_or_else(|e| panic!("{file}: {e}"));
        Certificate::from_pem(&pem).unwrap()
    }
}

/// A private key that is published with the mock.
pub fn published_key(holder: &str) -> Arc<dyn PrivateKey> {
    let path = format!(
        "{}/../scep-server-mock/keys/{holder}.p8",
        env!("CARGO_MANIFEST_DIR")
    );
    RustCrypto
        .load_private_key(&std::fs::read(path).unwrap())
        .unwrap()
}

/// A certificate manager who approves of everything.
#[derive(Debug)]
pub struct Manager(Arc<AtomicBool>);

impl Manager {
    fn start(mock: Arc<MockNdes>) -> Self {
        let works = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&works);
        thread::spawn(move || {
            while still.load(Ordering::Relaxed) {
                mock.resolve_pending(true);
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self(works)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
