//! The deployment on real sockets: the SCEP server, the CRL distribution point, the control port.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::message::ChallengePassword;
use scep_core::x509::Certificate;
use scep_failures::observation::LogRecord;
use serde::Serialize;
use tokio::net::{TcpSocket, UdpSocket};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::builder::{Builder, Delays};
use crate::challenge::ChallengeKind;
use crate::deployment::{Deployment, Exchange, TlsIdentity};
use crate::error::{Error, Result};
use crate::journal::JournalEntry;
use crate::layer::tls::HandshakeFailure;
use crate::log::EventRecord;
use crate::names;
use crate::runtime::ca_database::IssuedCertificate;
use crate::simulation::{Anchor, Simulation};
use crate::state::NetworkPath;
use crate::store::Store;
use crate::wire::{Outcome, Request};

mod control;
mod dns;
mod http;
mod listener;
mod tls;

/// A running mock. It stops when it is dropped.
///
/// On sockets some things cannot be as in the simulation: a network that drops packets, and a CRL
/// server that does not answer, are closed ports (connection refused), because no program can keep
/// its operating system from answering. The index of the control port lists these under
/// `substitutions`.
#[derive(Debug)]
pub struct MockNdes {
    shared: Arc<Shared>,
    addresses: Addresses,
    tasks: Vec<JoinHandle<()>>,
}

/// Every URL of a running mock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Urls {
    /// The SCEP URL.
    pub scep: String,
    /// The SCEP URL with the name that the organisation uses, for clients that ask `dns`.
    pub scep_by_name: String,
    /// Address of the name server that knows the organisation's names (UDP).
    pub dns: String,
    /// The NDES admin page.
    pub admin: String,
    /// The issuing CA's CRL.
    pub crl: String,
    /// The control port.
    pub control: String,
    /// Where a POST gets a challenge password as JSON.
    pub challenge: String,
    /// Root and issuing CA as PEM.
    pub ca_pem: String,
    /// What was asked and answered.
    pub journal: String,
    /// Events and log lines.
    pub events: String,
}

/// A deployment on its way.
type Launch = Pin<Box<dyn Future<Output = Result<MockNdes>> + Send>>;

#[derive(Clone, Copy, Debug)]
struct Addresses {
    scep: SocketAddr,
    crl: SocketAddr,
    control: SocketAddr,
    dns: SocketAddr,
    /// The web server that has nothing to do with the deployment, where this machine has a second
    /// loopback address.
    old_web: Option<SocketAddr>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    simulation: Mutex<Simulation>,
    /// How far the deployment's clock is ahead of the real one.
    ahead: Mutex<Duration>,
    /// Where the lab's state is kept.
    store: Mutex<Option<Store>>,
    /// Whether a script is played.
    scripted: bool,
    /// Told whenever a setting may have changed.
    changed: Notify,
    /// Told whenever something was asked, or may have been logged.
    activity: Notify,
    /// Further deployments that the control port has started.
    instances: control::Instances,
    /// What they are made of.
    template: Builder,
    delays: Delays,
    control_token: Option<String>,
    tls: tls::Binding,
    addresses: Addresses,
    /// Host part of URLs.
    host: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is guarded is changed by whole calls; a panic of a caller leaves it usable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn now(&self) -> UnixTime {
        UnixTime::now().plus(*lock(&self.ahead))
    }

    /// Looks at the simulation.
    fn look<T>(&self, look: impl FnOnce(&Simulation) -> T) -> T {
        look(&lock(&self.simulation))
    }

    /// Sends a request to the simulation. Nothing that a request does makes a listener come or go, but a
    /// script may.
    fn exchange(
        &self,
        site: listener::Site,
        send: impl FnOnce(&mut Deployment, UnixTime) -> Exchange,
    ) -> Exchange {
        if site == listener::Site::Scep && self.scripted {
            self.act(|simulation, now| simulation.turn(true, now));
        }
        let mut simulation = lock(&self.simulation);
        let now = self.now();
        let mut exchange = send(simulation.deployment_mut(), now);
        if let Some(store) = lock(&self.store).as_ref()
            && let Err(error) = store.save(&simulation, now, false)
        {
            // a certificate that is not kept must not be handed out
            exchange.outcome = Outcome::Reset;
            simulation.deployment_mut().note(error.to_string(), now);
        }
        drop(simulation);
        self.activity.notify_waiters();
        exchange
    }

    /// Changes the simulation, and lets the listeners see whether they shall listen.
    fn act<T>(&self, act: impl FnOnce(&mut Simulation, &mut UnixTime) -> T) -> T {
        let mut simulation = lock(&self.simulation);
        let before = self.now();
        let mut now = before;
        let result = act(&mut simulation, &mut now);
        // A step that lets time pass does so for the whole deployment.
        let mut ahead = lock(&self.ahead);
        *ahead = ahead.saturating_add(now.since(before));
        drop(ahead);
        if let Some(store) = lock(&self.store).as_ref()
            && let Err(error) = store.save(&simulation, now, true)
        {
            simulation.deployment_mut().note(error.to_string(), now);
        }
        drop(simulation);
        self.changed.notify_waiters();
        self.activity.notify_waiters();
        result
    }

    /// Writes something into the journal.
    fn note(&self, text: String) {
        let mut simulation = lock(&self.simulation);
        let now = self.now();
        simulation.deployment_mut().note(text, now);
    }

    fn scep_is_reachable(&self) -> bool {
        !matches!(self.path(), NetworkPath::Filtered | NetworkPath::Refused)
    }

    fn path(&self) -> NetworkPath {
        self.look(|s| s.deployment().state().client_network.path)
    }

    fn crl_is_reachable(&self) -> bool {
        self.look(|s| s.deployment().state().crl.http_reachable)
    }

    /// What the TLS handshake of whoever answers clients shows: whether it is TLS 1.3 only, and the
    /// chain with its key.
    fn handshake(
        &self,
        elsewhere: bool,
    ) -> std::result::Result<(bool, TlsIdentity), HandshakeFailure> {
        let mut simulation = lock(&self.simulation);
        let now = self.now();
        let deployment = simulation.deployment_mut();
        let handshake = if elsewhere {
            deployment.tls_handshake_elsewhere()
        } else {
            deployment.tls_handshake(now)
        }?;
        Ok((handshake.tls13, deployment.tls_binding(elsewhere)))
    }

    fn speaks_tls(&self) -> bool {
        self.look(|s| s.deployment().state().tls.enabled)
    }
}

impl MockNdes {
    /// Chooses what the mock is made of.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a healthy NDES without Intune on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`Error::Listen`] if no port can be had.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// Boxed, as a deployment can start others.
    pub(crate) fn launch(builder: Builder) -> Launch {
        Box::pin(Self::listening(builder))
    }

    async fn listening(builder: Builder) -> Result<Self> {
        builder.check_control()?;
        let (scep, scep_address) = bind(builder.listen)?;
        let store = builder.data.as_deref().map(Store::open).transpose()?;
        // Certificates of another run name the port; if somebody else has it, they name nothing now.
        let kept = store.as_ref().and_then(Store::crl_port);
        let crl_at = |port| bind(SocketAddr::new(builder.listen.ip(), port));
        let (crl, crl_address) = match kept.map(crl_at) {
            Some(Ok(bound)) => bound,
            Some(Err(_)) | None => crl_at(0)?,
        };
        let (control, control_address) = bind(builder.control)?;
        let dns_address = SocketAddr::new(builder.listen.ip(), 0);
        let dns = UdpSocket::bind(dns_address)
            .await
            .map_err(|e| cannot_listen(dns_address, e))?;
        // A DNS record has no port: another server has to have another address.
        let second = SocketAddr::new(Ipv4Addr::new(127, 0, 0, 2).into(), scep_address.port());
        let old_web = (builder.listen.ip() == Ipv4Addr::LOCALHOST)
            .then(|| bind(second).ok())
            .flatten();
        let addresses = Addresses {
            scep: scep_address,
            crl: crl_address,
            control: control_address,
            dns: dns
                .local_addr()
                .map_err(|e| cannot_listen(dns_address, e))?,
            old_web: old_web.as_ref().map(|(_, address)| *address),
        };
        let host = builder.url_host();
        let template = builder.another();
        let template_phases = builder.phases.clone();
        let parts = builder.parts_on_sockets(&host, addresses.crl.port());
        let mut now = UnixTime::now();
        let real = now;
        let simulation = builder.simulation(parts, Anchor::Ends, store.as_ref(), &mut now)?;
        if let Some(store) = &store {
            store.save(&simulation, now, true)?;
        }
        let shared = Arc::new(Shared {
            simulation: Mutex::new(simulation),
            ahead: Mutex::new(now.since(real)),
            store: Mutex::new(store),
            scripted: !template_phases.is_empty(),
            changed: Notify::new(),
            activity: Notify::new(),
            instances: control::Instances::default(),
            template,
            delays: builder.delays,
            control_token: builder.control_token,
            tls: tls::Binding::default(),
            addresses,
            host,
        });
        // listening from the first moment, or from the first moment not
        let scep = listener::Port::take(scep, shared.scep_is_reachable())
            .map_err(|e| cannot_listen(addresses.scep, e))?;
        let crl = listener::Port::take(crl, shared.crl_is_reachable())
            .map_err(|e| cannot_listen(addresses.crl, e))?;
        let control = control
            .listen(listener::BACKLOG)
            .map_err(|e| cannot_listen(addresses.control, e))?;
        let site = listener::Site::Scep;
        let mut tasks = vec![
            tokio::spawn(listener::run(
                Arc::clone(&shared),
                scep,
                addresses.scep,
                site,
            )),
            tokio::spawn(listener::run(
                Arc::clone(&shared),
                crl,
                addresses.crl,
                listener::Site::Crl,
            )),
            tokio::spawn(control::run(Arc::clone(&shared), control)),
            tokio::spawn(dns::run(Arc::clone(&shared), dns)),
            tokio::spawn(play_script(Arc::clone(&shared))),
        ];
        if let Some((socket, address)) = old_web {
            let port = listener::Port::take(socket, true).map_err(|e| cannot_listen(address, e))?;
            let site = listener::Site::OldWeb;
            tasks.push(tokio::spawn(listener::run(
                Arc::clone(&shared),
                port,
                address,
                site,
            )));
        }
        Ok(Self {
            shared,
            addresses,
            tasks,
        })
    }

    // ------------------------------------------------------------------ URLs

    /// Every URL that one needs.
    #[must_use]
    pub fn urls(&self) -> Urls {
        self.shared.urls()
    }

    /// `http://127.0.0.1:PORT`, or `https` with a TLS binding.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.shared.base_url()
    }

    /// The SCEP URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.urls().scep
    }

    /// The NDES admin page.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.urls().admin
    }

    /// The control port.
    #[must_use]
    pub fn control_url(&self) -> String {
        self.urls().control
    }

    /// Where a POST gets a challenge password as JSON.
    #[must_use]
    pub fn challenge_url(&self) -> String {
        self.urls().challenge
    }

    /// Where the root and issuing CA certificates are, as PEM.
    #[must_use]
    pub fn ca_pem_url(&self) -> String {
        self.urls().ca_pem
    }

    /// Address of the name server that knows the organisation's names (UDP), for clients that can be
    /// told to ask it. The SCEP URL by name is in [`urls`](Self::urls).
    #[must_use]
    pub const fn dns_address(&self) -> SocketAddr {
        self.addresses.dns
    }

    /// Address of the SCEP server.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.addresses.scep
    }

    /// User name and password for the NDES admin page (Basic).
    #[must_use]
    pub const fn admin_credentials() -> (&'static str, &'static str) {
        (names::ADMIN_USER, names::ADMIN_PASSWORD)
    }

    // ------------------------------------------------------------------ looking

    /// Root and issuing CA, in this order.
    #[must_use]
    pub fn ca_certificates(&self) -> [Certificate; 2] {
        self.shared.look(|s| s.deployment().ca_certificates())
    }

    /// The root that a client of the TLS binding needs in its trust store.
    #[must_use]
    pub fn public_tls_root(&self) -> Certificate {
        self.shared.look(|s| s.deployment().public_tls_root())
    }

    /// The time by the deployment's clock.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.shared.now()
    }

    /// The exchanges, oldest first.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.shared
            .look(|s| s.deployment().journal().cloned().collect())
    }

    /// The log records, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<EventRecord> {
        self.shared
            .look(|s| s.deployment().events().cloned().collect())
    }

    /// The server's logs, as a diagnosis reads them.
    #[must_use]
    pub fn log_records(&self) -> Vec<LogRecord> {
        self.shared
            .look(|s| s.deployment().events().map(LogRecord::from).collect())
    }

    /// What was issued, oldest first.
    #[must_use]
    pub fn issued(&self) -> Vec<IssuedCertificate> {
        self.shared.look(|s| s.deployment().issued().to_vec())
    }

    /// Names of the armed failure modes.
    #[must_use]
    pub fn armed(&self) -> Vec<String> {
        self.shared.look(|s| s.armed().to_vec())
    }

    /// Looks at the simulation.
    pub fn with<T>(&self, look: impl FnOnce(&Simulation) -> T) -> T {
        self.shared.look(look)
    }

    // ------------------------------------------------------------------ acting

    /// Changes the deployment at the present time.
    pub fn with_deployment<T>(&self, act: impl FnOnce(&mut Deployment, UnixTime) -> T) -> T {
        self.shared.act(|s, now| act(s.deployment_mut(), *now))
    }

    /// A challenge password of the kind that the scenario's client comes with.
    ///
    /// # Errors
    /// [`Error::NoChallenge`] if there is none to be had.
    pub fn issue_challenge(&self) -> Result<Option<ChallengePassword>> {
        self.shared.act(|s, now| s.issue_challenge(*now))
    }

    /// A challenge password of a kind.
    ///
    /// # Errors
    /// [`Error::NoChallenge`] if there is none to be had.
    pub fn issue_challenge_of(&self, kind: ChallengeKind) -> Result<Option<ChallengePassword>> {
        self.shared
            .act(|s, now| s.deployment_mut().issue_challenge(kind, *now))
    }

    /// Arms a failure mode; its history ends now.
    ///
    /// # Errors
    /// As [`Simulation::arm`].
    pub fn arm(&self, name: &str) -> Result<()> {
        self.shared.act(|s, now| s.arm(name, now))
    }

    /// Takes a failure mode away.
    ///
    /// # Errors
    /// As [`Simulation::disarm`].
    pub fn disarm(&self, name: &str) -> Result<()> {
        self.shared.act(|s, now| s.disarm(name, now))
    }

    /// Mends a failure mode by the steps of its fix.
    ///
    /// # Errors
    /// As [`Simulation::heal`].
    pub fn heal(&self, name: &str) -> Result<()> {
        self.shared.act(|s, now| s.heal(name, now))
    }

    /// Back to the healthy baseline.
    ///
    /// # Errors
    /// As [`Simulation::reset`].
    pub fn reset(&self) -> Result<()> {
        self.shared.act(Simulation::reset)
    }

    /// Changes settings, nested as in [`State`](crate::state::State).
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting does not exist or does not fit.
    pub fn set(&self, set: &toml::Table) -> Result<()> {
        self.shared
            .act(|s, now| s.deployment_mut().set(set, "the settings given", *now))
    }

    /// Lets time pass by the deployment's clock.
    pub fn advance(&self, by: Duration) {
        self.shared.act(|_, now| *now = now.plus(by));
    }

    /// A certificate manager decides about every pending request. Says how many there were.
    pub fn resolve_pending(&self, issue: bool) -> usize {
        self.shared
            .act(|s, _| s.deployment_mut().resolve_pending(issue))
    }
}

impl Drop for MockNdes {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // connections end a moment later; the lab is free for another program now
        lock(&self.shared.store).take();
    }
}

impl Shared {
    fn urls(&self) -> Urls {
        let base = self.base_url();
        let control = format!("http://{}", self.addresses.control);
        Urls {
            scep: format!("{base}{}", self.scep_path()),
            scep_by_name: self.by_name(),
            dns: self.addresses.dns.to_string(),
            admin: format!("{base}{}", names::ADMIN_PATH),
            crl: format!(
                "http://{}:{}/CertEnroll/{}",
                self.host,
                self.addresses.crl.port(),
                names::CRL_FILE
            ),
            challenge: format!("{control}/challenge"),
            ca_pem: format!("{control}/ca.pem"),
            journal: format!("{control}/journal"),
            events: format!("{control}/events"),
            control,
        }
    }

    /// The URL that devices of the simulation are given, with the port that is listened on.
    fn by_name(&self) -> String {
        let published = self.look(|s| s.deployment().published_url());
        match Request::get(&published) {
            Some(parts) => {
                let scheme = published.split(':').next().unwrap_or("http");
                let port = self.addresses.scep.port();
                format!("{scheme}://{}:{port}{}", parts.host, parts.path)
            }
            None => published,
        }
    }

    /// The path that devices are given.
    fn scep_path(&self) -> String {
        let path = self.look(|s| s.deployment().state().device_profile.path.clone());
        if path.is_empty() {
            names::SCEP_PATH.to_owned()
        } else {
            path
        }
    }

    fn base_url(&self) -> String {
        let scheme = if self.speaks_tls() { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.addresses.scep.port())
    }
}

/// Lets the phases of a script begin whose time has come without a request.
async fn play_script(shared: Arc<Shared>) {
    const OFTEN: Duration = Duration::from_millis(100);
    if !shared.scripted {
        return;
    }
    loop {
        tokio::time::sleep(OFTEN).await;
        let now = shared.now();
        if shared.look(|simulation| simulation.script_is_due(now)) {
            shared.act(|simulation, now| simulation.turn(false, now));
        }
    }
}

/// Takes a port without listening yet.
fn bind(address: SocketAddr) -> Result<(TcpSocket, SocketAddr)> {
    let taken = listener::bound(address).and_then(|socket| {
        let address = socket.local_addr()?;
        Ok((socket, address))
    });
    taken.map_err(|source| cannot_listen(address, source))
}

fn cannot_listen(address: SocketAddr, source: std::io::Error) -> Error {
    Error::Listen {
        address: address.to_string(),
        source,
    }
}
