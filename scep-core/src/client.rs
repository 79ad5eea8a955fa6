//! The client's side of a transaction, without I/O.
//!
//! [`Enrollment::next`] says what to do, the caller does it, [`Enrollment::on_response`] takes the
//! answer; and so on until it is [`Next::Issued`] or [`Next::Refused`].

mod enrollment;
mod exchange;
mod params;
mod pending;
mod reply;

pub use enrollment::Enrollment;
pub use exchange::{Method, Next, Request, Response};
pub use params::{CaTrust, EnrollmentParams, MethodChoice, RetryPolicy};
pub use pending::PendingTransaction;
pub use reply::{Issued, Refusal};
