//! One failure mode, one view: arm, look, diagnose.

use std::sync::{Arc, Mutex, PoisonError};

use scep_client::diagnose::{DiagnoseOptions, EnrollProbe, diagnose};
use scep_client::memory::MemoryStore;
use scep_core::UnixTime;
use scep_core::client::{CaTrust, MethodChoice};
use scep_core::crypto::{CryptoProvider, PrivateKey, default_provider};
use scep_core::x509::Name;
use scep_failures::catalogue::{Level, View, Visibility};
use scep_failures::observation::{Memory, Observations};
use scep_failures::{Catalogue, Diagnosis};
use scep_server_mock::challenge::ChallengeKind;
use scep_server_mock::{MockNdes, Simulation};

use crate::loopback::{Loopback, base64_text};

/// When every simulation begins: 2026-11-25T12:00:00Z.
pub const START: UnixTime = UnixTime(1_795_608_000);

/// A failure of the loop itself, which is no result.
pub type LoopError = Box<dyn std::error::Error + Send + Sync>;

/// The views that symptoms are declared for, in the order of [`Visibility`].
pub const VIEWS: [(Visibility, View); 5] = [
    (
        Visibility::Passive,
        View {
            level: Level::Passive,
            memory: false,
            logs: false,
        },
    ),
    (
        Visibility::Request,
        View {
            level: Level::Request,
            memory: false,
            logs: false,
        },
    ),
    (
        Visibility::Enroll,
        View {
            level: Level::Enroll,
            memory: false,
            logs: false,
        },
    ),
    (
        Visibility::Memory,
        View {
            level: Level::Passive,
            memory: true,
            logs: false,
        },
    ),
    (
        Visibility::Logs,
        View {
            level: Level::Enroll,
            memory: true,
            logs: true,
        },
    ),
];

/// What one look gave.
#[derive(Debug)]
pub struct Look {
    /// What was seen.
    pub observations: Observations,
    /// What it means.
    pub diagnosis: Diagnosis,
    /// HTTP requests that arrived, by the other end's count.
    pub requests: usize,
    /// Certificates that were issued while looking, by the other end's count.
    pub issued: usize,
}

/// Brings a fresh deployment into failure modes and looks at it.
///
/// # Errors
/// If the mode cannot be armed or the client cannot work; what the deployment does is no error.
pub async fn look(
    catalogue: &Catalogue,
    failures: &[&str],
    view: View,
    profile: Option<&str>,
) -> Result<Look, LoopError> {
    let mut builder = MockNdes::builder().with_seed(1);
    for failure in failures {
        builder = builder.with_failure(*failure);
    }
    if let Some(profile) = profile {
        builder = builder.with_profile(profile);
    }
    let network = Loopback::new(builder.in_memory(START)?)?;
    look_at(&network, catalogue, view).await
}

/// Looks at a simulation as it is now.
///
/// # Errors
/// As [`look`].
pub async fn look_at(
    network: &Loopback,
    catalogue: &Catalogue,
    view: View,
) -> Result<Look, LoopError> {
    let provider = default_provider();
    let mut options = DiagnoseOptions::default();
    options.level = view.level;
    options.key = Some(probe_key(provider.as_ref())?);
    if view.memory {
        options.memory = Some(Arc::new(Remembered::of(network)));
    }
    if view.level == Level::Enroll {
        options.enroll = Some(enroll_probe(network)?);
    }
    let host = network.host();
    let issued = || host.with(|s| s.deployment().issued().len());
    let requests = || host.with(|s| s.deployment().journal().count());
    let (issued_before, requests_before) = (issued(), requests());
    let url = host.scep_url();
    let report = diagnose(network, Arc::clone(&provider), catalogue, &url, &options).await?;
    let (mut observations, mut diagnosis) = (report.observations, report.diagnosis);
    if view.logs {
        // what an administrator exports afterwards
        observations.logs = host.log_records();
        let footprint = diagnosis.footprint;
        diagnosis = scep_failures::classify(catalogue, &observations);
        diagnosis.footprint = footprint;
    }
    Ok(Look {
        observations,
        diagnosis,
        requests: requests() - requests_before,
        issued: issued() - issued_before,
    })
}

/// The enrollment that the scenario's client would make.
fn enroll_probe(network: &Loopback) -> Result<EnrollProbe, LoopError> {
    let host = network.host();
    let [root, _] = host.with(|s| s.deployment().ca_certificates());
    let mut probe = EnrollProbe::new(
        Name::from_rfc4514("CN=closed-loop-device")?,
        CaTrust::Certificate(Box::new(root)),
    );
    let kind = host.with(Simulation::challenge_kind);
    // that no password is to be had is the deployment's failure, which the probes will see
    probe.challenge = host.issue_challenge().unwrap_or_default();
    probe.challenge_obtained = match kind {
        ChallengeKind::Expired => Some(host.now().minus(EXPIRED_AGE)),
        _ => Some(host.now()),
    };
    probe.challenge_is_wrong = kind == ChallengeKind::Wrong;
    probe.method = match host.with(|s| s.persona().method.clone()).as_deref() {
        Some("GET") => MethodChoice::Get,
        Some("POST") => MethodChoice::Post,
        _ => MethodChoice::ByCapabilities,
    };
    probe.require_trusted_tls = false;
    Ok(probe)
}

/// Age of a password that is past the usual validity of one hour.
const EXPIRED_AGE: std::time::Duration = std::time::Duration::from_secs(61 * 60);

/// A fixed key: making one for each of hundreds of looks would take minutes.
fn probe_key(provider: &dyn CryptoProvider) -> Result<Arc<dyn PrivateKey>, LoopError> {
    Ok(provider.load_private_key(include_bytes!("../keys/probe.der"))?)
}

/// A memory that holds what the deployment served while it was well.
struct Remembered(Mutex<Option<Memory>>);

impl Remembered {
    fn of(network: &Loopback) -> Self {
        let good = network.host().with(|s| s.deployment().last_good());
        Self(Mutex::new(Some(Memory {
            taken: START.0,
            ca_certificates: base64_text(&good.ca_certificates),
            capabilities: good.capabilities,
        })))
    }
}

impl MemoryStore for Remembered {
    fn load(&self, _url: &str) -> scep_client::Result<Option<Memory>> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    fn save(&self, _url: &str, memory: &Memory) -> scep_client::Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(memory.clone());
        Ok(())
    }
}
