//! Points in time, passed in by the caller: this crate has no clock.

use core::fmt;
use core::time::Duration;

use der::DateTime;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// The last second that X.509 can express (9999-12-31T23:59:59Z).
    pub const MAX: Self = Self(253_402_300_799);

    /// This moment by the operating system's clock.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Self(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
            Err(before) => Self(-i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX)),
        }
    }

    /// The time `d` later.
    #[must_use]
    pub fn plus(self, d: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(d.as_secs()).unwrap_or(i64::MAX)),
        )
    }

    /// The time `d` earlier.
    #[must_use]
    pub fn minus(self, d: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(d.as_secs()).unwrap_or(i64::MAX)),
        )
    }

    /// How much later `self` is than `earlier`; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The calendar form, clamped to what X.509 can express (years 1970 to 9999).
    #[must_use]
    pub fn to_date_time(self) -> DateTime {
        let clamped = self.0.clamp(0, Self::MAX.0);
        DateTime::from_unix_duration(Duration::from_secs(u64::try_from(clamped).unwrap_or(0)))
            .unwrap_or(DateTime::INFINITY)
    }
}

impl From<DateTime> for UnixTime {
    fn from(value: DateTime) -> Self {
        Self(i64::try_from(value.unix_duration().as_secs()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for UnixTime {
    /// ISO 8601 in UTC: `2026-11-25T22:29:20Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_date_time())
    }
}
