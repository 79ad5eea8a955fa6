//! What all forms of Windows events have in common: the names of logs, codes, times.

use scep_core::UnixTime;

/// The log of an event, by its channel; by its source where the channel is not known.
pub(super) fn log(channel: &str, source: &str) -> &'static str {
    const SYSTEM: [&str; 6] = [
        "Microsoft-Windows-WAS",
        "WAS",
        "Service Control Manager",
        "Schannel",
        "Microsoft-Windows-IIS-W3SVC",
        "Microsoft-Windows-HttpService",
    ];
    match channel {
        "System" => "system",
        "Security" => "security",
        name if name.contains("CAPI2") => "capi2",
        name if name.contains("DeviceManagement-Enterprise-Diagnostics") => "device",
        name if name.contains("Intune") => "intune-connector",
        name if name.contains("ApplicationProxy") || name.contains("AadApplicationProxy") => {
            "app-proxy-connector"
        }
        "" if SYSTEM.contains(&source) => "system",
        "" if source != channel => log(source, source),
        _ if source.ends_with("CertificationAuthority") => "ca",
        _ if source.contains("CertificateServicesClient") => "device",
        _ => "application",
    }
}

/// `Level` of an event's XML, and the words of English systems.
pub(super) fn severity(level: &str) -> &'static str {
    match level.trim() {
        "1" | "2" | "Error" | "Critical" => "error",
        "3" | "Warning" => "warning",
        _ => "information",
    }
}

/// The first code of the form `0x80070057` in a text.
pub(super) fn code_in(text: &str) -> Option<String> {
    text.match_indices("0x").find_map(|(at, _)| {
        let digits: String = text
            .get(at + 2..)?
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .collect();
        (digits.len() == 8).then(|| format!("0x{}", digits.to_lowercase()))
    })
}

/// Seconds since 1970 of a date `2026-11-25` and a time `22:29:20`; 0 if they are none.
pub(crate) fn seconds(date: &str, time: &str) -> i64 {
    let read = || {
        let mut day = date.split('-');
        let year = day.next()?.parse().ok().filter(|year| *year >= 1970)?;
        let (month, day_of_month) = (day.next()?.parse().ok()?, day.next()?.parse().ok()?);
        let mut clock = time.trim_end_matches('Z').split(':');
        let (hour, minute) = (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?);
        let second = clock.next()?.split('.').next()?.parse().ok()?;
        if day.next().is_some() || clock.next().is_some() {
            return None;
        }
        UnixTime::from_civil(year, month, day_of_month, hour, minute, second)
    };
    read().map_or(0, |time| time.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_eight_digits() {
        assert_eq!(code_in("failed (0x80094012)."), Some("0x80094012".into()));
        assert_eq!(code_in("0x1, then 0x8007007B"), Some("0x8007007b".into()));
        assert_eq!(code_in("0x800940123 none"), None);
    }

    #[test]
    fn times_are_those_of_the_library() {
        for (date, time) in [
            ("1970-01-01", "00:00:00"),
            ("2024-02-29", "23:59:59"),
            ("2026-11-25", "22:29:20.1234567Z"),
        ] {
            let whole = time.split('.').next().unwrap().trim_end_matches('Z');
            let text = UnixTime(seconds(date, time)).to_string();
            assert_eq!(text, format!("{date}T{whole}Z"));
        }
        assert_eq!(seconds("yesterday", "noon"), 0);
    }

    #[test]
    fn the_log_follows_from_channel_or_source() {
        for (channel, source, expected) in [
            ("System", "Schannel", "system"),
            (
                "Application",
                "Microsoft-Windows-NetworkDeviceEnrollmentService",
                "application",
            ),
            (
                "Microsoft-Windows-CAPI2/Operational",
                "Microsoft-Windows-CAPI2",
                "capi2",
            ),
            (
                "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin",
                "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider",
                "device",
            ),
            (
                "Application",
                "Microsoft-Windows-CertificateServicesClient-CertEnroll",
                "device",
            ),
            ("", "Microsoft-Windows-WAS", "system"),
            ("", "Microsoft-Windows-CAPI2", "capi2"),
            ("", "Application Error", "application"),
            (
                "Application",
                "Microsoft-Windows-CertificationAuthority",
                "ca",
            ),
            ("", "Microsoft-Windows-CertificationAuthority", "ca"),
            (
                "",
                "Microsoft-Windows-CertificateServicesClient-CertEnroll",
                "device",
            ),
        ] {
            assert_eq!(log(channel, source), expected, "{channel} {source}");
        }
    }
}
