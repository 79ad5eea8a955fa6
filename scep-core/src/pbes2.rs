//! Password-based encryption of private keys (PBES2 of RFC 8018, EncryptedPrivateKeyInfo of RFC 5958).

use alloc::format;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::asn1::{Reader, tag, write};
use crate::cms::Pbkdf2;
use crate::cms::algorithm::{self, AlgorithmIdentifier};
use crate::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, RandomSource};
use crate::error::Layer;
use crate::{Error, Result, oid};

/// PBKDF2 iterations of what this crate makes.
const ITERATIONS: u32 = 100_000;
/// Most iterations that are gone through for somebody else's file.
const MAX_ITERATIONS: u32 = 10_000_000;
/// How the key for AES-256 is derived.
const PRF: DigestAlgorithm = DigestAlgorithm::Sha256;
const CIPHER: ContentCipher = ContentCipher::Aes256Cbc;

/// Encrypts with PBKDF2 (HMAC-SHA-256) and AES-256-CBC; the AlgorithmIdentifier, encoded, and the
/// ciphertext.
pub(crate) fn encrypt(
    provider: &dyn CryptoProvider,
    password: &[u8],
    plain: &[u8],
    rng: &mut dyn RandomSource,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut salt = [0; 16];
    rng.fill(&mut salt);
    let mut iv = [0; 16];
    rng.fill(&mut iv);
    let key = provider.derive_key(PRF, password, &salt, ITERATIONS, CIPHER.key_len())?;
    let prf = PRF
        .hmac_oid()
        .map_or_else(Vec::new, |oid| write::algorithm(oid, write::NULL));
    let derivation = write::algorithm(
        oid::PBKDF2,
        &write::sequence(&[
            &write::octet_string(&salt),
            &write::integer(ITERATIONS),
            &prf,
        ]),
    );
    let scheme = algorithm::content_cipher_identifier(CIPHER, &iv);
    let identifier = write::algorithm(oid::PBES2, &write::sequence(&[&derivation, &scheme]));
    let ciphertext = provider.encrypt_content(CIPHER, &key, &iv, plain)?;
    Ok((identifier, ciphertext))
}

/// Encrypts a private key (PKCS #8, DER): an EncryptedPrivateKeyInfo, as PEM has it under
/// `ENCRYPTED PRIVATE KEY`.
///
/// # Errors
/// If the provider lacks an algorithm.
pub fn encrypt_private_key(
    provider: &dyn CryptoProvider,
    password: &[u8],
    pkcs8: &[u8],
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    let (identifier, ciphertext) = encrypt(provider, password, pkcs8, rng)?;
    Ok(write::sequence(&[
        &identifier,
        &write::octet_string(&ciphertext),
    ]))
}

/// Decrypts an EncryptedPrivateKeyInfo: PKCS #8, DER.
///
/// # Errors
/// `Unsupported` for another scheme than PBES2 with PBKDF2, `TooLarge` for more iterations than ten
/// million, `Malformed`, and `NotAuthentic` if the password is another one.
pub fn decrypt_private_key(
    provider: &dyn CryptoProvider,
    password: &[u8],
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let in_key = |e: Error| e.in_layer(Layer::Key);
    let outer = Reader::new(encrypted)
        .expect(tag::SEQUENCE, "EncryptedPrivateKeyInfo")
        .map_err(in_key)?;
    let mut fields = outer.reader();
    let scheme = fields
        .expect(tag::SEQUENCE, "encryptionAlgorithm")
        .map_err(in_key)?;
    let scheme = AlgorithmIdentifier::from_tlv(&scheme).map_err(in_key)?;
    let data = fields
        .expect(tag::OCTET_STRING, "encryptedData")
        .map_err(in_key)?;
    if scheme.algorithm != oid::PBES2 {
        let named = algorithm::describe(scheme.algorithm);
        return Err(Error::unsupported(
            format!("a private key encrypted with {named}"),
            "this crate",
        ));
    }
    let parameters = Reader::new(&scheme.parameters)
        .expect(tag::SEQUENCE, "PBES2-params")
        .map_err(in_key)?;
    let mut parameters = parameters.reader();
    let derivation = parameters
        .expect(tag::SEQUENCE, "keyDerivationFunc")
        .map_err(in_key)?;
    let derivation = AlgorithmIdentifier::from_tlv(&derivation).map_err(in_key)?;
    let cipher = parameters
        .expect(tag::SEQUENCE, "encryptionScheme")
        .map_err(in_key)?;
    let (cipher, iv) = AlgorithmIdentifier::from_tlv(&cipher)
        .map_err(in_key)?
        .content_cipher()?;
    if derivation.algorithm != oid::PBKDF2 {
        let named = algorithm::describe(derivation.algorithm);
        return Err(Error::unsupported(
            format!("key derivation with {named}"),
            "this crate",
        ));
    }
    let kdf = Pbkdf2::parse(&derivation.parameters).map_err(in_key)?;
    if kdf.iterations > MAX_ITERATIONS {
        return Err(Error::TooLarge {
            what: "the number of PBKDF2 iterations",
            limit: usize::try_from(MAX_ITERATIONS).unwrap_or(usize::MAX),
        });
    }
    let key = provider.derive_key(
        kdf.prf,
        password,
        &kdf.salt,
        kdf.iterations,
        cipher.key_len(),
    )?;
    let plain = provider.decrypt_content(cipher, &key, &iv, data.value)?;
    // one password in 256 leaves padding that looks right
    if Reader::new(&plain)
        .expect(tag::SEQUENCE, "PrivateKeyInfo")
        .is_err()
    {
        return Err(Error::not_authentic(
            crate::error::Check::Decryption,
            "the private key does not open: the password is another one",
        ));
    }
    Ok(plain)
}
