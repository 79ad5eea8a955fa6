//! How many requests an address has sent lately, as Dynamic IP Restrictions count them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use scep_core::UnixTime;

/// What counts as lately.
const WINDOW: Duration = Duration::from_secs(5);

/// Times of requests by address.
#[derive(Debug, Default)]
pub(crate) struct RecentRequests(BTreeMap<String, VecDeque<UnixTime>>);

impl RecentRequests {
    /// Counts one more, and says how many there are.
    pub(crate) fn count(&mut self, peer: &str, now: UnixTime) -> usize {
        self.0.retain(|_, times| {
            times.retain(|at| now.since(*at) < WINDOW);
            !times.is_empty()
        });
        let times = self.0.entry(peer.to_owned()).or_default();
        times.push_back(now);
        times.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_counted_for_five_seconds() {
        let mut recent = RecentRequests::default();
        let counts: Vec<usize> = (0..3).map(|i| recent.count("a", UnixTime(i))).collect();
        assert_eq!(counts, [1, 2, 3]);
        assert_eq!(recent.count("b", UnixTime(2)), 1);
        assert_eq!(recent.count("a", UnixTime(6)), 2);
    }
}
