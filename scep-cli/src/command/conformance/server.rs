//! `scep conformance server`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scep_client::random::SharedRandom;
use scep_conformance::server_suite::{Check, Identity, Keys, Subject, checks, run as run_checks};
use scep_core::crypto::CryptoProvider;

use super::passwords::{PasswordArgs, Passwords};
use super::reports::ReportArgs;
use crate::command::enroll::duration;
use crate::failure::{Failure, Result};
use crate::options::{NetworkArgs, certificates, fingerprint, load_key, scep_url};
use crate::render::Renderer;

/// Arguments of `scep conformance server`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The SCEP URL.
    #[arg(value_parser = scep_url)]
    url: String,
    /// SHA-256 fingerprint of a CA certificate that the server has to have, in hexadecimal.
    #[arg(long, value_name = "H")]
    ca_sha256: Option<String>,
    #[command(flatten)]
    passwords: PasswordArgs,
    /// Measure as well how long refusals take; hundreds of messages, and at most a finding.
    #[arg(long)]
    timing: bool,
    #[command(flatten)]
    report: ReportArgs,
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

pub(super) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let measured = checks::timing().filter(|_| args.timing);
    let all: Vec<&Check> = checks::all().chain(measured).collect();
    let ids: Vec<&str> = all.iter().map(|check| check.id).collect();
    let chosen = args.report.chosen(&ids)?;
    let chosen: Vec<&Check> = chosen
        .into_iter()
        .filter_map(|at| all.get(at).copied())
        .collect();
    let mut reporter = args.report.reporter(&ids, chosen.len(), renderer)?;
    let network = args.network.network(&args.url)?;
    let passwords = Passwords::new(&args.passwords)?;
    let random = SharedRandom::default();
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
    let keys = Keys::generate(provider.as_ref(), &mut random.clone())
        .map_err(|e| Failure::local(format!("keys of the devices: {e}")))?;
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
    let report = run_checks(&subject, &chosen, |result| reporter.tell(result)).await;
    reporter.end(&report)
}
