//! HTTP archives (HAR 1.2), as browsers and debugging proxies save them.

use std::path::Path;

use scep_failures::Level;
use scep_failures::observation::{
    HttpFacts, NetworkErrorKind, Observation, Observations, Outcome, Probe, Purpose,
};
use serde::Deserialize;
use url::Url;

use crate::observer::KEPT_BODY;
use crate::server_log::seconds;
use crate::{Error, Result, base64};

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    started_date_time: String,
    #[serde(default)]
    time: f64,
    request: Request,
    response: Response,
    #[serde(default, rename = "_error")]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: i64,
    #[serde(default)]
    status_text: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    content: Content,
    #[serde(default, rename = "_error")]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    size: i64,
    text: Option<String>,
    #[serde(default)]
    encoding: String,
}

/// Whether a text is such an archive.
pub(super) fn is_archive(text: &str) -> bool {
    let head: String = text.chars().take(4096).collect();
    head.contains("\"log\"") && !head.contains("\"schema\"")
}

/// The exchanges with a SCEP server in an archive.
///
/// # Errors
/// `Format` if it is no archive, or holds no such exchange; `path` is what the error is to name.
pub(super) fn read(path: &Path, text: &str) -> Result<Observations> {
    let archive: Archive = serde_json::from_str(text).map_err(|source| Error::Format {
        path: path.into(),
        what: "is no HTTP archive (HAR)".into(),
        source: Some(source),
    })?;
    let entries = archive.log.entries;
    let base = entries
        .iter()
        .find_map(|entry| scep_base(&entry.request.url))
        .ok_or_else(|| {
            let what = "holds no exchange with a SCEP server: no URL has operation= in it";
            Error::format(path, what)
        })?;
    let mut observations = Observations {
        url: base.to_string(),
        ..Observations::default()
    };
    let begin = entries.iter().map(|entry| millis(&entry.started_date_time));
    let begin = begin.filter(|at| *at > 0).min().unwrap_or(0);
    observations.started = begin / 1000;
    for entry in entries {
        let Some(purpose) = purpose(&entry.request, &base) else {
            continue;
        };
        if purpose == Purpose::Enroll {
            observations.level = Level::Enroll;
        }
        let n = observations.items.len() + 1;
        let at = millis(&entry.started_date_time).saturating_sub(begin);
        observations.items.push(Observation {
            n: u32::try_from(n).unwrap_or(u32::MAX),
            probe: Probe::Http {
                purpose,
                method: entry.request.method.clone(),
                url: crate::redact::url(
                    &entry.request.url,
                    crate::observer::hides_message(purpose),
                ),
            },
            at_ms: u64::try_from(at).unwrap_or(0),
            elapsed_ms: std::time::Duration::try_from_secs_f64(entry.time / 1000.0)
                .map_or(0, |time| {
                    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
                }),
            outcome: outcome(entry),
        });
    }
    Ok(observations)
}

/// The SCEP URL of a URL with an operation.
fn scep_base(url: &str) -> Option<Url> {
    let mut base = Url::parse(url).ok()?;
    operation(&base)?;
    base.set_query(None);
    base.set_fragment(None);
    Some(base)
}

fn operation(url: &Url) -> Option<String> {
    let mut parameters = url.query_pairs();
    let found = parameters.find(|(name, _)| name.eq_ignore_ascii_case("operation"))?;
    let known = ["getcacaps", "getcacert", "pkioperation", "getnextcacert"];
    Some(found.1.to_lowercase()).filter(|operation| known.contains(&operation.as_str()))
}

fn purpose(request: &Request, base: &Url) -> Option<Purpose> {
    let url = Url::parse(&request.url).ok()?;
    let path = url.path().to_lowercase();
    if path.ends_with(".crl") {
        return Some(Purpose::Crl);
    }
    if url.host_str() != base.host_str() {
        return None;
    }
    match operation(&url).as_deref() {
        Some("getcacaps") => Some(Purpose::GetCaCaps),
        Some("getcacert") => Some(Purpose::GetCaCert),
        Some("pkioperation") => Some(Purpose::Enroll),
        Some(_) => None,
        None if path.contains("/mscep_admin") => Some(Purpose::MscepAdmin),
        None if path == base.path().to_lowercase() => Some(Purpose::BaseUrl),
        None if path == "/" => Some(Purpose::Root),
        None => None,
    }
}

fn outcome(entry: Entry) -> Outcome {
    let response = entry.response;
    // a response that never came has status 0
    let Some(status) = u16::try_from(response.status).ok().filter(|s| *s >= 100) else {
        let detail = entry.error.or(response.error).unwrap_or_default();
        return Outcome::Failed {
            error: failure(&detail),
            detail,
        };
    };
    let text = response.content.text.unwrap_or_default();
    let body = if response.content.encoding.eq_ignore_ascii_case("base64") {
        base64::decode(&text).unwrap_or_default()
    } else {
        text.into_bytes()
    };
    let size = u64::try_from(response.content.size).unwrap_or(0);
    Outcome::Response(HttpFacts {
        status,
        reason: response.status_text,
        headers: response
            .headers
            .into_iter()
            .map(|header| (header.name.to_lowercase(), header.value))
            .collect(),
        body_len: size.max(u64::try_from(body.len()).unwrap_or(u64::MAX)),
        body: base64::encode(body.get(..KEPT_BODY).unwrap_or(&body)),
        ..HttpFacts::default()
    })
}

/// The words of browsers (`net::ERR_…`, `NS_ERROR_…`).
fn failure(words: &str) -> NetworkErrorKind {
    let words = words.to_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if has(&["NAME_NOT_RESOLVED", "UNKNOWN_HOST"]) {
        NetworkErrorKind::NameNotFound
    } else if has(&["REFUSED"]) {
        NetworkErrorKind::Refused
    } else if has(&["TIMED_OUT", "TIMEOUT"]) {
        NetworkErrorKind::TimedOut
    } else if has(&["CERT_", "SSL", "SECURITY"]) {
        NetworkErrorKind::TlsFailed
    } else if has(&["RESET"]) {
        NetworkErrorKind::Reset
    } else if has(&["UNREACHABLE"]) {
        NetworkErrorKind::Unreachable
    } else {
        NetworkErrorKind::Closed
    }
}

/// Milliseconds since 1970 of `2026-11-25T22:29:20.123Z` or `…+01:00`; 0 if it is none.
fn millis(stamp: &str) -> i64 {
    let Some((date, time)) = stamp.split_once('T') else {
        return 0;
    };
    let (clock, east) = match time.rfind(['+', '-']) {
        Some(at) => {
            let (clock, zone) = time.split_at(at);
            let (sign, zone) = zone.split_at(1);
            let minutes = zone.split_once(':').and_then(|(hours, minutes)| {
                Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
            });
            let minutes = minutes.unwrap_or(0);
            (clock, if sign == "-" { -minutes } else { minutes })
        }
        None => (time, 0),
    };
    let whole = seconds(date, clock);
    if whole == 0 {
        return 0;
    }
    let fraction = clock.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits: String = fraction
        .chars()
        .filter(char::is_ascii_digit)
        .take(3)
        .collect();
    let fraction = format!("{digits:0<3}").parse::<i64>().unwrap_or(0);
    (whole - east * 60) * 1000 + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_have_zones_and_fractions() {
        let at = millis("2026-11-25T22:29:20.5Z");
        assert_eq!(at % 1000, 500);
        assert_eq!(millis("2026-11-25T23:29:20.500+01:00"), at);
        assert_eq!(millis("2026-11-25T17:29:20.500-05:00"), at);
        assert_eq!(millis("yesterday"), 0);
    }

    #[test]
    fn failures_have_the_words_of_browsers() {
        assert_eq!(
            failure("net::ERR_NAME_NOT_RESOLVED"),
            NetworkErrorKind::NameNotFound
        );
        assert_eq!(
            failure("net::ERR_CERT_DATE_INVALID"),
            NetworkErrorKind::TlsFailed
        );
        assert_eq!(failure("NS_ERROR_NET_TIMEOUT"), NetworkErrorKind::TimedOut);
        assert_eq!(failure(""), NetworkErrorKind::Closed);
    }
}
