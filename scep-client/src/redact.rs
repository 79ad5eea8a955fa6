//! Removes secrets from what is written down.
//!
//! Requests are never written down at all; what is left are secrets in URLs, in response header
//! fields, on an NDES admin page that somebody left open, and in lines of server logs.

use std::borrow::Cow;

/// What stands in the place of a secret.
pub(crate) const REMOVED: &str = "<removed>";

/// A URL without user information; with `hide_message`, the value of `message` in its query is
/// replaced by its length.
pub(crate) fn url(url: &str, hide_message: bool) -> String {
    let url = without_user_information(url);
    let Some((before, query)) = url.split_once('?').filter(|_| hide_message) else {
        return url.into_owned();
    };
    let query: Vec<_> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("message") => {
                Cow::from(format!("{name}={}", octets(value)))
            }
            _ => Cow::from(parameter),
        })
        .collect();
    format!("{before}?{}", query.join("&"))
}

/// What stands in the place of a text of which its length may be known. Redacting twice is redacting
/// once.
pub(crate) fn octets(text: &str) -> Cow<'_, str> {
    if text.starts_with('<') && text.ends_with(" octets>") {
        text.into()
    } else {
        format!("<{} octets>", text.len()).into()
    }
}

fn without_user_information(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.into();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{path}").into(),
        None => url.into(),
    }
}

/// The value of a response header field.
pub(crate) fn header(name: &str, value: &str) -> String {
    match name {
        "set-cookie" | "cookie" => {
            let (pair, attributes) = match value.split_once(';') {
                Some((pair, attributes)) => (pair, Some(attributes)),
                None => (value, None),
            };
            let cookie = pair.split_once('=').map_or(pair, |(cookie, _)| cookie);
            match attributes {
                Some(attributes) => format!("{cookie}={REMOVED};{attributes}"),
                None => format!("{cookie}={REMOVED}"),
            }
        }
        "authorization" | "proxy-authorization" | "authentication-info" => REMOVED.into(),
        // the scheme is a clue; a token after it is a conversation
        "www-authenticate" | "proxy-authenticate" => match value.split_once(' ') {
            Some((scheme, token)) if !token.contains('=') || token.trim_end().ends_with('=') => {
                format!("{scheme} {REMOVED}")
            }
            _ => value.into(),
        },
        // a sign-in page's address carries state and nonces in its query
        "location" | "content-location" | "refresh" => match value.split_once('?') {
            Some((before, query)) => format!("{before}?{}", octets(query)),
            None => value.into(),
        },
        _ => value.into(),
    }
}

/// Blanks challenge passwords in a page, in place and length for length: runs of 16 to 32
/// upper-case hexadecimal digits, in one-octet and in two-octet encodings.
pub(crate) fn challenge_passwords(body: &mut [u8]) {
    blank_runs(body, 1, 0);
    for first in 0..2 {
        blank_runs(body, 2, first);
    }
}

/// Looks at every `step`th octet from `first` on; in between, only zero octets.
fn blank_runs(body: &mut [u8], step: usize, first: usize) {
    let fits = |body: &[u8], i: usize| {
        body.get(i)
            .is_some_and(|&c| c.is_ascii_digit() || (b'A'..=b'F').contains(&c))
            && (step == 1 || body.get(i + 1).is_none_or(|&c| c == 0))
    };
    let mut start = first;
    while start < body.len() {
        let mut end = start;
        while fits(body, end) {
            end += step;
        }
        if (16..=32).contains(&((end - start) / step)) {
            for i in (start..end).step_by(step) {
                if let Some(octet) = body.get_mut(i) {
                    *octet = b'*';
                }
            }
        }
        start = end.max(start) + step;
    }
}

/// A line of a server log: what looks like a secret soon after the words *password* or *challenge*
/// is removed.
pub(crate) fn log_text(text: &str) -> String {
    /// How many words may stand between the name and the secret (`password is: <b> …`).
    const REACH: u32 = 5;
    let mut out = String::with_capacity(text.len());
    let mut reach = 0;
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"+/=_".contains(c)) {
        let lower = word.to_ascii_lowercase();
        if lower.contains("password") || lower.contains("challenge") {
            reach = REACH;
        }
        let (name, value) = match word.trim_end_matches('=').rfind('=') {
            Some(at) => word.split_at_checked(at + 1).unwrap_or(("", word)),
            None => ("", word),
        };
        let token =
            value.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && !"+/=_".contains(c));
        if reach > 0 && looks_secret(token) {
            out.push_str(name);
            out.push_str(REMOVED);
            out.push_str(value.get(token.len()..).unwrap_or_default());
        } else {
            out.push_str(word);
        }
        reach = reach.saturating_sub(u32::from(!token.is_empty()));
    }
    out
}

/// Long, with a digit in it, and not an error code: the words of a sentence are not secrets.
fn looks_secret(token: &str) -> bool {
    token.len() >= 8 && token.bytes().any(|c| c.is_ascii_digit()) && !token.starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_everything_but_secrets() {
        assert_eq!(
            url("http://u:p@h/x?operation=GetCACert", true),
            "http://h/x?operation=GetCACert"
        );
        assert_eq!(
            url("http://h/x?operation=PKIOperation&message=MII%2B", true),
            "http://h/x?operation=PKIOperation&message=<6 octets>"
        );
        assert_eq!(
            url("http://h/x?operation=GetCACert&message=ca", false),
            "http://h/x?operation=GetCACert&message=ca"
        );
        assert_eq!(url("http://h/a@b", false), "http://h/a@b");
    }

    #[test]
    fn header_fields() {
        assert_eq!(
            header("set-cookie", "sid=abc; Path=/; HttpOnly"),
            "sid=<removed>; Path=/; HttpOnly"
        );
        assert_eq!(
            header("location", "https://login.example/a?state=s"),
            "https://login.example/a?<7 octets>"
        );
        assert_eq!(
            header("www-authenticate", "NTLM TlRMTVNTUAACAAAA="),
            "NTLM <removed>"
        );
        assert_eq!(
            header("www-authenticate", "Basic realm=\"x\""),
            "Basic realm=\"x\""
        );
        let twice = header("location", &header("location", "/a?b=c"));
        assert_eq!(twice, "/a?<3 octets>");
        assert_eq!(header("server", "Microsoft-IIS/10.0"), "Microsoft-IIS/10.0");
    }

    #[test]
    fn an_open_admin_page_loses_its_password_and_keeps_the_thumbprint() {
        let page = "thumbprint: <B> 0123ABCD 0123ABCD 0123ABCD 0123ABCD </B> password is: <B> 0123456789ABCDEF </B>";
        let expected = page.replace("0123456789ABCDEF", "****************");
        let mut narrow = page.as_bytes().to_vec();
        challenge_passwords(&mut narrow);
        assert_eq!(String::from_utf8(narrow).unwrap(), expected);

        for big_endian in [false, true] {
            let wide = |text: &str| -> Vec<u8> {
                text.encode_utf16()
                    .flat_map(|u| {
                        if big_endian {
                            u.to_be_bytes()
                        } else {
                            u.to_le_bytes()
                        }
                    })
                    .collect()
            };
            let mut body = wide(page);
            challenge_passwords(&mut body);
            assert_eq!(body, wide(&expected), "big endian: {big_endian}");
        }
    }

    #[test]
    fn log_lines() {
        assert_eq!(
            log_text("challenge password 0123456789ABCDEF refused"),
            "challenge password <removed> refused"
        );
        assert_eq!(
            log_text("challengePassword=0123456789ABCDEF&x=1"),
            "challengePassword=<removed>&x=1"
        );
        assert_eq!(
            log_text("Challenge='0123456789abcdef' code 0x80070057"),
            "Challenge='<removed>' code 0x80070057"
        );
        let event = "2026-11-25 10:11:12 The password in the certificate request cannot be verified. It may have been used already. (0x80070057)";
        assert_eq!(log_text(event), event);
        assert_eq!(
            log_text("serial 610000002B0123456789 issued"),
            "serial 610000002B0123456789 issued"
        );
    }
}
