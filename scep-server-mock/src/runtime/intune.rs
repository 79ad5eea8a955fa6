//! Intune as far as SCEP sees it: challenge passwords that only the registration point can check.

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::crypto::RandomSource;
use scep_core::message::ChallengePassword;

/// How long a challenge of Intune is good for. Inferred; the documentation gives no number.
const VALIDITY: Duration = Duration::from_secs(3600);

/// Challenges that were handed to devices.
#[derive(Default)]
pub(crate) struct Intune {
    issued: Vec<(ChallengePassword, UnixTime)>,
}

impl std::fmt::Debug for Intune {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Intune({} challenges)", self.issued.len())
    }
}

/// What the registration point says of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Good.
    Valid,
    /// Once good: code 0x411.
    Expired,
    /// Nothing that Intune made: code 0x410.
    Undecodable,
}

impl Intune {
    /// Makes a challenge. A real one is a signed and encrypted blob of a kilobyte; what counts here
    /// is that it is long and opaque.
    pub(crate) fn issue(&mut self, now: UnixTime, rng: &mut dyn RandomSource) -> ChallengePassword {
        let mut octets = [0; 96];
        rng.fill(&mut octets);
        let text = octets.iter().fold(String::from("SCEPCHALLENGE-"), |s, o| {
            s + &format!("{o:02x}")
        });
        let challenge = ChallengePassword::new(text);
        self.issued.push((challenge.clone(), now));
        challenge
    }

    /// Checks a challenge, and uses it up if it is good.
    pub(crate) fn redeem(&mut self, challenge: &ChallengePassword, now: UnixTime) -> Verdict {
        let Some(at) = self
            .issued
            .iter()
            .position(|(known, _)| known.matches(challenge))
        else {
            return Verdict::Undecodable;
        };
        let (_, issued) = self.issued.swap_remove(at);
        if now.since(issued) < VALIDITY {
            Verdict::Valid
        } else {
            Verdict::Expired
        }
    }

    /// Makes a challenge older than it is.
    pub(crate) fn age(&mut self, challenge: &ChallengePassword) {
        for (known, issued) in &mut self.issued {
            if known.matches(challenge) {
                *issued = issued.minus(VALIDITY);
            }
        }
    }
}
