//! Which algorithms are acceptable, as a value.

use alloc::format;

use crate::asn1::{Reader, tag};
use crate::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
use crate::{Error, Result, oid};

/// Algorithms that a side accepts from its peer, and those it may send.
///
/// RFC 8894 forbids single DES and MD5; real servers send them. So acceptance is a named policy,
/// never a default of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmPolicy {
    /// Name, for messages.
    pub name: &'static str,
    /// Shortest RSA modulus of a key that signs a message or is to be certified, in bits.
    pub min_rsa_bits: usize,
    /// Digests accepted in signatures.
    pub read_digests: &'static [DigestAlgorithm],
    /// Content ciphers accepted.
    pub read_ciphers: &'static [ContentCipher],
    /// Digests that may be sent, best first.
    pub write_digests: &'static [DigestAlgorithm],
    /// Content ciphers that may be sent, best first.
    pub write_ciphers: &'static [ContentCipher],
}

impl AlgorithmPolicy {
    /// What RFC 8894 asks for: SHA-256 and SHA-512, AES; SHA-1 and 3DES are read, since peers that
    /// lack better are in the field (sections 2.9 and 3.5.2).
    pub const RFC8894: Self = Self {
        name: "rfc8894",
        min_rsa_bits: 2048,
        read_digests: &[
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
            DigestAlgorithm::Sha224,
            DigestAlgorithm::Sha1,
        ],
        read_ciphers: &[
            ContentCipher::Aes128Cbc,
            ContentCipher::Aes192Cbc,
            ContentCipher::Aes256Cbc,
            ContentCipher::DesEde3Cbc,
        ],
        write_digests: &[
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
        ],
        write_ciphers: &[
            ContentCipher::Aes128Cbc,
            ContentCipher::Aes192Cbc,
            ContentCipher::Aes256Cbc,
            ContentCipher::DesEde3Cbc,
        ],
    };

    /// What NDES does: as RFC 8894, and SHA-1 is sent too, because NDES answers SHA-1 clients.
    pub const NDES: Self = Self {
        name: "ndes",
        min_rsa_bits: 1024,
        write_digests: &[
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
            DigestAlgorithm::Sha1,
        ],
        ..Self::RFC8894
    };

    /// Everything that is found in the field, single DES and MD5 included.
    pub const LEGACY: Self = Self {
        name: "legacy",
        min_rsa_bits: 512,
        read_digests: &[
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
            DigestAlgorithm::Sha224,
            DigestAlgorithm::Sha1,
            DigestAlgorithm::Md5,
        ],
        read_ciphers: &[
            ContentCipher::Aes128Cbc,
            ContentCipher::Aes192Cbc,
            ContentCipher::Aes256Cbc,
            ContentCipher::DesEde3Cbc,
            ContentCipher::DesCbc,
        ],
        write_digests: &[
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
            DigestAlgorithm::Sha224,
            DigestAlgorithm::Sha1,
            DigestAlgorithm::Md5,
        ],
        write_ciphers: &[
            ContentCipher::Aes128Cbc,
            ContentCipher::Aes192Cbc,
            ContentCipher::Aes256Cbc,
            ContentCipher::DesEde3Cbc,
            ContentCipher::DesCbc,
        ],
    };

    /// Checks a digest of a received signature.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn accept_digest(&self, digest: DigestAlgorithm) -> Result<()> {
        if self.read_digests.contains(&digest) {
            Ok(())
        } else {
            Err(self.forbidden(format!("{digest}")))
        }
    }

    /// Checks the algorithm of a certificate's or request's signature. Algorithms other than RSA are
    /// the provider's to refuse.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn accept_signature(&self, algorithm: const_oid::ObjectIdentifier) -> Result<()> {
        match DigestAlgorithm::from_rsa_signature_oid(algorithm) {
            Some(digest) => self.accept_digest(digest),
            None => Ok(()),
        }
    }

    /// Checks the length of an RSA key (SubjectPublicKeyInfo, DER). Other keys are the provider's to
    /// refuse.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn accept_key(&self, spki: &[u8]) -> Result<()> {
        match rsa_bits(spki) {
            Some(bits) if bits < self.min_rsa_bits => {
                Err(self.forbidden(format!("an RSA key of {bits} bits")))
            }
            _ => Ok(()),
        }
    }

    /// Checks a received content cipher.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn accept_cipher(&self, cipher: ContentCipher) -> Result<()> {
        if self.read_ciphers.contains(&cipher) {
            Ok(())
        } else {
            Err(self.forbidden(format!("{cipher}")))
        }
    }

    /// Checks a digest that is about to be signed.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn may_send_digest(&self, digest: DigestAlgorithm) -> Result<()> {
        if self.write_digests.contains(&digest) {
            Ok(())
        } else {
            Err(self.forbidden(format!("sending {digest}")))
        }
    }

    /// Checks a content cipher that is about to be used.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn may_send_cipher(&self, cipher: ContentCipher) -> Result<()> {
        if self.write_ciphers.contains(&cipher) {
            Ok(())
        } else {
            Err(self.forbidden(format!("sending {cipher}")))
        }
    }

    /// The digest to answer with: the peer's if it may be sent, else the best.
    #[must_use]
    pub fn mirror_digest(&self, theirs: DigestAlgorithm) -> DigestAlgorithm {
        if self.write_digests.contains(&theirs) {
            theirs
        } else {
            self.write_digests
                .first()
                .copied()
                .unwrap_or(DigestAlgorithm::Sha256)
        }
    }

    /// The cipher to answer with: the peer's if it may be sent, else the best.
    #[must_use]
    pub fn mirror_cipher(&self, theirs: ContentCipher) -> ContentCipher {
        if self.write_ciphers.contains(&theirs) {
            theirs
        } else {
            self.write_ciphers
                .first()
                .copied()
                .unwrap_or(ContentCipher::Aes128Cbc)
        }
    }

    /// The key transport to answer with: the request's own.
    #[must_use]
    pub const fn mirror_transport(&self, theirs: KeyTransport) -> KeyTransport {
        theirs
    }

    #[cold]
    const fn forbidden(&self, algorithm: alloc::string::String) -> Error {
        Error::ForbiddenByPolicy {
            algorithm,
            policy: self.name,
        }
    }
}

/// Bits of an RSA modulus; `None` for other keys, and for what is no key.
fn rsa_bits(spki: &[u8]) -> Option<usize> {
    let mut fields = Reader::new(spki)
        .expect(tag::SEQUENCE, "SubjectPublicKeyInfo")
        .ok()?
        .reader();
    let algorithm = fields
        .expect(tag::SEQUENCE, "algorithm")
        .ok()?
        .reader()
        .next("algorithm")
        .ok()?;
    if algorithm.oid().ok()? != oid::RSA_ENCRYPTION {
        return None;
    }
    let bits = fields.expect(tag::BIT_STRING, "subjectPublicKey").ok()?;
    let mut key = Reader::new(bits.value.get(1..)?)
        .expect(tag::SEQUENCE, "RSAPublicKey")
        .ok()?
        .reader();
    let modulus = key.expect(tag::INTEGER, "modulus").ok()?.value;
    let start = modulus.iter().position(|octet| *octet != 0)?;
    let first = modulus.get(start)?;
    Some((modulus.len() - start) * 8 - usize::try_from(first.leading_zeros()).ok()?)
}
