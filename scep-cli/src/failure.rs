//! A command that could not do what it was asked.

use crate::exit::Exit;

/// Why a command stopped, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            message: message.into(),
        }
    }

    /// Something on this side is wrong.
    pub(crate) fn local(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::CouldNotRun,
            message: message.into(),
        }
    }

    /// The answer is bad.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Bad,
            message: message.into(),
        }
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::local(format!("{}: {error}", path.display()))
    }
}

impl From<scep_client::Error> for Failure {
    fn from(error: scep_client::Error) -> Self {
        let exit = match &error {
            scep_client::Error::Misuse(_) => Exit::Usage,
            local if local.is_local() => Exit::CouldNotRun,
            _ => Exit::Bad,
        };
        Self {
            exit,
            message: error.causes(),
        }
    }
}

/// What a command gives back.
pub(crate) type Result<T = Exit> = std::result::Result<T, Failure>;
