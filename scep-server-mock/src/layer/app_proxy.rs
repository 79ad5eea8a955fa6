//! Microsoft Entra application proxy and its connector.

use std::time::Duration;

use crate::deployment::Deployment;
use crate::log::text;
use crate::names;
use crate::page::app_proxy as page;
use crate::state::Preauthentication;
use crate::wire::{Layer, Outcome, Request, Scheme, Transit};

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    if !d.state.app_proxy.present {
        return super::tls::handle(d, t, request);
    }
    t.spend_ms(15);
    let proxy = d.state.app_proxy.clone();
    if proxy.preauthentication == Preauthentication::EntraId {
        return t.answer(Layer::AppProxy, page::sign_in(&request.path));
    }
    if !proxy.connector.service.is_running() {
        // The cloud service waits a moment for a connector to take the request, and gives up.
        t.spend_ms(2_000);
        let detail = "The application proxy found no connector that took the request.";
        let response = page::error(504, "Gateway Timeout", "GatewayTimeout", detail);
        return t.answer(Layer::AppProxy, response);
    }
    t.spend_ms(25);
    let Some(inside) = rewrite(request, &proxy.internal_url) else {
        t.spend_ms(200);
        d.log(t, text::connector("BadGateway", &proxy.internal_url));
        let detail = "The connector could not reach the application's internal address.";
        let response = page::error(502, "Bad Gateway", "BadGateway", detail);
        return t.answer(Layer::AppProxy, response);
    };
    let before = t.spent;
    let outcome = super::http_sys::handle(d, t, &inside);
    let timeout = Duration::from_secs(proxy.backend_timeout_s);
    if t.spent.saturating_sub(before) > timeout || outcome == Outcome::Silence {
        t.spent = before.saturating_add(timeout);
        t.answered_by = None;
        let detail = "The connector timed out while it waited for the application.";
        let response = page::error(504, "Gateway Timeout", "GatewayTimeout", detail);
        return t.answer(Layer::AppProxy, response);
    }
    match outcome {
        Outcome::Response(response) => Outcome::Response(page::mark(response)),
        // A back end that hangs up is, to the client, a back end that cannot be reached.
        Outcome::Refused | Outcome::Reset | Outcome::Silence => {
            d.log(t, text::connector("BadGateway", &proxy.internal_url));
            let detail = "The application closed the connection without an answer.";
            t.answered_by = None;
            t.answer(
                Layer::AppProxy,
                page::error(502, "Bad Gateway", "BadGateway", detail),
            )
        }
    }
}

/// The request as the connector sends it; `None` if nothing answers at the internal URL.
fn rewrite(request: &Request, internal_url: &str) -> Option<Request> {
    let target = Request::get(internal_url)?;
    // Inside, NDES answers on port 80 under its own name. A path in the internal URL would be put
    // in front, and leads nowhere.
    let plain = target.scheme == Scheme::Http && !has_port(internal_url, 80);
    let reachable =
        plain && target.host.eq_ignore_ascii_case(names::NDES_HOST) && target.path == "/";
    reachable.then(|| Request {
        scheme: target.scheme,
        host: target.host,
        peer: "192.0.2.40".to_owned(),
        ..request.clone()
    })
}

/// Whether a URL names a port other than `usual`.
fn has_port(url: &str, usual: u16) -> bool {
    url.split("//")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .and_then(|authority| authority.rsplit_once(':'))
        .is_some_and(|(_, port)| port != usual.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_internal_url_leads_to_ndes() {
        let request = Request::get("https://scep.lab.example/certsrv/mscep/mscep.dll?x=1").unwrap();
        let inside = rewrite(&request, "http://ndes.lab.example/").unwrap();
        assert_eq!(
            (inside.path.as_str(), inside.scheme),
            ("/certsrv/mscep/mscep.dll", Scheme::Http)
        );
        assert!(rewrite(&request, "http://ndes.lab.example:80/").is_some());
        for wrong in [
            "http://nedes.lab.example/",
            "https://ndes.lab.example/",
            "http://ndes.lab.example:8080/",
            "ndes",
        ] {
            assert!(rewrite(&request, wrong).is_none(), "{wrong}");
        }
    }
}
