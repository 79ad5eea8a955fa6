//! Decryption of a content-encryption key that never tells good padding from bad (RFC 3218).

use alloc::format;
use alloc::vec::Vec;

use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::RandomSource;
use crate::error::Layer;
use crate::{Error, Result};

/// The key that `decrypt` finds, if it has `expected_len` octets; otherwise a random one.
///
/// `decrypt` gives a buffer and the number of octets at its start that are the key; none if
/// the padding is bad.
///
/// # Errors
/// `Malformed` if the ciphertext is not as long as the modulus, which is public.
pub(super) fn decrypt_cek(
    modulus_len: usize,
    ciphertext: &[u8],
    expected_len: usize,
    rng: &mut dyn RandomSource,
    decrypt: impl FnOnce(&mut dyn RandomSource) -> (Zeroizing<Vec<u8>>, usize),
) -> Result<Zeroizing<Vec<u8>>> {
    if ciphertext.len() != modulus_len {
        return Err(Error::malformed(
            Layer::Cms,
            format!(
                "encryptedKey has {} octets, but the recipient's modulus has {modulus_len}",
                ciphertext.len(),
            ),
        ));
    }
    // made before the outcome is known, so that both ways cost the same
    let mut cek = Zeroizing::new(alloc::vec![0; expected_len]);
    rng.fill(&mut cek);
    let (plain, len) = decrypt(rng);
    let good = len.ct_eq(&expected_len);
    for (i, octet) in cek.iter_mut().enumerate() {
        let theirs = plain.get(i).copied().unwrap_or(0);
        *octet = u8::conditional_select(octet, &theirs, good);
    }
    Ok(cek)
}
