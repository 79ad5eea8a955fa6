//! `senderNonce` and `recipientNonce` (RFC 8894 section 3.2.1.5).
//!
//! Two types, because mixing them up is the classic mistake.

use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;

use crate::crypto::RandomSource;

/// The nonce that the sender of a message made; 16 octets, though peers send other lengths.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SenderNonce(Vec<u8>);

/// The nonce of the message that is being answered, echoed unchanged.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RecipientNonce(Vec<u8>);

impl SenderNonce {
    /// Length that RFC 8894 prescribes, in octets.
    pub const LEN: usize = 16;

    /// A fresh nonce.
    pub fn random(rng: &mut dyn RandomSource) -> Self {
        let mut octets = alloc::vec![0; Self::LEN];
        rng.fill(&mut octets);
        Self(octets)
    }

    /// A nonce read from the wire.
    #[must_use]
    pub const fn from_octets(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// The nonce that an answer to this message must carry.
    #[must_use]
    pub fn echoed(&self) -> RecipientNonce {
        RecipientNonce(self.0.clone())
    }
}

impl RecipientNonce {
    /// A nonce read from the wire.
    #[must_use]
    pub const fn from_octets(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// Whether this echoes `sent`.
    #[must_use]
    pub fn answers(&self, sent: &SenderNonce) -> bool {
        self.0.ct_eq(&sent.0).into()
    }
}

impl fmt::Debug for SenderNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SenderNonce({})", Hex(&self.0))
    }
}

impl fmt::Debug for RecipientNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientNonce({})", Hex(&self.0))
    }
}

impl fmt::Display for SenderNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Display for RecipientNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// Octets as lower-case hexadecimal.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}
