//! The one error type of this crate; its arms say whose fault it was.

use std::io;
use std::path::PathBuf;

use crate::network::NetworkError;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, sorted by culprit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network failed below HTTP.
    #[error("{doing}")]
    Network {
        /// What was being done.
        doing: String,
        /// How it failed.
        source: NetworkError,
    },

    /// Something answered with an HTTP status that is not SCEP's 200.
    #[error("{doing}: the answer is HTTP {status} {reason}")]
    Http {
        /// What was being done.
        doing: String,
        /// Status code.
        status: u16,
        /// Reason phrase.
        reason: String,
    },

    /// The server's answer is no good, or this side asked for something impossible; the source
    /// says which.
    #[error("{doing}")]
    Scep {
        /// What was being done.
        doing: String,
        /// What is wrong with it.
        source: scep_core::Error,
    },

    /// A local file cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },

    /// A local file is not what it should be.
    #[error("{}: {what}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// The parser's reason, if a parser found it.
        source: Option<serde_json::Error>,
    },

    /// The admin page of NDES gave no challenge password.
    #[error("the admin page of NDES")]
    NdesAdmin(#[source] crate::ndes_admin::NoPassword),

    /// The caller asked for something that cannot be.
    #[error("{0}")]
    Misuse(String),
}

impl Error {
    #[cold]
    pub(crate) fn misuse(what: impl Into<String>) -> Self {
        Self::Misuse(what.into())
    }

    #[cold]
    pub(crate) fn network(doing: impl Into<String>, source: NetworkError) -> Self {
        Self::Network {
            doing: doing.into(),
            source,
        }
    }

    #[cold]
    pub(crate) fn scep(doing: impl Into<String>, source: scep_core::Error) -> Self {
        Self::Scep {
            doing: doing.into(),
            source,
        }
    }

    #[cold]
    pub(crate) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }

    #[cold]
    pub(crate) fn format(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::Format {
            path: path.into(),
            what: what.into(),
            source: None,
        }
    }

    /// The error and what it comes from, in one line.
    #[must_use]
    pub fn causes(&self) -> String {
        let mut line = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            line.push_str(": ");
            line.push_str(&inner.to_string());
            cause = inner.source();
        }
        line
    }

    /// Whether it is this side that could not work (files, arguments), rather than the network or
    /// the server.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        match self {
            Self::File { .. } | Self::Format { .. } | Self::Misuse(_) => true,
            Self::Scep { source, .. } => matches!(
                source,
                scep_core::Error::Misuse(_) | scep_core::Error::Unsupported { .. }
            ),
            Self::Network { .. } | Self::Http { .. } | Self::NdesAdmin(_) => false,
        }
    }
}
