//! What messages and a whole enrollment cost, and how far that is above the RSA operations in them.
//!
//! `cargo bench -p scep-core --bench enrollment [--features aws-lc-rs]`, one table for each provider.
#![allow(missing_docs, reason = "a program")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops when something is wrong"
)]

mod floor;
mod lab;
#[path = "../measure.rs"]
mod measure;
mod operations;
mod tape;

use std::hint::black_box;
use std::sync::Arc;

use scep_core::crypto::CryptoProvider;

use floor::{Floor, Rsa};
use lab::Lab;
use measure::Task;
use operations::{OPERATIONS, Operation};
use tape::Tape;

const ROUNDS: usize = 40;
/// An enrollment should cost so much more than its RSA operations at most.
const TARGET_RATIO: f64 = 1.10;
/// Microseconds to parse a PKCSReq and its envelope.
const TARGET_PARSE: f64 = 15.0;

fn main() {
    println!("{}\n", measure::describe(ROUNDS));
    for provider in providers() {
        table(&provider);
    }
}

fn providers() -> Vec<Arc<dyn CryptoProvider>> {
    vec![
        #[cfg(feature = "rustcrypto")]
        Arc::new(scep_core::crypto::RustCrypto),
        #[cfg(feature = "aws-lc-rs")]
        Arc::new(scep_core::crypto::AwsLcRs),
    ]
}

fn table(provider: &Arc<dyn CryptoProvider>) {
    let lab = Lab::new(provider);
    let floor = &Floor::new(&lab);
    println!("{}, RSA-2048, SHA-256, AES-128-CBC", provider.name());
    let mut singles: Vec<Task<'_>> = [
        (
            "verify",
            Rsa {
                verify: 1,
                ..Rsa::default()
            },
        ),
        (
            "decrypt",
            Rsa {
                decrypt: 1,
                ..Rsa::default()
            },
        ),
        (
            "sign",
            Rsa {
                sign: 1,
                ..Rsa::default()
            },
        ),
        (
            "encrypt",
            Rsa {
                encrypt: 1,
                ..Rsa::default()
            },
        ),
    ]
    .into_iter()
    .map(|(name, rsa)| Task::new(name, move || floor.run(rsa)))
    .collect();
    measure::run(&mut singles, ROUNDS);
    for single in &singles {
        print!("  {} {:.1} µs", single.name, single.micros());
    }
    println!(
        "\n\n  {:<26} {:>6} {:>9} {:>9}  {:<11} {:>9} {:>6} {:>9} {:>6}",
        "", "octets", "µs", "usual µs", "RSA", "RSA µs", "ratio", "no crypto", "share"
    );
    let tape = Tape::new(Arc::clone(provider));
    let recorder: Arc<dyn CryptoProvider> = Arc::new(tape.clone());
    let taped = Lab::new(&recorder);
    for operation in OPERATIONS {
        row(operation, &lab, floor, &tape, &taped);
    }
    println!();
}

/// Measures an operation, the RSA in it, and what is left if crypto costs nothing.
fn row(operation: &Operation, lab: &Lab, floor: &Floor<'_>, tape: &Tape, taped: &Lab) {
    let rsa = tape.record(|| drop((operation.run)(taped)));
    let mut tasks = [
        Task::new("whole", || drop(black_box((operation.run)(lab)))),
        Task::new("RSA", || floor.run(rsa)),
        Task::new("no crypto", || {
            tape.rewind();
            drop(black_box((operation.run)(taped)));
        }),
    ];
    measure::run(&mut tasks, ROUNDS);
    let [whole, floor, rest] = [0, 1, 2].map(|i| tasks[i].micros());
    let ratio = (rsa != Rsa::default()).then_some(whole / floor);
    println!(
        "  {:<26} {:>6} {whole:>9.1} {:>9.1}  {rsa:<11} {:>9} {:>6} {rest:>9.1} {:>5.1}%",
        operation.name,
        (operation.run)(lab).len(),
        tasks[0].usual_micros(),
        ratio.map_or("".into(), |_| format!("{floor:.1}")),
        ratio.map_or("".into(), |ratio| format!("{ratio:.3}")),
        100.0 * rest / whole,
    );
    match (operation.name, ratio) {
        (operations::ENROLLMENT, Some(ratio)) => {
            let expected = Rsa {
                verify: 2,
                decrypt: 1,
                sign: 2,
                encrypt: 1,
            };
            assert_eq!(rsa, expected, "an enrollment does more than it must");
            verdict("one enrollment ÷ its RSA operations", ratio, TARGET_RATIO);
        }
        (operations::PARSE, None) => verdict("µs to parse", whole, TARGET_PARSE),
        _ => {}
    }
}

fn verdict(what: &str, found: f64, target: f64) {
    let met = if found <= target { "met" } else { "MISSED" };
    println!("    target {met}: {what}: {found:.2}, wanted {target:.2} at most");
}
