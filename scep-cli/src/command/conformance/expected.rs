//! Checks that are known to fail.

use std::collections::BTreeMap;
use std::path::Path;

use scep_conformance::verdict::{CheckResult, Level, Report, Verdict};

use crate::failure::{Failure, Result};
use crate::files;
use crate::nearest;

/// Names with reasons.
#[derive(Debug, Default)]
pub(super) struct Expected(BTreeMap<String, String>);

impl Expected {
    /// A name and a reason on each line; lines that begin with `#` are for the reader.
    pub(super) fn load(path: Option<&Path>, ids: &[&str]) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let mut known = BTreeMap::new();
        for (n, line) in files::read_text(path)?.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{}, line {}", path.display(), n + 1);
            let Some((id, reason)) = line.split_once(char::is_whitespace) else {
                return Err(Failure::local(format!("{place}: {line} has no reason")));
            };
            if !ids.contains(&id) {
                let unknown = nearest::unknown("check", id, ids.iter().copied());
                return Err(Failure::local(format!("{place}: {unknown}")));
            }
            known.insert(id.to_owned(), reason.trim().to_owned());
        }
        Ok(Self(known))
    }

    pub(super) fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// Those that passed.
    pub(super) fn passed<'r>(&self, report: &'r Report) -> Vec<&'r str> {
        let results = report.results.iter();
        let passed = results.filter(|r| r.verdict == Verdict::Pass && self.0.contains_key(&r.id));
        passed.map(|r| r.id.as_str()).collect()
    }

    /// Whether a result counts against the server.
    pub(super) fn counts(&self, result: &CheckResult, should: bool) -> bool {
        let demanded = result.level == Level::Must || should && result.level == Level::Should;
        demanded && result.verdict.leaves_open() && !self.0.contains_key(&result.id)
    }
}
