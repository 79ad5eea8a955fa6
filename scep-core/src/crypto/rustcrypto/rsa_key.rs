//! RSA: PKCS#1 v1.5 and PSS signatures, PKCS#1 v1.5 and OAEP key transport.

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rsa::oaep::Oaep;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::pss::Pss;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PublicKey as RsaPublicKey};
use zeroize::Zeroizing;

use super::super::fault::{bad_key, wrong_scheme, wrong_signature};
use super::super::implicit_rejection;
use super::super::key_type::PublicKey;
use super::super::{
    DigestAlgorithm, KeyTransport, PrivateKey, PublicKeyAlgorithm, RandomSource, SignatureAlgorithm,
};
use super::{Adapter, NAME, digest};
use crate::error::Layer;
use crate::{Error, Result};

/// Moduli that are read. Signing and sealing keys below 1024 bits are left to history; old messages
/// with 512-bit keys can still be inspected.
const MODULUS_BITS: core::ops::RangeInclusive<usize> = 512..=8192;

fn public_key(public: &PublicKey<'_>) -> Result<RsaPublicKey> {
    let (modulus, exponent) = public.rsa()?;
    let n = BoxedUint::from_be_slice_vartime(modulus);
    let e = BoxedUint::from_be_slice_vartime(exponent);
    RsaPublicKey::new_with_size_limits(n, e, MODULUS_BITS)
        .map_err(|e| Error::malformed(Layer::Key, format!("the RSA public key is unusable: {e}")))
}

pub(super) fn verify(
    public: &PublicKey<'_>,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let key = public_key(public)?;
    match algorithm {
        SignatureAlgorithm::RsaPkcs1v15(hash) => {
            with_hash!(hash, D => key.pkcs1v15_verify::<D>(message, signature))
        }
        SignatureAlgorithm::RsaPss {
            digest: hash,
            mgf_digest,
            salt_len,
        } => {
            if hash != mgf_digest {
                return Err(two_digests(hash, mgf_digest));
            }
            let hashed = digest(hash, message);
            with_hash!(hash, D => key.verify(Pss::<D>::new_with_salt(salt_len), &hashed, signature))
        }
        other => return Err(wrong_scheme(PublicKeyAlgorithm::Rsa { bits: 0 }, other)),
    }
    .map_err(|_| wrong_signature())
}

fn two_digests(digest: DigestAlgorithm, mgf_digest: DigestAlgorithm) -> Error {
    Error::unsupported(
        format!("RSA PSS with {digest} and MGF1 with {mgf_digest}"),
        NAME,
    )
}

pub(super) fn wrap(
    public: &PublicKey<'_>,
    transport: KeyTransport,
    cek: &[u8],
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    let key = public_key(public)?;
    let mut rng = Adapter(rng);
    match transport {
        KeyTransport::RsaPkcs1v15 => key.pkcs1v15_encrypt_with_rng(&mut rng, cek),
        KeyTransport::RsaOaep { digest, mgf_digest } => with_hash!(digest, D => {
            with_hash!(mgf_digest, M => key.encrypt(&mut rng, Oaep::<D, M>::new_with_mgf_hash(), cek))
        }),
    }
    .map_err(|e| Error::Misuse(format!("the content-encryption key cannot be encrypted: {e}")))
}

pub(super) fn load(der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
    let key = rsa::PrivateKey::from_pkcs8_der(der)
        .or_else(|_| rsa::PrivateKey::from_pkcs1_der(der))
        .map_err(|_| bad_key("the RSA private key"))?;
    let spki = key
        .to_public_key()
        .to_public_key_der()
        .map_err(|e| Error::malformed(Layer::Key, e.to_string()))?
        .into_vec();
    Ok(Arc::new(RsaKey { key, spki }))
}

pub(super) fn generate(bits: usize, rng: &mut dyn RandomSource) -> Result<Zeroizing<Vec<u8>>> {
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
        let mut rng = Adapter(rng);
        match algorithm {
            SignatureAlgorithm::RsaPkcs1v15(hash) => {
                with_hash!(hash, D => self.key.pkcs1v15_sign_with_rng::<D, _>(&mut rng, message))
            }
            SignatureAlgorithm::RsaPss {
                digest: hash,
                mgf_digest,
                salt_len,
            } => {
                if hash != mgf_digest {
                    return Err(two_digests(hash, mgf_digest));
                }
                let hashed = digest(hash, message);
                with_hash!(hash, D => {
                    let scheme = Pss::<D>::new_blinded_with_salt(salt_len);
                    self.key.sign_with_rng(&mut rng, scheme, &hashed)
                })
            }
            other => {
                return Err(Error::unsupported(format!("{other} with an RSA key"), NAME));
            }
        }
        .map_err(|e| Error::Misuse(format!("signing failed: {e}")))
    }

    fn decrypt_cek(
        &self,
        transport: KeyTransport,
        ciphertext: &[u8],
        expected_len: usize,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        implicit_rejection::decrypt_cek(self.key.size(), ciphertext, expected_len, rng, |rng| {
            let mut rng = Adapter(rng);
            let plain = match transport {
                KeyTransport::RsaPkcs1v15 => {
                    self.key.pkcs1v15_decrypt_with_rng(&mut rng, ciphertext)
                }
                KeyTransport::RsaOaep { digest, mgf_digest } => with_hash!(digest, D => {
                    with_hash!(mgf_digest, M => {
                        let scheme = Oaep::<D, M>::new_with_mgf_hash();
                        self.key.decrypt_blinded(&mut rng, scheme, ciphertext)
                    })
                }),
            };
            let plain = Zeroizing::new(plain.unwrap_or_default());
            let len = plain.len();
            (plain, len)
        })
    }
}
