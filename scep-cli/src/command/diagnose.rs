//! `scep diagnose`: what is wrong with a SCEP server, from outside.

mod markdown;
mod report;
mod watch;

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
use crate::options::{ChallengeArgs, NetworkArgs, TrustArgs, scep_url};
use crate::render::Renderer;

pub(crate) use report::print_verdict;

/// Arguments of `scep diagnose`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL, such as https://host/certsrv/mscep/mscep.dll
    #[arg(required_unless_present_any = ["from", "server_log"], value_parser = scep_url)]
    url: Option<String>,
    /// How to print the diagnosis.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Format,
    /// Print JSON (schema scep-diagnosis/1): --format json.
    #[arg(long, conflicts_with_all = ["quiet", "format"])]
    json: bool,
    /// Print one line: --format line.
    #[arg(long, conflicts_with = "format")]
    quiet: bool,
    /// Look again and again, every DURATION (10s), and print a line whenever something has changed, until
    /// Ctrl-C.
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10s",
        value_parser = duration,
        requires = "url",
        conflicts_with_all = ["enroll", "from"]
    )]
    watch: Option<Duration>,
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
    #[command(flatten)]
    network: NetworkArgs,
    /// Remember the last healthy look at each server in this folder; later it proves which
    /// certificate or CRL has expired.
    #[arg(long, value_name = "DIR", requires = "url")]
    remember: Option<PathBuf>,
    /// What the server wrote: events as .evtx, XML or CSV, IIS and HTTPERR logs, NDESPlugin.log, what
    /// certutil -ping, certutil -verify -urlfetch and netsh winhttp show proxy print, or JSON as GET
    /// /events of `scep mock` gives it; told by the content, of any length. With or without a URL.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    server_log: Vec<PathBuf>,
    /// Save what was seen, with secrets removed.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Diagnose a saved capture, or an HTTP archive (HAR) of a browser; nothing is sent.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "send_request", "enroll", "remember"])]
    from: Option<PathBuf>,
    /// How long to wait for a name server, and for a connection.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    connect_timeout: Duration,
    /// How long to wait for an answer; by default 30s, and 90s for that to a PKIOperation.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    patience: Option<Duration>,
}

/// How a diagnosis is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a reader at a terminal.
    #[default]
    Text,
    /// For a ticket.
    Markdown,
    /// For a program (schema scep-diagnosis/1).
    Json,
    /// One line.
    Line,
}

impl Args {
    const fn format(&self) -> Format {
        match (self.json, self.quiet) {
            (true, _) => Format::Json,
            (_, true) => Format::Line,
            _ => self.format,
        }
    }
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    if let (Some(every), Some(url)) = (args.watch, &args.url) {
        return watch::watch(&args, url, every, &provider, renderer).await;
    }
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
    match args.format() {
        Format::Json => renderer.json(&diagnosis),
        Format::Line => renderer.line(report::one_line(&diagnosis)),
        Format::Markdown => renderer.line(markdown::report(&diagnosis).trim_end()),
        Format::Text => report::print(&diagnosis, renderer),
    }
    Ok(exit(&diagnosis))
}

const fn exit(diagnosis: &Diagnosis) -> Exit {
    match diagnosis.outcome {
        Outcome::Healthy => Exit::Good,
        Outcome::Failure | Outcome::Unrecognized | Outcome::NotScep => Exit::Bad,
    }
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
    options.timeouts.resolve = args.connect_timeout;
    options.timeouts.connect = args.connect_timeout;
    if let Some(patience) = args.patience {
        options.timeouts.tls = patience;
        options.timeouts.http = patience;
        options.timeouts.pki_operation = patience;
    }
    options.ca_identifier.clone_from(&args.ca_identifier);
    options.logs = logs(args, renderer)?;
    if let Some(folder) = &args.remember {
        options.memory = Some(Arc::new(FileMemory::new(folder, Arc::clone(&provider))));
    }
    let network = args.network.network_as_given(url)?;
    if args.enroll {
        let subject = Name::from_rfc4514(args.subject.as_deref().unwrap_or_default())
            .map_err(|e| Failure::usage(format!("--subject: {e}")))?;
        let mut probe = EnrollProbe::new(subject, args.trust.trust(renderer)?);
        probe.challenge = args.challenge.challenge(&network, renderer).await?;
        options.enroll = Some(probe);
    } else if args.trust.given() || args.challenge.given() {
        return Err(Failure::usage(
            "flags that recognise a CA or give a challenge password belong to --enroll; a diagnosis without it needs none",
        ));
    }
    let watcher = renderer.clone();
    options.watch = Arc::new(move |seen| watcher.progress(&progress(seen)));
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
