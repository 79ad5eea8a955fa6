//! When a pending request is asked for again (RFC 8894 section 2.5).

use core::time::Duration;

/// When a pending request is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Time to the first poll.
    pub first: Duration,
    /// Factor for each further interval, in percent (100: always the same).
    pub growth_percent: u32,
    /// Longest interval.
    pub longest: Duration,
}

impl RetryPolicy {
    /// The interval before poll number `n`, from 0.
    #[must_use]
    pub fn interval(&self, n: u32) -> Duration {
        let mut interval = self.first;
        for _ in 0..n {
            if interval >= self.longest {
                return self.longest;
            }
            interval = interval.saturating_mul(self.growth_percent) / 100;
        }
        interval.min(self.longest)
    }
}

impl Default for RetryPolicy {
    /// One minute, growing by half, at most one hour.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            growth_percent: 150,
            longest: Duration::from_secs(3600),
        }
    }
}
