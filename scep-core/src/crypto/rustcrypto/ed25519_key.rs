//! Ed25519 (RFC 8032).

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::super::fault::{bad_key, wrong_signature};
use super::super::{
    KeyTransport, PrivateKey, PublicKeyAlgorithm, RandomSource, SignatureAlgorithm,
};
use super::{NAME, cannot_decrypt};
use crate::error::Layer;
use crate::{Error, Result};

pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    let bad = || bad_key("the Ed25519 public key");
    let octets = <[u8; 32]>::try_from(key).map_err(|_| bad())?;
    let key = VerifyingKey::from_bytes(&octets).map_err(|_| bad())?;
    let signature = Signature::from_slice(signature).map_err(|_| wrong_signature())?;
    key.verify_strict(message, &signature)
        .map_err(|_| wrong_signature())
}

pub(super) fn load(der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
    let key = SigningKey::from_pkcs8_der(der).map_err(|_| bad_key("the Ed25519 private key"))?;
    let spki = key
        .verifying_key()
        .to_public_key_der()
        .map_err(|e| Error::malformed(Layer::Key, format!("{e}")))?
        .into_vec();
    Ok(Arc::new(Ed25519Key { key, spki }))
}

pub(super) fn generate(rng: &mut dyn RandomSource) -> Result<Zeroizing<Vec<u8>>> {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill(seed.as_mut_slice());
    let document = SigningKey::from_bytes(&seed)
        .to_pkcs8_der()
        .map_err(|e| Error::malformed(Layer::Key, format!("{e}")))?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

/// An Ed25519 key in memory; erased when dropped.
struct Ed25519Key {
    key: SigningKey,
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
            return Err(Error::unsupported(
                format!("{algorithm} with an Ed25519 key"),
                NAME,
            ));
        }
        Ok(self.key.sign(message).to_bytes().to_vec())
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
