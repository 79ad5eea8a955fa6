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
    let Some(inside) = rewrite(request, &proxy.internal_url, d.state.tls.enabled) else {
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
fn rewrite(request: &Request, internal_url: &str, tls_enabled: bool) -> Option<Request> {
    let target = Target::parse(internal_url)?;
    // Inside, NDES answers under its own name: always on port 80, and on 443 if TLS is bound. A
    // path in the internal URL would be put in front, and leads nowhere.
    let bound = target.scheme == Scheme::Http || tls_enabled;
    let reachable = bound
        && target.port == target.scheme.default_port()
        && target.host.eq_ignore_ascii_case(names::NDES_HOST)
        && matches!(target.path, "" | "/");
    reachable.then(|| Request {
        scheme: target.scheme,
        host: target.host.to_owned(),
        peer: "192.0.2.40".to_owned(),
        ..request.clone()
    })
}

/// What an internal URL consists of.
struct Target<'a> {
    scheme: Scheme,
    host: &'a str,
    port: u16,
    path: &'a str,
}

impl<'a> Target<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let (host, port) = match authority.rsplit_once(':') {
            // An empty port means the usual one (RFC 3986 section 3.2.3).
            Some((host, "")) => (host, scheme.default_port()),
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, scheme.default_port()),
        };
        Some(Self {
            scheme,
            host,
            port,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_internal_url_leads_to_ndes() {
        let request = Request::get("https://scep.lab.example/certsrv/mscep/mscep.dll?x=1").unwrap();
        for (url, scheme) in [
            ("http://ndes.lab.example/", Scheme::Http),
            ("http://ndes.lab.example", Scheme::Http),
            ("HTTP://NDES.lab.example:80/", Scheme::Http),
            ("https://ndes.lab.example/", Scheme::Https),
            ("https://ndes.lab.example:443/", Scheme::Https),
        ] {
            let inside = rewrite(&request, url, true).unwrap();
            assert_eq!(
                (inside.path.as_str(), inside.scheme),
                ("/certsrv/mscep/mscep.dll", scheme)
            );
            assert_eq!(
                rewrite(&request, url, false).is_some(),
                scheme == Scheme::Http,
                "{url}: without a TLS binding"
            );
        }
        for wrong in [
            "http://nedes.lab.example/",
            "https://ndes.lab.example:80/",
            "http://ndes.lab.example:443/",
            "http://ndes.lab.example:8080/",
            "http://ndes.lab.example:http/",
            "http://ndes.lab.example/certsrv/",
            "http://somebody@ndes.lab.example/",
            "ftp://ndes.lab.example/",
            "ndes",
        ] {
            assert!(rewrite(&request, wrong, true).is_none(), "{wrong}");
        }
    }
}
