//! Every check of the client suite passes on a client without flaws and on this project's own, fails on
//! one with its flaw, and no check fails that is not named with the flaw.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scep_client::random::SharedRandom;
use scep_conformance::client_suite::reference::ReferenceClient;
use scep_conformance::client_suite::{
    Check, Client, Flaw, Memory, OwnClient, Pki, START, checks, run,
};
use scep_conformance::parallel::on_all_cores;
use scep_conformance::requirements;
use scep_conformance::verdict::{Level, Report, Verdict};
use scep_core::crypto::{AwsLcRs, CryptoProvider, Fallback, PrivateKey, RustCrypto};

fn provider() -> Arc<dyn CryptoProvider> {
    // the faster one: each check is made more than a hundred times
    Arc::new(Fallback::new(Arc::new(AwsLcRs), Arc::new(RustCrypto)))
}

fn load(pkcs8: &[u8]) -> Arc<dyn PrivateKey> {
    provider().load_private_key(pkcs8).unwrap()
}

fn pki() -> Pki {
    Pki {
        provider: provider(),
        random: SharedRandom::default(),
        keys: [
            load(include_bytes!("../../scep-server-mock/keys/root.p8")),
            load(include_bytes!("../../scep-server-mock/keys/issuing-ca.p8")),
            load(include_bytes!("../../scep-server-mock/keys/ra-signing.p8")),
            load(include_bytes!("../../scep-server-mock/keys/device-2.p8")),
        ],
        now: START,
    }
}

fn key() -> Arc<dyn PrivateKey> {
    load(include_bytes!("../../scep-server-mock/keys/device-1.p8"))
}

fn judged(client: &dyn Client, memory: &Memory, checks: &[&Check]) -> Report {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(run(memory.cases(), Memory::BASE, client, checks, |_| ()))
}

fn with_flaw(flaw: Flaw, checks: &[&Check]) -> Report {
    let memory = Memory::new(pki());
    let client = ReferenceClient::new(&memory, flaw, pki(), key());
    judged(&client, &memory, checks)
}

fn bad(report: &Report) -> BTreeSet<&str> {
    let results = report.results.iter();
    let bad = results.filter(|result| result.verdict.is_bad());
    bad.map(|result| result.id.as_str()).collect()
}

fn open(report: &Report) -> Vec<String> {
    let results = report.results.iter();
    let open = results.filter(|result| {
        !matches!(
            result.verdict,
            Verdict::Pass | Verdict::NotApplicable { .. }
        )
    });
    open.map(|result| format!("{}: {:?}", result.id, result.verdict))
        .collect()
}

#[test]
fn a_client_without_flaws_passes_all() {
    let all: Vec<&Check> = checks::all().collect();
    let report = with_flaw(Flaw::None, &all);
    assert!(open(&report).is_empty(), "{}", open(&report).join("\n"));
    assert_eq!(report.count("n/a"), 0, "{:?}", report.results);
    assert!(report.conforms());
    assert!(!report.issued.is_empty());
}

/// What is not as it should be when the client has the flaw of a check.
fn wrong_with(check: &Check, all: &[&Check]) -> Vec<String> {
    let report = with_flaw(check.flaw, all);
    let bad = bad(&report);
    let mut wrong = Vec::new();
    if !bad.contains(check.id) {
        wrong.push(format!("{} does not notice its flaw", check.id));
    }
    if check.also == ["*"] {
        return wrong;
    }
    let allowed: BTreeSet<&str> = check.also.iter().copied().collect();
    let others = bad
        .iter()
        .filter(|id| **id != check.id && !allowed.contains(**id));
    let others: Vec<&str> = others.copied().collect();
    if !others.is_empty() {
        wrong.push(format!("the flaw of {} shows in {others:?}", check.id));
    }
    let idle: Vec<&str> = allowed.difference(&bad).copied().collect();
    if !idle.is_empty() {
        wrong.push(format!(
            "the flaw of {} does not show in {idle:?}",
            check.id
        ));
    }
    wrong
}

#[test]
fn each_check_notices_its_flaw_and_no_other_does() {
    let all: Vec<&Check> = checks::all().collect();
    let wrong: Vec<String> = on_all_cores(&all, |check| wrong_with(check, &all)).concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn our_own_client_passes_all() {
    let all: Vec<&Check> = checks::all().collect();
    let memory = Memory::new(pki());
    let client = OwnClient {
        network: &memory,
        provider: provider(),
        key: key(),
        wait: Duration::from_secs(3600),
    };
    let report = judged(&client, &memory, &all);
    assert!(open(&report).is_empty(), "{}", open(&report).join("\n"));
}

/// A client that refuses everything is right about everything that is to be refused, by accident.
#[test]
fn who_enrolls_nowhere_is_not_green() {
    let all: Vec<&Check> = checks::all().collect();
    for flaw in [
        Flaw::Picky(|_| true),
        Flaw::Crashes(|_| true),
        Flaw::Hangs(|_| true),
    ] {
        let report = with_flaw(flaw, &all);
        assert!(!report.conforms());
        let passed = report.results.iter();
        let passed: Vec<_> = passed.filter(|r| r.verdict == Verdict::Pass).collect();
        for result in passed {
            // what it sent before it broke may be right
            let sends = ["enrollment.", "messages.", "csr.", "capabilities.", "ca.ec"];
            let sent = sends.iter().any(|theme| result.id.starts_with(theme));
            assert!(sent, "{}", result.id);
        }
    }
}

#[test]
fn names_are_unique_and_requirements_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap();
    let chapters = requirements::load(root).unwrap();
    let known: Vec<_> = chapters
        .iter()
        .flat_map(|chapter| &chapter.requirements)
        .collect();
    let mut ids = BTreeSet::new();
    for check in checks::all() {
        assert!(ids.insert(check.id), "{} is there twice", check.id);
        assert!(check.id.len() <= 34, "{} is too long", check.id);
        for row in check.requirements {
            let exists = known.iter().any(|r| r.id == *row);
            assert!(exists, "{}: no requirement {row}", check.id);
        }
        if check.level == Level::Must {
            assert!(!check.requirements.is_empty(), "{}", check.id);
        }
    }
    for check in checks::all() {
        for id in check.also {
            let exists = *id == "*" || ids.contains(id);
            assert!(exists, "{}: no check {id}", check.id);
        }
    }
    assert!(ids.len() >= 60, "{}", ids.len());
}
