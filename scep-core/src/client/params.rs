//! What an enrollment is told beforehand.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{CaTrust, RetryPolicy, ServerParams};
use crate::crypto::PrivateKey;
use crate::message::{ChallengePassword, TransactionId};
use crate::x509::{Extension, Name};

/// Everything an enrollment is told beforehand.
#[derive(Clone)]
pub struct EnrollmentParams {
    /// The server, and how its CA is recognised.
    pub server: ServerParams,
    /// The key that is to be certified; it signs the request too.
    pub key: Arc<dyn PrivateKey>,
    /// Subject to ask for.
    pub subject: Name,
    /// Challenge password.
    pub challenge: Option<ChallengePassword>,
    /// Extensions to ask for.
    pub extensions: Vec<Extension>,
    /// transactionID; by default the hash of the key.
    pub transaction_id: Option<TransactionId>,
    /// When to ask for a pending request.
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
            subject,
            challenge: None,
            extensions: Vec::new(),
            transaction_id: None,
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
            .field("has_challenge", &self.challenge.is_some())
            .field("policy", &self.server.policy.name)
            .finish_non_exhaustive()
    }
}
