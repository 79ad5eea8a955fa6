//! Windows events as CSV: "Save All Events As" of Event Viewer, and `Get-WinEvent | Export-Csv`.
//!
//! Event Viewer's column names are translated, their order is not, so it is the order that counts. Its
//! export has no channel; the source tells it.

use std::io::BufRead;

use csv::{ReaderBuilder, StringRecord};
use scep_failures::observation::LogRecord;

use super::Failure;
use super::collector::Collector;
use super::event::{code_in, log, seconds, severity};

/// Where the columns are.
struct Columns {
    source: usize,
    event_id: usize,
    level: Option<usize>,
    time: Option<usize>,
    channel: Option<usize>,
    message: Option<usize>,
}

/// Event Viewer: level, date and time, source, event id, task category, and a message without a name.
const EVENT_VIEWER: Columns = Columns {
    level: Some(0),
    time: Some(1),
    source: 2,
    event_id: 3,
    channel: None,
    message: Some(5),
};

impl Columns {
    /// By the names that `Get-WinEvent` and `Get-EventLog` give their properties.
    fn named(header: &StringRecord) -> Option<Self> {
        let find = |names: &[&str]| {
            let is = |field: &str| names.iter().any(|name| field.eq_ignore_ascii_case(name));
            header.iter().position(is)
        };
        Some(Self {
            source: find(&["ProviderName", "Source"])?,
            event_id: find(&["Id", "EventID", "EventId", "Event ID"])?,
            level: find(&["LevelDisplayName", "EntryType", "Level"]),
            time: find(&["TimeCreated", "TimeGenerated", "Date and Time"]),
            channel: find(&["LogName", "ContainerLog"]),
            message: find(&["Message"]),
        })
    }
}

/// Whether a text begins as such a file does.
pub(super) fn is_header(start: &str) -> bool {
    let mut lines = start.lines();
    let first = lines.next().unwrap_or_default();
    if first.starts_with("#TYPE") {
        return true;
    }
    let fields = first.split([',', ';']).count();
    let plain = |c: char| c.is_alphanumeric() || " ,;\"'-_.()".contains(c);
    // words without digits, one more than four commas: a header in any language
    let words = first.chars().all(plain) && !first.chars().any(|c| c.is_ascii_digit());
    fields >= 5 && words && !first.contains(": ")
}

pub(super) fn read(mut from: impl BufRead, into: &mut Collector<'_>) -> Result<(), Failure> {
    let delimiter = {
        let head = from.fill_buf()?;
        let of = |wanted: u8| {
            head.iter()
                .take(2048)
                .filter(|octet| **octet == wanted)
                .count()
        };
        if of(b';') > of(b',') { b';' } else { b',' }
    };
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(from);
    let mut columns = None;
    let mut row = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => return Err(Failure::Format(format!("is CSV that cannot be read: {e}"))),
        }
        let fields = StringRecord::from_byte_record_lossy(std::mem::take(&mut row));
        if fields
            .get(0)
            .is_some_and(|first| first.starts_with("#TYPE"))
        {
            continue;
        }
        match &columns {
            None => columns = Some(Columns::named(&fields).unwrap_or(EVENT_VIEWER)),
            Some(columns) => into_record(columns, &fields)
                .into_iter()
                .for_each(|r| into.add(r)),
        }
    }
    if into.read() == 0 {
        return Err(Failure::Format(
            "is CSV, but no row of it is a Windows event with source and number".into(),
        ));
    }
    Ok(())
}

fn into_record(columns: &Columns, fields: &StringRecord) -> Option<LogRecord> {
    let field = |at: Option<usize>| at.and_then(|at| fields.get(at)).unwrap_or_default();
    let event_id = fields.get(columns.event_id)?.trim().parse().ok()?;
    let source = fields.get(columns.source)?.trim();
    if !source.contains(char::is_alphabetic) {
        return None;
    }
    // without a name for it, the message is what comes last
    let message = columns.message.map_or_else(
        || {
            fields
                .get(fields.len().saturating_sub(1))
                .unwrap_or_default()
        },
        |at| field(Some(at)),
    );
    Some(LogRecord {
        log: log(field(columns.channel).trim(), source).to_owned(),
        source: source.to_owned(),
        event_id,
        time: time(field(columns.time).trim()),
        severity: severity(field(columns.level)).to_owned(),
        code: code_in(message).unwrap_or_default(),
        text: message.trim().to_owned(),
    })
}

/// `2026-11-25T22:29:20…`, `2026-11-25 22:29:20`, `11/25/2026 10:29:20 PM`. The order of day and month is
/// the system's, so it is taken only where a number above 12 or the words AM and PM tell it. Everything
/// else is 0, not known.
fn time(text: &str) -> i64 {
    let mut words = text.split([' ', 'T']).filter(|word| !word.is_empty());
    let (Some(date), Some(clock)) = (words.next(), words.next()) else {
        return 0;
    };
    let half = words.next().map(str::to_ascii_uppercase);
    let half = half.as_deref().filter(|word| matches!(*word, "AM" | "PM"));
    let numbers: Vec<i64> = date
        .split(['/', '.', '-'])
        .filter_map(|n| n.parse().ok())
        .collect();
    let iso = match numbers.as_slice() {
        [year, month, day] if *year > 31 => format!("{year}-{month:02}-{day:02}"),
        [month, day, year] if *day > 12 || half.is_some() => format!("{year}-{month:02}-{day:02}"),
        [day, month, year] if *day > 12 || date.contains('.') => {
            format!("{year}-{month:02}-{day:02}")
        }
        _ => return 0,
    };
    let found = seconds(&iso, clock);
    let hour = clock
        .split(':')
        .next()
        .and_then(|hour| hour.parse().ok())
        .unwrap_or(0);
    match (half, hour) {
        _ if found == 0 => 0,
        (Some("PM"), 1..12) => found + 12 * 3600,
        (Some("AM"), 12) => found - 12 * 3600,
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use scep_failures::Catalogue;

    use super::*;

    fn parse(text: &str) -> Vec<LogRecord> {
        assert!(is_header(text), "{text}");
        let mut collector = Collector::new(Catalogue::builtin());
        assert!(read(text.as_bytes(), &mut collector).is_ok(), "{text}");
        collector.into_records()
    }

    #[test]
    fn event_viewer_in_two_languages() {
        let english = "Level,Date and Time,Source,Event ID,Task Category\r\n\
            Error,11/25/2026 10:29:20 PM,Microsoft-Windows-NetworkDeviceEnrollmentService,10,None,\"The service cannot use\r\nits certificate (0x800b0101).\"\r\n";
        let german = "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\n\
            Fehler,25.11.2026 22:29:20,Microsoft-Windows-NetworkDeviceEnrollmentService,10,Keine,Das Zertifikat (0x800b0101).\r\n";
        for text in [english, german] {
            let record = parse(text).remove(0);
            assert_eq!((record.log.as_str(), record.event_id), ("application", 10));
            assert_eq!(record.code, "0x800b0101");
            assert_eq!(record.time, seconds("2026-11-25", "22:29:20"));
        }
    }

    #[test]
    fn powershell() {
        let text = "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n\
            \"Message\",\"Id\",\"ProviderName\",\"LogName\",\"TimeCreated\",\"LevelDisplayName\"\r\n\
            \"Application pool 'SCEP' is being disabled\",\"5002\",\"Microsoft-Windows-WAS\",\"System\",\"2026-11-25 22:29:20\",\"Error\"\r\n";
        let record = parse(text).remove(0);
        assert_eq!(
            (
                record.log.as_str(),
                record.event_id,
                record.severity.as_str()
            ),
            ("system", 5002, "error")
        );
        assert!(record.text.contains("SCEP"));
        let semicolons = "\"Id\";\"ProviderName\";\"Message\";\"LogName\";\"LevelDisplayName\"\n2;X;y;System;Error\n";
        assert_eq!(parse(semicolons)[0].event_id, 2);
    }

    #[test]
    fn a_time_that_could_be_two_is_none() {
        assert_eq!(time("03/04/2026 10:00:00"), 0);
        assert_eq!(
            time("25/11/2026 22:29:20"),
            seconds("2026-11-25", "22:29:20")
        );
        assert_eq!(
            time("11/25/2026 12:29:20 AM"),
            seconds("2026-11-25", "00:29:20")
        );
        assert_eq!(time("soon"), 0);
    }

    #[test]
    fn other_csv_is_refused() {
        let mut collector = Collector::new(Catalogue::builtin());
        assert!(read(&b"a,b,c,d,e\n1,2,3,4,5\n"[..], &mut collector).is_err());
        assert!(!is_header("2026-11-25 22:29:20,a,b,c,d"));
        assert!(!is_header("it was broken on Monday"));
    }
}
