//! Which check looks at which requirement: `docs/coverage.md`, and what it lacks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::documents::Document;
use crate::requirements::{Chapter, Level, Requirement, Role};
use crate::{client_suite, server_suite};

/// The file of requirements without a check, below the repository's root.
pub const UNSEEN: &str = "conformance/unseen.toml";

/// Why requirements have no check, by suite.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unseen {
    /// In the server suite.
    #[serde(default)]
    pub server: Vec<Reason>,
    /// In the client suite.
    #[serde(default)]
    pub client: Vec<Reason>,
}

/// One reason for some requirements.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Their ids.
    pub rows: Vec<String>,
    /// The reason.
    pub because: String,
}

/// What one suite looks at.
struct Coverage<'a> {
    name: &'static str,
    role: Role,
    checks: BTreeMap<&'a str, Vec<&'a str>>,
    reasons: BTreeMap<&'a str, &'a str>,
}

impl Unseen {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load(root: &Path) -> Result<Self, String> {
        let named = |e: &dyn std::fmt::Display| format!("{UNSEEN}: {e}");
        let text = std::fs::read_to_string(root.join(UNSEEN)).map_err(|e| named(&e))?;
        toml::from_str(&text).map_err(|e| named(&e))
    }

    fn suites(&self) -> [Coverage<'_>; 2] {
        let server = server_suite::checks::all().map(|check| (check.id, check.requirements));
        let client = client_suite::checks::all().map(|check| (check.id, check.requirements));
        [
            Coverage::new("server", Role::Server, server, &self.server),
            Coverage::new("client", Role::Client, client, &self.client),
        ]
    }
}

impl<'a> Coverage<'a> {
    fn new(
        name: &'static str,
        role: Role,
        all: impl Iterator<Item = (&'a str, &'a [&'a str])>,
        reasons: &'a [Reason],
    ) -> Self {
        let mut checks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, rows) in all {
            for row in rows {
                checks.entry(row).or_default().push(id);
            }
        }
        let reasons = reasons.iter().flat_map(|reason| {
            let rows = reason.rows.iter();
            rows.map(|row| (row.as_str(), reason.because.as_str()))
        });
        Self {
            name,
            role,
            checks,
            reasons: reasons.collect(),
        }
    }

    /// Whether the suite has to look at a requirement.
    fn concerns(&self, requirement: &Requirement) -> bool {
        let binds = matches!(
            requirement.level,
            Level::Must
                | Level::MustNot
                | Level::Should
                | Level::ShouldNot
                | Level::MustImplied
                | Level::MustNotImplied
                | Level::ShouldImplied
        );
        binds && (requirement.role == self.role || requirement.role == Role::Both)
    }
}

/// Requirements without a check or a reason, and reasons for nothing.
#[must_use]
pub fn problems(chapters: &[Chapter], unseen: &Unseen) -> Vec<String> {
    let mut problems = Vec::new();
    let rows: Vec<&Requirement> = chapters.iter().flat_map(|c| &c.requirements).collect();
    for suite in unseen.suites() {
        let name = suite.name;
        for row in rows.iter().filter(|row| suite.concerns(row)) {
            let id = row.id.as_str();
            match (suite.checks.contains_key(id), suite.reasons.get(id)) {
                (true, Some(_)) => {
                    problems.push(format!(
                        "{id} has a {name} check, and a reason for having none"
                    ));
                }
                (false, None) => {
                    problems.push(format!(
                        "{id} has no {name} check, and no reason in {UNSEEN}"
                    ));
                }
                _ => {}
            }
        }
        for id in suite.reasons.keys() {
            if !rows.iter().any(|row| row.id == *id && suite.concerns(row)) {
                problems.push(format!("{UNSEEN}: {id} needs no {name} check"));
            }
        }
    }
    problems
}

/// `docs/coverage.md`.
#[must_use]
pub fn document(chapters: &[Chapter], unseen: &Unseen) -> Document {
    let mut content = String::from(HEAD);
    let rows: Vec<&Requirement> = chapters.iter().flat_map(|c| &c.requirements).collect();
    content.push_str("| suite | checks | requirements | with a check | without, with a reason |\n|---|---|---|---|---|\n");
    let suites = unseen.suites();
    for suite in &suites {
        let concerned: Vec<_> = rows.iter().filter(|row| suite.concerns(row)).collect();
        let seen = concerned
            .iter()
            .filter(|row| suite.checks.contains_key(row.id.as_str()));
        let seen = seen.count();
        let checks = match suite.role {
            Role::Server => server_suite::checks::all().count(),
            _ => client_suite::checks::all().count(),
        };
        // writing to a String cannot fail
        let _ = writeln!(
            content,
            "| {} | {checks} | {} | {seen} | {} |",
            suite.name,
            concerned.len(),
            concerned.len() - seen
        );
    }
    for chapter in chapters {
        let mut table = String::new();
        for row in &chapter.requirements {
            if !suites.iter().any(|suite| suite.concerns(row)) {
                continue;
            }
            let [server, client] = suites.each_ref().map(|suite| cell(suite, row));
            let level = row.level.to_string().replace('*', "\\*");
            let _ = writeln!(
                table,
                "| {} | {level} | {} | {} | {server} | {client} |",
                row.id, row.role, row.text
            );
        }
        if !table.is_empty() {
            let _ = write!(
                content,
                "\n## {}\n\n| id | level | role | requirement | server suite | client suite |\n|---|---|---|---|---|---|\n{table}",
                chapter.title
            );
        }
    }
    Document {
        path: "docs/coverage.md",
        content,
    }
}

/// What a suite has for a requirement.
fn cell(suite: &Coverage<'_>, row: &Requirement) -> String {
    let id = row.id.as_str();
    let checks = suite.checks.get(id);
    let checks = checks.map(|ids| ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>());
    match (checks, suite.reasons.get(id)) {
        (Some(checks), _) => checks.join(", "),
        (None, Some(reason)) if suite.concerns(row) => format!("– ({reason})"),
        _ => String::new(),
    }
}

const HEAD: &str = "# Which check looks at which requirement

<!-- Generated from the checks, `conformance/requirements` and `conformance/unseen.toml` by `cargo test`; write it anew with `SCEP_WRITE_DOCS=1 cargo test -p scep-conformance --test requirements`. -->

Every requirement of [RFC 8894](rfc8894.md) and of what it stands on that binds (MUST and SHOULD, with a star
where the RFC says it without the word), and the checks of `scep conformance server` and `scep conformance client`
that look at it. `scep conformance --list` has the checks with their titles, among them those about security and
about what servers and clients of the field do, which no row here asks for.

";
