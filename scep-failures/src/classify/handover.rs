//! The one sentence for whoever is in charge of the layer that is broken.

use super::Case;
use crate::catalogue::FailureMode;
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
    Some(Handover {
        to: first.owner,
        sentence: format!(
            "On {}, {url} fails: {}{seen}; please look on {}: {}",
            diagnosis.started, symptom.title, first.decided_by.place, first.decided_by.check,
        ),
    })
}
