//! The `openssl` command, as a judge that we did not write.

use std::path::PathBuf;
use std::process::{Command, Output};

use scep_core::x509::{Certificate, pem};
use tempfile::TempDir;

use super::key_der;

/// A folder of its own in which `openssl` runs.
pub struct OpenSsl(TempDir);

impl OpenSsl {
    /// `None` if there is no `openssl`, which is said aloud; with `SCEP_REQUIRE_PEERS=1` it fails.
    pub fn start() -> Option<Self> {
        match Command::new("openssl").arg("version").output() {
            Ok(output) if output.status.success() => Some(Self(TempDir::new().unwrap())),
            other => {
                let required = std::env::var("SCEP_REQUIRE_PEERS").is_ok_and(|v| v == "1");
                assert!(!required, "SCEP_REQUIRE_PEERS=1, but no openssl: {other:?}");
                eprintln!("SKIPPED: the openssl command does not run ({other:?})");
                None
            }
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Writes `<name>.pem` and `<name>.key` for a certificate and the test key of that name.
    pub fn identity(&self, name: &str, certificate: &Certificate) {
        self.write(&format!("{name}.pem"), certificate.to_pem());
        self.key(name);
    }

    /// Writes the test key `name` as `<name>.key`.
    pub fn key(&self, name: &str) {
        let text = pem::encode("PRIVATE KEY", &key_der(name));
        self.write(&format!("{name}.key"), text);
    }

    /// Runs `openssl` with arguments that are separated by blanks.
    pub fn run(&self, arguments: &str) -> Output {
        Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// As [`run`](Self::run), must succeed; returns what it printed on both streams.
    pub fn ok(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "openssl {arguments}\n{text}");
        text
    }

    /// Makes `<name>.crt` in DER with `openssl req -x509` from a configuration text.
    pub fn self_signed(&self, config: &str, arguments: &str) -> Vec<u8> {
        self.write("x.cnf", config);
        self.ok(&format!(
            "req -x509 -config x.cnf -outform DER -out x.crt {arguments}"
        ));
        self.read("x.crt")
    }
}
