//! `scep conformance client`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scep_client::random::SharedRandom;
use scep_conformance::client_suite::{
    Cases, Check, CommandClient, Pki, Sockets, checks, run as run_checks,
};
use scep_core::UnixTime;
use scep_core::crypto::{CryptoProvider, KeyType};

use super::reports::ReportArgs;
use crate::command::enroll::duration;
use crate::failure::{Failure, Result};
use crate::render::Renderer;

/// Arguments of `scep conformance client`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The command that enrolls, for a shell; the words in braces stand for what it needs:
    /// {url} the SCEP URL, {ca} a file with the trusted CA certificate (PEM), {ca_sha256} its
    /// fingerprint, {challenge} the challenge password, {key} a file with an RSA key (PKCS #8, PEM),
    /// {out} where to put the certificate, {dir} a folder of its own. If {out} occurs, there has to be
    /// a certificate for the enrollment to count; else the exit code says so.
    #[arg(long, value_name = "COMMAND")]
    exec: String,
    #[command(flatten)]
    report: ReportArgs,
    /// How long the command may take for one enrollment; not to end is a verdict.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    patience: Duration,
    /// Port of 127.0.0.1 to serve on; 0 for any.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
}

pub(super) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let all: Vec<&Check> = checks::all().collect();
    let ids: Vec<&str> = all.iter().map(|check| check.id).collect();
    let chosen = args.report.chosen(&ids)?;
    let chosen: Vec<&Check> = chosen
        .into_iter()
        .filter_map(|at| all.get(at).copied())
        .collect();
    let mut reporter = args.report.reporter(&ids, chosen.len(), renderer)?;
    let random = SharedRandom::default();
    let keys = |e| Failure::local(format!("keys: {e}"));
    let key = provider
        .generate_private_key(KeyType::Rsa(2048), &mut random.clone())
        .map_err(keys)?;
    let pki = Pki::generate(Arc::clone(&provider), random, UnixTime::now()).map_err(keys)?;
    let began = Instant::now();
    let cases = Arc::new(Cases::new(pki, Box::new(move || began.elapsed())));
    let served = Sockets::serve(Arc::clone(&cases), args.port).await;
    let sockets = served.map_err(|e| Failure::local(format!("127.0.0.1:{}: {e}", args.port)))?;
    let folder = tempfile::tempdir().map_err(|e| Failure::local(format!("a folder: {e}")))?;
    let client = CommandClient::new(&args.exec, folder.path(), &key, args.patience, provider)
        .map_err(|e| Failure::local(format!("{}: {e}", folder.path().display())))?;
    let report = run_checks(&cases, &sockets.base(), &client, &chosen, |result| {
        reporter.tell(result);
    })
    .await;
    reporter.end(&report)
}
