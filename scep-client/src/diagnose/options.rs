//! How far a diagnosis goes, and how patient it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::client::{CaTrust, MethodChoice, Renewal};
use scep_core::crypto::PrivateKey;
use scep_core::message::{ChallengePassword, TransactionId};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Extension, Name};
use scep_failures::Level;
use scep_failures::observation::{LogRecord, Observation, Purpose};

use crate::memory::MemoryStore;
use crate::network::HttpRequest;
use crate::random::SharedRandom;

/// What a diagnosis may do, and its bounds.
#[derive(Clone)]
#[non_exhaustive]
pub struct DiagnoseOptions {
    /// How far the probes may go: [`Level::Passive`], [`Level::Request`] or [`Level::Enroll`].
    pub level: Level,
    /// Bounds in time.
    pub timeouts: Timeouts,
    /// CA identifier, sent as `message=` of GetCACaps and GetCACert.
    pub ca_identifier: Option<String>,
    /// Addresses of the host that are looked at, at most.
    pub max_addresses: usize,
    /// How often GetCACert is asked, at least: nodes behind one address may differ.
    pub ca_certificate_asks: usize,
    /// Lengths of path and query with which long URLs are tried, in octets, ascending.
    pub url_lengths: Vec<usize>,
    /// Length of the long POST in octets; `None` leaves it out.
    pub long_post: Option<usize>,
    /// Longest body that is read, in octets.
    pub max_body: usize,
    /// Longest CRL that is read, in octets.
    pub max_crl: usize,
    /// Key of the requests that are sent; by default one that is made when it is needed.
    pub key: Option<Arc<dyn PrivateKey>>,
    /// Subject of the requests that carry a wrong challenge password.
    pub subject: Name,
    /// The real enrollment, for [`Level::Enroll`].
    pub enroll: Option<EnrollProbe>,
    /// Where the last healthy look is kept.
    pub memory: Option<Arc<dyn MemoryStore>>,
    /// Lines of server logs, which go into the observations.
    pub logs: Vec<LogRecord>,
    /// Randomness.
    pub random: SharedRandom,
    /// Changes HTTP requests before they are sent: for tests that play a client with a fault.
    pub tamper: Option<Tamper>,
    /// Is told of every observation when it has been made.
    pub watch: Arc<dyn Fn(&Observation) + Send + Sync>,
}

/// Changes a request that is made for a purpose.
pub type Tamper = Arc<dyn Fn(Purpose, &mut HttpRequest) + Send + Sync>;

/// Bounds in time, one for each kind of probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name resolution.
    pub resolve: Duration,
    /// A TCP connection.
    pub connect: Duration,
    /// A TLS handshake, connection included.
    pub tls: Duration,
    /// An HTTP exchange.
    pub http: Duration,
    /// A PKIOperation: the application proxy alone waits 85 seconds for a slow NDES.
    pub pki_operation: Duration,
}

impl Default for Timeouts {
    /// 10 seconds to resolve and to connect (what drops packets is told from what is slow by then), 30 for
    /// an answer, 90 for that to a PKIOperation.
    fn default() -> Self {
        let usual = Duration::from_secs(30);
        let short = Duration::from_secs(10);
        Self {
            resolve: short,
            connect: short,
            tls: usual,
            http: usual,
            pki_operation: Duration::from_secs(90),
        }
    }
}

/// What the real enrollment of a diagnosis asks for.
#[derive(Clone)]
#[non_exhaustive]
pub struct EnrollProbe {
    /// Subject to ask for.
    pub subject: Name,
    /// How the CA is recognised. The challenge password is encrypted to whoever that is.
    pub trust: CaTrust,
    /// Challenge password; `None` sends none.
    pub challenge: Option<ChallengePassword>,
    /// When the challenge password was handed out, if that is known.
    pub challenge_obtained: Option<UnixTime>,
    /// Whether it is known to be wrong.
    pub challenge_is_wrong: bool,
    /// Extensions to ask for.
    pub extensions: Vec<Extension>,
    /// Key to certify; by default that of [`DiagnoseOptions::key`].
    pub key: Option<Arc<dyn PrivateKey>>,
    /// The certificate that is to be renewed; by default the enrollment is a first one.
    pub renewal: Option<Renewal>,
    /// Body of a GetCACert response to go by, in place of what the server answers now.
    pub ca_certificates: Option<Vec<u8>>,
    /// Body of a GetCACaps response to go by, in place of what the server answers now.
    pub capabilities: Option<String>,
    /// transactionID; by default the hash of the key.
    pub transaction_id: Option<TransactionId>,
    /// Algorithms to send and to accept.
    pub policy: AlgorithmPolicy,
    /// GET or POST.
    pub method: MethodChoice,
    /// Whether an https server needs a chain that is trusted.
    pub require_trusted_tls: bool,
}

impl EnrollProbe {
    /// An enrollment for `subject` at the CA that `trust` names, without a challenge password.
    #[must_use]
    pub fn new(subject: Name, trust: CaTrust) -> Self {
        Self {
            subject,
            trust,
            challenge: None,
            challenge_obtained: None,
            challenge_is_wrong: false,
            extensions: Vec::new(),
            key: None,
            renewal: None,
            ca_certificates: None,
            capabilities: None,
            transaction_id: None,
            policy: super::POLICY,
            method: MethodChoice::ByCapabilities,
            require_trusted_tls: true,
        }
    }
}

impl Default for DiagnoseOptions {
    fn default() -> Self {
        Self {
            level: Level::Passive,
            timeouts: Timeouts::default(),
            ca_identifier: None,
            max_addresses: 8,
            ca_certificate_asks: 3,
            url_lengths: vec![1900, 2200, 5500, 17_000],
            long_post: Some(64 << 10),
            max_body: 1 << 20,
            max_crl: 16 << 20,
            key: None,
            subject: Name::from_rfc4514("CN=scep-diagnose").unwrap_or_else(|_| Name::empty()),
            enroll: None,
            memory: None,
            logs: Vec::new(),
            random: SharedRandom::default(),
            tamper: None,
            watch: Arc::new(|_| ()),
        }
    }
}

impl fmt::Debug for DiagnoseOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiagnoseOptions")
            .field("level", &self.level)
            .field("timeouts", &self.timeouts)
            .field("ca_identifier", &self.ca_identifier)
            .field("enroll", &self.enroll)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EnrollProbe {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollProbe")
            .field("subject", &self.subject)
            .field("trust", &self.trust)
            .field("has_challenge", &self.challenge.is_some())
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
