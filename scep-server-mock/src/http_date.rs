//! The `Date` field (RFC 9110 section 5.6.7).

use scep_core::UnixTime;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Wed, 25 Nov 2026 22:29:20 GMT`.
pub(crate) fn format(time: UnixTime) -> String {
    let at = time.to_date_time();
    let day = usize::try_from(at.unix_duration().as_secs() / 86_400 % 7).unwrap_or(0);
    let day = DAYS.get(day).copied().unwrap_or_default();
    let month = MONTHS
        .get(usize::from(at.month()).saturating_sub(1))
        .copied()
        .unwrap_or_default();
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
    fn known_dates() {
        assert_eq!(format(UnixTime(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(
            format(UnixTime(1_795_645_760)),
            "Wed, 25 Nov 2026 22:29:20 GMT"
        );
    }
}
