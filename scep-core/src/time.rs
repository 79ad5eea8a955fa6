//! Points in time, passed in by the caller: this crate has no clock.

use core::fmt;
use core::time::Duration;

use der::DateTime;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days of 400 Gregorian years.
const DAYS_OF_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
/// 0000-01-01T00:00:00Z, the first second that a GeneralizedTime can express.
const FIRST: i64 = -62_167_219_200;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

    /// A moment of the Gregorian calendar in UTC; `None` if there is no such day or hour.
    #[must_use]
    pub fn from_civil(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let month_days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if !(1..=month_days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        // years begin in March, so that the leap day is the last of its year; eras have 400 years
        let years = i64::from(year) - i64::from(month <= 2);
        let month_from_march = (i64::from(month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
        let year_of_era = years.rem_euclid(400);
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = years.div_euclid(400) * DAYS_OF_ERA + day_of_era - DAYS_TO_EPOCH;
        let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        Some(Self(days * DAY + seconds))
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
    /// ISO 8601 in UTC, years 0 to 9999: `2026-11-25T22:29:20Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clamped = self.0.clamp(FIRST, Self::MAX.0);
        let (days, of_day) = (clamped.div_euclid(DAY), clamped.rem_euclid(DAY));
        let days = days + DAYS_TO_EPOCH;
        let (era, day_of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_calendar_agrees_with_the_der_crate() {
        // every 41st day and some seconds, from 1970 to 9999
        let mut at = UnixTime(0);
        while at < UnixTime::MAX {
            let date = at.to_date_time();
            assert_eq!(at.to_string(), date.to_string());
            let civil = UnixTime::from_civil(
                date.year(),
                date.month(),
                date.day(),
                date.hour(),
                date.minutes(),
                date.seconds(),
            );
            assert_eq!(civil, Some(at));
            at = at.plus(Duration::from_secs(41 * 86_400 + 3671));
        }
    }

    #[test]
    fn times_before_1970_and_impossible_dates() {
        let at = UnixTime::from_civil(1950, 1, 1, 0, 0, 0).unwrap();
        assert_eq!(at, UnixTime(-631_152_000));
        assert_eq!(at.to_string(), "1950-01-01T00:00:00Z");
        assert_eq!(UnixTime(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
        assert_eq!(UnixTime(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert!(UnixTime::from_civil(2000, 2, 29, 23, 59, 59).is_some());
        for (year, month, day, hour) in [
            (1900, 2, 29, 0),
            (2026, 13, 1, 0),
            (2026, 1, 0, 0),
            (2026, 1, 1, 24),
        ] {
            assert_eq!(UnixTime::from_civil(year, month, day, hour, 0, 0), None);
        }
    }
}
