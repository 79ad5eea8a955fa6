//! How messages travel (RFC 8894 section 4.1).

use scep_client::network::HttpRequest;
use scep_core::http::{CT_PKI_MESSAGE, Operation};

use super::checks;
use crate::server_suite::flaw::set_content_type;
use crate::server_suite::{Flaw, Session, ensure, ensure_content_type};
use crate::verdict::{Outcome, Stop};

fn of_message(url: &str) -> bool {
    url.contains("operation=PKIOperation")
}

/// Requires that a message by GET, written as it should be, is served.
async fn get_is_served(s: &mut Session<'_>) -> Outcome {
    let wish = s.wish().await?;
    let request = s.pkcs_req(&wish).await?;
    match s.ask_by_get(&request, |url| url).await {
        Ok(_) => Ok(()),
        Err(_) => Err(Stop::NotApplicable(
            "PKIOperation by GET is not served".into(),
        )),
    }
}

checks! {
    "transport.post", Must, ["R-2.9-d", "R-4.3-a"],
    "PKIOperation by POST is served",
    Flaw::Http(|request, response| if request.method == "POST" {
        response.status = 405;
        response.body.clear();
    }),
    ["*"],
    |s| {
        s.enrolled().await?;
    }

    "transport.content-type", Must, ["R-4.3.1-e"],
    "Content-Type of a CertRep is application/x-pki-message",
    Flaw::Http(|request, response| if of_message(&request.url) {
        set_content_type(response, "text/html");
    }),
    ["failures.content-type"],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        ensure_content_type(&reply.http, CT_PKI_MESSAGE)?;
    }

    "transport.get", Robustness, ["R-2.9-g"],
    "PKIOperation by GET is served, or refused with 4xx",
    Flaw::Http(|request, response| if request.method == "GET" && of_message(&request.url) {
        response.status = 500;
    }),
    [],
    |s| {
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        match s.ask_by_get(&request, |url| url).await {
            Ok(reply) => ensure(reply.granted(), "SUCCESS", reply.says())?,
            Err(Stop::Unlike { seen, .. }) if seen.starts_with("HTTP 4") => {}
            Err(other) => return Err(other),
        }
    }

    "transport.get-plus", Robustness, ["R-4.1-j"],
    "A plus sign that is not escaped in a message by GET stays one",
    Flaw::Arrives(|request| if of_message(&request.url) {
        request.url = request.url.replace('+', "");
    }),
    [],
    |s| {
        get_is_served(s).await?;
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let raw = |url: String| url.replace("%2B", "+").replace("%2b", "+");
        let reply = s.ask_by_get(&request, raw).await?;
        ensure(reply.granted(), "SUCCESS", reply.says())?;
    }

    "transport.get-line-breaks", Robustness, ["R-4.1-j"],
    "Line breaks in the base64 of a message by GET are passed over",
    Flaw::Http(|request, response| if request.url.contains("%0A") {
        response.status = 400;
    }),
    [],
    |s| {
        get_is_served(s).await?;
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let broken = |url: String| match url.split_once("message=") {
            Some((before, message)) => {
                let (first, rest) = message.split_at_checked(64).unwrap_or((message, ""));
                // not within an escaped octet
                let cut = first.rfind('%').filter(|at| first.len() - at < 3).unwrap_or(first.len());
                let (first, more) = first.split_at_checked(cut).unwrap_or((first, ""));
                format!("{before}message={first}%0A{more}{rest}%0A")
            }
            None => url,
        };
        let reply = s.ask_by_get(&request, broken).await?;
        ensure(reply.granted(), "SUCCESS", reply.says())?;
    }

    "transport.unknown-operation", Robustness, [],
    "An operation that does not exist is refused",
    Flaw::Http(|request, response| if request.url.contains("GetCoffee") {
        response.status = 200;
    }),
    [],
    |s| {
        let url = format!("{}?operation=GetCoffee", s.base());
        let response = s.get(url).await?;
        ensure((400..500).contains(&response.status), "a status of 4xx", response.status)?;
    }

    "transport.parameter-order", Robustness, ["R-4.1-b"],
    "Further parameters before and after operation= do no harm",
    Flaw::Http(|request, response| if request.url.contains("x=1&operation") {
        response.status = 400;
    }),
    [],
    |s| {
        let url = format!("{}?x=1&operation=GetCACert&y=2", s.base());
        let response = s.get(url).await?;
        ensure(response.status == 200, "certificates", format!("HTTP {}", response.status))?;
    }

    "transport.post-of-another-operation", Robustness, ["R-4.1-f"],
    "GetCACaps by POST is answered or refused, and does not break anything",
    Flaw::Http(|request, response| if request.method == "POST" && request.url.contains("GetCACaps") {
        response.status = 500;
    }),
    [],
    |s| {
        let url = s.url(Operation::GetCaCaps, "");
        let response = s.http(HttpRequest::post(url, "text/plain", Vec::new())).await?;
        ensure(response.status < 500, "an answer, or 4xx", response.status)?;
    }
}
