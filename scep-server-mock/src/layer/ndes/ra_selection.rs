//! Which certificates of the machine store NDES takes for its two roles when it starts.

use std::fmt;

use scep_core::UnixTime;
use scep_core::crypto::CryptoProvider;
use scep_core::oid;
use scep_core::x509::{Certificate, KeyUsage};

use crate::pki::{RaRole, StoreEntry};

/// A certificate that was chosen, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    pub(super) entry: &'a StoreEntry,
    pub(super) reason: Reason,
}

/// Why this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// No other fits.
    OnlyOne,
    /// Of several with a valid chain it was issued last.
    IssuedLast,
    /// None is within its term; this one was issued last, and the start fails with it.
    NoneValid,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnlyOne => "the only one that fits",
            Self::IssuedLast => "the one issued last",
            Self::NoneValid => "the one issued last; none is within its term",
        })
    }
}

/// Why a certificate is no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is not in the store with its private key.
    NotPresent,
    /// It lacks the extended key usage Certificate Request Agent.
    NotAnAgent,
    /// It lacks the key usage of the role.
    KeyUsage,
    /// Another CA issued it than the one NDES is bound to.
    OtherCa,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPresent => "one is not in the store with a private key",
            Self::NotAnAgent => "one is not for a certificate request agent",
            Self::KeyUsage => "one has not the key usage of the role",
            Self::OtherCa => "one was issued by another CA",
        })
    }
}

/// Chooses among the certificates in the store.
///
/// The key's permissions do not count, only that there is a key: a new certificate whose key the
/// service may not read wins over an old one with a readable key, and the start fails.
///
/// # Errors
/// Why each of them is unfit.
pub(super) fn choose<'a>(
    store: impl IntoIterator<Item = &'a StoreEntry>,
    role: RaRole,
    cas: &[&Certificate],
    provider: &dyn CryptoProvider,
    now: UnixTime,
) -> Result<Choice<'a>, Vec<Unfit>> {
    let mut unfit = Vec::new();
    let mut candidates = Vec::new();
    for entry in store {
        match fitness(entry, role, cas, provider) {
            Ok(()) => candidates.push(entry),
            Err(reason) => unfit.push(reason),
        }
    }
    let valid = |entry: &&StoreEntry| entry.identity.certificate.is_valid_at(now);
    let age = |entry: &&StoreEntry| entry.identity.certificate.not_before();
    let none_valid = !candidates.iter().any(valid);
    let chosen = candidates
        .iter()
        .copied()
        .filter(|entry| none_valid || valid(entry))
        .max_by_key(age);
    let reason = if candidates.len() == 1 {
        Reason::OnlyOne
    } else if none_valid {
        Reason::NoneValid
    } else {
        Reason::IssuedLast
    };
    chosen.map(|entry| Choice { entry, reason }).ok_or(unfit)
}

/// A choice in words.
pub(super) fn describe(role: RaRole, choice: &Result<Choice<'_>, Vec<Unfit>>) -> String {
    let role = match role {
        RaRole::Signing => "signing",
        RaRole::Encryption => "encryption",
    };
    match choice {
        Ok(Choice { entry, reason }) => format!(
            "RA certificate for {role}: {}, {reason}",
            entry.identity.certificate.serial_hex()
        ),
        Err(unfit) => {
            let unfit: Vec<String> = unfit.iter().map(Unfit::to_string).collect();
            format!("RA certificate for {role}: none; {}", unfit.join("; "))
        }
    }
}

fn fitness(
    entry: &StoreEntry,
    role: RaRole,
    cas: &[&Certificate],
    provider: &dyn CryptoProvider,
) -> Result<(), Unfit> {
    let certificate = &entry.identity.certificate;
    let usage = match role {
        RaRole::Signing => KeyUsage::DIGITAL_SIGNATURE,
        RaRole::Encryption => KeyUsage::KEY_ENCIPHERMENT,
    };
    if !entry.state.present {
        Err(Unfit::NotPresent)
    } else if !certificate
        .extended_key_usages()
        .contains(&oid::MS_CERTIFICATE_REQUEST_AGENT)
    {
        Err(Unfit::NotAnAgent)
    } else if !certificate.key_usage().is_some_and(|u| u.contains(usage)) {
        Err(Unfit::KeyUsage)
    } else if !cas.iter().any(|ca| certificate.is_issued_by(provider, ca)) {
        Err(Unfit::OtherCa)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use crate::keys::{KeySource, Keys};
    use crate::pki::{CrlUrls, Pki};
    use crate::state::{CertificateState, Period, State};
    use scep_core::crypto::default_provider;

    const NOW: UnixTime = UnixTime(1_795_608_000);

    struct Lab {
        provider: std::sync::Arc<dyn CryptoProvider>,
        rng: Entropy,
        pki: Pki,
    }

    impl Lab {
        fn new() -> Self {
            let provider = default_provider();
            let mut rng = Entropy::new(Some(1), &provider);
            let keys = Keys::new(KeySource::Fixed, provider.as_ref(), &mut rng).unwrap();
            let pki = Pki::mint(
                &State::default(),
                keys,
                CrlUrls::at("pki.lab.example"),
                Vec::new(),
                NOW,
                provider.as_ref(),
                &mut rng,
            )
            .unwrap();
            Self { provider, rng, pki }
        }

        /// A signing certificate so many days old.
        fn ra(&mut self, days: u64, change: impl FnOnce(&mut CertificateState)) -> StoreEntry {
            let mut state = CertificateState {
                issued_ago: Period::days(days),
                ..CertificateState::default()
            };
            change(&mut state);
            let ca = self.pki.issuing_ca.clone();
            self.mint(&state, &ca)
        }

        fn mint(&mut self, state: &CertificateState, ca: &crate::pki::Identity) -> StoreEntry {
            let provider = std::sync::Arc::clone(&self.provider);
            self.pki
                .mint_ra(
                    RaRole::Signing,
                    state,
                    ca,
                    NOW,
                    provider.as_ref(),
                    &mut self.rng,
                )
                .unwrap()
        }

        fn choose<'a>(&self, store: &[&'a StoreEntry]) -> Result<Choice<'a>, Vec<Unfit>> {
            choose(
                store.iter().copied(),
                RaRole::Signing,
                &[&self.pki.issuing_ca.certificate],
                self.provider.as_ref(),
                NOW,
            )
        }

        #[track_caller]
        fn chooses(&self, store: &[&StoreEntry], wanted: &StoreEntry, reason: Reason) {
            for store in [store.to_vec(), store.iter().rev().copied().collect()] {
                let choice = self.choose(&store).unwrap();
                assert_eq!(choice.reason, reason);
                assert!(
                    choice.entry.identity.certificate == wanted.identity.certificate,
                    "another one"
                );
            }
        }
    }

    #[test]
    fn the_one_issued_last_wins_even_if_its_key_cannot_be_read() {
        let mut lab = Lab::new();
        let old = lab.ra(300, |_| {});
        let new = lab.ra(3, |state| state.key_read.clear());
        lab.chooses(&[&old], &old, Reason::OnlyOne);
        lab.chooses(&[&old, &new], &new, Reason::IssuedLast);
    }

    #[test]
    fn a_valid_one_wins_over_an_expired_one_that_is_newer() {
        let mut lab = Lab::new();
        let old = lab.ra(300, |_| {});
        let expired = lab.ra(30, |state| state.valid_for = Period::days(10));
        let long_expired = lab.ra(40, |state| state.valid_for = Period::days(10));
        lab.chooses(&[&old, &expired], &old, Reason::IssuedLast);
        lab.chooses(&[&expired, &long_expired], &expired, Reason::NoneValid);
    }

    #[test]
    fn what_does_not_fit_is_passed_over_and_named() {
        let mut lab = Lab::new();
        let good = lab.ra(300, |_| {});
        let absent = lab.ra(1, |state| state.present = false);
        let mut foreign_ca = lab.pki.private_tls_root.clone();
        let foreign = lab.mint(&CertificateState::default(), &foreign_ca);
        // The same name with another key is another CA, too.
        foreign_ca.certificate = lab.pki.issuing_ca.certificate.clone();
        let forged = lab.mint(&CertificateState::default(), &foreign_ca);
        let encryption = lab.pki.ra_encryption.clone();
        let connector = lab.pki.connector.clone();
        let unfit = [&absent, &foreign, &forged, &encryption, &connector];
        assert_eq!(
            lab.choose(&unfit).unwrap_err(),
            [
                Unfit::NotPresent,
                Unfit::OtherCa,
                Unfit::OtherCa,
                Unfit::KeyUsage,
                Unfit::NotAnAgent
            ]
        );
        let all: Vec<_> = unfit.into_iter().chain([&good]).collect();
        lab.chooses(&all, &good, Reason::OnlyOne);
    }
}
