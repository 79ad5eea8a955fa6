//! What the suites found at other people's programs, and at the mock's profiles: the tables in
//! `docs/interop.md`, made from `conformance/expected`.

use std::fmt::Write as _;
use std::path::Path;

use crate::expected::Expected;
use crate::verdict::Level;
use crate::{client_suite, server_suite};

/// The folder of what is known to fail, below the repository's root.
pub const FOLDER: &str = "conformance/expected";
/// What the generated part of the document begins with.
pub const BEGIN: &str = "<!-- Generated from `conformance/expected` by `cargo test`; write it anew with `SCEP_WRITE_DOCS=1 cargo test -p scep-conformance --test requirements`. -->";
/// What it ends with.
pub const END: &str = "<!-- End of what is generated. -->";

/// A check, as far as a table goes.
type Known = (&'static str, &'static str, Level);

fn servers() -> Vec<Known> {
    let checks = server_suite::checks::all();
    checks
        .map(|check| (check.id, check.title, check.level))
        .collect()
}

fn clients() -> Vec<Known> {
    let checks = client_suite::checks::all();
    checks
        .map(|check| (check.id, check.title, check.level))
        .collect()
}

/// The generated part.
///
/// # Errors
/// With the file that cannot be read.
pub fn section(root: &Path) -> Result<String, String> {
    let mut out = format!("{BEGIN}\n");
    for (title, prefixes, checks) in [
        ("Servers", &["server-", "mock-"][..], servers()),
        ("Clients", &["client-"][..], clients()),
    ] {
        let files = load(root, prefixes, &checks)?;
        let total = checks.len();
        // writing to a String cannot fail
        let _ = writeln!(out, "\n### {title}: {total} checks\n");
        out.push_str("| subject | version | not as it should be | of them MUST | SHOULD | security | robustness |\n|---|---|---|---|---|---|---|\n");
        for expected in &files {
            let counted = [
                Level::Must,
                Level::Should,
                Level::Security,
                Level::Robustness,
            ];
            let counts = counted.map(|level| {
                let of_level = expected.iter().filter(|(id, _)| {
                    checks
                        .iter()
                        .any(|(known, _, of)| known == id && *of == level)
                });
                of_level.count()
            });
            let all: usize = counts.iter().sum();
            let [must, should, security, robustness] = counts;
            let _ = writeln!(
                out,
                "| {} | {} | {all} | {must} | {should} | {security} | {robustness} |",
                expected.subject,
                if expected.version.is_empty() {
                    "–"
                } else {
                    &expected.version
                },
            );
        }
        for expected in &files {
            let _ = writeln!(out, "\n<details><summary>{}</summary>\n", expected.subject);
            if !expected.command.is_empty() {
                let _ = writeln!(out, "`{}`\n", expected.command);
            }
            out.push_str("| check | level | what it does instead |\n|---|---|---|\n");
            for (id, title, level) in &checks {
                if let Some(reason) = expected.reason(id) {
                    let level = level.title();
                    let _ = writeln!(out, "| `{id}`: {title} | {level} | {reason} |");
                }
            }
            out.push_str("\n</details>\n");
        }
    }
    out.push_str(END);
    Ok(out)
}

/// The files whose names begin so, by name.
fn load(root: &Path, prefixes: &[&str], checks: &[Known]) -> Result<Vec<Expected>, String> {
    let ids: Vec<&str> = checks.iter().map(|(id, ..)| *id).collect();
    let named = |e: std::io::Error| format!("{FOLDER}: {e}");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join(FOLDER)).map_err(named)? {
        let name = entry
            .map_err(named)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| (name.starts_with("mock-"), name.clone()));
    names
        .iter()
        .map(|name| {
            let text = std::fs::read_to_string(root.join(FOLDER).join(name)).map_err(named)?;
            Expected::parse(&text, &ids).map_err(|e| format!("{name}, {e}"))
        })
        .collect()
}

/// The document with its generated part as it should be; `None` if it has no place for it.
#[must_use]
pub fn inserted(document: &str, section: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{section}{after}"))
}
