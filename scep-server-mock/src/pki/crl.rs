//! CRLs as the issuing CA publishes them: on a schedule, while publication works.

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::crypto::{DigestAlgorithm, RandomSource};
use scep_core::x509::{Crl, CrlBuilder, Extension};

use super::Identity;
use crate::error::Result;
use crate::state::{self, Period};

/// The schedule by which CRLs reach the distribution point.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// A publication that happened.
    base: UnixTime,
    /// From then on nothing has been published any more.
    broken_since: Option<UnixTime>,
    validity: Duration,
}

/// A schedule as it is saved: seconds.
pub(crate) type SavedSchedule = (i64, Option<i64>, u64);

impl Schedule {
    pub(crate) fn saved(&self) -> SavedSchedule {
        let broken = self.broken_since.map(|at| at.0);
        (self.base.0, broken, self.validity.as_secs())
    }

    pub(crate) fn restored((base, broken, validity): SavedSchedule) -> Self {
        Self {
            base: UnixTime(base),
            broken_since: broken.map(UnixTime),
            validity: Duration::from_secs(validity),
        }
    }

    /// The schedule of a deployment whose history begins at `origin`.
    pub(crate) fn new(settings: impl Into<Settings>, origin: UnixTime) -> Self {
        let settings = settings.into();
        let base = origin.minus(settings.issued_ago.duration());
        Self {
            base,
            broken_since: (!settings.published).then_some(base),
            validity: settings.validity.duration(),
        }
    }

    /// Follows a change of settings at `now`. A CA whose publication works again, and one that gets
    /// a new validity, publish at once.
    pub(crate) fn follow(
        &mut self,
        old: impl Into<Settings>,
        new: impl Into<Settings>,
        now: UnixTime,
    ) {
        let (old, new) = (old.into(), new.into());
        if (old.issued_ago, old.validity) != (new.issued_ago, new.validity) {
            self.base = now.minus(new.issued_ago.duration());
            self.validity = new.validity.duration();
        }
        match (old.published, new.published) {
            (true, false) => self.broken_since = Some(now),
            (false, true) => {
                self.base = now;
                self.broken_since = None;
            }
            _ => {}
        }
    }

    /// thisUpdate and nextUpdate of the CRL that lies at the distribution point at `now`, and its
    /// number. Published anew when an eighth of the validity is left.
    pub(crate) fn current(&self, now: UnixTime) -> (UnixTime, UnixTime, u32) {
        let until = self.broken_since.map_or(now, |broken| broken.min(now));
        let interval = (self.validity - self.validity / 8).as_secs().max(1);
        let periods = until.since(self.base).as_secs() / interval;
        let this_update = self.base.plus(Duration::from_secs(periods * interval));
        let number = u32::try_from(periods).unwrap_or(u32::MAX).saturating_add(1);
        (this_update, this_update.plus(self.validity), number)
    }
}

/// What a schedule goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    published: bool,
    validity: Period,
    issued_ago: Period,
}

impl From<&state::Crl> for Settings {
    fn from(crl: &state::Crl) -> Self {
        Self {
            published: crl.published,
            validity: crl.validity,
            issued_ago: crl.issued_ago,
        }
    }
}

impl From<&state::DeltaCrl> for Settings {
    fn from(crl: &state::DeltaCrl) -> Self {
        Self {
            published: crl.published,
            validity: crl.validity,
            issued_ago: Period::default(),
        }
    }
}

impl From<&state::RootCrl> for Settings {
    fn from(crl: &state::RootCrl) -> Self {
        Self {
            published: crl.published,
            validity: crl.validity,
            issued_ago: crl.issued_ago,
        }
    }
}

/// The schedules of all CRLs.
#[derive(Clone, Debug)]
pub(crate) struct Schedules {
    pub(crate) base: Schedule,
    pub(crate) delta: Schedule,
    pub(crate) root: Schedule,
}

impl Schedules {
    pub(crate) fn new(state: &state::State, origin: UnixTime) -> Self {
        Self {
            base: Schedule::new(&state.crl, origin),
            delta: Schedule::new(&state.crl.delta, origin),
            root: Schedule::new(&state.root_crl, origin),
        }
    }

    pub(crate) fn follow(&mut self, old: &state::State, new: &state::State, now: UnixTime) {
        self.base.follow(&old.crl, &new.crl, now);
        self.delta.follow(&old.crl.delta, &new.crl.delta, now);
        self.root.follow(&old.root_crl, &new.root_crl, now);
    }
}

/// Signs a CRL.
pub(crate) fn sign(
    issuer: &Identity,
    (this_update, next_update, number): (UnixTime, UnixTime, u32),
    revoked: Vec<(Vec<u8>, UnixTime)>,
    extensions: Vec<Extension>,
    rng: &mut dyn RandomSource,
) -> Result<Crl> {
    let builder = CrlBuilder {
        issuer: issuer.certificate.subject().clone(),
        this_update,
        next_update,
        number,
        revoked,
        authority_key_identifier: issuer.certificate.subject_key_identifier(),
        extensions,
    };
    Ok(builder.sign(issuer.key.key.as_ref(), DigestAlgorithm::Sha256, rng)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn a_working_ca_keeps_the_crl_fresh_and_a_broken_one_does_not() {
        let healthy = state::Crl::default();
        let broken = state::Crl {
            published: false,
            ..healthy.clone()
        };
        let mut schedule = Schedule::new(&healthy, UnixTime(0));
        assert_eq!(schedule.current(UnixTime(0)).0, UnixTime(-DAY));
        for day in 0..60 {
            let (this, next, _) = schedule.current(UnixTime(day * DAY));
            assert!(
                this <= UnixTime(day * DAY) && next > UnixTime(day * DAY),
                "day {day}"
            );
        }
        schedule.follow(&healthy, &broken, UnixTime(60 * DAY));
        assert!(schedule.current(UnixTime(68 * DAY)).1 < UnixTime(68 * DAY));
        schedule.follow(&broken, &healthy, UnixTime(68 * DAY));
        assert_eq!(schedule.current(UnixTime(68 * DAY)).0, UnixTime(68 * DAY));
    }
}
