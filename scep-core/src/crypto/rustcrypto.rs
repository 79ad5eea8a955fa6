//! The pure-Rust provider, on the RustCrypto crates.

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;

use cipher::block_padding::Pkcs7;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use rand_core::{TryCryptoRng, TryRng};
use rsa::oaep::Oaep;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PublicKey};
use sha2::Digest;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, KeyType, PrivateKey,
    RandomSource, SignatureAlgorithm,
};
use crate::asn1::{Reader, tag};
use crate::cms::algorithm::{AlgorithmIdentifier, describe};
use crate::error::Layer;
use crate::oid;
use crate::{Error, Result};

/// The default provider: `rsa`, `sha1`, `sha2`, `md-5`, `aes`, `des`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

const NAME: &str = "the rustcrypto provider";

/// Moduli that are read. Signing and sealing keys below 1024 bits are left to history; old messages
/// with 512-bit keys can still be inspected.
const MODULUS_BITS: core::ops::RangeInclusive<usize> = 512..=8192;

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

/// Runs `$body` with `$C` bound to the block cipher type.
macro_rules! with_cipher {
    ($cipher:expr, $C:ident => $body:expr) => {
        match $cipher {
            ContentCipher::DesCbc => {
                type $C = des::Des;
                $body
            }
            ContentCipher::DesEde3Cbc => {
                type $C = des::TdesEde3;
                $body
            }
            ContentCipher::Aes128Cbc => {
                type $C = aes::Aes128;
                $body
            }
            ContentCipher::Aes192Cbc => {
                type $C = aes::Aes192;
                $body
            }
            ContentCipher::Aes256Cbc => {
                type $C = aes::Aes256;
                $body
            }
        }
    };
}

impl CryptoProvider for RustCrypto {
    fn name(&self) -> &'static str {
        NAME
    }

    fn digest(&self, algorithm: DigestAlgorithm, data: &[u8]) -> Result<Vec<u8>> {
        Ok(with_hash!(algorithm, D => D::digest(data).to_vec()))
    }

    fn verify(
        &self,
        spki: &[u8],
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let SignatureAlgorithm::RsaPkcs1v15(digest) = algorithm;
        let key = public_key(spki)?;
        with_hash!(digest, D => key.pkcs1v15_verify::<D>(message, signature))
            .map_err(|_| Error::not_authentic("the signature is wrong"))
    }

    fn load_private_key(&self, der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
        let key = rsa::PrivateKey::from_pkcs8_der(der)
            .or_else(|_| rsa::PrivateKey::from_pkcs1_der(der))
            .map_err(|_| private_key_error(der))?;
        let spki = key
            .to_public_key()
            .to_public_key_der()
            .map_err(|e| Error::malformed(Layer::Key, e.to_string()))?
            .into_vec();
        Ok(Arc::new(RsaKey { key, spki }))
    }

    fn generate_private_key(
        &self,
        key_type: KeyType,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let KeyType::Rsa(bits) = key_type;
        if !(1024..=8192).contains(&bits) {
            return Err(Error::unsupported(
                format!("an RSA key of {bits} bits"),
                NAME,
            ));
        }
        let key = rsa::PrivateKey::new(&mut Adapter(rng), bits)
            .map_err(|e| Error::Misuse(format!("an RSA key of {bits} bits cannot be made: {e}")))?;
        let document = key
            .to_pkcs8_der()
            .map_err(|e| Error::malformed(Layer::Key, e.to_string()))?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    fn wrap_cek(
        &self,
        spki: &[u8],
        transport: KeyTransport,
        cek: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let key = public_key(spki)?;
        let mut rng = Adapter(rng);
        match transport {
            KeyTransport::RsaPkcs1v15 => key.pkcs1v15_encrypt_with_rng(&mut rng, cek),
            KeyTransport::RsaOaep { digest, mgf_digest } => with_hash!(digest, D => {
                with_hash!(mgf_digest, M => key.encrypt(&mut rng, Oaep::<D, M>::new_with_mgf_hash(), cek))
            }),
        }
        .map_err(|e| Error::Misuse(format!("the content-encryption key cannot be encrypted: {e}")))
    }

    fn encrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        with_cipher!(cipher, C => {
            cbc::Encryptor::<C>::new_from_slices(key, iv).map(|e| e.encrypt_padded_vec::<Pkcs7>(plaintext))
        })
        .map_err(|_| Error::Misuse(format!("the key or IV for {cipher} has the wrong length")))
    }

    fn decrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::not_authentic("the content cannot be decrypted");
        with_cipher!(cipher, C => {
            cbc::Decryptor::<C>::new_from_slices(key, iv)
                .ok()
                .and_then(|d| d.decrypt_padded_vec::<Pkcs7>(ciphertext).ok())
        })
        .map(Zeroizing::new)
        .ok_or_else(failed)
    }
}

/// An RSA key in memory; erased when dropped (by the `rsa` crate).
struct RsaKey {
    key: rsa::PrivateKey,
    spki: Vec<u8>,
}

impl PrivateKey for RsaKey {
    fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let SignatureAlgorithm::RsaPkcs1v15(digest) = algorithm;
        let mut rng = Adapter(rng);
        with_hash!(digest, D => self.key.pkcs1v15_sign_with_rng::<D, _>(&mut rng, message))
            .map_err(|e| Error::Misuse(format!("signing failed: {e}")))
    }

    fn decrypt_cek(
        &self,
        transport: KeyTransport,
        ciphertext: &[u8],
        expected_len: usize,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        if ciphertext.len() != self.key.size() {
            return Err(Error::malformed(
                Layer::Cms,
                format!(
                    "encryptedKey has {} octets, but the recipient's modulus has {}",
                    ciphertext.len(),
                    self.key.size()
                ),
            ));
        }
        // made before the outcome is known, so that both ways cost the same
        let mut cek = Zeroizing::new(alloc::vec![0; expected_len]);
        rng.fill(&mut cek);
        let mut rng = Adapter(rng);
        let plain = match transport {
            KeyTransport::RsaPkcs1v15 => self.key.pkcs1v15_decrypt_with_rng(&mut rng, ciphertext),
            KeyTransport::RsaOaep { digest, mgf_digest } => with_hash!(digest, D => {
                with_hash!(mgf_digest, M => {
                    self.key.decrypt_blinded(&mut rng, Oaep::<D, M>::new_with_mgf_hash(), ciphertext)
                })
            }),
        };
        let plain = Zeroizing::new(plain.unwrap_or_default());
        let good = plain.len().ct_eq(&expected_len);
        for (i, octet) in cek.iter_mut().enumerate() {
            let theirs = plain.get(i).copied().unwrap_or(0);
            *octet = u8::conditional_select(octet, &theirs, good);
        }
        Ok(cek)
    }
}

/// Reads an RSA SubjectPublicKeyInfo, tolerant of sizes and of absent parameters.
fn public_key(spki: &[u8]) -> Result<PublicKey> {
    let read = || -> Result<(AlgorithmIdentifier, Vec<u8>, Vec<u8>)> {
        let mut fields = Reader::new(spki)
            .expect(tag::SEQUENCE, "SubjectPublicKeyInfo")?
            .reader();
        let algorithm = AlgorithmIdentifier::from_tlv(&fields.expect(tag::SEQUENCE, "algorithm")?)?;
        let bits = fields.expect(tag::BIT_STRING, "subjectPublicKey")?;
        if algorithm.algorithm != oid::RSA_ENCRYPTION {
            return Ok((algorithm, Vec::new(), Vec::new()));
        }
        let mut key = Reader::new(bits.value.get(1..).unwrap_or_default())
            .expect(tag::SEQUENCE, "RSAPublicKey")?
            .reader();
        let modulus = key.expect(tag::INTEGER, "modulus")?.value.to_vec();
        let exponent = key.expect(tag::INTEGER, "publicExponent")?.value.to_vec();
        Ok((algorithm, modulus, exponent))
    };
    let (algorithm, modulus, exponent) = read().map_err(|e| e.in_layer(Layer::Key))?;
    if algorithm.algorithm != oid::RSA_ENCRYPTION {
        return Err(Error::unsupported(
            format!("a public key of type {}", describe(algorithm.algorithm)),
            NAME,
        ));
    }
    let bad = |e: rsa::Error| {
        Error::malformed(Layer::Key, format!("the RSA public key is unusable: {e}"))
    };
    let n = BoxedUint::from_be_slice_vartime(&modulus);
    let e = BoxedUint::from_be_slice_vartime(&exponent);
    PublicKey::new_with_size_limits(n, e, MODULUS_BITS).map_err(bad)
}

/// Why a private key could not be read.
fn private_key_error(der: &[u8]) -> Error {
    let mut fields = Reader::new(der);
    let algorithm = fields
        .expect(tag::SEQUENCE, "private key")
        .and_then(|outer| {
            let mut fields = outer.reader();
            fields.expect(tag::INTEGER, "version")?;
            AlgorithmIdentifier::from_tlv(&fields.expect(tag::SEQUENCE, "privateKeyAlgorithm")?)
        })
        .map(|identifier| identifier.algorithm);
    match algorithm {
        Ok(other) if other != oid::RSA_ENCRYPTION => {
            Error::unsupported(format!("a private key of type {}", describe(other)), NAME)
        }
        _ => Error::malformed(
            Layer::Key,
            "the private key is neither PKCS#8 nor PKCS#1 DER of an RSA key",
        ),
    }
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
