//! A script: first well, then this failure, then well again.
//!
//! ```toml
//! seed = 7                      # makes keys' uses, serial numbers and passwords repeatable
//! baseline = "intune"           # optional, as are profile and set
//!
//! [[phase]]
//! requests = 20                 # healthy for twenty requests to the SCEP server
//!
//! [[phase]]
//! failures = ["NAME"]
//! lasts = "30s"                 # by the deployment's clock
//!
//! [[phase]]                     # the last one goes on
//! ```

use std::time::Duration;

use scep_core::UnixTime;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::state::Period;

/// What happens one after the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Repeats serial numbers, nonces and passwords.
    pub seed: Option<u64>,
    /// Name of the baseline; by default the one that the first phase's failures need.
    pub baseline: Option<String>,
    /// Name of the server profile; by default the baseline's.
    pub profile: Option<String>,
    /// Settings laid over the baseline.
    #[serde(default)]
    pub set: toml::Table,
    /// The phases, in order.
    #[serde(rename = "phase")]
    pub phases: Vec<Phase>,
}

/// A time in which certain failure modes are armed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phase {
    /// Failure modes: `id`, or `id.variant`. None: healthy.
    pub failures: Vec<String>,
    /// How many requests to the SCEP server it lasts.
    pub requests: Option<u64>,
    /// How long it lasts, by the deployment's clock.
    pub lasts: Option<Period>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`Error::Data`] if it is none, has no phase, or a phase that never ends is not the last.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |reason: String| Error::Data {
            what: "the script".to_owned(),
            reason,
        };
        let script: Self = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let Some((_, before)) = script.phases.split_last() else {
            return Err(bad("it has no [[phase]]".to_owned()));
        };
        if let Some(at) = before.iter().position(Phase::never_ends) {
            let number = at + 1;
            return Err(bad(format!(
                "phase {number} never ends, and others follow it: it needs `requests` or `lasts`"
            )));
        }
        Ok(script)
    }
}

impl Phase {
    const fn never_ends(&self) -> bool {
        self.requests.is_none() && self.lasts.is_none()
    }

    fn is_over(&self, requests: u64, since: Duration) -> bool {
        self.requests.is_some_and(|most| requests >= most)
            || self
                .lasts
                .is_some_and(|longest| since >= longest.duration())
    }
}

/// How far a script has come.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    phases: Vec<Phase>,
    at: usize,
    began: UnixTime,
    requests: u64,
}

impl Progress {
    pub(crate) fn new(phases: Vec<Phase>, now: UnixTime) -> Self {
        Self {
            phases,
            at: 0,
            began: now,
            requests: 0,
        }
    }

    /// A request comes: counts it, and gives the failure modes of the phase that begins with it, if one
    /// does.
    pub(crate) fn request(&mut self, now: UnixTime) -> Option<Vec<String>> {
        let next = self.due(now);
        self.requests += 1;
        next
    }

    /// The failure modes of the phase that begins now, if one does.
    pub(crate) fn due(&mut self, now: UnixTime) -> Option<Vec<String>> {
        let mut next = None;
        while let Some(phase) = self.phases.get(self.at)
            && self.at + 1 < self.phases.len()
            && phase.is_over(self.requests, now.since(self.began))
        {
            self.at += 1;
            self.began = now;
            self.requests = 0;
            next = self.phases.get(self.at).map(|phase| phase.failures.clone());
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_end_by_requests_and_by_time() {
        let script = Script::parse(
            "[[phase]]\nrequests = 2\n[[phase]]\nfailures = ['a']\nlasts = '30s'\n[[phase]]\n",
        )
        .unwrap();
        let mut progress = Progress::new(script.phases, UnixTime(0));
        assert_eq!(progress.request(UnixTime(1)), None);
        assert_eq!(progress.request(UnixTime(2)), None);
        assert_eq!(progress.request(UnixTime(3)), Some(vec!["a".to_owned()]));
        assert_eq!(progress.request(UnixTime(32)), None);
        assert_eq!(progress.due(UnixTime(33)), Some(Vec::new()));
        assert_eq!(progress.request(UnixTime(9_999)), None, "the last goes on");
    }

    #[test]
    fn a_script_that_cannot_be_played_is_refused() {
        for (text, part) in [
            ("seed = 1", "phase"),
            ("phase = []", "no [[phase]]"),
            ("[[phase]]\n[[phase]]", "phase 1 never ends"),
            ("[[phase]]\nfailure = 'x'", "failure"),
        ] {
            let error = Script::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
