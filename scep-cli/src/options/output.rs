//! The files that a certificate ends up in.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

/// The files that a certificate ends up in.
#[derive(Args, Debug, Default)]
pub(crate) struct OutputArgs {
    /// How keys and certificates are written. In DER the certificate is PREFIX.cer, and the chain is
    /// PREFIX.chain.p7b (PKCS #7).
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Write PREFIX.p12, too: key, certificate and chain, encrypted with the first line of this file. Java
    /// opens it if that is ASCII.
    #[arg(long, value_name = "FILE")]
    pub(crate) p12_password_file: Option<PathBuf>,
}

/// How keys and certificates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text.
    #[default]
    Pem,
    /// Octets.
    Der,
}

/// The files of one enrollment.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) chain: PathBuf,
    pub(crate) pending: PathBuf,
    pub(crate) p12: PathBuf,
}

impl OutputArgs {
    pub(crate) fn paths(&self, prefix: &Path) -> Paths {
        let with = |suffix: &str| {
            let mut name = prefix.as_os_str().to_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let (certificate, chain) = match self.format {
            Format::Pem => (".pem", ".chain.pem"),
            Format::Der => (".cer", ".chain.p7b"),
        };
        Paths {
            key: with(".key"),
            certificate: with(certificate),
            chain: with(chain),
            pending: with(".pending.json"),
            p12: with(".p12"),
        }
    }

    /// The files that may not be there yet.
    pub(crate) fn new_files<'a>(&self, paths: &'a Paths, makes_key: bool) -> Vec<&'a Path> {
        let mut files = vec![paths.certificate.as_path(), &paths.chain, &paths.pending];
        if makes_key {
            files.push(&paths.key);
        }
        if self.p12_password_file.is_some() {
            files.push(&paths.p12);
        }
        files
    }
}
