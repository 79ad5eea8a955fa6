//! What an enrollment tells while it runs.

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::ca_certificates::CaRoles;
use scep_core::capabilities::Capabilities;
use scep_core::client::{Issued, Method, Refusal};
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::message::TransactionId;

/// A step of an enrollment. `n` is the number of the observation that it was made from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// GetCACaps was answered.
    Capabilities {
        /// Number of the observation.
        n: u32,
        /// What the server says it can do.
        capabilities: &'a Capabilities,
        /// GET or POST, as it will be used.
        method: Method,
        /// Digest and cipher that will be used; `None` if the policy forbids all that is offered.
        algorithms: Option<(DigestAlgorithm, ContentCipher)>,
    },
    /// GetCACert was answered, and the CA is the one that is trusted.
    CaCertificates {
        /// Number of the observation.
        n: u32,
        /// Who does what at the CA.
        roles: &'a CaRoles,
    },
    /// The request is pending.
    Pending {
        /// Number of the observation.
        n: u32,
        /// The transaction.
        transaction_id: &'a TransactionId,
        /// When it is asked for next.
        next_poll: UnixTime,
    },
    /// A certificate was issued.
    Issued {
        /// Number of the observation.
        n: u32,
        /// The certificate.
        issued: &'a Issued,
    },
    /// The server refused.
    Refused {
        /// Number of the observation.
        n: u32,
        /// Why.
        refusal: &'a Refusal,
    },
    /// A server that lists POST does not take it, and is asked by GET.
    GetInstead {
        /// Number of the observation.
        n: u32,
    },
    /// An exchange failed in a way that may pass, and is repeated.
    Retrying {
        /// Number of the observation.
        n: u32,
        /// Time until then.
        after: Duration,
    },
}
