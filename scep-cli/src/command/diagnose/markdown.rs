//! A diagnosis as Markdown, for a ticket.

use std::fmt::Write as _;

use scep_failures::Diagnosis;
use scep_failures::diagnosis::{Outcome, ProbeResult};

use super::report;

/// Writing to a String cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)*) => { let _ = writeln!($out, $($format)*); };
}

/// The whole report.
pub(super) fn report(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    let of = if diagnosis.url.is_empty() {
        "server logs".to_owned()
    } else {
        format!("<{}>", diagnosis.url)
    };
    put!(out, "# SCEP diagnosis: {of}\n");
    put!(out, "{}, {}\n", diagnosis.started, diagnosis.tool);
    put!(out, "**{}**", escape(&report::one_line(diagnosis)));
    if let Some(handover) = &diagnosis.handover {
        put!(
            out,
            "\n> To {}: {}",
            handover.to,
            escape(&handover.sentence)
        );
    }
    if diagnosis.outcome != Outcome::Healthy && !diagnosis.evidence.is_empty() {
        put!(out, "\n## Because\n");
        for evidence in &diagnosis.evidence {
            let from = report::references(&evidence.observations);
            let deduced = if evidence.inferred { " (deduced)" } else { "" };
            put!(out, "- {}{deduced} {from}", escape(&evidence.text));
        }
    }
    modes(diagnosis, &mut out);
    if let Some(check) = &diagnosis.next_check {
        put!(
            out,
            "\n## Next check\n\nTo tell them apart, {}.\n",
            escape(&check.text)
        );
        put!(out, "| it shows | then it is |\n|---|---|");
        for result in &check.results {
            let modes: Vec<String> = result
                .failure_modes
                .iter()
                .map(|id| format!("`{id}`"))
                .collect();
            put!(out, "| {} | {} |", escape(&result.shows), modes.join(", "));
        }
    }
    for (heading, list) in [
        (
            "Set aside",
            diagnosis
                .set_aside
                .iter()
                .filter(|_| diagnosis.outcome != Outcome::Healthy)
                .map(|aside| format!("`{}`: {}", aside.id, escape(&aside.because)))
                .collect::<Vec<_>>(),
        ),
        (
            "Not proven by this look",
            diagnosis
                .not_proven
                .iter()
                .map(|unknown| format!("{}: {}", unknown.what, escape(&unknown.because)))
                .collect(),
        ),
    ] {
        if !list.is_empty() {
            put!(out, "\n## {heading}\n");
            for line in list {
                put!(out, "- {line}");
            }
        }
    }
    if !diagnosis.observations.is_empty() {
        put!(out, "\n## What was looked at\n");
        put!(
            out,
            "| | probe | result | what came of it | ms |\n|---|---|---|---|---|"
        );
        for seen in report::worth_telling(&diagnosis.observations) {
            let result = match seen.result {
                ProbeResult::Ok => "ok",
                ProbeResult::Fail => "FAIL",
                ProbeResult::Skipped => "skipped",
            };
            let (n, probe, text) = (seen.n, report::probe_name(&seen.probe), escape(&seen.text));
            put!(
                out,
                "| {n} | {probe} | {result} | {text} | {} |",
                seen.elapsed_ms
            );
        }
        put!(out, "\n{}", report::footprint(diagnosis).join(" "));
    }
    out
}

fn modes(diagnosis: &Diagnosis, out: &mut String) {
    let found = diagnosis
        .findings
        .iter()
        .map(|finding| &finding.failure_modes);
    let lists = std::iter::once(&diagnosis.failure_modes)
        .filter(|_| diagnosis.outcome != Outcome::Healthy)
        .chain(found);
    let modes: Vec<_> = lists.flatten().collect();
    if modes.is_empty() {
        return;
    }
    put!(out, "\n## Possible causes, likeliest first\n");
    for mode in modes {
        put!(
            out,
            "1. **{}** (`{}`, {})",
            escape(&mode.title),
            mode.id,
            mode.provenance
        );
        for because in &mode.because {
            put!(out, "   - why: {}", escape(because));
        }
        put!(out, "   - check: {}", escape(&mode.decided_by));
    }
}

/// Text that holds what a server sent must not become markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' => {
                out.push('\\');
                out.push(c);
            }
            '\r' | '\n' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_a_server_sent_is_no_markup() {
        assert_eq!(escape("<img>|a`b\n# c"), "\\<img\\>\\|a\\`b \\# c");
    }
}
