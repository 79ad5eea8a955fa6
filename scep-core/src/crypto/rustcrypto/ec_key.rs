//! ECDSA on P-256 and P-384. The nonce of a signature is derived from key and message (RFC 6979),
//! so no random source can betray the key.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use zeroize::Zeroizing;

use super::super::fault::{bad_key, wrong_signature};
use super::super::{
    DigestAlgorithm, KeyTransport, PrivateKey, PublicKeyAlgorithm, RandomSource, SignatureAlgorithm,
};
use super::{Adapter, NAME, cannot_decrypt, digest};
use crate::error::Layer;
use crate::{Error, Result};

/// The two curves differ in their types only.
macro_rules! curve {
    ($curve:ident, $algorithm:expr, $verify:ident, $load:ident, $generate:ident, $key:ident) => {
        pub(super) fn $verify(point: &[u8], hashed: &[u8], signature: &[u8]) -> Result<()> {
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .map_err(|_| bad_key("the EC public key"))?;
            let signature = $curve::ecdsa::DerSignature::from_bytes(signature)
                .map_err(|_| wrong_signature())?;
            key.verify_prehash(hashed, &signature)
                .map_err(|_| wrong_signature())
        }

        pub(super) fn $load(der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
            let secret = $curve::SecretKey::from_pkcs8_der(der)
                .ok()
                .or_else(|| $curve::SecretKey::from_sec1_der(der).ok())
                .ok_or_else(|| bad_key("the EC private key"))?;
            let spki = secret
                .public_key()
                .to_public_key_der()
                .map_err(|e| Error::malformed(Layer::Key, format!("{e}")))?
                .into_vec();
            Ok(Arc::new($key {
                key: secret.into(),
                spki,
            }))
        }

        pub(super) fn $generate(rng: &mut dyn RandomSource) -> Result<Zeroizing<Vec<u8>>> {
            use $curve::elliptic_curve::Generate;
            let secret = $curve::SecretKey::generate_from_rng(&mut Adapter(rng));
            let document = secret
                .to_pkcs8_der()
                .map_err(|e| Error::malformed(Layer::Key, format!("{e}")))?;
            Ok(Zeroizing::new(document.as_bytes().to_vec()))
        }

        /// An EC key in memory; erased when dropped.
        struct $key {
            key: $curve::ecdsa::SigningKey,
            spki: Vec<u8>,
        }

        impl PrivateKey for $key {
            fn spki_der(&self) -> &[u8] {
                &self.spki
            }

            fn sign(
                &self,
                algorithm: SignatureAlgorithm,
                message: &[u8],
                _rng: &mut dyn RandomSource,
            ) -> Result<Vec<u8>> {
                let SignatureAlgorithm::Ecdsa(hash) = algorithm else {
                    return Err(Error::unsupported(
                        format!("{algorithm} with a key of type {}", $algorithm),
                        NAME,
                    ));
                };
                if hash == DigestAlgorithm::Md5 {
                    return Err(Error::unsupported(format!("{algorithm}"), NAME));
                }
                let signature: $curve::ecdsa::DerSignature = self
                    .key
                    .sign_prehash(&digest(hash, message))
                    .map_err(|e| Error::Misuse(format!("signing failed: {e}")))?;
                Ok(signature.as_bytes().to_vec())
            }

            fn decrypt_cek(
                &self,
                _transport: KeyTransport,
                _ciphertext: &[u8],
                _expected_len: usize,
                _rng: &mut dyn RandomSource,
            ) -> Result<Zeroizing<Vec<u8>>> {
                Err(cannot_decrypt($algorithm))
            }
        }
    };
}

curve!(
    p256,
    PublicKeyAlgorithm::EcP256,
    verify_p256,
    load_p256,
    generate_p256,
    P256Key
);
curve!(
    p384,
    PublicKeyAlgorithm::EcP384,
    verify_p384,
    load_p384,
    generate_p384,
    P384Key
);
