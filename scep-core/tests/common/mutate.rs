//! Damage, repeatable: the same seed damages the same octets.

use std::panic::{AssertUnwindSafe, catch_unwind};

use scep_core::crypto::RandomSource;

use super::TestRandom;

/// A small number below `bound`.
pub fn below(rng: &mut TestRandom, bound: usize) -> usize {
    let mut octets = [0; 4];
    rng.fill(&mut octets);
    usize::try_from(u32::from_be_bytes(octets)).unwrap() % bound.max(1)
}

/// `input` with one to four octets changed, inserted, removed or doubled.
pub fn mutate(input: &[u8], rng: &mut TestRandom) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=below(rng, 4) {
        if out.is_empty() {
            return out;
        }
        let at = below(rng, out.len());
        match below(rng, 8) {
            0 => out[at] = 0xff,
            1 => out[at] = 0,
            2 => out[at] ^= 1 << below(rng, 8),
            3 => out[at] = out[at].wrapping_add(1),
            4 => out[at] = [0x30, 0x31, 0x80, 0xa0, 0x24, 0x04, 0x02, 0x05][below(rng, 8)],
            5 => {
                out.remove(at);
            }
            6 => out.insert(at, u8::try_from(below(rng, 256)).unwrap()),
            _ => {
                let len = below(rng, 40).min(out.len() - at);
                let copy = out[at..at + len].to_vec();
                let to = below(rng, out.len());
                out.splice(to..to, copy);
            }
        }
    }
    out
}

/// Runs `target` on `input`, and shows the input if that panics.
pub fn survives(what: &str, input: &[u8], target: impl FnOnce(&[u8])) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        let hex: String = input.iter().map(|octet| format!("{octet:02x}")).collect();
        panic!("{what} panics on {} octets: {hex}", input.len());
    }
}
