//! A client that is a command.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scep_core::crypto::CryptoProvider;
use scep_core::x509::{Certificate, pem};
use tokio::process::Command;

use super::{Client, End, Target};

/// A command line with words in braces that stand for what a client has to know.
pub struct CommandClient {
    command: String,
    folder: PathBuf,
    patience: Duration,
    fingerprint: Fingerprint,
    runs: AtomicU32,
}

/// Tells the SHA-256 of a certificate.
type Fingerprint = Box<dyn Fn(&Certificate) -> String + Send + Sync>;

/// What the words in braces stand for.
pub const WORDS: [(&str, &str); 7] = [
    ("{url}", "the SCEP URL"),
    (
        "{ca}",
        "a file with the CA certificate that is trusted (PEM)",
    ),
    ("{ca_sha256}", "its SHA-256, in hexadecimal"),
    ("{challenge}", "the challenge password"),
    ("{key}", "a file with a fresh RSA key (PKCS #8, PEM)"),
    ("{out}", "the file that the certificate is to be written to"),
    (
        "{dir}",
        "a folder of this run's own, which is also the working directory",
    ),
];

impl std::fmt::Debug for CommandClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandClient")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

impl CommandClient {
    /// A client that `sh -c` starts, in folders below `folder`, with `patience` for each run. `key` is
    /// what `{key}` holds: PKCS #8.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn new(
        command: impl Into<String>,
        folder: &Path,
        key: &[u8],
        patience: Duration,
        provider: std::sync::Arc<dyn CryptoProvider>,
    ) -> std::io::Result<Self> {
        std::fs::write(folder.join("key.pem"), pem::encode("PRIVATE KEY", key))?;
        let fingerprint = move |certificate: &Certificate| {
            let hash = certificate.sha256(provider.as_ref()).unwrap_or_default();
            hash.iter().map(|octet| format!("{octet:02x}")).collect()
        };
        Ok(Self {
            command: command.into(),
            folder: folder.to_owned(),
            patience,
            fingerprint: Box::new(fingerprint),
            runs: AtomicU32::new(0),
        })
    }

    async fn run(&self, target: &Target) -> std::io::Result<End> {
        let n = self.runs.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("run-{n}"));
        std::fs::create_dir(&folder)?;
        let ca = folder.join("ca.pem");
        std::fs::write(&ca, target.ca.to_pem())?;
        // a copy each: some clients write into it
        let key = folder.join("key.pem");
        std::fs::copy(self.folder.join("key.pem"), &key)?;
        let out = folder.join("out");
        let values = [
            target.url.clone(),
            ca.display().to_string(),
            (self.fingerprint)(&target.ca),
            target.challenge.clone(),
            key.display().to_string(),
            out.display().to_string(),
            folder.display().to_string(),
        ];
        let mut command = self.command.clone();
        for ((word, _), value) in WORDS.iter().zip(&values) {
            command = command.replace(word, &format!("'{value}'"));
        }
        let mut child = Command::new("sh");
        child
            .args(["-c", &command])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        child.process_group(0);
        let child = child.spawn()?;
        let id = child.id();
        let Ok(ended) = tokio::time::timeout(self.patience, child.wait_with_output()).await else {
            end_group(id).await;
            return Ok(End::Hung);
        };
        let ended = ended?;
        let said = last_words(&ended.stderr).or_else(|| last_words(&ended.stdout));
        let said = said.unwrap_or_default();
        if let Some(how) = crash(ended.status) {
            return Ok(End::Crashed(format!("{how}: {said}")));
        }
        let accepted = if self.command.contains("{out}") {
            holds_certificate(&folder)
        } else {
            ended.status.success()
        };
        Ok(if accepted {
            End::Accepted
        } else {
            End::Refused(format!("{}: {said}", ended.status))
        })
    }
}

#[async_trait::async_trait]
impl Client for CommandClient {
    fn name(&self) -> String {
        self.command.clone()
    }

    async fn enroll(&self, target: &Target) -> End {
        match self.run(target).await {
            Ok(end) => end,
            Err(e) => End::Crashed(format!("it could not be started: {e}")),
        }
    }
}

/// Whether `out`, or a file whose name begins so, holds a certificate.
fn holds_certificate(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter(|file| file.file_name().to_string_lossy().starts_with("out"))
        .filter_map(|file| std::fs::read(file.path()).ok())
        .any(|content| match std::str::from_utf8(&content) {
            Ok(text) => Certificate::all_from_pem(text).is_ok_and(|all| !all.is_empty()),
            Err(_) => Certificate::from_der(&content).is_ok(),
        })
}

/// The last line that says something.
fn last_words(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("warning:"))?;
    Some(line.chars().filter(|c| !c.is_control()).take(200).collect())
}

/// How a command ended that did not mean to.
fn crash(status: std::process::ExitStatus) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return Some(format!("signal {signal}"));
        }
    }
    match status.code() {
        // a shell says so of a command that a signal ended; 101 is a panic of Rust, 2 one of Go is not
        // told from a usage error
        Some(code @ 129..=159) => Some(format!("signal {}", code - 128)),
        Some(101) => Some("panic (exit code 101)".to_owned()),
        _ => None,
    }
}

/// Ends a command with all that it started.
async fn end_group(id: Option<u32>) {
    if let Some(id) = id {
        let group = format!("-{id}");
        let kill = Command::new("kill").args(["-KILL", "--", &group]).status();
        // whoever is gone already needs no ending
        let _ = kill.await;
    }
}
