//! How binding a requirement is, and whom it binds.

use std::fmt;

use serde::Deserialize;

/// How binding a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Level {
    /// MUST, as the RFC says.
    #[serde(rename = "MUST")]
    Must,
    /// MUST NOT.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// SHOULD, RECOMMENDED.
    #[serde(rename = "SHOULD")]
    Should,
    /// SHOULD NOT.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// MAY, OPTIONAL.
    #[serde(rename = "MAY")]
    May,
    /// MUST, though the RFC says it without that word.
    #[serde(rename = "MUST*")]
    MustImplied,
    /// MUST NOT, without that word.
    #[serde(rename = "MUST NOT*")]
    MustNotImplied,
    /// SHOULD, without that word.
    #[serde(rename = "SHOULD*")]
    ShouldImplied,
    /// MAY, without that word.
    #[serde(rename = "MAY*")]
    MayImplied,
    /// No obligation.
    #[serde(rename = "info")]
    Info,
    /// The RFC is silent or contradicts itself; the text says what is done.
    #[serde(rename = "GAP")]
    Gap,
    /// What clients and servers of older drafts do.
    #[serde(rename = "legacy")]
    Legacy,
    /// What a product does.
    #[serde(rename = "quirk")]
    Quirk,
    /// An erratum.
    #[serde(rename = "erratum")]
    Erratum,
}

impl Level {
    /// All of them, most binding first.
    pub const ALL: [Self; 14] = [
        Self::Must,
        Self::MustNot,
        Self::Should,
        Self::ShouldNot,
        Self::May,
        Self::MustImplied,
        Self::MustNotImplied,
        Self::ShouldImplied,
        Self::MayImplied,
        Self::Info,
        Self::Gap,
        Self::Legacy,
        Self::Quirk,
        Self::Erratum,
    ];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
            Self::MustImplied => "MUST*",
            Self::MustNotImplied => "MUST NOT*",
            Self::ShouldImplied => "SHOULD*",
            Self::MayImplied => "MAY*",
            Self::Info => "info",
            Self::Gap => "GAP",
            Self::Legacy => "legacy",
            Self::Quirk => "quirk",
            Self::Erratum => "erratum",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whom a requirement binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The client.
    Client,
    /// The server: the CA, in the RFC's words.
    Server,
    /// Both sides.
    Both,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Both => "both",
        })
    }
}
