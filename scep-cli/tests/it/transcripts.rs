//! Every command line that the documents show in a `console` block is run as it stands, and what they show
//! of its answer is what comes. A block's mock is its own; otherwise the commands ask a healthy server.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Mock, Run, compare, finish, repository, scep};

/// What stands for something in the documents.
const URL: &str = "URL";
const PIN: &str = "H";

/// Commands that end with another code than 0, by how they begin, and why.
const OTHER_CODES: [(&[&str], i32); 2] = [
    // a failure is what it is shown for
    (
        &[
            "diagnose",
            "http://127.0.0.1:8080/certsrv/mscep/mscep.dll",
            "--quiet",
        ],
        1,
    ),
    // a new certificate is not due
    (&["renew"], 5),
];

/// What keeps a command short, by how it begins: the documents show real work.
const SHORTER: [(&[&str], &[&str]); 1] = [(
    &["conformance", "client"],
    &["--only", "enrollment.right", "--only", "enrollment.by-post"],
)];

/// Numbers that are smaller here.
const FEWER: [(&str, &str); 1] = [("2000", "40")];

/// One document's servers and files.
struct Stage {
    folder: tempfile::TempDir,
    healthy: Mock,
    /// The mock that the block at hand has started, and the address that the document gives it.
    own: Option<(String, Mock)>,
}

impl Stage {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("settings.toml");
        // for a whole conformance run
        fs::write(&settings, "[ndes.registry]\npassword_max = 2000\n").unwrap();
        let healthy = Mock::start(&[
            "--profile",
            "rfc8894",
            "--state",
            settings.to_str().unwrap(),
        ]);
        let write =
            |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
        write("pw.txt", &(healthy.challenge() + "\n"));
        // a script that the document shows, as a file
        if let Some(script) = blocks(text, "toml").next() {
            write("story.toml", script);
        }
        // somebody's client: it takes other flags
        let client = format!(
            "#!/bin/sh\nexec '{}' enroll \"$2\" --ca-file \"$4\" --challenge \"$6\" --out \"$8\" --subject CN=c --key-type rsa:2048 --force\n",
            env!("CARGO_BIN_EXE_scep")
        );
        write("my-client", &client);
        let program = folder.path().join("my-client");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            folder,
            healthy,
            own: None,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Passwords that nobody has used yet, for a block that wants some.
    fn passwords(&self, block: &str) {
        if block.contains("passwords.txt") {
            let many: String = (0..400).map(|_| self.healthy.challenge() + "\n").collect();
            fs::write(self.path().join("passwords.txt"), many).unwrap();
        }
    }

    /// What a word stands for here.
    fn here(&self, word: &str) -> String {
        let mock = self.own.as_ref().map_or(&self.healthy, |(_, mock)| mock);
        let host = |mock: &Mock| mock.url().split('/').nth(2).unwrap().to_owned();
        if word == URL {
            return mock.url().to_owned();
        }
        if word == PIN {
            return mock.pin().to_owned();
        }
        if let Some((_, fewer)) = FEWER.iter().find(|(many, _)| *many == word) {
            return (*fewer).to_owned();
        }
        let port = host(mock).split(':').next_back().unwrap().to_owned();
        let word = match &self.own {
            Some((address, mock)) => word.replace(address, &host(mock)),
            None => word.to_owned(),
        };
        word.replace("ndes.lab.example:8080", &format!("ndes.lab.example:{port}"))
            .replace("127.0.0.1:53001", mock.ready["dns"].as_str().unwrap())
    }

    /// The mock of a command line; one that is not in the background is looked at, and ended.
    fn mock(&mut self, words: &[String], in_background: bool) {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut address = String::new();
        if let Some(listen) = arguments.iter().position(|word| *word == "--listen") {
            address = arguments
                .drain(listen..listen + 2)
                .next_back()
                .unwrap()
                .to_owned();
        }
        let mock = Mock::start_in(self.path(), &arguments);
        assert!(mock.url().starts_with("http"), "{words:?}");
        if in_background {
            self.own = Some((address, mock));
        }
    }

    fn run(&self, words: &[String]) -> Run {
        let begins = |with: &[&str]| words.iter().zip(with).all(|(word, begin)| word == begin);
        let more = SHORTER.iter().find(|(with, _)| begins(with));
        let words: Vec<String> = words.iter().map(|word| self.here(word)).collect();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = scep();
        command
            .args(words)
            .args(more.map_or(&[][..], |(_, more)| more))
            .env("PATH", format!("{}:{path}", self.path().display()))
            .current_dir(self.path());
        finish(&mut command)
    }
}

/// Fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.filter_map(move |block| {
        let (first, rest) = block.split_once('\n')?;
        (first.trim() == language).then_some(rest)
    })
}

/// Words of a command line; quotes keep words together.
pub fn words(line: &str) -> Vec<String> {
    line.split(['"', '\''])
        .enumerate()
        .flat_map(|(i, part)| {
            if i % 2 == 1 {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        })
        .collect()
}

/// Runs the commands of a document, and compares what it shows; returns how many there were.
fn judge(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    let mut wanted = text.clone();
    if blocks(&text, "console").next().is_none() {
        return 0;
    }
    let mut stage = Stage::new(&text);
    let mut count = 0;
    for block in blocks(&text, "console") {
        stage.own = None;
        stage.passwords(block);
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(command) = line.strip_prefix("$ scep ") else {
                panic!(
                    "{}: neither a command of scep nor the answer of one: {line}",
                    path.display()
                );
            };
            count += 1;
            let command = command.split(" #").next().unwrap().trim_end();
            let in_background = command.ends_with('&');
            let command = words(command.trim_end_matches('&'));
            if command[0] == "mock" && !command.contains(&"--list".to_owned()) {
                stage.mock(&command[1..], in_background);
                continue;
            }
            let mut shown = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                shown.push_str(line);
                shown.push('\n');
            }
            let begins =
                |with: &[&str]| command.iter().zip(with).all(|(word, begin)| word == begin);
            let other = OTHER_CODES.iter().find(|(with, _)| begins(with));
            let ended = stage
                .run(&command)
                .exits(other.map_or(0, |(_, code)| *code));
            if !shown.is_empty() {
                let comes = match &stage.own {
                    Some((address, mock)) => ended
                        .stdout
                        .replace(mock.url().split('/').nth(2).unwrap(), address),
                    None => ended.stdout,
                };
                wanted = wanted.replace(&format!("{line}\n{shown}"), &format!("{line}\n{comes}"));
            }
        }
    }
    compare(path, &wanted);
    count
}

#[test]
fn of_the_readme() {
    let count = judge(&repository().join("README.md"));
    assert!(count >= 11, "only {count} commands were found");
}

#[test]
fn of_the_documents() {
    let mut count = 0;
    for entry in fs::read_dir(repository().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            count += judge(&path);
        }
    }
    assert!(count >= 6, "only {count} commands were found");
}
