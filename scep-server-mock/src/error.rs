//! The one error type of this crate.

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the mock could not do what it was asked to.
///
/// A failure that the deployment *simulates* is never one of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A baseline, profile or failure mode of that name does not exist.
    #[error("no {kind} \"{name}\"{}", Nearest(.nearest.as_deref()))]
    Unknown {
        /// `failure mode`, `baseline`, `profile`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The existing name that is most like it.
        nearest: Option<String>,
    },

    /// The failure mode exists, but the mock cannot reproduce it.
    #[error("failure mode \"{id}\" cannot be reproduced: {reason}")]
    NotReproducible {
        /// The failure mode.
        id: String,
        /// Why not.
        reason: String,
    },

    /// A setting that the deployment does not have, or a value that does not fit.
    #[error("{origin}: {reason}")]
    Setting {
        /// Who asked for it.
        origin: String,
        /// The reason, with the field's name.
        reason: String,
    },

    /// Two armed failure modes want one field to have different values.
    #[error(
        "\"{first}\" and \"{second}\" set {field} to different values, so they cannot be armed together"
    )]
    Conflict {
        /// Dotted path of the field.
        field: String,
        /// The failure mode armed first.
        first: String,
        /// The other one.
        second: String,
    },

    /// Two armed failure modes need deployments of different shape.
    #[error(
        "\"{first}\" needs the baseline \"{first_baseline}\" and \"{second}\" needs \"{second_baseline}\"; neither extends the other"
    )]
    Baselines {
        /// The failure mode armed first.
        first: String,
        /// What it needs.
        first_baseline: String,
        /// The other one.
        second: String,
        /// What that needs.
        second_baseline: String,
    },

    /// The deployment hands out no challenge password now.
    #[error("no challenge password: {0}")]
    NoChallenge(String),

    /// A data file of this crate or of the catalogue could not be read.
    #[error("{what}: {reason}")]
    Data {
        /// Which file.
        what: String,
        /// Why not.
        reason: String,
    },

    /// Making keys, certificates or CRLs failed.
    #[error("the simulated PKI: {0}")]
    Pki(#[from] scep_core::Error),

    /// The catalogue of failure modes could not be loaded.
    #[error("the catalogue of failure modes: {0}")]
    Catalogue(String),

    /// A socket could not be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: String,
        /// The operating system's answer.
        source: std::io::Error,
    },

    /// The TLS binding could not be built.
    #[error("the TLS binding: {0}")]
    Tls(String),
}

struct Nearest<'a>(Option<&'a str>);

impl std::fmt::Display for Nearest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean \"{name}\"?"),
            None => Ok(()),
        }
    }
}
