//! SCEP (RFC 8894): every message encoded and decoded, for clients and servers, without I/O.
//!
//! The crate is one pipeline, and each module is one station of it:
//!
//! ```text
//!  bytes ─► asn1 (BER→DER) ─► cms ─► message ─► client | server ─► http
//! ```
//!
//! * [`asn1`] reads what peers really send: indefinite lengths, constructed strings, unsorted sets.
//! * [`x509`] keeps certificates, requests and CRLs as the octets that were received.
//! * [`cms`] takes SignedData and EnvelopedData apart and builds them (RFC 5652).
//! * [`crypto`] is the seam to a crypto library; keys cross it as DER.
//! * [`message`] is the pkiMessage: [`message::SignedMessage`] is decoded,
//!   [`message::VerifiedMessage`] had its signature checked.
//! * [`client`] and [`server`] are the two sides of a transaction, as state machines.
//! * [`http`] maps operations to requests and responses (RFC 8894 §4).
//! * [`inspect`] explains one message to a human being.
//!
//! Time and randomness are always arguments, so that a run can be repeated.
//!
//! This crate has no relation to other software that calls a part of itself "scep-core".
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod asn1;
pub mod ca_certificates;
pub mod capabilities;
pub mod client;
pub mod cms;
pub mod crypto;
pub mod deviation;
pub mod error;
pub mod http;
pub mod inspect;
pub mod limits;
pub mod message;
pub mod next_ca_certificates;
pub mod oid;
pub mod policy;
#[cfg(feature = "serde")]
mod serde_base64;
pub mod server;
pub mod time;
pub mod x509;

pub use error::{Error, Result};
pub use time::UnixTime;
