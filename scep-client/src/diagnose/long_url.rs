//! Probe of long URLs: GetCACaps with an over-long CA identifier, so that no PKI message is sent.
//!
//! GET enrollments have URLs of 3 to 10 KB, and each station on the way has its own limit: IIS
//! request filtering (2,048 octets of query), an old Web Application Proxy (about 5.1 KB, it then
//! hangs), HTTP.sys (16 KB). Who answers at which length names the station, so between the last length that
//! works and the first that does not the exact limit is looked for.

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
        let mut longest = 0;
        for &length in &ladder {
            match self.try_length(length).await {
                Answer::Works => longest = length,
                // it hangs: where exactly would take a time-out each
                Answer::None => break,
                Answer::Breaks => {
                    // perhaps it is not the length but the unknown CA identifier
                    let short = longest == 0 && !matches!(self.try_length(0).await, Answer::Works);
                    if !short {
                        self.exact_limit(longest.max(self.shortest()), length).await;
                    }
                    break;
                }
            }
        }
    }

    /// Halves the distance between a length that works and one that does not, until they are next to
    /// each other.
    async fn exact_limit(&mut self, mut works: usize, mut breaks: usize) {
        while breaks.saturating_sub(works) > 1 {
            let middle = works + (breaks - works) / 2;
            match self.try_length(middle).await {
                Answer::Works => works = middle,
                Answer::Breaks => breaks = middle,
                Answer::None => break,
            }
        }
    }

    async fn try_length(&mut self, length: usize) -> Answer {
        let url = self.url_of_length(length);
        match self.get(Purpose::LongUrl, &url).await {
            Some(response) if response.status == 200 => Answer::Works,
            Some(_) => Answer::Breaks,
            None => Answer::None,
        }
    }

    /// Length of path and query with a short CA identifier.
    fn shortest(&self) -> usize {
        let origin = self.target.root.trim_end_matches('/').len();
        self.url_of_length(0).len().saturating_sub(origin)
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

/// What came of a length.
enum Answer {
    Works,
    Breaks,
    None,
}

fn probe(url: &str) -> Probe {
    Probe::Http {
        purpose: Purpose::LongUrl,
        method: "GET".into(),
        url: crate::redact::url(url, true),
    }
}
