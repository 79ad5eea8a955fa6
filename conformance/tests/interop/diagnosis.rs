//! Diagnoses of servers that are not NDES: what they are, and nothing about NDES.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use scep_client::diagnose::{DiagnoseOptions, diagnose};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::crypto::default_provider;
use scep_failures::diagnosis::Outcome;
use scep_failures::{Catalogue, Diagnosis};
use tempfile::TempDir;

use crate::peer_server::{PeerServer, free_address};
use crate::process::{Running, installed, run};

async fn diagnosed(url: &str) -> Diagnosis {
    let network = HyperNetwork::new(TrustStore::empty());
    let options = DiagnoseOptions::default();
    diagnose(
        &network,
        default_provider(),
        Catalogue::builtin(),
        url,
        &options,
    )
    .await
    .unwrap()
    .diagnosis
}

fn named(diagnosis: &Diagnosis) -> (Outcome, Option<&str>) {
    let symptom = diagnosis.symptom.as_ref().map(|s| s.id.as_str());
    (diagnosis.outcome, symptom)
}

/// An nginx with this in its `http` block, which listens at `address`.
struct Nginx {
    _folder: TempDir,
    _process: Running,
}

fn nginx(address: SocketAddr, prepare: impl FnOnce(&Path), server: &str) -> Option<Nginx> {
    if !installed(&["nginx", "openssl"], "nginx-light openssl") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {kind};\n"))
        .collect();
    let config = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr crit;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}server {{\n{server}\n}}\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
    let mut command = Command::new("/usr/sbin/nginx");
    command
        .arg("-p")
        .arg(folder.path())
        .args(["-c", "nginx.conf"]);
    let process = Running::start(command.stdin(Stdio::null()).stderr(Stdio::null()));
    while TcpStream::connect(address).is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    Some(Nginx {
        _folder: folder,
        _process: process,
    })
}

/// Makes a self-signed certificate, `cert.pem`, with its key, `key.pem`.
fn self_signed(folder: &Path) {
    #[rustfmt::skip]
    let arguments = [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem",
    ];
    run(folder, "openssl", &arguments).expect_success("openssl req");
}

const PATH: &str = "/certsrv/mscep/mscep.dll";

#[tokio::test]
async fn a_scep_server_that_is_not_ndes_is_well() {
    let Some(peer) = PeerServer::scepserver("diagnosis::a_scep_server_that_is_not_ndes_is_well")
    else {
        return;
    };
    let diagnosis = diagnosed(&peer.url()).await;
    assert_eq!(diagnosis.outcome, Outcome::Healthy, "{diagnosis:#?}");
}

#[tokio::test]
async fn step_ca_is_well() {
    let Some(peer) = PeerServer::step_ca() else {
        return;
    };
    let diagnosis = diagnosed(&peer.url()).await;
    assert_eq!(diagnosis.outcome, Outcome::Healthy, "{diagnosis:#?}");
}

#[tokio::test]
async fn a_plain_web_server_has_no_such_path() {
    let address = free_address();
    let server = format!("listen {address};\nroot .;");
    let page = |folder: &Path| std::fs::write(folder.join("index.html"), "hello").unwrap();
    let Some(_nginx) = nginx(address, page, &server) else {
        return;
    };
    let diagnosis = diagnosed(&format!("http://{address}{PATH}")).await;
    assert_eq!(
        named(&diagnosis),
        (Outcome::NotScep, None),
        "{diagnosis:#?}"
    );
}

#[tokio::test]
async fn a_proxy_in_front_of_a_dead_port_is_named() {
    let (address, dead) = (free_address(), free_address());
    let server = format!("listen {address};\nlocation / {{ proxy_pass http://{dead}; }}");
    let Some(_nginx) = nginx(address, |_| (), &server) else {
        return;
    };
    let diagnosis = diagnosed(&format!("http://{address}{PATH}")).await;
    assert_eq!(
        named(&diagnosis),
        (Outcome::Failure, Some("front-end-has-no-back-end")),
        "{diagnosis:#?}"
    );
}

#[tokio::test]
async fn a_port_that_speaks_tls_only_is_no_http_port() {
    let address = free_address();
    let server = format!(
        "listen {address} ssl;\nssl_certificate cert.pem;\nssl_certificate_key key.pem;\nroot .;"
    );
    let Some(_nginx) = nginx(address, self_signed, &server) else {
        return;
    };
    let diagnosis = diagnosed(&format!("http://{address}{PATH}")).await;
    assert_eq!(
        named(&diagnosis),
        (Outcome::NotScep, None),
        "{diagnosis:#?}"
    );
    let says = |words: &str| diagnosis.evidence.iter().any(|e| e.text.contains(words));
    assert!(says("plain HTTP request was sent to HTTPS port"));
    // asked as it wants to be, it has a certificate that nobody vouches for
    let with_https = diagnosed(&format!("https://{address}{PATH}")).await;
    assert_eq!(
        named(&with_https),
        (Outcome::Failure, Some("tls-issuer-not-trusted")),
        "{with_https:#?}"
    );
}

/// A TLS server that says nothing in HTTP: it answers with an alert, or hangs up.
#[tokio::test]
async fn a_tls_server_without_http_is_no_scep_server() {
    if !installed(&["openssl"], "openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    self_signed(folder.path());
    let address = free_address();
    let port = address.port().to_string();
    let accept = format!("127.0.0.1:{port}");
    let mut command = Command::new("openssl");
    command
        .args([
            "s_server", "-accept", &accept, "-cert", "cert.pem", "-key", "key.pem", "-quiet",
        ])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _server = Running::start(&mut command);
    while TcpStream::connect(address).is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    let diagnosis = diagnosed(&format!("http://{address}{PATH}")).await;
    assert_ne!(diagnosis.outcome, Outcome::Healthy, "{diagnosis:#?}");
    let claims_ndes = diagnosis
        .symptom
        .as_ref()
        .is_some_and(|s| s.id.starts_with("mscep-"));
    assert!(!claims_ndes, "{diagnosis:#?}");
}
