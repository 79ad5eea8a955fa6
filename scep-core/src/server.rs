//! The server's side of a transaction, without I/O.
//!
//! [`Responder`] understands requests and builds replies; an [`Authority`] decides, issues and
//! remembers. The mock is one authority; a real CA is another.

mod advertise;
mod asked;
mod authority;
#[cfg(feature = "std")]
mod challenge_passwords;
mod compose;
mod reply;
mod responder;
mod service;
mod standing;
mod style;
mod transaction;
mod transactions;

pub use authority::{
    Authority, Authorization, Decision, EnrollmentKind, EnrollmentRequest, PollRequest, Refusal,
};
#[cfg(feature = "std")]
pub use challenge_passwords::{ChallengePasswords, Redeemed};
pub use reply::{Rejection, RejectionStage, Reply};
pub use responder::{Responder, ResponderConfig};
pub use service::{HttpReply, Service};
pub use standing::SignerStanding;
pub use style::{
    CipherChoice, DigestChoice, Echo, KeyTransportChoice, ReplyStyle, SenderNonceStyle,
};
#[cfg(feature = "std")]
pub use transactions::InMemoryTransactions;
pub use transactions::{
    Begin, IssuedEntry, PendingEntry, RequestDigest, TransactionKey, Transactions,
};
