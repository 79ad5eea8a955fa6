//! The client of a scenario, played with this project's own: it enrols as a well-behaved one, but for
//! what the failure mode says of it.

use std::sync::Arc;
use std::time::Duration;

use scep_client::Network;
use scep_client::diagnose::{DiagnoseOptions, EnrollProbe, Tamper};
use scep_client::enroll::{EnrollOptions, Outcome, enroll};
use scep_core::UnixTime;
use scep_core::client::{CaTrust, EnrollmentParams, MethodChoice, Renewal, RenewalStyle, Signer};
use scep_core::crypto::CryptoProvider;
use scep_core::message::{ChallengePassword, TransactionId};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Extension, GeneralName, Name};
use scep_failures::catalogue::Persona;
use scep_failures::observation::Purpose;
use scep_server_mock::deployment::Deployment;
use scep_server_mock::{MemoryHost, MockNdes, Simulation, persona};

use crate::closed_loop::LoopError;

/// A deployment, with sockets or without.
pub trait Host {
    /// The SCEP URL that devices are given.
    fn url(&self) -> String;
    /// Looks at the simulation.
    fn with<T>(&self, look: impl FnOnce(&Simulation) -> T) -> T;
    /// Changes the deployment at the present time.
    fn change<T>(&self, act: impl FnOnce(&mut Deployment, UnixTime) -> T) -> T;
    /// The time by the deployment's clock.
    fn now(&self) -> UnixTime;
    /// Lets time pass by the deployment's clock.
    fn advance(&self, by: Duration);
    /// A challenge password as the scenario's client comes with one; `None` if there is none to be had.
    fn challenge(&self) -> Option<ChallengePassword>;
}

impl Host for MemoryHost {
    fn url(&self) -> String {
        self.scep_url()
    }
    fn with<T>(&self, look: impl FnOnce(&Simulation) -> T) -> T {
        Self::with(self, look)
    }
    fn change<T>(&self, act: impl FnOnce(&mut Deployment, UnixTime) -> T) -> T {
        self.with_deployment(act)
    }
    fn now(&self) -> UnixTime {
        Self::now(self)
    }
    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }
    fn challenge(&self) -> Option<ChallengePassword> {
        self.issue_challenge().unwrap_or_default()
    }
}

impl Host for MockNdes {
    fn url(&self) -> String {
        self.urls().scep_by_name
    }
    fn with<T>(&self, look: impl FnOnce(&Simulation) -> T) -> T {
        Self::with(self, look)
    }
    fn change<T>(&self, act: impl FnOnce(&mut Deployment, UnixTime) -> T) -> T {
        self.with_deployment(act)
    }
    fn now(&self) -> UnixTime {
        Self::now(self)
    }
    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }
    fn challenge(&self) -> Option<ChallengePassword> {
        self.issue_challenge().unwrap_or_default()
    }
}

/// Lets a diagnosis enrol as the scenario's client does. `options` have the key.
///
/// # Errors
/// If the client cannot be played; what the deployment does is no error.
pub async fn prepare<H: Host>(
    host: &H,
    network: &dyn Network,
    provider: Arc<dyn CryptoProvider>,
    options: &mut DiagnoseOptions,
) -> Result<(), LoopError> {
    let persona = host.with(|s| s.persona().clone());
    let [root, _] = host.with(|s| s.deployment().ca_certificates());
    let mut probe = EnrollProbe::new(
        Name::from_rfc4514("CN=closed-loop-device,OU=Devices,O=Lab")?,
        CaTrust::Certificate(Box::new(root)),
    );
    let renews = persona.message_type.as_deref() == Some("RenewalReq");
    let repeats = persona.transaction_id.as_deref() == Some("repeated");
    probe.transaction_id = repeats.then(|| TransactionId::random(&mut options.random.clone()));
    let before = if renews || repeats {
        enrolled_before(host, network, &provider, options, &probe).await?
    } else {
        None
    };
    probe.renewal = if renews {
        before.map(|current| renewal(current, RenewalStyle::RenewalReq))
    } else {
        let subject = probe.subject.clone();
        host.change(|d, now| persona::strange_signer(d, &persona, &subject, now))?
            .map(|current| renewal(current, RenewalStyle::PkcsReq))
    };
    if let Some(word) = persona.key_type.as_deref() {
        let pkcs8 = provider.generate_private_key(word.parse()?, &mut options.random.clone())?;
        probe.key = Some(provider.load_private_key(&pkcs8)?);
    }
    if persona.cipher.as_deref() == Some("aes128") {
        let listed = host.with(|s| s.deployment().last_good().capabilities);
        probe.capabilities = Some(listed + "AES\n");
    }
    probe.ca_certificates = host.change(|d, now| persona::remembered_bundle(d, &persona, now))?;
    // that no password is to be had is the deployment's failure, which the probes will see
    probe.challenge = host.challenge();
    probe.method = match persona.method.as_deref() {
        Some("GET") => MethodChoice::Get,
        Some("POST") => MethodChoice::Post,
        _ => MethodChoice::ByCapabilities,
    };
    probe.require_trusted_tls = false;
    probe.challenge_obtained = probe.challenge.is_some().then(|| host.now());
    // as a device asks that is to be mapped to an account (KB5014754)
    let sid = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1004336348-1177238915-682003330-512";
    let mut names = vec![GeneralName::Dns("closed-loop-device.lab.example".into())];
    if !host.with(|s| s.deployment().denies_security_identifiers()) {
        names.push(GeneralName::Uri(sid.into()));
    }
    probe.extensions = vec![Extension::subject_alt_name(&names)];
    options.enroll = Some(probe);
    options.tamper = Some(as_it_sends(persona));
    Ok(())
}

const fn renewal(current: Signer, style: RenewalStyle) -> Renewal {
    let mut renewal = Renewal::new(current);
    renewal.style = style;
    renewal.even_if_expired = true;
    renewal
}

/// The client enrolls as it should, and some time passes; `None` if it gets nothing.
async fn enrolled_before<H: Host>(
    host: &H,
    network: &dyn Network,
    provider: &Arc<dyn CryptoProvider>,
    options: &DiagnoseOptions,
    probe: &EnrollProbe,
) -> Result<Option<Signer>, LoopError> {
    let Some(key) = options.key.clone() else {
        return Ok(None);
    };
    let (trust, subject) = (probe.trust.clone(), probe.subject.clone());
    let mut params = EnrollmentParams::new(host.url(), trust, Arc::clone(&key), subject);
    params.challenge = host.challenge();
    params.server.policy = AlgorithmPolicy::LEGACY;
    if let Some(id) = &probe.transaction_id {
        params.transaction_id = id.clone().into();
    }
    let mut enroll_options = EnrollOptions::default();
    enroll_options.random = options.random.clone();
    let enrolled = enroll(network, Arc::clone(provider), params, &enroll_options).await;
    host.advance(LATER);
    Ok(match enrolled.map(|done| done.outcome) {
        Ok(Outcome::Issued(issued)) => Some(Signer::new(issued.certificate, key)?),
        _ => None,
    })
}

/// Less than NDES remembers what it has answered, and more than CAs set validity back.
const LATER: Duration = Duration::from_secs(18 * 60);

/// Makes of the enrollment's request what the scenario's client sends.
fn as_it_sends(persona: Persona) -> Tamper {
    // who encodes twice is somebody else's client, of which the log tells
    let ours = persona.base64.as_deref() != Some("twice");
    Arc::new(move |purpose, request| {
        if purpose == Purpose::Enroll && ours {
            let (url, body) = (&mut request.url, &mut request.body);
            // composing a scenario has seen to it that the persona means something
            let _ = persona::spoil(&persona, &request.method, url, body);
        }
    })
}
