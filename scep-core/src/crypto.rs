//! The seam to a crypto library: keys and signatures cross it as DER or octets.
//!
//! Nothing of a crypto crate's types is visible here, so that this crate's versions are its own.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::{Error, Result};
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
use key_format::private_key_algorithm;

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
mod cipher;
mod digest;
mod fallback;
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
mod fault;
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
mod implicit_rejection;
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
mod key_format;
mod key_transport;
mod key_type;
mod random;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;
mod signature;

#[cfg(feature = "aws-lc-rs")]
pub use self::aws_lc_rs::AwsLcRs;
pub use cipher::ContentCipher;
pub use digest::DigestAlgorithm;
pub use fallback::Fallback;
pub use key_transport::KeyTransport;
pub use key_type::{KeyType, PublicKeyAlgorithm};
pub use random::RandomSource;
#[cfg(feature = "std")]
pub use random::SystemRandom;
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::RustCrypto;
pub use signature::SignatureAlgorithm;
/// Erases what it holds when dropped; keys and plaintexts are handed over in it.
pub use zeroize::Zeroizing;

/// A crypto library.
///
/// Implementations are stateless; what they cannot do is
/// [`Error::Unsupported`] with their [`name`](Self::name). A provider may have a random generator of
/// its own, and then leaves the one that is passed in alone.
pub trait CryptoProvider: Send + Sync + fmt::Debug {
    /// The provider's name, for messages.
    fn name(&self) -> &'static str;

    /// Hashes `data`.
    ///
    /// # Errors
    /// `Unsupported` if the provider lacks the algorithm.
    fn digest(&self, algorithm: DigestAlgorithm, data: &[u8]) -> Result<Vec<u8>>;

    /// Verifies `signature` over `message` with the key in `spki` (DER SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// `NotAuthentic` if the signature is wrong, `Malformed` if the key cannot be read,
    /// `Unsupported` if the provider lacks the algorithm.
    fn verify(
        &self,
        spki: &[u8],
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<()>;

    /// Loads a private key from PKCS#8 (`PrivateKeyInfo`), PKCS#1 (`RSAPrivateKey`) or SEC 1
    /// (`ECPrivateKey`) DER.
    ///
    /// # Errors
    /// `Malformed` if it is none of these, `Unsupported` if the key's type or size is not for this
    /// provider.
    fn load_private_key(&self, der: &[u8]) -> Result<Arc<dyn PrivateKey>>;

    /// Makes a new key and returns it as PKCS#8 DER.
    ///
    /// # Errors
    /// `Unsupported` if the provider cannot make such a key.
    fn generate_private_key(
        &self,
        key_type: KeyType,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>>;

    /// Encrypts a content-encryption key to the public key in `spki`.
    ///
    /// # Errors
    /// `Malformed` if the key cannot be read, `Unsupported` if it cannot transport keys.
    fn wrap_cek(
        &self,
        spki: &[u8],
        transport: KeyTransport,
        cek: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>>;

    /// Encrypts `plaintext` in CBC mode with PKCS#7 padding.
    ///
    /// # Errors
    /// `Misuse` if key or IV have the wrong length, `Unsupported` if the cipher is missing.
    fn encrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>>;

    /// Decrypts CBC with PKCS#7 padding.
    ///
    /// # Errors
    /// `NotAuthentic`, one and the same whatever was wrong with key or padding; `Unsupported` if the
    /// cipher is missing.
    fn decrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>>;

    /// Encrypts in GCM; the tag of 16 octets follows the ciphertext.
    ///
    /// # Errors
    /// `Misuse` if key or nonce have the wrong length, `Unsupported` if the cipher is missing.
    fn encrypt_authenticated(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        let _ = (key, nonce, associated, plaintext);
        Err(Error::unsupported(format!("{cipher}"), self.name()))
    }

    /// Decrypts GCM; the tag (12 to 16 octets) comes apart.
    ///
    /// # Errors
    /// `NotAuthentic`, one and the same whatever was wrong; `Unsupported` if the cipher, or a tag of
    /// this length, is missing.
    fn decrypt_authenticated(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let _ = (key, nonce, associated, ciphertext, tag);
        Err(Error::unsupported(format!("{cipher}"), self.name()))
    }

    /// Derives a key from a password by PBKDF2 (RFC 8018 section 5.2) with an HMAC of `digest`.
    ///
    /// # Errors
    /// `Unsupported` if the provider lacks it, `Misuse` if `iterations` is zero.
    fn derive_key(
        &self,
        digest: DigestAlgorithm,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        key_len: usize,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let _ = (password, salt, iterations, key_len);
        Err(Error::unsupported(
            format!("PBKDF2 with {digest}"),
            self.name(),
        ))
    }

    /// Encrypts whole blocks in CBC mode without padding, in place.
    ///
    /// # Errors
    /// `Misuse` if a length does not fit, `Unsupported` if the cipher is missing.
    fn encrypt_blocks(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        blocks: &mut [u8],
    ) -> Result<()> {
        let _ = (key, iv, blocks);
        Err(Error::unsupported(
            format!("{cipher} without padding"),
            self.name(),
        ))
    }

    /// Decrypts whole blocks in CBC mode without padding, in place.
    ///
    /// # Errors
    /// `Misuse` if a length does not fit, `Unsupported` if the cipher is missing.
    fn decrypt_blocks(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        blocks: &mut [u8],
    ) -> Result<()> {
        let _ = (key, iv, blocks);
        Err(Error::unsupported(
            format!("{cipher} without padding"),
            self.name(),
        ))
    }
}

/// A private key that may be held elsewhere (memory, HSM, key service).
pub trait PrivateKey: Send + Sync {
    /// The public key as DER SubjectPublicKeyInfo.
    fn spki_der(&self) -> &[u8];

    /// Signs `message` (the key holder hashes it).
    ///
    /// # Errors
    /// `Unsupported` if the key cannot sign that way.
    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>>;

    /// Decrypts a content-encryption key of `expected_len` octets.
    ///
    /// Bad padding or a wrong length is **not** an error: a random key of `expected_len` octets
    /// comes back (implicit rejection, RFC 3218), and the failure shows at the end, uniformly.
    /// So an attacker who sends chosen ciphertexts learns nothing from the answer.
    ///
    /// # Errors
    /// Only what does not depend on the plaintext: `Unsupported` for a key that cannot decrypt,
    /// `Malformed` for a ciphertext whose length does not fit the modulus.
    fn decrypt_cek(
        &self,
        transport: KeyTransport,
        ciphertext: &[u8],
        expected_len: usize,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>>;
}

impl fmt::Debug for dyn PrivateKey {
    /// Never shows key material.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("spki_len", &self.spki_der().len())
            .finish_non_exhaustive()
    }
}

/// The provider that this crate was built with, shared: pure Rust if it is there, else AWS-LC.
#[cfg(feature = "rustcrypto")]
#[must_use]
pub fn default_provider() -> Arc<dyn CryptoProvider> {
    Arc::new(RustCrypto)
}

/// The provider that this crate was built with, shared: pure Rust if it is there, else AWS-LC.
#[cfg(all(feature = "aws-lc-rs", not(feature = "rustcrypto")))]
#[must_use]
pub fn default_provider() -> Arc<dyn CryptoProvider> {
    Arc::new(AwsLcRs)
}
