//! A SCEP server that is not NDES, and brings its own web server: no HTTP.sys, no IIS, no Windows logs.

use super::iis::Handled;
use super::ndes;
use crate::deployment::Deployment;
use crate::page::own_server as page;
use crate::profile::Hosting;
use crate::state::AppService;
use crate::wire::{Layer, Outcome, Request, Response, Transit};

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(2);
    let hosting = d.profile.hosting;
    if hosting == Hosting::AppService {
        match d.state.third_party.app_service {
            AppService::Running => {}
            AppService::Stopped => return t.answer(Layer::FrontEnd, page::app_stopped()),
            AppService::PackageMissing => return t.answer(Layer::FrontEnd, page::no_package()),
        }
    }
    let path = request.path.to_ascii_lowercase();
    if !(path.contains("scep") || path.starts_with("/certsrv/mscep/")) || path.contains("admin") {
        let response = named(d, page::error(hosting, 404, "page not found"));
        return t.answer(Layer::Ndes, response);
    }
    start(d, t);
    let response = match ndes::answer(d, t, request) {
        Handled::Response(response) => response,
        Handled::Error(error) => {
            let sentence = t.decoded.as_ref().and_then(|decoded| decoded.error.clone());
            let sentence = sentence.unwrap_or_else(|| "the request cannot be served".to_owned());
            page::error(hosting, error.status, &plain(&sentence))
        }
        // the last one is only IIS that says
        Handled::Crashed | Handled::Closed | Handled::Continue(_) => {
            return t.end(Layer::Ndes, Outcome::Reset);
        }
    };
    let response = named(d, response);
    t.answer(Layer::Ndes, response)
}

/// The process runs from the beginning; what it needs is loaded with the first request.
fn start(d: &mut Deployment, t: &Transit) {
    if d.pool.worker.is_none() {
        d.pool.start_worker(t.now());
    }
    if d.pool.ndes().is_none() {
        let service = ndes::of_another_vendor(d);
        if let Some(worker) = d.pool.worker.as_mut() {
            worker.ndes = Some(service);
        }
    }
}

/// A sentence that may stand in a header field and in JSON.
fn plain(sentence: &str) -> String {
    sentence
        .chars()
        .map(|c| if c.is_control() || c == '"' { ' ' } else { c })
        .collect()
}

/// With the header field Server, if there is one.
fn named(d: &Deployment, response: Response) -> Response {
    if d.profile.server.is_empty() {
        response
    } else {
        response.with("Server", d.profile.server.clone())
    }
}
