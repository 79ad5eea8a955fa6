//! The client's side of a transaction, without I/O.
//!
//! | transaction | messages (RFC 8894) | ends as |
//! |---|---|---|
//! | [`Enrollment`] | PKCSReq or RenewalReq, then CertPolls (sections 2.5 and 4.3) | [`Next::Issued`], [`Next::Refused`] or [`Next::GaveUp`] |
//! | [`Query`] | GetCert or GetCRL (sections 4.5 and 4.6) | [`Step::Done`] or [`Step::Refused`] |
//! | [`Rollover`] | GetNextCACert (section 4.7) | [`Step::Done`] |
//!
//! Each asks GetCACaps and GetCACert first. `next` says what to do, the caller does it,
//! `on_response` takes the answer; and so on until the end. After an error nothing is lost: `next`
//! gives the same request again.

mod algorithms;
mod ca;
mod enrollment;
mod exchange;
mod first_message;
mod found;
mod issued;
mod operation;
mod params;
mod password;
mod pending;
mod query;
mod refusal;
mod renewal;
mod reply;
mod retry;
mod rollover;
mod server_params;
mod session;
mod signer;
mod transaction_id;

pub use enrollment::Enrollment;
pub use exchange::{Method, Next, Request, Response, Step};
pub use found::{Answer, Found};
pub use issued::Issued;
pub use params::EnrollmentParams;
pub use pending::{PendingRenewal, PendingTransaction};
pub use query::{Query, QueryParams, Wanted};
pub use refusal::Refusal;
pub use renewal::{Renewal, RenewalStyle};
pub use retry::RetryPolicy;
pub use rollover::{NextCa, Rollover};
pub use server_params::{CaTrust, MethodChoice, ServerParams};
pub use signer::Signer;
pub use transaction_id::TransactionIdChoice;
