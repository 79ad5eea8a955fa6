//! Facts of the server's clock, as the header field Date shows it.

use scep_core::http::parse_date;

use super::Facts;
use super::http::exchanges;
use super::page::Page;
use crate::observation::{Observations, Outcome};

/// Difference that matters to SCEP and to certificates, in seconds.
const TOLERANCE_S: i64 = 300;

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let mut skewed = Vec::new();
    let mut seen = Vec::new();
    for (observation, _, _) in exchanges(observations) {
        let Outcome::Response(http) = &observation.outcome else {
            continue;
        };
        let Some(date) = Page::new(http).header("date").and_then(parse_date) else {
            continue;
        };
        let ended = observation.at_ms.saturating_add(observation.elapsed_ms) / 1000;
        let here = observations
            .started
            .saturating_add(i64::try_from(ended).unwrap_or(i64::MAX));
        let skew = date.0.saturating_sub(here);
        seen.push(observation.n);
        if seen.len() == 1 {
            facts.add("clock.skew-s", skew, &[observation.n]);
        }
        if skew.abs() > TOLERANCE_S {
            skewed.push(observation.n);
        }
    }
    if !skewed.is_empty() {
        facts.add("clock.skewed", true, &skewed);
    } else if !seen.is_empty() {
        facts.add("clock.skewed", false, &seen);
    }
}
