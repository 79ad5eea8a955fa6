//! Every file of every corpus, and damaged copies of it, through the target it belongs to.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use scep_fuzz::TARGETS;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// A linear congruential generator: the same damage in every run.
struct Damage(u64);

impl Damage {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn to(&mut self, input: &[u8], donor: &[u8]) -> Vec<u8> {
        let mut out = input.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(out.len() + 1);
            let octet = u8::try_from(self.below(256)).unwrap();
            match self.below(6) {
                0 => out.insert(at, octet),
                1 => out.truncate(at),
                2 if at < out.len() => drop(out.remove(at)),
                3 => {
                    // a piece of another file
                    let from = self.below(donor.len());
                    let len = self.below(60).min(donor.len() - from);
                    out.splice(at..at, donor[from..from + len].iter().copied());
                }
                _ if at < out.len() => out[at] ^= octet,
                _ => {}
            }
        }
        out
    }
}

fn run(name: &str, target: scep_fuzz::Target, input: &[u8]) {
    if catch_unwind(|| target(input)).is_err() {
        let hex: String = input.iter().map(|octet| format!("{octet:02x}")).collect();
        panic!("{name} breaks on {} octets: {hex}", input.len());
    }
}

#[test]
fn every_corpus_file_and_its_damaged_copies() {
    let mut damage = Damage(1);
    for (name, target) in TARGETS {
        let folder = corpus().join(name);
        let files: Vec<Vec<u8>> = names(&folder)
            .iter()
            .map(|file| fs::read(folder.join(file)).unwrap())
            .collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in &files {
            run(name, target, file);
            for _ in 0..150 {
                let donor = &files[damage.below(files.len())];
                let damaged = damage.to(file, donor);
                run(name, target, &damaged);
            }
        }
    }
}

#[test]
fn every_target_takes_every_corpus() {
    for (folder, _) in TARGETS {
        let folder = corpus().join(folder);
        for file in names(&folder) {
            let input = fs::read(folder.join(file)).unwrap();
            for (name, target) in TARGETS {
                run(name, target, &input);
            }
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_a_binary() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&corpus()), targets);
    let binaries = names(&corpus().join("../fuzz_targets"));
    let binaries: BTreeSet<String> = binaries.iter().map(|f| f.replace(".rs", "")).collect();
    assert_eq!(binaries, targets);
    let manifest = fs::read_to_string(corpus().join("../Cargo.toml")).unwrap();
    for name in &targets {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}

#[test]
fn corpora_are_small() {
    for (name, _) in TARGETS {
        for file in names(&corpus().join(name)) {
            let len = fs::metadata(corpus().join(name).join(&file)).unwrap().len();
            assert!(len <= 4096, "{name}/{file} has {len} octets");
        }
    }
}
