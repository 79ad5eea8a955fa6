//! `scep conformance`: lists, runs, writes reports, and ends as it should.

use std::path::Path;

use crate::support::{Mock, run};

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_list_is_data() {
    let list = run(&["conformance", "--list", "--json"]).exits(0).json();
    let checks = list.as_array().unwrap();
    let of = |suite: &str| {
        checks
            .iter()
            .filter(|check| check["suite"] == suite)
            .count()
    };
    assert!(of("server") >= 120 && of("client") >= 60);
    for check in checks {
        for field in ["suite", "id", "title", "level"] {
            assert!(check[field].is_string(), "{check}");
        }
        assert!(check["requirements"].is_array());
    }
    let text = run(&["conformance", "--list"]).exits(0);
    text.is_narrow();
    run(&["conformance"]).exits(2);
}

#[test]
fn the_strict_mock_passes_with_reports_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let password = path(folder.path(), "password.txt");
    std::fs::write(&password, "correct horse\n").unwrap();
    let mock = Mock::start(&[
        "--profile",
        "rfc8894",
        "--challenge",
        &format!("static:{password}"),
    ]);
    let [json, junit, sarif, markdown, expected] =
        ["run.json", "run.xml", "run.sarif", "run.md", "expected.txt"]
            .map(|name| path(folder.path(), name));
    // one password for all, so nothing is used up
    std::fs::write(
        &expected,
        "# known\nauthorization.one-time  the password is the same for all\n\
         concurrency.one-password  the password is the same for all\n",
    )
    .unwrap();
    let report = run(&[
        "conformance",
        "server",
        mock.url(),
        "--ca-sha256",
        mock.pin(),
        "--challenge-file",
        &password,
        "--json",
        &json,
        "--junit",
        &junit,
        "--sarif",
        &sarif,
        "--markdown",
        &markdown,
        "--expected-failures",
        &expected,
    ])
    .exits(0);
    report.is_narrow();
    let words: Vec<&str> = report.stdout.split_whitespace().collect();
    let told = words
        .join(" ")
        .contains("(expected: the password is the same for all)");
    assert!(told, "{}", report.stdout);
    assert!(report.stdout.contains("2 FAIL"), "{}", report.stdout);
    let whole: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(whole["schema"], "scep-conformance/1");
    assert!(!whole["issued"].as_array().unwrap().is_empty());
    for text in [&json, &junit, &sarif, &markdown] {
        let text = std::fs::read_to_string(text).unwrap();
        assert!(text.contains("one-time") && !text.contains("correct horse"));
    }
    let sarif: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&sarif).unwrap()).unwrap();
    let run = &sarif["runs"][0];
    assert!(run["tool"]["driver"]["rules"].as_array().unwrap().len() >= 120);
    for result in run["results"].as_array().unwrap() {
        let why = &result["suppressions"][0]["justification"];
        assert_eq!(why, "the password is the same for all", "{result}");
    }
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(
        xml.contains("failures=\"0\"") && xml.contains("<skipped"),
        "{xml}"
    );
}

#[test]
fn one_that_passes_unexpectedly_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::start(&["--profile", "rfc8894"]);
    let expected = path(folder.path(), "expected.txt");
    let only = [
        "conformance",
        "server",
        mock.url(),
        "--no-challenge",
        "--only",
        "capabilities",
    ];
    run(&only).exits(0);
    std::fs::write(&expected, "capabilities.answered broken\n").unwrap();
    let surprised = run(&[&only[..], &["--expected-failures", &expected]].concat()).exits(1);
    assert!(
        surprised
            .stderr
            .contains("was expected to fail, and passed"),
        "{}",
        surprised.stderr
    );
    std::fs::write(&expected, "capabilities.answred broken\n").unwrap();
    run(&[&only[..], &["--expected-failures", &expected]].concat())
        .exits(4)
        .only_says("capabilities.answered");
    run(&[
        "conformance",
        "server",
        mock.url(),
        "--no-challenge",
        "--only",
        "nonsense",
    ])
    .exits(2);
    run(&["conformance", "server", mock.url()]).exits(2);
}

#[test]
fn a_server_that_is_none_fails() {
    let mock = Mock::start(&["--failure", "httpsys-503-pool-stopped"]);
    let report = run(&["conformance", "server", mock.url(), "--no-challenge"]).exits(1);
    assert!(report.stdout.contains("FAIL"), "{}", report.stdout);
}

/// The command that enrolls with this program.
fn own(further: &str) -> String {
    let scep = env!("CARGO_BIN_EXE_scep");
    format!(
        "'{scep}' enroll {{url}} --subject CN=device-1 --ca-file {{ca}} --challenge {{challenge}} \
         --key-file {{key}} --out {{out}} {further}"
    )
}

#[test]
fn our_own_command_passes_as_a_client() {
    let command = own("--wait 5s --poll-interval 1s --timeout 3s");
    let folder = tempfile::tempdir().unwrap();
    let json = path(folder.path(), "run.json");
    let report = run(&[
        "conformance",
        "client",
        "--exec",
        &command,
        "--patience",
        "60s",
        "--should",
        "--json",
        &json,
    ])
    .exits(0);
    report.is_narrow();
    assert!(!report.stdout.contains(" FAIL "), "{}", report.stdout);
    let text = std::fs::read_to_string(&json).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(whole["suite"], "client");
    let results = whole["results"].as_array().unwrap();
    assert!(results.len() >= 60);
    for result in results {
        assert_eq!(result["verdict"], "pass", "{}", result["id"]);
    }
}

#[test]
fn a_client_that_does_nothing_right_is_told_what() {
    let judged = |command: &str, patience: &str| {
        run(&[
            "conformance",
            "client",
            "--exec",
            command,
            "--patience",
            patience,
            "--only",
            "enrollment.right",
            "--only",
            "replies.other-nonce",
        ])
        .exits(1)
    };
    // it refuses everything; it takes everything; it does not end; a signal ends it; it is not there
    for (command, patience, words) in [
        ("false", "60s", "seen refused: exit status: 1"),
        ("cp {ca} {out}", "60s", "expected a pkiMessage, seen none"),
        ("sleep 600", "1s", "HANG"),
        ("kill -SEGV $$", "60s", "crashed: signal 11"),
        ("there-is-no-such-client", "60s", "exit status: 127"),
    ] {
        let report = judged(command, patience);
        let said: Vec<&str> = report.stdout.split_whitespace().collect();
        let said = said.join(" ");
        assert!(said.contains(words), "{command}: {said}");
        assert!(!said.contains("2 ok"), "{command}: {said}");
    }
    run(&["conformance", "client"]).exits(2);
}
