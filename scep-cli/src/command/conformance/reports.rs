//! Which checks are made, what is written about them, and how it ends: the same for both suites.

use std::path::{Path, PathBuf};

use scep_conformance::verdict::{CheckResult, Report, Verdict as Judged};

use super::expected::{self, Expected};
use super::files;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::nearest;
use crate::render::{Columns, Renderer, Verdict, count};

/// Arguments of both suites.
#[derive(clap::Args, Debug)]
pub(super) struct ReportArgs {
    /// Only the checks whose name begins so (may be given several times).
    #[arg(long, value_name = "PREFIX")]
    only: Vec<String>,
    /// Count what the RFC recommends (SHOULD) as demanded.
    #[arg(long)]
    should: bool,
    /// Checks that are known to fail: a name and a reason on each line. One that passes is told.
    #[arg(long, value_name = "FILE")]
    expected_failures: Option<PathBuf>,
    /// Write the whole report as JSON (schema scep-conformance/1); - for stdout.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write it as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write it as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Write it as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// A run that is told about.
pub(super) struct Reporter<'a> {
    args: &'a ReportArgs,
    expected: Expected,
    renderer: &'a Renderer,
    quiet: bool,
    at: usize,
    of: usize,
}

impl ReportArgs {
    /// Those of `ids` that were chosen, by their places.
    pub(super) fn chosen(&self, ids: &[&str]) -> Result<Vec<usize>> {
        let only = &self.only;
        let chosen = ids
            .iter()
            .enumerate()
            .filter(|(_, id)| only.is_empty() || only.iter().any(|prefix| id.starts_with(prefix)));
        let chosen: Vec<usize> = chosen.map(|(at, _)| at).collect();
        for prefix in only {
            if !ids.iter().any(|id| id.starts_with(prefix)) {
                let all = ids.iter().copied();
                return Err(Failure::usage(nearest::unknown("check", prefix, all)));
            }
        }
        Ok(chosen)
    }

    /// Tells about a run of `of` of the checks `ids`.
    pub(super) fn reporter<'a>(
        &'a self,
        ids: &[&str],
        of: usize,
        renderer: &'a Renderer,
    ) -> Result<Reporter<'a>> {
        Ok(Reporter {
            args: self,
            expected: expected::load(self.expected_failures.as_deref(), ids)?,
            renderer,
            quiet: to_stdout(self.json.as_deref()),
            at: 0,
            of,
        })
    }
}

fn to_stdout(path: Option<&Path>) -> bool {
    path.is_some_and(|path| path.as_os_str() == "-")
}

impl Reporter<'_> {
    /// A check is done.
    pub(super) fn tell(&mut self, result: &CheckResult) {
        self.at += 1;
        let done = format!("{} of {}: {}", self.at, self.of, result.id);
        self.renderer.progress(&done);
        if !self.quiet {
            self.print(result);
        }
    }

    /// All are done.
    pub(super) fn end(&self, report: &Report) -> Result {
        let expected = &self.expected;
        for (path, content) in [
            (&self.args.json, files::json(report)?),
            (&self.args.junit, files::junit(report, expected)),
            (&self.args.sarif, files::sarif(report, expected)?),
            (&self.args.markdown, files::markdown(report, expected)),
        ] {
            match path {
                Some(path) if to_stdout(Some(path)) => self.renderer.line(content.trim_end()),
                Some(path) => {
                    crate::files::write(path, content.as_bytes(), crate::files::Access::Usual)?;
                }
                None => {}
            }
        }
        if !self.quiet {
            self.summary(report);
        }
        let surprise = !expected.passed(report).is_empty();
        let mut results = report.results.iter();
        let demanded = results.any(|result| expected.counts(result, self.args.should));
        Ok(if surprise || demanded {
            Exit::Bad
        } else {
            Exit::Good
        })
    }

    fn print(&self, result: &CheckResult) {
        let verdict = match &result.verdict {
            Judged::Pass => Verdict::Ok,
            Judged::Fail { .. } | Judged::Hang { .. } => Verdict::Fail,
            Judged::NotApplicable { .. } | Judged::NotRun { .. } => Verdict::Skipped,
        };
        let mut text = result.title.clone();
        if result.verdict != Judged::Pass {
            text.push_str(&format!(": {}", result.verdict.sentence()));
        }
        let reason = self.expected.reason(&result.id);
        if let (Some(reason), true) = (reason, result.verdict.is_bad()) {
            text.push_str(&format!(" (expected: {reason})"));
        }
        let columns = Columns {
            label: 10,
            name: 34,
        };
        let level = result.level.title();
        self.renderer
            .step(columns, level, &result.id, verdict, &text);
    }

    fn summary(&self, report: &Report) {
        let renderer = self.renderer;
        renderer.line("");
        let tally: Vec<String> = ["ok", "FAIL", "HANG", "n/a", "not run"]
            .iter()
            .map(|word| (word, report.count(word)))
            .filter(|(_, n)| *n > 0)
            .map(|(word, n)| format!("{n} {word}"))
            .collect();
        renderer.line(format!(
            "{} of {}.",
            tally.join(", "),
            count(report.results.len(), "check")
        ));
        for id in self.expected.passed(report) {
            renderer.warn(&format!("{id} was expected to fail, and passed"));
        }
        if report.suite == "client" {
            // of CAs that are gone already
            return;
        }
        let issued = count(report.issued.len(), "certificate");
        renderer.hanging("", &format!("Issued {issued}: {}", report.issued.join(" ")));
    }
}
