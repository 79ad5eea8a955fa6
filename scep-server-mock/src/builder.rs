//! What a mock is made of, chosen step by step.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::crypto::CryptoProvider;
use scep_core::message::ChallengePassword;
use scep_core::x509::GeneralName;
use scep_failures::Catalogue;

use crate::deployment::{Deployment, Parts, Secret};
use crate::error::{Error, Result};
use crate::host::MockNdes;
use crate::keys::KeySource;
use crate::memory::MemoryHost;
use crate::overlay;
use crate::scenario::{Choice, History};
use crate::script::{Phase, Script};
use crate::simulation::{Anchor, Simulation};
use crate::store::{Loaded, Store};

/// Whether a client on real sockets has to wait as long as it would in the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delays {
    /// Answers come at once, whatever time the simulation says has passed.
    #[default]
    Skipped,
    /// Time-outs take their time.
    Real,
}

/// Chooses what a mock is made of; ends in [`start`](Self::start) or [`in_memory`](Self::in_memory).
///
/// ```
/// # #[tokio::main] async fn main() -> Result<(), scep_server_mock::Error> {
/// let mock = scep_server_mock::MockNdes::builder().start().await?;
/// assert!(mock.url().starts_with("http://127.0.0.1:"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) choice: Choice,
    pub(crate) parts: Parts,
    pub(crate) history: History,
    pub(crate) catalogue: Option<Catalogue>,
    pub(crate) listen: SocketAddr,
    pub(crate) public_host: Option<String>,
    pub(crate) control: SocketAddr,
    pub(crate) control_token: Option<String>,
    pub(crate) delays: Delays,
    pub(crate) phases: Vec<Phase>,
    pub(crate) data: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        let any_port = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            choice: Choice::default(),
            parts: Parts::default(),
            history: History::default(),
            catalogue: None,
            listen: any_port,
            public_host: None,
            control: any_port,
            control_token: None,
            delays: Delays::default(),
            phases: Vec::new(),
            data: None,
        }
    }
}

impl Builder {
    /// The baseline; without one, that of the failure modes, else `ndes-plain`.
    #[must_use]
    pub fn with_baseline(mut self, name: impl Into<String>) -> Self {
        self.choice.baseline = Some(name.into());
        self
    }

    /// The server profile; without one, the baseline's.
    #[must_use]
    pub fn with_profile(mut self, name: impl Into<String>) -> Self {
        self.choice.profile = Some(name.into());
        self
    }

    /// Arms a failure mode: `id`, or `id.variant`. May be called several times.
    #[must_use]
    pub fn with_failure(mut self, name: impl Into<String>) -> Self {
        self.choice.failures.push(name.into());
        self
    }

    /// Keeps the lab's state in a folder: CA, issued certificates, pending requests, passwords, journal.
    /// What lies there already goes on, if nothing else is chosen (on sockets only).
    #[must_use]
    pub fn with_data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// A script, in place of failures that are armed one by one.
    #[must_use]
    pub fn with_script(mut self, script: Script) -> Self {
        self.choice.baseline = script.baseline.or(self.choice.baseline);
        self.choice.profile = script.profile.or(self.choice.profile);
        overlay::merge(&mut self.choice.set, &script.set);
        self.parts.seed = script.seed.or(self.parts.seed);
        if let Some(first) = script.phases.first() {
            self.choice.failures.clone_from(&first.failures);
        }
        self.phases = script.phases;
        self
    }

    /// Settings laid over the baseline, nested as in [`State`](crate::state::State). May be called
    /// several times.
    #[must_use]
    pub fn with_state(mut self, set: toml::Table) -> Self {
        overlay::merge(&mut self.choice.set, &set);
        self
    }

    /// One challenge password for all devices and for ever (`UseSinglePassword`).
    #[must_use]
    pub fn with_static_challenge(mut self, challenge: ChallengePassword) -> Self {
        self.parts.static_challenge = Some(Secret::new(challenge));
        let mode = toml::Table::from_iter([("mode".to_owned(), "static".into())]);
        self.with_state(toml::Table::from_iter([(
            "challenge".to_owned(),
            mode.into(),
        )]))
    }

    /// Where private keys come from; the published test keys by default.
    #[must_use]
    pub const fn with_keys(mut self, keys: KeySource) -> Self {
        self.parts.keys = keys;
        self
    }

    /// Repeats serial numbers, nonces and passwords of another run with the same seed.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.parts.seed = Some(seed);
        self
    }

    /// The crypto library; pure Rust by default.
    #[must_use]
    pub fn with_provider(mut self, provider: Arc<dyn CryptoProvider>) -> Self {
        self.parts.provider = provider;
        self
    }

    /// How much of the scenario's history is played; all of it by default.
    #[must_use]
    pub const fn with_history(mut self, history: History) -> Self {
        self.history = history;
        self
    }

    /// Another catalogue of failure modes than the one that is built in.
    #[must_use]
    pub fn with_catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = Some(catalogue);
        self
    }

    /// Where to listen; a free port of 127.0.0.1 by default.
    #[must_use]
    pub const fn with_listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The name or address by which clients on other machines reach the mock: it stands in URLs,
    /// CRL distribution points and the TLS certificate. By default the address that is listened
    /// on.
    #[must_use]
    pub fn with_public_host(mut self, host: impl Into<String>) -> Self {
        self.public_host = Some(host.into());
        self
    }

    /// Where the control port listens; a free port of 127.0.0.1 by default. Elsewhere than on
    /// loopback it needs a [token](Self::with_control_token).
    #[must_use]
    pub const fn with_control(mut self, address: SocketAddr) -> Self {
        self.control = address;
        self
    }

    /// What callers of the control port must send as `Authorization: Bearer …`.
    #[must_use]
    pub fn with_control_token(mut self, token: impl Into<String>) -> Self {
        self.control_token = Some(token.into());
        self
    }

    /// Whether time-outs take their time; by default they do not.
    #[must_use]
    pub const fn with_delays(mut self, delays: Delays) -> Self {
        self.delays = delays;
        self
    }

    /// Starts it on real sockets.
    ///
    /// # Errors
    /// [`Error::Listen`] if a port cannot be had; else as [`Simulation::new`].
    pub async fn start(self) -> Result<MockNdes> {
        MockNdes::launch(self).await
    }

    /// Sets it up without sockets, on virtual time that begins at `start`.
    ///
    /// # Errors
    /// As [`Simulation::new`].
    pub fn in_memory(self, start: UnixTime) -> Result<MemoryHost> {
        let mut now = start;
        let parts = self.parts.clone();
        let simulation = self.simulation(parts, Anchor::Begins, None, &mut now)?;
        Ok(MemoryHost::new(simulation, start, now))
    }

    pub(crate) fn simulation(
        &self,
        parts: Parts,
        anchor: Anchor,
        store: Option<&Store>,
        now: &mut UnixTime,
    ) -> Result<Simulation> {
        let catalogue = self
            .catalogue
            .clone()
            .unwrap_or_else(|| Catalogue::builtin().clone());
        let mut simulation = match store.map(Store::load).transpose()?.flatten() {
            Some(loaded) => self.resumed(catalogue, loaded, parts, anchor, now)?,
            None => Simulation::new(
                catalogue,
                self.choice.clone(),
                parts,
                anchor,
                self.history,
                now,
            )?,
        };
        if !self.phases.is_empty() {
            simulation.play_script(self.phases.clone(), *now);
        }
        Ok(simulation)
    }

    /// What another run has left goes on; if something was chosen now, on that.
    fn resumed(
        &self,
        catalogue: Catalogue,
        loaded: Loaded,
        parts: Parts,
        anchor: Anchor,
        now: &mut UnixTime,
    ) -> Result<Simulation> {
        *now = UnixTime(loaded.moment.now).max(*now);
        let was = loaded.world.choice.clone();
        let Loaded {
            world,
            moment,
            issued,
            journal,
        } = loaded;
        let deployment = Deployment::restore(parts, world, moment, issued, journal)?;
        let chosen = self.choice != Choice::default() && self.choice != was;
        let mut simulation = Simulation::resume(catalogue, was, deployment, anchor, self.history)?;
        if chosen {
            simulation.change(self.choice.clone(), now)?;
        }
        Ok(simulation)
    }

    /// What the certificates of a mock on sockets name: `host` is where clients find it.
    pub(crate) fn parts_on_sockets(&self, host: &str, crl_port: u16) -> Parts {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let mut tls_names = vec![
            GeneralName::Dns("localhost".to_owned()),
            GeneralName::Dns(crate::names::NDES_HOST.to_owned()),
            GeneralName::Dns(crate::names::PROXY_HOST.to_owned()),
            GeneralName::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        ];
        match bare.parse::<IpAddr>() {
            Ok(ip) if ip == IpAddr::V4(Ipv4Addr::LOCALHOST) => {}
            Ok(ip) => tls_names.push(GeneralName::Ip(ip)),
            Err(_) => tls_names.push(GeneralName::Dns(bare.to_owned())),
        }
        Parts {
            crl_authority: format!("{host}:{crl_port}"),
            tls_names,
            ..self.parts.clone()
        }
    }

    /// Another deployment of the same make, on ports of its own and without failures.
    pub(crate) fn another(&self) -> Self {
        Self {
            choice: Choice::default(),
            history: History::default(),
            phases: Vec::new(),
            data: None,
            listen: SocketAddr::new(self.listen.ip(), 0),
            control: SocketAddr::new(self.control.ip(), 0),
            ..self.clone()
        }
    }

    /// The host part of URLs.
    pub(crate) fn url_host(&self) -> String {
        match (&self.public_host, self.listen.ip()) {
            (Some(host), _) => host.clone(),
            (None, ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            (None, IpAddr::V4(ip)) => ip.to_string(),
            (None, IpAddr::V6(ip)) => format!("[{ip}]"),
        }
    }

    pub(crate) fn check_control(&self) -> Result<()> {
        if self.control.ip().is_loopback() || self.control_token.is_some() {
            return Ok(());
        }
        Err(Error::Setting {
            origin: "the control port".to_owned(),
            reason: format!("{} is not loopback, and there is no token", self.control),
        })
    }
}
