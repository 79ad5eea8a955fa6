//! Windows events as XML: "Save All Events As" of Event Viewer, `wevtutil qe … /f:RenderedXml`.
//!
//! Only the few elements that a record needs are looked for; this is no XML parser.

use std::io::BufRead;

use scep_failures::observation::LogRecord;

use super::Failure;
use super::collector::Collector;
use super::event::{code_in, log, seconds, severity};
use super::text::Pieces;

pub(super) fn read(
    mut events: Pieces<impl BufRead>,
    into: &mut Collector<'_>,
) -> Result<(), Failure> {
    let mut known = false;
    while let Some(piece) = events.next()? {
        known |= piece.contains("<Events");
        if let Some(event) = event(&piece) {
            known = true;
            if let Some(record) = record(event) {
                into.add(record);
            }
        }
    }
    if known {
        Ok(())
    } else {
        Err(Failure::Format(
            "is XML, but holds no Windows events".into(),
        ))
    }
}

/// The whole event at the end of a piece.
fn event(piece: &str) -> Option<&str> {
    let from = piece.rfind("<Event ")?;
    piece.get(from..)?.strip_suffix("</Event>")
}

/// The record of one event, `<Event …>…`.
pub(super) fn record(event: &str) -> Option<LogRecord> {
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
    let source = unescape(&attribute(system, "Provider", "Name")?);
    let user_data = element(rest, "UserData").map(flat).unwrap_or_default();
    // names and addresses stand in the data, in every language; the message is translated
    let mut parts = vec![data.join(" "), user_data];
    if let Some(message) = element(rest, "Message") {
        parts.retain(|part| !message.contains(part.as_str()));
        parts.insert(0, message.to_owned());
    }
    parts.retain(|part| !part.is_empty());
    let message = parts.join(" ");
    let code = if source == "Application Error" && event_id == 1000 && data.len() > EXCEPTION_CODE {
        data.get(EXCEPTION_CODE).and_then(|value| bare_code(value))
    } else {
        data.iter().find_map(|value| code_in(value))
    };
    let code = code
        .or_else(|| element(rest, "UserData").and_then(capi2_code))
        .or_else(|| code_in(&message))
        .or_else(|| match data.as_slice() {
            // an event that has nothing but a word to say says its code
            [word] if is_word(word) => Some((*word).to_owned()),
            _ => None,
        });
    Some(LogRecord {
        log: log(element(system, "Channel").unwrap_or_default(), &source).to_owned(),
        source,
        event_id,
        time: seconds(date, time),
        severity: severity(element(system, "Level").unwrap_or_default()).to_owned(),
        code: code.unwrap_or_default(),
        text: unescape(&message),
    })
}

/// `0x411`, `SubjectNameMismatch`, `3007`
fn is_word(text: &str) -> bool {
    (3..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric())
}

/// Where Application Error 1000 holds the exception code: after name, version and time stamp of the
/// application and of the module, which are bare hexadecimal numbers too.
const EXCEPTION_CODE: usize = 6;

/// A code with or without `0x` in front.
fn bare_code(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    code_in(&format!("0x{digits}"))
}

/// The code of an event of CAPI2: the check that failed, else the value of its result.
fn capi2_code(user_data: &str) -> Option<String> {
    let failed_check = user_data.split("<Action ").skip(1).find_map(|rest| {
        let (tag, rest) = rest.split_once('>')?;
        let inside = rest.split("</Action>").next()?;
        let failed = !tag.ends_with('/') && result(inside)? != "0x00000000";
        let name = attribute(&format!("<Action {tag}>"), "Action", "name")?;
        (failed && name.starts_with("Check")).then_some(name)
    });
    failed_check.or_else(|| result(user_data).filter(|code| code != "0x00000000"))
}

/// `<Result value="800B0101">…</Result>`
fn result(xml: &str) -> Option<String> {
    bare_code(&attribute(xml, "Result", "value")?)
}

/// Texts and values of attributes, without the tags around them.
fn flat(xml: &str) -> String {
    let mut words = Vec::new();
    for part in xml.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        if !tag.starts_with('/') {
            let values = tag.split(['"', '\'']).skip(1).step_by(2);
            words.extend(values.filter(|value| !value.starts_with("http://schemas.")));
        }
        words.push(text.trim());
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
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

/// Replaces entities and character references; what is none stays.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let reference = after.split_once(';').and_then(|(name, after)| {
            let c = match name {
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "amp" => '&',
                _ => character(name.strip_prefix('#')?)?,
            };
            Some((c, after))
        });
        match reference {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `128273`, `x1F511`
fn character(digits: &str) -> Option<char> {
    let hex = digits.strip_prefix(['x', 'X']);
    let number = match hex {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    number.ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::super::collected;
    use super::*;

    fn parse(text: &str) -> Result<Vec<LogRecord>, String> {
        collected(|into| read(Pieces::new(text.as_bytes(), b"</Event>"), into))
    }

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

    /// An event of a real shape, with made-up content.
    fn event(provider: &str, id: u32, channel: &str, content: &str) -> LogRecord {
        let xml = format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='{provider}'/><EventID>{id}</EventID><Level>2</Level>\
             <TimeCreated SystemTime='2026-11-25T22:29:20.1234567Z'/><Channel>{channel}</Channel>\
             </System>{content}</Event>"
        );
        parse(&xml).unwrap().remove(0)
    }

    #[test]
    fn the_code_of_a_crash_is_the_exception() {
        let data = [
            "w3wp.exe",
            "10.0.20348.1",
            "5f7e2a1b",
            "ntdll.dll",
            "10.0.20348.2",
            "0x1a2b3c4d",
            "c0000005",
            "000000000002a1f0",
            "1d2c",
        ];
        let data: String = data
            .iter()
            .map(|value| format!("<Data>{value}</Data>"))
            .collect();
        let crash = event(
            "Application Error",
            1000,
            "Application",
            &format!("<EventData>{data}</EventData>"),
        );
        assert_eq!(crash.code, "0xc0000005");
        assert!(crash.text.contains("w3wp.exe"));
    }

    #[test]
    fn capi2_holds_its_data_in_elements_of_its_own() {
        let capi2 = |id, content: &str| {
            let content = format!("<UserData>{content}</UserData>");
            event(
                "Microsoft-Windows-CAPI2",
                id,
                "Microsoft-Windows-CAPI2/Operational",
                &content,
            )
        };
        let policy = capi2(
            30,
            r#"<CertVerifyCertificateChainPolicy><Policy type="CERT_CHAIN_POLICY_BASE" constant="1"/><Certificate fileRef="A.cer" subjectName="NDES01-MSCEP-RA"/><Result value="800B0101">A required certificate is not within its validity period.</Result></CertVerifyCertificateChainPolicy>"#,
        );
        assert_eq!(
            (policy.log.as_str(), policy.code.as_str()),
            ("capi2", "0x800b0101")
        );
        assert!(policy.text.contains("NDES01-MSCEP-RA"), "{}", policy.text);
        let rejected = capi2(
            42,
            r#"<CertRejectedRevocationInfo><SubjectCertificate fileRef="A.cer" subjectName="NDES01-MSCEP-RA"/><Action name="CheckTimeValidity"><Result value="80092013">offline</Result></Action><Result value="80092013">offline</Result></CertRejectedRevocationInfo>"#,
        );
        assert_eq!(rejected.code, "CheckTimeValidity");
        let lost = capi2(
            53,
            r#"<CryptRetrieveObjectByUrlWire><URL scheme="http">http://pki.example.com/CertEnroll/CA1.crl</URL><Action name="NetworkRetrievalHttp"/><Result value="80072EE2">timed out</Result></CryptRetrieveObjectByUrlWire>"#,
        );
        assert_eq!(lost.code, "0x80072ee2");
        assert!(lost.text.contains("/CertEnroll/CA1.crl"), "{}", lost.text);
        let fine = capi2(
            41,
            r#"<CertVerifyRevocation><Certificate fileRef="A.cer" subjectName="x"/><Result value="0"/></CertVerifyRevocation>"#,
        );
        assert_eq!(fine.code, "");
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
