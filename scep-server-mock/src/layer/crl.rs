//! The CRL distribution point: one web server, for the deployment and for everybody else.

use scep_core::UnixTime;
use scep_core::x509::{Crl, Extension};

use crate::deployment::Deployment;
use crate::error::Result;
use crate::names;
use crate::page::iis;
use crate::pki::crl as pki_crl;
use crate::wire::{Layer, Outcome, Request, Response, Transit};

/// How long a client of the distribution point waits when nothing answers.
const SILENCE_MS: u64 = 15_000;

/// The base CRL of the issuing CA, by the key that the file stands for.
fn base(d: &mut Deployment, file: &str, now: UnixTime) -> Result<Crl> {
    let dates = d.crl_schedules.base.current(now);
    let delta = d.pki.delta_crl_url();
    let extensions = if d.state.crl.delta.enabled {
        vec![Extension::freshest_crl(&[&delta])]
    } else {
        Vec::new()
    };
    let revoked = d.revoked();
    let issuer = d.pki.crl_issuer(file).unwrap_or(&d.pki.issuing_ca);
    pki_crl::sign(issuer, dates, revoked, extensions, &mut d.rng)
}

/// What has been revoked since the base CRL.
fn delta(d: &mut Deployment, now: UnixTime) -> Result<Crl> {
    let dates = d.crl_schedules.delta.current(now);
    let (base_date, _, base) = d.crl_schedules.base.current(now);
    let mut revoked = d.revoked();
    revoked.retain(|(_, at)| *at > base_date);
    let extensions = vec![Extension::delta_crl_indicator(base)];
    pki_crl::sign(&d.pki.issuing_ca, dates, revoked, extensions, &mut d.rng)
}

/// Answers a client, whose network may be in the way.
pub(crate) fn from_outside(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    match super::client_network::intercepted(d, t) {
        Some(outcome) => outcome,
        None => handle(d, t, request),
    }
}

/// Answers a request to the distribution point.
pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(3);
    if !d.state.crl.http_reachable {
        return t.end(Layer::Crl, Outcome::Silence);
    }
    let file = request.path.rsplit('/').next().unwrap_or_default();
    let now = t.now();
    if file == names::TLS_ISSUER_FILE {
        let body = d.pki.tls_issuer().as_der().to_vec();
        let response =
            Response::new(200, "OK", "application/pkix-cert", body).with("Server", iis::SERVER);
        return t.answer(Layer::Crl, response);
    }
    let crl = match file {
        file if d.pki.crl_issuer(file).is_some() => base(d, file, now),
        names::DELTA_CRL_FILE if d.state.crl.delta.enabled => delta(d, now),
        names::ROOT_CRL_FILE => {
            let dates = d.crl_schedules.root.current(now);
            pki_crl::sign(&d.pki.root, dates, Vec::new(), Vec::new(), &mut d.rng)
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
