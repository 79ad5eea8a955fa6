//! The pure-Rust provider, on the RustCrypto crates.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use super::fault::{no_iterations, wrong_scheme};
use super::key_type::PublicKey;
use super::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, KeyType, PrivateKey,
    PublicKeyAlgorithm, RandomSource, SignatureAlgorithm, private_key_algorithm,
};
use crate::{Error, Result, oid};

/// Runs `$body` with `$D` bound to the hash type of a digest algorithm.
macro_rules! with_hash {
    ($algorithm:expr, $D:ident => $body:expr) => {
        match $algorithm {
            DigestAlgorithm::Md5 => {
                type $D = md5::Md5;
                $body
            }
            DigestAlgorithm::Sha1 => {
                type $D = sha1::Sha1;
                $body
            }
            DigestAlgorithm::Sha224 => {
                type $D = sha2::Sha224;
                $body
            }
            DigestAlgorithm::Sha256 => {
                type $D = sha2::Sha256;
                $body
            }
            DigestAlgorithm::Sha384 => {
                type $D = sha2::Sha384;
                $body
            }
            DigestAlgorithm::Sha512 => {
                type $D = sha2::Sha512;
                $body
            }
        }
    };
}

mod ec_key;
mod ed25519_key;
mod rsa_key;
mod symmetric;

/// The default provider: `rsa`, `p256`, `p384`, `ed25519-dalek`, `sha1`, `sha2`, `md-5`, `aes`,
/// `des`, `aes-gcm`, `pbkdf2`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

const NAME: &str = "the rustcrypto provider";

impl CryptoProvider for RustCrypto {
    fn name(&self) -> &'static str {
        NAME
    }

    fn digest(&self, algorithm: DigestAlgorithm, data: &[u8]) -> Result<Vec<u8>> {
        Ok(digest(algorithm, data))
    }

    fn verify(
        &self,
        spki: &[u8],
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let public = PublicKey::parse(spki)?;
        match (public.kind()?, algorithm) {
            (
                PublicKeyAlgorithm::Rsa { .. },
                SignatureAlgorithm::RsaPkcs1v15(_) | SignatureAlgorithm::RsaPss { .. },
            ) => rsa_key::verify(&public, algorithm, message, signature),
            (PublicKeyAlgorithm::EcP256, SignatureAlgorithm::Ecdsa(hash)) => {
                ec_key::verify_p256(public.key, &digest(hash, message), signature)
            }
            (PublicKeyAlgorithm::EcP384, SignatureAlgorithm::Ecdsa(hash)) => {
                ec_key::verify_p384(public.key, &digest(hash, message), signature)
            }
            (PublicKeyAlgorithm::Ed25519, SignatureAlgorithm::Ed25519) => {
                ed25519_key::verify(public.key, message, signature)
            }
            (PublicKeyAlgorithm::Other(_), _) => Err(Error::unsupported(
                format!("a public key of type {}", public.kind()?),
                NAME,
            )),
            (key, _) => Err(wrong_scheme(key, algorithm)),
        }
    }

    fn load_private_key(&self, der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
        match private_key_algorithm(der)? {
            PublicKeyAlgorithm::Rsa { .. } => rsa_key::load(der),
            PublicKeyAlgorithm::EcP256 => ec_key::load_p256(der),
            PublicKeyAlgorithm::EcP384 => ec_key::load_p384(der),
            PublicKeyAlgorithm::Ed25519 => ed25519_key::load(der),
            other @ PublicKeyAlgorithm::Other(_) => Err(Error::unsupported(
                format!("a private key of type {other}"),
                NAME,
            )),
        }
    }

    fn generate_private_key(
        &self,
        key_type: KeyType,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        match key_type {
            KeyType::Rsa(bits) => rsa_key::generate(bits, rng),
            KeyType::EcP256 => ec_key::generate_p256(rng),
            KeyType::EcP384 => ec_key::generate_p384(rng),
            KeyType::Ed25519 => ed25519_key::generate(rng),
        }
    }

    fn wrap_cek(
        &self,
        spki: &[u8],
        transport: KeyTransport,
        cek: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let public = PublicKey::parse(spki)?;
        if public.algorithm.algorithm != oid::RSA_ENCRYPTION {
            return Err(Error::unsupported(
                format!("encryption to a public key of type {}", public.kind()?),
                NAME,
            ));
        }
        rsa_key::wrap(&public, transport, cek, rng)
    }

    fn encrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        symmetric::encrypt_cbc(cipher, key, iv, plaintext)
    }

    fn decrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        symmetric::decrypt_cbc(cipher, key, iv, ciphertext)
    }

    fn encrypt_authenticated(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        symmetric::encrypt_gcm(cipher, key, nonce, associated, plaintext)
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
        symmetric::decrypt_gcm(cipher, key, nonce, associated, ciphertext, tag)
    }

    fn derive_key(
        &self,
        digest: DigestAlgorithm,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        key_len: usize,
    ) -> Result<Zeroizing<Vec<u8>>> {
        if iterations == 0 {
            return Err(no_iterations());
        }
        let mut key = Zeroizing::new(alloc::vec![0; key_len]);
        with_hash!(digest, D => pbkdf2::pbkdf2_hmac::<D>(password, salt, iterations, &mut key));
        Ok(key)
    }

    fn encrypt_blocks(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        blocks: &mut [u8],
    ) -> Result<()> {
        symmetric::encrypt_blocks(cipher, key, iv, blocks)
    }

    fn decrypt_blocks(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        blocks: &mut [u8],
    ) -> Result<()> {
        symmetric::decrypt_blocks(cipher, key, iv, blocks)
    }
}

fn digest(algorithm: DigestAlgorithm, data: &[u8]) -> Vec<u8> {
    with_hash!(algorithm, D => <D as sha2::Digest>::digest(data).to_vec())
}

fn cannot_decrypt(key: PublicKeyAlgorithm) -> Error {
    Error::unsupported(format!("decryption with a key of type {key}"), NAME)
}

/// Lends a [`RandomSource`] to the RustCrypto traits.
struct Adapter<'a>(&'a mut dyn RandomSource);

impl TryRng for Adapter<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.0.fill(&mut octets);
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.0.fill(&mut octets);
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Adapter<'_> {}
