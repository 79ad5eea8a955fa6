//! The challenge passwords that NDES has handed out; they live in the worker process.

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::crypto::RandomSource;
use scep_core::message::ChallengePassword;

/// One-time passwords that have not been used.
#[derive(Default)]
pub(crate) struct PasswordCache {
    unused: Vec<(ChallengePassword, UnixTime)>,
}

impl std::fmt::Debug for PasswordCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PasswordCache({} unused)", self.unused.len())
    }
}

/// Sixteen upper-case hexadecimal digits: a password that is good once.
pub(crate) fn new_password(rng: &mut dyn RandomSource) -> ChallengePassword {
    hex_password::<8>(rng)
}

/// Thirty-two of them: the password of a server with one for all.
pub(crate) fn new_single_password(rng: &mut dyn RandomSource) -> ChallengePassword {
    hex_password::<16>(rng)
}

fn hex_password<const OCTETS: usize>(rng: &mut dyn RandomSource) -> ChallengePassword {
    let mut octets = [0; OCTETS];
    rng.fill(&mut octets);
    ChallengePassword::new(
        octets
            .iter()
            .fold(String::new(), |s, o| s + &format!("{o:02X}")),
    )
}

impl PasswordCache {
    /// Hands out a password, or nothing if `max` unused ones are alive.
    pub(crate) fn issue(
        &mut self,
        max: usize,
        validity: Duration,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Option<ChallengePassword> {
        self.unused
            .retain(|(_, issued)| now.since(*issued) < validity);
        if self.unused.len() >= max {
            return None;
        }
        let password = new_password(rng);
        self.unused.push((password.clone(), now));
        Some(password)
    }

    /// Each with when it was handed out.
    pub(crate) fn saved(&self) -> Vec<(String, i64)> {
        let unused = self.unused.iter();
        unused
            .map(|(password, issued)| (password.expose().to_owned(), issued.0))
            .collect()
    }

    pub(crate) fn restored(saved: Vec<(String, i64)>) -> Self {
        let unused = saved.into_iter();
        Self {
            unused: unused
                .map(|(password, issued)| (ChallengePassword::new(password), UnixTime(issued)))
                .collect(),
        }
    }

    /// Uses a password up. Says whether it was good.
    pub(crate) fn redeem(
        &mut self,
        password: &ChallengePassword,
        validity: Duration,
        now: UnixTime,
    ) -> bool {
        let Some(at) = self
            .unused
            .iter()
            .position(|(known, _)| known.matches(password))
        else {
            return false;
        };
        let (_, issued) = self.unused.swap_remove(at);
        now.since(issued) < validity
    }

    /// Makes a password older than it is.
    pub(crate) fn age(&mut self, password: &ChallengePassword, by: Duration) {
        for (known, issued) in &mut self.unused {
            if known.matches(password) {
                *issued = issued.minus(by);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scep_core::crypto::SystemRandom;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_password_is_good_once_and_for_an_hour() {
        let mut cache = PasswordCache::default();
        let issue = |cache: &mut PasswordCache, at| {
            cache
                .issue(5, HOUR, UnixTime(at), &mut SystemRandom)
                .unwrap()
        };
        let first = issue(&mut cache, 0);
        assert!(cache.redeem(&first, HOUR, UnixTime(10)));
        assert!(!cache.redeem(&first, HOUR, UnixTime(11)), "used");
        let second = issue(&mut cache, 0);
        assert!(!cache.redeem(&second, HOUR, UnixTime(3600)), "expired");
        assert!(!cache.redeem(&ChallengePassword::new("GUESS"), HOUR, UnixTime(0)));
    }

    #[test]
    fn five_unused_passwords_fill_the_cache_until_they_expire() {
        let mut cache = PasswordCache::default();
        for _ in 0..5 {
            assert!(
                cache
                    .issue(5, HOUR, UnixTime(0), &mut SystemRandom)
                    .is_some()
            );
        }
        assert!(
            cache
                .issue(5, HOUR, UnixTime(0), &mut SystemRandom)
                .is_none()
        );
        assert!(
            cache
                .issue(5, HOUR, UnixTime(3600), &mut SystemRandom)
                .is_some()
        );
    }
}
