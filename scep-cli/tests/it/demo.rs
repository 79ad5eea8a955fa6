//! `scep demo`: the first command of the README.

use crate::support::run;

#[test]
fn every_failure_is_named_right() {
    let json = run(&["demo", "--json"]).exits(0).json();
    assert_eq!(json["failed"], 0);
    let failures = json["failures"].as_array().unwrap();
    assert!(failures.len() >= 20);
    for failure in failures {
        assert_eq!(failure["ok"], true, "{failure}");
    }
    assert!(!json["issued"].as_str().unwrap().is_empty());
}

#[test]
fn for_a_reader_it_is_a_table() {
    let text = run(&["demo"]).exits(0);
    text.in_order(&[
        "A simulated NDES listens",
        "Enrolled",
        "broken on purpose",
        " ok",
        "named right",
    ]);
    assert!(!text.stdout.contains("FAIL"), "{}", text.stdout);
    for line in text.stdout.lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
}
