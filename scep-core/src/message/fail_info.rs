//! `failInfo` (RFC 8894 section 3.2.1.4).

use alloc::string::String;
use core::fmt;

use crate::error::Foreign;

/// Why a request was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FailInfo {
    /// 0: unrecognised or unsupported algorithm.
    BadAlg,
    /// 1: integrity check (the signature or the decryption) failed.
    BadMessageCheck,
    /// 2: transaction not permitted or supported.
    BadRequest,
    /// 3: signingTime too far from the server's time.
    BadTime,
    /// 4: no certificate matches the criteria.
    BadCertId,
    /// Anything else; outside RFC 8894.
    Other(String),
}

impl FailInfo {
    /// Reads the attribute's text.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "0" => Self::BadAlg,
            "1" => Self::BadMessageCheck,
            "2" => Self::BadRequest,
            "3" => Self::BadTime,
            "4" => Self::BadCertId,
            other => Self::Other(other.into()),
        }
    }

    /// The attribute's text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Self::BadAlg => "0",
            Self::BadMessageCheck => "1",
            Self::BadRequest => "2",
            Self::BadTime => "3",
            Self::BadCertId => "4",
            Self::Other(text) => text,
        }
    }

    /// The RFC's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BadAlg => "badAlg",
            Self::BadMessageCheck => "badMessageCheck",
            Self::BadRequest => "badRequest",
            Self::BadTime => "badTime",
            Self::BadCertId => "badCertId",
            Self::Other(_) => "unknown",
        }
    }
}

impl fmt::Display for FailInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), Foreign(self.as_text()))
    }
}
