//! The only place that prints: reports on stdout, everything else on stderr.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Lines are no longer than this, however wide the terminal is.
const WIDEST: usize = 100;
/// Nor shorter: below it, breaking lines makes nothing easier to read.
const NARROWEST: usize = 60;
/// What takes less time than this needs no progress line.
const PATIENCE: Duration = Duration::from_millis(500);

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

/// Writes reports, and says on stderr what is being done.
#[derive(Clone, Debug)]
pub(crate) struct Renderer {
    color: bool,
    color_stderr: bool,
    verbose: bool,
    width: usize,
    progress: Arc<Progress>,
}

/// The one line on a terminal that is written again and again.
#[derive(Debug)]
struct Progress {
    terminal: bool,
    began: Instant,
    shown: AtomicBool,
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
    pub(crate) const fn word(self) -> &'static str {
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

/// Widths of the columns in a list of steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    /// Of `[12]`.
    pub(crate) label: usize,
    /// Of `GetCACaps`.
    pub(crate) name: usize,
}

impl Renderer {
    pub(crate) fn new(choice: ColorChoice, verbose: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !no_color,
        };
        let stderr = std::io::stderr().is_terminal();
        Self {
            color: color(std::io::stdout().is_terminal()),
            color_stderr: color(stderr),
            verbose,
            width: terminal_width().clamp(NARROWEST, WIDEST),
            progress: Arc::new(Progress {
                terminal: stderr && !verbose,
                began: Instant::now(),
                shown: AtomicBool::new(false),
            }),
        }
    }

    // ------------------------------------------------------------------ stdout

    /// One line of a report.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        self.end_progress();
        // a closed pipe (`| head`) is the reader's choice, not an error
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", text.as_ref().trim_end());
        let _ = out.flush();
    }

    /// A text that begins behind `prefix`, and goes on below its own beginning.
    pub(crate) fn hanging(&self, prefix: &str, text: &str) {
        self.hang(prefix, prefix.chars().count(), text);
    }

    /// A step of a report: `  [1] GetCACaps   ok       using POST`.
    pub(crate) fn step(
        &self,
        columns: Columns,
        label: &str,
        name: &str,
        verdict: Verdict,
        text: &str,
    ) {
        let Columns {
            label: label_width,
            name: name_width,
        } = columns;
        let word = self.paint(verdict, &format!("{:<8}", verdict.word()));
        let prefix = format!("  {label:<label_width$} {name:<name_width$} {word} ");
        self.hang(&prefix, 2 + label_width + 1 + name_width + 1 + 8 + 1, text);
    }

    fn hang(&self, prefix: &str, prefix_width: usize, text: &str) {
        let mut prefix = prefix.to_owned();
        for line in wrap(text, self.width.saturating_sub(prefix_width).max(20)) {
            self.line(format!("{prefix}{line}"));
            prefix = " ".repeat(prefix_width);
        }
    }

    /// `left` and, at the end of the line, `right`.
    pub(crate) fn both_ends(&self, left: &str, verdict: Verdict, right: &str) {
        let used = left.chars().count() + right.chars().count();
        let gap = " ".repeat(self.width.saturating_sub(used).max(2));
        self.line(format!("{}{gap}{right}", self.paint(verdict, left)));
    }

    /// Text in the colour of a verdict.
    pub(crate) fn paint(&self, verdict: Verdict, text: &str) -> String {
        painted(self.color, verdict, text)
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

    // ------------------------------------------------------------------ stderr

    /// A warning.
    pub(crate) fn warn(&self, text: &str) {
        let word = painted(self.color_stderr, Verdict::Pending, "warning:");
        self.say(&format!("{word} {text}"));
    }

    /// An error.
    pub(crate) fn error(&self, text: &str) {
        let word = painted(self.color_stderr, Verdict::Fail, "error:");
        self.say(&format!("{word} {text}"));
    }

    /// What may help.
    pub(crate) fn hint(&self, text: &str) {
        self.say(&format!("hint: {text}"));
    }

    /// What is being done: with `-v` a line each, else one line that is written again, and that only
    /// on a terminal and for those who wait.
    pub(crate) fn progress(&self, text: &str) {
        if self.verbose {
            self.say(text);
        } else if self.progress.terminal && self.progress.began.elapsed() > PATIENCE {
            let short: String = text.chars().take(NARROWEST).collect();
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K{short}");
            let _ = err.flush();
            self.progress.shown.store(true, Ordering::Relaxed);
        }
    }

    fn end_progress(&self) {
        if self.progress.shown.swap(false, Ordering::Relaxed) {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }

    fn say(&self, text: &str) {
        self.end_progress();
        // nobody may be listening
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

fn painted(color: bool, verdict: Verdict, text: &str) -> String {
    if color {
        format!("\x1b[{}m{text}\x1b[0m", verdict.color())
    } else {
        text.into()
    }
}

/// Columns of the terminal; as many as we like where there is none.
fn terminal_width() -> usize {
    terminal_size::terminal_size_of(std::io::stdout())
        .map_or(WIDEST, |(width, _)| usize::from(width.0))
}

/// Breaks a text into lines of at most `width` characters, at blanks. Always gives a line.
fn wrap(text: &str, width: usize) -> Vec<String> {
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

/// `1 request`, `2 requests`.
pub(crate) fn count(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::{count, wrap};

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("toolongword x", 4), ["toolongword", "x"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(count(1, "request"), "1 request");
        assert_eq!(count(0, "request"), "0 requests");
    }
}
