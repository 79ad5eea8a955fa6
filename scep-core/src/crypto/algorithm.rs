//! Names for the algorithms that SCEP messages use.

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
    const TABLE: [(
        Self,
        ObjectIdentifier,
        ObjectIdentifier,
        &'static str,
        usize,
    ); 6] = [
        (Self::Md5, oid::MD5, oid::MD5_WITH_RSA, "MD5", 16),
        (Self::Sha1, oid::SHA_1, oid::SHA_1_WITH_RSA, "SHA-1", 20),
        (
            Self::Sha224,
            oid::SHA_224,
            oid::SHA_224_WITH_RSA,
            "SHA-224",
            28,
        ),
        (
            Self::Sha256,
            oid::SHA_256,
            oid::SHA_256_WITH_RSA,
            "SHA-256",
            32,
        ),
        (
            Self::Sha384,
            oid::SHA_384,
            oid::SHA_384_WITH_RSA,
            "SHA-384",
            48,
        ),
        (
            Self::Sha512,
            oid::SHA_512,
            oid::SHA_512_WITH_RSA,
            "SHA-512",
            64,
        ),
    ];

    fn row(
        self,
    ) -> (
        Self,
        ObjectIdentifier,
        ObjectIdentifier,
        &'static str,
        usize,
    ) {
        let mut row = Self::TABLE[3];
        for candidate in Self::TABLE {
            if candidate.0 == self {
                row = candidate;
            }
        }
        row
    }

    /// The algorithm of an AlgorithmIdentifier's OID.
    #[must_use]
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::TABLE
            .into_iter()
            .find(|row| row.1 == oid)
            .map(|row| row.0)
    }

    /// The digest of an RSA signature algorithm such as `sha256WithRSAEncryption`.
    #[must_use]
    pub fn from_rsa_signature_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::TABLE
            .into_iter()
            .find(|row| row.2 == oid)
            .map(|row| row.0)
    }

    /// OID of the digest.
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        self.row().1
    }

    /// OID of the RSA PKCS#1 v1.5 signature with this digest.
    #[must_use]
    pub fn rsa_signature_oid(self) -> ObjectIdentifier {
        self.row().2
    }

    /// Length of the digest in octets.
    #[must_use]
    pub fn output_len(self) -> usize {
        self.row().4
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().3)
    }
}

/// A content cipher; all are CBC with PKCS#7 padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ContentCipher {
    /// Single DES, as old servers send it.
    DesCbc,
    /// Triple DES with three keys.
    DesEde3Cbc,
    /// AES-128; mandatory in RFC 8894.
    Aes128Cbc,
    /// AES-192.
    Aes192Cbc,
    /// AES-256.
    Aes256Cbc,
}

impl ContentCipher {
    const ALL: [Self; 5] = [
        Self::DesCbc,
        Self::DesEde3Cbc,
        Self::Aes128Cbc,
        Self::Aes192Cbc,
        Self::Aes256Cbc,
    ];

    /// The cipher of a contentEncryptionAlgorithm OID.
    #[must_use]
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.oid() == oid)
    }

    /// OID of the contentEncryptionAlgorithm.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::DesCbc => oid::DES_CBC,
            Self::DesEde3Cbc => oid::DES_EDE3_CBC,
            Self::Aes128Cbc => oid::AES_128_CBC,
            Self::Aes192Cbc => oid::AES_192_CBC,
            Self::Aes256Cbc => oid::AES_256_CBC,
        }
    }

    /// Length of the key in octets.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::DesCbc => 8,
            Self::DesEde3Cbc | Self::Aes192Cbc => 24,
            Self::Aes128Cbc => 16,
            Self::Aes256Cbc => 32,
        }
    }

    /// Length of a block, and so of the IV, in octets.
    #[must_use]
    pub const fn block_len(self) -> usize {
        match self {
            Self::DesCbc | Self::DesEde3Cbc => 8,
            Self::Aes128Cbc | Self::Aes192Cbc | Self::Aes256Cbc => 16,
        }
    }
}

impl fmt::Display for ContentCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DesCbc => "DES-CBC",
            Self::DesEde3Cbc => "DES-EDE3-CBC",
            Self::Aes128Cbc => "AES-128-CBC",
            Self::Aes192Cbc => "AES-192-CBC",
            Self::Aes256Cbc => "AES-256-CBC",
        })
    }
}

/// How the content-encryption key is encrypted to an RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyTransport {
    /// RSAES-PKCS1-v1_5 (`rsaEncryption`).
    RsaPkcs1v15,
    /// RSAES-OAEP with an empty label.
    RsaOaep {
        /// Hash of the label.
        digest: DigestAlgorithm,
        /// Hash inside MGF1.
        mgf_digest: DigestAlgorithm,
    },
}

impl KeyTransport {
    /// OAEP as an AlgorithmIdentifier with empty parameters means it: SHA-1 twice.
    pub const OAEP_DEFAULT: Self = Self::RsaOaep {
        digest: DigestAlgorithm::Sha1,
        mgf_digest: DigestAlgorithm::Sha1,
    };
}

impl fmt::Display for KeyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RsaPkcs1v15 => f.write_str("RSA PKCS#1 v1.5"),
            Self::RsaOaep { digest, .. } => write!(f, "RSA OAEP ({digest})"),
        }
    }
}

/// A signature scheme with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1v15(DigestAlgorithm),
}

impl SignatureAlgorithm {
    /// The digest that is signed.
    #[must_use]
    pub const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaPkcs1v15(digest) => digest,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RsaPkcs1v15(digest) => write!(f, "RSA PKCS#1 v1.5 with {digest}"),
        }
    }
}

/// What kind of key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// RSA with a modulus of this many bits (2048 to 4096).
    Rsa(usize),
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "rsa:{bits}"),
        }
    }
}
