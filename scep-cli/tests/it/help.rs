//! Help texts are documents: `docs/cli/COMMAND.txt`.

use crate::support::{compare, repository, run};

const COMMANDS: [&str; 17] = [
    "diagnose",
    "explain",
    "capture",
    "enroll",
    "renew",
    "poll",
    "get-cert",
    "get-crl",
    "ca",
    "caps",
    "conformance",
    "load",
    "inspect",
    "mock",
    "demo",
    "completions",
    "man",
];

#[test]
fn the_documents_are_up_to_date() {
    let documents = repository().join("docs/cli");
    compare(
        &documents.join("scep.txt"),
        &run(&["--help"]).exits(0).stdout,
    );
    for command in COMMANDS {
        let help = run(&[command, "--help"]).exits(0).stdout;
        compare(&documents.join(format!("{command}.txt")), &help);
    }
}

#[test]
fn every_command_has_a_document_and_fits_into_the_columns() {
    let help = run(&["--help"]).exits(0);
    let listed: Vec<&str> = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS);
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            for line in run(&[command, flag]).exits(0).stdout.lines() {
                assert!(line.chars().count() <= 100, "{command}: {line}");
            }
        }
    }
}

#[test]
fn exit_codes_are_part_of_every_help() {
    assert!(run(&["--help"]).stdout.contains("Exit codes:"));
    for command in COMMANDS {
        assert!(
            run(&[command, "--help"]).stdout.contains("Exit codes:"),
            "{command}"
        );
    }
}

#[test]
fn what_is_misspelt_is_a_usage_error_with_a_suggestion() {
    run(&["dignose"]).exits(2).only_says("'diagnose'");
    run(&["diagnose", "--jsn"]).exits(2).only_says("'--json'");
    run(&["enroll", "--chalenge-file", "x"])
        .exits(2)
        .only_says("'--challenge-file'");
    run(&["enroll", "http://x/", "--policy", "rfc889"])
        .exits(2)
        .only_says("'rfc8894'");
    run(&["--color", "allways", "demo"])
        .exits(2)
        .only_says("'always'");
    let nothing = run(&[]).exits(2);
    nothing.only_says("Usage:");
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains("challenge-file"), "{shell}");
    }
    run(&["completions", "tcsh"]).exits(2);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man");
    run(&["man", "--out", out.to_str().unwrap()]).exits(0);
    for command in COMMANDS {
        let page = std::fs::read_to_string(out.join(format!("scep-{command}.1"))).unwrap();
        assert!(page.contains(".TH"), "{command}");
    }
    assert!(out.join("scep-conformance-server.1").exists());
}
