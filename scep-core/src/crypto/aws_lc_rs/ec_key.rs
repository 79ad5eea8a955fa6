//! ECDSA on P-256 and P-384.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING,
    ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P384_SHA512_ASN1, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, KeyPair, ParsedPublicKey,
};
use zeroize::Zeroizing;

use super::super::fault::{bad_key, wrong_signature};
use super::super::{
    DigestAlgorithm, KeyTransport, PrivateKey, PublicKeyAlgorithm, RandomSource, SignatureAlgorithm,
};
use super::{cannot_decrypt, failed, unsupported};
use crate::Result;

/// A curve, with the one digest that AWS-LC signs with on it.
pub(super) struct Curve {
    kind: PublicKeyAlgorithm,
    digest: DigestAlgorithm,
    signing: &'static EcdsaSigningAlgorithm,
}

pub(super) static P256: Curve = Curve {
    kind: PublicKeyAlgorithm::EcP256,
    digest: DigestAlgorithm::Sha256,
    signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
};

pub(super) static P384: Curve = Curve {
    kind: PublicKeyAlgorithm::EcP384,
    digest: DigestAlgorithm::Sha384,
    signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
};

pub(super) fn verify(
    point: &[u8],
    curve: &Curve,
    digest: DigestAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    use DigestAlgorithm::{Sha1, Sha256, Sha384, Sha512};
    use PublicKeyAlgorithm::{EcP256, EcP384};
    let algorithm: &'static EcdsaVerificationAlgorithm = match (curve.kind, digest) {
        (EcP256, Sha1) => &ECDSA_P256_SHA1_ASN1,
        (EcP256, Sha256) => &ECDSA_P256_SHA256_ASN1,
        (EcP256, Sha384) => &ECDSA_P256_SHA384_ASN1,
        (EcP256, Sha512) => &ECDSA_P256_SHA512_ASN1,
        (EcP384, Sha256) => &ECDSA_P384_SHA256_ASN1,
        (EcP384, Sha384) => &ECDSA_P384_SHA384_ASN1,
        (EcP384, Sha512) => &ECDSA_P384_SHA512_ASN1,
        (kind, _) => {
            let scheme = SignatureAlgorithm::Ecdsa(digest);
            return Err(unsupported(format!("verifying {scheme} on {kind}")));
        }
    };
    ParsedPublicKey::new(algorithm, point)
        .map_err(|_| bad_key("the EC public key"))?
        .verify_sig(message, signature)
        .map_err(|_| wrong_signature())
}

pub(super) fn load(curve: &'static Curve, der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
    let bad = || bad_key("the EC private key");
    let key = EcdsaKeyPair::from_private_key_der(curve.signing, der).map_err(|_| bad())?;
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| bad())?;
    let spki = public.as_ref().to_vec();
    Ok(Arc::new(EcKey { key, curve, spki }))
}

pub(super) fn generate(curve: &'static Curve) -> Result<Zeroizing<Vec<u8>>> {
    let document = EcdsaKeyPair::generate(curve.signing)
        .and_then(|key| key.to_pkcs8v1())
        .map_err(|_| failed("making an EC key"))?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// An EC key in memory; erased when dropped (by AWS-LC).
struct EcKey {
    key: EcdsaKeyPair,
    curve: &'static Curve,
    spki: Vec<u8>,
}

impl PrivateKey for EcKey {
    fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        _rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        if algorithm != SignatureAlgorithm::Ecdsa(self.curve.digest) {
            let kind = self.curve.kind;
            return Err(unsupported(format!("signing by {algorithm} on {kind}")));
        }
        let signature = self.key.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| failed("signing"))?.as_ref().to_vec())
    }

    fn decrypt_cek(
        &self,
        _transport: KeyTransport,
        _ciphertext: &[u8],
        _expected_len: usize,
        _rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        Err(cannot_decrypt(self.curve.kind))
    }
}
