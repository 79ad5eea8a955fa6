//! The SCEP application pool and its worker process.

use std::collections::VecDeque;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::server::Responder;
use scep_core::x509::Certificate;

use super::answered::Answered;
use super::password::PasswordCache;

/// Crashes within [`WINDOW`] after which Windows switches the pool off (rapid-fail protection).
const CRASHES: usize = 5;
/// See [`CRASHES`].
const WINDOW: Duration = Duration::from_secs(300);

/// The application pool.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Why it is off, if it is.
    pub(crate) off: Option<Off>,
    /// Its worker process, if one runs.
    pub(crate) worker: Option<Worker>,
    crashes: VecDeque<UnixTime>,
    started: u32,
}

/// Why a pool is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Off {
    /// Stopped by an administrator.
    Stopped,
    /// Its identity cannot log on.
    Identity,
    /// It crashed too often.
    RapidFail,
}

/// `w3wp.exe`.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Process id.
    pub(crate) pid: u32,
    /// NDES, once its start-up has succeeded.
    pub(crate) ndes: Option<NdesService>,
    started: UnixTime,
    last_request: UnixTime,
}

impl Worker {
    /// Whether it has been without a request for so long.
    pub(crate) fn is_idle(&self, timeout: Duration, now: UnixTime) -> bool {
        !timeout.is_zero() && now.since(self.last_request) >= timeout
    }

    /// Whether it has run for so long.
    pub(crate) fn is_old(&self, limit: Duration, now: UnixTime) -> bool {
        !limit.is_zero() && now.since(self.started) >= limit
    }
}

/// A started NDES: what it loaded then serves until the process ends, whatever happens to it
/// outside.
#[derive(Debug)]
pub(crate) struct NdesService {
    pub(crate) responder: Responder,
    /// Certificates of GetCACert.
    pub(crate) certificates: Vec<Certificate>,
    /// The certificate that signs requests to the CA; `None` if the CA answers itself.
    pub(crate) agent: Option<Certificate>,
    pub(crate) passwords: PasswordCache,
    pub(crate) answered: Answered,
}

impl Pool {
    /// Starts a worker process; the caller has seen to the logon.
    pub(crate) fn start_worker(&mut self, now: UnixTime) {
        self.started += 1;
        self.worker = Some(Worker {
            pid: 4000 + 4 * self.started,
            ndes: None,
            started: now,
            last_request: now,
        });
    }

    /// A request has come for the worker process.
    pub(crate) fn touch(&mut self, now: UnixTime) {
        if let Some(worker) = &mut self.worker {
            worker.last_request = now;
        }
    }

    /// The worker process is gone by a crash. Says whether Windows now switches the pool off.
    pub(crate) fn crashed(&mut self, now: UnixTime) -> bool {
        self.worker = None;
        self.crashes.push_back(now);
        self.crashes.retain(|at| now.since(*at) < WINDOW);
        let rapid = self.crashes.len() >= CRASHES;
        if rapid {
            self.off = Some(Off::RapidFail);
            self.crashes.clear();
        }
        rapid
    }

    /// An administrator starts the pool.
    pub(crate) fn start(&mut self) {
        self.off = None;
        self.crashes.clear();
    }

    /// The running NDES.
    pub(crate) fn ndes(&self) -> Option<&NdesService> {
        self.worker.as_ref().and_then(|w| w.ndes.as_ref())
    }

    /// The running NDES, to be changed.
    pub(crate) fn ndes_mut(&mut self) -> Option<&mut NdesService> {
        self.worker.as_mut().and_then(|w| w.ndes.as_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_crashes_in_five_minutes_switch_the_pool_off_and_slow_ones_do_not() {
        let mut pool = Pool::default();
        for i in 0..20 {
            assert!(!pool.crashed(UnixTime(i * 90)), "crash {i}");
        }
        let mut pool = Pool::default();
        for i in 0..4 {
            assert!(!pool.crashed(UnixTime(i * 10)));
        }
        assert!(pool.crashed(UnixTime(50)));
        assert_eq!(pool.off, Some(Off::RapidFail));
        pool.start();
        assert!(!pool.crashed(UnixTime(51)), "the count starts anew");
    }
}
