//! Probe of the CRLs that the server's certificates name, delta CRLs too.
//!
//! NDES does not start without them. If GetCACert does not answer, the certificates of the last
//! healthy look are taken.

use std::net::IpAddr;

use scep_core::ca_certificates::CaCertificates;
use scep_core::x509::{Certificate, Crl};
use scep_failures::observation::{Probe, Purpose};

use url::Url;

use super::run::Run;
use crate::base64;
use crate::network::HttpRequest;

/// More than this many different CRLs are not fetched.
const MAX_CRLS: usize = 8;

impl Run<'_> {
    pub(super) async fn crls(&mut self) {
        let certificates = self.known_certificates();
        if certificates.is_empty() {
            let url = self.target.base.clone();
            self.observer.skip(
                probe(&url),
                "no certificate is known, neither from GetCACert nor from memory",
            );
            return;
        }
        let mut urls: Vec<String> = Vec::new();
        for url in certificates
            .iter()
            .flat_map(Certificate::crl_distribution_points)
        {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        // base CRLs, then the delta CRLs that they name
        let mut at = 0;
        while at < urls.len() {
            let new = urls.get(at..).unwrap_or_default().to_vec();
            at = urls.len();
            for delta in self
                .fetch(&new, MAX_CRLS.saturating_sub(at - new.len()))
                .await
            {
                if !urls.contains(&delta) {
                    urls.push(delta);
                }
            }
        }
    }

    /// Fetches CRLs at once, `most` of them; gives the places of their delta CRLs.
    async fn fetch(&mut self, urls: &[String], most: usize) -> Vec<String> {
        let mut requests = Vec::new();
        for (n, url) in urls.iter().enumerate() {
            let scheme = url.split(':').next().unwrap_or_default();
            if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
                let reason = format!("{scheme} is not fetched, only http and https are");
                self.observer.skip(probe(url), reason);
            } else if let Some(reason) = self.off_limits(url) {
                self.observer.skip(probe(url), reason);
            } else if n >= most {
                let reason = format!("only {MAX_CRLS} CRLs are fetched");
                self.observer.skip(probe(url), reason);
            } else {
                let request = self.request(HttpRequest::get(url), None);
                let request = HttpRequest {
                    max_body: self.options.max_crl,
                    ..request
                };
                requests.push((Purpose::Crl, request));
            }
        }
        let responses = self.observer.http_all(requests).await;
        let good = responses.into_iter().flatten().filter(|r| r.status == 200);
        good.filter_map(|response| Crl::from_der(&response.body).ok())
            .flat_map(|crl| crl.freshest_crls())
            .collect()
    }

    /// The certificates come from a server that nobody vouches for; they must not be able to send
    /// this machine to its own services or to its cloud's metadata.
    pub(super) fn off_limits(&self, url: &str) -> Option<&'static str> {
        let local = |host: &str| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        };
        let host = Url::parse(url).ok()?.host_str()?.to_owned();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let link_local = match bare.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => ip.is_link_local(),
            Ok(IpAddr::V6(ip)) => matches!(ip.segments(), [first, ..] if first & 0xffc0 == 0xfe80),
            Err(_) => false,
        };
        if link_local {
            Some("a link-local address is not asked")
        } else if local(&host) && !local(&self.target.host) && !self.is_here() {
            Some("this machine is not asked on behalf of another")
        } else {
            None
        }
    }

    /// Whether the server is on this machine, whatever its name.
    fn is_here(&self) -> bool {
        let mut addresses = self.reachable.iter();
        addresses.any(|address| address.ip().is_loopback())
    }

    fn known_certificates(&self) -> Vec<Certificate> {
        let remembered = || {
            let memory = self.observer.observations().memory.as_ref()?;
            base64::decode(&memory.ca_certificates)
        };
        let body = self
            .ca_certificates
            .as_ref()
            .map(|r| r.body.clone())
            .or_else(remembered);
        body.and_then(|body| CaCertificates::from_response(&body).ok())
            .map(|found| found.as_slice().to_vec())
            .unwrap_or_default()
    }
}

fn probe(url: &str) -> Probe {
    Probe::Http {
        purpose: Purpose::Crl,
        method: "GET".into(),
        url: url.into(),
    }
}
