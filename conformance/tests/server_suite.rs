//! Every check of the server suite passes on a server without flaws, fails on one with its flaw, and no
//! check fails that is not named with the flaw.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scep_client::random::SharedRandom;
use scep_conformance::expected::Expected;
use scep_conformance::healthy::Healthy;
use scep_conformance::parallel::on_all_cores;
use scep_conformance::requirements;
use scep_conformance::server_suite::reference::Reference;
use scep_conformance::server_suite::{Check, Flaw, Keys, Subject, checks, run};
use scep_conformance::verdict::{Level, Report, Verdict};
use scep_core::crypto::{AwsLcRs, CryptoProvider, Fallback, RustCrypto};
use scep_core::x509::Name;

fn provider() -> Arc<dyn CryptoProvider> {
    // the faster one: each check is made some two hundred times
    Arc::new(Fallback::new(Arc::new(AwsLcRs), Arc::new(RustCrypto)))
}

fn keys() -> Keys {
    let device = include_bytes!("../../scep-server-mock/keys/device-1.p8");
    let other = include_bytes!("../../scep-server-mock/keys/device-2.p8");
    Keys::load(provider().as_ref(), device, other).unwrap()
}

fn judged(flaw: Flaw, checks: &[&Check]) -> Report {
    let issuing = include_bytes!("../../scep-server-mock/keys/issuing-ca.p8");
    judged_with(flaw, checks, issuing)
}

/// As [`judged`], by a CA with this key.
fn judged_with(flaw: Flaw, checks: &[&Check], issuing: &[u8]) -> Report {
    let keys = keys();
    let root = include_bytes!("../../scep-server-mock/keys/root.p8");
    let server = Reference::new(flaw, provider(), (root, issuing), &keys).unwrap();
    let ca = server.ca_certificate();
    let name = Name::from_rfc4514("CN=Last Year's Device").unwrap();
    let subject = Subject {
        network: &server,
        url: Reference::URL.to_owned(),
        ca_sha256: Some(ca.sha256(&RustCrypto).unwrap()),
        challenges: &server,
        provider: provider(),
        keys: &keys,
        random: SharedRandom::default(),
        expired: Some(server.expired(&name).unwrap()),
        patience: Duration::from_secs(30),
        check_patience: Duration::from_secs(120),
    };
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(run(&subject, checks, |_| ()))
}

fn bad(report: &Report) -> BTreeSet<&str> {
    let bad = report
        .results
        .iter()
        .filter(|result| result.verdict.is_bad());
    bad.map(|result| result.id.as_str()).collect()
}

#[test]
fn a_server_without_flaws_passes_all() {
    let all: Vec<&Check> = checks::all().collect();
    let report = judged(Flaw::None, &all);
    let open: Vec<_> = report
        .results
        .iter()
        .filter(|result| {
            !matches!(
                result.verdict,
                Verdict::Pass | Verdict::NotApplicable { .. }
            )
        })
        .map(|result| format!("{}: {:?}", result.id, result.verdict))
        .collect();
    assert!(open.is_empty(), "{}", open.join("\n"));
    // a server that has everything is checked for everything, but for what needs another kind of key
    let unasked = report.results.iter().filter(|r| r.verdict.word() == "n/a");
    let unasked: Vec<_> = unasked.map(|r| r.id.as_str()).collect();
    assert_eq!(unasked, [OF_EC_CA]);
    assert!(report.conforms());
    assert!(!report.issued.is_empty());
}

/// The check that needs a CA whose key cannot decrypt.
const OF_EC_CA: &str = "requests.ec-ca";

#[test]
fn a_ca_with_an_ec_key_is_enrolled_with() {
    let key = include_bytes!("../../scep-server-mock/keys/tls-server.p8");
    let of_ec = checks::all().filter(|check| check.id == OF_EC_CA);
    let of_ec: Vec<&Check> = of_ec.collect();
    let report = judged_with(Flaw::None, &of_ec, key);
    assert_eq!(report.count("ok"), 1, "{:?}", report.results);
    for check in &of_ec {
        let report = judged_with(check.flaw, &of_ec, key);
        assert_eq!(report.count("FAIL"), 1, "{:?}", report.results);
    }
}

/// What is not as it should be when the server has the flaw of a check.
fn wrong_with(check: &Check, all: &[&Check]) -> Vec<String> {
    let report = judged(check.flaw, all);
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
    // the flaw of the other one shows with another CA only: see above
    let all = checks::all().filter(|check| check.id != OF_EC_CA);
    let all: Vec<&Check> = all.collect();
    let wrong: Vec<String> = on_all_cores(&all, |check| wrong_with(check, &all)).concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A check that sends a certification request in the open has its challenge password in the open, too.
#[test]
fn no_challenge_password_is_in_the_report() {
    use base64::Engine as _;
    let all: Vec<&Check> = checks::all().collect();
    let report = judged(Flaw::None, &all);
    let decode = |text: &str| {
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    };
    let mut withheld = Vec::new();
    for result in &report.results {
        for exchange in &result.exchanges {
            let octets = [decode(&exchange.sent), decode(&exchange.received)].concat();
            // the attribute that holds one, as it stands in a certification request
            let attribute = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07";
            let open = octets
                .windows(attribute.len())
                .any(|part| part == attribute);
            assert!(!open, "{}", result.id);
            if exchange.method == "POST" && exchange.sent.is_empty() && exchange.error.is_empty() {
                withheld.push(result.id.as_str());
            }
        }
    }
    assert!(withheld.contains(&"requests.in-the-clear"), "{withheld:?}");
}

#[test]
fn what_takes_longer_is_found() {
    for check in checks::timing() {
        let report = judged(Flaw::None, &[check]);
        assert_eq!(report.count("ok"), 1, "{:?}", report.results);
        let report = judged(check.flaw, &[check]);
        assert_eq!(report.count("FAIL"), 1, "{:?}", report.results);
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
    for check in checks::all().chain(checks::timing()) {
        assert!(ids.insert(check.id), "{} is there twice", check.id);
        assert!(check.id.len() <= 34, "{} is too long for a table", check.id);
        for row in check.requirements {
            assert!(
                known.iter().any(|r| r.id == *row),
                "{}: no requirement {row}",
                check.id
            );
        }
        if check.level == Level::Must {
            assert!(
                !check.requirements.is_empty(),
                "{} demands what nothing demands",
                check.id
            );
        }
    }
    for check in checks::all() {
        for id in check.also {
            assert!(
                *id == "*" || ids.contains(id),
                "{}: no check {id}",
                check.id
            );
        }
    }
    assert!(ids.len() >= 120, "{}", ids.len());
}

#[test]
fn who_is_silent_refuses_all_or_answers_anything_is_not_green() {
    let all: Vec<&Check> = checks::all().collect();
    let hangs = judged(Flaw::Silent, &all);
    assert!(!hangs.conforms());
    assert!(
        hangs.results.iter().all(|r| r.verdict.word() == "HANG"),
        "{:?}",
        hangs
            .results
            .iter()
            .map(|r| (&r.id, &r.verdict))
            .collect::<Vec<_>>()
    );
    for flaw in [
        Flaw::Rules(|rules| rules.refuses_all = true),
        Flaw::Http(|_, response| {
            response.status = 200;
            response.body = b"<html>welcome</html>".to_vec();
        }),
    ] {
        let report = judged(flaw, &all);
        assert!(!report.conforms());
        assert!(bad(&report).len() > all.len() / 4, "{:?}", bad(&report));
        // that it refuses what is wrong says nothing where it refuses what is right
        for result in &report.results {
            let sent = result.exchanges.iter().any(|e| e.method == "POST");
            assert!(!sent || result.verdict != Verdict::Pass, "{}", result.id);
        }
    }
}

fn mock(profile: &str) -> Report {
    let healthy = Healthy::new(profile, provider(), keys()).unwrap();
    let all: Vec<&Check> = checks::all().collect();
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(run(&healthy.subject(), &all, |_| ()))
}

#[test]
fn the_mock_in_its_strict_profile_passes_all() {
    let report = mock("rfc8894");
    let bad: Vec<_> = report
        .results
        .iter()
        .filter(|result| result.verdict.is_bad())
        .map(|result| format!("{}: {:?}", result.id, result.verdict))
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn other_profiles_depart_from_the_rfc_where_it_is_written_down() {
    let ids: Vec<&str> = checks::all().map(|check| check.id).collect();
    let mut wrong = Vec::new();
    for (file, profiles) in [
        (include_str!("../expected/mock-plain.txt"), &["plain"][..]),
        (
            include_str!("../expected/mock-ndes-2008r2.txt"),
            &["ndes-2008r2"],
        ),
        (
            include_str!("../expected/mock-ndes-2016.txt"),
            &["ndes-2016", "ndes-2019", "ndes-2022", "ndes-2025"],
        ),
    ] {
        let expected = Expected::parse(file, &ids).unwrap();
        for profile in profiles {
            let surprises = expected.surprises(&mock(profile));
            wrong.extend(surprises.iter().map(|what| format!("{profile}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
