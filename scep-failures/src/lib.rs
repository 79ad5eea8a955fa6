//! What is known about how SCEP deployments fail, and the classifier that names a failure.
//!
//! ```text
//! exchange ─► observation ─► evidence ─► diagnosis
//!                               ▲
//!                 catalogue: one file a failure mode
//! ```
//!
//! * [`observation`]: what a probe saw, as plain data that a capture file can hold.
//! * [`evidence`]: named facts drawn from observations, memory and server logs.
//! * [`catalogue`]: failure modes and symptoms, one TOML file each.
//! * [`mod@classify`]: facts against clues, giving a [`Diagnosis`].
//! * [`mod@explain`]: what the catalogue says, for a reader.
//!
//! No I/O, no clock.
//!
//! ```
//! use scep_failures::diagnosis::Outcome;
//! use scep_failures::{Catalogue, Observations, classify};
//!
//! // From a capture file, or from the probes of `scep-client`.
//! let observations: Observations = serde_json::from_str(
//!     r#"{"url": "http://ndes.example/certsrv/mscep/mscep.dll", "started": 1800000000,
//!         "level": "passive", "items": [], "memory": null, "logs": []}"#,
//! )?;
//! let diagnosis = classify(Catalogue::builtin(), &observations);
//! assert_eq!(diagnosis.outcome, Outcome::Unrecognized, "nothing was looked at, so nothing is guessed");
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod catalogue;
pub mod classify;
pub mod diagnosis;
pub mod error;
pub mod evidence;
pub mod explain;
pub mod observation;

mod text;

pub use catalogue::{Catalogue, FailureMode, Level, Symptom};
pub use classify::classify;
pub use diagnosis::Diagnosis;
pub use error::{Error, Result};
pub use observation::{Observation, Observations};
