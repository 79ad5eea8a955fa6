//! Every check of both suites as a test of its own name.
//!
//! Servers: the mock in its strict profile or, with `SCEP_SUBJECT=http://…`, another one; its challenge
//! passwords are then in the file `SCEP_CHALLENGE_FILE`, one a line or one for all, and `SCEP_CA_SHA256` is
//! the fingerprint of its CA. Clients: this project's own.
#![allow(missing_docs, clippy::print_stderr)]

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_client::random::SharedRandom;
use scep_conformance::client_suite::{self, Memory, OwnClient, Pki};
use scep_conformance::healthy::Healthy;
use scep_conformance::server_suite::{self, Challenges, Keys, Subject};
use scep_conformance::verdict::{Report, Verdict};
use scep_core::crypto::{CryptoProvider, RustCrypto};
use scep_core::message::ChallengePassword;

fn provider() -> Arc<dyn CryptoProvider> {
    Arc::new(RustCrypto)
}

/// The server that `SCEP_SUBJECT` names.
struct Other {
    url: String,
    network: HyperNetwork,
    keys: Keys,
    ca_sha256: Option<[u8; 32]>,
    passwords: Mutex<VecDeque<String>>,
}

#[async_trait::async_trait]
impl Challenges for Other {
    async fn next(&self) -> Option<ChallengePassword> {
        let mut passwords = self
            .passwords
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match passwords.len() {
            // one for all; and a server without passwords does not mind one
            0 | 1 => {
                let only = passwords.front().map_or("none", String::as_str);
                Some(ChallengePassword::new(only))
            }
            _ => passwords.pop_front().map(ChallengePassword::new),
        }
    }
}

impl Other {
    fn from_environment() -> Result<Option<Self>, String> {
        let Ok(url) = std::env::var("SCEP_SUBJECT") else {
            return Ok(None);
        };
        let mut passwords = VecDeque::new();
        if let Ok(path) = std::env::var("SCEP_CHALLENGE_FILE") {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            passwords.extend(lines.map(str::to_owned));
        }
        let ca_sha256 = match std::env::var("SCEP_CA_SHA256") {
            Ok(text) => Some(fingerprint(&text).ok_or("SCEP_CA_SHA256 is no fingerprint")?),
            Err(_) => None,
        };
        let trust = TrustStore::system();
        // a real CA must not certify published keys
        let keys = Keys::generate(provider().as_ref(), &mut SharedRandom::default());
        Ok(Some(Self {
            url,
            network: HyperNetwork::new(trust),
            keys: keys.map_err(|e| e.to_string())?,
            ca_sha256,
            passwords: Mutex::new(passwords),
        }))
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            network: &self.network,
            url: self.url.clone(),
            ca_sha256: self.ca_sha256,
            challenges: self,
            provider: provider(),
            keys: &self.keys,
            random: SharedRandom::default(),
            expired: None,
            patience: Duration::from_secs(20),
            check_patience: Duration::from_secs(60),
        }
    }
}

fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let pairs = digits.as_bytes().chunks(2);
    let octets = pairs.map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    octets.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

fn published_keys() -> scep_core::Result<Keys> {
    let device = include_bytes!("../../scep-server-mock/keys/device-1.p8");
    let other = include_bytes!("../../scep-server-mock/keys/device-2.p8");
    Keys::load(provider().as_ref(), device, other)
}

fn told(report: &Report) -> Result<(), Failed> {
    for result in &report.results {
        match &result.verdict {
            Verdict::Pass => {}
            Verdict::NotApplicable { because } => {
                eprintln!("{}: not applicable: {because}", result.id);
            }
            verdict => return Err(format!("{}: {}", result.title, verdict.sentence()).into()),
        }
    }
    Ok(())
}

fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}

fn server(check: &'static server_suite::Check, other: Option<&Other>) -> Result<(), Failed> {
    let healthy;
    let subject = match other {
        Some(other) => other.subject(),
        None => {
            healthy = Healthy::new("rfc8894", provider(), published_keys()?)?;
            healthy.subject()
        }
    };
    told(&block_on(server_suite::run(&subject, &[check], |_| ()))?)
}

fn client(check: &'static client_suite::Check) -> Result<(), Failed> {
    let load = |pkcs8: &[u8]| provider().load_private_key(pkcs8);
    let memory = Memory::new(Pki {
        provider: provider(),
        random: SharedRandom::default(),
        keys: [
            load(include_bytes!("../../scep-server-mock/keys/root.p8"))?,
            load(include_bytes!("../../scep-server-mock/keys/issuing-ca.p8"))?,
            load(include_bytes!("../../scep-server-mock/keys/ra-signing.p8"))?,
            load(include_bytes!("../../scep-server-mock/keys/device-2.p8"))?,
        ],
        now: client_suite::START,
    });
    let own = OwnClient {
        network: &memory,
        provider: provider(),
        key: load(include_bytes!("../../scep-server-mock/keys/device-1.p8"))?,
        wait: Duration::from_secs(3600),
    };
    let checks = [check];
    let run = client_suite::run(memory.cases(), Memory::BASE, &own, &checks, |_| ());
    told(&block_on(run)?)
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let other = match Other::from_environment() {
        Ok(other) => Arc::new(other),
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::FAILURE;
        }
    };
    let of_servers = server_suite::checks::all().map(|check| {
        let other = Arc::clone(&other);
        let name = format!("server::{}", check.id);
        Trial::test(name, move || server(check, other.as_ref().as_ref()))
    });
    let of_clients = client_suite::checks::all()
        .map(|check| Trial::test(format!("client::{}", check.id), move || client(check)));
    let trials: Vec<Trial> = of_servers.chain(of_clients).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
