//! One failure mode, one view: arm, look, diagnose.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scep_client::diagnose::{DiagnoseOptions, EnrollProbe, Tamper, diagnose};
use scep_client::enroll::{EnrollOptions, Outcome as Enrolled, enroll};
use scep_client::memory::MemoryStore;
use scep_core::UnixTime;
use scep_core::client::{CaTrust, EnrollmentParams, MethodChoice, Renewal, RenewalStyle, Signer};
use scep_core::crypto::{CryptoProvider, PrivateKey, SystemRandom, default_provider};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Extension, GeneralName, Name};
use scep_failures::catalogue::{Level, View, Visibility};
use scep_failures::observation::{Memory, Observations, Purpose};
use scep_failures::{Catalogue, Diagnosis};
use scep_server_mock::{History, MockNdes, persona};

use crate::loopback::Loopback;

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
    look_with(&simulation(History::Whole)?, catalogue, view, memory).await
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
    look_with(network, catalogue, view, None).await
}

async fn look_with(
    network: &Loopback,
    catalogue: &Catalogue,
    view: View,
    memory: Option<Memory>,
) -> Result<Look, LoopError> {
    let provider = default_provider();
    let mut options = DiagnoseOptions::default();
    options.level = view.level;
    options.key = Some(probe_key(provider.as_ref())?);
    if view.memory {
        options.memory = Some(Arc::new(Remembered(Mutex::new(memory))));
    }
    if view.level == Level::Enroll {
        options.enroll = Some(enroll_probe(network, &options, provider.as_ref()).await?);
        options.tamper = Some(as_persona(network));
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
async fn enroll_probe(
    network: &Loopback,
    options: &DiagnoseOptions,
    provider: &dyn CryptoProvider,
) -> Result<EnrollProbe, LoopError> {
    let host = network.host();
    let persona = host.with(|s| s.persona().clone());
    let [root, _] = host.with(|s| s.deployment().ca_certificates());
    let mut probe = EnrollProbe::new(
        Name::from_rfc4514("CN=closed-loop-device,OU=Devices,O=Lab")?,
        CaTrust::Certificate(Box::new(root)),
    );
    let renews = persona.message_type.as_deref() == Some("RenewalReq");
    let before = if renews || persona.transaction_id.as_deref() == Some("repeated") {
        enrolled_before(network, options, &probe).await?
    } else {
        None
    };
    if let (true, Some(current)) = (renews, before) {
        let mut renewal = Renewal::new(current);
        renewal.style = RenewalStyle::RenewalReq;
        probe.renewal = Some(renewal);
    }
    let (subject, now) = (probe.subject.clone(), host.now());
    let strange =
        host.with_deployment(|d, _| persona::strange_signer(d, &persona, &subject, now))?;
    if let Some(current) = strange {
        let mut renewal = Renewal::new(current);
        renewal.style = RenewalStyle::PkcsReq;
        renewal.even_if_expired = true;
        probe.renewal = Some(renewal);
    }
    if let Some(word) = persona.key_type.as_deref() {
        let pkcs8 = provider.generate_private_key(word.parse()?, &mut SystemRandom)?;
        probe.key = Some(provider.load_private_key(&pkcs8)?);
    }
    if persona.cipher.as_deref() == Some("aes128") {
        let listed = host.with(|s| s.deployment().last_good().capabilities);
        probe.capabilities = Some(listed + "AES\n");
    }
    probe.ca_certificates =
        host.with_deployment(|d, now| persona::remembered_bundle(d, &persona, now))?;
    // that no password is to be had is the deployment's failure, which the probes will see
    probe.challenge = host.issue_challenge().unwrap_or_default();
    probe.method = match persona.method.as_deref() {
        Some("GET") => MethodChoice::Get,
        Some("POST") => MethodChoice::Post,
        _ => MethodChoice::ByCapabilities,
    };
    probe.require_trusted_tls = false;
    probe.challenge_obtained = probe.challenge.is_some().then(|| host.now());
    // as a device asks that is to be mapped to an account (KB5014754)
    let sid = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1004336348-1177238915-682003330-512";
    probe.extensions = vec![Extension::subject_alt_name(&[
        GeneralName::Dns("closed-loop-device.lab.example".into()),
        GeneralName::Uri(sid.into()),
    ])];
    Ok(probe)
}

/// The client enrolls as it should, and some time passes; `None` if it gets nothing.
async fn enrolled_before(
    network: &Loopback,
    options: &DiagnoseOptions,
    probe: &EnrollProbe,
) -> Result<Option<Signer>, LoopError> {
    let host = network.host();
    let Some(key) = options.key.clone() else {
        return Ok(None);
    };
    let (trust, subject) = (probe.trust.clone(), probe.subject.clone());
    let mut params = EnrollmentParams::new(host.scep_url(), trust, Arc::clone(&key), subject);
    params.challenge = host.issue_challenge().unwrap_or_default();
    params.server.policy = AlgorithmPolicy::LEGACY;
    let enrolled = enroll(
        network,
        default_provider(),
        params,
        &EnrollOptions::default(),
    )
    .await;
    host.advance(LATER);
    Ok(match enrolled.map(|done| done.outcome) {
        Ok(Enrolled::Issued(issued)) => Some(Signer::new(issued.certificate, key)?),
        _ => None,
    })
}

/// Less than NDES remembers what it has answered, and more than CAs set validity back.
const LATER: Duration = Duration::from_secs(18 * 60);

/// Makes of the enrollment's request what the scenario's client sends.
fn as_persona(network: &Loopback) -> Tamper {
    let persona = network.host().with(|s| s.persona().clone());
    Arc::new(move |purpose, request| {
        // who encodes twice is somebody else's client, of which the log tells
        let ours = persona.base64.as_deref() != Some("twice");
        if purpose == Purpose::Enroll && ours {
            let (url, body) = (&mut request.url, &mut request.body);
            // composing a scenario has seen to it that the persona means something
            let _ = persona::spoil(&persona, &request.method, url, body);
        }
    })
}

/// A fixed key: making one for each of hundreds of looks would take minutes.
fn probe_key(provider: &dyn CryptoProvider) -> Result<Arc<dyn PrivateKey>, LoopError> {
    Ok(provider.load_private_key(include_bytes!("../keys/probe.der"))?)
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
