//! `scep mock`: a simulated NDES deployment on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use scep_core::crypto::CryptoProvider;
use scep_failures::catalogue::Look;
use scep_failures::{Catalogue, FailureMode};
use scep_server_mock::journal::JournalEntry;
use scep_server_mock::script::Script;
use scep_server_mock::{Builder, Delays, KeySource, MockNdes, baseline, profile};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files;
use crate::nearest;
use crate::options::first_line;
use crate::render::{Renderer, count};
use crate::stop::Stop;

/// Arguments of `scep mock`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// List the failure modes, and stop.
    #[arg(long)]
    list: bool,
    /// Print JSON: the list, or one line with the URLs when the mock is ready.
    #[arg(long)]
    json: bool,
    /// Bring the deployment into this failure (may be given several times).
    #[arg(long, value_name = "ID")]
    failure: Vec<String>,
    #[arg(long, value_name = "NAME", help = names("The healthy deployment to begin with", baseline::names()))]
    baseline: Option<String>,
    #[arg(long, value_name = "NAME", help = names("How the server answers", profile::names()))]
    profile: Option<String>,
    /// Keep the lab's state in this folder (CA, issued certificates, pending requests, passwords,
    /// journal), and go on with what is there.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Settings to begin with, as TOML or JSON.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// A script: phases with failures and without, one after the other (TOML).
    #[arg(long, value_name = "FILE", conflicts_with = "failure")]
    script: Option<PathBuf>,
    /// Where challenge passwords come from: otp, intune, static:FILE.
    #[arg(long, value_name = "SOURCE")]
    challenge: Option<String>,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the control port listens; a free port of 127.0.0.1 by default.
    #[arg(long, value_name = "ADDRESS")]
    control_listen: Option<SocketAddr>,
    /// Listen beyond loopback. This is a test server: anybody who reaches it can enroll.
    #[arg(long)]
    allow_remote: bool,
    /// What callers of the control port must send as a bearer token; needed beyond loopback.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SCEP_CONTROL_TOKEN",
        hide_env_values = true
    )]
    control_token: Option<String>,
    /// Repeat serial numbers, nonces and passwords of another run with this seed.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Make new keys instead of the published test keys.
    #[arg(long)]
    fresh_keys: bool,
    /// Let time-outs take as long as in the field.
    #[arg(long)]
    real_delays: bool,
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    if args.list {
        list(args.json, renderer);
        return Ok(Exit::Good);
    }
    check_names(&args)?;
    if !args.allow_remote && !args.listen.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "{} is not loopback; say --allow-remote if others shall reach this test server",
            args.listen
        )));
    }
    raise_file_limit();
    let builder = builder(&args)?.with_provider(Arc::clone(&provider));
    let mock = builder.start().await.map_err(|e| match e {
        scep_server_mock::Error::Listen { .. } => Failure::local(e.to_string()),
        other => Failure::usage(other.to_string()),
    })?;
    let mut stop = Stop::listen()?;
    ready(&mock, &args, provider.as_ref(), renderer)?;
    // a program reads the ready line only
    let mut follower = (!args.json).then(Follower::default);
    let end = stop.asked();
    tokio::pin!(end);
    loop {
        let pause = tokio::time::sleep(FOLLOW_EVERY);
        tokio::select! {
            () = &mut end => break,
            () = pause, if follower.is_some() => {}
        }
        if let Some(follower) = &mut follower {
            follower.print_news(&mock, renderer);
        }
    }
    if let Some(mut follower) = follower {
        follower.print_news(&mock, renderer);
        let served = usize::try_from(follower.last).unwrap_or(usize::MAX);
        renderer.line(format!("{} served.", count(served, "request")));
    }
    Ok(Exit::Good)
}

/// As many open files as the administrator allows, rather than the 1,024 that a shell starts with. Where
/// that cannot be, there are as many connections as there are.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        let most = Rlimit {
            current: maximum,
            maximum,
        };
        let _ = setrlimit(Resource::Nofile, most);
    }
}

/// How often the journal is looked at.
const FOLLOW_EVERY: std::time::Duration = std::time::Duration::from_millis(100);

/// Writes a line for each request.
#[derive(Default)]
struct Follower {
    /// Number of the last request that was written.
    last: u64,
}

impl Follower {
    fn print_news(&mut self, mock: &MockNdes, renderer: &Renderer) {
        let (lines, last) = mock.with(|s| {
            let news = s.deployment().journal().filter(|entry| entry.n > self.last);
            let lines: Vec<String> = news.map(log_line).collect();
            (lines, s.deployment().journal().last().map(|entry| entry.n))
        });
        for line in lines {
            renderer.line(line);
        }
        // a reset empties the journal
        self.last = last.unwrap_or(0);
    }
}

fn names(what: &str, names: impl IntoIterator<Item = &'static str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    format!("{what}: {}", names.join(", "))
}

/// `09:31:07  GET  GetCACaps     503  127.0.0.1  scep/0.1.0`
fn log_line(entry: &JournalEntry) -> String {
    let time = scep_core::UnixTime(entry.time).to_string();
    let time = time.split(['T', 'Z']).nth(1).unwrap_or_default().to_owned();
    let what = entry.operation.as_deref().unwrap_or(&entry.path);
    let result = match entry.status {
        0 => entry.outcome.clone().into_owned(),
        status => status.to_string(),
    };
    let agent = entry.user_agent.as_deref().unwrap_or("-");
    let mut line = format!(
        "{time}  {:<4} {what:<24} {result:<8} {}  {agent}",
        entry.method, entry.peer
    );
    if let Some(message) = &entry.message {
        let parts = [
            &message.message_type,
            &message.pki_status,
            &message.fail_info,
            &message.hresult,
        ];
        for part in parts.into_iter().flatten() {
            line.push_str("  ");
            line.push_str(part);
        }
    }
    line
}

fn builder(args: &Args) -> Result<Builder> {
    let mut builder = MockNdes::builder().with_listen(args.listen);
    for failure in &args.failure {
        builder = builder.with_failure(failure);
    }
    if let Some(name) = &args.baseline {
        builder = builder.with_baseline(name);
    }
    if let Some(name) = &args.profile {
        builder = builder.with_profile(name);
    }
    let mut state = match &args.state {
        Some(path) => settings(path)?,
        None => toml::Table::new(),
    };
    if let Some(source) = &args.challenge {
        let mode = match source.split_once(':') {
            Some(("static", file)) => {
                let text = files::read_text(std::path::Path::new(file))?;
                builder = builder.with_static_challenge(first_line(&text, file)?);
                "static"
            }
            None if matches!(source.as_str(), "otp" | "intune") => source,
            _ => {
                return Err(Failure::usage(nearest::unknown(
                    "challenge source",
                    source,
                    ["otp", "intune", "static:FILE"],
                )));
            }
        };
        let mut challenge = toml::Table::new();
        challenge.insert("mode".into(), mode.into());
        state.insert("challenge".into(), challenge.into());
    }
    builder = builder.with_state(state);
    if let Some(folder) = &args.data {
        builder = builder.with_data(folder);
    }
    if let Some(path) = &args.script {
        let script = Script::parse(&files::read_text(path)?)
            .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
        builder = builder.with_script(script);
    }
    if let Some(address) = args.control_listen {
        builder = builder.with_control(address);
    }
    if let Some(token) = &args.control_token {
        builder = builder.with_control_token(token);
    }
    if let Some(seed) = args.seed {
        builder = builder.with_seed(seed);
    }
    if args.fresh_keys {
        builder = builder.with_keys(KeySource::Fresh);
    }
    if args.real_delays {
        builder = builder.with_delays(Delays::Real);
    }
    Ok(builder)
}

/// A state file: TOML, or JSON by its first character.
fn settings(path: &std::path::Path) -> Result<toml::Table> {
    let text = files::read_text(path)?;
    let bad = |e: &dyn std::fmt::Display| Failure::local(format!("{}: {e}", path.display()));
    if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|e| bad(&e))
    } else {
        text.parse().map_err(|e| bad(&e))
    }
}

/// Unknown names are usage errors with the nearest suggestion.
fn check_names(args: &Args) -> Result<()> {
    for failure in &args.failure {
        let id = failure.split('.').next().unwrap_or(failure);
        if Catalogue::builtin().mode(id).is_none() {
            let ids = Catalogue::builtin().modes().map(|mode| mode.id.as_str());
            return Err(Failure::usage(nearest::unknown("failure mode", id, ids)));
        }
    }
    for (what, name, known) in [
        ("baseline", &args.baseline, baseline::names()),
        ("profile", &args.profile, profile::names()),
    ] {
        if let Some(name) = name
            && !known.contains(&name.as_str())
        {
            return Err(Failure::usage(nearest::unknown(what, name, known)));
        }
    }
    Ok(())
}

fn ready(
    mock: &MockNdes,
    args: &Args,
    provider: &dyn CryptoProvider,
    renderer: &Renderer,
) -> Result<()> {
    let [root, _] = mock.ca_certificates();
    let (admin_user, admin_password) = MockNdes::admin_credentials();
    let fingerprint = root
        .sha256(provider)
        .map_err(|e| Failure::local(e.to_string()))?;
    let ca_sha256: String = fingerprint
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    if args.json {
        renderer.json_line(&json!({
            "url": mock.url(),
            "admin": mock.admin_url(),
            "admin_user": admin_user,
            "admin_password": admin_password,
            "control": mock.control_url(),
            "url_by_name": mock.urls().scep_by_name,
            "dns": mock.dns_address().to_string(),
            "challenge_url": mock.challenge_url(),
            "ca_pem": mock.ca_pem_url(),
            "ca_sha256": ca_sha256,
            "failures": mock.armed(),
        }));
        return Ok(());
    }
    let keys = if args.fresh_keys {
        "Keys are new"
    } else {
        "Keys are published test keys"
    };
    let kept = match &args.data {
        Some(folder) => format!("its state is kept in {}", folder.display()),
        None => "nothing is kept".to_owned(),
    };
    renderer.line(format!(
        "scep mock {}: a TEST server. {keys} and {kept}.",
        env!("CARGO_PKG_VERSION")
    ));
    renderer.line("");
    for (name, value) in [
        ("NDES URL", mock.url()),
        (
            "Admin page",
            format!("{}  ({admin_user} / {admin_password})", mock.admin_url()),
        ),
        (
            "By name",
            format!(
                "{}  (name server {})",
                mock.urls().scep_by_name,
                mock.dns_address()
            ),
        ),
        ("Control", mock.control_url()),
        (
            "Challenge",
            format!("curl -s -X POST {}", mock.challenge_url()),
        ),
        ("CA", format!("curl -s {}", mock.ca_pem_url())),
        ("CA SHA-256", ca_sha256),
    ] {
        renderer.line(format!("  {name:<12} {value}"));
    }
    let armed = mock.armed();
    renderer.line(format!(
        "  {:<12} {}",
        "Failures",
        if armed.is_empty() {
            "none: healthy".into()
        } else {
            armed.join(", ")
        }
    ));
    Ok(())
}

fn list(json: bool, renderer: &Renderer) {
    let catalogue = Catalogue::builtin();
    if json {
        let modes: Vec<Value> = catalogue
            .modes()
            .map(|mode| {
                json!({
                    "id": mode.id,
                    "kind": mode.kind,
                    "layer": mode.layer,
                    "title": mode.title,
                    "symptom": first_symptom(mode),
                    "visible_at": mode.visible_at,
                    "provenance": mode.provenance,
                    "reproducible": mode.reproduce.is_some(),
                })
            })
            .collect();
        renderer.json(&modes);
        return;
    }
    for mode in catalogue.modes() {
        renderer.hanging(
            &format!("{:<36} {:<9} ", mode.id, mode.kind.as_str()),
            &mode.title,
        );
    }
}

/// The symptom by which a mode first shows; null if nothing shows it.
fn first_symptom(mode: &FailureMode) -> Option<&str> {
    mode.symptom.entries().find_map(|(_, look)| match look {
        Look::Symptom(id) => Some(id.as_str()),
        Look::Healthy => None,
    })
}
