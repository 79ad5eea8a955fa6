//! `pkiStatus` (RFC 8894 section 3.2.1.3).

use alloc::string::String;
use core::fmt;

use crate::error::Foreign;

/// The outcome that a CertRep reports.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PkiStatus {
    /// 0: granted.
    Success,
    /// 2: rejected; see `failInfo`.
    Failure,
    /// 3: waiting for manual approval.
    Pending,
    /// Anything else, such as Microsoft's 11; outside RFC 8894.
    Other(String),
}

impl PkiStatus {
    /// Reads the attribute's text.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "0" => Self::Success,
            "2" => Self::Failure,
            "3" => Self::Pending,
            other => Self::Other(other.into()),
        }
    }

    /// The attribute's text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Self::Success => "0",
            Self::Failure => "2",
            Self::Pending => "3",
            Self::Other(text) => text,
        }
    }

    /// The RFC's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Pending => "PENDING",
            Self::Other(_) => "unknown",
        }
    }
}

impl fmt::Display for PkiStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), Foreign(self.as_text()))
    }
}
