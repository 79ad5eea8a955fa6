//! The server's side of a transaction, without I/O.
//!
//! [`Responder`] understands requests and builds replies; an [`Authority`] decides, issues and
//! remembers. The mock is one authority; a real CA is another.

mod authority;
mod reply;
mod responder;
mod style;
mod transaction;
mod transactions;

pub use authority::{Authority, Decision, EnrollmentKind, EnrollmentRequest, PollRequest, Refusal};
pub use reply::{Rejection, RejectionStage, Reply};
pub use responder::{Responder, ResponderConfig};
pub use style::{DigestChoice, ReplyStyle, SenderNonceStyle};
#[cfg(feature = "std")]
pub use transactions::InMemoryTransactions;
pub use transactions::{
    Begin, IssuedEntry, PendingEntry, RequestDigest, TransactionKey, Transactions,
};
