//! The exit codes: one table, shown by `--help` of each command and in `docs/exit-codes.md`.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It ran, and the answer is good.
    Good,
    /// It ran, and the answer is bad.
    Bad,
    /// The command line is wrong.
    Usage,
    /// The request is pending.
    Pending,
    /// It could not run: a file, a key, a port on this side.
    CouldNotRun,
    /// There is nothing to do yet.
    NotDue,
}

/// Number, and what it means whatever the command.
const CODES: [(Exit, u8, &str); 6] = [
    (Exit::Good, 0, "it ran, and the answer is good"),
    (Exit::Bad, 1, "it ran, and the answer is bad"),
    (Exit::Usage, 2, "the command line is wrong"),
    (Exit::Pending, 3, "the request is pending at the CA"),
    (
        Exit::CouldNotRun,
        4,
        "it could not run: a file, a key or a port on this side",
    ),
    (
        Exit::NotDue,
        5,
        "the certificate is valid for longer than --if-expires-within says: nothing was done",
    ),
];

/// What 0 and 1 mean for each command; the empty text where a command has no such answer.
const ANSWERS: [(&str, &str, &str); 17] = [
    (
        "diagnose",
        "no failure found",
        "a failure was diagnosed, or something fails and is not recognized",
    ),
    ("explain", "explained", ""),
    ("capture", "written without secrets", ""),
    (
        "enroll",
        "a certificate was issued",
        "the request was refused, or came to no decision",
    ),
    (
        "renew",
        "a certificate was issued",
        "the request was refused, or came to no decision",
    ),
    (
        "poll",
        "a certificate was issued",
        "the request was refused, or came to no decision",
    ),
    (
        "get-cert",
        "the certificate was written",
        "the server has no such certificate, or gives it to nobody",
    ),
    ("get-crl", "the CRL was written", "the server gives no CRL"),
    (
        "ca",
        "the CA is there, and the right one",
        "it is another one, or none",
    ),
    ("caps", "the server says what it can do", "it does not"),
    (
        "load",
        "every enrollment brought a certificate",
        "some brought none, or it did not come to that",
    ),
    (
        "inspect",
        "understood; deviations are listed",
        "not understood, or with --strict: any deviation",
    ),
    (
        "conformance",
        "all that the RFC demands is kept",
        "a check of what it demands failed, or could not be made, or one passed that was expected to fail",
    ),
    ("mock", "stopped by the user", ""),
    (
        "demo",
        "every failure was named right",
        "some failure was not named right",
    ),
    ("completions", "printed", ""),
    ("man", "written", ""),
];

/// Commands that can leave a request pending.
const CAN_BE_PENDING: [&str; 3] = ["enroll", "renew", "poll"];
/// Commands that can find that there is nothing to do.
const CAN_BE_NOT_DUE: [&str; 1] = ["renew"];

impl Exit {
    fn number(self) -> u8 {
        CODES
            .iter()
            .find(|row| row.0 == self)
            .map_or(4, |row| row.1)
    }

    /// The table as text, for all commands.
    pub(crate) fn help() -> String {
        table(CODES.iter().map(|(_, number, meaning)| (*number, *meaning)))
    }

    /// The table as text, as one command means it.
    pub(crate) fn help_of(command: &str) -> String {
        table(
            CODES
                .iter()
                .map(|row| (row.1, meaning(*row, command)))
                .filter(|(_, meaning)| !meaning.is_empty()),
        )
    }
}

/// What a code means for a command; empty if the command never ends with it.
fn meaning((exit, _, general): (Exit, u8, &'static str), command: &str) -> &'static str {
    let answers = ANSWERS.iter().find(|row| row.0 == command);
    match (exit, answers) {
        (Exit::Good, Some((_, good, _))) => good,
        (Exit::Bad, Some((_, _, bad))) => bad,
        (Exit::Pending, Some(_)) if !CAN_BE_PENDING.contains(&command) => "",
        (Exit::NotDue, Some(_)) if !CAN_BE_NOT_DUE.contains(&command) => "",
        _ => general,
    }
}

fn table(rows: impl Iterator<Item = (u8, &'static str)>) -> String {
    let rows: Vec<String> = rows
        .map(|(number, meaning)| format!("  {number}  {meaning}"))
        .collect();
    format!("Exit codes:\n{}", rows.join("\n"))
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn markdown() -> String {
        let mut text = String::from(
            "# Exit codes\n\n\
             <!-- Generated from scep-cli/src/exit.rs; write it anew with `SCEP_WRITE_DOCS=1 cargo test -p scep-cli`. -->\n\n\
             1 always means \"it ran, and the answer is bad\", 4 always means \"it could not run\". Nothing else is\n\
             encoded: details are in the JSON (`--json`), and the code is the same with and without it.\n\n",
        );
        text.push_str("| code | meaning |");
        for (command, ..) in ANSWERS {
            write!(text, " `scep {command}` |").unwrap();
        }
        text.push_str("\n|---|---|");
        text.push_str(&"---|".repeat(ANSWERS.len()));
        for row in CODES {
            write!(text, "\n| {} | {} |", row.1, row.2).unwrap();
            for (command, ..) in ANSWERS {
                let cell = match meaning(row, command) {
                    "" => "–",
                    same if same == row.2 => "same",
                    other => other,
                };
                write!(text, " {cell} |").unwrap();
            }
        }
        text.push('\n');
        text
    }

    #[test]
    fn the_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exit-codes.md");
        if std::env::var_os("SCEP_WRITE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), markdown());
    }

    #[test]
    fn numbers_are_what_they_are_documented_to_be() {
        let numbers = [
            Exit::Good,
            Exit::Bad,
            Exit::Usage,
            Exit::Pending,
            Exit::CouldNotRun,
            Exit::NotDue,
        ];
        assert_eq!(numbers.map(Exit::number), [0, 1, 2, 3, 4, 5]);
        assert!(Exit::help_of("enroll").contains("  3  "));
        assert!(!Exit::help_of("mock").contains("  3  "));
        assert!(!Exit::help_of("mock").contains("  1  "));
    }
}
