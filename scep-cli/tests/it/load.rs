//! `scep load`: what it counts, what it adds up, and whom it leaves alone.

use std::path::Path;

use crate::support::{Mock, Run, run, run_in};

fn load(folder: &Path, mock: &Mock, more: &[&str]) -> Run {
    let arguments = [
        "load",
        mock.url(),
        "--ca-sha256",
        mock.pin(),
        "--reuse-keys",
    ];
    run_in(folder, &[&arguments[..], more].concat())
}

#[test]
fn enrollments_are_counted_and_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("pw"), "correct horse\n").unwrap();
    let challenge = format!("static:{}", path("pw"));
    let mock = Mock::start(&["--profile", "rfc8894", "--challenge", &challenge]);
    let passwords = ["--challenge-file", "pw"];
    let more = ["--requests", "20", "--concurrency", "4", "--json", "a.json"];
    let shown = load(folder.path(), &mock, &[&passwords[..], &more].concat()).exits(0);
    shown.is_narrow();
    assert!(shown.stdout.contains("20 issued"), "{}", shown.stdout);
    assert!(shown.stdout.contains("p99"), "{}", shown.stdout);
    let more = [
        "--requests",
        "5",
        "--warm-up",
        "2",
        "--rate",
        "50",
        "--json",
        "-",
    ];
    let json = load(folder.path(), &mock, &[&passwords[..], &more].concat()).exits(0);
    let second = json.json();
    assert_eq!(second["issued"], 5);
    std::fs::write(path("b.json"), second.to_string()).unwrap();
    let sum = run_in(
        folder.path(),
        &["load", "merge", "a.json", "b.json", "--json", "-"],
    );
    let sum = sum.exits(0).json();
    assert_eq!(sum["issued"], 25);
    let times = sum["exchange_us"].as_array().unwrap();
    let counted: u64 = times.iter().map(|pair| pair[1].as_u64().unwrap()).sum();
    assert_eq!(counted, 25);
    // every device its own certificate: twenty, two to warm up, five
    let issued = mock.control("GET", "/issued", "");
    assert_eq!(issued.matches("load-").count(), 27, "{issued}");
}

#[test]
fn what_brings_no_certificate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::start(&["--profile", "rfc8894"]);
    std::fs::write(folder.path().join("pw"), "a wrong one\n").unwrap();
    let more = ["--requests", "3", "--challenge-file", "pw"];
    let refused = load(folder.path(), &mock, &more).exits(1);
    assert!(
        refused.stdout.contains("3 x FAILURE, badRequest"),
        "{}",
        refused.stdout
    );
    std::fs::write(folder.path().join("two"), "one\ntwo\n").unwrap();
    let few = ["--requests", "3", "--challenge-file", "two"];
    load(folder.path(), &mock, &few)
        .exits(4)
        .only_says("3 are needed");
    load(folder.path(), &mock, &["--requests", "0"]).exits(2);
    load(folder.path(), &mock, &["--rate", "0"]).exits(2);
    run_in(folder.path(), &["load", "merge", "pw", "two"]).exits(4);
    run(&["load"]).exits(2);
}

#[test]
fn a_public_address_has_to_be_owned() {
    let url = "http://192.0.2.1/scep";
    let refused = run(&["load", url, "--insecure-trust-first"]).exits(2);
    assert!(
        refused.stderr.contains("--i-own-this-server"),
        "{}",
        refused.stderr
    );
}
