//! Two providers as one.

use alloc::sync::Arc;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, KeyType, PrivateKey,
    RandomSource, SignatureAlgorithm,
};
use crate::{Error, Result};

/// A provider that hands to a second one what the first cannot do.
///
/// Only [`Unsupported`](Error::Unsupported) goes on to the second; every other error of the first
/// stands. A private key is loaded by both, where both can, so that what it cannot do in the first
/// (signing with SHA-1, say) it does in the second.
#[derive(Clone, Debug)]
pub struct Fallback {
    first: Arc<dyn CryptoProvider>,
    second: Arc<dyn CryptoProvider>,
}

impl Fallback {
    /// `first` for all it can do, `second` for the rest.
    #[must_use]
    pub const fn new(first: Arc<dyn CryptoProvider>, second: Arc<dyn CryptoProvider>) -> Self {
        Self { first, second }
    }

    fn either<T>(&self, mut attempt: impl FnMut(&dyn CryptoProvider) -> Result<T>) -> Result<T> {
        match attempt(self.first.as_ref()) {
            Err(Error::Unsupported { .. }) => attempt(self.second.as_ref()),
            outcome => outcome,
        }
    }
}

impl CryptoProvider for Fallback {
    fn name(&self) -> &'static str {
        "a provider with a fallback"
    }

    fn digest(&self, algorithm: DigestAlgorithm, data: &[u8]) -> Result<Vec<u8>> {
        self.either(|provider| provider.digest(algorithm, data))
    }

    fn verify(
        &self,
        spki: &[u8],
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        self.either(|provider| provider.verify(spki, algorithm, message, signature))
    }

    fn load_private_key(&self, der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
        match self.first.load_private_key(der) {
            Ok(first) => Ok(match self.second.load_private_key(der) {
                Ok(second) => Arc::new(FallbackKey { first, second }),
                Err(_) => first,
            }),
            Err(Error::Unsupported { .. }) => self.second.load_private_key(der),
            Err(error) => Err(error),
        }
    }

    fn generate_private_key(
        &self,
        key_type: KeyType,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.either(|provider| provider.generate_private_key(key_type, rng))
    }

    fn wrap_cek(
        &self,
        spki: &[u8],
        transport: KeyTransport,
        cek: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        self.either(|provider| provider.wrap_cek(spki, transport, cek, rng))
    }

    fn encrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        self.either(|provider| provider.encrypt_content(cipher, key, iv, plaintext))
    }

    fn decrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.either(|provider| provider.decrypt_content(cipher, key, iv, ciphertext))
    }

    fn encrypt_authenticated(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        self.either(|provider| {
            provider.encrypt_authenticated(cipher, key, nonce, associated, plaintext)
        })
    }

    fn decrypt_authenticated(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.either(|provider| {
            provider.decrypt_authenticated(cipher, key, nonce, associated, ciphertext, tag)
        })
    }

    fn derive_key(
        &self,
        digest: DigestAlgorithm,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        key_len: usize,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.either(|provider| provider.derive_key(digest, password, salt, iterations, key_len))
    }

    fn encrypt_blocks(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        blocks: &mut [u8],
    ) -> Result<()> {
        self.either(|provider| provider.encrypt_blocks(cipher, key, iv, blocks))
    }

    fn decrypt_blocks(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        blocks: &mut [u8],
    ) -> Result<()> {
        self.either(|provider| provider.decrypt_blocks(cipher, key, iv, blocks))
    }
}

/// One key in two providers.
struct FallbackKey {
    first: Arc<dyn PrivateKey>,
    second: Arc<dyn PrivateKey>,
}

impl FallbackKey {
    fn either<T>(&self, mut attempt: impl FnMut(&dyn PrivateKey) -> Result<T>) -> Result<T> {
        match attempt(self.first.as_ref()) {
            Err(Error::Unsupported { .. }) => attempt(self.second.as_ref()),
            outcome => outcome,
        }
    }
}

impl PrivateKey for FallbackKey {
    fn spki_der(&self) -> &[u8] {
        self.first.spki_der()
    }

    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        self.either(|key| key.sign(algorithm, message, rng))
    }

    fn decrypt_cek(
        &self,
        transport: KeyTransport,
        ciphertext: &[u8],
        expected_len: usize,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        // that an algorithm is missing does not depend on the plaintext, so neither does this
        self.either(|key| key.decrypt_cek(transport, ciphertext, expected_len, rng))
    }
}
