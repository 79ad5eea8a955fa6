//! Every example runs, and says what it promises. `cargo test` has built them beside this test.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// `target/PROFILE/examples/NAME`, from `target/PROFILE/deps/run-HASH`.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not built: run `cargo test -p scep-examples` without --test",
        program.display()
    );
    program
}

fn run(name: &str, says: &[&str]) {
    let output = Command::new(built(name)).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stdout}{stderr}");
    for words in says {
        assert!(
            stdout.contains(words),
            "{name} does not say {words:?}: {stdout}"
        );
    }
}

#[test]
fn decode_message() {
    run(
        "decode_message",
        &["PKCSReq (19)", "signed by CN=printer-01", "1 recipient"],
    );
}

#[test]
fn enroll() {
    run(
        "enroll",
        &["issued: CN=printer-01,O=Contoso", "3 exchanges"],
    );
}

#[test]
fn renew_in_a_loop() {
    run("renew_in_a_loop", &["serial ", "due in "]);
}

#[test]
fn key_elsewhere() {
    run(
        "key_elsewhere",
        &["issued: CN=router-01,O=Contoso", "made by hand: "],
    );
}

#[test]
fn diagnose() {
    run(
        "diagnose",
        &[
            "mscep-503-pool-down",
            "httpsys-503-pool-stopped",
            "requests were sent",
        ],
    );
}

#[test]
fn mock_in_a_test() {
    run(
        "mock_in_a_test",
        &["GET Some(\"GetCACaps\") -> 503", "log records"],
    );
}

#[test]
fn own_network() {
    run("own_network", &["Healthy after "]);
}

#[test]
fn responder() {
    run("responder", &["PkiOperation", "issued: CN=device"]);
}

/// A new example is named in the crate's documentation, has a test here, and is short.
#[test]
fn every_example_is_listed_tested_and_short() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let (listed, tested) = (include_str!("../src/lib.rs"), include_str!("run.rs"));
    let mut names = Vec::new();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            files.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
            files.push(path);
        }
    }
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        assert!(
            listed.contains(&format!("`{name}`")),
            "{name} is not listed"
        );
        assert!(
            tested.contains(&format!("\"{name}\",")),
            "{name} is not tested"
        );
    }
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (lines, limit) = (
            text.lines().count(),
            if text.contains("fn main") { 60 } else { 70 },
        );
        assert!(lines < limit, "{} has {lines} lines", file.display());
    }
}
