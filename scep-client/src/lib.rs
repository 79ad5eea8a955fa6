//! SCEP client: enrolls, polls, and diagnoses a server that does not work.
//!
//! Everything reaches the world through one trait, [`Network`]; [`net::HyperNetwork`] is the real
//! one.
//!
//! ```text
//!  enroll ──┐                                   ┌─► diagnosis
//!           ├─► observer ─► Network      ─► observations
//!  diagnose ┘   (numbers, times, redacts)       └─► capture
//! ```

pub mod ask;
pub mod capture;
pub mod diagnose;
pub mod enroll;
pub mod error;
pub mod memory;
pub mod ndes_admin;
pub mod net;
pub mod network;
pub mod random;
pub mod server_log;
pub mod servers;

mod base64;
mod file;
mod observer;
mod platform;
mod redact;

pub use error::{Error, Result};
pub use network::Network;
