//! Facts of name resolution and TCP connections.

use super::Facts;
use crate::observation::{NetworkErrorKind, Observations, Outcome, Probe};

/// The word for a failure below HTTP.
pub(crate) const fn error_word(kind: NetworkErrorKind) -> &'static str {
    match kind {
        NetworkErrorKind::NameNotFound => "name-not-found",
        NetworkErrorKind::ResolverFailed => "resolver-failed",
        NetworkErrorKind::Refused => "refused",
        NetworkErrorKind::Unreachable => "unreachable",
        NetworkErrorKind::TimedOut => "timed-out",
        NetworkErrorKind::Reset => "reset",
        NetworkErrorKind::Closed => "closed",
        NetworkErrorKind::TlsFailed => "tls-failed",
        NetworkErrorKind::NotHttp => "not-http",
        NetworkErrorKind::TooLong => "too-long",
    }
}

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let mut connects = Outcomes::default();
    for observation in &observations.items {
        let n = &[observation.n];
        match (&observation.probe, &observation.outcome) {
            (Probe::Resolve { .. }, Outcome::Resolved { addresses, cnames }) => {
                facts.add("resolve.outcome", "resolved", n);
                facts.add("resolve.addresses", addresses.len(), n);
                for name in cnames {
                    facts.add(
                        "resolve.cname",
                        name.trim_end_matches('.').to_ascii_lowercase(),
                        n,
                    );
                }
            }
            (Probe::Resolve { .. }, Outcome::Failed { error, .. }) => {
                facts.add("resolve.outcome", error_word(*error), n);
            }
            (Probe::Connect { .. }, Outcome::Connected) => connects.add("connected", observation.n),
            (Probe::Connect { .. }, Outcome::Failed { error, .. }) => {
                connects.add(error_word(*error), observation.n);
            }
            _ => {}
        }
    }
    // An address family that this machine has no route for says nothing of the server.
    connects.forget_if_others("unreachable", "connected");
    connects.report("connect.outcome", facts);
}

/// Outcomes of the same probe at several addresses.
#[derive(Default)]
pub(super) struct Outcomes(Vec<(&'static str, u32)>);

impl Outcomes {
    pub(super) fn add(&mut self, word: &'static str, n: u32) {
        self.0.push((word, n));
    }

    fn forget_if_others(&mut self, word: &str, other: &str) {
        if self.0.iter().any(|(known, _)| *known == other) {
            self.0.retain(|(known, _)| *known != word);
        }
    }

    /// One word if they agree, `mixed` if they do not, nothing if there are none.
    pub(super) fn report(&self, path: &str, facts: &mut Facts) {
        let Some((first, _)) = self.0.first() else {
            return;
        };
        let agree = self.0.iter().all(|(word, _)| word == first);
        let numbers: Vec<u32> = self.0.iter().map(|(_, n)| *n).collect();
        facts.add(path, if agree { first } else { "mixed" }, &numbers);
    }
}
