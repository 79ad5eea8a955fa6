//! The deployment without sockets, on virtual time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::message::ChallengePassword;
use scep_failures::catalogue::Step;
use scep_failures::observation::LogRecord;

use crate::challenge::ChallengeKind;
use crate::deployment::Deployment;
use crate::error::Result;
use crate::layer::client_network::obstacle;
use crate::layer::dns::{self, Host, NoAnswer};
pub use crate::layer::tls::{Handshake, HandshakeFailure};
use crate::log::Log;
use crate::scenario::play_step;
use crate::simulation::Simulation;
use crate::wire::{Outcome, Request, Response};

/// Address of the NDES server.
const NDES: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
/// Address of the CRL distribution point.
const PKI: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 30));
/// Address of a web server that has nothing to do with the deployment.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 80));
/// Address of the application proxy.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 20));

/// A round trip on the simulated network.
const ROUND_TRIP: Duration = Duration::from_millis(2);

/// What a name resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// Names on the way.
    pub cnames: Vec<String>,
}

/// Why something failed below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The name does not exist.
    NameNotFound,
    /// The name servers fail.
    ResolverFailed,
    /// Alert `protocol_version` in answer to a ClientHello.
    ProtocolVersion,
    /// The port is closed.
    Refused,
    /// Nobody has this address.
    Unreachable,
    /// Nothing came within the time-out.
    TimedOut,
    /// The connection was cut without a response.
    Reset,
    /// No TLS is spoken there.
    NoTls,
}

/// The simulated network around a deployment: names, addresses, connections, exchanges.
///
/// Time is virtual: it stands still but for what exchanges take and for
/// [`advance`](Self::advance). Shared by reference; one caller at a time.
#[derive(Debug)]
pub struct MemoryHost(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    simulation: Simulation,
    start: UnixTime,
    /// Since `start`.
    elapsed: Duration,
}

impl Inner {
    fn now(&self) -> UnixTime {
        self.start.plus(self.elapsed)
    }

    /// Lets time pass to `to`, as a history does that counts in whole seconds.
    fn move_to(&mut self, to: UnixTime) {
        if to > self.now() {
            self.elapsed = to.since(self.start);
        }
    }

    /// Lets time pass that something took, but no more than its time-out.
    fn spend(&mut self, took: Duration, timeout: Duration) -> Result<(), Failure> {
        self.elapsed = self.elapsed.saturating_add(took.min(timeout));
        if took > timeout {
            Err(Failure::TimedOut)
        } else {
            Ok(())
        }
    }

    fn with_clock<T>(
        &mut self,
        act: impl FnOnce(&mut Simulation, &mut UnixTime) -> Result<T>,
    ) -> Result<T> {
        let mut now = self.now();
        let result = act(&mut self.simulation, &mut now);
        self.move_to(now);
        result
    }
}

impl MemoryHost {
    pub(crate) fn new(simulation: Simulation, start: UnixTime, now: UnixTime) -> Self {
        Self(Mutex::new(Inner {
            simulation,
            start,
            elapsed: now.since(start),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half-way; a poisoned lock only tells of a caller's panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ------------------------------------------------------------------ time

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.inner().now()
    }

    /// Time since the host was made, history included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.inner().elapsed
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut inner = self.inner();
        inner.elapsed = inner.elapsed.saturating_add(by);
    }

    // ------------------------------------------------------------------ network

    /// The SCEP URL that devices are given.
    #[must_use]
    pub fn scep_url(&self) -> String {
        self.inner().simulation.deployment().published_url()
    }

    /// Resolves a name; an address resolves to itself.
    ///
    /// # Errors
    /// [`Failure::NameNotFound`].
    pub fn resolve(&self, host: &str) -> Result<Resolved, Failure> {
        let mut inner = self.inner();
        inner.elapsed += ROUND_TRIP;
        if let Ok(address) = host.parse() {
            return Ok(Resolved {
                addresses: vec![address],
                cnames: Vec::new(),
            });
        }
        let found = dns::resolve(inner.simulation.deployment().state(), host);
        let (to, cnames) = found.map_err(|none| match none {
            NoAnswer::NoSuchName => Failure::NameNotFound,
            NoAnswer::ServerFailure => Failure::ResolverFailed,
        })?;
        let address = match to {
            Host::Ndes => NDES,
            Host::Proxy => PROXY,
            Host::Pki => PKI,
            Host::OldWeb => ELSEWHERE,
        };
        Ok(Resolved {
            addresses: vec![address],
            cnames,
        })
    }

    /// Opens a TCP connection and closes it again.
    ///
    /// # Errors
    /// [`Failure::Refused`], [`Failure::TimedOut`], [`Failure::Unreachable`].
    pub fn connect(&self, address: SocketAddr, timeout: Duration) -> Result<(), Failure> {
        let mut inner = self.inner();
        inner.spend(ROUND_TRIP, timeout)?;
        inner.reach(address, timeout)
    }

    /// Completes a TLS handshake, whatever the chain.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and [`Failure::NoTls`] on a port that speaks none.
    pub fn tls(&self, address: SocketAddr, timeout: Duration) -> Result<Handshake, Failure> {
        let mut inner = self.inner();
        inner.spend(ROUND_TRIP * 2, timeout)?;
        inner.reach(address, timeout)?;
        if address.port() != 443 {
            return Err(Failure::NoTls);
        }
        let now = inner.now();
        let deployment = inner.simulation.deployment_mut();
        let handshake = if address.ip() == ELSEWHERE {
            deployment.tls_handshake_elsewhere()
        } else {
            deployment.tls_handshake(now)
        };
        handshake.map_err(|failure| match failure {
            HandshakeFailure::Closed => Failure::NoTls,
            HandshakeFailure::Reset => Failure::Reset,
            HandshakeFailure::ProtocolVersion => Failure::ProtocolVersion,
        })
    }

    /// One HTTP exchange with whatever has this address. The request's scheme says whether TLS is
    /// spoken; whether its chain is trusted is the caller's business.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and [`Failure::Reset`].
    pub fn exchange(
        &self,
        address: SocketAddr,
        request: &Request,
        timeout: Duration,
    ) -> Result<Response, Failure> {
        let mut inner = self.inner();
        inner.spend(ROUND_TRIP, timeout)?;
        inner.reach(address, timeout)?;
        if request.scheme.default_port() != address.port() {
            return Err(Failure::NoTls);
        }
        let to_scep = address.ip() != PKI && address.ip() != ELSEWHERE;
        if to_scep {
            // a history that is played meanwhile takes its time
            let mut now = inner.now();
            inner.simulation.turn(true, &mut now);
            inner.move_to(now);
        }
        let now = inner.now();
        let deployment = inner.simulation.deployment_mut();
        let exchange = if address.ip() == PKI {
            deployment.handle_crl(request, now)
        } else if address.ip() == ELSEWHERE {
            deployment.handle_elsewhere(request, now)
        } else {
            deployment.handle(request, now)
        };
        match exchange.outcome {
            Outcome::Response(response) => {
                inner.spend(exchange.elapsed, timeout).map(|()| response)
            }
            Outcome::Refused => Err(Failure::Refused),
            Outcome::Silence => inner
                .spend(Duration::MAX, timeout)
                .and(Err(Failure::TimedOut)),
            Outcome::Reset => {
                inner.spend(exchange.elapsed, timeout)?;
                Err(Failure::Reset)
            }
        }
    }

    // ------------------------------------------------------------------ scenario

    /// Looks at the simulation.
    pub fn with<T>(&self, look: impl FnOnce(&Simulation) -> T) -> T {
        look(&self.inner().simulation)
    }

    /// Changes the deployment at the present time.
    pub fn with_deployment<T>(&self, act: impl FnOnce(&mut Deployment, UnixTime) -> T) -> T {
        let mut inner = self.inner();
        let now = inner.now();
        act(inner.simulation.deployment_mut(), now)
    }

    /// A challenge password of the kind that the scenario's client comes with.
    ///
    /// # Errors
    /// [`Error::NoChallenge`](crate::Error::NoChallenge) if there is none to be had.
    pub fn issue_challenge(&self) -> Result<Option<ChallengePassword>> {
        let mut inner = self.inner();
        let now = inner.now();
        inner.simulation.issue_challenge(now)
    }

    /// A challenge password of a kind.
    ///
    /// # Errors
    /// [`Error::NoChallenge`](crate::Error::NoChallenge) if there is none to be had.
    pub fn issue_challenge_of(&self, kind: ChallengeKind) -> Result<Option<ChallengePassword>> {
        self.with_deployment(|deployment, now| deployment.issue_challenge(kind, now))
    }

    /// Arms a failure mode; a new history begins now.
    ///
    /// # Errors
    /// As [`Simulation::arm`].
    pub fn arm(&self, name: &str) -> Result<()> {
        self.inner()
            .with_clock(|simulation, now| simulation.arm(name, now))
    }

    /// Takes a failure mode away; a new history begins now.
    ///
    /// # Errors
    /// As [`Simulation::disarm`].
    pub fn disarm(&self, name: &str) -> Result<()> {
        self.inner()
            .with_clock(|simulation, now| simulation.disarm(name, now))
    }

    /// Mends a failure mode by the steps of its fix.
    ///
    /// # Errors
    /// As [`Simulation::heal`].
    pub fn heal(&self, name: &str) -> Result<()> {
        self.inner()
            .with_clock(|simulation, now| simulation.heal(name, now))
    }

    /// Back to the healthy baseline.
    ///
    /// # Errors
    /// As [`Simulation::reset`].
    pub fn reset(&self) -> Result<()> {
        self.inner().with_clock(Simulation::reset)
    }

    /// Plays steps on the deployment as it is.
    ///
    /// # Errors
    /// As [`play_step`].
    pub fn play(&self, steps: &[Step]) -> Result<()> {
        self.inner().with_clock(|simulation, now| {
            let persona = simulation.persona().clone();
            steps.iter().try_for_each(|step| {
                play_step(simulation.deployment_mut(), step, &persona, "a step", now)
            })
        })
    }

    /// The server's logs as the files that an administrator would export: name of the log, content. What
    /// a real server keeps in neither an event log nor a text file is not among them.
    #[must_use]
    pub fn log_files(&self) -> Vec<(&'static str, String)> {
        self.with(|simulation| {
            let deployment = simulation.deployment();
            let files = Log::ALL.into_iter().map(|log| {
                let records = deployment.events().filter(|record| record.log == log);
                (log.name(), log.export(records))
            });
            files.collect()
        })
    }

    /// The server's logs, as a diagnosis reads them.
    #[must_use]
    pub fn log_records(&self) -> Vec<LogRecord> {
        self.with(|simulation| {
            simulation
                .deployment()
                .events()
                .map(LogRecord::from)
                .collect()
        })
    }
}

impl Inner {
    /// Whether a TCP connection to the address comes about.
    fn reach(&mut self, address: SocketAddr, timeout: Duration) -> Result<(), Failure> {
        let state = self.simulation.deployment().state();
        let proxied = state.app_proxy.present;
        let outcome = match address.ip() {
            ELSEWHERE if matches!(address.port(), 80 | 443) => None,
            PKI if address.port() != 80 => Some(Outcome::Refused),
            PKI if !state.crl.http_reachable => Some(Outcome::Silence),
            PKI => None,
            NDES | PROXY => {
                let published = if proxied { PROXY } else { NDES };
                let open = match address.port() {
                    80 => true,
                    443 => state.tls.enabled || proxied,
                    _ => false,
                };
                if address.ip() != published {
                    Some(Outcome::Silence)
                } else {
                    obstacle(state.client_network.path)
                        .or_else(|| (!open).then_some(Outcome::Refused))
                }
            }
            _ => return Err(Failure::Unreachable),
        };
        match outcome {
            None => Ok(()),
            Some(Outcome::Refused) => Err(Failure::Refused),
            Some(_) => self
                .spend(Duration::MAX, timeout)
                .and(Err(Failure::TimedOut)),
        }
    }
}
