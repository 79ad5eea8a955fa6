//! Facts of the CRLs that the service's certificates name.
//!
//! Which CRL is whose is found out from the certificates that are served now or remembered. If a
//! certificate names several addresses, one that works is enough, as it is for NDES.

use scep_core::UnixTime;
use scep_core::x509::{Certificate, Crl};

use super::certificates::{Roles, days_left};
use super::http::exchanges;
use super::page::Page;
use super::{Facts, Value};
use crate::observation::{Observations, Outcome, Purpose};

/// One attempt to fetch a CRL.
struct Attempt {
    n: u32,
    url: String,
    status: Option<u16>,
    crl: Option<Crl>,
}

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let attempts: Vec<Attempt> = exchanges(observations)
        .filter(|(_, purpose, _)| *purpose == Purpose::Crl)
        .filter_map(|(observation, _, url)| {
            let (status, crl) = match &observation.outcome {
                Outcome::Response(http) => {
                    let page = Page::new(http);
                    let crl = if page.is_success() {
                        Crl::from_der(&page.body).ok()
                    } else {
                        None
                    };
                    (Some(http.status), crl)
                }
                Outcome::Failed { .. } => (None, None),
                _ => return None,
            };
            Some(Attempt {
                n: observation.n,
                url: url.to_owned(),
                status,
                crl,
            })
        })
        .collect();
    let roles = Roles::live(observations).or_else(|| Roles::remembered(observations));
    let (ra, ca) = roles.map_or_else(Default::default, |roles| (roles.ra, roles.ca));
    // Without RA certificates the CA decrypts and signs, and its own certificate is what NDES would check.
    let names = |certificates: &[Certificate], url: &str| {
        certificates
            .iter()
            .flat_map(Certificate::crl_distribution_points)
            .any(|named| named == url)
    };
    let now = UnixTime(observations.started);
    let group = |wanted: &str| -> Vec<&Attempt> {
        attempts
            .iter()
            .filter(|attempt| {
                let role = if names(&ra, &attempt.url) {
                    "ra"
                } else if names(&ca, &attempt.url) {
                    "ca"
                } else {
                    "other"
                };
                role == wanted
            })
            .collect()
    };
    report("ra", &group("ra"), &ra, now, facts);
    report(
        "ca",
        &group("ca"),
        ca.get(..1).unwrap_or_default(),
        now,
        facts,
    );
    report("other", &group("other"), &[], now, facts);
}

fn report(
    role: &str,
    attempts: &[&Attempt],
    owners: &[Certificate],
    now: UnixTime,
    facts: &mut Facts,
) {
    if attempts.is_empty() {
        return;
    }
    let numbers: Vec<u32> = attempts.iter().map(|attempt| attempt.n).collect();
    let fetched: Vec<(u32, &Crl)> = attempts
        .iter()
        .filter_map(|attempt| Some((attempt.n, attempt.crl.as_ref()?)))
        .collect();
    facts.add(
        format!("crl.{role}.fetchable"),
        !fetched.is_empty(),
        &numbers,
    );
    if role != "other" {
        for attempt in attempts {
            if let Some(status) = attempt.status {
                facts.add(format!("crl.{role}.status"), status, &[attempt.n]);
            }
        }
    }
    // The freshest one decides: the others are copies that lag behind.
    let Some((n, crl)) = fetched.iter().max_by_key(|(_, crl)| crl.next_update()) else {
        return;
    };
    if let Some(next_update) = crl.next_update() {
        facts.add(format!("crl.{role}.expired"), next_update < now, &[*n]);
        if role != "other" {
            facts.add(
                format!("crl.{role}.days-left"),
                days_left(next_update, now),
                &[*n],
            );
        }
    }
    if !owners.is_empty() {
        let revoked = owners
            .iter()
            .any(|owner| owner.issuer().matches(crl.issuer()) && crl.is_revoked(owner.serial()));
        facts.add(format!("crl.{role}.revoked"), Value::Bool(revoked), &[*n]);
    }
}
