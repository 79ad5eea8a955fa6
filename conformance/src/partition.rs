//! Which failure modes a view cannot tell apart: computed from what is observed, and declared in
//! the catalogue. Both must agree.

use std::collections::BTreeSet;

use scep_failures::catalogue::{FailureMode, View};
use scep_failures::evidence::{Facts, table};
use scep_failures::observation::Observations;

/// What a view shows of a deployment, without what differs from run to run: the facts that are
/// neither volatile nor deduced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(BTreeSet<String>);

impl Signature {
    /// The signature of observations.
    #[must_use]
    pub fn of(observations: &Observations) -> Self {
        let facts = Facts::from_observations(observations);
        let mut lines = BTreeSet::new();
        for (path, values) in facts.iter() {
            if table::lookup(path).is_some_and(|meaning| meaning.volatile) {
                continue;
            }
            for fact in values.iter().filter(|fact| !fact.inferred) {
                lines.insert(format!("{path} = {}", fact.value));
            }
        }
        Self(lines)
    }

    /// Whether the facts are the same to somebody to whom both looks are health: with and without the
    /// Intune policy module NDES answers its bare URL differently, and either answer is a healthy one.
    #[must_use]
    pub fn is_as_healthy_as(&self, other: &Self) -> bool {
        let rest = |signature: &Self| -> BTreeSet<String> {
            let kept = signature
                .0
                .iter()
                .filter(|line| !line.starts_with("base-url."));
            kept.cloned().collect()
        };
        rest(self) == rest(other)
    }

    /// The facts that only one of two has.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Vec<String> {
        self.0.symmetric_difference(&other.0).cloned().collect()
    }
}

/// Whether the catalogue says that a view cannot tell two modes apart.
#[must_use]
pub fn declared_alike(a: &FailureMode, b: &FailureMode, view: View) -> bool {
    if view.logs {
        let same = a.same_in_logs.contains(&b.id) || b.same_in_logs.contains(&a.id);
        // the wire may tell apart what the logs cannot
        return same && a.look(view) == b.look(view);
    }
    a.look(view) == b.look(view)
}
