//! How a content-encryption key is encrypted to an RSA key (RFC 8017 section 7).

use core::fmt;

use super::DigestAlgorithm;

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
