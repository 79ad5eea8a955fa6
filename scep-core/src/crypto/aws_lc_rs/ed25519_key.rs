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

/// The public keys of small order, without the sign bit: for each of them there are signatures that
/// fit any message. AWS-LC takes them, as RFC 8032 lets it; nobody has one who made a key.
const SMALL_ORDER: [[u8; 32]; 7] = {
    const fn near_p(first: u8) -> [u8; 32] {
        let mut octets = [0xff; 32];
        octets[0] = first;
        octets[31] = 0x7f;
        octets
    }
    let zero = [0; 32];
    let mut one = zero;
    one[0] = 1;
    let order_8 = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    let minus_order_8 = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ];
    // p - 1, and p and p + 1, which are other ways to write 0 and 1
    let [minus_one, p, p_1] = [near_p(0xec), near_p(0xed), near_p(0xee)];
    [zero, one, order_8, minus_order_8, minus_one, p, p_1]
};

fn has_small_order(key: &[u8]) -> bool {
    let same = |small: &[u8; 32]| match (key.split_last(), small.split_last()) {
        (Some((last, rest)), Some((small_last, small_rest))) => {
            rest == small_rest && last & 0x7f == *small_last
        }
        _ => false,
    };
    SMALL_ORDER.iter().any(same)
}

pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    if has_small_order(key) {
        return Err(wrong_signature());
    }
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
