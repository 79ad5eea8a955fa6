//! Checks of a SCEP client, by a server that has one URL for each.
//!
//! At `/case/<id>/pkiclient.exe` there is a server for each [`Check`] that is right in everything but
//! for what the check is about. A [`Client`] enrolls there; whether it took or refused what it got, and
//! what it sent, is judged. As in the [server's suite](crate::server_suite), each check stands beside
//! the [`Flaw`] that makes it fail.

mod case;
mod cases;
pub mod checks;
mod command;
pub mod flaw;
mod layout;
mod memory;
mod own;
pub mod reference;
mod seen;
mod sockets;

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::http::Operation;
use scep_core::x509::Certificate;

pub use case::{Case, Reaction};
pub use cases::Cases;
pub use command::{CommandClient, WORDS};
pub use flaw::Flaw;
pub use layout::{Layout, Pki};
pub use memory::Memory;
pub use own::OwnClient;
pub use seen::{Heard, Seen};
pub use sockets::Sockets;

use crate::verdict::{CheckResult, Exchange, Level, Outcome, Report, SCHEMA, Stop, Verdict};

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
    /// What a client has to make of it.
    pub right: Right,
    /// How often the client enrolls.
    pub times: u32,
    /// What the server does otherwise than usual.
    pub case: fn(&mut Case),
    /// What is to be said of what the client sent.
    pub judge: fn(&Seen<'_>) -> Outcome,
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

/// What a client has to do with what it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Take the certificate.
    Accept,
    /// Take none.
    Refuse,
    /// Either, as long as it ends.
    Either,
    /// What it sends counts, and not how it ends.
    Any,
}

impl Right {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Refuse => "refused",
            Self::Either | Self::Any => "accepted or refused",
        }
    }
}

/// Where a client is to enroll.
#[derive(Clone, Debug)]
pub struct Target {
    /// The SCEP URL.
    pub url: String,
    /// The CA certificate that it may trust.
    pub ca: Certificate,
    /// Its challenge password.
    pub challenge: String,
}

/// How an enrollment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The client has a certificate.
    Accepted,
    /// It has none, and says so.
    Refused(String),
    /// It did not end.
    Hung,
    /// It was ended by a signal, or by its own panic.
    Crashed(String),
}

/// A client that is checked.
#[async_trait::async_trait]
pub trait Client: Send + Sync {
    /// What it is called in the report.
    fn name(&self) -> String;

    /// Enrolls once.
    async fn enroll(&self, target: &Target) -> End;
}

/// The check that the others rest on: the server is right in everything.
pub const CONTROL: &str = "enrollment.right";

/// Runs checks, one after the other; `done` is told of each. `base` is the URL below which the client
/// finds `cases`.
pub async fn run(
    cases: &Cases,
    base: &str,
    client: &dyn Client,
    checks: &[&Check],
    mut done: impl FnMut(&CheckResult),
) -> Report {
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: concat!("scep ", env!("CARGO_PKG_VERSION")).to_owned(),
        suite: "client".to_owned(),
        subject: client.name(),
        started: cases.now().to_string(),
        results: Vec::new(),
        issued: Vec::new(),
    };
    let control = match checks::all().find(|check| check.id == CONTROL) {
        Some(control) => outcome(cases, base, client, control).await.0,
        None => Ok(()),
    };
    for check in checks {
        let began = cases.elapsed();
        let (outcome, exchanges, issued) = outcome(cases, base, client, check).await;
        report.issued.extend(issued);
        let outcome = match (outcome, &control) {
            // whoever enrolls nowhere is right by accident where a refusal is right
            (Ok(()), Err(why)) if matches!(check.right, Right::Refuse | Right::Either) => {
                Err(Stop::NotRun(format!(
                    "inconclusive, as the client does not enroll at a right server either: {}",
                    Verdict::from(Err(why.clone())).sentence()
                )))
            }
            (outcome, _) => outcome,
        };
        let elapsed = cases.elapsed().saturating_sub(began);
        let result = CheckResult {
            id: check.id.to_owned(),
            title: check.title.to_owned(),
            level: check.level,
            requirements: check.requirements.iter().map(|r| (*r).to_owned()).collect(),
            verdict: Verdict::from(outcome),
            exchanges,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        done(&result);
        report.results.push(result);
    }
    report
}

/// One check: what it came to, what passed, and the serial numbers that were issued.
async fn outcome(
    cases: &Cases,
    base: &str,
    client: &dyn Client,
    check: &Check,
) -> (Outcome, Vec<Exchange>, Vec<String>) {
    let case = match cases.open(check) {
        Ok(case) => case,
        Err(e) => return (Err(Stop::NotRun(e.to_string())), Vec::new(), Vec::new()),
    };
    let target = Target {
        url: format!("{base}/case/{}/pkiclient.exe", check.id),
        ca: case.anchor.clone(),
        challenge: case.challenge.clone(),
    };
    let mut ended = Ok(());
    for _ in 0..check.times {
        let end = client.enroll(&target).await;
        ended = judge_end(check.right, &end);
        if ended.is_err() {
            break;
        }
    }
    cases.close(check.id, |seen| {
        let outcome = match needed(check.id) {
            // what a client never came to says nothing
            Some(operation) if seen.of(operation).next().is_none() => {
                let because = format!("the client does not ask {}", operation.name());
                Err(Stop::NotApplicable(because))
            }
            _ => ended.and_then(|()| (check.judge)(seen)),
        };
        (outcome, seen.exchanges(), seen.issued())
    })
}

/// What a client has to have asked for if a check is to mean something.
fn needed(id: &str) -> Option<Operation> {
    match id.split_once('.')?.0 {
        "ca" => Some(Operation::GetCaCert),
        "capabilities" => Some(Operation::GetCaCaps),
        "replies" | "failures" | "pending" | "transport" => Some(Operation::PkiOperation),
        _ => None,
    }
}

fn judge_end(right: Right, end: &End) -> Outcome {
    let unlike = |seen: String| Err(Stop::unlike(right.name(), seen));
    match (end, right) {
        (_, Right::Any) => Ok(()),
        (End::Hung, _) => Err(Stop::Silence("the end of the client".into())),
        (End::Crashed(how), _) => unlike(format!("crashed: {how}")),
        (End::Accepted, Right::Refuse) => unlike("accepted".into()),
        (End::Refused(why), Right::Accept) => unlike(format!("refused: {why}")),
        _ => Ok(()),
    }
}

/// The time at which clients enroll that do not look at a clock.
pub const START: UnixTime = UnixTime(1_795_608_000);
/// How long a server of a case keeps a client waiting that is to be kept waiting.
pub const NEVER: Duration = Duration::from_secs(600);
