//! Checks that are known to fail, each with its reason.
//!
//! A file of them has a name and a reason on each line; a reason that begins with *sometimes* allows the
//! check to pass as well, as what depends on who comes first may. Lines that begin with `#` are for the reader; of
//! those, `# subject:`, `# version:` and `# command:` say who it is that fails, for the table in
//! `docs/interop.md`.

use std::collections::BTreeMap;

use crate::verdict::{CheckResult, Level, Report, Verdict};

/// Names with reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Who fails.
    pub subject: String,
    /// In which version.
    pub version: String,
    /// How it is run.
    pub command: String,
    reasons: BTreeMap<String, String>,
}

/// How a reason begins that allows a check to pass as well.
const SOMETIMES: &str = "sometimes";

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// A name without a reason.
    #[error("line {line}: {id} has no reason")]
    NoReason {
        /// Number of the line, from 1.
        line: usize,
        /// The name.
        id: String,
    },
    /// A name that no check has.
    #[error("line {line}: there is no check {id}")]
    Unknown {
        /// Number of the line, from 1.
        line: usize,
        /// The name.
        id: String,
    },
}

impl Expected {
    /// Reads a file; `ids` are the names that exist.
    ///
    /// # Errors
    /// With the line that has no reason, or a name of no check.
    pub fn parse(text: &str, ids: &[&str]) -> Result<Self, Misread> {
        let mut read = Self::default();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                read.note(comment.trim());
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let Some((id, reason)) = line.split_once(char::is_whitespace) else {
                return Err(Misread::NoReason {
                    line: n + 1,
                    id: line.to_owned(),
                });
            };
            if !ids.contains(&id) {
                return Err(Misread::Unknown {
                    line: n + 1,
                    id: id.to_owned(),
                });
            }
            let reason = reason.trim().to_owned();
            read.reasons.insert(id.to_owned(), reason);
        }
        Ok(read)
    }

    fn note(&mut self, comment: &str) {
        let Some((key, value)) = comment.split_once(": ") else {
            return;
        };
        let field = match key {
            "subject" => &mut self.subject,
            "version" => &mut self.version,
            "command" => &mut self.command,
            _ => return,
        };
        value.trim().clone_into(field);
    }

    /// Why a check fails, if that is known.
    #[must_use]
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.reasons.get(id).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let reasons = self.reasons.iter();
        reasons.map(|(id, reason)| (id.as_str(), reason.as_str()))
    }

    /// Those that passed.
    #[must_use]
    pub fn passed<'r>(&self, report: &'r Report) -> Vec<&'r str> {
        let results = report.results.iter();
        let passed = results.filter(|r| {
            let reason = self.reason(&r.id);
            r.verdict == Verdict::Pass && reason.is_some_and(|why| !why.starts_with(SOMETIMES))
        });
        passed.map(|r| r.id.as_str()).collect()
    }

    /// Whether a result counts against the subject.
    #[must_use]
    pub fn counts(&self, result: &CheckResult, should: bool) -> bool {
        let demanded = result.level == Level::Must || should && result.level == Level::Should;
        demanded && result.verdict.leaves_open() && self.reason(&result.id).is_none()
    }

    /// What is not as the file says: what fails without a reason, of whatever level, and what passes in
    /// spite of one.
    #[must_use]
    pub fn surprises(&self, report: &Report) -> Vec<String> {
        let results = report.results.iter();
        let open = results.filter(|r| r.verdict.leaves_open() && self.reason(&r.id).is_none());
        let open = open.map(|r| format!("{}: {}", r.id, r.verdict.sentence()));
        let passed = self.passed(report).into_iter();
        open.chain(passed.map(|id| format!("{id} was expected to fail, and passed")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Misread};

    const IDS: [&str; 2] = ["a.one", "a.two"];

    #[test]
    fn reasons_and_notes_are_read() {
        let text = "# subject: a server\n# version: 1.2: three\n\na.one  it is old\n# done\n";
        let expected = Expected::parse(text, &IDS).unwrap();
        assert_eq!(expected.subject, "a server");
        assert_eq!(expected.version, "1.2: three");
        assert_eq!(expected.reason("a.one"), Some("it is old"));
        assert_eq!(expected.iter().count(), 1);
    }

    #[test]
    fn a_line_that_says_nothing_is_told() {
        let no_reason = Expected::parse("\na.two\n", &IDS);
        let id = "a.two".to_owned();
        assert_eq!(no_reason, Err(Misread::NoReason { line: 2, id }));
        let unknown = Expected::parse("a.three because\n", &IDS);
        let id = "a.three".to_owned();
        assert_eq!(unknown, Err(Misread::Unknown { line: 1, id }));
    }
}
