//! Who may use the control port.

use std::net::{IpAddr, SocketAddr};

use hyper::Method;

use super::api::failed;
use crate::wire::Response;

/// Refuses what a browser was tricked into sending, and who lacks the token. Looks at the head.
pub(super) fn guard<B>(token: Option<&str>, request: &hyper::Request<B>) -> Result<(), Response> {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let host = header("host").unwrap_or_default();
    let origin = header("origin");
    let read_only = matches!(*request.method(), Method::GET | Method::HEAD);
    // A page of another program on this machine must not change anything, either.
    if let Some(origin) = &origin
        && !read_only
        && !is_origin_of(origin, &host)
    {
        return Err(failed(
            403,
            &format!("requests of pages from \"{origin}\" are not taken"),
        ));
    }
    if let Some(token) = token {
        // The page itself holds nothing; what it asks for needs the token.
        let is_page = read_only && request.uri().path() == "/" && names_html(header("accept"));
        let given = header("authorization").unwrap_or_default();
        return if is_page || is_same(given.as_bytes(), format!("Bearer {token}").as_bytes()) {
            Ok(())
        } else {
            Err(failed(
                401,
                "the control port wants its token: Authorization: Bearer …; a browser finds it in \
                 the address: …/#token=…",
            ))
        };
    }
    if !is_loopback_authority(&host) {
        return Err(failed(
            403,
            &format!("the Host field names \"{host}\", which is not loopback"),
        ));
    }
    match origin {
        None => Ok(()),
        Some(origin)
            if origin
                .strip_prefix("http://")
                .is_some_and(is_loopback_authority) =>
        {
            Ok(())
        }
        Some(origin) => Err(failed(
            403,
            &format!("requests of pages from \"{origin}\" are not taken"),
        )),
    }
}

/// Whether a page of this origin came from the host that is now asked. `https` is what a browser
/// sees if somebody has put a TLS proxy in front.
fn is_origin_of(origin: &str, host: &str) -> bool {
    origin.split_once("://").is_some_and(|(scheme, authority)| {
        matches!(scheme, "http" | "https")
            && !authority.is_empty()
            && authority.eq_ignore_ascii_case(host)
    })
}

/// Compares in a time that does not tell where the first difference is.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given
            .iter()
            .zip(wanted)
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

/// `localhost`, `127.0.0.1`, `[::1]`, each with or without a port.
fn is_loopback_authority(authority: &str) -> bool {
    if authority
        .parse::<SocketAddr>()
        .is_ok_and(|a| a.ip().is_loopback())
    {
        return true;
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a browser asks, which wants HTML by name; programs ask for anything.
pub(super) fn names_html(accept: Option<impl AsRef<str>>) -> bool {
    accept.is_some_and(|accept| accept.as_ref().contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_authorities_pass() {
        for good in [
            "localhost",
            "localhost:80",
            "127.0.0.1:8081",
            "127.0.0.1",
            "[::1]:1",
            "[::1]",
        ] {
            assert!(is_loopback_authority(good), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "127.0.0.1.example.com:80",
            "localhost.example.com",
            "10.0.0.1:80",
        ] {
            assert!(!is_loopback_authority(bad), "{bad}");
        }
    }

    fn status(token: Option<&str>, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = hyper::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        guard(token, &request.body(()).unwrap()).map_or_else(|refusal| refusal.status, |()| 200)
    }

    #[test]
    fn only_its_own_page_may_change_anything() {
        let host = ("host", "127.0.0.1:8081");
        for (origin, get, post) in [
            ("http://127.0.0.1:8081", 200, 200),
            ("http://127.0.0.1:3000", 200, 403),
            ("http://localhost:8081", 200, 403),
            ("http://evil.example", 403, 403),
            ("null", 403, 403),
        ] {
            let headers = [host, ("origin", origin)];
            assert_eq!(status(None, "GET", "/state", &headers), get, "GET {origin}");
            assert_eq!(
                status(None, "POST", "/reset", &headers),
                post,
                "POST {origin}"
            );
        }
        let rebound = [("host", "evil.example"), ("origin", "http://evil.example")];
        assert_eq!(status(None, "POST", "/reset", &rebound), 403);
        assert_eq!(status(None, "POST", "/reset", &[host]), 200);
    }

    #[test]
    fn with_a_token_only_the_empty_page_is_for_everybody() {
        let token = Some("t0ken");
        let html = ("accept", "text/html");
        for (path, headers, wanted) in [
            ("/", vec![html], 200),
            ("/", vec![], 401),
            ("/state", vec![html], 401),
            ("/state", vec![("authorization", "Bearer t0keN")], 401),
            ("/state", vec![("authorization", "Bearer t0ken2")], 401),
            ("/state", vec![("authorization", "Bearer t0ken")], 200),
        ] {
            assert_eq!(
                status(token, "GET", path, &headers),
                wanted,
                "{path} {headers:?}"
            );
        }
        let foreign = [
            ("authorization", "Bearer t0ken"),
            ("host", "lab:1"),
            ("origin", "http://evil.example"),
        ];
        assert_eq!(status(token, "POST", "/reset", &foreign), 403);
        assert_eq!(status(token, "POST", "/", &[html]), 401);
    }
}
