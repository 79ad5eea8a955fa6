//! Server logs in the forms that people have them in.

mod event_xml;
mod json;
mod w3c;

use std::path::{Path, PathBuf};

use scep_core::UnixTime;
use scep_failures::observation::LogRecord;

use crate::failure::{Failure, Result};
use crate::files;

/// The records of all files.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Vec<LogRecord>> {
    let mut records = Vec::new();
    for path in paths {
        let text = decode(&files::read(path)?);
        let found = parse(path, &text)
            .map_err(|why| Failure::local(format!("{}: {why}", path.display())))?;
        records.extend(found);
    }
    Ok(records)
}

fn parse(path: &Path, text: &str) -> std::result::Result<Vec<LogRecord>, String> {
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());
    let start = text.trim_start();
    if start.starts_with('[') || start.starts_with('{') {
        json::parse(start)
    } else if start.starts_with('<') {
        event_xml::parse(start)
    } else if start.starts_with('#') {
        w3c::parse(start)
    } else if name.starts_with("ndesplugin") {
        Ok(lines_of_the_policy_module(start))
    } else {
        Err(
            "is no log that is known: neither events as XML, nor an IIS or HTTPERR log (with its \
             #Fields line), nor NDESPlugin.log (by its name), nor JSON"
                .into(),
        )
    }
}

/// NDESPlugin.log has no fixed form that would be documented, so a line is a record.
fn lines_of_the_policy_module(text: &str) -> Vec<LogRecord> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| LogRecord {
            log: "ndes-plugin".into(),
            code: code_in(line).unwrap_or_default(),
            text: line.trim().into(),
            ..LogRecord::default()
        })
        .collect()
}

/// UTF-8, or UTF-16 by its byte order mark, as Event Viewer writes it. What cannot be read becomes
/// the replacement character: one bad octet must not hide a log.
fn decode(content: &[u8]) -> String {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok().map(unit))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match content {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(content).into_owned(),
    }
}

/// The first code of the form `0x80070057` in a text.
fn code_in(text: &str) -> Option<String> {
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
fn seconds(date: &str, time: &str) -> i64 {
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
    fn utf_16_is_read() {
        let mut octets = vec![0xff, 0xfe];
        octets.extend("<Events/>".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(decode(&octets), "<Events/>");
    }

    #[test]
    fn what_is_no_log_is_said_to_be_none() {
        assert!(
            parse(Path::new("x.txt"), "hello")
                .unwrap_err()
                .contains("no log")
        );
        let lines = parse(Path::new("NDESPlugin.log"), "a 0x80094012\n\nb\n").unwrap();
        assert_eq!((lines.len(), lines[0].code.as_str()), (2, "0x80094012"));
    }
}
