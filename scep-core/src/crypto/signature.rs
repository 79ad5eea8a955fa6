//! Signature schemes.

use core::fmt;

use super::{DigestAlgorithm, PublicKeyAlgorithm};

/// A signature scheme with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1v15(DigestAlgorithm),
    /// RSASSA-PSS with MGF1 (RFC 4056). Read everywhere, never chosen for sending by this crate.
    RsaPss {
        /// Digest of the message.
        digest: DigestAlgorithm,
        /// Digest inside MGF1.
        mgf_digest: DigestAlgorithm,
        /// Length of the salt in octets.
        salt_len: usize,
    },
    /// ECDSA, the signature as DER `Ecdsa-Sig-Value`.
    Ecdsa(DigestAlgorithm),
    /// Ed25519 (RFC 8410, RFC 8419); it digests by itself, with SHA-512.
    Ed25519,
}

impl SignatureAlgorithm {
    /// The digest that is signed; in CMS also the digest of the content.
    #[must_use]
    pub const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaPkcs1v15(digest) | Self::RsaPss { digest, .. } | Self::Ecdsa(digest) => digest,
            Self::Ed25519 => DigestAlgorithm::Sha512,
        }
    }

    /// The scheme that this crate signs with, for a key of this kind, if `wanted` is the digest one
    /// would like: an RSA key takes it, an EC key takes the digest of its curve, which every library
    /// can sign and verify, Ed25519 its SHA-512. `None` for a key that does not sign.
    #[must_use]
    pub const fn for_key(key: PublicKeyAlgorithm, wanted: DigestAlgorithm) -> Option<Self> {
        match key {
            PublicKeyAlgorithm::Rsa { .. } => Some(Self::RsaPkcs1v15(wanted)),
            PublicKeyAlgorithm::EcP256 => Some(Self::Ecdsa(DigestAlgorithm::Sha256)),
            PublicKeyAlgorithm::EcP384 => Some(Self::Ecdsa(DigestAlgorithm::Sha384)),
            PublicKeyAlgorithm::Ed25519 => Some(Self::Ed25519),
            PublicKeyAlgorithm::Other(_) => None,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RsaPkcs1v15(digest) => write!(f, "RSA PKCS#1 v1.5 with {digest}"),
            Self::RsaPss { digest, .. } => write!(f, "RSA PSS with {digest}"),
            Self::Ecdsa(digest) => write!(f, "ECDSA with {digest}"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}
