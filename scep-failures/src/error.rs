//! What can be wrong with a catalogue.

/// The crate's result type.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// A catalogue that cannot be used. Observations never cause an error: what cannot be understood
/// in them is a fact like any other, or no fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is not what its format asks for.
    #[error("{file}: {problem}")]
    File {
        /// The file, relative to the catalogue.
        file: String,
        /// What is wrong with it, in one sentence.
        problem: String,
    },
    /// A clue cannot be understood.
    #[error("clue `{clue}`: {problem}")]
    Clue {
        /// The clue as written.
        clue: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Several things are wrong.
    #[error("{} problems in the catalogue:\n{}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Many(Vec<Self>),
}

impl Error {
    /// Something wrong with one file.
    #[cold]
    pub(crate) fn file(file: &str, problem: impl Into<String>) -> Self {
        Self::File {
            file: file.to_owned(),
            problem: problem.into(),
        }
    }

    /// Something wrong with one clue.
    #[cold]
    pub(crate) fn clue(clue: &str, problem: impl Into<String>) -> Self {
        Self::Clue {
            clue: clue.to_owned(),
            problem: problem.into(),
        }
    }
}
