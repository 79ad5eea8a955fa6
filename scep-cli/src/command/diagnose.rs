//! `scep diagnose`: what is wrong with a SCEP server, from outside.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scep_client::capture::Capture;
use scep_client::diagnose::{DiagnoseOptions, EnrollProbe, Level, diagnose};
use scep_client::memory::FileMemory;
use scep_core::crypto::default_provider;
use scep_core::x509::Name;
use scep_failures::diagnosis::{Outcome, ProbeResult, RankedMode};
use scep_failures::observation::{LogRecord, Observations};
use scep_failures::{Catalogue, Diagnosis, classify};

use super::enroll::duration;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files;
use crate::options::{ChallengeArgs, TrustArgs, network};
use crate::render::{Renderer, Verdict, wrap};

/// Arguments of `scep diagnose`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL, such as https://host/certsrv/mscep/mscep.dll
    #[arg(required_unless_present_any = ["from", "server_log"])]
    url: Option<String>,
    /// Print JSON (schema scep-diagnosis/1).
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print one line.
    #[arg(long)]
    quiet: bool,
    /// Also send a request with a wrong challenge password: nothing is issued, unless the server
    /// asks for no password.
    #[arg(long)]
    send_request: bool,
    /// Also ask for a certificate, which may be issued. Needs --may-issue 1, --subject and a way to
    /// recognise the CA.
    #[arg(long, requires_all = ["may_issue", "subject"])]
    enroll: bool,
    /// How many certificates may be issued.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    may_issue: Option<u32>,
    /// Subject for --enroll.
    #[arg(long, value_name = "NAME")]
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
    /// Remember the last healthy look at each server in this folder; later it proves which
    /// certificate or CRL has expired.
    #[arg(long, value_name = "DIR")]
    remember: Option<PathBuf>,
    /// Log records of the server, as JSON (an array of records, as the control port of `scep mock`
    /// gives them). May be given several times, and without a URL.
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

pub(crate) async fn run(args: Args, renderer: &Renderer) -> Result {
    let (diagnosis, observations) = if let Some(path) = &args.from {
        let capture = Capture::load(path)?;
        (capture.diagnose(Catalogue::builtin()), capture.observations)
    } else if let Some(url) = &args.url {
        live(&args, url, renderer).await?
    } else {
        let observations = Observations {
            started: scep_core::UnixTime::now().0,
            logs: logs(&args.server_log)?,
            ..Observations::default()
        };
        (classify(Catalogue::builtin(), &observations), observations)
    };
    if let Some(path) = &args.capture {
        Capture::new(&observations).save(path)?;
    }
    if args.json {
        renderer.json(&diagnosis);
    } else if args.quiet {
        renderer.line(one_line(&diagnosis));
    } else {
        print(&diagnosis, renderer);
    }
    Ok(match diagnosis.outcome {
        Outcome::Healthy => Exit::Good,
        Outcome::Failure | Outcome::Unrecognized | Outcome::NotScep => Exit::Bad,
    })
}

async fn live(args: &Args, url: &str, renderer: &Renderer) -> Result<(Diagnosis, Observations)> {
    let provider = default_provider();
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
    options.logs = logs(&args.server_log)?;
    if let Some(folder) = &args.remember {
        options.memory = Some(Arc::new(FileMemory::new(folder, Arc::clone(&provider))));
    }
    if args.enroll {
        let subject = Name::from_rfc4514(args.subject.as_deref().unwrap_or_default())
            .map_err(|e| Failure::usage(format!("--subject: {e}")))?;
        let mut probe = EnrollProbe::new(subject, args.trust.trust(renderer)?);
        probe.challenge = args.challenge.challenge(renderer)?;
        options.enroll = Some(probe);
    } else if args.trust.given() || args.subject.is_some() {
        return Err(Failure::usage(
            "--subject and the flags that recognise a CA belong to --enroll; a diagnosis without it needs none",
        ));
    }
    let watcher = *renderer;
    options.watch =
        Arc::new(move |seen| watcher.progress(&format!("[{}] {} ms", seen.n, seen.elapsed_ms)));
    let network = network(args.tls_ca_file.as_deref())?;
    let report = diagnose(&network, provider, Catalogue::builtin(), url, &options).await?;
    for error in &report.local_errors {
        renderer.warn(&error.causes());
    }
    Ok((report.diagnosis, report.observations))
}

/// Log records from JSON files.
fn logs(paths: &[PathBuf]) -> Result<Vec<LogRecord>> {
    let mut records = Vec::new();
    for path in paths {
        let text = files::read_text(path)?;
        let list: Vec<LogRecord> = serde_json::from_str(&text).map_err(|e| {
            Failure::local(format!(
                "{}: is no JSON array of log records: {e}",
                path.display()
            ))
        })?;
        records.extend(list);
    }
    Ok(records)
}

fn one_line(diagnosis: &Diagnosis) -> String {
    match (&diagnosis.symptom, diagnosis.outcome) {
        (_, Outcome::Healthy) => "healthy: no failure found".into(),
        (Some(symptom), _) => {
            let confidence = diagnosis.confidence.map_or("", confidence_word);
            let cause = diagnosis
                .failure_modes
                .first()
                .map_or_else(String::new, |mode| format!("; first cause: {}", mode.id));
            format!("{} ({confidence}): {}{cause}", symptom.id, symptom.title)
        }
        (None, Outcome::NotScep) => "not-scep: something answers, but it is no SCEP server".into(),
        (None, _) => "unrecognized: the server fails in a way this version does not know".into(),
    }
}

const fn confidence_word(confidence: scep_failures::diagnosis::Confidence) -> &'static str {
    use scep_failures::diagnosis::Confidence;
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

fn print(diagnosis: &Diagnosis, renderer: &Renderer) {
    if !diagnosis.url.is_empty() {
        renderer.line(&diagnosis.url);
        renderer.line("");
    }
    for seen in &diagnosis.observations {
        let verdict = match seen.result {
            ProbeResult::Ok => Verdict::Ok,
            ProbeResult::Fail => Verdict::Fail,
            ProbeResult::Skipped => Verdict::Skipped,
        };
        renderer.step(seen.n, &seen.probe, verdict, &seen.text);
    }
    renderer.line("");
    print_verdict(diagnosis, renderer);
    let footprint = &diagnosis.footprint;
    let issued = match footprint.issued.as_slice() {
        [] => "Nothing was issued.".to_string(),
        serials => format!("Issued {}: {}.", serials.len(), serials.join(", ")),
    };
    renderer.line("");
    renderer.line(format!(
        "Sent {} HTTP requests. {issued}",
        footprint.requests
    ));
    for left in &footprint.left_behind {
        renderer.line(format!("Left behind: {left}."));
    }
}

/// The diagnosis without the list of probes.
pub(crate) fn print_verdict(diagnosis: &Diagnosis, renderer: &Renderer) {
    match (&diagnosis.symptom, diagnosis.outcome) {
        (_, Outcome::Healthy) => {
            renderer.line(renderer.paint(Verdict::Ok, "No failure found."));
        }
        (Some(symptom), _) => {
            let confidence = diagnosis.confidence.map_or("", confidence_word);
            let id = renderer.paint(Verdict::Fail, &symptom.id);
            renderer.line(format!("{id}   confidence: {confidence}"));
            renderer.line(&symptom.title);
        }
        (None, Outcome::NotScep) => {
            renderer.line(renderer.paint(Verdict::Fail, "not-scep"));
            renderer.line("Something answers at this URL, but it is no SCEP server.");
        }
        (None, _) => {
            renderer.line(renderer.paint(Verdict::Fail, "unrecognized"));
            renderer.line("The server fails in a way that this version does not know.");
            renderer.line("Save what was seen with --capture FILE (secrets are removed), so that somebody can look at it.");
        }
    }
    if !diagnosis.evidence.is_empty() {
        renderer.line("");
        for (i, evidence) in diagnosis.evidence.iter().enumerate() {
            let at: String = evidence
                .observations
                .iter()
                .map(|n| format!("[{n}]"))
                .collect();
            let heading = if i == 0 { "Because" } else { "" };
            renderer.line(format!("  {heading:<9} {at:<12} {}", evidence.text).trim_end());
        }
    }
    print_modes(&diagnosis.failure_modes, renderer);
    for finding in &diagnosis.findings {
        renderer.line("");
        renderer.line(format!(
            "Finding: {} ({})",
            finding.symptom.title,
            confidence_word(finding.confidence)
        ));
        print_modes(&finding.failure_modes, renderer);
    }
    for (i, aside) in diagnosis.set_aside.iter().enumerate() {
        if i == 0 {
            renderer.line("");
            renderer.line("  Set aside");
        }
        renderer.line(format!("    {}: {}", aside.id, aside.because));
    }
    for (i, unknown) in diagnosis.not_proven.iter().enumerate() {
        if i == 0 {
            renderer.line("");
            renderer.line("  Not proven by this look");
        }
        for (j, line) in wrap(&unknown.because, 80).iter().enumerate() {
            let what = if j == 0 {
                format!("{}:", unknown.what)
            } else {
                String::new()
            };
            renderer.line(format!("    {what:<11} {line}"));
        }
    }
}

fn print_modes(modes: &[RankedMode], renderer: &Renderer) {
    if modes.is_empty() {
        return;
    }
    renderer.line("");
    renderer.line(if modes.len() == 1 {
        "  Cause"
    } else {
        "  Possible causes, likeliest first"
    });
    for mode in modes {
        renderer.line(format!(
            "    {}. {}: {} ({})",
            mode.rank, mode.id, mode.title, mode.provenance
        ));
        for because in &mode.because {
            renderer.line(format!("       because {because}"));
        }
        for (i, line) in wrap(&mode.decided_by, 80).iter().enumerate() {
            let heading = if i == 0 { "decided by" } else { "" };
            renderer.line(format!("       {heading:<10} {line}"));
        }
    }
    if let Some(first) = modes.first() {
        renderer.line(format!(
            "    How to check and fix:  scep explain {}",
            first.id
        ));
    }
}
