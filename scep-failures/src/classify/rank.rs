//! Ranks the failure modes of a symptom: what the wire cannot tell apart, logs, memory and hints may.

use std::cmp::Reverse;

use super::Case;
use super::matching::{self, Fit, fit};
use super::records::{self, LogScore};
use crate::catalogue::{FailureMode, Kind, Look, Looks, Symptom, SymptomKind};
use crate::diagnosis::{RankedMode, SetAside};

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
        match consider(case, mode, of, symptom) {
            Ok(mut candidate) => {
                candidate.general = general;
                candidates.push(candidate);
            }
            Err(_) if symptom.kind == SymptomKind::Healthy => {}
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
            Reverse(candidate.logs.matched),
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

/// Whether a mode that may show `symptom` is possible here, where `chosen` is diagnosed; if not, why.
fn consider<'a>(
    case: &Case<'_>,
    mode: &'a FailureMode,
    symptom: &Symptom,
    chosen: &Symptom,
) -> Result<Candidate<'a>, String> {
    if !case.shows(mode, symptom) {
        otherwise_shown(case, mode, symptom, chosen)?;
    }
    match fit(case.facts, &mode.clues) {
        // of health there is nothing to decide: what was not looked at is not mentioned
        Fit::Unknown if chosen.kind == SymptomKind::Healthy => {
            return Err("it was not looked at".to_owned());
        }
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
    let logs = records::score(case.observations, mode, main_shape, &mut because);
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
fn otherwise_shown(
    case: &Case<'_>,
    mode: &FailureMode,
    symptom: &Symptom,
    chosen: &Symptom,
) -> Result<(), String> {
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
        // An exclusion only says that the chosen symptom goes first if it rests on the same clue.
        let mut clues = other.clues.clone();
        clues.excludes.retain(|exclude| {
            let mut must = chosen.clues.must.iter();
            !must.any(|must| must.clue == exclude.clue)
        });
        match fit(case.facts, &clues) {
            Fit::Unknown | Fit::Fits { .. } => return Ok(()),
            Fit::Fails(hint) => reason = Some(matching::against(case.facts, hint)),
            Fit::Excluded(held) => reason = Some(held.sentence()),
        }
    }
    reason.map_or(Ok(()), Err)
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
