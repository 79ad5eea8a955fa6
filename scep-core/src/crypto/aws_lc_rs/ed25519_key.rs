//! Ed25519 (RFC 8032).

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use zeroize::Zeroizing;

use super::super::fault::{bad_key, wrong_signature};
use super::super::{
    KeyTransport, PrivateKey, PublicKeyAlgorithm, RandomSource, SignatureAlgorithm,
};
use super::{cannot_decrypt, failed, unsupported};
use crate::Result;

pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    ParsedPublicKey::new(&ED25519, key)
        .map_err(|_| bad_key("the Ed25519 public key"))?
        .verify_sig(message, signature)
        .map_err(|_| wrong_signature())
}

pub(super) fn load(der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
    let bad = || bad_key("the Ed25519 private key");
    let key = Ed25519KeyPair::from_pkcs8(der).map_err(|_| bad())?;
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| bad())?;
    let spki = public.as_ref().to_vec();
    Ok(Arc::new(Ed25519Key { key, spki }))
}

pub(super) fn generate() -> Result<Zeroizing<Vec<u8>>> {
    let document = Ed25519KeyPair::generate()
        .and_then(|key| key.to_pkcs8v1())
        .map_err(|_| failed("making an Ed25519 key"))?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// An Ed25519 key in memory; erased when dropped (by AWS-LC).
struct Ed25519Key {
    key: Ed25519KeyPair,
    spki: Vec<u8>,
}

impl PrivateKey for Ed25519Key {
    fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        _rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        if algorithm != SignatureAlgorithm::Ed25519 {
            return Err(unsupported(format!("{algorithm} with an Ed25519 key")));
        }
        let signature = self.key.try_sign(message);
        Ok(signature.map_err(|_| failed("signing"))?.as_ref().to_vec())
    }

    fn decrypt_cek(
        &self,
        _transport: KeyTransport,
        _ciphertext: &[u8],
        _expected_len: usize,
        _rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        Err(cannot_decrypt(PublicKeyAlgorithm::Ed25519))
    }
}
