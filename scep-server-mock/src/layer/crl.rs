//! The CRL distribution point: one web server, for the deployment and for everybody else.

use crate::deployment::Deployment;
use crate::names;
use crate::page::iis;
use crate::pki::crl as pki_crl;
use crate::wire::{Layer, Outcome, Request, Response, Transit};

/// How long a client of the distribution point waits when nothing answers.
const SILENCE_MS: u64 = 15_000;

/// Answers a request to the distribution point.
pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(3);
    if !d.state.crl.http_reachable {
        return t.end(Layer::Crl, Outcome::Silence);
    }
    let file = request.path.rsplit('/').next().unwrap_or_default();
    let now = t.now();
    let crl = match file {
        names::CRL_FILE => {
            let dates = d.crl_schedule.current(now);
            pki_crl::sign(&d.pki.issuing_ca, dates, d.revoked(), &mut d.rng)
        }
        names::ROOT_CRL_FILE => {
            // The offline root publishes by hand, once in half a year, and has not forgotten.
            let dates = d.root_crl_schedule.current(now);
            pki_crl::sign(&d.pki.root, dates, Vec::new(), &mut d.rng)
        }
        _ => {
            let page = iis::HttpError::new(404, 0, "Not Found", "IIS Web Core").page(false, "/");
            return t.answer(Layer::Crl, page);
        }
    };
    match crl {
        Ok(crl) => {
            let body = crl.as_der().to_vec();
            let response =
                Response::new(200, "OK", "application/pkix-crl", body).with("Server", iis::SERVER);
            t.answer(Layer::Crl, response)
        }
        // A key that cannot sign is a defect of the mock; a missing file is what it looks like.
        Err(_) => t.end(Layer::Crl, Outcome::Reset),
    }
}

/// Fetches a URL as a Windows server does, through the same distribution point.
pub(crate) fn fetch(d: &mut Deployment, t: &mut Transit, url: &str) -> Outcome {
    let Some(request) = Request::get(url) else {
        return Outcome::Refused;
    };
    // The fetch is a part of another exchange, whose answer comes from elsewhere.
    let answered_by = t.answered_by;
    let outcome = handle(d, t, &request);
    t.answered_by = answered_by;
    if outcome == Outcome::Silence {
        t.spend_ms(SILENCE_MS);
    }
    outcome
}
