//! The exit codes: one table, shown by `--help` and in `docs/exit-codes.md`.

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
}

impl Exit {
    /// Number and meaning, for `--help` and the documentation.
    pub(crate) const TABLE: [(Self, u8, &'static str); 5] = [
        (
            Self::Good,
            0,
            "it ran, and the answer is good: no failure found, certificate issued, message understood",
        ),
        (
            Self::Bad,
            1,
            "it ran, and the answer is bad: failure diagnosed, request refused, message not understood",
        ),
        (Self::Usage, 2, "the command line is wrong"),
        (Self::Pending, 3, "the request is pending at the CA"),
        (
            Self::CouldNotRun,
            4,
            "it could not run: a file, a key or a port on this side",
        ),
    ];

    pub(crate) fn number(self) -> u8 {
        Self::TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or(4, |row| row.1)
    }

    /// The table as text.
    pub(crate) fn help() -> String {
        let mut text = String::from("Exit codes:\n");
        for (_, number, meaning) in Self::TABLE {
            text.push_str(&format!("  {number}  {meaning}\n"));
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
