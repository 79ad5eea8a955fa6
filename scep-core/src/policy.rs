//! Which algorithms are acceptable, as a value.

use alloc::format;

use crate::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, PublicKeyAlgorithm, SignatureAlgorithm,
};
use crate::{Error, Result};

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
    /// Whether AES-GCM (AuthEnvelopedData) is accepted, and answered with. RFC 8894 has no word for it
    /// in the capabilities, so both sides have to know.
    pub aes_gcm: bool,
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
        aes_gcm: false,
    };

    /// The same with AES-GCM.
    #[must_use]
    pub const fn with_aes_gcm(self) -> Self {
        Self {
            aes_gcm: true,
            ..self
        }
    }

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
        aes_gcm: false,
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

    /// Checks the scheme of a received signature.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn accept_signature(&self, scheme: SignatureAlgorithm) -> Result<()> {
        if let SignatureAlgorithm::RsaPss { mgf_digest, .. } = scheme {
            self.accept_digest(mgf_digest)?;
        }
        self.accept_digest(scheme.digest())
    }

    /// Checks the length of an RSA key (SubjectPublicKeyInfo, DER). Other keys are the provider's to
    /// refuse.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`; `Malformed` if it is no key.
    pub fn accept_key(&self, spki: &[u8]) -> Result<()> {
        match PublicKeyAlgorithm::of_spki(spki)? {
            PublicKeyAlgorithm::Rsa { bits } if bits < self.min_rsa_bits => {
                Err(self.forbidden(format!("an RSA key of {bits} bits")))
            }
            _ => Ok(()),
        }
    }

    /// Checks how a received content-encryption key was encrypted.
    ///
    /// # Errors
    /// `ForbiddenByPolicy` for OAEP with a digest that is not accepted.
    pub fn accept_transport(&self, transport: KeyTransport) -> Result<()> {
        match transport {
            KeyTransport::RsaPkcs1v15 => Ok(()),
            KeyTransport::RsaOaep { digest, mgf_digest } => {
                self.accept_digest(digest)?;
                self.accept_digest(mgf_digest)
            }
        }
    }

    /// Checks a received content cipher.
    ///
    /// # Errors
    /// `ForbiddenByPolicy`.
    pub fn accept_cipher(&self, cipher: ContentCipher) -> Result<()> {
        if self.read_ciphers.contains(&cipher) || (self.aes_gcm && cipher.is_authenticated()) {
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
        if self.may_write(cipher) {
            Ok(())
        } else {
            Err(self.forbidden(format!("sending {cipher}")))
        }
    }

    fn may_write(&self, cipher: ContentCipher) -> bool {
        self.write_ciphers.contains(&cipher) || (self.aes_gcm && cipher.is_authenticated())
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
        if self.may_write(theirs) {
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
