//! `scep diagnose`: what is wrong with a SCEP server, from outside.

mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scep_client::capture::Capture;
use scep_client::diagnose::{DiagnoseOptions, EnrollProbe, Level, diagnose};
use scep_client::memory::FileMemory;
use scep_client::server_log;
use scep_core::crypto::CryptoProvider;
use scep_core::x509::Name;
use scep_failures::diagnosis::Outcome;
use scep_failures::observation::{LogRecord, Observation, Observations, Outcome as Seen, Probe};
use scep_failures::{Catalogue, Diagnosis, classify};

use super::enroll::duration;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::options::{ChallengeArgs, TrustArgs, network, scep_url};
use crate::render::Renderer;

pub(crate) use report::print_verdict;

/// Arguments of `scep diagnose`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL, such as https://host/certsrv/mscep/mscep.dll
    #[arg(required_unless_present_any = ["from", "server_log"], value_parser = scep_url)]
    url: Option<String>,
    /// Print JSON (schema scep-diagnosis/1).
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print one line.
    #[arg(long)]
    quiet: bool,
    /// Also send a request with a wrong challenge password: nothing is issued, unless the server
    /// asks for no password.
    #[arg(long, requires = "url")]
    send_request: bool,
    /// Also ask for a certificate, which may be issued. Needs --may-issue 1, --subject and a way to
    /// recognise the CA.
    #[arg(long, requires_all = ["url", "may_issue", "subject"])]
    enroll: bool,
    /// How many certificates may be issued.
    #[arg(long, value_name = "N", requires = "enroll", value_parser = clap::value_parser!(u32).range(1..))]
    may_issue: Option<u32>,
    /// Subject for --enroll, such as CN=test
    #[arg(long, value_name = "NAME", requires = "enroll")]
    subject: Option<String>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    challenge: ChallengeArgs,
    /// CA identifier, sent as message= of GetCACaps and GetCACert.
    #[arg(long, value_name = "TEXT")]
    ca_identifier: Option<String>,
    /// Further root certificates for https (PEM).
    #[arg(long, value_name = "FILE")]
    tls_ca_file: Option<PathBuf>,
    /// Ask this name server (ADDRESS:PORT, by UDP) in place of the operating system's resolver.
    #[arg(long, value_name = "ADDRESS")]
    resolver: Option<std::net::SocketAddr>,
    /// Remember the last healthy look at each server in this folder; later it proves which
    /// certificate or CRL has expired.
    #[arg(long, value_name = "DIR", requires = "url")]
    remember: Option<PathBuf>,
    /// What the server wrote: events saved as XML by Event Viewer or wevtutil, an IIS or HTTPERR log,
    /// NDESPlugin.log, or JSON as GET /events of `scep mock` gives it. May be given several times,
    /// and without a URL.
    #[arg(long, value_name = "FILE")]
    server_log: Vec<PathBuf>,
    /// Save what was seen, with secrets removed.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Diagnose a saved capture; nothing is sent.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "send_request", "enroll", "remember"])]
    from: Option<PathBuf>,
    /// How long to wait for each answer.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// How long to wait for the answer to a request.
    #[arg(long, value_name = "DURATION", default_value = "90s", value_parser = duration)]
    patience: Duration,
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let (mut diagnosis, observations) = if let Some(path) = &args.from {
        let mut observations = Capture::load(path)?.observations;
        observations.logs.extend(logs(&args, renderer)?);
        (classify(Catalogue::builtin(), &observations), observations)
    } else if let Some(url) = &args.url {
        live(&args, url, provider, renderer).await?
    } else {
        let observations = Observations {
            started: scep_core::UnixTime::now().0,
            logs: logs(&args, renderer)?,
            ..Observations::default()
        };
        (classify(Catalogue::builtin(), &observations), observations)
    };
    diagnosis.tool = concat!("scep ", env!("CARGO_PKG_VERSION")).to_owned();
    if let Some(path) = &args.capture {
        Capture::new(&observations).save(path)?;
    }
    if args.json {
        renderer.json(&diagnosis);
    } else if args.quiet {
        renderer.line(report::one_line(&diagnosis));
    } else {
        report::print(&diagnosis, renderer);
    }
    Ok(match diagnosis.outcome {
        Outcome::Healthy => Exit::Good,
        Outcome::Failure | Outcome::Unrecognized | Outcome::NotScep => Exit::Bad,
    })
}

/// The records of the server logs that were given.
fn logs(args: &Args, renderer: &Renderer) -> Result<Vec<LogRecord>> {
    let progress = |at: server_log::Progress<'_>| {
        let mib = |octets: u64| octets >> 20;
        let (name, done, of) = (at.path.display(), mib(at.done), mib(at.of));
        renderer.progress(&format!("{name}: {done} of {of} MiB"));
    };
    let logs = server_log::read(Catalogue::builtin(), &args.server_log, progress)?;
    if logs.dropped > 0 {
        renderer.progress(&format!(
            "{} records read, and of those that say the same the latest {} kept",
            logs.read,
            server_log::PER_KIND
        ));
    }
    Ok(logs.records)
}

async fn live(
    args: &Args,
    url: &str,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result<(Diagnosis, Observations)> {
    let mut options = DiagnoseOptions::default();
    options.level = match (args.enroll, args.send_request) {
        (true, _) => Level::Enroll,
        (false, true) => Level::Request,
        (false, false) => Level::Passive,
    };
    options.timeouts.resolve = args.timeout;
    options.timeouts.connect = args.timeout;
    options.timeouts.tls = args.timeout;
    options.timeouts.http = args.timeout;
    options.timeouts.pki_operation = args.patience;
    options.ca_identifier.clone_from(&args.ca_identifier);
    options.logs = logs(args, renderer)?;
    if let Some(folder) = &args.remember {
        options.memory = Some(Arc::new(FileMemory::new(folder, Arc::clone(&provider))));
    }
    if args.enroll {
        let subject = Name::from_rfc4514(args.subject.as_deref().unwrap_or_default())
            .map_err(|e| Failure::usage(format!("--subject: {e}")))?;
        let mut probe = EnrollProbe::new(subject, args.trust.trust(renderer)?);
        probe.challenge = args.challenge.challenge(renderer)?;
        options.enroll = Some(probe);
    } else if args.trust.given() || args.challenge.given() {
        return Err(Failure::usage(
            "flags that recognise a CA or give a challenge password belong to --enroll; a diagnosis without it needs none",
        ));
    }
    let watcher = renderer.clone();
    options.watch = Arc::new(move |seen| watcher.progress(&progress(seen)));
    let network = network(args.tls_ca_file.as_deref(), args.resolver)?;
    let report = diagnose(&network, provider, Catalogue::builtin(), url, &options).await?;
    for error in &report.local_errors {
        renderer.warn(&error.causes());
    }
    Ok((report.diagnosis, report.observations))
}

/// An observation in a few words: `[5] GET http://… : 200, 4 ms`.
pub(crate) fn progress(seen: &Observation) -> String {
    let what = match &seen.probe {
        Probe::Resolve { host } => format!("resolve {host}"),
        Probe::Connect { address } => format!("connect {address}"),
        Probe::Tls { address, .. } => format!("TLS {address}"),
        Probe::Http { method, url, .. } => format!("{method} {url}"),
    };
    let result = match &seen.outcome {
        Seen::Response(http) => http.status.to_string(),
        Seen::Failed { detail, .. } => format!("failed, {detail}"),
        Seen::Skipped { .. } => "skipped".to_owned(),
        Seen::Resolved { .. } | Seen::Connected | Seen::Secured(_) => "ok".to_owned(),
    };
    format!("[{}] {what}: {result}, {} ms", seen.n, seen.elapsed_ms)
}
