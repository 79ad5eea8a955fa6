//! The key that is to be certified, and keys that are there already.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use scep_core::asn1::{Reader, tag};
use scep_core::crypto::{CryptoProvider, KeyType, PrivateKey, SystemRandom};
use scep_core::inspect::private_key_der;
use scep_core::pbes2;
use scep_core::x509::pem;
use zeroize::Zeroizing;

use super::password_of;
use crate::failure::{Failure, Result};
use crate::files;

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
    /// Whether it is new, and has to be written.
    pub(crate) is_new: bool,
}

impl KeyArgs {
    pub(crate) fn key(&self, provider: &dyn CryptoProvider) -> Result<Key> {
        if let Some(path) = &self.key_file {
            let pkcs8 = self.password.der(provider, path)?;
            let key = provider.load_private_key(&pkcs8);
            return Ok(Key {
                key: key.map_err(|e| Failure::local(format!("{}: {e}", path.display())))?,
                pkcs8,
                is_new: false,
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
            pkcs8: der,
            is_new: true,
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

/// Reads a private key file that is not encrypted.
pub(crate) fn load_key(provider: &dyn CryptoProvider, path: &Path) -> Result<Arc<dyn PrivateKey>> {
    KeyPasswordArgs::default().load(provider, path)
}
