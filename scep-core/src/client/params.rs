//! What an enrollment is told beforehand.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::crypto::PrivateKey;
use crate::limits::Limits;
use crate::message::{ChallengePassword, TransactionId};
use crate::policy::AlgorithmPolicy;
use crate::x509::{Certificate, Extension, Name};

/// Everything an enrollment is told beforehand.
#[derive(Clone)]
pub struct EnrollmentParams {
    /// The SCEP URL without query.
    pub url: String,
    /// CA identifier, sent as `message=` of GetCACert and GetCACaps.
    pub ca_identifier: Option<String>,
    /// How the CA is recognised.
    pub trust: CaTrust,
    /// The key that is to be certified; it signs the request too.
    pub key: Arc<dyn PrivateKey>,
    /// Subject to ask for.
    pub subject: Name,
    /// Challenge password.
    pub challenge: Option<ChallengePassword>,
    /// Extensions to ask for.
    pub extensions: Vec<Extension>,
    /// Algorithms to send and to accept.
    pub policy: AlgorithmPolicy,
    /// transactionID; by default the hash of the key.
    pub transaction_id: Option<TransactionId>,
    /// When to ask for a pending request.
    pub retry: RetryPolicy,
    /// GET or POST for PKIOperation.
    pub method: MethodChoice,
    /// Bounds on what is read.
    pub limits: Limits,
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
            url: url.into(),
            ca_identifier: None,
            trust,
            key,
            subject,
            challenge: None,
            extensions: Vec::new(),
            policy: AlgorithmPolicy::RFC8894,
            transaction_id: None,
            retry: RetryPolicy::default(),
            method: MethodChoice::default(),
            limits: Limits::DEFAULT,
        }
    }
}

impl core::fmt::Debug for EnrollmentParams {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EnrollmentParams")
            .field("url", &self.url)
            .field("subject", &self.subject)
            .field("has_challenge", &self.challenge.is_some())
            .field("policy", &self.policy.name)
            .finish_non_exhaustive()
    }
}

/// How the CA is recognised (RFC 8894 section 2.2).
#[derive(Clone, Debug)]
pub enum CaTrust {
    /// SHA-256 fingerprint of the certificate of the CA: the root, or the issuing CA.
    Sha256([u8; 32]),
    /// The CA's certificate itself.
    Certificate(Box<Certificate>),
    /// Whatever the server presents first: open to anyone in the middle.
    FirstSeen,
}

/// GET or POST for PKIOperation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MethodChoice {
    /// POST if the server says `POSTPKIOperation` (or `SCEPStandard`), else GET.
    #[default]
    ByCapabilities,
    /// Always GET.
    Get,
    /// Always POST.
    Post,
}

/// When a pending request is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Time to the first poll.
    pub first: Duration,
    /// Factor for each further interval, in percent (100: always the same).
    pub growth_percent: u32,
    /// Longest interval.
    pub longest: Duration,
}

impl RetryPolicy {
    /// The interval before poll number `n`, from 0.
    #[must_use]
    pub fn interval(&self, n: u32) -> Duration {
        let mut interval = self.first;
        for _ in 0..n {
            if interval >= self.longest {
                return self.longest;
            }
            interval = interval.saturating_mul(self.growth_percent) / 100;
        }
        interval.min(self.longest)
    }
}

impl Default for RetryPolicy {
    /// One minute, growing by half, at most one hour.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            growth_percent: 150,
            longest: Duration::from_secs(3600),
        }
    }
}
