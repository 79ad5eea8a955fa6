//! The only place that prints: reports on stdout, everything else on stderr.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the renderer"
)]

use std::io::{IsTerminal, Write};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Writes reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renderer {
    color: bool,
    verbose: bool,
}

/// How a step went; the word is always there, colour only adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    Fail,
    Skipped,
    Pending,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "FAIL",
            Self::Skipped => "skipped",
            Self::Pending => "pending",
        }
    }

    const fn color(self) -> &'static str {
        match self {
            Self::Ok => "32",
            Self::Fail => "31;1",
            Self::Skipped | Self::Pending => "33",
        }
    }
}

impl Renderer {
    pub(crate) fn new(choice: ColorChoice, verbose: bool) -> Self {
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                    && std::io::stdout().is_terminal()
            }
        };
        Self { color, verbose }
    }

    /// One line of a report.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        // a closed pipe (`| head`) is the reader's choice, not an error
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", text.as_ref());
        let _ = out.flush();
    }

    /// A step of a report: `  [1] GetCACaps   ok       using POST`.
    pub(crate) fn step(&self, n: u32, name: &str, verdict: Verdict, text: &str) {
        let word = format!("{:<8}", verdict.word());
        self.line(format!("  [{n}] {name:<11} {} {text}", self.paint(verdict, &word)).trim_end());
    }

    /// Text in the colour of a verdict.
    pub(crate) fn paint(&self, verdict: Verdict, text: &str) -> String {
        if self.color {
            format!("\x1b[{}m{text}\x1b[0m", verdict.color())
        } else {
            text.into()
        }
    }

    /// A value as JSON, on stdout.
    pub(crate) fn json(&self, value: &impl serde::Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(text),
            Err(error) => self.error(&format!("the report cannot be written as JSON: {error}")),
        }
    }

    /// A value as JSON in one line, on stdout.
    pub(crate) fn json_line(&self, value: &impl serde::Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.line(text),
            Err(error) => self.error(&format!("the report cannot be written as JSON: {error}")),
        }
    }

    /// A warning, on stderr.
    pub(crate) fn warn(&self, text: &str) {
        eprintln!("warning: {text}");
    }

    /// An error, on stderr.
    pub(crate) fn error(&self, text: &str) {
        eprintln!("error: {text}");
    }

    /// Progress, on stderr, with `-v` only.
    pub(crate) fn progress(&self, text: &str) {
        if self.verbose {
            eprintln!("{text}");
        }
    }
}

/// Breaks a text into lines of at most `width` characters, at blanks.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.trim().split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("toolongword x", 4), ["toolongword", "x"]);
    }
}
