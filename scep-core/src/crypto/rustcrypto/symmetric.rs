//! Content ciphers: CBC with and without padding, GCM.

use alloc::format;
use alloc::vec::Vec;

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{AeadInOut, KeyInit};
use cipher::block_padding::{NoPadding, Pkcs7};
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use zeroize::Zeroizing;

use super::super::ContentCipher;
use super::super::fault::{bad_blocks, bad_lengths, undecipherable, wrong_mode};
use super::NAME;
use crate::{Error, Result};

/// Runs `$body` with `$C` bound to the block cipher type of a CBC cipher.
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
            gcm @ (ContentCipher::Aes128Gcm
            | ContentCipher::Aes192Gcm
            | ContentCipher::Aes256Gcm) => {
                return Err(wrong_mode(gcm, "CBC"));
            }
        }
    };
}

/// Runs `$body` with `$A` bound to the AEAD type of a GCM cipher whose tag has `$T` octets.
macro_rules! with_gcm {
    ($cipher:expr, $T:ty, $A:ident => $body:expr) => {
        match $cipher {
            ContentCipher::Aes128Gcm => {
                type $A = AesGcm<aes::Aes128, U12, $T>;
                $body
            }
            ContentCipher::Aes192Gcm => {
                type $A = AesGcm<aes::Aes192, U12, $T>;
                $body
            }
            ContentCipher::Aes256Gcm => {
                type $A = AesGcm<aes::Aes256, U12, $T>;
                $body
            }
            other => return Err(wrong_mode(other, "GCM")),
        }
    };
}

pub(super) fn encrypt_cbc(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>> {
    with_cipher!(cipher, C => {
        cbc::Encryptor::<C>::new_from_slices(key, iv).map(|e| e.encrypt_padded_vec::<Pkcs7>(plaintext))
    })
    .map_err(|_| bad_lengths(cipher))
}

pub(super) fn decrypt_cbc(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    with_cipher!(cipher, C => {
        cbc::Decryptor::<C>::new_from_slices(key, iv)
            .ok()
            .and_then(|d| d.decrypt_padded_vec::<Pkcs7>(ciphertext).ok())
    })
    .map(Zeroizing::new)
    .ok_or_else(undecipherable)
}

pub(super) fn encrypt_blocks(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    blocks: &mut [u8],
) -> Result<()> {
    let len = blocks.len();
    with_cipher!(cipher, C => {
        let encryptor = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|_| bad_lengths(cipher))?;
        encryptor.encrypt_padded::<NoPadding>(blocks, len).map(|_| ()).map_err(|_| bad_blocks(cipher))
    })
}

pub(super) fn decrypt_blocks(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    blocks: &mut [u8],
) -> Result<()> {
    with_cipher!(cipher, C => {
        let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| bad_lengths(cipher))?;
        decryptor.decrypt_padded::<NoPadding>(blocks).map(|_| ()).map_err(|_| bad_blocks(cipher))
    })
}

pub(super) fn encrypt_gcm(
    cipher: ContentCipher,
    key: &[u8],
    nonce: &[u8],
    associated: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>> {
    let mut out = plaintext.to_vec();
    with_gcm!(cipher, U16, A => {
        let aead = A::new_from_slice(key).map_err(|_| bad_lengths(cipher))?;
        let nonce = nonce.try_into().map_err(|_| bad_lengths(cipher))?;
        aead.encrypt_in_place(nonce, associated, &mut out).map_err(|_| bad_lengths(cipher))?;
    });
    Ok(out)
}

pub(super) fn decrypt_gcm(
    cipher: ContentCipher,
    key: &[u8],
    nonce: &[u8],
    associated: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(ciphertext.to_vec());
    let good = match tag.len() {
        16 => with_gcm!(cipher, U16, A => open::<A>(key, nonce, associated, &mut out, tag)),
        12 => with_gcm!(cipher, U12, A => open::<A>(key, nonce, associated, &mut out, tag)),
        other => {
            return Err(Error::unsupported(
                format!("{cipher} with a tag of {other} octets"),
                NAME,
            ));
        }
    };
    if good.is_some() {
        Ok(out)
    } else {
        Err(undecipherable())
    }
}

fn open<A: KeyInit + AeadInOut>(
    key: &[u8],
    nonce: &[u8],
    associated: &[u8],
    content: &mut [u8],
    tag: &[u8],
) -> Option<()> {
    A::new_from_slice(key)
        .ok()?
        .decrypt_inout_detached(
            nonce.try_into().ok()?,
            associated,
            content.into(),
            tag.try_into().ok()?,
        )
        .ok()
}
