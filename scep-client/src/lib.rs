//! SCEP client: enrolls, polls, and diagnoses a server that does not work.
//!
//! Everything reaches the world through one trait, [`Network`]; [`net::HyperNetwork`] is the real
//! one.

pub mod diagnose;
pub mod enroll;
pub mod error;
pub mod memory;
pub mod net;
pub mod network;

pub use error::{Error, Result};
pub use network::Network;
