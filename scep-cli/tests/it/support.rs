//! Runs the binary, and mocks of which each ends with its test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary, deaf to the environment of whoever runs the tests.
pub fn scep() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scep"));
    command
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS");
    command
}

/// What a run left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// stdout as JSON; it has to be nothing else.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("no JSON on stdout: {e}\n{}{}", self.stdout, self.stderr))
    }

    /// Fails the test if the exit code is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless nothing is on stdout and `words` are on stderr.
    #[track_caller]
    pub fn only_says(&self, words: &str) {
        assert_eq!(self.stdout, "");
        assert!(
            self.stderr.contains(words),
            "{words:?} is not in: {}",
            self.stderr
        );
    }

    /// Where each of the texts begins; fails the test unless they come in this order.
    #[track_caller]
    pub fn in_order(&self, texts: &[&str]) {
        let mut rest = self.stdout.as_str();
        for text in texts {
            let Some((_, after)) = rest.split_once(text) else {
                panic!(
                    "{text:?} is missing, or stands too early, in:\n{}",
                    self.stdout
                );
            };
            rest = after;
        }
    }

    #[track_caller]
    pub fn is_narrow(&self) {
        for line in self.stdout.lines() {
            assert!(
                line.chars().count() <= 100,
                "longer than 100 columns: {line}"
            );
            assert_eq!(line.trim_end(), line, "ends with a blank");
        }
    }
}

/// Runs a command to its end. One that does not end is ended, and fails the test.
pub fn finish(command: &mut Command) -> Run {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let patience = Instant::now() + Duration::from_secs(300);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > patience {
            let _ = child.kill();
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Run {
        code: status.code().unwrap_or(-1),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// Starts a command; what it says goes nowhere.
pub fn unheard(command: &mut Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

pub fn run(arguments: &[&str]) -> Run {
    finish(scep().args(arguments))
}

/// The same, in a folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    finish(scep().current_dir(folder).args(arguments))
}

/// A `scep mock` of its own; it ends with the test.
pub struct Mock {
    child: Child,
    pub ready: Value,
}

impl Mock {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(Path::new("."), arguments)
    }

    /// The same, in a folder.
    pub fn start_in(folder: &Path, arguments: &[&str]) -> Self {
        let listen = ["--listen", "127.0.0.1:0"];
        let listen = if arguments.contains(&"--listen") {
            &[][..]
        } else {
            &listen
        };
        let mut child = scep()
            .current_dir(folder)
            .args(["mock", "--json"])
            .args(listen)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Self { child, ready }
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    pub fn url(&self) -> &str {
        self.text("url")
    }

    pub fn pin(&self) -> &str {
        self.text("ca_sha256")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks the control port.
    pub fn control(&self, method: &str, path: &str, body: &str) -> String {
        let host = self.text("control").strip_prefix("http://").unwrap();
        http(host, method, path, body)
    }

    /// A challenge password, in a file.
    pub fn challenge_file(&self, folder: &Path) -> String {
        let path = folder.join("password.txt");
        std::fs::write(&path, self.challenge() + "\n").unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn challenge(&self) -> String {
        let answer: Value = serde_json::from_str(&self.control("POST", "/challenge", "")).unwrap();
        answer["challenge"].as_str().unwrap().to_owned()
    }

    /// Waits for its end, without ending it.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // this one child, by its handle; it may have ended
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of an HTTP response.
fn http(host: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    body.to_owned()
}

/// A document that is compared with what it should be, and written with `SCEP_WRITE_DOCS`.
#[track_caller]
pub fn compare(path: &Path, wanted: &str) {
    if std::env::var_os("SCEP_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        found,
        wanted,
        "{} is out of date: SCEP_WRITE_DOCS=1 cargo test -p scep-cli",
        path.display()
    );
}

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Whether a program of others is there. If not, that is said loudly, and an error where peers are
/// required.
pub fn has_peer(program: &str) -> bool {
    let found = Command::new(program)
        .arg("version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        assert!(
            std::env::var_os("SCEP_REQUIRE_PEERS").is_none(),
            "{program} is required and missing"
        );
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: {program} is missing, so nothing was compared with it"
        );
    }
    found
}
