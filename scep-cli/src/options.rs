//! Flags that several commands share.

mod challenge;
mod key;
mod network;
mod output;
mod protocol;
mod wishes;

use std::path::{Path, PathBuf};

use clap::Args;
use scep_core::client::CaTrust;
use scep_core::x509::Certificate;
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::files;
use crate::render::Renderer;

pub(crate) use challenge::{ChallengeArgs, challenges, first_line, output_of};
pub(crate) use key::{Key, KeyArgs, KeyPasswordArgs, load_key};
pub(crate) use network::NetworkArgs;
pub(crate) use output::{Format, OutputArgs, Paths};
pub(crate) use protocol::{PolicyChoice, ProtocolArgs};
pub(crate) use wishes::WishArgs;

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
