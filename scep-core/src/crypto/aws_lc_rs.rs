//! The provider on AWS-LC, through the crate `aws-lc-rs`.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use aws_lc_rs::{digest as hash, pbkdf2};
use zeroize::Zeroizing;

use super::fault::{no_iterations, wrong_scheme};
use super::key_type::PublicKey;
use super::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, KeyType, PrivateKey,
    PublicKeyAlgorithm, RandomSource, SignatureAlgorithm, private_key_algorithm,
};
use crate::{Error, Result, oid};

mod ec_key;
mod ed25519_key;
mod rsa_key;
mod symmetric;

/// The provider on AWS-LC: with RSA several times as fast as the pure-Rust one, and constant time.
///
/// It lacks what AWS-LC keeps out of reach, and says `Unsupported`:
///
/// * MD5; SHA-224 but for hashing; signing with SHA-1; PBKDF2 with either of the first two;
/// * RSA below 2048 bits, except to verify PKCS#1 v1.5 (from 1024 bits on, not with SHA-384), and new
///   RSA keys of other than 2048, 3072, 4096 and 8192 bits;
/// * PSS with SHA-1 or two digests, and to sign, with a salt of another length than the digest's;
/// * OAEP with SHA-224 or two digests;
/// * ECDSA signatures with another digest than the curve's (SHA-256 on P-256, SHA-384 on P-384);
/// * GCM tags of other than 16 octets;
/// * DES with weak keys, and triple DES with two parts of the key alike.
///
/// [`Fallback`](super::Fallback) hands such cases to another provider.
///
/// Keys, padding and signatures get their randomness from AWS-LC's own generator. The
/// [`RandomSource`] that is passed in makes one thing only: the substitute for a content-encryption
/// key that could not be decrypted.
///
/// AWS-LC checks the padding of RSA decryption in constant time, but then *returns* whether it was
/// good. That way is some 30 ns longer; the substitute is made and chosen with the same steps
/// whatever came out.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLcRs;

const NAME: &str = "the aws-lc-rs provider";

impl CryptoProvider for AwsLcRs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn digest(&self, algorithm: DigestAlgorithm, data: &[u8]) -> Result<Vec<u8>> {
        let algorithm = match algorithm {
            DigestAlgorithm::Md5 => return Err(unsupported(format!("{algorithm}"))),
            DigestAlgorithm::Sha1 => &hash::SHA1_FOR_LEGACY_USE_ONLY,
            DigestAlgorithm::Sha224 => &hash::SHA224,
            DigestAlgorithm::Sha256 => &hash::SHA256,
            DigestAlgorithm::Sha384 => &hash::SHA384,
            DigestAlgorithm::Sha512 => &hash::SHA512,
        };
        Ok(hash::digest(algorithm, data).as_ref().to_vec())
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
            (PublicKeyAlgorithm::EcP256, SignatureAlgorithm::Ecdsa(digest)) => {
                ec_key::verify(public.key, &ec_key::P256, digest, message, signature)
            }
            (PublicKeyAlgorithm::EcP384, SignatureAlgorithm::Ecdsa(digest)) => {
                ec_key::verify(public.key, &ec_key::P384, digest, message, signature)
            }
            (PublicKeyAlgorithm::Ed25519, SignatureAlgorithm::Ed25519) => {
                ed25519_key::verify(public.key, message, signature)
            }
            (other @ PublicKeyAlgorithm::Other(_), _) => {
                Err(unsupported(format!("a public key of type {other}")))
            }
            (key, _) => Err(wrong_scheme(key, algorithm)),
        }
    }

    fn load_private_key(&self, der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
        match private_key_algorithm(der)? {
            PublicKeyAlgorithm::Rsa { bits } => rsa_key::load(der, bits),
            PublicKeyAlgorithm::EcP256 => ec_key::load(&ec_key::P256, der),
            PublicKeyAlgorithm::EcP384 => ec_key::load(&ec_key::P384, der),
            PublicKeyAlgorithm::Ed25519 => ed25519_key::load(der),
            other @ PublicKeyAlgorithm::Other(_) => {
                Err(unsupported(format!("a private key of type {other}")))
            }
        }
    }

    fn generate_private_key(
        &self,
        key_type: KeyType,
        _rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        match key_type {
            KeyType::Rsa(bits) => rsa_key::generate(bits),
            KeyType::EcP256 => ec_key::generate(&ec_key::P256),
            KeyType::EcP384 => ec_key::generate(&ec_key::P384),
            KeyType::Ed25519 => ed25519_key::generate(),
        }
    }

    fn wrap_cek(
        &self,
        spki: &[u8],
        transport: KeyTransport,
        cek: &[u8],
        _rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let public = PublicKey::parse(spki)?;
        if public.algorithm.algorithm != oid::RSA_ENCRYPTION {
            let key = public.kind()?;
            return Err(unsupported(format!(
                "encryption to a public key of type {key}"
            )));
        }
        rsa_key::wrap(&public, transport, cek)
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
        let iterations = NonZeroU32::new(iterations).ok_or_else(no_iterations)?;
        let algorithm = match digest {
            DigestAlgorithm::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            DigestAlgorithm::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            DigestAlgorithm::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            DigestAlgorithm::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
            DigestAlgorithm::Md5 | DigestAlgorithm::Sha224 => {
                return Err(unsupported(format!("PBKDF2 with {digest}")));
            }
        };
        // RFC 8018 section 5.2: as many blocks as four octets can count; the crate panics above
        if u32::try_from(key_len).is_err() {
            return Err(Error::Misuse("PBKDF2 cannot derive a key this long".into()));
        }
        let mut key = Zeroizing::new(alloc::vec![0; key_len]);
        pbkdf2::derive(algorithm, iterations, salt, password, &mut key);
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

#[cold]
fn unsupported(algorithm: String) -> Error {
    Error::unsupported(algorithm, NAME)
}

/// The library reports no reasons; what can be wrong with the input was looked at before.
#[cold]
fn failed(what: &str) -> Error {
    Error::Misuse(format!("{what} failed in AWS-LC"))
}

fn cannot_decrypt(key: PublicKeyAlgorithm) -> Error {
    unsupported(format!("decryption with a key of type {key}"))
}
