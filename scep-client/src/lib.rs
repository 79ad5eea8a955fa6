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
//!
//! Whole programs are in the repository's `examples/`: `enroll`, `renew_in_a_loop`, `diagnose`, `own_network` (another
//! HTTP library under all of it), `key_elsewhere` (a key in an HSM); `cargo run --example NAME` runs one.

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
