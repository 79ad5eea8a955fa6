//! One failure mode, one view: arm, look, diagnose.

use std::sync::{Arc, Mutex, PoisonError};

use scep_client::Network;
use scep_client::diagnose::{DiagnoseOptions, diagnose};
use scep_client::memory::MemoryStore;
use scep_client::random::SharedRandom;
use scep_client::server_log;
use scep_core::UnixTime;
use scep_core::crypto::{CryptoProvider, PrivateKey, RandomSource, default_provider};
use scep_failures::catalogue::{Level, View, Visibility};
use scep_failures::observation::{LogRecord, Memory, Observations};
use scep_failures::{Catalogue, Diagnosis};
use scep_server_mock::{History, MemoryHost, MockNdes};

use crate::loopback::Loopback;
use crate::noise::{Noise, Noisy};
use crate::scenario_client;

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
/// With `view.memory`, somebody looked before the damage: the same history is played up to its first
/// start, and what a diagnosis then saw is remembered.
///
/// # Errors
/// If the mode cannot be armed or the client cannot work; what the deployment does is no error.
pub async fn look(
    catalogue: &Catalogue,
    failures: &[&str],
    view: View,
    profile: Option<&str>,
) -> Result<Look, LoopError> {
    let (network, memory) = prepared(catalogue, failures, view, profile).await?;
    look_with(&network, &network, catalogue, view, memory).await
}

/// As [`look`], with something between client and deployment.
///
/// # Errors
/// As [`look`].
pub async fn look_through(
    catalogue: &Catalogue,
    failures: &[&str],
    view: View,
    noise: Noise,
) -> Result<Look, LoopError> {
    let (network, memory) = prepared(catalogue, failures, view, None).await?;
    let through = Noisy::new(&network, noise);
    look_with(&network, &through, catalogue, view, memory).await
}

/// A fresh deployment in failure modes, and what is remembered of its better days.
async fn prepared(
    catalogue: &Catalogue,
    failures: &[&str],
    view: View,
    profile: Option<&str>,
) -> Result<(Loopback, Option<Memory>), LoopError> {
    let simulation = |history| -> Result<Loopback, LoopError> {
        let mut builder = MockNdes::builder().with_seed(1).with_history(history);
        for failure in failures {
            builder = builder.with_failure(*failure);
        }
        if let Some(profile) = profile {
            builder = builder.with_profile(profile);
        }
        Ok(Loopback::new(builder.in_memory(START)?)?)
    };
    let memory = if view.memory {
        remember(&simulation(History::UntilStart)?, catalogue).await?
    } else {
        None
    };
    Ok((simulation(History::Whole)?, memory))
}

/// What a diagnosis of a deployment remembers; `None` if it is not well.
async fn remember(network: &Loopback, catalogue: &Catalogue) -> Result<Option<Memory>, LoopError> {
    let store = Arc::new(Remembered::default());
    let mut options = DiagnoseOptions::default();
    options.memory = Some(Arc::<Remembered>::clone(&store));
    diagnose(
        network,
        default_provider(),
        catalogue,
        &network.host().scep_url(),
        &options,
    )
    .await?;
    let memory = store
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Ok(memory)
}

/// Looks at a simulation as it is now, without memory of earlier looks.
///
/// # Errors
/// As [`look`].
pub async fn look_at(
    network: &Loopback,
    catalogue: &Catalogue,
    view: View,
) -> Result<Look, LoopError> {
    look_with(network, network, catalogue, view, None).await
}

async fn look_with(
    network: &Loopback,
    through: &dyn Network,
    catalogue: &Catalogue,
    view: View,
    memory: Option<Memory>,
) -> Result<Look, LoopError> {
    let provider = default_provider();
    let mut options = DiagnoseOptions::default();
    options.level = view.level;
    options.random = SharedRandom::new(Repeatable(1));
    options.key = Some(probe_key(provider.as_ref())?);
    if view.memory {
        options.memory = Some(Arc::new(Remembered(Mutex::new(memory))));
    }
    if view.level == Level::Enroll {
        scenario_client::prepare(network.host(), network, Arc::clone(&provider), &mut options)
            .await?;
    }
    let host = network.host();
    let issued = || host.with(|s| s.deployment().issued().len());
    let requests = || host.with(|s| s.deployment().journal().count());
    let (issued_before, requests_before) = (issued(), requests());
    let url = host.scep_url();
    let report = diagnose(through, Arc::clone(&provider), catalogue, &url, &options).await?;
    let (mut observations, mut diagnosis) = (report.observations, report.diagnosis);
    if view.logs {
        // what an administrator exports afterwards
        observations.logs = exported(catalogue, host)?;
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

/// The server's logs, written to files and read again. The notes of a CA's database and of a proxy's
/// connector have no form of their own, and are taken as they are.
///
/// # Errors
/// If a file cannot be read again.
pub fn exported(catalogue: &Catalogue, host: &MemoryHost) -> Result<Vec<LogRecord>, LoopError> {
    let mut records = Vec::new();
    for (name, content) in host.log_files() {
        records.extend(server_log::read_octets(catalogue, name, content.as_bytes())?.records);
    }
    let formless = |record: &LogRecord| {
        record.event_id == 0 && !matches!(record.log.as_str(), "iis" | "httperr" | "ndes-plugin")
    };
    records.extend(host.log_records().into_iter().filter(formless));
    Ok(records)
}

/// A fixed key: making one for each of hundreds of looks would take minutes.
fn probe_key(provider: &dyn CryptoProvider) -> Result<Arc<dyn PrivateKey>, LoopError> {
    Ok(provider.load_private_key(include_bytes!("../keys/probe.der"))?)
}

/// Random enough to tell messages apart, and the same in every run (SplitMix64).
struct Repeatable(u64);

impl RandomSource for Repeatable {
    fn fill(&mut self, out: &mut [u8]) {
        for octet in out {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let [first, ..] = (z ^ (z >> 31)).to_le_bytes();
            *octet = first;
        }
    }
}

/// A memory in memory.
#[derive(Default)]
struct Remembered(Mutex<Option<Memory>>);

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
