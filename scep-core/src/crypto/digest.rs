//! Message digests.

use core::fmt;

use const_oid::ObjectIdentifier;

use crate::oid;

/// A message digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// MD5; read only, and only for diagnosis or under a legacy policy.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224; sent by some clients.
    Sha224,
    /// SHA-256; mandatory in RFC 8894.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The algorithm of an AlgorithmIdentifier's OID.
    #[must_use]
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.oid() == oid)
    }

    /// The digest of an RSA signature algorithm such as `sha256WithRSAEncryption`.
    #[must_use]
    pub fn from_rsa_signature_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.rsa_signature_oid() == oid)
    }

    /// The digest of an ECDSA signature algorithm such as `ecdsa-with-SHA256`.
    #[must_use]
    pub fn from_ecdsa_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.ecdsa_oid() == Some(oid))
    }

    /// The digest of an HMAC, which is how PBKDF2 names its pseudo-random function.
    #[must_use]
    pub fn from_hmac_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.hmac_oid() == Some(oid))
    }

    /// OID of the digest.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Md5 => oid::MD5,
            Self::Sha1 => oid::SHA_1,
            Self::Sha224 => oid::SHA_224,
            Self::Sha256 => oid::SHA_256,
            Self::Sha384 => oid::SHA_384,
            Self::Sha512 => oid::SHA_512,
        }
    }

    /// OID of the RSA PKCS#1 v1.5 signature with this digest.
    #[must_use]
    pub const fn rsa_signature_oid(self) -> ObjectIdentifier {
        match self {
            Self::Md5 => oid::MD5_WITH_RSA,
            Self::Sha1 => oid::SHA_1_WITH_RSA,
            Self::Sha224 => oid::SHA_224_WITH_RSA,
            Self::Sha256 => oid::SHA_256_WITH_RSA,
            Self::Sha384 => oid::SHA_384_WITH_RSA,
            Self::Sha512 => oid::SHA_512_WITH_RSA,
        }
    }

    /// OID of ECDSA with this digest; there is none for MD5.
    #[must_use]
    pub const fn ecdsa_oid(self) -> Option<ObjectIdentifier> {
        Some(match self {
            Self::Md5 => return None,
            Self::Sha1 => oid::ECDSA_WITH_SHA_1,
            Self::Sha224 => oid::ECDSA_WITH_SHA_224,
            Self::Sha256 => oid::ECDSA_WITH_SHA_256,
            Self::Sha384 => oid::ECDSA_WITH_SHA_384,
            Self::Sha512 => oid::ECDSA_WITH_SHA_512,
        })
    }

    /// OID of the HMAC with this digest; MD5 is not used so.
    #[must_use]
    pub const fn hmac_oid(self) -> Option<ObjectIdentifier> {
        Some(match self {
            Self::Md5 => return None,
            Self::Sha1 => oid::HMAC_WITH_SHA_1,
            Self::Sha224 => oid::HMAC_WITH_SHA_224,
            Self::Sha256 => oid::HMAC_WITH_SHA_256,
            Self::Sha384 => oid::HMAC_WITH_SHA_384,
            Self::Sha512 => oid::HMAC_WITH_SHA_512,
        })
    }

    /// Length of the digest in octets.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}
