//! What the control port offers, in one table: it routes, lists, and describes.

use std::sync::Arc;

use schemars::{Schema, SchemaGenerator};

use super::super::Shared;
use super::api::{self, failed, ok};
use super::{guard, instances, openapi};
use crate::wire::{Request, Response};

/// One thing that can be asked for.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// The path; `{name}` stands for any segment.
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    /// What a body holds.
    pub(super) takes: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// What comes back.
    pub(super) gives: Gives,
}

/// What comes back.
pub(super) enum Gives {
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Something else, by its media type.
    Other(&'static str),
}

fn schema<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn any(_: &mut SchemaGenerator) -> Schema {
    Schema::default()
}

const fn get(path: &'static str, summary: &'static str, gives: Gives) -> Route {
    Route {
        method: "GET",
        path,
        summary,
        takes: None,
        gives,
    }
}

const fn with<T: schemars::JsonSchema>(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
) -> Route {
    Route {
        method,
        path,
        summary,
        takes: Some(schema::<T>),
        gives: Gives::Json(any),
    }
}

const fn post(path: &'static str, summary: &'static str) -> Route {
    Route {
        method: "POST",
        path,
        summary,
        takes: None,
        gives: Gives::Json(any),
    }
}

#[rustfmt::skip] // a table
pub(super) const ROUTES: &[Route] = &[
    get("/", "a page for a browser; for programs, this list", Gives::Json(any)),
    get("/openapi.json", "this API, described by OpenAPI 3.1", Gives::Json(any)),
    get("/failures", "the failure modes, and which are armed", Gives::Json(schema::<Vec<api::FailureView>>)),
    with::<api::Id>("POST", "/arm", "arm a failure mode (`id`, or `id.variant`), besides those that are armed"),
    with::<api::Id>("POST", "/disarm", "take a failure mode away as if it had never been"),
    with::<api::Id>("POST", "/heal", "mend a failure mode by the steps of its fix"),
    post("/reset", "back to the healthy baseline"),
    post("/recycle", "recycle the SCEP application pool"),
    get("/state", "baseline, profile, what is armed, and every setting", Gives::Json(schema::<api::StateView>)),
    with::<crate::state::State>("PUT", "/state", "replace the settings by others, all of them"),
    with::<api::Set>("POST", "/set", "change some settings"),
    get("/clock", "the deployment's time", Gives::Json(schema::<api::ClockView>)),
    with::<api::Advance>("POST", "/clock", "let time pass"),
    with::<api::ClockSetting>("PUT", "/clock", "set the clock, forwards"),
    with::<api::ChallengeWish>("POST", "/challenge", "a challenge password, of the scenario's kind or another"),
    with::<api::IntuneWish>("POST", "/intune/challenge", "a challenge of Intune, for a certain subject, names and key"),
    get("/pending", "requests that wait for a certificate manager", Gives::Json(schema::<Vec<api::PendingView>>)),
    post("/pending/{id}/approve", "issue what a pending request asks for; the device gets it when it polls"),
    post("/pending/{id}/deny", "deny a pending request"),
    with::<api::Resolve>("POST", "/resolve", "decide about every pending request"),
    get("/ca.pem", "root and issuing CA", Gives::Other("application/x-pem-file")),
    get("/issued", "the certificates that were issued; ?after=ID for those with a higher number", Gives::Json(schema::<Vec<api::IssuedView>>)),
    get("/journal", "what was asked and answered; ?after=N&limit=M", Gives::Json(schema::<Vec<crate::journal::JournalEntry>>)),
    get("/events", "events and log lines, as `scep diagnose --server-log` reads them; ?format=full, ?format=xml", Gives::Json(schema::<Vec<scep_failures::observation::LogRecord>>)),
    get("/logs", "the logs, and how many records each has", Gives::Json(schema::<Vec<api::LogView>>)),
    get("/logs/{log}", "one log as a file: lines of a text log, XML of an event log; ?after=RECORD", Gives::Other("text/plain")),
    get("/stream", "server-sent events: `journal` and `log`, from now on or ?after=N of the journal", Gives::Other("text/event-stream")),
    get("/instances", "further deployments that were started here", Gives::Json(schema::<Vec<instances::InstanceView>>)),
    with::<instances::Wish>("POST", "/instances", "start another whole deployment on ports of its own"),
    Route { method: "DELETE", path: "/instances/{id}", summary: "end a deployment that was started here", takes: None, gives: Gives::Json(any) },
];

/// Whether a path is the one of a route; what stands for `{name}` comes back.
fn matches<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let mut segment = "";
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(segment),
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {
                segment = given;
            }
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}

pub(super) async fn route(shared: &Arc<Shared>, request: &Request) -> Response {
    let of_path = ROUTES
        .iter()
        .filter_map(|route| Some((route, matches(route.path, &request.path)?)));
    let mut methods = Vec::new();
    for (route, segment) in of_path {
        if route.method == request.method {
            return handle(shared, request, route, segment).await;
        }
        methods.push(route.method);
    }
    if methods.is_empty() {
        failed(
            404,
            &format!(
                "there is no {} {}; GET / lists what there is",
                request.method, request.path
            ),
        )
    } else {
        let methods = methods.join(", ");
        let text = format!(
            "{} takes {methods}, and no {}",
            request.path, request.method
        );
        failed(405, &text).with("Allow", methods)
    }
}

async fn handle(shared: &Arc<Shared>, request: &Request, route: &Route, segment: &str) -> Response {
    let (body, query) = (&request.body, request.query.as_deref().unwrap_or_default());
    match (route.method, route.path) {
        ("GET", "/") if guard::names_html(request.header("accept")) => {
            let page = include_str!("page.html").as_bytes().to_vec();
            Response::new(200, "OK", "text/html; charset=utf-8", page)
        }
        ("GET", "/") => ok(&api::index(shared)),
        ("GET", "/openapi.json") => ok(&openapi::describe()),
        ("GET", "/failures") => ok(&api::failures(shared)),
        ("POST", "/arm") => api::arm(shared, body),
        ("POST", "/disarm") => api::disarm(shared, body),
        ("POST", "/heal") => api::heal(shared, body),
        ("POST", "/reset") => api::reset(shared),
        ("POST", "/recycle") => api::recycle(shared),
        ("GET", "/state") => ok(&api::state(shared)),
        ("PUT", "/state") => api::replace_state(shared, body),
        ("POST", "/set") => api::set(shared, body),
        ("GET", "/clock") => ok(&api::clock(shared)),
        ("POST", "/clock") => api::advance(shared, body),
        ("PUT", "/clock") => api::set_clock(shared, body),
        ("POST", "/challenge") => api::challenge(shared, body),
        ("POST", "/intune/challenge") => api::intune_challenge(shared, body),
        ("GET", "/pending") => ok(&api::pending(shared)),
        ("POST", "/pending/{id}/approve") => api::decide(shared, segment, true),
        ("POST", "/pending/{id}/deny") => api::decide(shared, segment, false),
        ("POST", "/resolve") => api::resolve(shared, body),
        ("GET", "/ca.pem") => api::ca_pem(shared),
        ("GET", "/issued") => api::issued(shared, query),
        ("GET", "/journal") => api::journal(shared, query),
        ("GET", "/events") => api::events(shared, query),
        ("GET", "/logs") => ok(&api::logs(shared)),
        ("GET", "/logs/{log}") => api::log(shared, segment, query),
        ("GET", "/instances") => ok(&instances::list(shared)),
        ("POST", "/instances") => instances::start(shared, body).await,
        ("DELETE", "/instances/{id}") => instances::end(shared, segment),
        // the stream is served elsewhere, as its answer has no end
        (method, path) => failed(500, &format!("{method} {path} is in the table only")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_its_pattern_and_no_other() {
        assert_eq!(matches("/logs/{log}", "/logs/iis"), Some("iis"));
        assert_eq!(matches("/pending/{id}/deny", "/pending/7/deny"), Some("7"));
        assert_eq!(matches("/", "/"), Some(""));
        for (pattern, path) in [
            ("/logs/{log}", "/logs/"),
            ("/logs/{log}", "/logs/iis/x"),
            ("/logs", "/logs/iis"),
            ("/pending/{id}/deny", "/pending/7/approve"),
        ] {
            assert_eq!(matches(pattern, path), None, "{path}");
        }
    }
}
