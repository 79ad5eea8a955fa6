//! The conformance suites on other people's programs: what fails is what `conformance/expected` says, with
//! reasons, and nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use scep_client::net::{HyperNetwork, TrustStore};
use scep_client::random::SharedRandom;
use scep_conformance::client_suite::{self, Cases, Check, CommandClient, Pki, Sockets};
use scep_conformance::expected::Expected;
use scep_conformance::server_suite::{self, Challenges, Keys, Subject};
use scep_conformance::verdict::{Report, Verdict};
use scep_core::UnixTime;
use scep_core::crypto::{AwsLcRs, CryptoProvider, Fallback, RustCrypto};
use scep_core::message::ChallengePassword;

use crate::peer_server::{CHALLENGE, PeerServer};
use crate::process::{installed, say};

fn provider() -> Arc<dyn CryptoProvider> {
    Arc::new(Fallback::new(Arc::new(AwsLcRs), Arc::new(RustCrypto)))
}

fn published(name: &str) -> Vec<u8> {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scep-server-mock/keys");
    std::fs::read(keys.join(format!("{name}.p8"))).unwrap()
}

fn expected(name: &str, ids: &[&str]) -> Expected {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected");
    let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
    Expected::parse(&text, ids).unwrap()
}

/// Compares, and says so if the peer is another version than the one that was written about.
fn compare(report: &Report, expected: &Expected, package: &str) {
    let query = ["-W", "-f", "${Version}", package];
    let version = Command::new("dpkg-query").args(query).output();
    let version = version.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    let version = version.unwrap_or_default();
    if !version.contains(&expected.version) {
        let written = &expected.version;
        say(&format!(
            "{package} {version} is here, {written} is written about"
        ));
    }
    let surprises = expected.surprises(report);
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// Enrollments that run beside each other: most of the time, peers wait.
const LANES: usize = 4;

/// How long one enrollment may take while others run beside it, before it hangs.
const PATIENCE: Duration = Duration::from_secs(12);
/// And alone, on a machine that is busy with something else.
const MORE_PATIENCE: Duration = Duration::from_secs(90);

/// Runs checks of the client suite on a command.
fn judged(command: &str, all: &[&Check], patience: Duration) -> Report {
    let load = |name| provider().load_private_key(&published(name)).unwrap();
    let pki = Pki {
        provider: provider(),
        random: SharedRandom::default(),
        keys: ["root", "issuing-ca", "ra-signing", "device-2"].map(load),
        now: UnixTime::now(),
    };
    let folders = [(); LANES].map(|()| tempfile::tempdir().unwrap());
    let key = published("device-1");
    let clients = folders.each_ref().map(|folder| {
        CommandClient::new(command, folder.path(), &key, patience, provider()).unwrap()
    });
    let lanes = all.chunks(all.len().div_ceil(LANES));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let runs = lanes.zip(&clients).map(|(checks, client)| async {
            let began = Instant::now();
            let clock = Box::new(move || began.elapsed());
            // each with servers of its own: all lanes begin with the same case
            let cases = Arc::new(Cases::new(pki.clone(), clock));
            let sockets = Sockets::serve(Arc::clone(&cases), 0).await.unwrap();
            client_suite::run(&cases, &sockets.base(), client, checks, |_| ()).await
        });
        let mut reports = join_all(runs).await.into_iter();
        let mut whole = reports.next().unwrap();
        for report in reports {
            whole.results.extend(report.results);
        }
        whole
    })
}

/// Runs the client suite on a peer, with the command that is written beside what is known of it.
fn client(name: &str, package: &str, change: impl FnOnce(&str) -> String) {
    let all: Vec<_> = client_suite::checks::all().collect();
    let ids: Vec<_> = all.iter().map(|check| check.id).collect();
    let expected = expected(name, &ids);
    let command = change(&expected.command);
    let mut report = judged(&command, &all, PATIENCE);
    // a machine that is busy is no client that hangs
    for result in &mut report.results {
        let hangs = matches!(result.verdict, Verdict::Hang { .. });
        if hangs && expected.reason(&result.id).is_none() {
            let check = all.iter().find(|check| check.id == result.id).unwrap();
            let again = judged(&command, &[check], MORE_PATIENCE).results;
            *result = again.into_iter().find(|r| r.id == result.id).unwrap();
        }
    }
    compare(&report, &expected, package);
}

#[test]
fn scepclient_is_as_is_known() {
    if installed(&["scepclient"], "scep") {
        client("client-scepclient", "scep", str::to_owned);
    }
}

#[test]
fn strongswan_is_as_is_known() {
    let packages = "strongswan-pki libstrongswan-extra-plugins libstrongswan-standard-plugins";
    if !installed(&["pki"], packages) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("strongswan.conf");
    let plugins = "pki { load = openssl random pem pkcs1 pkcs8 x509 pubkey pkcs7 drbg curl }\n";
    std::fs::write(&configuration, plugins).unwrap();
    client("client-strongswan", "strongswan-pki", |command| {
        format!("STRONGSWAN_CONF={} {command}", configuration.display())
    });
}

#[test]
fn certmonger_is_as_is_known() {
    let programs = ["getcert", "certmonger", "dbus-run-session"];
    if !installed(&programs, "certmonger dbus") {
        return;
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
    client("client-certmonger", "certmonger", |command| {
        command.replace(
            "certmonger-once.sh",
            &format!("{}/certmonger-once.sh", folder.display()),
        )
    });
}

/// One password for all.
struct Same;

#[async_trait::async_trait]
impl Challenges for Same {
    async fn next(&self) -> Option<ChallengePassword> {
        Some(ChallengePassword::new(CHALLENGE))
    }
}

/// Runs the server suite on a peer.
fn judge_server(peer: &PeerServer, name: &str, package: &str) {
    let ids: Vec<_> = server_suite::checks::all().map(|check| check.id).collect();
    let expected = expected(name, &ids);
    let network = HyperNetwork::new(TrustStore::empty());
    let keys = Keys::load(
        provider().as_ref(),
        &published("device-1"),
        &published("device-2"),
    )
    .unwrap();
    let subject = Subject {
        network: &network,
        url: peer.url(),
        ca_sha256: None,
        challenges: &Same,
        provider: provider(),
        keys: &keys,
        random: SharedRandom::default(),
        expired: None,
        patience: Duration::from_secs(20),
        check_patience: Duration::from_secs(60),
    };
    let all: Vec<_> = server_suite::checks::all().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(server_suite::run(&subject, &all, |_| ()));
    compare(&report, &expected, package);
}

#[test]
fn scepserver_is_as_is_known() {
    if let Some(peer) = PeerServer::scepserver("suites::scepserver_is_as_is_known") {
        judge_server(&peer, "server-scepserver", "scep");
    }
}

#[test]
fn step_ca_is_as_is_known() {
    if let Some(peer) = PeerServer::step_ca() {
        let package = "golang-github-smallstep-certificates-dev";
        judge_server(&peer, "server-step-ca", package);
    }
}
