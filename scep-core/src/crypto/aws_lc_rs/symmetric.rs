//! Content ciphers: CBC with and without padding, GCM.

use alloc::format;
use alloc::vec::Vec;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self as block, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
    PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use zeroize::Zeroizing;

use super::super::ContentCipher;
use super::super::fault::{bad_blocks, bad_lengths, undecipherable, wrong_mode};
use super::unsupported;
use crate::{Error, Result};

const TAG_LEN: usize = 16;

#[expect(deprecated, reason = "old servers and NDES send DES and triple DES")]
fn cbc(cipher: ContentCipher) -> Result<&'static block::Algorithm> {
    Ok(match cipher {
        ContentCipher::DesCbc => &block::DES_FOR_LEGACY_USE_ONLY,
        ContentCipher::DesEde3Cbc => &block::DES_EDE3_FOR_LEGACY_USE_ONLY,
        ContentCipher::Aes128Cbc => &block::AES_128,
        ContentCipher::Aes192Cbc => &block::AES_192,
        ContentCipher::Aes256Cbc => &block::AES_256,
        gcm @ (ContentCipher::Aes128Gcm | ContentCipher::Aes192Gcm | ContentCipher::Aes256Gcm) => {
            return Err(wrong_mode(gcm, "CBC"));
        }
    })
}

fn gcm(cipher: ContentCipher) -> Result<&'static aead::Algorithm> {
    Ok(match cipher {
        ContentCipher::Aes128Gcm => &aead::AES_128_GCM,
        ContentCipher::Aes192Gcm => &aead::AES_192_GCM,
        ContentCipher::Aes256Gcm => &aead::AES_256_GCM,
        other => return Err(wrong_mode(other, "GCM")),
    })
}

/// Key and IV of a CBC cipher; `None` if a length is wrong.
fn prepare(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
) -> Result<Option<(UnboundCipherKey, DecryptionContext)>> {
    let key = UnboundCipherKey::new(cbc(cipher)?, key).ok();
    let context = match cipher.block_len() {
        8 => iv.try_into().ok().map(DecryptionContext::Iv64),
        _ => iv.try_into().ok().map(DecryptionContext::Iv128),
    };
    Ok(key.zip(context))
}

/// Keys that AWS-LC refuses although their length is right. A random one, as it replaces a key
/// that could not be decrypted, is none of these; so this tells nothing about padding.
fn weak_key(cipher: ContentCipher) -> impl Fn(Unspecified) -> Error {
    move |Unspecified| unsupported(format!("{cipher} with a weak or repeated key"))
}

pub(super) fn encrypt_cbc(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>> {
    let (key, context) = prepare(cipher, key, iv)?.ok_or_else(|| bad_lengths(cipher))?;
    let encryptor = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(weak_key(cipher))?;
    let mut out = Vec::with_capacity(plaintext.len() + cipher.block_len());
    out.extend_from_slice(plaintext);
    encryptor
        .less_safe_encrypt(&mut out, EncryptionContext::from(context))
        .map_err(|_| bad_lengths(cipher))?;
    Ok(out)
}

pub(super) fn decrypt_cbc(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let (key, context) = prepare(cipher, key, iv)?.ok_or_else(undecipherable)?;
    let decryptor = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(weak_key(cipher))?;
    let mut out = Zeroizing::new(ciphertext.to_vec());
    let content = decryptor.decrypt(&mut out, context);
    let len = content.map_err(|_| undecipherable())?.len();
    out.truncate(len);
    Ok(out)
}

pub(super) fn encrypt_blocks(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    blocks: &mut [u8],
) -> Result<()> {
    let (key, context) = prepare(cipher, key, iv)?.ok_or_else(|| bad_lengths(cipher))?;
    let encryptor = EncryptingKey::cbc(key).map_err(weak_key(cipher))?;
    encryptor
        .less_safe_encrypt(blocks, EncryptionContext::from(context))
        .map(|_| ())
        .map_err(|_| bad_blocks(cipher))
}

pub(super) fn decrypt_blocks(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    blocks: &mut [u8],
) -> Result<()> {
    let (key, context) = prepare(cipher, key, iv)?.ok_or_else(|| bad_lengths(cipher))?;
    let decryptor = DecryptingKey::cbc(key).map_err(weak_key(cipher))?;
    decryptor
        .decrypt(blocks, context)
        .map(|_| ())
        .map_err(|_| bad_blocks(cipher))
}

pub(super) fn encrypt_gcm(
    cipher: ContentCipher,
    key: &[u8],
    nonce: &[u8],
    associated: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>> {
    let bad = |Unspecified| bad_lengths(cipher);
    let key = LessSafeKey::new(UnboundKey::new(gcm(cipher)?, key).map_err(bad)?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(bad)?;
    let mut out = Vec::with_capacity(plaintext.len() + TAG_LEN);
    out.extend_from_slice(plaintext);
    key.seal_in_place_append_tag(nonce, Aad::from(associated), &mut out)
        .map_err(bad)?;
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
    let algorithm = gcm(cipher)?;
    if tag.len() != TAG_LEN {
        let len = tag.len();
        return Err(unsupported(format!("{cipher} with a tag of {len} octets")));
    }
    let bad = |Unspecified| undecipherable();
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).map_err(bad)?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(bad)?;
    let mut out = Zeroizing::new(alloc::vec![0; ciphertext.len()]);
    key.open_separate_gather(nonce, Aad::from(associated), ciphertext, tag, &mut out)
        .map_err(bad)?;
    Ok(out)
}
