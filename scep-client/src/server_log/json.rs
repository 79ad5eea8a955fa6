//! JSON: log records as a diagnosis holds them, or as the mock's control port gives them.

use std::io::BufRead;

use scep_failures::observation::LogRecord;
use serde::Deserialize;

use super::Failure;
use super::collector::Collector;

/// Both forms: the control port calls the event's number `id`, and adds two numbers of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    log: String,
    #[serde(default)]
    source: String,
    #[serde(default, alias = "id")]
    event_id: u32,
    #[serde(default)]
    time: i64,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    text: String,
    #[serde(default, rename = "record")]
    _record: u64,
    #[serde(default, rename = "activity")]
    _activity: u64,
}

pub(super) fn read(from: impl BufRead, into: &mut Collector<'_>) -> Result<(), Failure> {
    let records: Vec<Record> = serde_json::from_reader(from)
        .map_err(|e| Failure::Format(format!("is no JSON array of log records: {e}")))?;
    for r in records {
        into.add(LogRecord {
            log: r.log,
            source: r.source,
            event_id: r.event_id,
            time: r.time,
            severity: r.severity,
            code: r.code,
            text: r.text,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::collected;
    use super::*;

    fn parse(text: &str) -> Result<Vec<LogRecord>, String> {
        collected(|into| read(text.as_bytes(), into))
    }

    #[test]
    fn both_forms_are_one() {
        let ours = r#"[{"log":"application","source":"NDES","event_id":10,"time":1,"severity":"error","code":"c","text":"t"}]"#;
        let control = r#"[{"record":1,"time":1,"log":"application","source":"NDES","id":10,"severity":"error","code":"c","text":"t","activity":7}]"#;
        assert_eq!(parse(ours), parse(control));
        assert_eq!(parse(ours).unwrap()[0].event_id, 10);
        assert!(
            parse(r#"[{"log":"x","eventid":1}]"#)
                .unwrap_err()
                .contains("eventid")
        );
        assert!(parse("{}").is_err());
    }
}
