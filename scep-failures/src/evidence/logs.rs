//! Facts of server logs: `log.<source>.<event>` holds an event's code, `log.<log>.code` that of a
//! line of a text log.

use super::Facts;
use crate::observation::{LogRecord, Observations};

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    for record in current(observations) {
        let source = short_source(record);
        if record.event_id == 0 {
            facts.add(format!("log.{source}.code"), record.code.as_str(), &[]);
            facts.add(format!("log.{source}.text"), record.text.as_str(), &[]);
        } else {
            facts.add(
                format!("log.{source}.{}", record.event_id),
                record.code.to_ascii_lowercase(),
                &[],
            );
            facts.add(
                format!("log.{source}.{}.text", record.event_id),
                record.text.as_str(),
                &[],
            );
        }
    }
}

/// The records that speak of how things are. NDES says when it has started (1) or stopped (3); what
/// it complained of before the last time it did is history. Records without a time are kept.
pub(crate) fn current(observations: &Observations) -> Vec<&LogRecord> {
    let ndes = |record: &LogRecord| record.log == "application" && short_source(record) == "ndes";
    let turns = |record: &LogRecord| matches!(record.event_id, 1 | 3);
    let last_turn = observations
        .logs
        .iter()
        .filter(|record| ndes(record) && turns(record))
        .map(|record| record.time)
        .max();
    observations
        .logs
        .iter()
        .filter(|record| {
            let history = record.time != 0 && last_turn.is_some_and(|last| record.time < last);
            !history || !ndes(record) || turns(record)
        })
        .collect()
}

/// The name of a record's source in fact names: `ndes`, `capi2`, `was`, `application-error`, ...;
/// the log's name where there is no source.
#[must_use]
pub fn short_source(record: &LogRecord) -> String {
    short_name(if record.source.is_empty() {
        &record.log
    } else {
        &record.source
    })
}

fn short_name(source: &str) -> String {
    let source = source.strip_prefix("Microsoft-Windows-").unwrap_or(source);
    if source.eq_ignore_ascii_case("NetworkDeviceEnrollmentService") {
        return "ndes".to_owned();
    }
    source
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn sources_get_short_names() {
        assert_eq!(
            short_name("Microsoft-Windows-NetworkDeviceEnrollmentService"),
            "ndes"
        );
        assert_eq!(short_name("Microsoft-Windows-CAPI2"), "capi2");
        assert_eq!(short_name("Application Error"), "application-error");
        assert_eq!(
            short_name("Service Control Manager"),
            "service-control-manager"
        );
        assert_eq!(short_name("iis"), "iis");
    }
}
