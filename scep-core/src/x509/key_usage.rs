//! keyUsage (RFC 5280 section 4.2.1.3).

use alloc::vec::Vec;
use core::fmt;
use core::ops::BitOr;

use crate::asn1::{Reader, tag, write};
use crate::{Error, Result, error::Layer};

/// The purposes of a key, as a set of bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// digitalSignature (0).
    pub const DIGITAL_SIGNATURE: Self = Self(1 << 15);
    /// nonRepudiation (1).
    pub const NON_REPUDIATION: Self = Self(1 << 14);
    /// keyEncipherment (2).
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 13);
    /// dataEncipherment (3).
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 12);
    /// keyAgreement (4).
    pub const KEY_AGREEMENT: Self = Self(1 << 11);
    /// keyCertSign (5).
    pub const KEY_CERT_SIGN: Self = Self(1 << 10);
    /// cRLSign (6).
    pub const CRL_SIGN: Self = Self(1 << 9);

    /// All of these.
    pub const ALL: Self = Self(0b1111_1110 << 8);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::DIGITAL_SIGNATURE, "digitalSignature"),
        (Self::NON_REPUDIATION, "nonRepudiation"),
        (Self::KEY_ENCIPHERMENT, "keyEncipherment"),
        (Self::DATA_ENCIPHERMENT, "dataEncipherment"),
        (Self::KEY_AGREEMENT, "keyAgreement"),
        (Self::KEY_CERT_SIGN, "keyCertSign"),
        (Self::CRL_SIGN, "cRLSign"),
    ];

    /// Whether every purpose in `other` is in `self`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// A purpose by its name in RFC 5280, such as `digitalSignature`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut names = Self::NAMES.iter();
        names
            .find(|(_, known)| known.eq_ignore_ascii_case(name))
            .map(|(bit, _)| *bit)
    }

    /// The names of the purposes, in bit order.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES
            .iter()
            .filter(|(bit, _)| self.contains(*bit))
            .map(|(_, name)| *name)
            .collect()
    }

    pub(super) fn from_der(der: &[u8]) -> Result<Self> {
        let bits = Reader::new(der).expect(tag::BIT_STRING, "keyUsage")?;
        match bits.value {
            [_, rest @ ..] => {
                let high = rest.first().copied().unwrap_or(0);
                let low = rest.get(1).copied().unwrap_or(0);
                Ok(Self(u16::from_be_bytes([high, low])))
            }
            [] => Err(Error::malformed(
                Layer::X509,
                "keyUsage is an empty BIT STRING",
            )),
        }
    }

    pub(super) fn to_der(self) -> Vec<u8> {
        let octets = self.0.to_be_bytes();
        // DER: named bits without trailing zeros
        let unused = u8::try_from(self.0.trailing_zeros() % 8).unwrap_or(0);
        match octets {
            [0, 0] => write::tlv(tag::BIT_STRING, &[0]),
            [high, 0] => write::tlv(tag::BIT_STRING, &[unused, high]),
            [high, low] => write::tlv(tag::BIT_STRING, &[unused, high, low]),
        }
    }
}

impl BitOr for KeyUsage {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyUsage({})", self.names().join("|"))
    }
}
