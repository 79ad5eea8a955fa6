//! A deployment as it is saved: what seldom changes, and what every exchange may change.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_core::UnixTime;
use scep_core::crypto::DigestAlgorithm;
use scep_core::message::{ChallengePassword, TransactionId};
use scep_core::server::{PendingEntry, RequestDigest, TransactionKey, Transactions as _};
use scep_core::x509::CertificationRequest;
use serde::{Deserialize, Serialize};

use crate::deployment::{Deployment, Parts, Secret};
use crate::error::{Error, Result};
use crate::journal::JournalEntry;
use crate::pki::crl::{SavedSchedule, Schedule, Schedules};
use crate::pki::snapshot::Snapshot;
use crate::pki::{CrlUrls, Pki};
use crate::profile::Profile;
use crate::runtime::ca_database::{IssuedCertificate, Pending, Resolution};
use crate::runtime::intune::Intune;
use crate::runtime::password::PasswordCache;
use crate::runtime::pool::Off;
use crate::scenario::Choice;
use crate::state::State;

/// What changes only when somebody changes settings, or time makes it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) choice: Choice,
    profile: String,
    state: State,
    pki: Snapshot,
    origin: i64,
    schedules: [SavedSchedule; 3],
    static_challenge: String,
    /// Where certificates say that the CRL is.
    pub(crate) crl_url: String,
}

/// What any exchange may change.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// The deployment's clock.
    pub(crate) now: i64,
    exchanges: u64,
    last_request: u32,
    pending: Vec<SavedPending>,
    /// Serial numbers in base64, and dates.
    revoked: Vec<(String, i64)>,
    passwords: Vec<(String, i64)>,
    intune: Intune,
    ca_started: bool,
    pool_off: Option<Off>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedPending {
    id: u32,
    transaction: String,
    signer_spki: String,
    request: String,
    resolution: Option<Resolution>,
}

fn broken(what: impl std::fmt::Display) -> Error {
    Error::Data {
        what: "the saved deployment".to_owned(),
        reason: what.to_string(),
    }
}

impl World {
    pub(crate) fn of(d: &Deployment, choice: &Choice) -> Self {
        let schedules = &d.crl_schedules;
        Self {
            choice: choice.clone(),
            profile: d.profile.name.clone(),
            state: d.state.clone(),
            pki: d.pki.snapshot(),
            origin: d.origin().0,
            schedules: [&schedules.base, &schedules.delta, &schedules.root].map(Schedule::saved),
            static_challenge: d.static_challenge.expose().to_owned(),
            crl_url: d.pki.crl_url().to_owned(),
        }
    }
}

impl Moment {
    pub(crate) fn of(d: &Deployment, now: UnixTime) -> Self {
        let pending = |pending: &Pending| SavedPending {
            id: pending.id,
            transaction: pending.transaction.to_string(),
            signer_spki: STANDARD.encode(&pending.signer_spki),
            request: STANDARD.encode(pending.request.as_der()),
            resolution: pending.resolution,
        };
        let revoked = d.ca_database.revoked.iter();
        Self {
            now: now.0,
            exchanges: d.exchanges(),
            last_request: d.ca_database.last_request,
            pending: d.ca_database.pending.iter().map(pending).collect(),
            revoked: revoked
                .map(|(serial, at)| (STANDARD.encode(serial), at.0))
                .collect(),
            passwords: match d.pool.ndes() {
                Some(ndes) => ndes.passwords.saved(),
                None => d
                    .kept_passwords
                    .as_ref()
                    .map_or_else(Vec::new, PasswordCache::saved),
            },
            intune: d.intune.clone(),
            ca_started: d.ca_started,
            pool_off: d.pool.off,
        }
    }
}

impl SavedPending {
    fn restore(self) -> Result<Pending> {
        let der = STANDARD.decode(&self.request).map_err(broken)?;
        Ok(Pending {
            id: self.id,
            transaction: TransactionId::new(self.transaction).map_err(broken)?,
            signer_spki: STANDARD.decode(&self.signer_spki).map_err(broken)?,
            request: CertificationRequest::from_der(&der).map_err(broken)?,
            resolution: self.resolution,
        })
    }
}

impl Deployment {
    /// The deployment as it was. Its processes are not: whatever ran starts with the next request.
    ///
    /// # Errors
    /// [`Error::Data`] if something is missing or cannot be read.
    pub(crate) fn restore(
        parts: Parts,
        world: World,
        moment: Moment,
        issued: Vec<IssuedCertificate>,
        journal: Vec<JournalEntry>,
    ) -> Result<Self> {
        let pki = Pki::restore(
            &world.pki,
            CrlUrls::at(&parts.crl_authority),
            parts.tls_names.clone(),
            parts.provider.as_ref(),
        )?;
        let profile = Profile::load(&world.profile)?;
        let [base, delta, root] = world.schedules.map(Schedule::restored);
        let schedules = Schedules { base, delta, root };
        let secret = Secret::new(ChallengePassword::new(world.static_challenge));
        let origin = UnixTime(world.origin);
        let mut d = Self::assemble(parts, profile, world.state, pki, schedules, secret, origin);
        d.resume(moment.exchanges, journal);
        for certificate in issued {
            d.ca_database.add(certificate);
        }
        d.ca_database.last_request = moment.last_request;
        for pending in moment.pending {
            let pending = pending.restore()?;
            d.remember(&pending)?;
            d.ca_database.pending.push(pending);
        }
        for (serial, at) in moment.revoked {
            let serial = STANDARD.decode(serial).map_err(broken)?;
            d.ca_database.revoked.push((serial, UnixTime(at)));
        }
        d.intune = moment.intune;
        d.ca_started = moment.ca_started;
        d.pool.off = moment.pool_off;
        d.kept_passwords = Some(PasswordCache::restored(moment.passwords));
        Ok(d)
    }

    /// NDES goes on to answer polls for a request that was pending.
    fn remember(&self, pending: &Pending) -> Result<()> {
        let spki = self
            .provider
            .digest(DigestAlgorithm::Sha256, &pending.signer_spki)?;
        let key = TransactionKey {
            id: pending.transaction.clone(),
            signer: <[u8; 32]>::try_from(spki.as_slice()).map_err(broken)?,
        };
        let entry = PendingEntry {
            // whoever repeats the request polls by it
            request: RequestDigest([0; 32]),
            challenge: None,
        };
        Arc::clone(&self.transactions).remember_pending(&key, entry);
        Ok(())
    }
}
