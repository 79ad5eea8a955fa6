//! Randomness that can be shared, and replaced by a repeatable one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use scep_core::crypto::{RandomSource, SystemRandom};

/// A random source behind a lock; clones share it.
#[derive(Clone)]
pub struct SharedRandom(Arc<Mutex<dyn RandomSource + Send>>);

impl SharedRandom {
    /// Shares `source`.
    #[must_use]
    pub fn new(source: impl RandomSource + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(source)))
    }
}

impl Default for SharedRandom {
    /// The operating system's generator.
    fn default() -> Self {
        Self::new(SystemRandom)
    }
}

impl RandomSource for SharedRandom {
    fn fill(&mut self, out: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill(out);
    }
}

impl fmt::Debug for SharedRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedRandom")
    }
}
