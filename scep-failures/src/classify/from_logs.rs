//! A diagnosis without probes: server logs alone.

use std::cmp::Reverse;

use super::records::{self, LogScore};
use super::{Case, matching, rank};
use crate::catalogue::{FailureMode, Kind, Level, Look, Symptom, SymptomKind, View};
use crate::diagnosis::{Confidence, Evidence, RankedMode};
use crate::evidence::table;

/// What logs alone show.
pub(super) struct FromLogs<'a> {
    pub(super) symptom: &'a Symptom,
    pub(super) confidence: Confidence,
    pub(super) modes: Vec<RankedMode>,
    pub(super) evidence: Vec<Evidence>,
}

/// The modes whose records are there, if there are any.
///
/// A mode counts if more of its records are there than are missing, be it from a log that was given
/// or because a log was not given.
pub(super) fn from_logs<'a>(case: &Case<'a>) -> Option<FromLogs<'a>> {
    let mut found: Vec<(&FailureMode, &Symptom, LogScore, Vec<String>)> = case
        .catalogue
        .modes()
        .filter(|mode| matches!(mode.kind, Kind::Cause | Kind::Umbrella))
        .filter_map(|mode| {
            let mut because = Vec::new();
            let score = records::score(case.observations, mode, true, &mut because);
            let symptom = failing_look(case, mode)?;
            (score.matched > score.missing + score.not_given)
                .then_some((mode, symptom, score, because))
        })
        .collect();
    found.sort_by_key(|(mode, _, score, _)| {
        (
            mode.kind == Kind::Umbrella,
            Reverse(score.balance()),
            Reverse(score.matched),
            score.not_given,
            mode.prevalence,
            &mode.id,
        )
    });
    let (_, symptom, best, _) = found.first()?;
    let (symptom, best) = (*symptom, (best.balance(), best.matched, best.not_given));
    let agreed = found
        .iter()
        .filter(|(_, _, score, _)| (score.balance(), score.matched, score.not_given) == best)
        .all(|(_, other, _, _)| other.id == symptom.id);
    let evidence = case
        .facts
        .iter()
        .filter(|(path, _)| {
            table::lookup(path).is_some() && path.starts_with("log.") && !path.ends_with(".text")
        })
        .flat_map(|(path, values)| {
            values
                .iter()
                .map(move |fact| matching::evidence(path, fact, None))
        })
        .collect();
    Some(FromLogs {
        symptom,
        confidence: if agreed {
            Confidence::Medium
        } else {
            Confidence::Low
        },
        modes: found
            .into_iter()
            .zip(1..)
            .map(|((mode, _, _, because), rank)| rank::ranked(mode, rank, because))
            .collect(),
        evidence,
    })
}

/// What a client would see of it.
fn failing_look<'a>(case: &Case<'a>, mode: &FailureMode) -> Option<&'a Symptom> {
    match mode.look(View {
        level: Level::Enroll,
        memory: false,
        logs: true,
    }) {
        Look::Healthy => None,
        Look::Symptom(id) => case
            .catalogue
            .symptom(id)
            .filter(|symptom| symptom.kind != SymptomKind::Healthy),
    }
}
