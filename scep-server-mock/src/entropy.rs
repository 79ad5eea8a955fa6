//! Randomness: the operating system's, or one that a seed repeats.

use std::sync::{Arc, Mutex, PoisonError};

use scep_core::crypto::{CryptoProvider, DigestAlgorithm, RandomSource, SystemRandom};

/// Where a deployment's serial numbers, nonces and passwords come from. A clone goes on with the
/// same sequence.
#[derive(Clone)]
pub(crate) enum Entropy {
    /// The operating system.
    System,
    /// SHA-256 over the seed and a counter. Good for repeating a run, and for nothing else.
    Seeded(Arc<Mutex<Seeded>>),
}

pub(crate) struct Seeded {
    provider: Arc<dyn CryptoProvider>,
    seed: u64,
    counter: u64,
    left: Vec<u8>,
}

impl Entropy {
    pub(crate) fn new(seed: Option<u64>, provider: &Arc<dyn CryptoProvider>) -> Self {
        match seed {
            None => Self::System,
            Some(seed) => Self::Seeded(Arc::new(Mutex::new(Seeded {
                provider: Arc::clone(provider),
                seed,
                counter: 0,
                left: Vec::new(),
            }))),
        }
    }

    /// A sequence of its own, which a seed repeats too, for work on another thread.
    pub(crate) fn fork(&mut self) -> Self {
        let mut seed = [0; 8];
        self.fill(&mut seed);
        match self {
            Self::System => Self::System,
            Self::Seeded(seeded) => {
                let seeded = seeded.lock().unwrap_or_else(PoisonError::into_inner);
                Self::new(Some(u64::from_be_bytes(seed)), &seeded.provider)
            }
        }
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Seeded(_) => "Seeded",
        })
    }
}

impl RandomSource for Entropy {
    fn fill(&mut self, out: &mut [u8]) {
        match self {
            Self::System => SystemRandom.fill(out),
            Self::Seeded(seeded) => {
                let mut seeded = seeded.lock().unwrap_or_else(PoisonError::into_inner);
                for octet in out {
                    *octet = seeded.next();
                }
            }
        }
    }
}

impl Seeded {
    fn next(&mut self) -> u8 {
        if self.left.is_empty() {
            self.counter += 1;
            let mut input = self.seed.to_be_bytes().to_vec();
            input.extend_from_slice(&self.counter.to_be_bytes());
            // Every provider has SHA-256.
            self.left = self
                .provider
                .digest(DigestAlgorithm::Sha256, &input)
                .unwrap_or_default();
        }
        self.left.pop().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_another_one_differs() {
        let provider = scep_core::crypto::default_provider();
        let draw = |seed| {
            let mut octets = [0; 100];
            Entropy::new(Some(seed), &provider).fill(&mut octets);
            octets
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
