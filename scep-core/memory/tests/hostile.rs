//! Whatever a stranger sends, decoding it takes a small multiple of its length in memory.
//!
//! `cargo test -p scep-core-memory --test hostile -- --nocapture` lists what takes most.

#[path = "../../benches/hostile/cases.rs"]
mod cases;
#[path = "../../benches/hostile/inputs/mod.rs"]
mod inputs;

use cases::TARGETS;
use scep_core_memory::measure;

/// So many times its length may an input take.
const FACTOR: usize = 20;
/// What any input may take, in octets.
const FREE: usize = 16 << 10;

/// The third has as many of the smallest values as the limits allow.
const SIZES: [usize; 4] = [10_000, 100_000, 195_000, 1_000_000];

#[test]
fn memory_is_in_proportion_to_the_input() {
    let mut found = Vec::new();
    for target in TARGETS {
        for kind in target.kinds.iter().flat_map(|kinds| kinds.iter()) {
            for size in SIZES {
                let input = (kind.make)(size);
                let (_, usage) = measure(|| (target.run)(&input));
                let factor = usage.peak.saturating_sub(FREE) as f64 / input.len() as f64;
                found.push((factor, target.name, kind.name, input.len(), usage.peak));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (factor, target, kind, len, peak) in found.iter().take(25) {
        println!("{factor:6.1} × {len:7} octets: {peak:9} for {target}, {kind}");
    }
    let (worst, target, kind, ..) = found[0];
    assert!(
        worst <= FACTOR as f64,
        "{target}, {kind}: {worst:.1} × the input"
    );
}
