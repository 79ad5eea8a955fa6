//! A report as JSON, JUnit XML, SARIF and Markdown.

use std::fmt::Write as _;

use scep_conformance::verdict::{Level, Report, Verdict};
use serde_json::json;

use super::expected::Expected;
use crate::failure::{Failure, Result};

pub(super) fn json(report: &Report) -> Result<String> {
    let text = serde_json::to_string_pretty(report);
    text.map(|text| text + "\n")
        .map_err(|e| Failure::local(format!("the report cannot be written as JSON: {e}")))
}

/// JUnit XML: what fails as expected is skipped, and so is what does not apply.
pub(super) fn junit(report: &Report, expected: &Expected) -> String {
    let failures = report
        .results
        .iter()
        .filter(|r| r.verdict.is_bad() && expected.reason(&r.id).is_none());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let subject = escape(&report.subject);
    // writing to a String cannot fail
    let _ = writeln!(
        out,
        "<testsuite name=\"scep conformance {} {subject}\" tests=\"{}\" failures=\"{}\" timestamp=\"{}\">",
        report.suite,
        report.results.len(),
        failures.count(),
        report.started,
    );
    for result in &report.results {
        let (theme, name) = result.id.split_once('.').unwrap_or(("", &result.id));
        let seconds = std::time::Duration::from_millis(result.elapsed_ms).as_secs_f64();
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{seconds:.3}\"",
            escape(theme),
            escape(name)
        );
        let text = escape(&format!("{}: {}", result.title, result.verdict.sentence()));
        let inside = match (&result.verdict, expected.reason(&result.id)) {
            (Verdict::Pass, _) => None,
            (verdict, None) if verdict.is_bad() => Some(format!("<failure message=\"{text}\"/>")),
            (_, Some(reason)) => Some(format!(
                "<skipped message=\"{text} (expected: {})\"/>",
                escape(reason)
            )),
            _ => Some(format!("<skipped message=\"{text}\"/>")),
        };
        let _ = match inside {
            Some(inside) => writeln!(out, ">{inside}</testcase>"),
            None => writeln!(out, "/>"),
        };
    }
    out.push_str("</testsuite>\n");
    out
}

/// SARIF 2.1.0: a rule for each check, a result for each that is not as it should be. What fails as
/// expected is suppressed.
pub(super) fn sarif(report: &Report, expected: &Expected) -> Result<String> {
    let rules: Vec<_> = report
        .results
        .iter()
        .map(|result| {
            json!({
                "id": result.id,
                "shortDescription": { "text": result.title },
                "properties": { "level": result.level, "requirements": result.requirements },
            })
        })
        .collect();
    let bad = report.results.iter().filter(|r| r.verdict.is_bad());
    let results: Vec<_> = bad
        .map(|result| {
            let suppressions: Vec<_> = expected
                .reason(&result.id)
                .map(|reason| json!({ "kind": "external", "justification": reason }))
                .into_iter()
                .collect();
            json!({
                "ruleId": result.id,
                "level": match result.level {
                    Level::Must => "error",
                    Level::Should | Level::Security => "warning",
                    Level::Robustness => "note",
                },
                "message": { "text": result.verdict.sentence() },
                "locations": [{
                    "physicalLocation": { "artifactLocation": { "uri": report.subject } },
                }],
                "suppressions": suppressions,
            })
        })
        .collect();
    let log = json!({
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{
            "tool": { "driver": {
                "name": "scep conformance",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results,
        }],
    });
    let text = serde_json::to_string_pretty(&log);
    text.map(|text| text + "\n")
        .map_err(|e| Failure::local(format!("the report cannot be written as SARIF: {e}")))
}

/// What a server sent may stand in it.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to write these
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        out
    })
}

pub(super) fn markdown(report: &Report, expected: &Expected) -> String {
    let mut out = format!(
        "# Conformance of <{}>\n\n{}, {}\n\n",
        report.subject, report.started, report.tool
    );
    out.push_str("| check | level | verdict | |\n|---|---|---|---|\n");
    for result in &report.results {
        let word = match (result.verdict.word(), expected.reason(&result.id)) {
            ("FAIL" | "HANG", Some(_)) => "expected",
            (word, _) => word,
        };
        let said = result.verdict.sentence();
        let text = [expected.reason(&result.id).unwrap_or_default(), &said]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ");
        let text = text
            .replace('|', "\\|")
            .replace(['\r', '\n'], " ")
            .replace('<', "&lt;");
        let _ = writeln!(
            out,
            "| `{}` | {} | {word} | {text} |",
            result.id,
            result.level.title()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_a_server_sent_is_no_markup() {
        assert_eq!(escape("<a \"b\">\u{0}&"), "&lt;a &quot;b&quot;&gt; &amp;");
    }
}
