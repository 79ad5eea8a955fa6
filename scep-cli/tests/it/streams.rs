//! stdout is the report and nothing else; colours and closed pipes.

use std::process::Stdio;

use crate::support::{Mock, finish, run, scep};

const ESCAPE: char = '\u{1b}';

#[test]
fn colour_only_where_it_is_wanted() {
    let url = "http://127.0.0.1:9/scep";
    assert!(!run(&["diagnose", url]).stdout.contains(ESCAPE));
    let always = run(&["diagnose", url, "--color", "always"]).stdout;
    assert!(always.contains(ESCAPE));
    // colour adds nothing: without it the report is the same
    let mut plain = always;
    for code in ["32", "33", "31;1", "0"] {
        plain = plain.replace(&format!("{ESCAPE}[{code}m"), "");
    }
    let never = run(&["diagnose", url, "--color", "never"]).stdout;
    assert_eq!(without_times(&plain), without_times(&never));
    assert!(
        !finish(scep().env("NO_COLOR", "1").args(["diagnose", url]))
            .stdout
            .contains(ESCAPE)
    );
}

/// The text with all digits of times such as `2026-11-27T08:54:22Z` alike: two runs are not at the same moment.
fn without_times(text: &str) -> String {
    let word = |word: &str| match word.trim_end_matches([',', ';']).strip_suffix('Z') {
        Some(time) if time.contains('T') && time.contains(':') => "TIME".to_owned(),
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split(' ').map(word).collect();
    words.join(" ")
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mock = Mock::start(&[]);
    for arguments in [
        &["mock", "--list"][..],
        &["explain", "--list", "--json"],
        &["diagnose", mock.url()],
        &["--help"],
    ] {
        let mut child = scep()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
    }
}

#[test]
fn nobody_has_to_read_stderr() {
    let mut child = scep()
        .args(["diagnose", "http://127.0.0.1:9/scep", "-v"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("tcp-refused")
    );
}

#[test]
fn no_progress_line_where_there_is_no_terminal() {
    let mock = Mock::start(&[]);
    assert_eq!(run(&["diagnose", mock.url()]).exits(0).stderr, "");
}
