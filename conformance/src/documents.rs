//! The generated documents: what the catalogue says, as Markdown, and the published JSON schema.
//!
//! `cargo test` compares them with `docs/`; with `SCEP_WRITE_DOCS=1` it writes them.

use std::fmt::Write as _;

use scep_client::capture::Capture;
use scep_failures::Catalogue;
use scep_failures::catalogue::{FailureMode, Visibility};
use scep_failures::diagnosis;
use scep_failures::evidence::table;
use scep_failures::explain::{Explanation, explain, explain_symptom};

use crate::verdict::Report;

/// A generated document: its path below the repository, and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Path below the repository's root.
    pub path: &'static str,
    /// Content.
    pub content: String,
}

const NOTE: &str = "<!-- Generated from the catalogue by `cargo test`; write it anew with `SCEP_WRITE_DOCS=1 cargo test -p scep-conformance --test documents`. -->\n\n";

/// All generated documents.
#[must_use]
pub fn all(catalogue: &Catalogue) -> Vec<Document> {
    vec![
        Document {
            path: "docs/failure-modes.md",
            content: failure_modes(catalogue),
        },
        Document {
            path: "docs/symptoms.md",
            content: symptoms(catalogue),
        },
        Document {
            path: "docs/facts.md",
            content: facts(),
        },
        Document {
            path: "docs/deviations.md",
            content: deviations(),
        },
        Document {
            path: "docs/json-schema/scep-diagnosis-1.json",
            content: schema(&diagnosis::json_schema()),
        },
        Document {
            path: "docs/json-schema/scep-capture-1.json",
            content: schema(&Capture::json_schema()),
        },
        Document {
            path: "docs/json-schema/scep-conformance-1.json",
            content: schema(&Report::json_schema()),
        },
    ]
}

/// Writing to a String cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)*) => { let _ = writeln!($out, $($format)*); };
}

fn failure_modes(catalogue: &Catalogue) -> String {
    let mut out = format!("# Failure modes\n\n{NOTE}");
    out.push_str("| id | what is wrong | layer | kind | shown by |\n|---|---|---|---|---|\n");
    let mut modes: Vec<&FailureMode> = catalogue.modes().collect();
    modes.sort_by_key(|mode| (mode.layer, mode.id.as_str()));
    for mode in &modes {
        put!(
            out,
            "| [`{0}`](#{0}) | {1} | {2} | {3} | {4} |",
            mode.id,
            mode.title,
            mode.layer,
            mode.kind,
            visibility(mode.visible_at)
        );
    }
    for mode in &modes {
        if let Some(explanation) = explain(catalogue, &mode.id) {
            failure_mode(&mut out, &explanation);
        }
    }
    out
}

fn failure_mode(out: &mut String, e: &Explanation<'_>) {
    put!(out, "\n## {}\n\n{}\n", e.id, e.title);
    put!(
        out,
        "*{} · stage {} · {} · known from: {} · in charge: {}*\n",
        e.kind,
        e.stage,
        e.prevalence,
        e.provenance,
        e.owner
    );
    for (least, symptom) in &e.looks {
        let look = symptom.map_or_else(
            || "looks healthy".to_string(),
            |s| format!("shows as [`{0}`](symptoms.md#{0})", s.id),
        );
        put!(out, "* {}: {look}", visibility(*least));
    }
    put!(out, "\n**Cause.** {}\n", e.cause.text.trim());
    if !e.seen.is_empty() {
        put!(out, "**Seen by a client.**\n");
        for seen in e.seen {
            put!(
                out,
                "* {}: {} *({})*",
                seen.operation,
                seen.text.trim(),
                seen.provenance
            );
        }
        out.push('\n');
    }
    if !e.evidence.is_empty() {
        put!(
            out,
            "| log | source | event | code | text | known |\n|---|---|---|---|---|---|"
        );
        for log in e.evidence {
            let event = if log.event_id == 0 {
                String::new()
            } else {
                log.event_id.to_string()
            };
            put!(
                out,
                "| {} | {} | {event} | {} | {} | {} |",
                log.log,
                log.source,
                log.code,
                log.text,
                log.provenance
            );
        }
        out.push('\n');
    }
    put!(
        out,
        "**Check** ({}). {}\n",
        e.check.place,
        e.check.text.trim()
    );
    commands(out, &e.check.commands);
    put!(out, "**Fix** ({}). {}\n", e.fix.place, e.fix.text.trim());
    commands(out, &e.fix.commands);
    if let Some(arguments) = &e.reproduce {
        put!(out, "**Reproduce.** `scep {arguments}`\n");
    }
    put!(out, "References: {}.", e.references.join("; "));
}

fn commands(out: &mut String, commands: &[String]) {
    if !commands.is_empty() {
        put!(out, "```text\n{}\n```\n", commands.join("\n"));
    }
}

fn symptoms(catalogue: &Catalogue) -> String {
    let mut out = format!("# Symptoms\n\n{NOTE}");
    out.push_str(
        "A symptom is what can be told apart from outside. Failure modes that share one need a check on a \
         server; it stands beside each.\n",
    );
    for symptom in catalogue.symptoms() {
        let Some(e) = explain_symptom(catalogue, &symptom.id) else {
            continue;
        };
        put!(out, "\n## {}\n\n{}\n", e.id, e.title);
        put!(
            out,
            "*stage {} · known from: {}*\n\n{}\n",
            e.stage,
            e.provenance,
            e.summary.trim()
        );
        for (heading, clues) in [
            ("Must hold", &e.must),
            ("Speaks for it", &e.helps),
            ("Speaks against it", &e.excludes),
        ] {
            if !clues.is_empty() {
                let clues: Vec<String> = clues.iter().map(|clue| format!("`{clue}`")).collect();
                put!(out, "* {heading}: {}", clues.join(", "));
            }
        }
        if !e.modes.is_empty() {
            put!(out, "\n| failure mode | decided by |\n|---|---|");
            for (id, _) in &e.modes {
                if let Some(mode) = catalogue.mode(id) {
                    put!(
                        out,
                        "| [`{id}`](failure-modes.md#{id}) | {} |",
                        mode.decided_by
                    );
                }
            }
        }
    }
    out
}

fn facts() -> String {
    format!("# Facts\n\n{NOTE}{}", table::markdown())
}

fn deviations() -> String {
    let mut out = format!("# Deviations\n\n{NOTE}");
    out.push_str(
        "What `scep inspect`, and every transaction, notes about a message that was understood in spite of \
         it. Sections are those of RFC 8894 where nothing else is named.\n\n| id | section | meaning |\n\
         |---|---|---|\n",
    );
    for kind in scep_core::deviation::KINDS {
        put!(
            out,
            "| `{}` | {} | {} |",
            kind.id,
            kind.section,
            kind.meaning
        );
    }
    out
}

fn schema(schema: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

const fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Passive => "read-only probes",
        Visibility::Request => "`--send-request`",
        Visibility::Enroll => "`--enroll`",
        Visibility::Memory => "`--remember`",
        Visibility::Logs => "`--server-log`",
        Visibility::Never => "nothing a client sees",
    }
}
