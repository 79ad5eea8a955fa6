//! What hostile inputs cost, in nanoseconds per octet: the same for large inputs as for small ones.
//!
//! `cargo bench -p scep-core --bench hostile`; it fails if anything costs more than in proportion.
#![allow(missing_docs, reason = "a program")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops when something is wrong"
)]

mod cases;
mod inputs;
#[allow(dead_code, reason = "made for other benches as well")]
#[path = "../measure.rs"]
mod measure;

use std::hint::black_box;
use std::process::ExitCode;

use cases::{TARGETS, Target};
use inputs::Kind;
use measure::Task;

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
const ROUNDS: usize = 7;
/// So many times as much per octet may the largest input cost.
const LINEAR: f64 = 4.0;
/// Nanoseconds per octet that are not worth a look: copying large inputs can cost that.
const CHEAP: f64 = 1.0;

fn main() -> ExitCode {
    println!("{}\n", measure::describe(ROUNDS));
    println!(
        "ns per octet of an input of 10 kB, 100 kB, 1 MB; * refused; growth from the first to the dearer of the others"
    );
    let mut worst = ExitCode::SUCCESS;
    for target in TARGETS {
        println!("\n{}", target.name);
        for kind in target.kinds.iter().flat_map(|kinds| kinds.iter()) {
            if row(target, kind) > LINEAR {
                worst = ExitCode::FAILURE;
            }
        }
    }
    println!(
        "\n{}",
        if worst == ExitCode::SUCCESS {
            "linear"
        } else {
            "NOT linear"
        }
    );
    worst
}

/// Measures one line of the table; returns how much dearer an octet became.
fn row(target: &Target, kind: &Kind) -> f64 {
    let inputs = SIZES.map(kind.make);
    let mut tasks: Vec<Task<'_>> = inputs
        .iter()
        .map(|input| {
            Task::new(kind.name, || {
                black_box((target.run)(input));
            })
        })
        .collect();
    measure::run(&mut tasks, ROUNDS);
    let per_octet = |i: usize| tasks[i].micros() * 1000.0 / inputs[i].len() as f64;
    // what is too large may be refused early, so the middle one counts as well
    let growth = per_octet(1).max(per_octet(2)) / per_octet(0).max(CHEAP);
    print!("  {:<34}", kind.name);
    for (i, input) in inputs.iter().enumerate() {
        let refused = if (target.run)(input) { ' ' } else { '*' };
        print!(" {:>8.2}{refused}", per_octet(i));
    }
    let verdict = if growth > LINEAR { "NOT linear" } else { "" };
    println!(" {growth:>6.2} {verdict}");
    growth
}
