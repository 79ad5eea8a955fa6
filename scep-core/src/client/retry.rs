//! When a pending request is asked for again, and for how long (RFC 8894 section 2.5).

use core::time::Duration;

use crate::UnixTime;

/// When a pending request is asked for again, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Time to the first poll.
    pub first: Duration,
    /// Factor for each further interval, in percent (100: always the same).
    pub growth_percent: u32,
    /// Longest interval.
    pub longest: Duration,
    /// Most polls of one request; `None`: any number.
    pub max_polls: Option<u32>,
    /// Longest time since the request was sent, at whose end it is asked for once more; `None`: any
    /// time.
    pub max_time: Option<Duration>,
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
            let grown = interval.saturating_mul(self.growth_percent) / 100;
            if grown == interval {
                break;
            }
            interval = grown;
        }
        interval.min(self.longest)
    }

    /// When to ask for a request that was sent at `since` and is still pending at `now`, after
    /// `polls` polls; `None`: give up.
    #[must_use]
    pub fn next_poll(&self, polls: u32, since: UnixTime, now: UnixTime) -> Option<UnixTime> {
        let end = self.max_time.map(|max| since.plus(max));
        if self.allows_no_poll_after(polls) || end.is_some_and(|end| now >= end) {
            return None;
        }
        let next = now.plus(self.interval(polls));
        Some(end.map_or(next, |end| next.min(end)))
    }

    /// Whether so many polls are enough.
    pub(super) fn allows_no_poll_after(&self, polls: u32) -> bool {
        self.max_polls.is_some_and(|max| polls >= max)
    }
}

impl Default for RetryPolicy {
    /// After one minute, then at intervals that grow by half, up to one hour; for a week.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            growth_percent: 150,
            longest: Duration::from_secs(3600),
            max_polls: None,
            max_time: Some(Duration::from_secs(7 * 86_400)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: UnixTime = UnixTime(1_000_000);

    #[test]
    fn intervals_grow_to_the_longest_however_many_polls_there_were() {
        let policy = RetryPolicy::default();
        let seconds = |n| policy.interval(n).as_secs();
        assert_eq!([seconds(0), seconds(1), seconds(2)], [60, 90, 135]);
        assert_eq!([seconds(20), seconds(u32::MAX)], [3600, 3600]);
        let even = RetryPolicy {
            growth_percent: 100,
            ..policy
        };
        assert_eq!(even.interval(u32::MAX).as_secs(), 60);
        let shrinking = RetryPolicy {
            growth_percent: 50,
            ..policy
        };
        assert_eq!(shrinking.interval(u32::MAX).as_secs(), 0);
    }

    #[test]
    fn the_last_poll_is_at_the_end_of_the_time() {
        let policy = RetryPolicy {
            max_time: Some(Duration::from_secs(100)),
            ..RetryPolicy::default()
        };
        let at = |seconds: i64| UnixTime(SENT.0 + seconds);
        assert_eq!(policy.next_poll(0, SENT, SENT), Some(at(60)));
        assert_eq!(policy.next_poll(1, SENT, at(60)), Some(at(100)));
        assert_eq!(policy.next_poll(2, SENT, at(100)), None);
        // a clock that was set back is no reason to give up
        assert_eq!(policy.next_poll(0, SENT, at(-500)), Some(at(-440)));
    }

    #[test]
    fn polls_are_counted() {
        let policy = RetryPolicy {
            max_polls: Some(2),
            max_time: None,
            ..RetryPolicy::default()
        };
        assert!(policy.next_poll(1, SENT, SENT).is_some());
        assert!(policy.next_poll(2, SENT, SENT).is_none());
        let none = RetryPolicy {
            max_polls: Some(0),
            ..policy
        };
        assert!(none.next_poll(0, SENT, SENT).is_none());
    }
}
