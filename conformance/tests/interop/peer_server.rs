//! SCEP servers of others, each started in a folder of its own, with a CA of its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::namespace;
use crate::process::{Running, installed, run, skip};

/// The challenge password of each.
pub const CHALLENGE: &str = "CorrectHorse1";

/// A running server.
pub struct PeerServer {
    pub address: SocketAddr,
    /// Where it serves SCEP.
    pub path: &'static str,
    folder: TempDir,
    /// The certificate that whoever enrolls has to know, in the folder.
    ca: &'static str,
    _process: Running,
}

impl PeerServer {
    /// micromdm's `scepserver`, in a network namespace of its own since it listens on every interface;
    /// `None` if the test is done already. `test` is the name of the test.
    pub fn scepserver(test: &str) -> Option<Self> {
        let programs = ["scepserver", "openssl", "unshare", "ip"];
        if !installed(&programs, "scep openssl util-linux iproute2") || !namespace::enter(test) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        #[rustfmt::skip]
        let arguments = [
            "ca", "-init", "-depot", "depot", "-organization", "Test", "-keySize", "2048",
            "-key-password", "",
        ];
        run(folder.path(), "scepserver", &arguments).expect_success("scepserver ca -init");
        let address = free_address();
        let port = address.port().to_string();
        #[rustfmt::skip]
        let arguments =
            ["-depot", "depot", "-challenge", CHALLENGE, "-allowrenew", "0", "-port", &port];
        let mut command = Command::new("scepserver");
        command.args(arguments);
        Some(Self::start(
            command,
            folder,
            address,
            "/scep",
            "depot/ca.pem",
        ))
    }

    /// step-ca, with the RSA intermediate that its SCEP provisioner needs, answering in AES-256-CBC.
    pub fn step_ca() -> Option<Self> {
        let program = step_ca_program();
        if !program.is_file() {
            skip(
                "step-ca is not built; conformance/peers/step-ca/build does it, on Debian's Go libraries",
            );
            return None;
        }
        if !installed(&["openssl"], "openssl") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        two_level_ca(folder.path());
        let (address, https) = (free_address(), free_address());
        let configuration = serde_json::json!({
            "root": "root.pem",
            "crt": "intermediate.pem",
            "key": "intermediate.key",
            "address": https.to_string(),
            "insecureAddress": address.to_string(),
            "dnsNames": ["localhost"],
            "db": {"type": "badgerv2", "dataSource": "db"},
            "authority": {"provisioners": [{
                "type": "SCEP",
                "name": "devices",
                "challenge": CHALLENGE,
                "includeRoot": true,
                "encryptionAlgorithmIdentifier": 2,
            }]},
        });
        std::fs::write(folder.path().join("ca.json"), configuration.to_string()).unwrap();
        let mut command = Command::new(program);
        command.arg("ca.json");
        Some(Self::start(
            command,
            folder,
            address,
            "/scep/devices",
            "root.pem",
        ))
    }

    fn start(
        mut command: Command,
        folder: TempDir,
        address: SocketAddr,
        path: &'static str,
        ca: &'static str,
    ) -> Self {
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Running::start(&mut command);
        wait_until_open(address);
        Self {
            address,
            path,
            folder,
            ca,
            _process: process,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of the CA's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder().join(self.ca)
    }
}

/// Where step-ca is, or would be.
fn step_ca_program() -> PathBuf {
    std::env::var_os("SCEP_STEP_CA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/step-ca"),
        PathBuf::from,
    )
}

/// A root, `root.pem`, and below it `intermediate.pem` with `intermediate.key`.
fn two_level_ca(folder: &Path) {
    let extensions = "basicConstraints=critical,CA:TRUE\n\
        keyUsage=critical,keyCertSign,cRLSign,digitalSignature,keyEncipherment\n\
        subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
    std::fs::write(folder.join("extensions"), extensions).unwrap();
    #[rustfmt::skip]
    let commands: [&[&str]; 3] = [
        &["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Root", "-days", "30",
          "-keyout", "root.key", "-out", "root.pem"],
        &["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Intermediate",
          "-keyout", "intermediate.key", "-out", "intermediate.csr"],
        &["x509", "-req", "-in", "intermediate.csr", "-CA", "root.pem", "-CAkey", "root.key",
          "-CAcreateserial", "-days", "30", "-extfile", "extensions", "-out", "intermediate.pem"],
    ];
    for arguments in commands {
        run(folder, "openssl", arguments).expect_success("openssl");
    }
}

/// An address on loopback that nobody listens at.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Waits until somebody listens.
pub fn wait_until_open(address: SocketAddr) {
    for _ in 0..400 {
        if TcpStream::connect(address).is_ok() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing listens at {address}");
}
