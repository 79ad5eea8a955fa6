//! Challenge passwords that are good once (RFC 8894 sections 2.4 and 7.3).

use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

use crate::UnixTime;
use crate::message::ChallengePassword;

/// Passwords that were given out and not used yet. Looking one up and using it up is one step.
#[derive(Default)]
pub struct ChallengePasswords(Mutex<Vec<Entry>>);

struct Entry {
    password: ChallengePassword,
    expires: UnixTime,
}

/// What came of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It was good, and is no more.
    Good,
    /// It was given out and expired.
    Expired,
    /// It is not known: never given out, or used already.
    Unknown,
}

impl ChallengePasswords {
    /// Most passwords that are kept; the oldest go first.
    pub const CAPACITY: usize = 4096;

    /// Adds a password that may be used until `expires`.
    pub fn add(&self, password: ChallengePassword, expires: UnixTime) {
        let mut entries = self.entries();
        if entries.len() >= Self::CAPACITY {
            entries.remove(0);
        }
        entries.push(Entry { password, expires });
    }

    /// Looks a password up and uses it up. Every entry is compared, in constant time for equal
    /// lengths, so that the time does not tell how far a guess came.
    pub fn redeem(&self, password: &ChallengePassword, now: UnixTime) -> Redeemed {
        let mut entries = self.entries();
        let mut found = None;
        for (at, entry) in entries.iter().enumerate() {
            if entry.password.matches(password) {
                found = Some(at);
            }
        }
        match found {
            None => Redeemed::Unknown,
            Some(at) if entries.remove(at).expires < now => Redeemed::Expired,
            Some(_) => Redeemed::Good,
        }
    }

    /// How many are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        // a panic elsewhere cannot leave the list half-changed
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl core::fmt::Debug for ChallengePasswords {
    /// Leaves the passwords out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ChallengePasswords")
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_password_is_good_once_and_in_time() {
        let passwords = ChallengePasswords::default();
        let password = |text: &str| ChallengePassword::new(text);
        passwords.add(password("one"), UnixTime(100));
        passwords.add(password("two"), UnixTime(100));
        assert_eq!(
            passwords.redeem(&password("three"), UnixTime(50)),
            Redeemed::Unknown
        );
        assert_eq!(
            passwords.redeem(&password("one"), UnixTime(100)),
            Redeemed::Good
        );
        assert_eq!(
            passwords.redeem(&password("one"), UnixTime(50)),
            Redeemed::Unknown
        );
        assert_eq!(
            passwords.redeem(&password("two"), UnixTime(101)),
            Redeemed::Expired
        );
        assert!(passwords.is_empty());
        assert!(!alloc::format!("{passwords:?}").contains("one"));
    }

    #[test]
    fn of_many_at_the_same_moment_one_gets_it() {
        let passwords = ChallengePasswords::default();
        for round in 0..50 {
            let password = ChallengePassword::new(round.to_string());
            passwords.add(password.clone(), UnixTime(1));
            let winners: usize = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4)
                    .map(|_| scope.spawn(|| passwords.redeem(&password, UnixTime(1))))
                    .collect();
                threads
                    .into_iter()
                    .filter_map(|thread| thread.join().ok())
                    .filter(|outcome| *outcome == Redeemed::Good)
                    .count()
            });
            assert_eq!(winners, 1);
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let passwords = ChallengePasswords::default();
        for n in 0..=ChallengePasswords::CAPACITY {
            passwords.add(ChallengePassword::new(n.to_string()), UnixTime(1));
        }
        assert_eq!(passwords.len(), ChallengePasswords::CAPACITY);
        let first = passwords.redeem(&ChallengePassword::new("0"), UnixTime(1));
        assert_eq!(first, Redeemed::Unknown);
    }
}
