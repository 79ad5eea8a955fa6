//! Probe of long URLs: GetCACaps with an over-long CA identifier, so that no PKI message is sent.
//!
//! GET enrollments have URLs of 3 to 10 KB, and each station on the way has its own limit: IIS
//! request filtering (2,048 octets of query), an old Web Application Proxy (about 5.1 KB, it then
//! hangs), HTTP.sys (16 KB). Who answers at which length names the station.

use scep_core::http::Operation;
use scep_failures::observation::{Probe, Purpose};

use super::run::Run;

/// A CA identifier of a length that nobody objects to.
const SHORT: usize = 32;

impl Run<'_> {
    /// Climbs until something breaks.
    pub(super) async fn long_url(&mut self) {
        if self.blocked.is_none() && self.capabilities.is_none() {
            let url = self.url_of_length(0);
            self.observer.skip(
                probe(&url),
                "it would show nothing: GetCACaps does not work",
            );
            return;
        }
        let ladder = self.options.url_lengths.clone();
        for (rung, &length) in ladder.iter().enumerate() {
            let url = self.url_of_length(length);
            let answer = self.get(Purpose::LongUrl, &url).await;
            if answer.is_some_and(|r| r.status == 200) {
                continue;
            }
            if rung == 0 && self.blocked.is_none() {
                // perhaps it is not the length but the unknown CA identifier
                let url = self.url_of_length(0);
                self.get(Purpose::LongUrl, &url).await;
            }
            break;
        }
    }

    /// A GetCACaps URL whose path and query have `length` octets, or a few more than a short one.
    fn url_of_length(&self, length: usize) -> String {
        let with =
            |filler: usize| Operation::GetCaCaps.url(&self.target.base, Some(&"A".repeat(filler)));
        let origin = self.target.root.trim_end_matches('/').len();
        let short = with(SHORT);
        let missing = length.saturating_sub(short.len().saturating_sub(origin));
        with(SHORT + missing)
    }
}

fn probe(url: &str) -> Probe {
    Probe::Http {
        purpose: Purpose::LongUrl,
        method: "GET".into(),
        url: crate::redact::url(url, true),
    }
}
