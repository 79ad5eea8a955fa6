//! The one sentence for whoever is in charge of the layer that is broken.

use super::{Case, next_check};
use crate::catalogue::{FailureMode, Owner};
use crate::diagnosis::{Diagnosis, Handover, Outcome};

/// So many facts are told; the report has all of them.
const FACTS: usize = 2;

/// `None` for what is well, or not known.
pub(super) fn handover(case: &Case<'_>, diagnosis: &Diagnosis) -> Option<Handover> {
    if diagnosis.outcome != Outcome::Failure {
        return None;
    }
    let symptom = diagnosis.symptom.as_ref()?;
    let modes = diagnosis.failure_modes.iter();
    let first: &FailureMode = modes
        .filter_map(|ranked| case.catalogue.mode(&ranked.id))
        .next()?;
    let url = if diagnosis.url.is_empty() {
        "the SCEP service".to_owned()
    } else {
        diagnosis.url.clone()
    };
    let facts: Vec<&str> = diagnosis
        .evidence
        .iter()
        .take(FACTS)
        .map(|evidence| evidence.text.as_str())
        .collect();
    let seen = if facts.is_empty() {
        String::new()
    } else {
        format!(" ({})", facts.join("; "))
    };
    let modes = diagnosis.failure_modes.len();
    let log = diagnosis.next_check.as_ref().and_then(next_check::place_of);
    // where nothing but a log tells the causes apart, that is what to ask for
    let undecided = diagnosis
        .failure_modes
        .iter()
        .all(|ranked| ranked.because.len() == 1);
    let (to, request) = match log {
        Some(log) if undecided => (
            Owner::ServerAdmin,
            format!("{log}, which tells the {modes} possible causes apart"),
        ),
        _ => (
            first.owner,
            format!("{}: {}", first.decided_by.place, first.decided_by.check),
        ),
    };
    Some(Handover {
        to,
        sentence: format!(
            "On {}, {url} failed: {}{seen}; please look at {request}",
            diagnosis.started, symptom.title
        ),
    })
}
