//! All the servers of a run, by their URL.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::x509::Certificate;

use super::Check;
use super::case::{Case, Reaction, Running};
use super::layout::Pki;
use super::seen::{Heard, Seen};
use crate::verdict::{Exchange, Outcome, Stop};

/// The servers that are open now.
pub struct Cases {
    pki: Pki,
    open: Mutex<BTreeMap<String, Running>>,
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl std::fmt::Debug for Cases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cases").finish_non_exhaustive()
    }
}

/// What a client has to know of a case.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) anchor: Certificate,
    pub(super) challenge: String,
}

impl Cases {
    /// Servers with these keys; `clock` tells the time since whenever.
    #[must_use]
    pub fn new(pki: Pki, clock: Box<dyn Fn() -> Duration + Send + Sync>) -> Self {
        Self {
            pki,
            open: Mutex::default(),
            clock,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> UnixTime {
        self.pki.now
    }

    /// Time since whenever.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        (self.clock)()
    }

    /// Opens the server of a check, anew.
    pub(super) fn open(&self, check: &Check) -> scep_core::Result<Opened> {
        let mut case = Case::default();
        (check.case)(&mut case);
        let running = Running::new(&self.pki, case)?;
        let opened = Opened {
            anchor: running.layout.anchor.clone(),
            challenge: running.challenge.clone(),
        };
        self.lock().insert(check.id.to_owned(), running);
        Ok(opened)
    }

    /// Closes a server, and looks at what it has seen.
    pub(super) fn close(
        &self,
        id: &str,
        look: impl FnOnce(&Seen<'_>) -> (Outcome, Vec<Exchange>, Vec<String>),
    ) -> (Outcome, Vec<Exchange>, Vec<String>) {
        let running = self.lock().remove(id);
        match running {
            Some(running) => look(&Seen::new(&running)),
            None => (
                Err(Stop::NotRun("the case was closed".into())),
                Vec::new(),
                Vec::new(),
            ),
        }
    }

    /// Answers a request; `None` if its path is that of no open server.
    #[must_use]
    pub fn answer(&self, heard: Heard) -> Option<Reaction> {
        let path = heard.target.split('?').next().unwrap_or_default();
        let id = path.split_once("/case/")?.1.split('/').next()?.to_owned();
        let mut open = self.lock();
        open.get_mut(&id).map(|running| running.answer(heard))
    }
}
