//! Reverse proxies, load balancers and firewalls for web applications in front of NDES.

use crate::deployment::Deployment;
use crate::gzip;
use crate::page::front_end as page;
use crate::state::{FrontEnd, FrontEndKind, WafRule};
use crate::wire::{Layer, Outcome, Request, Response, Transit};

/// Length from which base64 in a query looks like an attack to a rule.
const SUSPICIOUS: usize = 1024;

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    let settings = d.state.front_end.clone();
    if settings.kind == FrontEndKind::None {
        return super::tls::handle(d, t, request);
    }
    t.spend_ms(2);
    if let Some(outcome) = refused(&settings, t, request) {
        return outcome;
    }
    if !back_end_is_well(d, t, &settings, request) {
        return t.answer(Layer::FrontEnd, page::no_back_end(settings.kind));
    }
    let inside = passed_on(&settings, request);
    let node = usize::from(settings.nodes > 1 && !settings.sticky && t.activity.is_multiple_of(2));
    let outcome = d.at_node(node, |d| super::tls::handle(d, t, &inside));
    match outcome {
        Outcome::Response(response) => Outcome::Response(rewritten(&settings, response)),
        Outcome::Silence => Outcome::Silence,
        // A back end that hangs up is a bad gateway to the client.
        Outcome::Refused | Outcome::Reset => {
            t.answered_by = None;
            t.answer(Layer::FrontEnd, page::bad_gateway(settings.kind))
        }
    }
}

/// What it does not pass on.
fn refused(settings: &FrontEnd, t: &mut Transit, request: &Request) -> Option<Outcome> {
    if settings.adfs_preauthentication {
        return Some(t.answer(Layer::FrontEnd, page::adfs_sign_in(&request.host)));
    }
    let long = request.target().len() > settings.max_uri;
    if long && settings.kind == FrontEndKind::WebApplicationProxy {
        // The request stays in its queue, and nobody answers (KB3011135).
        return Some(t.end(Layer::FrontEnd, Outcome::Silence));
    }
    if long {
        return Some(t.answer(Layer::FrontEnd, page::uri_too_long(settings.kind)));
    }
    if request.body.len() > settings.max_body {
        return Some(t.answer(Layer::FrontEnd, page::body_too_large(settings.kind)));
    }
    if settings.rules.iter().any(|rule| catches(*rule, request)) {
        return Some(t.answer(Layer::FrontEnd, page::blocked(t.activity)));
    }
    None
}

fn catches(rule: WafRule, request: &Request) -> bool {
    match rule {
        WafRule::ExecutableInPath => request.path.to_ascii_lowercase().contains(".exe"),
        WafRule::EncodedContent => {
            let message = request
                .query
                .as_deref()
                .and_then(|query| query.split_once("message="))
                .map_or(0, |(_, message)| message.len());
            let typed = request
                .header("content-type")
                .is_some_and(|kind| kind.contains("pki-message"));
            let operation = request
                .query
                .as_deref()
                .is_some_and(|query| query.contains("PKIOperation"));
            operation && (message > SUSPICIOUS || typed)
        }
    }
}

/// Asks the back end as its probe does, and says whether the answer is the one that it wants.
fn back_end_is_well(
    d: &mut Deployment,
    t: &mut Transit,
    settings: &FrontEnd,
    request: &Request,
) -> bool {
    let probe = &settings.health_probe;
    if probe.target.is_empty() {
        return true;
    }
    let url = format!("http://{}{}", request.host, probe.target);
    let Some(mut question) = Request::get(&url) else {
        return true;
    };
    question
        .headers
        .push(("user-agent".to_owned(), "health-probe".to_owned()));
    question.peer = "192.0.2.60".to_owned();
    let answer = super::web_server(d, t, &question);
    t.answered_by = None;
    answer.status() != 0 && (probe.expected_status == 0 || answer.status() == probe.expected_status)
}

/// The request as the back end gets it.
fn passed_on(settings: &FrontEnd, request: &Request) -> Request {
    let mut inside = request.clone();
    if settings.decodes_plus {
        inside.query = inside.query.map(|query| query.replace('+', "%20"));
    }
    if settings.strips_body && !inside.body.is_empty() {
        inside.body.clear();
        for (name, value) in &mut inside.headers {
            if name == "content-length" {
                "0".clone_into(value);
            }
        }
    }
    inside
        .headers
        .push(("x-forwarded-for".to_owned(), request.peer.clone()));
    inside
}

/// The answer as the client gets it.
fn rewritten(settings: &FrontEnd, mut response: Response) -> Response {
    if settings.appends_script && response.status == 200 {
        response
            .body
            .extend_from_slice(b"<html><script src=\"/injected.js\"></script></html>");
    }
    if settings.compresses && response.status == 200 {
        response.body = gzip::compress(&response.body);
        response
            .headers
            .push(("Content-Encoding".to_owned(), "gzip".to_owned()));
    }
    if settings.kind == FrontEndKind::ApplicationGateway || settings.kind == FrontEndKind::Haproxy {
        return response;
    }
    // These put their own name in the place of the back end's; Web Application Proxy is HTTP.sys.
    response
}
