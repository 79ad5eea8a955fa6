//! How a client goes about it (RFC 8894 sections 2.2, 2.9 and 4.1).

use scep_core::asn1::Reader;
use scep_core::http::{CT_PKI_MESSAGE, Operation};

use super::checks;
use crate::client_suite::{Flaw, Heard, Seen};
use crate::server_suite::ensure;
use crate::verdict::Stop;

/// Where in the order of requests the first of an operation stands.
fn first(seen: &Seen<'_>, operation: Operation) -> Option<usize> {
    let requests = seen.requests().iter();
    requests
        .into_iter()
        .position(|heard| heard.operation() == Some(operation))
}

/// The requests that carry a message.
fn messages<'s>(seen: &'s Seen<'_>) -> Result<Vec<&'s Heard>, Stop> {
    let all: Vec<_> = seen.of(Operation::PkiOperation).collect();
    if all.is_empty() {
        return Err(Stop::NotApplicable("the client sent no message".into()));
    }
    Ok(all)
}

checks! {
    "enrollment.right", Must, ["R-2.2-d", "R-2.3-i", "R-2.5.1-b", "R-2.9-c", "R-3.2.1-d", "R-4.3.1-a", "R-4.2.1.1-a", "R-2.1.1-a"],
    "A client enrolls at a server that is right in everything",
    Accept * 1, |_| {},
    |seen| { ensure(!seen.messages().is_empty(), "a pkiMessage", "none")?; },
    Flaw::Picky(|reading| reading.reply.is_some()), ["*"]

    "enrollment.asks-capabilities", Must, ["R-2.9-a"],
    "GetCACaps is asked before the first message is sent",
    Any * 1, |_| {},
    |seen| {
        messages(seen)?;
        let asked = first(seen, Operation::GetCaCaps);
        let sent = first(seen, Operation::PkiOperation);
        ensure(asked.is_some_and(|asked| Some(asked) < sent), "GetCACaps first", "none before")?;
    },
    Flaw::Lax(|lax| lax.skips_capabilities = true), []

    "enrollment.asks-for-ca", Must, ["R-2.2-a", "R-2.9-b"],
    "GetCACert is asked before the first message is sent, where it is asked at all",
    Any * 1, |_| {},
    |seen| {
        let asked = first(seen, Operation::GetCaCert)
            .ok_or_else(|| Stop::NotApplicable("the client has its CA certificates from elsewhere".into()))?;
        let before = first(seen, Operation::PkiOperation).is_none_or(|sent| asked < sent);
        ensure(before, "GetCACert first", "a message first")?;
    },
    Flaw::Lax(|lax| lax.asks_for_ca_late = true),
    ["ca.html", "ca.empty"]

    "enrollment.by-get", Must, ["R-3.5.1-a", "R-4.1-f", "R-4.2-a", "R-4.2-b"],
    "GetCACaps and GetCACert are asked by GET",
    Any * 1, |_| {},
    |seen| {
        for operation in [Operation::GetCaCaps, Operation::GetCaCert] {
            for heard in seen.of(operation) {
                ensure(heard.method == "GET", "GET", &heard.method)?;
                ensure(heard.body.is_empty(), "no body", format!("{} octets", heard.body.len()))?;
            }
        }
    },
    Flaw::Http(|request| if request.url.contains("GetCACert") { "POST".clone_into(&mut request.method); }), []

    "enrollment.by-post", Must, ["R-2.9-d", "R-3.5.2-e", "R-4.1-a", "R-4.1-e", "R-4.3-a"],
    "Where POST is listed, messages are sent by POST, as octets, with operation=PKIOperation",
    Any * 1, |_| {},
    |seen| {
        for heard in messages(seen)? {
            ensure(heard.method == "POST", "POST", &heard.method)?;
            let der = Reader::new(&heard.body).next("the message").is_ok();
            ensure(der, "the message itself", format!("{} octets of something else", heard.body.len()))?;
        }
    },
    Flaw::Lax(|lax| lax.uses_get = true),
    ["capabilities.standard-only", "capabilities.lines", "capabilities.case", "pending.operation"]

    "enrollment.post-type", Must, ["R-4.3-b", "R-4.3-c"],
    "Content-Type of a message is application/x-pki-message",
    Any * 1, |_| {},
    |seen| {
        let sent = messages(seen)?;
        let posts: Vec<_> = sent.into_iter().filter(|heard| heard.method == "POST").collect();
        if posts.is_empty() {
            return Err(Stop::NotApplicable("the client sends nothing by POST".into()));
        }
        for heard in posts {
            let seen = heard.header("content-type").unwrap_or("none");
            ensure(seen.eq_ignore_ascii_case(CT_PKI_MESSAGE), CT_PKI_MESSAGE, seen)?;
        }
    },
    Flaw::Http(|request| for (name, value) in &mut request.headers {
        if name.eq_ignore_ascii_case("content-type") { "application/octet-stream".clone_into(value); }
    }), []

    "enrollment.http", Must, ["R-4.1-l"],
    "HTTP is 1.1, with Host and, for a message, Content-Length and no chunks, which IIS refuses",
    Any * 1, |_| {},
    |seen| {
        for heard in seen.requests() {
            ensure(heard.version == "HTTP/1.1", "HTTP/1.1", &heard.version)?;
            ensure(heard.header("host").is_some(), "Host", "none")?;
            let chunked = heard.header("transfer-encoding");
            ensure(chunked.is_none(), "Content-Length", chunked.unwrap_or_default())?;
        }
    },
    Flaw::Http(|request| request.headers.push(("transfer-encoding".into(), "chunked".into()))), []

    "enrollment.one-request", Must, ["R-2.5-h", "R-2.5.1-a", "R-4.4-e"],
    "One enrollment sends one PKCSReq",
    Any * 1, |_| {},
    |seen| {
        let sent = messages(seen)?.len();
        ensure(sent == 1, "1", sent)?;
    },
    Flaw::Lax(|lax| lax.asks_twice = true),
    ["messages.id-unique", "messages.nonce-fresh", "pending.types", "pending.data", "pending.nonce", "pending.other-nonce"]

    "enrollment.secret", Must, ["R-2.4-l", "R-7.10-b"],
    "The challenge password stands nowhere in the open",
    Any * 1, |_| {},
    |seen| {
        let secret = seen.challenge();
        for heard in seen.requests() {
            let headers = heard.headers.iter().any(|(_, value)| value.contains(secret));
            let body = heard.body.windows(secret.len()).any(|part| part == secret.as_bytes());
            let clear = heard.target.contains(secret) || headers || body;
            ensure(!clear, "nothing of it", format!("it, in the {} for {}", heard.method, heard.target))?;
        }
    },
    Flaw::Lax(|lax| lax.tells_secret = true), []
}
