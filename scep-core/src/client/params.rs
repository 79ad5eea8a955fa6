//! What an enrollment is told beforehand.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{CaTrust, Renewal, RetryPolicy, ServerParams, Signer, TransactionIdChoice};
use crate::crypto::PrivateKey;
use crate::message::ChallengePassword;
use crate::next_ca_certificates::NextCaCertificates;
use crate::x509::{Extension, Name};

/// Everything an enrollment is told beforehand.
#[derive(Clone)]
pub struct EnrollmentParams {
    /// The server, and how its CA is recognised.
    pub server: ServerParams,
    /// The key that is to be certified; it signs the request too, unless this is a renewal.
    pub key: Arc<dyn PrivateKey>,
    /// The caller's name for that key, kept in [`PendingTransaction`](super::PendingTransaction).
    pub key_label: Option<String>,
    /// Subject to ask for.
    pub subject: Name,
    /// The CA that is to issue, if it is not the current one but the one to follow it: requests are
    /// then encrypted to it (RFC 8894 section 5.1). The certificate has to wait until the next CA is
    /// valid.
    pub next_ca: Option<NextCaCertificates>,
    /// The certificate that is to be renewed, if there is one.
    pub renewal: Option<Renewal>,
    /// The self-signed certificate to sign a first request with, if there is one already; by default one
    /// is made. It has to be for [`key`](Self::key), and its subject should be the one asked for.
    pub self_signed: Option<Signer>,
    /// Challenge password. A request that is signed by a key that cannot decrypt needs one, and so
    /// does a CA with such a key: messages to them are encrypted with it (RFC 8894 section 3.1).
    pub challenge: Option<ChallengePassword>,
    /// Extensions to ask for.
    pub extensions: Vec<Extension>,
    /// transactionID; by default a random one.
    pub transaction_id: TransactionIdChoice,
    /// When to ask for a pending request, and for how long.
    pub retry: RetryPolicy,
}

impl EnrollmentParams {
    /// Parameters with the defaults: RFC 8894 algorithms, method by capabilities, poll every minute.
    #[must_use]
    pub fn new(
        url: impl Into<String>,
        trust: CaTrust,
        key: Arc<dyn PrivateKey>,
        subject: Name,
    ) -> Self {
        Self {
            server: ServerParams::new(url, trust),
            key,
            key_label: None,
            subject,
            next_ca: None,
            renewal: None,
            self_signed: None,
            challenge: None,
            extensions: Vec::new(),
            transaction_id: TransactionIdChoice::default(),
            retry: RetryPolicy::default(),
        }
    }
}

impl core::fmt::Debug for EnrollmentParams {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EnrollmentParams")
            .field("url", &self.server.url)
            .field("subject", &self.subject)
            .field("renewal", &self.renewal)
            .field("has_challenge", &self.challenge.is_some())
            .field("policy", &self.server.policy.name)
            .finish_non_exhaustive()
    }
}
