//! Randomness: the operating system's, or one that a seed repeats.

use std::sync::Arc;

use scep_core::crypto::{CryptoProvider, DigestAlgorithm, RandomSource, SystemRandom};

/// Where a deployment's serial numbers, nonces and passwords come from.
pub(crate) enum Entropy {
    /// The operating system.
    System,
    /// SHA-256 over the seed and a counter. Good for repeating a run, and for nothing else.
    Seeded { provider: Arc<dyn CryptoProvider>, seed: u64, counter: u64, left: Vec<u8> },
}

impl Entropy {
    pub(crate) fn new(seed: Option<u64>, provider: &Arc<dyn CryptoProvider>) -> Self {
        match seed {
            None => Self::System,
            Some(seed) => {
                Self::Seeded { provider: Arc::clone(provider), seed, counter: 0, left: Vec::new() }
            }
        }
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Seeded { .. } => "Seeded",
        })
    }
}

impl RandomSource for Entropy {
    fn fill(&mut self, out: &mut [u8]) {
        match self {
            Self::System => SystemRandom.fill(out),
            Self::Seeded { provider, seed, counter, left } => {
                for octet in out {
                    if left.is_empty() {
                        *counter += 1;
                        let mut input = seed.to_be_bytes().to_vec();
                        input.extend_from_slice(&counter.to_be_bytes());
                        // Every provider has SHA-256; without it the system's octets do no harm.
                        *left = provider.digest(DigestAlgorithm::Sha256, &input).unwrap_or_default();
                    }
                    match left.pop() {
                        Some(next) => *octet = next,
                        None => SystemRandom.fill(std::slice::from_mut(octet)),
                    }
                }
            }
        }
    }
}
