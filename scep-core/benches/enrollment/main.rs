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
use operations::OPERATIONS;
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
    let floor = Floor::new(&lab);
    // one tape for each operation, so that all of them can be measured in turn
    let taped: Vec<(Tape, Lab)> = OPERATIONS.iter().map(|_| taped_lab(provider)).collect();
    let used: Vec<Rsa> = OPERATIONS
        .iter()
        .zip(&taped)
        .map(|(operation, (tape, lab))| {
            tape.record(|| {
                black_box((operation.run)(lab));
            })
        })
        .collect();

    let mut tasks: Vec<Task<'_>> = SINGLES
        .iter()
        .map(|(name, rsa)| floor.task(name, *rsa))
        .collect();
    for ((operation, (tape, taped)), rsa) in OPERATIONS.iter().zip(&taped).zip(&used) {
        let run = operation.run;
        let lab = &lab;
        tasks.push(Task::new("whole", move || {
            black_box(run(lab));
        }));
        tasks.push(floor.task("RSA", *rsa));
        tasks.push(Task::new("no crypto", move || {
            tape.rewind();
            black_box(run(taped));
        }));
    }
    measure::run(&mut tasks, ROUNDS);

    println!("{}, RSA-2048, SHA-256, AES-128-CBC", provider.name());
    let (singles, wholes) = tasks.split_at(SINGLES.len());
    for single in singles {
        print!("  {} {:.1} µs", single.name, single.micros());
    }
    println!(
        "\n\n  {:<26} {:>6} {:>9} {:>9}  {:<11} {:>9} {:>6} {:>9} {:>6}",
        "", "octets", "µs", "usual µs", "RSA", "RSA µs", "ratio", "no crypto", "share"
    );
    for ((operation, rsa), tasks) in OPERATIONS.iter().zip(used).zip(wholes.chunks(3)) {
        let octets = (operation.run)(&lab);
        row(operation.name, octets, rsa, tasks);
    }
    println!();
}

/// The RSA operations by themselves.
const SINGLES: [(&str, Rsa); 4] = [
    (
        "verify",
        Rsa {
            verify: 1,
            ..Rsa::NONE
        },
    ),
    (
        "decrypt",
        Rsa {
            decrypt: 1,
            ..Rsa::NONE
        },
    ),
    (
        "sign",
        Rsa {
            sign: 1,
            ..Rsa::NONE
        },
    ),
    (
        "encrypt",
        Rsa {
            encrypt: 1,
            ..Rsa::NONE
        },
    ),
];

fn taped_lab(provider: &Arc<dyn CryptoProvider>) -> (Tape, Lab) {
    let tape = Tape::new(Arc::clone(provider));
    let recorder: Arc<dyn CryptoProvider> = Arc::new(tape.clone());
    (tape, Lab::new(&recorder))
}

/// An operation, the RSA in it, and what is left if crypto costs nothing.
fn row(name: &str, octets: usize, rsa: Rsa, tasks: &[Task<'_>]) {
    let [whole, floor, rest] = [0, 1, 2].map(|i| tasks[i].micros());
    let ratio = (rsa != Rsa::NONE).then(|| tasks[0].ratio_to(&tasks[1]));
    println!(
        "  {name:<26} {octets:>6} {whole:>9.1} {:>9.1}  {rsa:<11} {:>9} {:>6} {rest:>9.1} {:>5.1}%",
        tasks[0].usual_micros(),
        ratio.map_or("".into(), |_| format!("{floor:.1}")),
        ratio.map_or("".into(), |ratio| format!("{ratio:.3}")),
        100.0 * rest / whole,
    );
    match (name, ratio) {
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
