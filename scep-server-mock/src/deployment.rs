//! The deployment: settings, certificates, and what it remembers while it runs. No I/O, no clock.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::crypto::{CryptoProvider, default_provider};
use scep_core::message::ChallengePassword;
use scep_core::server::InMemoryTransactions;
use scep_core::x509::{Certificate, GeneralName};

use crate::challenge::ChallengeKind;
use crate::device::DeviceMemory;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::journal::{Journal, JournalEntry};
use crate::keys::{KeySource, Keys};
use crate::layer;
use crate::layer::tls::{Handshake, HandshakeFailure};
use crate::log::{Entry, EventRecord, Log, Logs, system, text};
use crate::names;
use crate::overlay;
use crate::pki::crl::Schedules;
use crate::pki::{CrlUrls, Pki, RaRole};
use crate::profile::{Hosting, Profile};
use crate::runtime::ca_database::{CaDatabase, IssuedCertificate, Resolution};
use crate::runtime::crl_cache::CrlCaches;
use crate::runtime::handshakes::Handshakes;
use crate::runtime::intune::Intune;
use crate::runtime::node::Node;
use crate::runtime::password::{self, PasswordCache};
use crate::runtime::pool::{Off, Pool};
use crate::runtime::recent_requests::RecentRequests;
use crate::state::{PoolState, ScepProfile, State};
use crate::wire::{Layer, Outcome, Request, Transit};

/// The Windows service of the application proxy's connector.
const CONNECTOR_SERVICE: &str = "Microsoft Entra private network connector";

/// What a deployment is made of besides its state.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where its private keys come from.
    pub keys: KeySource,
    /// Repeats serial numbers, nonces and passwords, if given.
    pub seed: Option<u64>,
    /// Host and port that the certificates' CRL distribution points name.
    pub crl_authority: String,
    /// Names and addresses in the certificate of the TLS binding.
    pub tls_names: Vec<GeneralName>,
    /// The crypto library; pure Rust by default.
    pub provider: Arc<dyn CryptoProvider>,
    /// The single challenge password of a deployment that has one for all; made up by default.
    pub static_challenge: Option<Secret>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            keys: KeySource::Fixed,
            seed: None,
            crl_authority: names::PKI_HOST.to_owned(),
            tls_names: vec![
                GeneralName::Dns(names::NDES_HOST.to_owned()),
                GeneralName::Dns(names::PROXY_HOST.to_owned()),
            ],
            provider: default_provider(),
            static_challenge: None,
        }
    }
}

/// Chain (DER, leaf first) and private key (PKCS#8) of a TLS server.
pub(crate) type TlsIdentity = (Vec<Vec<u8>>, Vec<u8>);

/// A request that waits for a certificate manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// The CA's number of the request.
    pub id: u32,
    /// transactionID.
    pub transaction_id: String,
    /// The subject that is asked for.
    pub subject: String,
    /// Whether it is to be issued, once that is decided.
    pub decision: Option<bool>,
}

/// What came of a request, and how long it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What the client gets.
    pub outcome: Outcome,
    /// How long it took by the deployment's clock.
    pub elapsed: Duration,
    /// The part of the deployment that answered.
    pub answered_by: Option<Layer>,
}

/// Answers of a healthy service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastGood {
    /// Content type of GetCACert.
    pub content_type: &'static str,
    /// Body of GetCACert.
    pub ca_certificates: Vec<u8>,
    /// Body of GetCACaps.
    pub capabilities: String,
}

/// A simulated NDES deployment.
///
/// All methods take the time as an argument; it must not go back.
#[derive(Debug)]
pub struct Deployment {
    pub(crate) provider: Arc<dyn CryptoProvider>,
    pub(crate) rng: Entropy,
    pub(crate) profile: Profile,
    pub(crate) state: State,
    pub(crate) pki: Pki,
    pub(crate) crl_schedules: Schedules,
    pub(crate) pool: Pool,
    pub(crate) crl_caches: CrlCaches,
    pub(crate) intune: Intune,
    pub(crate) ca_database: CaDatabase,
    /// The second node behind a load balancer, once there is one.
    second_node: Option<Node>,
    /// When the host of the application proxy's connector was last restarted.
    pub(crate) connector_host_started: Option<UnixTime>,
    pub(crate) recent_requests: RecentRequests,
    pub(crate) handshakes: Handshakes,
    /// Whether the CA's service has come up since its host was last restarted.
    pub(crate) ca_started: bool,
    pub(crate) device: DeviceMemory,
    pub(crate) transactions: Arc<InMemoryTransactions>,
    /// One-time passwords of another run, for NDES to go on with when it starts.
    pub(crate) kept_passwords: Option<PasswordCache>,
    pub(crate) static_challenge: Secret,
    journal: Journal,
    logs: Logs,
    exchanges: u64,
    origin: UnixTime,
}

/// A challenge password that stays out of [`Debug`].
#[derive(Clone)]
pub struct Secret(ChallengePassword);

impl Secret {
    /// Hides a password.
    #[must_use]
    pub const fn new(password: ChallengePassword) -> Self {
        Self(password)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl std::ops::Deref for Secret {
    type Target = ChallengePassword;

    fn deref(&self) -> &ChallengePassword {
        &self.0
    }
}

impl Deployment {
    /// Sets a deployment up at `origin`, when its history begins. Nothing runs yet: the first
    /// request starts the worker process and NDES in it.
    ///
    /// # Errors
    /// [`Error::Pki`] if keys or certificates cannot be made.
    pub fn new(parts: Parts, profile: Profile, state: State, origin: UnixTime) -> Result<Self> {
        let mut rng = Entropy::new(parts.seed, &parts.provider);
        let provider = parts.provider.as_ref();
        let keys = Keys::new(parts.keys, provider, &mut rng)?;
        let pki = Pki::mint(
            &state,
            keys,
            CrlUrls::at(&parts.crl_authority),
            parts.tls_names.clone(),
            origin,
            provider,
            &mut rng,
        )?;
        let static_challenge = parts
            .static_challenge
            .clone()
            .unwrap_or_else(|| Secret(password::new_single_password(&mut rng)));
        let schedules = Schedules::new(&state, origin);
        let mut d = Self::assemble(
            parts,
            profile,
            state,
            pki,
            schedules,
            static_challenge,
            origin,
        );
        d.rng = rng;
        Ok(d)
    }

    /// A deployment in which nothing has happened yet.
    pub(crate) fn assemble(
        parts: Parts,
        profile: Profile,
        state: State,
        pki: Pki,
        crl_schedules: Schedules,
        static_challenge: Secret,
        origin: UnixTime,
    ) -> Self {
        let mut deployment = Self {
            // a seed repeats a run, and what goes on after one is another
            rng: Entropy::new(None, &parts.provider),
            provider: parts.provider,
            profile,
            pki,
            crl_schedules,
            state,
            pool: Pool::default(),
            crl_caches: CrlCaches::default(),
            intune: Intune::default(),
            ca_database: CaDatabase::default(),
            ca_started: true,
            second_node: None,
            connector_host_started: None,
            recent_requests: RecentRequests::default(),
            handshakes: Handshakes::default(),
            device: DeviceMemory::default(),
            transactions: Arc::default(),
            kept_passwords: None,
            static_challenge,
            journal: Journal::default(),
            logs: Logs::default(),
            exchanges: 0,
            origin,
        };
        deployment.settle_pool();
        deployment
    }

    /// Goes on where another run ended.
    pub(crate) fn resume(&mut self, exchanges: u64, journal: Vec<JournalEntry>) {
        self.exchanges = exchanges;
        for entry in journal {
            self.journal.push(entry);
        }
    }

    pub(crate) const fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Whether a request waits at the CA.
    pub(crate) fn has_pending(&self) -> bool {
        !self.ca_database.pending.is_empty()
    }

    /// Begins a new history with other settings at `origin`. The CAs and their certificates stay,
    /// and so do the journal and what was issued; processes, caches, passwords and the servers' logs
    /// do not: a diagnosis must not read what another history wrote.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn rebuild(&mut self, profile: Profile, state: State, origin: UnixTime) -> Result<()> {
        self.pki
            .remint(&state, origin, self.provider.as_ref(), &mut self.rng)?;
        self.crl_schedules = Schedules::new(&state, origin);
        self.profile = profile;
        self.state = state;
        self.pool = Pool::default();
        self.crl_caches = CrlCaches::default();
        self.intune = Intune::default();
        self.ca_database.pending.clear();
        self.ca_started = true;
        self.second_node = None;
        self.connector_host_started = None;
        self.recent_requests = RecentRequests::default();
        self.handshakes = Handshakes::default();
        self.device = DeviceMemory::default();
        self.transactions = Arc::default();
        self.logs.clear();
        self.origin = origin;
        self.settle_pool();
        Ok(())
    }

    fn settle_pool(&mut self) {
        if self.state.iis.scep_pool.state == PoolState::Stopped {
            self.pool.off = Some(Off::Stopped);
        }
    }

    // ------------------------------------------------------------------ requests

    /// Answers a request of a client to the published SCEP server.
    pub fn handle(&mut self, request: &Request, now: UnixTime) -> Exchange {
        self.exchange(request, now, layer::client_network::handle)
    }

    /// Answers a request from inside the network, to the NDES server itself.
    pub fn handle_inside(&mut self, request: &Request, now: UnixTime) -> Exchange {
        self.exchange(request, now, layer::web_server)
    }

    /// Answers a request to a web server that has nothing to do with the deployment.
    pub(crate) fn handle_elsewhere(&mut self, request: &Request, now: UnixTime) -> Exchange {
        self.exchange(request, now, layer::client_network::elsewhere)
    }

    /// Answers a request to the CRL distribution point.
    pub fn handle_crl(&mut self, request: &Request, now: UnixTime) -> Exchange {
        self.exchange(request, now, layer::crl::from_outside)
    }

    fn exchange(
        &mut self,
        request: &Request,
        now: UnixTime,
        first: fn(&mut Self, &mut Transit, &Request) -> Outcome,
    ) -> Exchange {
        let mut t = self.transit(now);
        let mut outcome = first(self, &mut t, request);
        if let Outcome::Response(response) = &mut outcome {
            let ahead = self.state.windows.clock_ahead.duration();
            let date = scep_core::http::format_date(t.now().plus(ahead));
            response.headers.push(("Date".to_owned(), date));
            response
                .headers
                .push(("Content-Length".to_owned(), response.body.len().to_string()));
        }
        self.journal.push(entry(request, &t, now, &outcome));
        Exchange {
            outcome,
            elapsed: t.spent,
            answered_by: t.answered_by,
        }
    }

    pub(crate) fn transit(&mut self, now: UnixTime) -> Transit {
        self.exchanges += 1;
        Transit::new(now, self.exchanges)
    }

    /// The TLS handshake that clients see.
    ///
    /// # Errors
    /// Why there is none.
    pub fn tls_handshake(&mut self, now: UnixTime) -> Result<Handshake, HandshakeFailure> {
        let result = layer::tls::handshake(self, false);
        let entry = match &result {
            Err(HandshakeFailure::Reset) => system::tls_configuration_unusable(),
            Err(HandshakeFailure::ProtocolVersion) => system::no_common_tls(),
            Err(HandshakeFailure::Closed) | Ok(_) => return result,
        };
        let t = self.transit(now);
        self.log(&t, entry);
        result
    }

    /// The TLS handshake of a web server that has nothing to do with the deployment.
    pub(crate) fn tls_handshake_elsewhere(&self) -> Result<Handshake, HandshakeFailure> {
        layer::tls::handshake(self, true)
    }

    /// Of whoever answers a handshake.
    pub(crate) fn tls_binding(&self, elsewhere: bool) -> TlsIdentity {
        let chain = self
            .pki
            .tls_chain(layer::tls::endpoint_at(self, elsewhere), &self.state.tls)
            .iter()
            .map(|c| c.as_der().to_vec())
            .collect();
        (chain, self.pki.tls.key.pkcs8().to_vec())
    }

    // ------------------------------------------------------------------ changes

    /// Changes settings, as an administrator would.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting does not exist or does not fit, or no
    /// certificate can be made that it describes. Nothing has changed then.
    pub fn set(&mut self, set: &toml::Table, origin: &str, now: UnixTime) -> Result<()> {
        let new = overlay::apply(&self.state, set, origin)?;
        let mut pki = self.pki.clone();
        pki.follow(
            &self.state,
            &new,
            now,
            self.provider.as_ref(),
            &mut self.rng,
        )
        .map_err(|error| match error {
            Error::Pki(error) => Error::Setting {
                origin: origin.to_owned(),
                reason: format!("no certificate can be made of it: {error}"),
            },
            other => other,
        })?;
        // Nothing can fail any more.
        self.pki = pki;
        let old = std::mem::replace(&mut self.state, new);
        let new = self.state.clone();
        self.crl_schedules.follow(&old, &new, now);
        let t = self.transit(now);
        if overlay::leaves(set).contains_key("iis.scep_pool.state") {
            // Start-WebAppPool starts a pool that Windows has switched off, too.
            match new.iis.scep_pool.state {
                PoolState::Started => self.pool.start(),
                PoolState::Stopped => {
                    layer::ndes::stop(self, &t);
                    self.pool.off = Some(Off::Stopped);
                }
            }
        }
        let (was, is) = (
            old.app_proxy.connector.service,
            new.app_proxy.connector.service,
        );
        if was != is {
            let entry = system::service_state(CONNECTOR_SERVICE, is.is_running());
            self.log(&t, entry);
        }
        if old.app_proxy.connector.restarts != new.app_proxy.connector.restarts {
            self.connector_host_started = Some(now);
            self.log(&t, system::event_log_started("connector.lab.example"));
        }
        if old.iis.service != new.iis.service {
            let service = "World Wide Web Publishing Service";
            self.log(
                &t,
                system::service_state(service, new.iis.service.is_running()),
            );
        }
        if old.ca.restarts != new.ca.restarts {
            layer::ca::start(self, &t);
        }
        if old.ca.service != new.ca.service {
            let service = "Active Directory Certificate Services";
            self.log(
                &t,
                system::service_state(service, new.ca.service.is_running()),
            );
        }
        Ok(())
    }

    /// IIS and the worker process of the SCEP pool come up. NDES starts with the first request.
    pub fn start(&mut self, now: UnixTime) -> Duration {
        let mut t = self.transit(now);
        if self.state.app_proxy.present && self.state.app_proxy.connector.service.is_running() {
            self.log(&t, system::service_state(CONNECTOR_SERVICE, true));
            self.log(
                &t,
                text::connector_ready(&self.state.app_proxy.connector.group),
            );
        }
        if self.profile.hosting == Hosting::Iis {
            layer::http_sys::start(self, &mut t);
        }
        t.spent
    }

    /// The pool is recycled: the next request finds a new worker process. A pool that is off stays
    /// off.
    pub fn recycle(&mut self, now: UnixTime) {
        let t = self.transit(now);
        layer::ndes::stop(self, &t);
    }

    /// Another version or product takes the SCEP server's place: its process ends, and the next request
    /// finds the new one.
    pub fn replace_server(&mut self, profile: Profile, now: UnixTime) {
        self.recycle(now);
        self.pool.worker = None;
        self.profile = profile;
    }

    /// Does something at one of the nodes behind a load balancer.
    pub(crate) fn at_node<T>(&mut self, number: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        if number == 0 {
            return act(self);
        }
        let made = match self.second_node.take() {
            Some(node) => Ok(node),
            None => self
                .pki
                .second_node(self.origin, self.provider.as_ref(), &mut self.rng)
                .map(|(ra_signing, ra_encryption)| Node {
                    pool: Pool::default(),
                    ra_signing,
                    ra_encryption,
                }),
        };
        // A key that cannot sign is a defect of the mock; then there is one node.
        let Ok(mut node) = made else {
            return act(self);
        };
        self.swap(&mut node);
        let result = act(self);
        self.swap(&mut node);
        self.second_node = Some(node);
        result
    }

    fn swap(&mut self, node: &mut Node) {
        std::mem::swap(&mut self.pool, &mut node.pool);
        std::mem::swap(&mut self.pki.ra_signing, &mut node.ra_signing);
        std::mem::swap(&mut self.pki.ra_encryption, &mut node.ra_encryption);
    }

    /// The worker process has had no request for so long that it ends, if the pool's settings say so;
    /// else somebody recycles the pool.
    pub(crate) fn let_the_worker_end(&mut self, now: UnixTime) {
        let idle = self.state.iis.scep_pool.idle_timeout.duration();
        if idle.is_zero() {
            self.recycle(now);
        } else {
            self.pool.touch(now.minus(idle));
        }
    }

    /// Revokes a certificate of the issuing CA; the next CRL says so.
    pub fn revoke(&mut self, serial: &[u8], now: UnixTime) {
        self.ca_database.revoked.push((serial.to_vec(), now));
    }

    /// A certificate manager decides about one pending request. Says whether it was there.
    pub fn decide_pending(&mut self, id: u32, issue: bool) -> bool {
        let mut pending = self.ca_database.pending.iter_mut();
        let Some(request) = pending.find(|p| p.id == id && p.resolution.is_none()) else {
            return false;
        };
        request.resolution = Some(Resolution::of(issue));
        true
    }

    /// The requests that wait, oldest first; those that are decided wait for the device to poll.
    pub fn pending(&self) -> impl Iterator<Item = PendingRequest> {
        self.ca_database
            .pending
            .iter()
            .map(|pending| PendingRequest {
                id: pending.id,
                transaction_id: pending.transaction.to_string(),
                subject: pending.request.subject().to_string(),
                decision: pending.resolution.map(|r| r == Resolution::Issue),
            })
    }

    /// A challenge of Intune for what `profile` says, whatever the deployment's own profile.
    ///
    /// # Errors
    /// [`Error::Pki`] if it cannot be made.
    pub fn issue_intune_challenge(
        &mut self,
        profile: &ScepProfile,
        now: UnixTime,
    ) -> Result<ChallengePassword> {
        let provider = Arc::clone(&self.provider);
        self.intune
            .issue(provider.as_ref(), &self.pki, profile, now, &mut self.rng)
    }

    /// A certificate manager decides about every pending request. Says how many there were.
    pub fn resolve_pending(&mut self, issue: bool) -> usize {
        let resolution = Resolution::of(issue);
        let mut resolved = 0;
        for pending in &mut self.ca_database.pending {
            if pending.resolution.is_none() {
                pending.resolution = Some(resolution);
                resolved += 1;
            }
        }
        resolved
    }

    /// Gets a challenge password from where this deployment's devices get theirs, or a bad one.
    ///
    /// # Errors
    /// [`Error::NoChallenge`] if there is none to be had.
    pub fn issue_challenge(
        &mut self,
        kind: ChallengeKind,
        now: UnixTime,
    ) -> Result<Option<ChallengePassword>> {
        crate::challenge::issue(self, kind, now)
    }

    // ------------------------------------------------------------------ looking

    /// The settings.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The server profile.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// When the history began.
    #[must_use]
    pub const fn origin(&self) -> UnixTime {
        self.origin
    }

    /// Root and issuing CA, in this order.
    #[must_use]
    pub fn ca_certificates(&self) -> [Certificate; 2] {
        [
            self.pki.root.certificate.clone(),
            self.pki.issuing_ca.certificate.clone(),
        ]
    }

    /// The root that clients have in their TLS trust store.
    #[must_use]
    pub fn public_tls_root(&self) -> Certificate {
        self.pki.public_tls_root.certificate.clone()
    }

    /// Whether the server leaves out a security identifier that is asked for as a name.
    #[must_use]
    pub const fn denies_security_identifiers(&self) -> bool {
        self.profile.denies_security_identifiers
    }

    /// What NDES serves when it runs with the certificates that it has now: what somebody who
    /// looked while all was well remembers.
    #[must_use]
    pub fn last_good(&self) -> LastGood {
        let [signing, encryption] = [RaRole::Signing, RaRole::Encryption]
            .map(|role| &self.pki.ra_certificate(role).identity.certificate);
        let certificates = self.profile.certificates(&self.pki, signing, encryption);
        let (content_type, ca_certificates) = layer::ndes::bundle(&certificates);
        LastGood {
            content_type,
            ca_certificates,
            capabilities: self.profile.capabilities_text(),
        }
    }

    /// The SCEP URL that devices of the simulation are given.
    #[must_use]
    pub fn published_url(&self) -> String {
        crate::device::published_url(self)
    }

    /// The exchanges, oldest first.
    pub fn journal(&self) -> impl Iterator<Item = &JournalEntry> {
        self.journal.entries()
    }

    /// The log records, oldest first.
    pub fn events(&self) -> impl Iterator<Item = &EventRecord> {
        self.logs.records()
    }

    /// What was issued, oldest first.
    #[must_use]
    pub fn issued(&self) -> &[IssuedCertificate] {
        self.ca_database.issued()
    }

    /// Writes into the journal what belongs to no exchange.
    pub(crate) fn note(&mut self, text: String, now: UnixTime) {
        let mut t = self.transit(now);
        t.notes.push(text);
        let none = entry(&Request::default(), &t, now, &Outcome::Silence);
        self.journal.push(JournalEntry {
            outcome: "note".into(),
            ..none
        });
    }

    /// Forgets journal and logs.
    pub fn clear_records(&mut self) {
        self.journal.clear();
        self.logs.clear();
    }

    pub(crate) fn log(&mut self, t: &Transit, entry: Entry) {
        // Servers of other vendors write no Windows logs, and theirs are not simulated.
        let elsewhere = matches!(entry.log, Log::AppProxyConnector | Log::Device);
        if self.profile.hosting != Hosting::Iis && !elsewhere {
            return;
        }
        self.logs.write(t.now(), t.activity, entry);
    }

    /// Serial numbers and dates for the CRL.
    pub(crate) fn revoked(&self) -> Vec<(Vec<u8>, UnixTime)> {
        let mut revoked = self.ca_database.revoked.clone();
        let by_setting = self
            .pki
            .revoked()
            .map(|c| (c.serial().to_vec(), self.origin));
        revoked.extend(by_setting);
        revoked
    }
}

fn entry(request: &Request, t: &Transit, time: UnixTime, outcome: &Outcome) -> JournalEntry {
    let operation = request
        .query
        .as_deref()
        .unwrap_or_default()
        .split('&')
        .find_map(|pair| pair.strip_prefix("operation="))
        .map(|name| name.chars().take(64).collect());
    JournalEntry {
        n: t.activity,
        time: time.0,
        peer: request.peer.clone(),
        method: request.method.clone(),
        path: request.path.chars().take(256).collect(),
        operation,
        query_len: request.query.as_ref().map_or(0, String::len),
        body_len: request.body.len(),
        user_agent: request.header("user-agent").map(str::to_owned),
        status: outcome.status(),
        outcome: Cow::Borrowed(match outcome {
            Outcome::Response(_) => "response",
            Outcome::Refused => "refused",
            Outcome::Silence => "silence",
            Outcome::Reset => "reset",
        }),
        answered_by: t.answered_by,
        elapsed_ms: u64::try_from(t.spent.as_millis()).unwrap_or(u64::MAX),
        message: t.decoded.clone(),
        notes: t.notes.clone(),
    }
}
