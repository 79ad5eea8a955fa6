//! Facts of the last healthy look at the same server, judged by today's date.

use scep_core::UnixTime;

use super::Facts;
use super::certificates::{Roles, days_left, report};
use crate::observation::Observations;

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let Some(memory) = &observations.memory else {
        return;
    };
    let now = UnixTime(observations.started);
    facts.add(
        "memory.age-days",
        -days_left(UnixTime(memory.taken), now),
        &[],
    );
    report(
        "memory",
        Roles::remembered(observations).as_ref(),
        &[],
        now,
        facts,
    );
}
