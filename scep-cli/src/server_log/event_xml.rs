//! Windows events as XML: "Save All Events As" of Event Viewer, `wevtutil qe … /f:RenderedXml`.
//!
//! Only the few elements that a record needs are looked for; this is no XML parser.

use scep_failures::observation::LogRecord;

use super::{code_in, seconds};

pub(super) fn parse(text: &str) -> Result<Vec<LogRecord>, String> {
    let records: Vec<LogRecord> = text
        .split("<Event ")
        .skip(1)
        .filter_map(|event| record(event.split("</Event>").next()?))
        .collect();
    if records.is_empty() && !text.contains("<Events") {
        return Err("is XML, but holds no Windows events".into());
    }
    Ok(records)
}

fn record(event: &str) -> Option<LogRecord> {
    let (system, rest) = event.split_once("</System>")?;
    let event_id = element(system, "EventID")?.trim().parse().ok()?;
    let stamp = attribute(system, "TimeCreated", "SystemTime").unwrap_or_default();
    let (date, time) = stamp.split_once('T').unwrap_or_default();
    let data: Vec<&str> = rest
        .split("<Data")
        .skip(1)
        .filter_map(|data| data.split_once('>')?.1.split_once("</Data>"))
        .map(|(value, _)| value)
        .collect();
    let message = element(rest, "Message").map_or_else(|| data.join(" "), str::to_owned);
    let code = data
        .iter()
        .find_map(|value| code_in(value))
        .or_else(|| code_in(&message));
    Some(LogRecord {
        log: log(element(system, "Channel").unwrap_or_default()).to_owned(),
        source: unescape(&attribute(system, "Provider", "Name")?),
        event_id,
        time: seconds(date, time),
        severity: severity(element(system, "Level").unwrap_or_default()).to_owned(),
        code: code.unwrap_or_default(),
        text: unescape(&message),
    })
}

fn log(channel: &str) -> &'static str {
    match channel {
        "System" => "system",
        "Security" => "security",
        capi if capi.contains("CAPI2") => "capi2",
        intune if intune.contains("Intune") => "intune-connector",
        proxy if proxy.contains("ApplicationProxy") || proxy.contains("AadApplicationProxy") => {
            "app-proxy-connector"
        }
        _ => "application",
    }
}

fn severity(level: &str) -> &'static str {
    match level.trim() {
        "1" | "2" => "error",
        "3" => "warning",
        _ => "information",
    }
}

/// The content of the first element of a name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let begin = format!("<{name}");
    let rest = text
        .split(begin.as_str())
        .skip(1)
        // `<EventID>` and `<EventID Qualifiers='0'>`, but not `<EventIDs>`
        .find(|rest| rest.starts_with(['>', ' ']))?;
    let content = rest.split_once('>')?.1;
    content
        .split_once(&format!("</{name}>"))
        .map(|(content, _)| content)
}

/// The value of an attribute, in either sort of quotes.
fn attribute(text: &str, element: &str, name: &str) -> Option<String> {
    let tag = text
        .split_once(&format!("<{element} "))?
        .1
        .split_once('>')?
        .0;
    let value = tag.split_once(&format!("{name}="))?.1;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.split(quote).nth(1).map(str::to_owned)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#13;", "\r")
        .replace("&#10;", "\n")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVED: &str = r#"<?xml version="1.0" encoding="utf-8"?><Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-NetworkDeviceEnrollmentService' Guid='{73144342-19d1-47a4-94de-d38e6a054ad5}' EventSourceName='x'/><EventID Qualifiers='49754'>10</EventID><Version>0</Version><Level>2</Level><TimeCreated SystemTime='2026-11-25T22:29:20.000000000Z'/><Channel>Application</Channel><Computer>NDES01</Computer></System><EventData><Data>0x80092013</Data><Data Name="x">revoked &amp; off</Data></EventData></Event></Events>"#;

    #[test]
    fn a_saved_event_is_read() {
        let records = parse(SAVED).unwrap();
        assert_eq!(
            records,
            [LogRecord {
                log: "application".into(),
                source: "Microsoft-Windows-NetworkDeviceEnrollmentService".into(),
                event_id: 10,
                time: seconds("2026-11-25", "22:29:20"),
                severity: "error".into(),
                code: "0x80092013".into(),
                text: "0x80092013 revoked & off".into(),
            }]
        );
    }

    #[test]
    fn other_xml_is_refused_and_damaged_events_are_left_out() {
        assert!(parse("<html></html>").is_err());
        assert_eq!(parse("<Events></Events>"), Ok(vec![]));
        for end in 0..SAVED.len() {
            let _ = parse(SAVED.get(..end).unwrap_or_default());
        }
    }
}
