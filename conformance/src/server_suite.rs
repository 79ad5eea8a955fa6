//! Checks of a SCEP server, by a client that knows what it asks for.
//!
//! Each [`Check`] stands in [`checks`] beside the [`Flaw`] that makes it fail: the tests give a reference
//! server exactly that flaw, and see that the check notices and that no other does which is not named.

pub mod checks;
pub mod craft;
pub mod flaw;
mod identity;
pub mod reference;
mod reply;
mod session;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use scep_client::Network;
use scep_client::network::HttpResponse;
use scep_client::random::SharedRandom;
use scep_core::crypto::CryptoProvider;
use scep_core::message::ChallengePassword;

pub use flaw::Flaw;
pub use identity::{Identity, Keys};

pub use session::Session;

use crate::verdict::{CheckResult, Level, Outcome, Report, SCHEMA, Stop, Verdict};

/// A check.
pub struct Check {
    /// Stable name: theme and subject.
    pub id: &'static str,
    /// What is checked, in one sentence without a full stop.
    pub title: &'static str,
    /// What it is about.
    pub level: Level,
    /// Requirements of `docs/rfc8894.md`.
    pub requirements: &'static [&'static str],
    /// The check itself.
    pub run: Run,
    /// What makes it fail.
    pub flaw: Flaw,
    /// Other checks that fail with that flaw, as they look at the same thing.
    pub also: &'static [&'static str],
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A check as a function.
pub type Run = for<'s, 'n> fn(&'s mut Session<'n>) -> Running<'s>;

/// A check under way.
pub type Running<'s> = Pin<Box<dyn Future<Output = Outcome> + Send + 's>>;

/// Where challenge passwords come from.
#[async_trait::async_trait]
pub trait Challenges: Send + Sync {
    /// The next one; `None` if there is no more.
    async fn next(&self) -> Option<ChallengePassword>;
}

/// The server under test, and what is known of it.
#[derive(Clone)]
pub struct Subject<'n> {
    /// How it is reached.
    pub network: &'n dyn Network,
    /// Its SCEP URL.
    pub url: String,
    /// SHA-256 of a CA certificate that it has to have; `None` takes what it says.
    pub ca_sha256: Option<[u8; 32]>,
    /// Its challenge passwords.
    pub challenges: &'n dyn Challenges,
    /// The crypto library.
    pub provider: Arc<dyn CryptoProvider>,
    /// Keys of the devices that are played.
    pub keys: &'n Keys,
    /// Randomness.
    pub random: SharedRandom,
    /// A device with a certificate of the server's that has expired, to try a renewal with.
    pub expired: Option<Identity>,
    /// How long one answer may take.
    pub patience: Duration,
    /// How long one check may take.
    pub check_patience: Duration,
}

impl std::fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Runs checks, one after the other; `done` is told of each.
pub async fn run(
    subject: &Subject<'_>,
    checks: &[&Check],
    mut done: impl FnMut(&CheckResult),
) -> Report {
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: concat!("scep ", env!("CARGO_PKG_VERSION")).to_owned(),
        suite: "server".to_owned(),
        subject: subject.url.clone(),
        started: subject.network.now().to_string(),
        results: Vec::new(),
        issued: Vec::new(),
    };
    let mut serves = None;
    for check in checks {
        let began = subject.network.elapsed();
        let mut session = Session::new(subject);
        let outcome = (check.run)(&mut session).await;
        let elapsed = subject.network.elapsed().saturating_sub(began);
        report.issued.append(&mut session.issued);
        let outcome = match outcome {
            // whoever refuses everything is right by accident where a refusal is right
            Ok(()) if session.sent_messages() && report.issued.is_empty() => {
                if serves.is_none() {
                    let mut control = Session::new(subject);
                    serves = Some(control.enrolled().await.map(|_| ()));
                    report.issued.append(&mut control.issued);
                }
                match &serves {
                    Some(Err(why)) => Err(Stop::NotRun(format!(
                        "inconclusive, as a right request is not served either: {}",
                        Verdict::from(Err(why.clone())).sentence()
                    ))),
                    _ => Ok(()),
                }
            }
            outcome => outcome,
        };
        let result = CheckResult {
            id: check.id.to_owned(),
            title: check.title.to_owned(),
            level: check.level,
            requirements: check.requirements.iter().map(|r| (*r).to_owned()).collect(),
            verdict: Verdict::from(outcome),
            exchanges: session.exchanges,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        done(&result);
        report.results.push(result);
    }
    report
}

/// Ends a check if something is not so.
pub(crate) fn ensure(
    so: bool,
    expected: impl std::fmt::Display,
    seen: impl std::fmt::Display,
) -> Outcome {
    if so {
        Ok(())
    } else {
        Err(Stop::unlike(expected, seen))
    }
}

/// Ends a check if a response has another Content-Type; parameters do not matter.
pub(crate) fn ensure_content_type(response: &HttpResponse, expected: &str) -> Outcome {
    let seen = response.header("content-type").unwrap_or("none");
    let same = seen.split(';').next().unwrap_or_default().trim() == expected;
    ensure(same, expected, seen)
}
