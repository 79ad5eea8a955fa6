//! Compares the records that a mode leaves with those that were given.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::catalogue::{FailureMode, LogEvidence};
use crate::evidence::logs;
use crate::observation::{Observations, Outcome};

/// What logs say of a mode.
#[derive(Clone, Default)]
pub(super) struct LogScore {
    pub(super) matched: usize,
    pub(super) missing: usize,
    pub(super) not_given: usize,
}

impl LogScore {
    /// Each expected record that is there counts for, each that is missing from a log that was
    /// given counts against.
    pub(super) fn balance(&self) -> i64 {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        count(self.matched).saturating_sub(count(self.missing))
    }

    const fn plus(&self, other: &Self) -> Self {
        Self {
            matched: self.matched + other.matched,
            missing: self.missing + other.missing,
            not_given: self.not_given + other.not_given,
        }
    }
}

/// How well the given records are those of a mode; what was found goes to `because`. Without
/// `main_shape` nothing counts as missing: a variant need not leave all of it.
pub(super) fn score(
    observations: &Observations,
    mode: &FailureMode,
    main_shape: bool,
    because: &mut Vec<String>,
) -> LogScore {
    if observations.logs.is_empty() {
        return LogScore::default();
    }
    let given = logs::current(observations);
    let mut forms: BTreeMap<Option<&str>, (LogScore, Vec<String>)> = BTreeMap::new();
    let own_request = sent_a_wrong_challenge(observations);
    for evidence in &mode.evidence {
        if evidence.own_request && own_request {
            continue;
        }
        let (score, said) = forms.entry(evidence.form.as_deref()).or_default();
        if given.iter().any(|record| evidence.matches(record)) {
            score.matched += 1;
            said.push(format!("log: {}", describe(evidence)));
        } else if evidence.alternative && evidence.form.is_none() {
            // Its absence says nothing: most systems show the main form.
        } else if main_shape && given.iter().any(|record| record.log == evidence.log) {
            score.missing += 1;
        } else {
            score.not_given += 1;
        }
    }
    let (always, said) = forms.remove(&None).unwrap_or_default();
    let best = forms
        .into_values()
        .min_by_key(|(score, _)| (Reverse(score.balance()), score.not_given));
    let (form, found) = best.unwrap_or_default();
    because.extend(found);
    because.extend(said);
    always.plus(&form)
}

/// Whether the diagnosis itself sent a request with a wrong challenge password, which the server has
/// logged.
fn sent_a_wrong_challenge(observations: &Observations) -> bool {
    observations.items.iter().any(|item| match &item.outcome {
        Outcome::Response(http) => http
            .reply
            .as_ref()
            .is_some_and(|reply| reply.wrong_challenge_sent),
        _ => false,
    })
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
