//! Flags that several commands share.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use scep_client::net::{ClientIdentity, ForwardProxy, HyperNetwork, TrustStore};
use scep_core::asn1::{Reader, tag};
use scep_core::client::{CaTrust, MethodChoice};
use scep_core::crypto::{CryptoProvider, KeyType, PrivateKey, SystemRandom};
use scep_core::inspect::private_key_der;
use scep_core::message::ChallengePassword;
use scep_core::pbes2;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, pem};
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::files;
use crate::render::Renderer;

/// How the CA is recognised.
#[derive(Args, Debug, Default)]
#[group(id = "trust", multiple = false)]
pub(crate) struct TrustArgs {
    /// SHA-256 fingerprint of the CA's certificate (root or issuing CA), in hexadecimal.
    #[arg(long, value_name = "H")]
    pub(crate) ca_sha256: Option<String>,
    /// File with the CA's certificate (PEM or DER).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Trust whatever CA answers first. Anyone in the middle can pretend to be it.
    #[arg(long)]
    pub(crate) insecure_trust_first: bool,
}

impl TrustArgs {
    pub(crate) fn given(&self) -> bool {
        self.ca_sha256.is_some() || self.ca_file.is_some() || self.insecure_trust_first
    }

    pub(crate) fn trust(&self, renderer: &Renderer) -> Result<CaTrust> {
        if let Some(text) = &self.ca_sha256 {
            return fingerprint(text).map(CaTrust::Sha256);
        }
        if let Some(path) = &self.ca_file {
            let mut all = certificates(path)?;
            return if all.len() == 1 {
                Ok(CaTrust::Certificate(Box::new(all.remove(0))))
            } else {
                Err(Failure::usage(format!(
                    "{} holds {} certificates; --ca-file takes the one of the CA",
                    path.display(),
                    all.len()
                )))
            };
        }
        if self.insecure_trust_first {
            renderer.warn(
                "the CA is not checked (--insecure-trust-first); compare its fingerprint yourself",
            );
            return Ok(CaTrust::FirstSeen);
        }
        Err(Failure::usage(
            "how is the CA recognised? Give --ca-sha256 or --ca-file (or --insecure-trust-first)",
        ))
    }
}

/// A fingerprint: 64 hexadecimal digits, colons and blanks allowed.
pub(crate) fn fingerprint(text: &str) -> Result<[u8; 32]> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let bad = || {
        Failure::usage(format!(
            "--ca-sha256: a SHA-256 fingerprint has 64 hexadecimal digits, \"{text}\" has not"
        ))
    };
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(bad());
    }
    let mut out = [0; 32];
    for (octet, pair) in out.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
        *octet = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
    }
    Ok(out)
}

/// Certificates of a PEM or DER file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let content = files::read(path)?;
    let parsed = match std::str::from_utf8(&content) {
        Ok(text) if text.contains("-----BEGIN") => Certificate::all_from_pem(text),
        _ => Certificate::from_der(&content).map(|certificate| vec![certificate]),
    };
    let certificates = parsed.map_err(|e| Failure::local(format!("{}: {e}", path.display())))?;
    if certificates.is_empty() {
        return Err(Failure::local(format!(
            "{}: holds no certificate",
            path.display()
        )));
    }
    Ok(certificates)
}

/// Where the challenge password comes from.
#[derive(Args, Debug, Default)]
#[group(id = "challenge-source", multiple = false)]
pub(crate) struct ChallengeArgs {
    /// File with the challenge password (its first line); - for stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) challenge_file: Option<PathBuf>,
    /// Command that prints the challenge password (its first line), run by the shell.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) challenge_command: Option<String>,
    /// Environment variable with the challenge password.
    #[arg(long, value_name = "NAME")]
    pub(crate) challenge_env: Option<String>,
    /// The challenge password itself; everyone on this machine can see it in the process list.
    #[arg(long, value_name = "VALUE")]
    pub(crate) challenge: Option<String>,
}

impl ChallengeArgs {
    pub(crate) fn given(&self) -> bool {
        self.challenge_file.is_some()
            || self.challenge_command.is_some()
            || self.challenge_env.is_some()
            || self.challenge.is_some()
    }

    pub(crate) fn challenge(&self, renderer: &Renderer) -> Result<Option<ChallengePassword>> {
        if let Some(path) = &self.challenge_file {
            let text = Zeroizing::new(files::read_text(path)?);
            return first_line(&text, &path.display().to_string()).map(Some);
        }
        if let Some(command) = &self.challenge_command {
            return output_of(command).map(Some);
        }
        if let Some(name) = &self.challenge_env {
            return match std::env::var(name) {
                Ok(value) if !value.is_empty() => Ok(Some(ChallengePassword::new(value))),
                _ => Err(Failure::usage(format!(
                    "--challenge-env: the variable {name} is not set"
                ))),
            };
        }
        if let Some(value) = &self.challenge {
            renderer.warn("--challenge is visible in the process list; prefer --challenge-file");
            return Ok(Some(ChallengePassword::new(value.clone())));
        }
        Ok(None)
    }
}

/// All challenge passwords of a file, one a line.
pub(crate) fn challenges(path: &Path) -> Result<Vec<ChallengePassword>> {
    let text = Zeroizing::new(files::read_text(path)?);
    let lines = text.lines().filter(|line| !line.is_empty());
    Ok(lines.map(ChallengePassword::new).collect())
}

/// The challenge password that a text begins with.
pub(crate) fn first_line(text: &str, origin: &str) -> Result<ChallengePassword> {
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(ChallengePassword::new(line)),
        _ => Err(Failure::local(format!(
            "{origin}: the first line is empty, where the challenge password should be"
        ))),
    }
}

/// The challenge password that a command prints. What it says on stderr goes to ours.
pub(crate) fn output_of(command: &str) -> Result<ChallengePassword> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let bad = |why: &str| Failure::local(format!("--challenge-command: {why}"));
    let output = std::process::Command::new(shell)
        .args([flag, command])
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| bad(&format!("{shell}: {e}")))?;
    let text = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(bad(&format!("the command ended with {}", output.status)));
    }
    let text = std::str::from_utf8(&text).map_err(|_| bad("what it printed is no UTF-8"))?;
    first_line(text, "--challenge-command")
}

/// The key that is to be certified.
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    /// Use this private key (PEM or DER) instead of a new one.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) password: KeyPasswordArgs,
    /// Kind of the new key: rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384 or ed25519. Most servers
    /// serve RSA only; replies to other keys are encrypted with the challenge password.
    #[arg(
        long,
        value_name = "TYPE",
        default_value = "rsa:2048",
        conflicts_with = "key_file"
    )]
    pub(crate) key_type: String,
}

/// Kinds of keys that are made.
const KEY_TYPES: [&str; 6] = [
    "rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ed25519",
];

/// A private key, and its PKCS#8 if it is new and has to be written.
pub(crate) struct Key {
    pub(crate) key: Arc<dyn PrivateKey>,
    /// PKCS #8, if it was that.
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
    pub(crate) new_pem: Option<Zeroizing<String>>,
}

impl KeyArgs {
    pub(crate) fn key(&self, provider: &dyn CryptoProvider) -> Result<Key> {
        if let Some(path) = &self.key_file {
            let pkcs8 = self.password.der(provider, path)?;
            let key = provider.load_private_key(&pkcs8);
            return Ok(Key {
                key: key.map_err(|e| Failure::local(format!("{}: {e}", path.display())))?,
                pkcs8,
                new_pem: None,
            });
        }
        let known = KEY_TYPES.contains(&self.key_type.as_str());
        let key_type: KeyType = match self.key_type.parse() {
            Ok(key_type) if known => key_type,
            _ => {
                let unknown = crate::nearest::unknown("key type", &self.key_type, KEY_TYPES);
                return Err(Failure::usage(unknown));
            }
        };
        let der = provider
            .generate_private_key(key_type, &mut SystemRandom)
            .map_err(|e| Failure::local(e.to_string()))?;
        let key = provider
            .load_private_key(&der)
            .map_err(|e| Failure::local(e.to_string()))?;
        Ok(Key {
            key,
            new_pem: Some(Zeroizing::new(pem::encode("PRIVATE KEY", &der))),
            pkcs8: der,
        })
    }
}

/// The password of private keys that are encrypted.
#[derive(Args, Debug, Default)]
pub(crate) struct KeyPasswordArgs {
    /// File with the password (its first line) of private keys that are encrypted.
    #[arg(long, value_name = "FILE")]
    key_password_file: Option<PathBuf>,
}

impl KeyPasswordArgs {
    /// Reads a private key file: its PKCS #8, or whatever else it holds in the clear.
    pub(crate) fn der(
        &self,
        provider: &dyn CryptoProvider,
        path: &Path,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let content = Zeroizing::new(files::read(path)?);
        let named = |e: scep_core::Error| Failure::local(format!("{}: {e}", path.display()));
        let Some(encrypted) = encrypted_key(&content) else {
            return private_key_der(&content).map_err(named);
        };
        let Some(file) = &self.key_password_file else {
            return Err(Failure::usage(format!(
                "{} is encrypted; give --key-password-file",
                path.display()
            )));
        };
        let password = password_of(file)?;
        pbes2::decrypt_private_key(provider, password.as_bytes(), &encrypted).map_err(named)
    }

    /// Reads a private key file.
    pub(crate) fn load(
        &self,
        provider: &dyn CryptoProvider,
        path: &Path,
    ) -> Result<Arc<dyn PrivateKey>> {
        let der = self.der(provider, path)?;
        let key = provider.load_private_key(&der);
        key.map_err(|e| Failure::local(format!("{}: {e}", path.display())))
    }
}

/// An EncryptedPrivateKeyInfo, if that is what a file holds.
fn encrypted_key(content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if let Ok(text) = std::str::from_utf8(content)
        && text.contains("-----BEGIN")
    {
        let blocks = pem::blocks(text).ok()?;
        let mut blocks = blocks.into_iter();
        let block = blocks.find(|block| block.label == "ENCRYPTED PRIVATE KEY")?;
        return Some(Zeroizing::new(block.der));
    }
    // a key in the clear begins with its version
    let outer = Reader::new(content).expect(tag::SEQUENCE, "a key").ok()?;
    let first = outer.reader().next("its first field").ok()?;
    (first.tag == tag::SEQUENCE).then(|| Zeroizing::new(content.to_vec()))
}

/// The first line of a file.
pub(crate) fn password_of(path: &Path) -> Result<Zeroizing<String>> {
    let text = Zeroizing::new(files::read_text(path)?);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::local(format!(
            "{}: the first line is empty, where the password should be",
            path.display()
        )));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// Reads a private key file that is not encrypted.
pub(crate) fn load_key(provider: &dyn CryptoProvider, path: &Path) -> Result<Arc<dyn PrivateKey>> {
    KeyPasswordArgs::default().load(provider, path)
}

/// PKCS #12.
#[derive(Args, Debug)]
pub(crate) struct Pkcs12Args {
    /// Write PREFIX.p12, too: key, certificate and chain, encrypted with the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) p12_password_file: Option<PathBuf>,
}

/// Algorithms and transport.
#[derive(Args, Debug)]
pub(crate) struct ProtocolArgs {
    /// Algorithms that are acceptable.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub(crate) policy: PolicyChoice,
    /// GET or POST for PKIOperation.
    #[arg(long, value_enum, default_value_t, value_name = "METHOD")]
    pub(crate) method: MethodArg,
    /// CA identifier, sent as message= of GetCACaps and GetCACert.
    #[arg(long, value_name = "TEXT")]
    pub(crate) ca_identifier: Option<String>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// How the server is reached.
#[derive(Args, Debug)]
pub(crate) struct NetworkArgs {
    /// Further root certificates for https (PEM).
    #[arg(long, value_name = "FILE")]
    tls_ca_file: Option<PathBuf>,
    /// Certificate (PEM, with its chain) for servers that ask for one in the TLS handshake.
    #[arg(long, value_name = "FILE", requires = "tls_client_key")]
    tls_client_cert: Option<PathBuf>,
    /// Its key (PEM or DER, PKCS #8).
    #[arg(long, value_name = "FILE", requires = "tls_client_cert")]
    tls_client_key: Option<PathBuf>,
    /// Ask this name server (ADDRESS:PORT, by UDP) in place of the operating system's resolver.
    #[arg(long, value_name = "ADDRESS")]
    resolver: Option<SocketAddr>,
    /// Go through this forward proxy, http://HOST:PORT. Variables of the environment are not asked.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
}

impl NetworkArgs {
    /// The real network.
    pub(crate) fn network(&self) -> Result<HyperNetwork> {
        let mut trust = TrustStore::system();
        if let Some(path) = &self.tls_ca_file {
            trust
                .add_pem(&files::read_text(path)?)
                .map_err(|e| Failure::local(format!("{}: {}", path.display(), e.causes())))?;
        }
        let mut network = HyperNetwork::new(trust);
        if let Some(server) = self.resolver {
            network = network.with_resolver(server);
        }
        if let Some(url) = &self.proxy {
            network = network.with_proxy(ForwardProxy::parse(url)?);
        }
        if let (Some(chain), Some(key)) = (&self.tls_client_cert, &self.tls_client_key) {
            let chain = certificates(chain)?;
            let chain = chain.iter().map(|c| c.as_der().to_vec()).collect();
            let content = Zeroizing::new(files::read(key)?);
            let pkcs8 = private_key_der(&content)
                .map_err(|e| Failure::local(format!("{}: {e}", key.display())))?;
            let identity = ClientIdentity::new(chain, pkcs8.to_vec())?;
            network = network.with_client_identity(identity);
        }
        Ok(network)
    }
}

/// Names of algorithm policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PolicyChoice {
    /// RFC 8894: SHA-256 and AES; SHA-1 and 3DES are read.
    #[default]
    Rfc8894,
    /// As NDES: SHA-1 may be sent.
    Ndes,
    /// Anything, single DES and MD5 included.
    Legacy,
}

impl PolicyChoice {
    pub(crate) const fn policy(self) -> AlgorithmPolicy {
        match self {
            Self::Rfc8894 => AlgorithmPolicy::RFC8894,
            Self::Ndes => AlgorithmPolicy::NDES,
            Self::Legacy => AlgorithmPolicy::LEGACY,
        }
    }
}

/// GET or POST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MethodArg {
    /// As the server's capabilities say.
    #[default]
    Auto,
    /// GET.
    Get,
    /// POST.
    Post,
}

impl From<MethodArg> for MethodChoice {
    fn from(arg: MethodArg) -> Self {
        match arg {
            MethodArg::Auto => Self::ByCapabilities,
            MethodArg::Get => Self::Get,
            MethodArg::Post => Self::Post,
        }
    }
}

/// Checks a SCEP URL before anything is done with it.
pub(crate) fn scep_url(text: &str) -> std::result::Result<String, String> {
    const EXAMPLE: &str = "a SCEP URL looks like https://host/certsrv/mscep/mscep.dll";
    let url = url::Url::parse(text).map_err(|e| match e {
        url::ParseError::RelativeUrlWithoutBase => EXAMPLE.to_owned(),
        other => format!("{other}; {EXAMPLE}"),
    })?;
    match url.scheme() {
        "http" | "https" => Ok(text.to_owned()),
        other => Err(format!("SCEP goes over http or https, not {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn fingerprints_are_read_in_every_usual_form() {
        let colons = ["AB"; 32].join(":");
        assert_eq!(fingerprint(&colons).unwrap(), [0xab; 32]);
        assert_eq!(fingerprint(&"ab".repeat(32)).unwrap(), [0xab; 32]);
        assert!(fingerprint("ab").unwrap_err().message.contains("64"));
        assert!(fingerprint(&"é".repeat(32)).is_err());
    }
}
