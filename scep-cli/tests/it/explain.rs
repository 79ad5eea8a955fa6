//! `scep explain`: ids, numbers, words, and what is unknown.

use crate::support::run;

#[test]
fn a_failure_mode() {
    let text = run(&["explain", "ndes-ra-cert-expired"]).exits(0);
    text.in_order(&[
        "ndes-ra-cert-expired: ",
        "stage",
        "shown by",
        "Cause",
        "Seen by a client",
        "In the logs",
        "Check (on ",
        "Fix (on ",
        "Decided by",
        "scep mock --failure ndes-ra-cert-expired",
        "References",
    ]);
    let json = run(&["explain", "ndes-ra-cert-expired", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["id"], "ndes-ra-cert-expired");
}

#[test]
fn a_symptom() {
    let text = run(&["explain", "mscep-500-not-started"]).exits(0);
    text.is_narrow();
    text.in_order(&[
        "What it means",
        "Must hold",
        "Failure modes behind it",
        "ndes-ra-cert-expired",
    ]);
    let json = run(&["explain", "mscep-500-not-started", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["id"], "mscep-500-not-started");
}

#[test]
fn numbers_have_names_and_words_come_in_any_order() {
    let text = run(&["explain", "-2146875375"]).exits(0);
    text.in_order(&[
        "0x80094811 (-2146875375) is CERTSRV_E_KEY_LENGTH",
        "ca-key-too-small",
    ]);
    let words = run(&["explain", "expired", "root", "CRL"]).exits(0);
    assert!(
        words.stdout.contains("ca-service-stopped-root-crl-expired"),
        "{}",
        words.stdout
    );
    run(&["explain", "xyzzy", "expired"]).exits(2);
}

#[test]
fn what_somebody_saw() {
    for (seen, id) in [
        ("503", "httpsys-503-pool-stopped"),
        ("0x80094012", "ca-template-denied"),
        ("80094012", "ca-template-denied"),
        ("-2146877422", "ca-template-denied"),
        ("2148089874", "ca-template-denied"),
        ("event 10", "ndes-ra-cert-expired"),
        ("badRequest", "ca-template-denied"),
    ] {
        let text = run(&["explain", seen]).exits(0);
        assert!(text.stdout.contains(id), "{seen}: {}", text.stdout);
        text.is_narrow();
        let hits = run(&["explain", seen, "--json"]).exits(0).json();
        assert!(
            hits.as_array().unwrap().iter().any(|hit| hit["id"] == id),
            "{seen}"
        );
    }
    // words need no quotes
    assert_eq!(
        run(&["explain", "event", "10"]).stdout,
        run(&["explain", "event 10"]).stdout
    );
    let one = run(&["explain", "0x80094012"]).stdout;
    assert!(one.contains("\n1 failure mode mentions"), "{one}");
}

#[test]
fn the_list_and_what_is_unknown() {
    let list = run(&["explain", "--list"]).exits(0);
    list.is_narrow();
    assert!(list.stdout.contains("httpsys-503-pool-stopped"));
    let json = run(&["explain", "--list", "--json"]).exits(0).json();
    assert!(
        json.as_array()
            .unwrap()
            .iter()
            .all(|m| m["id"].is_string() && m["title"].is_string())
    );

    run(&["explain", "ndes-ra-cert-expird", "--json"])
        .exits(2)
        .only_says("did you mean \"ndes-ra-cert-expired\"?");
    run(&["explain", "0xdeadbeef"])
        .exits(2)
        .only_says("there is no");
    run(&["explain"]).exits(2).only_says("<WHAT>");
}

/// Whatever is in the catalogue can be explained, and fits into the columns except for commands,
/// which have to be copied whole.
#[test]
fn every_id_is_explained() {
    let list = run(&["mock", "--list", "--json"]).exits(0).json();
    for mode in list.as_array().unwrap() {
        let id = mode["id"].as_str().unwrap();
        let text = run(&["explain", id]).exits(0);
        for line in text.stdout.lines().filter(|line| !line.starts_with("    ")) {
            assert!(line.chars().count() <= 100, "{id}: {line}");
        }
    }
}
