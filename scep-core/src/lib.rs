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
//! # Decode a message
//!
//! ```
//! # #[cfg(all(feature = "std", any(feature = "rustcrypto", feature = "aws-lc-rs")))]
//! # fn main() -> scep_core::Result<()> {
//! use scep_core::{limits::Limits, message::SignedMessage, policy::AlgorithmPolicy};
//!
//! let octets = include_bytes!("../tests/golden/pkcsreq.der");
//! let message = SignedMessage::decode(octets, &Limits::DEFAULT)?;
//! let attributes = message.attributes();
//! println!("{} in transaction {}", attributes.message_type, attributes.transaction_id);
//!
//! let provider = scep_core::crypto::default_provider();
//! let verified = message.verify(provider.as_ref(), &AlgorithmPolicy::RFC8894, &[])?;
//! println!("signed by {}", verified.signer().subject());
//! # assert_eq!(verified.signer().subject().to_string(), "CN=device-1,O=Acme");
//! # Ok(()) }
//! # #[cfg(not(all(feature = "std", any(feature = "rustcrypto", feature = "aws-lc-rs"))))]
//! # fn main() {}
//! ```
//!
//! # Enroll
//!
//! The transaction says what to send; sending it is yours. `scep-client` does it over hyper.
//!
//! ```
//! # #[cfg(all(feature = "std", any(feature = "rustcrypto", feature = "aws-lc-rs")))]
//! # mod example {
//! use scep_core::client::{Enrollment, EnrollmentParams, Next, Request, Response};
//! use scep_core::crypto::{SystemRandom, default_provider};
//! use scep_core::{Error, Result, UnixTime, x509::Certificate};
//!
//! fn enroll(
//!     params: EnrollmentParams, // URL, how the CA is recognised, key, subject, challenge password
//!     send: impl Fn(&Request) -> (u16, Vec<u8>),
//! ) -> Result<Certificate> {
//!     let mut enrollment = Enrollment::new(default_provider(), params);
//!     loop {
//!         match enrollment.next(UnixTime::now(), &mut SystemRandom)? {
//!             Next::Send(request) => {
//!                 let (status, body) = send(&request);
//!                 let response = Response { status, content_type: None, body: &body };
//!                 enrollment.on_response(&response, UnixTime::now(), &mut SystemRandom)?;
//!             }
//!             Next::Issued(issued) => return Ok(issued.certificate),
//!             Next::Refused(refusal) => return Err(Error::from(*refusal)),
//!             Next::WaitUntil(_) | Next::GaveUp(_) => {
//!                 return Err(Error::Misuse("pending: keep enrollment.pending() and ask again".into()));
//!             }
//!         }
//!     }
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! # Answer
//!
//! A CA implements [`server::Authority`]; [`server::Service`] does the rest, from the HTTP request to
//! the HTTP response. The example `responder` is a whole server in some hundred lines.
//!
//! # Examples
//!
//! Whole programs are in the repository's `examples/`, one concern each: `decode_message`, `responder`, `key_elsewhere`
//! (a key in an HSM); `cargo run --example NAME` runs one.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `std` (default) | clock and random generator of the operating system, in-memory stores |
//! | `rustcrypto` (default) | the pure-Rust provider |
//! | `aws-lc-rs` | the provider on AWS-LC: several times faster, needs a C compiler |
//! | `serde` | [`client::PendingTransaction`] can be stored |
//!
//! Without default features the crate needs `core` and `alloc` only, and with `rustcrypto` still
//! nothing of `std`. The program `no-std/` beside it shows that: it reads and verifies a message
//! under a panic handler of its own, and would not link if anything in the tree brought `std`.
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
pub mod pbes2;
pub mod pkcs12;
pub mod policy;
#[cfg(feature = "serde")]
mod serde_base64;
pub mod server;
pub mod time;
pub mod x509;

pub use error::{Error, Result};
pub use time::UnixTime;
