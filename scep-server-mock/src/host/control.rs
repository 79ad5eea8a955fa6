//! The control port: JSON over HTTP, for whoever runs the mock.
//!
//! It listens on loopback, and takes requests only with a `Host` and an `Origin` of loopback, and
//! changes only from its own page: a web page that a browser on this machine shows must not be able
//! to use it. With a token, only who has the token can.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::Full;
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use scep_core::x509::Certificate;
use scep_failures::observation::LogRecord;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Shared, http};
use crate::challenge::ChallengeKind;
use crate::error::Error;
use crate::log::EventRecord;
use crate::simulation::Simulation;
use crate::state::Period;
use crate::wire::{Request, Response, Scheme};

/// What the control port offers: method, path, what it does.
#[rustfmt::skip] // a table
const ROUTES: [(&str, &str, &str); 16] = [
    ("GET", "/", "a page for a browser, or this list"),
    ("GET", "/failures", "the failure modes, and which are armed"),
    ("POST", "/arm", "{\"id\": …}: arm a failure mode"),
    ("POST", "/disarm", "{\"id\": …}: take it away as if it had never been"),
    ("POST", "/heal", "{\"id\": …}: mend it by the steps of its fix"),
    ("POST", "/reset", "back to the healthy baseline"),
    ("POST", "/recycle", "recycle the SCEP application pool"),
    ("POST", "/challenge", "{\"kind\": …} or nothing: a challenge password"),
    ("POST", "/set", "{\"set\": {…}}: change settings"),
    ("POST", "/resolve", "{\"issue\": true|false}: decide about pending requests"),
    ("GET", "/ca.pem", "root and issuing CA"),
    ("GET", "/journal", "what was asked and answered"),
    ("GET", "/events", "events and log lines, as `scep diagnose --server-log` reads them; ?format=full, ?format=xml"),
    ("GET", "/state", "the settings"),
    ("GET", "/clock", "the deployment's time"),
    ("POST", "/clock", "{\"advance\": \"61m\"}: let time pass"),
];

/// Longest body that is read, in octets.
const MAX_BODY: usize = 64 << 10;

/// What cannot be on sockets as it is in the simulation, and what is instead.
const SUBSTITUTIONS: [(&str, &str); 3] = [
    (
        "a network that drops the client's packets",
        "a closed port: connection refused",
    ),
    (
        "a CRL distribution point that does not answer",
        "a closed port: connection refused",
    ),
    (
        "a name that leads to another web server",
        "127.0.0.2, where this machine has it; else a name without address",
    ),
];

pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < http::MAX_CONNECTIONS => {
                let Ok((stream, peer)) = accepted else {
                    tokio::time::sleep(http::BREATH).await;
                    continue;
                };
                let shared = Arc::clone(&shared);
                connections.spawn(http::serve_with(stream, move |request| {
                    answer(Arc::clone(&shared), request, peer)
                }));
            }
        }
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> hyper::Response<Full<Bytes>> {
    // Who may not ask must not make the mock read what he sends.
    let response = match guard(shared.control_token.as_deref(), &request) {
        Err(refusal) => refusal,
        Ok(()) => match http::read(request, peer, Scheme::Http, MAX_BODY).await {
            Ok(request) => route(&shared, &request),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                failed(413, &format!("the body is longer than {MAX_BODY} octets"))
            }
            Err(error) => failed(400, &error.to_string()),
        },
    };
    http::write(response).unwrap_or_default()
}

/// Refuses what a browser was tricked into sending, and who lacks the token. Looks at the head.
fn guard<B>(token: Option<&str>, request: &hyper::Request<B>) -> Result<(), Response> {
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

fn route(shared: &Shared, request: &Request) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/") if wants_page(request) => {
            let page = include_str!("page.html").as_bytes().to_vec();
            Response::new(200, "OK", "text/html; charset=utf-8", page)
        }
        ("GET", "/") => ok(&index(shared)),
        ("GET", "/failures") => ok(&failures(shared)),
        ("GET", "/ca.pem") => {
            let [root, issuing] = shared.look(|s| s.deployment().ca_certificates());
            let pem = Certificate::to_pem(&root) + &issuing.to_pem();
            Response::new(200, "OK", "application/x-pem-file", pem.into_bytes())
        }
        ("GET", "/journal") => {
            ok(&shared.look(|s| json!(s.deployment().journal().collect::<Vec<_>>())))
        }
        ("GET", "/events") => events(shared, request.query.as_deref().unwrap_or_default()),
        ("GET", "/state") => ok(&shared.look(|s| {
            json!({
                "baseline": s.scenario().baseline.name,
                "profile": s.deployment().profile().name,
                "armed": s.armed(),
                "state": s.deployment().state(),
            })
        })),
        ("GET", "/clock") => ok(&clock(shared)),
        ("POST", path) => post(shared, path, &request.body),
        _ => unknown(request),
    }
}

/// A browser asks for HTML by name; programs ask for anything.
fn wants_page(request: &Request) -> bool {
    names_html(request.header("accept"))
}

fn names_html(accept: Option<impl AsRef<str>>) -> bool {
    accept.is_some_and(|accept| accept.as_ref().contains("text/html"))
}

fn index(shared: &Shared) -> Value {
    let routes: Vec<Value> = ROUTES
        .iter()
        .map(|(method, path, what)| json!({ "method": method, "path": path, "what": what }))
        .collect();
    let substitutions: Vec<Value> = SUBSTITUTIONS
        .iter()
        .map(|(simulated, here)| json!({ "simulated": simulated, "here": here }))
        .collect();
    json!({ "urls": shared.urls(), "routes": routes, "substitutions": substitutions })
}

fn failures(shared: &Shared) -> Value {
    shared.look(|s| {
        let armed = s.armed();
        let modes: Vec<Value> = s
            .catalogue()
            .modes()
            .map(|mode| {
                let variants: Vec<String> = mode
                    .variants
                    .iter()
                    .map(|v| format!("{}.{}", mode.id, v.name))
                    .collect();
                json!({
                    "id": mode.id,
                    "title": mode.title,
                    "kind": mode.kind.as_str(),
                    "layer": mode.layer.as_str(),
                    "baseline": mode.reproduce.as_ref().map(|r| r.baseline.as_str()),
                    "variants": variants,
                    "armed": armed.iter().any(|a| a.split('.').next() == Some(mode.id.as_str())),
                })
            })
            .collect();
        json!(modes)
    })
}

fn events(shared: &Shared, query: &str) -> Response {
    let format = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("format="));
    shared.look(|s| {
        let events = s.deployment().events();
        match format {
            None => ok(&json!(events.map(LogRecord::from).collect::<Vec<_>>())),
            Some("full") => ok(&json!(events.collect::<Vec<_>>())),
            Some("xml") => {
                let events: Vec<String> = events.filter_map(EventRecord::to_xml).collect();
                let body = format!("<Events>\r\n{}\r\n</Events>\r\n", events.join("\r\n"));
                Response::new(200, "OK", "application/xml", body.into_bytes())
            }
            Some(other) => failed(
                400,
                &format!("no format \"{other}\": full and xml there are"),
            ),
        }
    })
}

fn clock(shared: &Shared) -> Value {
    let now = shared.now();
    json!({ "now": now.to_string(), "unix": now.0 })
}

/// What a POST may hold.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Body {
    id: Option<String>,
    kind: Option<ChallengeKind>,
    advance: Option<Period>,
    set: Option<toml::Table>,
    issue: Option<bool>,
}

fn post(shared: &Shared, path: &str, body: &[u8]) -> Response {
    let body: Body = if body.is_empty() {
        Body::default()
    } else {
        match serde_json::from_slice(body) {
            Ok(body) => body,
            Err(error) => return failed(400, &format!("the body is not what is wanted: {error}")),
        }
    };
    let result = match (path, body) {
        ("/arm", Body { id: Some(id), .. }) => shared.act(|s, now| s.arm(&id, now)),
        ("/disarm", Body { id: Some(id), .. }) => shared.act(|s, now| s.disarm(&id, now)),
        ("/heal", Body { id: Some(id), .. }) => shared.act(|s, now| s.heal(&id, now)),
        ("/arm" | "/disarm" | "/heal", _) => return failed(400, "\"id\" is missing"),
        ("/reset", _) => shared.act(Simulation::reset),
        ("/recycle", _) => {
            shared.act(|s, now| s.deployment_mut().recycle(*now));
            Ok(())
        }
        ("/set", Body { set: Some(set), .. }) => {
            shared.act(|s, now| s.deployment_mut().set(&set, "/set", *now))
        }
        ("/set", _) => return failed(400, "\"set\" is missing"),
        ("/challenge", Body { kind, .. }) => return challenge(shared, kind),
        (
            "/resolve",
            Body {
                issue: Some(issue), ..
            },
        ) => {
            let resolved = shared.act(|s, _| s.deployment_mut().resolve_pending(issue));
            return ok(&json!({ "resolved": resolved }));
        }
        ("/resolve", _) => return failed(400, "\"issue\" is missing"),
        (
            "/clock",
            Body {
                advance: Some(by), ..
            },
        ) => {
            shared.act(|_, now| *now = now.plus(by.duration()));
            return ok(&clock(shared));
        }
        ("/clock", _) => return failed(400, "\"advance\" is missing"),
        _ => return failed(404, &format!("there is no POST {path}")),
    };
    match result {
        Ok(()) => ok(&shared.look(|s| json!({ "armed": s.armed() }))),
        Err(error) => failed(status_of(&error), &error.to_string()),
    }
}

fn challenge(shared: &Shared, kind: Option<ChallengeKind>) -> Response {
    let issued = shared.act(|s, now| {
        let kind = kind.unwrap_or_else(|| s.challenge_kind());
        s.deployment_mut().issue_challenge(kind, *now)
    });
    match issued {
        Ok(challenge) => {
            ok(&json!({ "challenge": challenge.as_ref().map(|c| c.expose().to_owned()) }))
        }
        Err(error) => failed(status_of(&error), &error.to_string()),
    }
}

fn status_of(error: &Error) -> u16 {
    match error {
        Error::Unknown { .. } => 404,
        Error::Conflict { .. } | Error::Baselines { .. } | Error::NoChallenge(_) => 409,
        Error::Setting { .. } | Error::NotReproducible { .. } => 400,
        _ => 500,
    }
}

fn unknown(request: &Request) -> Response {
    failed(
        404,
        &format!(
            "there is no {} {}; GET / lists what there is",
            request.method, request.path
        ),
    )
}

fn ok(value: &Value) -> Response {
    json_response(200, "OK", value)
}

fn failed(status: u16, reason: &str) -> Response {
    json_response(status, "Error", &json!({ "error": reason }))
}

fn json_response(status: u16, reason: &str, value: &Value) -> Response {
    let mut body = value.to_string().into_bytes();
    body.push(b'\n');
    Response::new(status, reason, "application/json", body).with("Cache-Control", "no-store")
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
