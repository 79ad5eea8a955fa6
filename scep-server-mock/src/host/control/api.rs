//! What the control port does: each function an entry of the table in `routes.rs`.

use scep_core::UnixTime;
use scep_core::x509::Certificate;
use scep_failures::observation::LogRecord;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::Shared;
use super::routes::ROUTES;
use crate::challenge::ChallengeKind;
use crate::error::Error;
use crate::journal::JournalEntry;
use crate::log::{EventRecord, Log};
use crate::overlay;
use crate::simulation::Simulation;
use crate::state::{Period, ScepProfile, State};
use crate::wire::Response;

/// What cannot be on sockets as it is in the simulation, and what is instead.
const SUBSTITUTIONS: [(&str, &str); 3] = [
    (
        "a network that drops the client's packets",
        "a closed port: connection refused",
    ),
    (
        "a CRL distribution point that does not answer",
        "a closed port: connection refused",
    ),
    (
        "a name that leads to another web server",
        "127.0.0.2, where this machine has it; else a name without address",
    ),
];

// ---------------------------------------------------------------------- bodies and answers

/// A failure mode.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Id {
    /// `id`, or `id.variant`.
    id: String,
}

/// Some settings.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    /// Nested as in the state.
    #[schemars(with = "serde_json::Map<String, Value>")]
    set: toml::Table,
}

/// A decision about everything that is pending.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    /// Whether to issue.
    issue: bool,
}

/// How much time passes.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    advance: Period,
}

/// What the clock shall say.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockSetting {
    /// Seconds since 1970-01-01T00:00:00Z.
    unix: i64,
}

/// Which challenge password is wanted.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChallengeWish {
    /// By default that of the scenario's client.
    kind: Option<ChallengeKind>,
}

/// What a challenge of Intune is to be good for. Empty parts: whatever is asked for.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct IntuneWish {
    /// The subject.
    subject: String,
    /// Subject alternative names, as `dns:...`, `uri:...` and the like.
    subject_alt_names: Vec<String>,
    /// Bits of an RSA key; 0: any.
    key_bits: usize,
}

/// A failure mode, and whether it is armed.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct FailureView {
    id: String,
    title: String,
    kind: &'static str,
    layer: &'static str,
    /// The baseline that it needs; none if it cannot be brought about.
    baseline: Option<String>,
    variants: Vec<String>,
    armed: bool,
}

/// The settings, and where they come from.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct StateView {
    baseline: String,
    profile: String,
    armed: Vec<String>,
    state: State,
}

/// The deployment's time.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct ClockView {
    /// RFC 3339.
    now: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    unix: i64,
}

/// A request that waits for a certificate manager.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct PendingView {
    /// The CA's number of the request.
    id: u32,
    transaction_id: String,
    subject: String,
    /// `issue` or `deny` once it is decided; the device learns it when it polls.
    decision: Option<&'static str>,
}

/// A certificate that was issued.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct IssuedView {
    /// The CA's number of the request.
    request_id: u32,
    /// When, in seconds since 1970-01-01T00:00:00Z.
    issued_at: i64,
    /// In upper-case hexadecimal.
    serial: String,
    subject: String,
    not_after: i64,
    pem: String,
}

/// A log, and how much is in it.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct LogView {
    log: Log,
    records: usize,
    /// Whether it is a text file; else an event log.
    text: bool,
}

/// Reads a body; nothing is an empty object.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Response> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| failed(400, &format!("the body is not what is wanted: {error}")))
}

/// A number in a query.
pub(super) fn number(query: &str, name: &str) -> Option<u64> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    value.parse().ok()
}

pub(super) fn ok<T: Serialize>(value: &T) -> Response {
    json_response(200, "OK", value)
}

pub(super) fn failed(status: u16, reason: &str) -> Response {
    json_response(status, "Error", &json!({ "error": reason }))
}

/// The answer to what the deployment refuses.
pub(super) fn refused(error: &Error) -> Response {
    let status = match error {
        Error::Unknown { .. } => 404,
        Error::Conflict { .. } | Error::Baselines { .. } | Error::NoChallenge(_) => 409,
        Error::Setting { .. } | Error::NotReproducible { .. } => 400,
        _ => 500,
    };
    failed(status, &error.to_string())
}

fn json_response<T: Serialize>(status: u16, reason: &str, value: &T) -> Response {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    Response::new(status, reason, "application/json", body).with("Cache-Control", "no-store")
}

fn done(shared: &Shared, result: Result<(), Error>) -> Response {
    match result {
        Ok(()) => ok(&shared.look(|s| json!({ "armed": s.armed() }))),
        Err(error) => refused(&error),
    }
}

// ---------------------------------------------------------------------- failures and settings

pub(super) fn index(shared: &Shared) -> Value {
    let routes: Vec<Value> = ROUTES
        .iter()
        .map(|r| json!({ "method": r.method, "path": r.path, "what": r.summary }))
        .collect();
    let substitutions: Vec<Value> = SUBSTITUTIONS
        .iter()
        .map(|(simulated, here)| json!({ "simulated": simulated, "here": here }))
        .collect();
    json!({ "urls": shared.urls(), "routes": routes, "substitutions": substitutions })
}

pub(super) fn failures(shared: &Shared) -> Vec<FailureView> {
    shared.look(|s| {
        let armed = |id: &str| s.armed().iter().any(|a| a.split('.').next() == Some(id));
        s.catalogue()
            .modes()
            .map(|mode| FailureView {
                id: mode.id.clone(),
                title: mode.title.clone(),
                kind: mode.kind.as_str(),
                layer: mode.layer.as_str(),
                baseline: mode
                    .reproduce
                    .as_ref()
                    .map(|reproduce| reproduce.baseline.as_str().to_owned()),
                variants: mode
                    .variants
                    .iter()
                    .map(|variant| format!("{}.{}", mode.id, variant.name))
                    .collect(),
                armed: armed(&mode.id),
            })
            .collect()
    })
}

type Change = fn(&mut Simulation, &str, &mut UnixTime) -> Result<(), Error>;

fn change(shared: &Shared, body: &[u8], act: Change) -> Response {
    match read::<Id>(body) {
        Ok(wish) => done(shared, shared.act(|s, now| act(s, &wish.id, now))),
        Err(refusal) => refusal,
    }
}

pub(super) fn arm(shared: &Shared, body: &[u8]) -> Response {
    change(shared, body, Simulation::arm)
}

pub(super) fn disarm(shared: &Shared, body: &[u8]) -> Response {
    change(shared, body, Simulation::disarm)
}

pub(super) fn heal(shared: &Shared, body: &[u8]) -> Response {
    change(shared, body, Simulation::heal)
}

pub(super) fn reset(shared: &Shared) -> Response {
    done(shared, shared.act(Simulation::reset))
}

pub(super) fn recycle(shared: &Shared) -> Response {
    shared.act(|s, now| s.deployment_mut().recycle(*now));
    done(shared, Ok(()))
}

pub(super) fn state(shared: &Shared) -> StateView {
    shared.look(|s| StateView {
        baseline: s.scenario().baseline.name.clone(),
        profile: s.deployment().profile().name.clone(),
        armed: s.armed().to_vec(),
        state: s.deployment().state().clone(),
    })
}

pub(super) fn set(shared: &Shared, body: &[u8]) -> Response {
    match read::<Set>(body) {
        Ok(wish) => {
            let result = shared.act(|s, now| s.deployment_mut().set(&wish.set, "/set", *now));
            done(shared, result)
        }
        Err(refusal) => refusal,
    }
}

/// All settings at once. What is left out is named rather than taken from what was or from defaults.
pub(super) fn replace_state(shared: &Shared, body: &[u8]) -> Response {
    let given: toml::Table = match read(body) {
        Ok(given) => given,
        Err(refusal) => return refusal,
    };
    let known = shared.look(|s| toml::Table::try_from(s.deployment().state()));
    let (known, leaves) = match known {
        Ok(known) => (overlay::leaves(&known), overlay::leaves(&given)),
        Err(error) => return failed(500, &error.to_string()),
    };
    let missing: Vec<&str> = known
        .keys()
        .filter(|path| !leaves.contains_key(*path))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let text = format!(
            "these settings are missing: {}; POST /set changes some only",
            missing.join(", ")
        );
        return failed(400, &text);
    }
    let result = shared.act(|s, now| s.deployment_mut().set(&given, "/state", *now));
    done(shared, result)
}

// ---------------------------------------------------------------------- clock

pub(super) fn clock(shared: &Shared) -> ClockView {
    let now = shared.now();
    ClockView {
        now: now.to_string(),
        unix: now.0,
    }
}

pub(super) fn advance(shared: &Shared, body: &[u8]) -> Response {
    match read::<Advance>(body) {
        Ok(wish) => {
            shared.act(|_, now| *now = now.plus(wish.advance.duration()));
            ok(&clock(shared))
        }
        Err(refusal) => refusal,
    }
}

pub(super) fn set_clock(shared: &Shared, body: &[u8]) -> Response {
    let wish: ClockSetting = match read(body) {
        Ok(wish) => wish,
        Err(refusal) => return refusal,
    };
    let now = shared.now();
    if UnixTime(wish.unix) < now {
        let text = format!(
            "{} is in the past ({now} now), and the deployment's time does not go back",
            UnixTime(wish.unix)
        );
        return failed(409, &text);
    }
    shared.act(|_, now| *now = UnixTime(wish.unix).max(*now));
    ok(&clock(shared))
}

// ---------------------------------------------------------------------- challenges and requests

pub(super) fn challenge(shared: &Shared, body: &[u8]) -> Response {
    let wish: ChallengeWish = match read(body) {
        Ok(wish) => wish,
        Err(refusal) => return refusal,
    };
    let issued = shared.act(|s, now| {
        let kind = wish.kind.unwrap_or_else(|| s.challenge_kind());
        s.deployment_mut().issue_challenge(kind, *now)
    });
    match issued {
        Ok(challenge) => {
            ok(&json!({ "challenge": challenge.as_ref().map(|c| c.expose().to_owned()) }))
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn intune_challenge(shared: &Shared, body: &[u8]) -> Response {
    let wish: IntuneWish = match read(body) {
        Ok(wish) => wish,
        Err(refusal) => return refusal,
    };
    let profile = ScepProfile {
        subject: wish.subject,
        subject_alt_names: wish.subject_alt_names,
        key_bits: wish.key_bits,
        ..ScepProfile::default()
    };
    let issued = shared.act(|s, now| s.deployment_mut().issue_intune_challenge(&profile, *now));
    match issued {
        Ok(challenge) => ok(&json!({ "challenge": challenge.expose().to_owned() })),
        Err(error) => refused(&error),
    }
}

pub(super) fn pending(shared: &Shared) -> Vec<PendingView> {
    shared.look(|s| {
        s.deployment()
            .pending()
            .map(|pending| PendingView {
                id: pending.id,
                transaction_id: pending.transaction_id,
                subject: pending.subject,
                decision: pending
                    .decision
                    .map(|issue| if issue { "issue" } else { "deny" }),
            })
            .collect()
    })
}

pub(super) fn decide(shared: &Shared, id: &str, issue: bool) -> Response {
    let decided = id
        .parse()
        .is_ok_and(|id| shared.act(|s, _| s.deployment_mut().decide_pending(id, issue)));
    if decided {
        ok(&json!({ "resolved": 1 }))
    } else {
        failed(404, &format!("no request {id} is pending"))
    }
}

pub(super) fn resolve(shared: &Shared, body: &[u8]) -> Response {
    match read::<Resolve>(body) {
        Ok(wish) => {
            let resolved = shared.act(|s, _| s.deployment_mut().resolve_pending(wish.issue));
            ok(&json!({ "resolved": resolved }))
        }
        Err(refusal) => refusal,
    }
}

// ---------------------------------------------------------------------- looking

pub(super) fn ca_pem(shared: &Shared) -> Response {
    let [root, issuing] = shared.look(|s| s.deployment().ca_certificates());
    let pem = Certificate::to_pem(&root) + &issuing.to_pem();
    Response::new(200, "OK", "application/x-pem-file", pem.into_bytes())
}

pub(super) fn issued(shared: &Shared, query: &str) -> Response {
    let after = number(query, "after").unwrap_or(0);
    let issued: Vec<IssuedView> = shared.look(|s| {
        let all = s.deployment().issued().iter();
        all.filter(|issued| u64::from(issued.request_id) > after)
            .map(|issued| IssuedView {
                request_id: issued.request_id,
                issued_at: issued.issued_at,
                serial: issued.certificate.serial_hex(),
                subject: issued.certificate.subject().to_string(),
                not_after: issued.certificate.not_after().0,
                pem: issued.certificate.to_pem(),
            })
            .collect()
    });
    ok(&issued)
}

pub(super) fn journal(shared: &Shared, query: &str) -> Response {
    let after = number(query, "after").unwrap_or(0);
    let limit = number(query, "limit").and_then(|limit| usize::try_from(limit).ok());
    shared.look(|s| {
        let entries = s.deployment().journal().filter(|entry| entry.n > after);
        let entries: Vec<&JournalEntry> = entries.take(limit.unwrap_or(usize::MAX)).collect();
        ok(&entries)
    })
}

pub(super) fn events(shared: &Shared, query: &str) -> Response {
    let format = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("format="));
    shared.look(|s| {
        let events = s.deployment().events();
        match format {
            None => ok(&events.map(LogRecord::from).collect::<Vec<_>>()),
            Some("full") => ok(&events.collect::<Vec<_>>()),
            Some("xml") => xml(events),
            Some(other) => failed(
                400,
                &format!("no format \"{other}\": full and xml there are"),
            ),
        }
    })
}

fn xml<'a>(events: impl Iterator<Item = &'a EventRecord>) -> Response {
    let events: Vec<String> = events.filter_map(EventRecord::to_xml).collect();
    let body = format!("<Events>\r\n{}\r\n</Events>\r\n", events.join("\r\n"));
    Response::new(200, "OK", "application/xml", body.into_bytes())
}

pub(super) fn logs(shared: &Shared) -> Vec<LogView> {
    shared.look(|s| {
        let count = |log| s.deployment().events().filter(|r| r.log == log).count();
        Log::ALL
            .into_iter()
            .map(|log| LogView {
                log,
                records: count(log),
                text: log.is_text(),
            })
            .collect()
    })
}

pub(super) fn log(shared: &Shared, name: &str, query: &str) -> Response {
    let Some(log) = Log::ALL.into_iter().find(|log| log.name() == name) else {
        let names: Vec<&str> = Log::ALL.into_iter().map(Log::name).collect();
        let text = format!("there is no log \"{name}\": there are {}", names.join(", "));
        return failed(404, &text);
    };
    let after = number(query, "after").unwrap_or(0);
    shared.look(|s| {
        let all = s.deployment().events();
        let records = all.filter(|record| record.log == log && record.record > after);
        let body = log.export(records).into_bytes();
        let content_type = if log.is_text() {
            "text/plain; charset=utf-8"
        } else {
            "application/xml"
        };
        Response::new(200, "OK", content_type, body)
    })
}
