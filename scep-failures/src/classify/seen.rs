//! One line for each probe.

use crate::diagnosis::{ProbeResult, Seen};
use crate::evidence::page::Page;
use crate::evidence::writer::{self, Writer};
use crate::evidence::{Facts, Value};
use crate::observation::{HttpFacts, Observation, Outcome, Probe, Purpose, TlsFacts};

/// An end that is nearer than this is mentioned.
const SOON_DAYS: i64 = 60;

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
            Purpose::GetCaCert => "get-ca-cert",
            Purpose::Crl => "crl",
            Purpose::MscepAdmin => "mscep-admin",
            Purpose::LongUrl => "long-url",
            Purpose::PkiOperationPost => "pki-operation-post",
            Purpose::PkiOperationGet => "pki-operation-get",
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
    let verdict = tls
        .verdict
        .map_or_else(String::new, |verdict| format!(", {verdict:?}"));
    (
        result,
        format!("{}, {} certificates{verdict}", tls.version, tls.chain.len()),
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
        Purpose::GetCaCert => yes("get-ca-cert.valid"),
        Purpose::Crl => page.is_success(),
        // Without credentials and operation, a healthy server refuses politely.
        Purpose::Root | Purpose::BaseUrl | Purpose::MscepAdmin => {
            http.status < 500 && !(300..400).contains(&http.status)
        }
        Purpose::LongUrl => facts
            .only("get-ca-caps.status")
            .is_some_and(|status| *status == http.status.into()),
        Purpose::PkiOperationPost | Purpose::PkiOperationGet => {
            says(&format!("{source}.reply"), "failure")
        }
        Purpose::Enroll | Purpose::Poll => says(&format!("{source}.reply"), "success"),
    };
    let mut text = http.status.to_string();
    let identified = writer::identify(&page);
    if identified.writer != Writer::Unknown {
        text.push_str(&format!(" by {}", identified.writer.as_str()));
    }
    for fact in ["reply", "fail-info", "hresult", "count"] {
        if let Some(value) = here(&format!("{source}.{fact}")) {
            text.push_str(&format!(", {fact} {value}"));
        }
    }
    if let Some(Value::Number(days)) = here(&format!("{source}.ra.days-left"))
        && days < SOON_DAYS
    {
        text.push_str(&format!(
            ", registration authority certificate ends in {days} days"
        ));
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
