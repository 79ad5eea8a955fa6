//! The README says what is: its commands exist, with the flags that it names.

use crate::support::{repository, run};
use crate::transcripts::words;

fn readme() -> String {
    std::fs::read_to_string(repository().join("README.md")).unwrap()
}

/// Fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    text.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| {
            let (first, rest) = block.split_once('\n')?;
            (first.trim() == language).then(|| rest.to_owned())
        })
        .collect()
}

#[test]
fn the_set_up_is_two_commands() {
    let commands: Vec<String> = blocks(&readme(), "sh")
        .concat()
        .lines()
        .map(|line| line.split('#').next().unwrap().trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(commands, ["cargo run -- demo", "cargo test"]);
}

/// Everything that looks like a command line of `scep`, in transcripts and in running text.
#[test]
fn every_command_that_is_shown_exists() {
    let readme = readme();
    let in_text = readme
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.starts_with("scep "));
    let transcripts = blocks(&readme, "console").concat();
    let in_transcripts = transcripts
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .filter(|line| line.starts_with("scep "));
    let mut seen = 0;
    for line in in_text.chain(in_transcripts) {
        let mut words = words(line.split(" #").next().unwrap().trim_end_matches('&'));
        words.remove(0);
        // a command that stands for its kind is known; one with arguments is parsed to the end,
        // which `--help` as the last word does without running it
        let nested = words
            .get(1)
            .filter(|word| ["server", "client", "redact"].contains(&word.as_str()));
        let mut of_command = vec![words[0].as_str()];
        of_command.extend(nested.map(String::as_str));
        of_command.push("--help");
        let help = run(&of_command).exits(0).stdout;
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(
                help.contains(flag.as_str()),
                "{line}: {} has no {flag}",
                words[0]
            );
        }
        for word in words.iter_mut().filter(|word| *word == "URL") {
            *word = "http://ndes.example/scep".into();
        }
        words.push("--help".into());
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        run(&arguments).exits(0);
        seen += 1;
    }
    assert!(seen >= 8, "only {seen} commands were found");
    // flags that are named alone belong to some command
    let mut all: String = [
        "diagnose",
        "enroll",
        "renew",
        "ca",
        "mock",
        "inspect",
        "explain",
        "poll",
        "conformance",
    ]
    .map(|command| run(&[command, "--help"]).stdout)
    .concat();
    all.push_str(&run(&["conformance", "server", "--help"]).stdout);
    for flag in readme
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.starts_with("--"))
    {
        let flag = flag.split_whitespace().next().unwrap();
        assert!(all.contains(flag), "no command has {flag}");
    }
}
