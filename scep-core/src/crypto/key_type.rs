//! Kinds of keys: to make, and as found in a SubjectPublicKeyInfo.

use core::fmt;

use const_oid::ObjectIdentifier;

use crate::asn1::{Reader, tag};
use crate::cms::algorithm::{AlgorithmIdentifier, describe};
use crate::error::Layer;
use crate::{Error, Result, oid};

/// What kind of key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// RSA with a modulus of this many bits (2048 to 4096).
    Rsa(usize),
    /// An EC key on P-256.
    EcP256,
    /// An EC key on P-384.
    EcP384,
    /// An Ed25519 key.
    Ed25519,
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "rsa:{bits}"),
            Self::EcP256 => f.write_str("ec:p256"),
            Self::EcP384 => f.write_str("ec:p384"),
            Self::Ed25519 => f.write_str("ed25519"),
        }
    }
}

impl core::str::FromStr for KeyType {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes: `rsa:2048`, `ec:p256`, `ed25519`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "ec:p256" => Ok(Self::EcP256),
            "ec:p384" => Ok(Self::EcP384),
            "ed25519" => Ok(Self::Ed25519),
            other => other
                .strip_prefix("rsa:")
                .and_then(|bits| bits.parse().ok())
                .map(Self::Rsa)
                .ok_or_else(|| {
                    Error::Misuse(alloc::format!(
                        "\"{text}\" is no key type; there are rsa:2048 (3072, 4096), ec:p256, ec:p384 and \
                         ed25519"
                    ))
                }),
        }
    }
}

/// What kind of key a SubjectPublicKeyInfo holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKeyAlgorithm {
    /// RSA.
    Rsa {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// EC on P-256.
    EcP256,
    /// EC on P-384.
    EcP384,
    /// Ed25519.
    Ed25519,
    /// Anything else: the algorithm, or for an EC key its curve.
    Other(ObjectIdentifier),
}

impl PublicKeyAlgorithm {
    /// Looks into a DER SubjectPublicKeyInfo (RFC 5280 section 4.1).
    ///
    /// # Errors
    /// `Malformed` if it is none.
    pub fn of_spki(spki: &[u8]) -> Result<Self> {
        PublicKey::parse(spki)?.kind()
    }

    /// Whether a content-encryption key can be encrypted to such a key. A message to one that
    /// cannot is encrypted with the challenge password (RFC 8894 section 3.1).
    #[must_use]
    pub const fn can_encrypt(self) -> bool {
        matches!(self, Self::Rsa { .. })
    }
}

impl fmt::Display for PublicKeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA, {bits} bits"),
            Self::EcP256 => f.write_str("EC P-256"),
            Self::EcP384 => f.write_str("EC P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(oid) => f.write_str(&describe(*oid)),
        }
    }
}

/// Bits of a positive INTEGER, given as its content octets.
pub(super) fn bit_len(integer: &[u8]) -> usize {
    let start = integer.iter().position(|octet| *octet != 0);
    let significant = start.and_then(|at| integer.get(at..)).unwrap_or_default();
    let first = significant.first().copied().unwrap_or_default();
    let unused = usize::try_from(first.leading_zeros()).unwrap_or(8);
    (significant.len() * 8).saturating_sub(unused)
}

/// A SubjectPublicKeyInfo taken apart, tolerant of absent parameters.
pub(super) struct PublicKey<'a> {
    pub(super) algorithm: AlgorithmIdentifier,
    /// subjectPublicKey without the octet of unused bits.
    pub(super) key: &'a [u8],
}

impl<'a> PublicKey<'a> {
    pub(super) fn parse(spki: &'a [u8]) -> Result<Self> {
        Self::read(spki).map_err(|e| e.in_layer(Layer::Key))
    }

    fn read(spki: &'a [u8]) -> Result<Self> {
        let mut fields = Reader::new(spki)
            .expect(tag::SEQUENCE, "SubjectPublicKeyInfo")?
            .reader();
        let algorithm = AlgorithmIdentifier::from_tlv(&fields.expect(tag::SEQUENCE, "algorithm")?)?;
        let bits = fields.expect(tag::BIT_STRING, "subjectPublicKey")?;
        Ok(Self {
            algorithm,
            key: bits.value.get(1..).unwrap_or_default(),
        })
    }

    /// What kind of key it is.
    pub(super) fn kind(&self) -> Result<PublicKeyAlgorithm> {
        match self.algorithm.algorithm {
            oid::RSA_ENCRYPTION => Ok(PublicKeyAlgorithm::Rsa {
                bits: bit_len(self.rsa()?.0),
            }),
            oid::EC_PUBLIC_KEY => {
                let curve = Reader::new(&self.algorithm.parameters)
                    .expect(tag::OID, "curve of an EC key")
                    .and_then(|curve| curve.oid())
                    .map_err(|e| e.in_layer(Layer::Key))?;
                Ok(match curve {
                    oid::P_256 => PublicKeyAlgorithm::EcP256,
                    oid::P_384 => PublicKeyAlgorithm::EcP384,
                    other => PublicKeyAlgorithm::Other(other),
                })
            }
            oid::ED25519 => Ok(PublicKeyAlgorithm::Ed25519),
            other => Ok(PublicKeyAlgorithm::Other(other)),
        }
    }

    /// modulus and publicExponent, as the content octets of their INTEGERs.
    pub(super) fn rsa(&self) -> Result<(&'a [u8], &'a [u8])> {
        let read = || {
            let mut key = Reader::new(self.key)
                .expect(tag::SEQUENCE, "RSAPublicKey")?
                .reader();
            let modulus = key.expect(tag::INTEGER, "modulus")?.value;
            let exponent = key.expect(tag::INTEGER, "publicExponent")?.value;
            Ok((modulus, exponent))
        };
        read().map_err(|e: Error| e.in_layer(Layer::Key))
    }
}
