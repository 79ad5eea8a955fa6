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

/// The value of `message=` of a PKIOperation.
fn message_of(url: &str) -> &str {
    let query = url.split_once("PKIOperation&message=");
    query.map_or("", |(_, message)| message)
}

/// Sends a message by GET that is written in an unusual way.
async fn served_or_refused(s: &mut Session<'_>, written: impl FnOnce(String) -> String) -> Outcome {
    get_is_served(s).await?;
    let wish = s.wish().await?;
    let request = s.pkcs_req(&wish).await?;
    match s.ask_by_get(&request, written).await {
        Ok(_) => Ok(()),
        Err(Stop::Unlike { seen, .. }) if seen.starts_with("HTTP 4") => Ok(()),
        Err(other) => Err(other),
    }
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
    "transport.post", Must, ["R-2.9-c", "R-2.9-d", "R-2.3-i", "R-2.4-a", "R-3.5.2-e", "R-4.3-a", "R-4.3.1-a", "R-3.3.1-d"],
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

    "transport.post-get-ca-caps", Robustness, ["R-4.1-f"],
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

    "transport.get-url-safe", Robustness, ["R-4.1-i"],
    "A message by GET in the alphabet for URLs is served, or refused with 4xx",
    Flaw::Http(|request, response| if message_of(&request.url).contains(['-', '_']) {
        response.status = 500;
    }),
    [],
    |s| {
        let written = |url: String| match url.split_once("message=") {
            Some((before, message)) => {
                let message = message.replace("%2B", "-").replace("%2F", "_").replace("%3D", "");
                format!("{before}message={message}")
            }
            None => url,
        };
        served_or_refused(s, written).await?;
    }

    "transport.get-twice-escaped", Robustness, ["R-4.1-k"],
    "A message by GET that was escaped twice is served, or refused with 4xx",
    Flaw::Http(|request, response| if request.url.contains("%252") { response.status = 500; }),
    [],
    |s| {
        let written = |url: String| match url.split_once("message=") {
            Some((before, message)) => format!("{before}message={}", message.replace('%', "%25")),
            None => url,
        };
        served_or_refused(s, written).await?;
    }

    "transport.post-content-type", Robustness, ["R-4.3-b"],
    "A message by POST is served whatever its Content-Type is",
    Flaw::Http(|request, response| {
        let typed = request.headers.iter().any(|(_, value)| value == CT_PKI_MESSAGE);
        if request.method == "POST" && of_message(&request.url) && !typed {
            response.status = 415;
        }
    }),
    [],
    |s| {
        for content_type in [Some("application/octet-stream"), None] {
            let wish = s.wish().await?;
            let request = s.pkcs_req(&wish).await?;
            let url = s.url(Operation::PkiOperation, "");
            let mut http = HttpRequest::post(url, content_type.unwrap_or_default(), s.encode(&request)?);
            if content_type.is_none() {
                http.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            }
            let response = s.http(http).await?;
            let reply = s.read(response, &request).await?;
            ensure(reply.granted(), "SUCCESS", reply.says())?;
        }
    }

    "transport.path", Should, ["R-4.1-d"],
    "/pkiclient.exe behind the path does no harm",
    Flaw::Http(|request, response| if request.url.contains("/pkiclient.exe") { response.status = 404; }),
    [],
    |s| {
        let base = s.base().trim_end_matches("/pkiclient.exe").to_owned();
        let response = s.get(format!("{base}/pkiclient.exe?operation=GetCACaps")).await?;
        ensure(response.status == 200, "the capabilities", format!("HTTP {}", response.status))?;
    }

    "transport.operation-case", Robustness, ["R-4.2-a"],
    "The name of an operation in lower case is understood, or refused with 4xx",
    Flaw::Http(|request, response| if request.url.contains("getcacert") { response.status = 500; }),
    [],
    |s| {
        let response = s.get(format!("{}?operation=getcacert", s.base())).await?;
        let fits = response.status == 200 || (400..500).contains(&response.status);
        ensure(fits, "certificates, or 4xx", format!("HTTP {}", response.status))?;
    }

    "transport.no-operation", Robustness, [],
    "A request without operation= is refused",
    Flaw::Http(|request, response| if !request.url.contains("operation") { response.status = 500; }),
    [],
    |s| {
        let response = s.get(s.base().to_owned()).await?;
        ensure(response.status < 500, "an answer, or 4xx", format!("HTTP {}", response.status))?;
    }

    "transport.other-method", Robustness, [],
    "A method other than GET and POST is refused",
    Flaw::Http(|request, response| if request.method == "PUT" { response.status = 200; }),
    [],
    |s| {
        let mut request = HttpRequest::post(s.url(Operation::PkiOperation, ""), CT_PKI_MESSAGE, vec![1]);
        "PUT".clone_into(&mut request.method);
        let response = s.http(request).await?;
        let refused = (400..500).contains(&response.status) || response.status == 501;
        ensure(refused, "4xx, or 501", format!("HTTP {}", response.status))?;
    }
}
