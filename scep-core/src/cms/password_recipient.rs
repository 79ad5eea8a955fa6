//! PasswordRecipientInfo (RFC 5652 section 6.2.4, RFC 3211): for keys that cannot be encrypted to.
//!
//! SCEP uses the challenge password of the transaction (RFC 8894 section 3.1).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::algorithm::{self, AlgorithmIdentifier};
use crate::asn1::{Reader, Tlv, tag, write};
use crate::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, RandomSource};
use crate::error::Layer;
use crate::limits::Limits;
use crate::message::ChallengePassword;
use crate::oid;
use crate::{Error, Result};

/// PBKDF2 iterations of what this crate makes; some 25 milliseconds.
pub const PBKDF2_ITERATIONS: u32 = 100_000;
/// PBKDF2 hash of what this crate makes.
const PRF: DigestAlgorithm = DigestAlgorithm::Sha256;

/// A PasswordRecipientInfo.
///
/// ```text
/// PasswordRecipientInfo ::= SEQUENCE { version, keyDerivationAlgorithm [0] OPTIONAL,
///   keyEncryptionAlgorithm, encryptedKey }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRecipient {
    /// keyDerivationAlgorithm.
    pub key_derivation: Option<AlgorithmIdentifier>,
    /// keyEncryptionAlgorithm.
    pub algorithm: AlgorithmIdentifier,
    /// encryptedKey.
    pub encrypted_key: Vec<u8>,
}

/// PBKDF2-params (RFC 8018 appendix A.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pbkdf2 {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    key_len: Option<usize>,
    pub(crate) prf: DigestAlgorithm,
}

impl PasswordRecipient {
    /// `[3]`.
    pub(super) const TAG: u8 = tag::context_constructed(3);

    pub(super) fn from_tlv(tlv: &Tlv<'_>) -> Result<Self> {
        let mut fields = tlv.reader();
        fields.expect(tag::INTEGER, "version of PasswordRecipientInfo")?;
        let key_derivation = fields
            .optional(tag::context_constructed(0), "keyDerivationAlgorithm")?
            .map(|tlv| AlgorithmIdentifier::from_tlv(&tlv))
            .transpose()?;
        let algorithm = AlgorithmIdentifier::from_tlv(
            &fields.expect(tag::SEQUENCE, "keyEncryptionAlgorithm")?,
        )?;
        let encrypted_key = fields
            .expect(tag::OCTET_STRING, "encryptedKey")?
            .value
            .to_vec();
        fields.finish("PasswordRecipientInfo")?;
        Ok(Self {
            key_derivation,
            algorithm,
            encrypted_key,
        })
    }

    /// Makes one, encoded, that holds `cek` under `password`.
    pub(super) fn wrap(
        provider: &dyn CryptoProvider,
        password: &ChallengePassword,
        content: ContentCipher,
        cek: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let cipher = kek_cipher(content);
        let mut salt = alloc::vec![0; 16];
        rng.fill(&mut salt);
        let mut iv = alloc::vec![0; cipher.iv_len()];
        rng.fill(&mut iv);
        let password = password.expose().as_bytes();
        let kek = provider.derive_key(PRF, password, &salt, PBKDF2_ITERATIONS, cipher.key_len())?;
        let encrypted_key = wrap(provider, cipher, &kek, &iv, cek, rng)?;
        let prf = PRF
            .hmac_oid()
            .map_or_else(Vec::new, |oid| write::algorithm(oid, write::NULL));
        let derivation = [
            write::oid(oid::PBKDF2),
            write::sequence(&[
                &write::octet_string(&salt),
                &write::integer(PBKDF2_ITERATIONS),
                &prf,
            ]),
        ]
        .concat();
        let kek_identifier = algorithm::content_cipher_identifier(cipher, &iv);
        Ok(write::concat(
            Self::TAG,
            &[
                &write::integer(0),
                &write::tlv(tag::context_constructed(0), &derivation),
                &write::algorithm(oid::PWRI_KEK, &kek_identifier),
                &write::octet_string(&encrypted_key),
            ],
        ))
    }

    /// The algorithms in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let derivation = self.pbkdf2().map_or_else(
            |error| format!("{error}"),
            |kdf| format!("PBKDF2, HMAC-{}, {} iterations", kdf.prf, kdf.iterations),
        );
        let kek = self.kek().map_or_else(
            |error| format!("{error}"),
            |(cipher, _)| format!("{cipher}"),
        );
        format!("password ({derivation}; {kek})")
    }

    /// Whether the algorithms are such as can be read.
    ///
    /// # Errors
    /// `Unsupported` or `Malformed` if not.
    pub fn check(&self) -> Result<()> {
        self.pbkdf2()?;
        self.kek()?;
        Ok(())
    }

    /// The content-encryption key of `expected_len` octets; `None` if the password is another one.
    ///
    /// # Errors
    /// `Unsupported`, `Malformed`, `TooLarge` for what the message says in clear.
    pub(super) fn unwrap(
        &self,
        provider: &dyn CryptoProvider,
        password: &ChallengePassword,
        expected_len: usize,
        limits: &Limits,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let kdf = self.pbkdf2()?;
        let (cipher, iv) = self.kek()?;
        // somebody who is not authenticated yet chooses this number
        if kdf.iterations > limits.pbkdf2_iterations {
            return Err(Error::TooLarge {
                what: "the number of PBKDF2 iterations",
                limit: usize::try_from(limits.pbkdf2_iterations).unwrap_or(usize::MAX),
            });
        }
        if kdf.key_len.is_some_and(|len| len != cipher.key_len()) {
            return Err(Error::malformed(
                Layer::Cms,
                "keyLength of PBKDF2 does not fit the key encryption algorithm",
            ));
        }
        let password = password.expose().as_bytes();
        let kek = provider.derive_key(
            kdf.prf,
            password,
            &kdf.salt,
            kdf.iterations,
            cipher.key_len(),
        )?;
        unwrap(
            provider,
            cipher,
            &kek,
            &iv,
            &self.encrypted_key,
            expected_len,
        )
    }

    fn pbkdf2(&self) -> Result<Pbkdf2> {
        let identifier = self.key_derivation.as_ref().ok_or_else(|| {
            Error::unsupported("a PasswordRecipientInfo without key derivation", "SCEP")
        })?;
        if identifier.algorithm != oid::PBKDF2 {
            return Err(Error::unsupported(
                format!(
                    "key derivation {}",
                    algorithm::describe(identifier.algorithm)
                ),
                "SCEP",
            ));
        }
        Pbkdf2::parse(&identifier.parameters).map_err(|e| e.in_layer(Layer::Cms))
    }

    /// The key encryption cipher and its IV.
    fn kek(&self) -> Result<(ContentCipher, Vec<u8>)> {
        if self.algorithm.algorithm != oid::PWRI_KEK {
            return Err(Error::unsupported(
                format!(
                    "key encryption {}",
                    algorithm::describe(self.algorithm.algorithm)
                ),
                "SCEP",
            ));
        }
        let inner = Reader::new(&self.algorithm.parameters)
            .expect(tag::SEQUENCE, "cipher of PWRI-KEK")
            .map_err(|e| e.in_layer(Layer::Cms))?;
        let (cipher, iv) = AlgorithmIdentifier::from_tlv(&inner)?.content_cipher()?;
        if cipher.is_authenticated() || cipher == ContentCipher::DesCbc {
            return Err(Error::unsupported(
                format!("key encryption with {cipher}"),
                "SCEP",
            ));
        }
        Ok((cipher, iv))
    }
}

impl Pbkdf2 {
    pub(crate) fn parse(parameters: &[u8]) -> Result<Self> {
        let mut fields = Reader::new(parameters)
            .expect(tag::SEQUENCE, "PBKDF2-params")?
            .reader();
        let salt = fields
            .expect(tag::OCTET_STRING, "salt of PBKDF2")?
            .value
            .to_vec();
        let iterations = fields
            .expect(tag::INTEGER, "iterationCount of PBKDF2")?
            .small_integer()?;
        let key_len = fields
            .optional(tag::INTEGER, "keyLength of PBKDF2")?
            .map(|tlv| tlv.small_integer())
            .transpose()?
            .map(|len| usize::try_from(len).unwrap_or(usize::MAX));
        let prf = match fields.optional(tag::SEQUENCE, "prf of PBKDF2")? {
            None => DigestAlgorithm::Sha1,
            Some(tlv) => {
                let named = AlgorithmIdentifier::from_tlv(&tlv)?.algorithm;
                DigestAlgorithm::from_hmac_oid(named).ok_or_else(|| {
                    Error::unsupported(
                        format!("PBKDF2 with {}", algorithm::describe(named)),
                        "SCEP",
                    )
                })?
            }
        };
        fields.finish("PBKDF2-params")?;
        if iterations == 0 {
            return Err(Error::malformed(
                Layer::Cms,
                "PBKDF2 with no iteration at all",
            ));
        }
        Ok(Self {
            salt,
            iterations,
            key_len,
            prf,
        })
    }
}

/// The key encryption cipher that is as strong as the content cipher.
const fn kek_cipher(content: ContentCipher) -> ContentCipher {
    match content {
        ContentCipher::DesCbc | ContentCipher::DesEde3Cbc => ContentCipher::DesEde3Cbc,
        ContentCipher::Aes128Cbc | ContentCipher::Aes128Gcm => ContentCipher::Aes128Cbc,
        ContentCipher::Aes192Cbc | ContentCipher::Aes192Gcm => ContentCipher::Aes192Cbc,
        ContentCipher::Aes256Cbc | ContentCipher::Aes256Gcm => ContentCipher::Aes256Cbc,
    }
}

/// RFC 3211 section 2.3.1: the key with its length and three check octets, padded to two blocks at
/// least, encrypted twice so that every bit depends on every bit.
fn wrap(
    provider: &dyn CryptoProvider,
    cipher: ContentCipher,
    kek: &[u8],
    iv: &[u8],
    cek: &[u8],
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    let (Ok(len), [a, b, c, ..]) = (u8::try_from(cek.len()), cek) else {
        return Err(Error::Misuse(
            "a content-encryption key has 3 to 255 octets".into(),
        ));
    };
    let block = cipher.block_len();
    let padded = (4 + cek.len()).next_multiple_of(block).max(2 * block);
    let mut buffer = Zeroizing::new(alloc::vec![len, !a, !b, !c]);
    buffer.extend_from_slice(cek);
    let mut padding = alloc::vec![0; padded - buffer.len()];
    rng.fill(&mut padding);
    buffer.extend_from_slice(&padding);
    provider.encrypt_blocks(cipher, kek, iv, &mut buffer)?;
    let second_iv = buffer.get(padded - block..).unwrap_or_default().to_vec();
    provider.encrypt_blocks(cipher, kek, &second_iv, &mut buffer)?;
    Ok(buffer.to_vec())
}

/// RFC 3211 section 2.3.2. Length and check octets give one verdict.
fn unwrap(
    provider: &dyn CryptoProvider,
    cipher: ContentCipher,
    kek: &[u8],
    iv: &[u8],
    wrapped: &[u8],
    expected_len: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let block = cipher.block_len();
    let len = wrapped.len();
    if len < 2 * block || !len.is_multiple_of(block) || len < expected_len + 4 {
        return Err(Error::malformed(
            Layer::Cms,
            format!("the encryptedKey of a PasswordRecipientInfo has {len} octets"),
        ));
    }
    // the last block of the first pass is the IV of the second; it is had from the last two blocks
    let (before_last, last) = wrapped
        .get(len - 2 * block..)
        .unwrap_or_default()
        .split_at(block);
    let mut second_iv = last.to_vec();
    provider.decrypt_blocks(cipher, kek, before_last, &mut second_iv)?;
    let mut buffer = Zeroizing::new(wrapped.to_vec());
    provider.decrypt_blocks(cipher, kek, &second_iv, &mut buffer)?;
    provider.decrypt_blocks(cipher, kek, iv, &mut buffer)?;
    let Some(([stated, checks @ ..], rest)) = buffer.split_first_chunk::<4>().map(|(h, r)| (*h, r))
    else {
        return Ok(None);
    };
    let cek = rest.get(..expected_len).unwrap_or_default();
    let mut good = usize::from(stated).ct_eq(&expected_len);
    for (check, octet) in checks.iter().zip(cek) {
        good &= check.ct_eq(&!octet);
    }
    Ok(bool::from(good & Choice::from(1)).then(|| Zeroizing::new(cek.to_vec())))
}

#[cfg(test)]
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
mod tests {
    use super::*;
    use crate::crypto::default_provider;

    /// The octets that follow, once.
    struct Given(Vec<u8>);

    impl RandomSource for Given {
        fn fill(&mut self, out: &mut [u8]) {
            let rest = self.0.split_off(out.len());
            out.copy_from_slice(&self.0);
            self.0 = rest;
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let nibble = |octet: u8| match octet {
            b'0'..=b'9' => octet - b'0',
            letter => letter - b'a' + 10,
        };
        let pairs = text.as_bytes().chunks_exact(2);
        pairs.map(|p| (nibble(p[0]) << 4) | nibble(p[1])).collect()
    }

    /// The second example of RFC 3211 section 3.2.
    #[test]
    fn the_example_of_the_rfc() {
        let password =
            b"All n-entities must communicate with other n-entities via n-1 entiteeheehees";
        let provider = default_provider();
        let kek = provider
            .derive_key(
                DigestAlgorithm::Sha1,
                password,
                &hex("1234567878563412"),
                500,
                24,
            )
            .unwrap();
        assert_eq!(
            *kek,
            hex("6a8970bf68c92caea84a8df28510858607126380cc47ab2d")
        );
        let cek = hex("8c637d887223a2f965b566eb014b0fa5d52300a3f7ea40fffc577203c71baf3b");
        let iv = hex("baf1ca7931213c4e");
        let cipher = ContentCipher::DesEde3Cbc;
        let mut padding = Given(hex("fa060a45"));
        let wrapped = wrap(provider.as_ref(), cipher, &kek, &iv, &cek, &mut padding).unwrap();
        let expected =
            hex("c03c514abdb9e2c5aac038572b5e24553876b377aafb82eca5a9d73f8ab143d9ec74e6cad7db260c");
        assert_eq!(wrapped, expected);
        let unwrapped = unwrap(provider.as_ref(), cipher, &kek, &iv, &wrapped, 32).unwrap();
        assert_eq!(*unwrapped.unwrap(), cek);
        assert!(
            unwrap(provider.as_ref(), cipher, &kek, &iv, &wrapped, 24)
                .unwrap()
                .is_none()
        );
        for at in 0..wrapped.len() {
            let mut damaged = wrapped.clone();
            damaged[at] ^= 1;
            let outcome = unwrap(provider.as_ref(), cipher, &kek, &iv, &damaged, 32).unwrap();
            assert!(outcome.is_none_or(|key| *key != cek), "octet {at}");
        }
    }
}
