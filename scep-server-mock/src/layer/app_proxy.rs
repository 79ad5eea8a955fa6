//! Microsoft Entra application proxy and its connector.

use std::time::Duration;

use crate::deployment::Deployment;
use crate::log::text;
use crate::names;
use crate::page::app_proxy as page;
use crate::state::{Egress, Preauthentication};
use crate::wire::{Layer, Outcome, Request, Scheme, Transit};

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    if !d.state.app_proxy.present {
        return super::front_end::handle(d, t, request);
    }
    t.spend_ms(15);
    let proxy = d.state.app_proxy.clone();
    let published = [names::PROXY_HOST, names::PROXY_CNAME]
        .iter()
        .any(|host| host.eq_ignore_ascii_case(&request.host));
    // A test on sockets asks by address.
    let by_address =
        request.host.parse::<std::net::IpAddr>().is_ok() || request.host == "localhost";
    if !published && !by_address {
        return t.answer(Layer::AppProxy, page::no_application());
    }
    if proxy.preauthentication == Preauthentication::EntraId {
        if !proxy.clients_signed_in {
            return t.answer(Layer::AppProxy, page::sign_in(&request.path));
        }
        if !proxy.user_assigned {
            let detail = "The user is not assigned to this application.";
            return t.answer(
                Layer::AppProxy,
                page::error(403, "Forbidden", "Forbidden", detail),
            );
        }
    }
    if proxy.connector.egress == Egress::Inspected {
        let code = "ConnectorError:Unauthorized";
        d.log(t, text::connector(code, "the cloud service"));
        let detail = "The connector is not authorised at the service: ConnectorError:Unauthorized.";
        let status_code = "InternalServerError";
        return t.answer(
            Layer::AppProxy,
            page::error(500, "Internal Server Error", status_code, detail),
        );
    }
    if proxy.connector.egress == Egress::Blocked {
        d.log(
            t,
            text::connector("ServiceUnreachable", "the cloud service"),
        );
    }
    let alive = connector_runs(d, t)
        && proxy.connector.egress == Egress::Open
        && proxy.connector.group == proxy.connector_group;
    if !alive {
        // The cloud service waits a moment for a connector to take the request, and gives up.
        t.spend_ms(2_000);
        let detail = "The application proxy found no connector that took the request.";
        let response = page::error(504, "Gateway Timeout", "GatewayTimeout", detail);
        return t.answer(Layer::AppProxy, response);
    }
    t.spend_ms(25);
    if !proxy.connector.resolves_internal_names {
        t.spend_ms(150);
        d.log(t, text::connector("NameNotResolved", &proxy.internal_url));
        let detail = "The connector could not reach the application's internal address.";
        let response = page::error(502, "Bad Gateway", "BadGateway", detail);
        return t.answer(Layer::AppProxy, response);
    }
    if !is_published(request, &proxy.internal_url) {
        let detail = "There is nothing under this path of the application.";
        let response = page::error(404, "Not Found", "NotFound", detail);
        return t.answer(Layer::AppProxy, response);
    }
    let Some(inside) = rewrite(request, &proxy.internal_url, d.state.tls.enabled) else {
        t.spend_ms(200);
        d.log(t, text::connector("BadGateway", &proxy.internal_url));
        let detail = "The connector could not reach the application's internal address.";
        let response = page::error(502, "Bad Gateway", "BadGateway", detail);
        return t.answer(Layer::AppProxy, response);
    };
    let before = t.spent;
    let outcome = super::web_server(d, t, &inside);
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

/// Whether the connector's service runs: set to delayed start, it comes up minutes after its host.
fn connector_runs(d: &Deployment, t: &Transit) -> bool {
    const DELAY: Duration = Duration::from_secs(180);
    let connector = &d.state.app_proxy.connector;
    let starting = connector.delayed_start
        && d.connector_host_started
            .is_some_and(|at| t.now().since(at) < DELAY);
    connector.service.is_running() && !starting
}

/// Whether a path is published: with a path in the internal URL, only what lies below it is.
fn is_published(request: &Request, internal_url: &str) -> bool {
    let Some(target) = Target::parse(internal_url) else {
        return true;
    };
    let path = target.path.to_ascii_lowercase();
    path.is_empty() || request.path.to_ascii_lowercase().starts_with(&path)
}

/// The request as the connector sends it; `None` if nothing answers at the internal URL.
fn rewrite(request: &Request, internal_url: &str, tls_enabled: bool) -> Option<Request> {
    let target = Target::parse(internal_url)?;
    // Inside, NDES answers under its own name: always on port 80, and on 443 if TLS is bound.
    let bound = target.scheme == Scheme::Http || tls_enabled;
    let reachable = bound
        && target.port == target.scheme.default_port()
        && target.host.eq_ignore_ascii_case(names::NDES_HOST);
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
            "http://somebody@ndes.lab.example/",
            "ftp://ndes.lab.example/",
            "ndes",
        ] {
            assert!(rewrite(&request, wrong, true).is_none(), "{wrong}");
        }
    }
}
