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
//! * [`classify`]: facts against clues, giving a [`Diagnosis`].
//! * [`explain`]: what the catalogue says, for a reader.
//!
//! No I/O, no clock.

pub mod catalogue;
pub mod classify;
pub mod diagnosis;
pub mod error;
pub mod evidence;
pub mod explain;
pub mod observation;

pub use catalogue::{Catalogue, FailureMode, Level, Symptom};
pub use classify::classify;
pub use diagnosis::Diagnosis;
pub use error::{Error, Result};
pub use observation::{Observation, Observations};
