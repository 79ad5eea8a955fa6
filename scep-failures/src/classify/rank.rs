//! Ranks the failure modes of a symptom: what the wire cannot tell apart, logs, memory and hints may.

use std::cmp::Reverse;

use super::Case;
use super::matching::{self, Fit, fit};
use crate::catalogue::{FailureMode, Kind, LogEvidence, Look, Looks, Symptom};
use crate::diagnosis::{RankedMode, SetAside};
use crate::observation::{LogRecord, Observations};

/// The modes of a symptom in order, and those that were ruled out.
pub(super) struct Ranking {
    pub(super) modes: Vec<RankedMode>,
    pub(super) set_aside: Vec<SetAside>,
}

/// A mode that is still possible.
struct Candidate<'a> {
    mode: &'a FailureMode,
    /// It belongs to a more general symptom, which is only not excluded.
    general: bool,
    logs: LogScore,
    because: Vec<String>,
    helps: usize,
}

/// What logs say of a mode.
#[derive(Default)]
pub(super) struct LogScore {
    pub(super) matched: usize,
    pub(super) missing: usize,
    pub(super) not_given: usize,
}

pub(super) fn rank(case: &Case<'_>, symptom: &Symptom) -> Ranking {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let mut set_aside = Vec::new();
    for mode in case
        .catalogue
        .modes()
        .filter(|mode| mode.kind != Kind::Alias)
    {
        let (of, general) = if mode.may_show(&symptom.id) {
            (symptom, false)
        } else if let Some(other) = symptom
            .also_possible
            .iter()
            .find(|other| mode.may_show(other))
        {
            let Some(other) = case.catalogue.symptom(other) else {
                continue;
            };
            (other, true)
        } else {
            continue;
        };
        match consider(case, mode, of) {
            Ok(mut candidate) => {
                candidate.general = general;
                candidates.push(candidate);
            }
            Err(because) => set_aside.push(SetAside {
                id: mode.id.clone(),
                because,
            }),
        }
    }
    candidates.sort_by_key(|candidate| {
        (
            candidate.general,
            candidate.mode.kind == Kind::Umbrella,
            Reverse(candidate.logs.balance()),
            Reverse(candidate.helps),
            if candidate.logs.matched > 0 {
                candidate.logs.not_given
            } else {
                0
            },
            candidate.mode.prevalence,
            &candidate.mode.id,
        )
    });
    let modes = candidates
        .into_iter()
        .zip(1..)
        .map(|(candidate, rank)| candidate.ranked(rank))
        .collect();
    Ranking { modes, set_aside }
}

/// Whether a mode that may show `symptom` is possible here; if not, why.
fn consider<'a>(
    case: &Case<'_>,
    mode: &'a FailureMode,
    symptom: &Symptom,
) -> Result<Candidate<'a>, String> {
    if !case.shows(mode, symptom) {
        otherwise_shown(case, mode, symptom)?;
    }
    match fit(case.facts, &mode.clues) {
        Fit::Excluded(held) => return Err(held.sentence()),
        Fit::Fails(hint) => return Err(matching::against(case.facts, hint)),
        Fit::Fits { .. } | Fit::Unknown => {}
    }
    let helps = matching::those_that_hold(case.facts, &mode.clues.must)
        .into_iter()
        .chain(matching::those_that_hold(case.facts, &mode.clues.helps));
    let mut because: Vec<String> = helps.map(|held| held.sentence()).collect();
    let helps = because.len();
    let main_shape = mode.symptom.entries().any(|(_, look)| is(look, symptom));
    let logs = score(case.observations, mode, main_shape, &mut because);
    Ok(Candidate {
        mode,
        general: false,
        logs,
        because,
        helps,
    })
}

fn is(look: &Look, symptom: &Symptom) -> bool {
    matches!(look, Look::Symptom(id) if *id == symptom.id)
}

/// The mode shows `symptom` to a view with less in it. With what is known here it would show
/// something else: is that refuted, or was it only not looked at?
fn otherwise_shown(case: &Case<'_>, mode: &FailureMode, symptom: &Symptom) -> Result<(), String> {
    let mut reason = None;
    let concerned = mode
        .all_looks()
        .filter(|looks| looks.entries().any(|(_, look)| is(look, symptom)));
    for look in concerned.map(|looks: &Looks| looks.at(case.view)) {
        let Look::Symptom(id) = look else {
            reason.get_or_insert_with(|| "it would not show in these probes".to_owned());
            continue;
        };
        let Some(other) = case.catalogue.symptom(id) else {
            return Ok(());
        };
        match fit(case.facts, &other.clues) {
            Fit::Unknown | Fit::Fits { .. } => return Ok(()),
            Fit::Fails(hint) => reason = Some(matching::against(case.facts, hint)),
            Fit::Excluded(held) => reason = Some(held.sentence()),
        }
    }
    reason.map_or(Ok(()), Err)
}

/// Compares the records that a mode leaves with those that were given.
pub(super) fn score(
    observations: &Observations,
    mode: &FailureMode,
    main_shape: bool,
    because: &mut Vec<String>,
) -> LogScore {
    let mut score = LogScore::default();
    if observations.logs.is_empty() {
        return score;
    }
    for evidence in &mode.evidence {
        if observations
            .logs
            .iter()
            .any(|record| matches(evidence, record))
        {
            score.matched += 1;
            because.push(format!("log: {}", describe(evidence)));
        } else if evidence.alternative {
            // Its absence says nothing: most systems show the main form.
        } else if main_shape
            && observations
                .logs
                .iter()
                .any(|record| record.log == evidence.log)
        {
            score.missing += 1;
        } else {
            score.not_given += 1;
        }
    }
    score
}

/// Whether a log record is the one that the catalogue speaks of.
fn matches(evidence: &LogEvidence, record: &LogRecord) -> bool {
    let agrees =
        |wanted: &str, found: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(found);
    // Event texts are translated and worded otherwise by versions, so they count for text logs only.
    let text = evidence.event_id != 0
        || record
            .text
            .to_lowercase()
            .contains(&evidence.text.to_lowercase());
    evidence.log == record.log
        && evidence.event_id == record.event_id
        && agrees(&evidence.source, &record.source)
        && agrees(&evidence.code, &record.code)
        && agrees(&evidence.severity, &record.severity)
        && text
}

fn describe(evidence: &LogEvidence) -> String {
    let mut text = if evidence.event_id == 0 {
        evidence.log.clone()
    } else {
        let source = evidence
            .source
            .strip_prefix("Microsoft-Windows-")
            .unwrap_or(&evidence.source);
        format!("{source} event {}", evidence.event_id)
    };
    if !evidence.code.is_empty() {
        text.push_str(&format!(" ({})", evidence.code));
    }
    text
}

impl LogScore {
    /// Each expected record that is there counts for, each that is missing from a log that was
    /// given counts against.
    fn balance(&self) -> i64 {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        count(self.matched).saturating_sub(count(self.missing))
    }
}

impl Candidate<'_> {
    fn ranked(self, rank: u32) -> RankedMode {
        let mut because = self.because;
        if because.is_empty() {
            because.push(if self.general {
                "nothing rules it out".to_owned()
            } else {
                format!(
                    "it looks like this from outside, and is {}",
                    self.mode.prevalence
                )
            });
        }
        ranked(self.mode, rank, because)
    }
}

/// A mode in its place.
pub(super) fn ranked(mode: &FailureMode, rank: u32, because: Vec<String>) -> RankedMode {
    RankedMode {
        id: mode.id.clone(),
        title: mode.title.clone(),
        rank,
        because,
        decided_by: mode.decided_by.to_string(),
        provenance: mode.provenance,
    }
}
