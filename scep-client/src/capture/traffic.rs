//! Takes secrets out of traffic that somebody wants to show: captures, HTTP archives, and whatever text
//! was copied from a terminal or a log.

use serde_json::Value;

use super::{Capture, har};
use crate::redact::{self, REMOVED};

/// The same text without secrets: challenge passwords, PKI messages in URLs, bodies of requests, keys,
/// cookies, credentials of HTTP.
///
/// A capture and an HTTP archive are known by their content and keep their form; everything else is taken
/// for lines of text. What a program cannot know to be a secret it leaves: read it before you show it.
#[must_use]
pub fn redact_text(text: &str) -> String {
    let known = if har::is_archive(text) {
        archive(text)
    } else {
        let capture = Capture::from_json("".as_ref(), text);
        capture.and_then(|capture| capture.to_json()).ok()
    };
    known.map_or_else(|| lines(text), |json| json + "\n")
}

fn archive(text: &str) -> Option<String> {
    let mut archive = serde_json::from_str(text).ok()?;
    clean(&mut archive, "");
    Some(format!("{archive:#}"))
}

/// Cleans an archive, whatever it holds besides what the standard says: strings under telling names.
fn clean(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => {
            // {"name": "Cookie", "value": "…"}
            if let (Some(Value::String(field)), Some(Value::String(content))) =
                (fields.get("name").cloned(), fields.get_mut("value"))
            {
                let field = field.to_lowercase();
                *content = match field.as_str() {
                    _ if name == "cookies" => REMOVED.to_owned(),
                    "message" if name == "queryString" => redact::octets(content).into_owned(),
                    _ => redact::url(&redact::header(&field, content), true),
                };
            }
            // somebody may have left the admin page open
            if name == "content"
                && fields.get("encoding").is_none()
                && let Some(Value::String(page)) = fields.get_mut("text")
            {
                let mut octets = page.clone().into_bytes();
                redact::challenge_passwords(&mut octets);
                *page = String::from_utf8_lossy(&octets).into_owned();
            }
            for (name, value) in fields {
                match (name.as_str(), &mut *value) {
                    ("postData", Value::Object(post)) => {
                        post.remove("params");
                        if let Some(Value::String(body)) = post.get_mut("text") {
                            *body = redact::octets(body).into_owned();
                        }
                    }
                    ("url" | "redirectURL", Value::String(url)) => *url = redact::url(url, true),
                    _ => clean(value, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, name)),
        _ => {}
    }
}

fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.split_inclusive('\n') {
        if line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----") {
            in_key = true;
            out.push_str(REMOVED);
            out.push('\n');
        }
        if !in_key {
            out.push_str(&redact::log_text(&urls(&field(line))));
        }
        if line.contains("-----END") {
            in_key = false;
        }
    }
    out
}

/// A header field, with what programs put in front of it: `> Authorization: Basic …`.
fn field(line: &str) -> String {
    let start = line.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(0);
    let (before, rest) = line.split_at(start);
    let Some((name, value)) = rest.split_once(':') else {
        return line.to_owned();
    };
    let word = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    if !word || before.trim().len() > 1 {
        return line.to_owned();
    }
    let end = value.trim_end().len();
    let (value, newline) = value.split_at(end);
    let cleaned = redact::header(&name.to_lowercase(), value.trim_start());
    format!("{before}{name}: {cleaned}{newline}")
}

/// Messages and user information in URLs and request lines.
fn urls(line: &str) -> String {
    line.split_inclusive([' ', '"', '\'', '<', '>', '\t', '\n'])
        .map(|word| {
            let lower = word.to_ascii_lowercase();
            if !lower.contains("message=") && !lower.contains("://") {
                return word.to_owned();
            }
            let end = word
                .trim_end_matches([' ', '"', '\'', '<', '>', '\t', '\r', '\n'])
                .len();
            let (url, rest) = word.split_at(end);
            // what stands in the place of a message has a blank in it
            if lower.ends_with("message=<") {
                return word.to_owned();
            }
            let with_mark = url.contains('?');
            let cleaned = if with_mark {
                redact::url(url, true)
            } else {
                // the query of a W3C log stands alone
                redact::url(&format!("?{url}"), true).split_off(1)
            };
            cleaned + rest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_text_loses_its_secrets_and_nothing_else() {
        let text = "> GET http://us:pw@h/x?operation=PKIOperation&message=MII%2Babc HTTP/1.1\n\
            > Authorization: Basic dTpw\n\
            < Set-Cookie: a=b; Path=/\r\n\
            < Server: Microsoft-IIS/10.0\n\
            2026-11-25 22:29:20 GET /certsrv/mscep/mscep.dll operation=PKIOperation&message=MIIabc 443\n\
            The enrollment challenge password is: 0123456789ABCDEF\n\
            -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n\
            serial 610000002B0123456789 issued at 12:00\n";
        let expected = "> GET http://h/x?operation=PKIOperation&message=<9 octets> HTTP/1.1\n\
            > Authorization: <removed>\n\
            < Set-Cookie: a=<removed>; Path=/\r\n\
            < Server: Microsoft-IIS/10.0\n\
            2026-11-25 22:29:20 GET /certsrv/mscep/mscep.dll operation=PKIOperation&message=<6 octets> 443\n\
            The enrollment challenge password is: <removed>\n\
            <removed>\n\
            serial 610000002B0123456789 issued at 12:00\n";
        assert_eq!(redact_text(text), expected);
        assert_eq!(redact_text(expected), expected);
    }

    #[test]
    fn an_archive_keeps_its_form() {
        let archive = r#"{"log": {"version": "1.2", "entries": [{
            "request": {
                "method": "POST",
                "url": "http://u:p@h/x?operation=PKIOperation&message=MIIabc",
                "headers": [{"name": "Cookie", "value": "sid=1"}, {"name": "Accept", "value": "*/*"}],
                "cookies": [{"name": "sid", "value": "1"}],
                "queryString": [{"name": "message", "value": "MIIabc"}],
                "postData": {"mimeType": "x", "text": "secret"}
            },
            "response": {"status": 200, "headers": [{"name": "Set-Cookie", "value": "sid=2"}],
                "content": {"text": "password is: <B> 0123456789ABCDEF </B>"}}
        }]}}"#;
        let cleaned = redact_text(archive);
        for secret in [
            "u:p",
            "MIIabc",
            "sid=1",
            "sid=2",
            "secret",
            "0123456789ABCDEF",
        ] {
            assert!(!cleaned.contains(secret), "{secret} is in {cleaned}");
        }
        let value: Value = serde_json::from_str(&cleaned).unwrap();
        assert_eq!(
            value["log"]["entries"][0]["request"]["headers"][1]["value"],
            "*/*"
        );
        assert_eq!(redact_text(&cleaned), cleaned);
    }
}
