//! Facts of the server's clock, as the header field Date shows it.

use super::Facts;
use super::http::exchanges;
use super::page::Page;
use crate::observation::{Observations, Outcome};

/// Difference that matters to SCEP and to certificates, in seconds.
const TOLERANCE_S: i64 = 300;

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let mut skewed = Vec::new();
    let mut seen = Vec::new();
    for (observation, _, _) in exchanges(observations) {
        let Outcome::Response(http) = &observation.outcome else {
            continue;
        };
        let Some(date) = Page::new(http).header("date").and_then(parse) else {
            continue;
        };
        let ended = observation.at_ms.saturating_add(observation.elapsed_ms) / 1000;
        let here = observations
            .started
            .saturating_add(i64::try_from(ended).unwrap_or(i64::MAX));
        let skew = date.saturating_sub(here);
        seen.push(observation.n);
        if seen.len() == 1 {
            facts.add("clock.skew-s", skew, &[observation.n]);
        }
        if skew.abs() > TOLERANCE_S {
            skewed.push(observation.n);
        }
    }
    if !skewed.is_empty() {
        facts.add("clock.skewed", true, &skewed);
    } else if !seen.is_empty() {
        facts.add("clock.skewed", false, &seen);
    }
}

/// Seconds since 1970 of an HTTP date (RFC 9110 section 5.6.7, the preferred form).
fn parse(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split_whitespace();
    let day: i64 = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = i64::try_from(months.iter().position(|name| *name == month)?).ok()? + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.split(':').map(str::parse::<i64>);
    let (h, m, s) = (
        clock.next()?.ok()?,
        clock.next()?.ok()?,
        clock.next()?.ok()?,
    );
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || h > 23 || m > 59 || s > 60 {
        return None;
    }
    Some(days_from_civil(year, month, day) * 86_400 + h * 3_600 + m * 60 + s)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, counted in years that begin in March.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn http_dates() {
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        for wrong in [
            "",
            "yesterday",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
