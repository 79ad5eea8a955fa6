//! An HTTP response prepared for reading: header fields by name, body as octets and as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::observation::HttpFacts;

/// A response, read once.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The response as observed.
    pub http: &'a HttpFacts,
    /// The body, as far as it was kept.
    pub body: Vec<u8>,
    /// The body as text, UTF-16 decoded.
    pub text: String,
    /// The same in lower case, for searching.
    pub lower: String,
}

/// What a body looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// Begins as a DER or BER SEQUENCE does.
    Der,
    /// HTML or XHTML.
    Html,
    /// JSON.
    Json,
    /// Other printable text.
    Text,
    /// Anything else.
    Binary,
}

impl Shape {
    /// The word for facts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Der => "der",
            Self::Html => "html",
            Self::Json => "json",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

impl<'a> Page<'a> {
    /// Prepares a response.
    #[must_use]
    pub fn new(http: &'a HttpFacts) -> Self {
        let body = STANDARD.decode(&http.body).unwrap_or_default();
        let text = decode_text(&body);
        let lower = text.to_lowercase();
        Self {
            http,
            body,
            text,
            lower,
        }
    }

    /// The first header field of a name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.http
            .headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// Every header field of a name (in lower case).
    pub fn headers<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.http
            .headers
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The header field Server, or nothing.
    #[must_use]
    pub fn server(&self) -> &'a str {
        self.header("server").unwrap_or_default()
    }

    /// Content-Type without parameters, in lower case; empty if it is missing.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.http.status >= 200 && self.http.status < 300
    }

    /// What the body looks like.
    #[must_use]
    pub fn shape(&self) -> Shape {
        let start = self.lower.trim_start();
        if self.body.is_empty() {
            Shape::Empty
        } else if self.body.first() == Some(&0x30)
            && self.body.get(1).is_some_and(|length| *length >= 0x80)
        {
            Shape::Der
        } else if start.starts_with("<!doctype html")
            || start.contains("<html")
            || start.contains("<title")
        {
            Shape::Html
        } else if (start.starts_with('{') || start.starts_with('['))
            && serde_json::from_str::<serde_json::Value>(self.text.trim()).is_ok()
        {
            Shape::Json
        } else if self
            .text
            .chars()
            .all(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t'))
        {
            Shape::Text
        } else {
            Shape::Binary
        }
    }

    /// The text of the first `<title>`.
    #[must_use]
    pub fn title(&self) -> Option<String> {
        let from = self.lower.find("<title")?;
        // `lower` and `text` have the same offsets only while lower-casing keeps lengths, so the
        // title is cut out of `text` by its own search.
        let rest = self
            .text
            .get(from..)
            .filter(|rest| rest.to_ascii_lowercase().starts_with("<title"));
        let rest = rest.or_else(|| self.lower.get(from..))?;
        let (_, rest) = rest.split_once('>')?;
        let end = rest.find("</").unwrap_or(rest.len());
        let title = rest
            .get(..end)?
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        (!title.is_empty()).then_some(title)
    }

    /// Host and path that a redirect leads to.
    #[must_use]
    pub fn location(&self) -> Option<(String, String)> {
        let location = self.header("location")?;
        let rest = location
            .split_once("://")
            .map_or(location, |(_, rest)| rest);
        if rest.len() == location.len() {
            return Some((String::new(), cut_query(location).to_owned()));
        }
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        Some((
            cut_query(host).to_ascii_lowercase(),
            cut_query(path).to_owned(),
        ))
    }

    /// Whether Microsoft Entra application proxy marked the response.
    #[must_use]
    pub fn through_app_proxy(&self) -> bool {
        self.http
            .headers
            .iter()
            .any(|(name, _)| name.to_ascii_lowercase().starts_with("x-ms-proxy-"))
    }
}

fn cut_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or(text)
}

/// UTF-8, or UTF-16 as the NDES admin page has it (little-endian, mostly without a byte order mark).
fn decode_text(body: &[u8]) -> String {
    let sample = body.get(..body.len().min(64)).unwrap_or(body);
    let zeros = |offset: usize| {
        sample
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let quarter = sample.len() / 4;
    let little = body.starts_with(&[0xff, 0xfe]) || (quarter > 0 && zeros(1) > quarter);
    let big = body.starts_with(&[0xfe, 0xff]) || (quarter > 0 && zeros(0) > quarter);
    if !little && !big {
        return String::from_utf8_lossy(body).into_owned();
    }
    let units = body.chunks_exact(2).filter_map(|pair| match pair {
        [a, b] if little => Some(u16::from_le_bytes([*a, *b])),
        [a, b] => Some(u16::from_be_bytes([*a, *b])),
        _ => None,
    });
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|c| *c != '\u{feff}')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(body: &[u8], headers: &[(&str, &str)]) -> HttpFacts {
        HttpFacts {
            status: 200,
            headers: headers
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            body: STANDARD.encode(body),
            body_len: body.len() as u64,
            ..HttpFacts::default()
        }
    }

    #[test]
    fn utf16_without_a_mark_is_read() {
        let text = "<HTML><Head><Title>Network Device Enrollment Service</Title>";
        let mut body: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        body.push(0);
        let http = http(&body, &[]);
        let page = Page::new(&http);
        assert_eq!(
            page.title().as_deref(),
            Some("Network Device Enrollment Service")
        );
        assert_eq!(page.shape(), Shape::Html);
    }

    #[test]
    fn shapes() {
        for (body, shape) in [
            (&b""[..], Shape::Empty),
            (b"\x30\x82\x01\x00", Shape::Der),
            (b"\x30\x80\x06\x09", Shape::Der),
            (b"<!DOCTYPE html><p>x", Shape::Html),
            (b"{\"a\": 1}", Shape::Json),
            (b"POSTPKIOperation\r\nSHA-256\r\n", Shape::Text),
            (b"0 is not DER", Shape::Text),
            (b"\x00\x01\x02", Shape::Binary),
        ] {
            assert_eq!(Page::new(&http(body, &[])).shape(), shape, "{body:?}");
        }
    }

    #[test]
    fn locations_lose_their_query() {
        let of = |value: &str| {
            Page::new(&http(b"", &[("location", value)]))
                .location()
                .unwrap()
        };
        assert_eq!(
            of("https://Login.example.com/tenant/oauth2/authorize?x=y"),
            (
                "login.example.com".to_owned(),
                "/tenant/oauth2/authorize".to_owned()
            )
        );
        assert_eq!(of("/adfs/ls/?a"), (String::new(), "/adfs/ls/".to_owned()));
        assert_eq!(of("https://host"), ("host".to_owned(), String::new()));
    }
}
