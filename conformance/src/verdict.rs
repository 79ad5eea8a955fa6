//! What a check came to, and the report of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a check is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// What RFC 8894 demands (MUST, or a plain statement that amounts to it).
    Must,
    /// What it recommends.
    Should,
    /// What keeps an attacker out; more than the RFC asks for, and never counted as a failure of it.
    Security,
    /// What makes a server bear with clients of the field; never counted as a failure of the RFC.
    Robustness,
}

impl Level {
    /// In words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Security => "security",
            Self::Robustness => "robustness",
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail {
        /// What should have been.
        expected: String,
        /// What was.
        seen: String,
    },
    /// Nobody answered within the time that a check has.
    Hang {
        /// What was waited for.
        waiting_for: String,
    },
    /// The server does not offer what is checked.
    NotApplicable {
        /// Why.
        because: String,
    },
    /// The check could not be made, which says nothing about it.
    NotRun {
        /// Why.
        because: String,
    },
}

impl Verdict {
    /// Whether it speaks against the subject.
    #[must_use]
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Fail { .. } | Self::Hang { .. })
    }

    /// Whether what was checked may be otherwise than it should be: it is, or nobody could look.
    #[must_use]
    pub const fn leaves_open(&self) -> bool {
        self.is_bad() || matches!(self, Self::NotRun { .. })
    }

    /// What it says beside its word, in a sentence; empty if all is said.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Pass => String::new(),
            Self::Fail { expected, seen } => format!("expected {expected}, seen {seen}"),
            Self::Hang { waiting_for } => format!("no answer to {waiting_for}"),
            Self::NotApplicable { because } | Self::NotRun { because } => because.clone(),
        }
    }

    /// The word for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pass => "ok",
            Self::Fail { .. } => "FAIL",
            Self::Hang { .. } => "HANG",
            Self::NotApplicable { .. } => "n/a",
            Self::NotRun { .. } => "not run",
        }
    }
}

/// An HTTP exchange of a check, so that somebody can repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Exchange {
    /// `GET` or `POST`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The body that was sent, in base64, at most 1 MiB of it; empty if a challenge password stands in
    /// it in the open.
    pub sent: String,
    /// Status, 0 if there was no response.
    pub status: u16,
    /// Content-Type of the response.
    pub content_type: String,
    /// The body that came back, in base64; at most 64 KiB of it.
    pub received: String,
    /// How the exchange failed below HTTP.
    pub error: String,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckResult {
    /// Stable name.
    pub id: String,
    /// What is checked, in one sentence.
    pub title: String,
    /// What it is about.
    pub level: Level,
    /// Requirements of `docs/rfc8894.md`.
    pub requirements: Vec<String>,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What passed.
    pub exchanges: Vec<Exchange>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// `scep-conformance/1`.
    pub schema: String,
    /// Who made it.
    pub tool: String,
    /// Who was checked: `server` or `client`.
    pub suite: String,
    /// The URL of the server, or the command of the client.
    pub subject: String,
    /// When it was begun, in UTC.
    pub started: String,
    /// The checks, in order.
    pub results: Vec<CheckResult>,
    /// Serial numbers of certificates that were issued.
    pub issued: Vec<String>,
}

/// The value of [`Report::schema`].
pub const SCHEMA: &str = "scep-conformance/1";

impl Report {
    /// Whether the subject keeps all that is demanded, and everything could be looked at.
    #[must_use]
    pub fn conforms(&self) -> bool {
        let mut demanded = self.results.iter().filter(|r| r.level == Level::Must);
        demanded.all(|result| !result.verdict.leaves_open())
    }

    /// How many checks ended so.
    #[must_use]
    pub fn count(&self, word: &str) -> usize {
        let results = self.results.iter();
        results
            .filter(|result| result.verdict.word() == word)
            .count()
    }

    /// The JSON schema of a report.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

/// Why a check stops before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The subject is not as it should be.
    Unlike {
        /// What should have been.
        expected: String,
        /// What was.
        seen: String,
    },
    /// The subject does not offer it.
    NotApplicable(String),
    /// Nobody answered.
    Silence(String),
    /// This side could not.
    NotRun(String),
}

impl Stop {
    /// The subject is not as it should be.
    pub fn unlike(expected: impl fmt::Display, seen: impl fmt::Display) -> Self {
        Self::Unlike {
            expected: expected.to_string(),
            seen: seen.to_string(),
        }
    }
}

/// What a check gives: nothing, or why it stopped.
pub type Outcome = Result<(), Stop>;

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Ok(()) => Self::Pass,
            Err(Stop::Unlike { expected, seen }) => Self::Fail { expected, seen },
            Err(Stop::NotApplicable(because)) => Self::NotApplicable { because },
            Err(Stop::Silence(waiting_for)) => Self::Hang { waiting_for },
            Err(Stop::NotRun(because)) => Self::NotRun { because },
        }
    }
}
