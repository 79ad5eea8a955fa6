//! How an enrollment behaves, apart from what it asks for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scep_failures::observation::Observation;

use super::{Event, NetworkRetry, PendingState};
use crate::Result;
use crate::random::SharedRandom;

/// Stores the state of a request.
pub type Keep = Arc<dyn Fn(&PendingState) -> Result<()> + Send + Sync>;

/// Bounds, patience and listeners of an enrollment.
#[derive(Clone)]
#[non_exhaustive]
pub struct EnrollOptions {
    /// Bound on GetCACaps and GetCACert.
    pub timeout: Duration,
    /// Bound on a PKIOperation: a CA may be slow.
    pub pki_operation_timeout: Duration,
    /// Longest body that is read, in octets.
    pub max_body: usize,
    /// How long to poll a pending request before giving it back as pending. Zero: not at all.
    pub wait: Duration,
    /// What to do when the network fails.
    pub retry: NetworkRetry,
    /// Whether a server that lists POST, but answers it with 405, 501 or nothing at all, is sent the
    /// same message by GET.
    pub get_fallback: bool,
    /// Whether an https server needs a chain that is trusted. SCEP protects its messages itself,
    /// so the CA's pin decides, not TLS; but an untrusted chain shows that something is wrong.
    pub require_trusted_tls: bool,
    /// Is given the state to keep, before the request is sent and each time that it is pending. Whoever
    /// stores it loses nothing if the program or the network ends before the answer is here:
    /// [`poll`](super::poll) goes on from it. An error ends the enrollment, before anything is asked for.
    pub keep: Keep,
    /// Randomness.
    pub random: SharedRandom,
    /// Is told of every step.
    pub progress: Arc<dyn Fn(&Event<'_>) + Send + Sync>,
    /// Is told of every observation.
    pub watch: Arc<dyn Fn(&Observation) + Send + Sync>,
}

impl Default for EnrollOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            pki_operation_timeout: Duration::from_secs(90),
            max_body: 1 << 20,
            wait: Duration::ZERO,
            retry: NetworkRetry::default(),
            get_fallback: true,
            require_trusted_tls: true,
            keep: Arc::new(|_| Ok(())),
            random: SharedRandom::default(),
            progress: Arc::new(|_| ()),
            watch: Arc::new(|_| ()),
        }
    }
}

impl fmt::Debug for EnrollOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollOptions")
            .field("timeout", &self.timeout)
            .field("pki_operation_timeout", &self.pki_operation_timeout)
            .field("wait", &self.wait)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
