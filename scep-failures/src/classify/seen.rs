//! One line for each probe.

use crate::diagnosis::{ProbeResult, Seen};
use crate::evidence::page::Page;
use crate::evidence::writer::{self, Writer};
use crate::evidence::{Facts, Value};
use crate::observation::{HttpFacts, Observation, Outcome, Probe, Purpose, TlsFacts, TlsVerdict};

/// An end that is nearer than this is mentioned.
const SOON_DAYS: i64 = 60;

/// As many words of a GetCACaps response are shown.
const MOST_WORDS: usize = 16;

pub(super) fn seen(observation: &Observation, facts: &Facts) -> Seen {
    let (result, text) = match &observation.outcome {
        Outcome::Resolved { addresses, cnames } => {
            let way = if cnames.is_empty() {
                String::new()
            } else {
                format!(" by way of {}", cnames.join(", "))
            };
            (ProbeResult::Ok, format!("{}{way}", addresses.join(", ")))
        }
        Outcome::Connected => (ProbeResult::Ok, target(&observation.probe)),
        Outcome::Secured(tls) => handshake(tls),
        Outcome::Response(http) => response(observation, http, facts),
        Outcome::Failed { error, detail } => {
            let word = crate::evidence::network::error_word(*error);
            let detail = if detail.is_empty() {
                String::new()
            } else {
                format!(": {detail}")
            };
            (ProbeResult::Fail, format!("{word}{detail}"))
        }
        Outcome::Skipped { reason } => (ProbeResult::Skipped, reason.clone()),
    };
    Seen {
        n: observation.n,
        probe: name(&observation.probe).to_owned(),
        result,
        text,
        elapsed_ms: observation.elapsed_ms,
    }
}

const fn name(probe: &Probe) -> &'static str {
    match probe {
        Probe::Resolve { .. } => "resolve",
        Probe::Connect { .. } => "connect",
        Probe::Tls { .. } => "tls",
        Probe::Http { purpose, .. } => match purpose {
            Purpose::Root => "root",
            Purpose::BaseUrl => "base-url",
            Purpose::GetCaCaps => "get-ca-caps",
            Purpose::OtherPath => "other-path",
            Purpose::OtherIdentifier => "other-identifier",
            Purpose::GetCaCert => "get-ca-cert",
            Purpose::Crl => "crl",
            Purpose::MscepAdmin => "mscep-admin",
            Purpose::LongUrl => "long-url",
            Purpose::PkiOperationPost => "pki-operation-post",
            Purpose::PkiOperationGet => "pki-operation-get",
            Purpose::PkiOperationGetRaw => "pki-operation-get-raw",
            Purpose::IssuerCertificate => "issuer-certificate",
            Purpose::Enroll => "enroll",
            Purpose::Poll => "poll",
        },
    }
}

fn target(probe: &Probe) -> String {
    match probe {
        Probe::Connect { address } | Probe::Tls { address, .. } => address.clone(),
        Probe::Resolve { host } => host.clone(),
        Probe::Http { url, .. } => url.clone(),
    }
}

fn handshake(tls: &TlsFacts) -> (ProbeResult, String) {
    let result = if tls.verdict.is_none() {
        ProbeResult::Ok
    } else {
        ProbeResult::Fail
    };
    let verdict = match tls.verdict {
        None => "",
        Some(TlsVerdict::UnknownIssuer) => ", the issuer is not trusted",
        Some(TlsVerdict::NameMismatch) => ", the certificate is for another name",
        Some(TlsVerdict::Expired) => ", a certificate has expired",
        Some(TlsVerdict::NotYetValid) => ", a certificate is not valid yet",
        Some(_) => ", the chain is not trusted",
    };
    let plural = if tls.chain.len() == 1 { "" } else { "s" };
    (
        result,
        format!(
            "{}, {} certificate{plural}{verdict}",
            tls.version,
            tls.chain.len()
        ),
    )
}

fn response(observation: &Observation, http: &HttpFacts, facts: &Facts) -> (ProbeResult, String) {
    let Probe::Http { purpose, .. } = &observation.probe else {
        return (ProbeResult::Ok, http.status.to_string());
    };
    let page = Page::new(http);
    let here = |path: &str| {
        facts
            .get(path)
            .iter()
            .filter(|fact| fact.observations.contains(&observation.n))
            .map(|fact| &fact.value)
            .next()
            .cloned()
    };
    let yes = |path: &str| here(path) == Some(true.into());
    let says = |path: &str, word: &str| here(path) == Some(word.into());
    let source = name(&observation.probe);
    let ok = match purpose {
        Purpose::GetCaCaps => yes("get-ca-caps.valid"),
        Purpose::OtherPath => yes("other-path.valid"),
        Purpose::OtherIdentifier => yes("other-identifier.valid"),
        Purpose::GetCaCert => yes("get-ca-cert.valid"),
        Purpose::Crl => page.is_success(),
        // Without credentials and operation, a healthy server refuses politely.
        Purpose::Root | Purpose::BaseUrl | Purpose::MscepAdmin => {
            http.status < 500 && !(300..400).contains(&http.status)
        }
        Purpose::LongUrl => facts
            .only("get-ca-caps.status")
            .is_some_and(|status| *status == http.status.into()),
        Purpose::IssuerCertificate => http.completes_chain == Some(true),
        Purpose::PkiOperationPost | Purpose::PkiOperationGet | Purpose::PkiOperationGetRaw => {
            says(&format!("{source}.reply"), "failure")
        }
        Purpose::Enroll | Purpose::Poll => says(&format!("{source}.reply"), "success"),
    };
    let mut text = match purpose {
        Purpose::GetCaCaps if ok => capabilities(&page),
        Purpose::GetCaCert if ok => match here("get-ca-cert.count") {
            Some(Value::Number(1)) => "1 certificate".to_owned(),
            Some(count) => format!("{count} certificates"),
            None => "certificates".to_owned(),
        },
        _ => format!("{}{}", asked(observation, *purpose), answered(&page)),
    };
    for (fact, words) in [
        ("reply", ""),
        ("fail-info", "failInfo "),
        ("hresult", "Windows error "),
    ] {
        if let Some(value) = here(&format!("{source}.{fact}")) {
            let value = if fact == "reply" {
                value.to_string().to_uppercase()
            } else {
                value.to_string()
            };
            text.push_str(&format!(", {words}{value}"));
        }
    }
    for (fact, what) in [
        (
            "get-ca-cert.ra.days-left",
            "registration authority certificate ends",
        ),
        ("crl.ra.days-left", "the next one is due"),
        ("crl.ca.days-left", "the next one is due"),
    ] {
        if let Some(Value::Number(days)) = here(fact)
            && days < SOON_DAYS
        {
            text.push_str(&format!(", {what} {}", in_days(days)));
        }
    }
    if let Some((host, _)) = page.location() {
        text.push_str(&format!(", redirect to {host}"));
    }
    (
        if ok {
            ProbeResult::Ok
        } else {
            ProbeResult::Fail
        },
        text,
    )
}

/// Status and writer: `503 by HTTP.sys`.
fn answered(page: &Page<'_>) -> String {
    match writer::identify(page).writer {
        Writer::Unknown => page.http.status.to_string(),
        writer => format!("{} by {}", page.http.status, writer.title()),
    }
}

/// The words of a GetCACaps response, as it has them.
fn capabilities(page: &Page<'_>) -> String {
    let words: Vec<String> = String::from_utf8_lossy(&page.body)
        .split_whitespace()
        .take(MOST_WORDS)
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        "an empty list".to_owned()
    } else {
        words.join(" ")
    }
}

/// How long a long URL was; nothing for other probes.
fn asked(observation: &Observation, purpose: Purpose) -> String {
    let Probe::Http { url, .. } = &observation.probe else {
        return String::new();
    };
    // the message itself is never written down, only its length
    let message = url
        .rsplit_once("message=<")
        .and_then(|(_, rest)| rest.strip_suffix(" octets>"));
    match message {
        Some(octets) if purpose == Purpose::LongUrl => format!("message of {octets} octets: "),
        _ => String::new(),
    }
}

fn in_days(days: i64) -> String {
    match days {
        ..0 => format!("{} days ago", days.saturating_neg()),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        _ => format!("in {days} days"),
    }
}
