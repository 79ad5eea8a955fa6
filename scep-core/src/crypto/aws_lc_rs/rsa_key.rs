//! RSA: PKCS#1 v1.5 and PSS signatures, PKCS#1 v1.5 and OAEP key transport.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384,
    OAEP_SHA512_MGF1SHA512, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    KeyPair, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair, RsaParameters, RsaPssSaltLength,
    RsaPublicKeyComponents,
};
use zeroize::Zeroizing;

use super::super::fault::{bad_key, wrong_signature};
use super::super::implicit_rejection;
use super::super::key_type::{PublicKey, bit_len};
use super::super::{DigestAlgorithm, KeyTransport, PrivateKey, RandomSource, SignatureAlgorithm};
use super::{failed, unsupported};
use crate::error::Layer;
use crate::{Error, Result};

/// Moduli that AWS-LC signs, decrypts and encrypts with.
const MODULUS_BITS: RangeInclusive<usize> = 2048..=8192;
/// Public exponents that AWS-LC computes with.
const EXPONENT_BITS: usize = 33;

/// The public key, and how many bits its modulus has. Nothing is copied.
fn components<'a>(public: &PublicKey<'a>) -> Result<(RsaPublicKeyComponents<&'a [u8]>, usize)> {
    let unusable =
        |why| Error::malformed(Layer::Key, format!("the RSA public key is unusable: {why}"));
    let (n, e) = public.rsa()?;
    let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
    let odd = |integer: &[u8]| integer.last().is_some_and(|octet| octet & 1 == 1);
    if !odd(n) {
        return Err(unusable("the modulus is even"));
    }
    if !odd(e) || e == [1] {
        return Err(unusable("the exponent is even or one"));
    }
    if bit_len(e) > EXPONENT_BITS {
        let bits = bit_len(e);
        return Err(unsupported(format!(
            "an RSA public exponent of {bits} bits"
        )));
    }
    Ok((RsaPublicKeyComponents { n, e }, bit_len(n)))
}

fn without_leading_zeros(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|octet| **octet == 0).count();
    integer.get(zeros..).unwrap_or_default()
}

pub(super) fn verify(
    public: &PublicKey<'_>,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let (key, bits) = components(public)?;
    let parameters = parameters(algorithm)?;
    let least = usize::try_from(parameters.min_modulus_len()).unwrap_or(usize::MAX);
    if !(least..=*MODULUS_BITS.end()).contains(&bits) {
        return Err(unsupported(format!(
            "verifying {algorithm} by a key of {bits} bits"
        )));
    }
    key.verify(&parameters, message, signature)
        .map_err(|_| wrong_signature())
}

fn parameters(algorithm: SignatureAlgorithm) -> Result<RsaParameters> {
    Ok(match algorithm {
        SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha1) => {
            RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
        }
        SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256) => {
            RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha384) => RSA_PKCS1_2048_8192_SHA384,
        SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha512) => {
            RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
        }
        SignatureAlgorithm::RsaPss {
            digest,
            mgf_digest,
            salt_len,
        } => {
            let parameters = match (digest, mgf_digest) {
                (DigestAlgorithm::Sha256, DigestAlgorithm::Sha256) => RSA_PSS_2048_8192_SHA256,
                (DigestAlgorithm::Sha384, DigestAlgorithm::Sha384) => RSA_PSS_2048_8192_SHA384,
                (DigestAlgorithm::Sha512, DigestAlgorithm::Sha512) => RSA_PSS_2048_8192_SHA512,
                _ => return Err(cannot("verifying", algorithm)),
            };
            // a salt that is longer than any modulus is in no signature
            let salt_len = u16::try_from(salt_len).map_err(|_| wrong_signature())?;
            parameters.with_pss_salt_length(RsaPssSaltLength::Custom(salt_len))
        }
        other => return Err(cannot("verifying", other)),
    })
}

/// That a scheme is not there for this.
fn cannot(verb: &str, algorithm: SignatureAlgorithm) -> Error {
    unsupported(match algorithm {
        SignatureAlgorithm::RsaPss {
            mgf_digest,
            salt_len,
            ..
        } => format!("{verb} {algorithm}, MGF1 with {mgf_digest} and a salt of {salt_len} octets"),
        other => format!("{verb} {other}"),
    })
}

/// Both digests have to be the same one.
fn oaep(transport: KeyTransport) -> Result<Option<&'static OaepAlgorithm>> {
    Ok(match transport {
        KeyTransport::RsaPkcs1v15 => None,
        KeyTransport::RsaOaep { digest, mgf_digest } => Some(match (digest, mgf_digest) {
            (DigestAlgorithm::Sha1, DigestAlgorithm::Sha1) => &OAEP_SHA1_MGF1SHA1,
            (DigestAlgorithm::Sha256, DigestAlgorithm::Sha256) => &OAEP_SHA256_MGF1SHA256,
            (DigestAlgorithm::Sha384, DigestAlgorithm::Sha384) => &OAEP_SHA384_MGF1SHA384,
            (DigestAlgorithm::Sha512, DigestAlgorithm::Sha512) => &OAEP_SHA512_MGF1SHA512,
            _ => {
                return Err(unsupported(format!(
                    "RSA OAEP with {digest} and MGF1 with {mgf_digest}"
                )));
            }
        }),
    })
}

pub(super) fn wrap(public: &PublicKey<'_>, transport: KeyTransport, cek: &[u8]) -> Result<Vec<u8>> {
    let (key, bits) = components(public)?;
    if !MODULUS_BITS.contains(&bits) {
        return Err(unsupported(format!(
            "encryption to an RSA key of {bits} bits"
        )));
    }
    let oaep = oaep(transport)?;
    let key: PublicEncryptingKey = key.try_into().map_err(|_| bad_key("the RSA public key"))?;
    let mut out = alloc::vec![0; key.key_size_bytes()];
    let written = match oaep {
        None => {
            Pkcs1PublicEncryptingKey::new(key).and_then(|key| Ok(key.encrypt(cek, &mut out)?.len()))
        }
        Some(algorithm) => OaepPublicEncryptingKey::new(key)
            .and_then(|key| Ok(key.encrypt(algorithm, cek, &mut out, None)?.len())),
    };
    out.truncate(written.map_err(|_| failed("encrypting the content-encryption key"))?);
    Ok(out)
}

pub(super) fn load(der: &[u8], bits: usize) -> Result<Arc<dyn PrivateKey>> {
    // zero: the modulus cannot be read, nor will the key
    if bits != 0 && !MODULUS_BITS.contains(&bits) {
        return Err(unsupported(format!("an RSA key of {bits} bits")));
    }
    RsaKey::load(der)
        .map(|key| Arc::new(key) as Arc<dyn PrivateKey>)
        .ok_or_else(|| bad_key("the RSA private key"))
}

pub(super) fn generate(bits: usize) -> Result<Zeroizing<Vec<u8>>> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        8192 => KeySize::Rsa8192,
        _ => return Err(unsupported(format!("making an RSA key of {bits} bits"))),
    };
    let document: Pkcs8V1Der<'_> = RsaKeyPair::generate(size)
        .and_then(|key| key.as_der())
        .map_err(|_| failed("making an RSA key"))?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// An RSA key in memory, ready for every use; erased when dropped (by AWS-LC).
struct RsaKey {
    signing: RsaKeyPair,
    pkcs1: Pkcs1PrivateDecryptingKey,
    oaep: OaepPrivateDecryptingKey,
    spki: Vec<u8>,
}

impl RsaKey {
    fn load(der: &[u8]) -> Option<Self> {
        let (signing, decrypting) = if let Ok(signing) = RsaKeyPair::from_pkcs8(der) {
            (signing, PrivateDecryptingKey::from_pkcs8(der).ok()?)
        } else {
            let signing = RsaKeyPair::from_der(der).ok()?;
            // to decrypt, the crate reads PKCS#8 only
            let pkcs8: Pkcs8V1Der<'_> = signing.as_der().ok()?;
            (
                signing,
                PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref()).ok()?,
            )
        };
        let public: PublicKeyX509Der<'_> = signing.public_key().as_der().ok()?;
        let spki = public.as_ref().to_vec();
        Some(Self {
            signing,
            // one key in AWS-LC, held twice
            pkcs1: Pkcs1PrivateDecryptingKey::new(decrypting.clone()).ok()?,
            oaep: OaepPrivateDecryptingKey::new(decrypting).ok()?,
            spki,
        })
    }
}

impl PrivateKey for RsaKey {
    fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        _rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let encoding: &'static dyn RsaEncoding = match algorithm {
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256) => &RSA_PKCS1_SHA256,
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha384) => &RSA_PKCS1_SHA384,
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha512) => &RSA_PKCS1_SHA512,
            // the salt is as long as the digest, as RFC 4055 recommends
            SignatureAlgorithm::RsaPss {
                digest,
                mgf_digest,
                salt_len,
            } if digest == mgf_digest && salt_len == digest.output_len() => match digest {
                DigestAlgorithm::Sha256 => &RSA_PSS_SHA256,
                DigestAlgorithm::Sha384 => &RSA_PSS_SHA384,
                DigestAlgorithm::Sha512 => &RSA_PSS_SHA512,
                _ => return Err(cannot("signing by", algorithm)),
            },
            SignatureAlgorithm::RsaPkcs1v15(_) | SignatureAlgorithm::RsaPss { .. } => {
                return Err(cannot("signing by", algorithm));
            }
            other => return Err(unsupported(format!("{other} with an RSA key"))),
        };
        let mut signature = alloc::vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| failed("signing"))?;
        Ok(signature)
    }

    fn decrypt_cek(
        &self,
        transport: KeyTransport,
        ciphertext: &[u8],
        expected_len: usize,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let oaep = oaep(transport)?;
        let modulus_len = self.pkcs1.key_size_bytes();
        implicit_rejection::decrypt_cek(modulus_len, ciphertext, expected_len, rng, |_| {
            let mut plain = Zeroizing::new(alloc::vec![0; modulus_len]);
            let found = match oaep {
                None => self.pkcs1.decrypt(ciphertext, &mut plain),
                Some(algorithm) => self.oaep.decrypt(algorithm, ciphertext, &mut plain, None),
            };
            let len = found.map_or(0, |found| found.len());
            (plain, len)
        })
    }
}
