//! Random octets, passed in by the caller.

/// A cryptographically strong source of random octets.
pub trait RandomSource {
    /// Fills `out`.
    fn fill(&mut self, out: &mut [u8]);
}

/// The operating system's generator.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

#[cfg(feature = "std")]
impl RandomSource for SystemRandom {
    /// # Panics
    /// If the operating system has no entropy source: there is nothing safe to do without one.
    #[allow(clippy::expect_used)]
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system's random generator works");
    }
}
