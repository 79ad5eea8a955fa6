//! `scep conformance`: does a SCEP server keep to RFC 8894?

mod expected;
mod files;
mod passwords;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use scep_client::random::SharedRandom;
use scep_conformance::server_suite::{Check, Identity, Keys, Subject, checks, run as run_checks};
use scep_conformance::verdict::{CheckResult, Report, Verdict as Judged};
use scep_core::crypto::CryptoProvider;
use serde_json::json;

use super::enroll::duration;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::nearest;
use crate::options::{NetworkArgs, certificates, fingerprint, load_key, scep_url};
use crate::render::{Columns, Renderer, Verdict, count};
use expected::Expected;
use passwords::{PasswordArgs, Passwords};

/// Arguments of `scep conformance`.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    /// List the checks, and stop.
    #[arg(long, required = true)]
    list: bool,
    /// List them as JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    suite: Option<Suite>,
}

#[derive(Subcommand, Debug)]
enum Suite {
    /// Check a server, which issues certificates meanwhile
    Server(Box<ServerArgs>),
}

/// Arguments of `scep conformance server`.
#[derive(clap::Args, Debug)]
struct ServerArgs {
    /// The SCEP URL.
    #[arg(value_parser = scep_url)]
    url: String,
    /// SHA-256 fingerprint of a CA certificate that the server has to have, in hexadecimal.
    #[arg(long, value_name = "H")]
    ca_sha256: Option<String>,
    #[command(flatten)]
    passwords: PasswordArgs,
    /// Only the checks whose name begins so (may be given several times).
    #[arg(long, value_name = "PREFIX")]
    only: Vec<String>,
    /// Measure as well how long refusals take; hundreds of messages, and at most a finding.
    #[arg(long)]
    timing: bool,
    /// Count what the RFC recommends (SHOULD) as demanded.
    #[arg(long)]
    should: bool,
    /// Checks that are known to fail: a name and a reason on each line. One that passes is told.
    #[arg(long, value_name = "FILE")]
    expected_failures: Option<PathBuf>,
    /// Write the whole report as JSON (schema scep-conformance/1); - for stdout.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write it as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write it as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Write it as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// How long to wait for each answer; nothing within it is a verdict.
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    patience: Duration,
    /// How long a check may take.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    check_timeout: Duration,
    /// A certificate of this server that has expired (PEM): a renewal with it is tried.
    #[arg(long, value_name = "FILE", requires = "expired_key")]
    expired_cert: Option<PathBuf>,
    /// Its key (PEM or DER).
    #[arg(long, value_name = "FILE", requires = "expired_cert")]
    expired_key: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    match args.suite {
        Some(Suite::Server(server)) => judge(*server, provider, renderer).await,
        None => {
            list(args.json, renderer);
            Ok(Exit::Good)
        }
    }
}

fn list(json: bool, renderer: &Renderer) {
    if json {
        let all: Vec<_> = checks::all()
            .chain(checks::timing())
            .map(|check| {
                json!({
                    "suite": "server",
                    "id": check.id,
                    "title": check.title,
                    "level": check.level,
                    "requirements": check.requirements,
                })
            })
            .collect();
        renderer.json(&all);
        return;
    }
    for check in checks::all().chain(checks::timing()) {
        let rows = check.requirements.join(" ");
        let text = format!(
            "{} ({}{}{rows})",
            check.title,
            check.level.title(),
            if rows.is_empty() { "" } else { ", " }
        );
        renderer.hanging(&format!("{:<34} ", check.id), &text);
    }
}

/// The checks that were chosen.
fn chosen(only: &[String], timing: bool) -> Result<Vec<&'static Check>> {
    let measured = checks::timing().filter(|_| timing);
    let chosen: Vec<&Check> = checks::all()
        .chain(measured)
        .filter(|check| only.is_empty() || only.iter().any(|prefix| check.id.starts_with(prefix)))
        .collect();
    for prefix in only {
        if !chosen.iter().any(|check| check.id.starts_with(prefix)) {
            let ids = checks::all().map(|check| check.id);
            return Err(Failure::usage(nearest::unknown("check", prefix, ids)));
        }
    }
    Ok(chosen)
}

async fn judge(args: ServerArgs, provider: Arc<dyn CryptoProvider>, renderer: &Renderer) -> Result {
    let checks = chosen(&args.only, args.timing)?;
    let expected = Expected::load(args.expected_failures.as_deref())?;
    let network = args.network.network()?;
    let passwords = Passwords::new(&args.passwords)?;
    let random = SharedRandom::default();
    let keys = Keys::generate(provider.as_ref(), &mut random.clone())
        .map_err(|e| Failure::local(format!("keys of the devices: {e}")))?;
    let expired = match (&args.expired_cert, &args.expired_key) {
        (Some(certificate), Some(key)) => {
            let first = certificates(certificate)?.into_iter().next();
            let none = || Failure::local(format!("{}: holds none", certificate.display()));
            Some(Identity {
                certificate: first.ok_or_else(none)?,
                key: load_key(provider.as_ref(), key)?,
            })
        }
        _ => None,
    };
    let subject = Subject {
        network: &network,
        url: args.url.clone(),
        ca_sha256: args.ca_sha256.as_deref().map(fingerprint).transpose()?,
        challenges: &passwords,
        provider,
        keys: &keys,
        random,
        expired,
        patience: args.patience,
        check_patience: args.check_timeout,
    };
    let quiet = args
        .json
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-");
    let mut at = 0;
    let report = run_checks(&subject, &checks, |result| {
        at += 1;
        renderer.progress(&format!("{at} of {}: {}", checks.len(), result.id));
        if !quiet {
            print(result, &expected, renderer);
        }
    })
    .await;
    for (path, content) in [
        (&args.json, files::json(&report)?),
        (&args.junit, files::junit(&report, &expected)),
        (&args.sarif, files::sarif(&report, &expected)?),
        (&args.markdown, files::markdown(&report, &expected)),
    ] {
        match path {
            Some(path) if path.as_os_str() == "-" => renderer.line(content.trim_end()),
            Some(path) => {
                crate::files::write(path, content.as_bytes(), crate::files::Access::Usual)?;
            }
            None => {}
        }
    }
    if !quiet {
        summary(&report, &expected, renderer);
    }
    let surprise = !expected.passed(&report).is_empty();
    let demanded = |result: &&CheckResult| expected.counts(result, args.should);
    Ok(
        if surprise || report.results.iter().any(|result| demanded(&result)) {
            Exit::Bad
        } else {
            Exit::Good
        },
    )
}

fn print(result: &CheckResult, expected: &Expected, renderer: &Renderer) {
    let verdict = match &result.verdict {
        Judged::Pass => Verdict::Ok,
        Judged::Fail { .. } | Judged::Hang { .. } => Verdict::Fail,
        Judged::NotApplicable { .. } | Judged::NotRun { .. } => Verdict::Skipped,
    };
    let mut text = result.title.clone();
    if result.verdict != Judged::Pass {
        text.push_str(&format!(": {}", result.verdict.sentence()));
    }
    if let (Some(reason), true) = (expected.reason(&result.id), result.verdict.is_bad()) {
        text.push_str(&format!(" (expected: {reason})"));
    }
    let columns = Columns {
        label: 10,
        name: 34,
    };
    renderer.step(columns, result.level.title(), &result.id, verdict, &text);
}

fn summary(report: &Report, expected: &Expected, renderer: &Renderer) {
    renderer.line("");
    let tally: Vec<String> = ["ok", "FAIL", "HANG", "n/a", "not run"]
        .iter()
        .map(|word| (word, report.count(word)))
        .filter(|(_, n)| *n > 0)
        .map(|(word, n)| format!("{n} {word}"))
        .collect();
    renderer.line(format!(
        "{} of {}.",
        tally.join(", "),
        count(report.results.len(), "check")
    ));
    for id in expected.passed(report) {
        renderer.warn(&format!("{id} was expected to fail, and passed"));
    }
    let issued = count(report.issued.len(), "certificate");
    renderer.hanging("", &format!("Issued {issued}: {}", report.issued.join(" ")));
}
