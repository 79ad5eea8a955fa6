//! Other people's programs: found, started, bounded, and always ended.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longest time a peer gets for one command: generous, since CI machines are slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// Set by CI: a peer that is missing is then a failure and not a skip.
const REQUIRE_PEERS: &str = "SCEP_REQUIRE_PEERS";

/// Whether all of these programs are installed. If not, says loudly which and what to do.
///
/// # Panics
/// If one is missing and `SCEP_REQUIRE_PEERS` is set.
pub fn installed(programs: &[&str], packages: &str) -> bool {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| which(program).is_none())
        .collect();
    if missing.is_empty() {
        return true;
    }
    skip(&format!(
        "{} not found; on Debian: apt-get install {packages}",
        missing.join(", ")
    ));
    false
}

/// Says loudly that a test does not run.
///
/// # Panics
/// If `SCEP_REQUIRE_PEERS` is set.
pub fn skip(reason: &str) {
    assert!(
        std::env::var_os(REQUIRE_PEERS).is_none_or(|value| value.is_empty()),
        "{REQUIRE_PEERS} is set, and {reason}"
    );
    say(&format!("SKIPPED: {reason}"));
}

/// Says something that is heard though the test succeeds: the test harness swallows what print
/// macros print.
pub fn say(text: &str) {
    // whoever closed stderr does not want to hear it
    let _ = writeln!(std::io::stderr(), "\n*** {text} ***\n");
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ended {
    /// Both streams as text, for messages.
    pub fn log(&self) -> String {
        format!(
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.status,
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr)
        )
    }

    /// Itself, if the program succeeded.
    ///
    /// # Panics
    /// If not.
    pub fn expect_success(self, what: &str) -> Self {
        assert!(self.status.success(), "{what}: {}", self.log());
        self
    }
}

/// Runs a program in `folder` to its end.
///
/// # Panics
/// If it cannot be started or does not end.
pub fn run<S: AsRef<OsStr>>(folder: &Path, program: &str, arguments: &[S]) -> Ended {
    run_command(Command::new(program).args(arguments).current_dir(folder))
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started or does not end.
pub fn run_command(command: &mut Command) -> Ended {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Running::start(command);
    let stdout = drain(child.0.stdout.take().unwrap());
    let stderr = drain(child.0.stderr.take().unwrap());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < PATIENCE, "{command:?} does not end");
        thread::sleep(Duration::from_millis(20));
    };
    Ended {
        status,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// Whether a command can be started and succeeds.
pub fn runs(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn drain(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        // a stream that breaks has said all it could
        let _ = from.read_to_end(&mut all);
        all
    })
}

/// A program that runs in the background until this is dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts it.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        Self(
            command
                .spawn()
                .unwrap_or_else(|e| panic!("{command:?}: {e}")),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
