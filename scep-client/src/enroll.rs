//! Gets a certificate: GetCACaps, GetCACert, PKCSReq, and CertPoll while the request is pending.
//!
//! [`enroll`] begins; if it ends as [`Outcome::Pending`], save the [`PendingState`] and [`poll`]
//! later. Success and failure both carry the [`Observations`] of every exchange, so that a failure
//! can be diagnosed from what was seen already.

mod drive;
mod event;
mod options;
mod pending;
mod retry;

use std::sync::Arc;

use scep_core::client::{Enrollment, EnrollmentParams, Issued, MethodChoice, Refusal};
use scep_core::crypto::CryptoProvider;
use scep_core::policy::AlgorithmPolicy;
use scep_failures::Level;
use scep_failures::observation::Observations;

use crate::network::Network;
use crate::observer::Observer;
use crate::{Error, redact};

pub(crate) use drive::{Claims, Driver, Known, Step, refused_by_http};
pub use event::Event;
pub use options::{EnrollOptions, Keep};
pub use pending::{PendingKeys, PendingState};
pub use retry::NetworkRetry;

/// How an enrollment went, and what was seen on the way.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enrolled {
    /// The server's decision.
    pub outcome: Outcome,
    /// Every exchange that was made.
    pub observations: Observations,
}

/// What the server decided.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Here is the certificate.
    Issued(Box<Issued>),
    /// Somebody has to approve: save this, and [`poll`] later.
    Pending(Box<PendingState>),
    /// No; for the reasons given.
    Refused(Box<Refusal>),
}

/// An enrollment that came to no decision, and what was seen until then.
#[derive(Debug, thiserror::Error)]
#[error("the enrollment came to no decision")]
#[non_exhaustive]
pub struct Failed {
    /// What went wrong.
    #[source]
    pub error: Error,
    /// Every exchange that was made.
    pub observations: Observations,
    /// The request, if it was pending when the error came, or if nobody knows whether the server took
    /// it: it can still be polled.
    pub pending: Option<Box<PendingState>>,
}

/// Enrolls: asks for a certificate and waits for it as long as `options` say.
///
/// # Example: a certificate for a printer
///
/// ```no_run
/// use scep_client::enroll::{EnrollOptions, Outcome, enroll};
/// use scep_client::net::{HyperNetwork, TrustStore};
/// use scep_core::client::{CaTrust, EnrollmentParams};
/// use scep_core::crypto::{KeyType, SystemRandom, default_provider};
/// use scep_core::message::ChallengePassword;
/// use scep_core::x509::Name;
///
/// # async fn example(ca_fingerprint: [u8; 32], challenge: String) -> Result<(), Box<dyn std::error::Error>> {
/// let provider = default_provider();
/// let pkcs8 = provider.generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)?;
/// let key = provider.load_private_key(&pkcs8)?;
/// let mut params = EnrollmentParams::new(
///     "https://ndes.example/certsrv/mscep/mscep.dll",
///     CaTrust::Sha256(ca_fingerprint),
///     key,
///     Name::from_rfc4514("CN=printer-01")?,
/// );
/// params.challenge = Some(ChallengePassword::new(challenge));
/// let network = HyperNetwork::new(TrustStore::system());
/// let done = enroll(&network, provider, params, &EnrollOptions::default()).await?;
/// match done.outcome {
///     Outcome::Issued(issued) => println!("{}", issued.certificate.to_pem()),
///     Outcome::Pending(state) => state.save("printer-01.pending.json".as_ref())?,
///     Outcome::Refused(refusal) => println!("refused: {:?}", refusal.fail_info),
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Failed`] if the server could not be reached, its answers are no good, or this side cannot do
/// what was asked. That the server refused is no error: see [`Outcome::Refused`].
pub async fn enroll(
    network: &dyn Network,
    provider: Arc<dyn CryptoProvider>,
    mut params: EnrollmentParams,
    options: &EnrollOptions,
) -> Result<Enrolled, Failed> {
    params.server.url = redact::url(&params.server.url, false);
    let observer = observer(network, &params.server.url, options);
    let method = params.server.method;
    run(observer, Enrollment::new(provider, params), method, options).await
}

/// Asks for a request that was pending, with the key that signed it, and waits as long as `options`
/// say.
///
/// # Errors
/// As [`enroll`]; also if `key` is another one, or the state is damaged.
pub async fn poll(
    network: &dyn Network,
    provider: Arc<dyn CryptoProvider>,
    pending: &PendingState,
    keys: impl Into<PendingKeys>,
    policy: AlgorithmPolicy,
    options: &EnrollOptions,
) -> Result<Enrolled, Failed> {
    let observer = observer(network, &pending.transaction.url, options);
    let resumed = pending
        .params(keys.into(), policy)
        .and_then(|params| Enrollment::resume(provider, params, &pending.transaction))
        .map_err(|e| Error::scep("resuming the pending request", e));
    match resumed {
        Ok(enrollment) => run(observer, enrollment, pending.method, options).await,
        Err(error) => Err(Failed {
            error,
            observations: observer.into_observations(),
            pending: Some(Box::new(pending.clone())),
        }),
    }
}

fn observer<'a>(network: &'a dyn Network, url: &str, options: &'a EnrollOptions) -> Observer<'a> {
    Observer::new(network, url, Level::Enroll, &*options.watch)
}

async fn run(
    mut observer: Observer<'_>,
    enrollment: Enrollment,
    method: MethodChoice,
    options: &EnrollOptions,
) -> Result<Enrolled, Failed> {
    let mut driver = Driver::new(&mut observer, enrollment, method, options);
    let result = driver.run().await;
    let pending = driver.pending();
    let observations = observer.into_observations();
    match result {
        Ok(outcome) => Ok(Enrolled {
            outcome,
            observations,
        }),
        Err(error) => Err(Failed {
            error,
            observations,
            pending,
        }),
    }
}
