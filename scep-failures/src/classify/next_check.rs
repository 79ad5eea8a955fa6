//! The check that splits the causes that are left best: what to look at next, and what each result of it
//! would leave.

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use crate::catalogue::{FailureMode, Kind, Level, Look, Prevalence, View};
use crate::diagnosis::{CheckResult, NextCheck, RankedMode};
use crate::evidence::logs::short_source;
use crate::observation::LogRecord;

/// Where a log is, and how an administrator gets at it.
struct LogPlace {
    log: &'static str,
    text: &'static str,
}

const LOGS: [LogPlace; 9] = [
    LogPlace {
        log: "application",
        text: "the Application log of the NDES server (wevtutil epl Application application.evtx)",
    },
    LogPlace {
        log: "system",
        text: "the System log of the NDES server (wevtutil epl System system.evtx)",
    },
    LogPlace {
        log: "httperr",
        text: "the newest file in C:\\Windows\\System32\\LogFiles\\HTTPERR on the NDES server",
    },
    LogPlace {
        log: "iis",
        text: "today's u_ex*.log below C:\\inetpub\\logs\\LogFiles on the NDES server",
    },
    LogPlace {
        log: "ndes-plugin",
        text: "NDESPlugin.log of the policy module on the NDES server",
    },
    LogPlace {
        log: "intune-connector",
        text: "the connector's log (Applications and Services Logs, Microsoft, Intune) on the NDES server",
    },
    LogPlace {
        log: "app-proxy-connector",
        text: "the log of the application proxy connector on the connector's machine",
    },
    LogPlace {
        log: "ca",
        text: "the Application log of the issuing CA (wevtutil epl Application ca.evtx)",
    },
    LogPlace {
        log: "capi2",
        text: "the CAPI2 log of the NDES server, which has to be switched on before it happens (wevtutil epl \
               Microsoft-Windows-CAPI2/Operational capi2.evtx)",
    },
];

/// Where a log is, if the check is to look into one.
pub(super) fn place_of(check: &NextCheck) -> Option<&'static str> {
    let place = LOGS.iter().find(|place| place.log == check.what)?;
    Some(place.text)
}

/// What a check would show, for each mode.
type Results<'a> = BTreeMap<String, Vec<&'a FailureMode>>;

/// The best check for these causes; `None` if fewer than two are left, or nothing tells them apart.
pub(super) fn next_check(case: &Case<'_>, ranked: &[RankedMode]) -> Option<NextCheck> {
    let modes: Vec<&FailureMode> = ranked
        .iter()
        .filter_map(|ranked| case.catalogue.mode(&ranked.id))
        .filter(|mode| mode.kind == Kind::Cause)
        .collect();
    if modes.len() < 2 {
        return None;
    }
    let mut candidates: Vec<(&str, String, Results<'_>)> = Vec::new();
    // cheapest first: of two that tell as much the earlier one is taken
    if case.observations.level < Level::Request && !case.observations.url.is_empty() {
        let results = by_look(case, &modes, Level::Request);
        let text =
            "send a request with a wrong challenge password (scep diagnose URL --send-request)";
        candidates.push(("send-request", text.to_owned(), results));
    }
    for place in &LOGS {
        let given = &case.observations.logs;
        if !given.iter().any(|record| record.log == place.log) {
            let text = format!("look into {}, and give it with --server-log", place.text);
            candidates.push((place.log, text, by_log(&modes, place.log)));
        }
    }
    if case.observations.level < Level::Enroll && !case.observations.url.is_empty() {
        let results = by_look(case, &modes, Level::Enroll);
        let text = "ask for a certificate (scep diagnose URL --enroll --may-issue 1)";
        candidates.push(("enroll", text.to_owned(), results));
    }
    let mut best: Option<(f64, _)> = None;
    for (what, text, results) in candidates {
        let trouble = if matches!(what, "capi2" | "enroll") {
            TROUBLE
        } else {
            0.0
        };
        let gain = information(&results) - trouble;
        let better = best.as_ref().is_none_or(|(most, _)| gain > most + EQUAL);
        if gain > EQUAL && better {
            best = Some((gain, (what, text, results)));
        }
    }
    let (_, (what, text, results)) = best?;
    Some(NextCheck {
        what: what.to_owned(),
        text,
        results: results
            .into_iter()
            .map(|(shows, modes)| CheckResult {
                shows,
                failure_modes: modes.iter().map(|mode| mode.id.clone()).collect(),
            })
            .collect(),
    })
}

/// What leaves a certificate behind, or a log that was not on when it happened, has to tell so much more,
/// in bits.
const TROUBLE: f64 = 0.7;

/// Differences below this are none.
const EQUAL: f64 = 1e-6;

fn by_look<'a>(case: &Case<'_>, modes: &[&'a FailureMode], level: Level) -> Results<'a> {
    let view = View { level, ..case.view };
    let mut results = Results::new();
    for mode in modes {
        let shows = match mode.look(view) {
            Look::Healthy => "nothing wrong".to_owned(),
            Look::Symptom(id) => id.clone(),
        };
        results.entry(shows).or_default().push(mode);
    }
    results
}

fn by_log<'a>(modes: &[&'a FailureMode], log: &str) -> Results<'a> {
    let mut results = Results::new();
    for mode in modes {
        let certain = mode.evidence.iter().filter(|evidence| {
            evidence.log == log && !evidence.alternative && evidence.form.is_none()
        });
        let records: BTreeSet<String> = certain
            .map(|evidence| {
                let source = short_source(&LogRecord {
                    log: evidence.log.clone(),
                    source: evidence.source.clone(),
                    ..LogRecord::default()
                });
                let mut text = match evidence.event_id {
                    0 => format!("{log} line"),
                    id => format!("{source} {id}"),
                };
                let marks = std::iter::once(&evidence.code).chain(&evidence.data);
                for mark in marks.filter(|mark| !mark.is_empty()) {
                    text.push_str(&format!(" {mark}"));
                }
                if evidence.event_id == 0 && !evidence.text.is_empty() {
                    text.push_str(&format!(" \"{}\"", evidence.text));
                }
                text
            })
            .collect();
        let shows = if records.is_empty() {
            "none of these".to_owned()
        } else {
            records.into_iter().collect::<Vec<_>>().join(", ")
        };
        results.entry(shows).or_default().push(mode);
    }
    results
}

/// How much a check tells, in bits, if modes are met as often as the catalogue says.
fn information(results: &Results<'_>) -> f64 {
    let weigh = |modes: &Vec<&FailureMode>| -> f64 {
        let weights = modes.iter().map(|mode| match mode.prevalence {
            Prevalence::Common => 9.0,
            Prevalence::Occasional => 3.0,
            Prevalence::Rare => 1.0,
        });
        weights.sum()
    };
    let parts: Vec<f64> = results.values().map(weigh).collect();
    let whole: f64 = parts.iter().sum();
    let bits = parts.iter().map(|part| {
        let share = part / whole;
        -share * share.log2()
    });
    bits.sum()
}
