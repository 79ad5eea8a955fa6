//! Dates of HTTP (RFC 9110 section 5.6.7), the preferred form.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::UnixTime;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`; `None` if it is no such date, or one before 1970.
#[must_use]
pub fn parse_date(text: &str) -> Option<UnixTime> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = u8::try_from(MONTHS.iter().position(|month| *month == name)?).ok()? + 1;
    let year = words.next()?.parse().ok().filter(|year| *year >= 1970)?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if words.next() != Some("GMT") {
        return None;
    }
    // a leap second, 60, is the one after 59
    let leap = second == 60;
    let time = UnixTime::from_civil(year, month, day, hour, minute, second - u8::from(leap))?;
    Some(time.plus(Duration::from_secs(u64::from(leap))))
}

/// Writes `Wed, 25 Nov 2026 22:29:20 GMT`.
#[must_use]
pub fn format_date(time: UnixTime) -> String {
    let at = time.to_date_time();
    let day = usize::try_from(at.unix_duration().as_secs() / 86_400 % 7).unwrap_or(0);
    let day = DAYS.get(day).copied().unwrap_or_default();
    let month = usize::from(at.month()).saturating_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!(
        "{day}, {:02} {month} {} {:02}:{:02}:{:02} GMT",
        at.day(),
        at.year(),
        at.hour(),
        at.minutes(),
        at.seconds()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_and_read_back() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
            ("Wed, 25 Nov 2026 22:29:20 GMT", 1_795_645_760),
        ] {
            assert_eq!(parse_date(text), Some(UnixTime(seconds)), "{text}");
            assert_eq!(format_date(UnixTime(seconds)), text);
        }
        let leap = parse_date("Sat, 31 Dec 2016 23:59:60 GMT");
        assert_eq!(leap, Some(UnixTime(1_483_228_800)));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for wrong in [
            "",
            "yesterday",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994",
            "Wed, 31 Dec 1969 23:59:59 GMT",
        ] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }
}
