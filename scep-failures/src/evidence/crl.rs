//! Facts of the CRLs that the service's certificates name.
//!
//! Which CRL is whose is found out from the certificates that are served now or remembered. If a
//! certificate names several addresses, one that works is enough, as it is for NDES.

use scep_core::UnixTime;
use scep_core::asn1::{Reader, decode_time};
use scep_core::x509::{Certificate, Crl};

use super::Facts;
use super::certificates::{Roles, days_left};
use super::http::exchanges;
use super::page::Page;
use crate::observation::{Observations, Outcome, Purpose};

/// One attempt to fetch a CRL.
struct Attempt {
    n: u32,
    url: String,
    status: Option<u16>,
    fetched: Option<Fetched>,
}

/// A CRL that came, as far as it can be read.
struct Fetched {
    next_update: Option<UnixTime>,
    /// Absent if the observation holds the beginning only.
    whole: Option<Crl>,
}

impl Fetched {
    fn read(page: &Page<'_>) -> Option<Self> {
        if !page.is_success() {
            return None;
        }
        if let Ok(crl) = Crl::from_der(&page.body) {
            return Some(Self {
                next_update: crl.next_update(),
                whole: Some(crl),
            });
        }
        let cut = u64::try_from(page.body.len()).is_ok_and(|kept| kept < page.http.body_len);
        let next_update = if cut {
            next_update_of_head(&page.body)?
        } else {
            return None;
        };
        Some(Self {
            next_update: Some(next_update),
            whole: None,
        })
    }
}

/// nextUpdate of a CRL of which only the beginning is there: it stands before the long list.
fn next_update_of_head(head: &[u8]) -> Option<UnixTime> {
    let list = content(head)?;
    let mut rest = content(list)?;
    let mut times = 0;
    // version, signature, issuer, thisUpdate, nextUpdate
    for _ in 0..5 {
        let (header, length) = lengths(rest)?;
        let element = rest.get(..header.checked_add(length)?)?;
        if matches!(element.first(), Some(0x17 | 0x18)) {
            times += 1;
            if times == 2 {
                return decode_time(&Reader::new(element).next("nextUpdate").ok()?).ok();
            }
        }
        rest = rest.get(element.len()..)?;
    }
    None
}

/// Octets of a DER header, and the length that it announces.
fn lengths(der: &[u8]) -> Option<(usize, usize)> {
    match *der.get(1)? {
        short @ 0..=0x7f => Some((2, usize::from(short))),
        long @ 0x81..=0x84 => {
            let octets = der.get(2..2 + usize::from(long & 0x7f))?;
            let length = octets.iter().try_fold(0usize, |n, octet| {
                n.checked_mul(256)?.checked_add(usize::from(*octet))
            })?;
            Some((2 + octets.len(), length))
        }
        _ => None,
    }
}

/// What is there of the content of a SEQUENCE.
fn content(der: &[u8]) -> Option<&[u8]> {
    let (header, _) = lengths(der).filter(|_| der.first() == Some(&0x30))?;
    der.get(header..)
}

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    let attempts: Vec<Attempt> = exchanges(observations)
        .filter(|(_, purpose, _)| *purpose == Purpose::Crl)
        .filter_map(|(observation, _, url)| {
            let (status, fetched) = match &observation.outcome {
                Outcome::Response(http) => (Some(http.status), Fetched::read(&Page::new(http))),
                Outcome::Failed { .. } => (None, None),
                _ => return None,
            };
            Some(Attempt {
                n: observation.n,
                url: url.to_owned(),
                status,
                fetched,
            })
        })
        .collect();
    let roles = Roles::live(observations).or_else(|| Roles::remembered(observations));
    let (ra, ca) = roles.map_or_else(Default::default, |roles| (roles.ra, roles.ca));
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
    let fetched: Vec<(u32, &Fetched)> = attempts
        .iter()
        .filter_map(|attempt| Some((attempt.n, attempt.fetched.as_ref()?)))
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
    let Some((n, crl)) = fetched.iter().max_by_key(|(_, crl)| crl.next_update) else {
        return;
    };
    if let Some(next_update) = crl.next_update {
        facts.add(format!("crl.{role}.expired"), next_update < now, &[*n]);
        if role != "other" {
            facts.add(
                format!("crl.{role}.days-left"),
                days_left(next_update, now),
                &[*n],
            );
        }
    }
    if let (Some(crl), false) = (&crl.whole, owners.is_empty()) {
        let revoked = |owner: &Certificate| {
            owner.issuer().matches(crl.issuer()) && crl.is_revoked(owner.serial())
        };
        facts.add(
            format!("crl.{role}.revoked"),
            owners.iter().any(revoked),
            &[*n],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_long_crl_tells_its_next_update() {
        // CertificateList { TBSCertList { version 1, alg {}, issuer {}, two UTCTimes, ... announced as 64 KiB
        let mut head = vec![
            0x30, 0x82, 0xff, 0xf0, 0x30, 0x82, 0xff, 0x00, 0x02, 0x01, 0x01, 0x30, 0x00, 0x30,
            0x00,
        ];
        for time in [b"200101000000Z", b"200108000000Z"] {
            head.extend([0x17, 13]);
            head.extend(time);
        }
        head.extend([0x30, 0x82, 0xee, 0x00, 0x30]);
        assert_eq!(next_update_of_head(&head), Some(UnixTime(1_578_441_600)));
        assert_eq!(next_update_of_head(&head[..30]), None);
        assert_eq!(next_update_of_head(b"<html>"), None);
    }
}
