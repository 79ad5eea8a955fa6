//! `transactionID` (RFC 8894 section 3.2.1.1).

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::nonce::Hex;
use crate::crypto::{CryptoProvider, DigestAlgorithm, RandomSource};
use crate::{Error, Result};

/// The client's name for a transaction; a PrintableString that the server echoes unchanged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String")
)]
pub struct TransactionId(String);

impl TransactionId {
    /// Longest id that is accepted from a peer, in characters.
    pub const MAX_LEN: usize = 256;

    /// A given id.
    ///
    /// # Errors
    /// `Misuse` if it is empty, longer than [`Self::MAX_LEN`] or holds other than visible ASCII.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(Error::Misuse(format!(
                "a transactionID has 1 to {} characters, this one has {}",
                Self::MAX_LEN,
                text.len()
            )));
        }
        if !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(Error::Misuse(
                "a transactionID holds printable ASCII only".into(),
            ));
        }
        Ok(Self(text))
    }

    /// The first half of it, as a server with too small a field would remember it.
    pub(crate) fn halved(&self) -> Self {
        let half = self.0.len().div_ceil(2);
        Self(self.0.chars().take(half).collect())
    }

    /// The hash of the public key that is to be certified, in hexadecimal.
    ///
    /// It is what implementations customarily take; RFC 8894 section 3.2.1.1 asks for no more than
    /// that the id is unique. The same key gives the same id, by which a server recognises a request
    /// that is repeated. Where a key is used in more than one transaction (to renew with the key that
    /// one has, to begin anew while a request is pending, to ask for a certificate of another
    /// purpose), a server may take the second for the first: prefer [`random`](Self::random) there.
    ///
    /// # Errors
    /// If the provider lacks SHA-256.
    pub fn of_key(provider: &dyn CryptoProvider, spki_der: &[u8]) -> Result<Self> {
        let digest = provider.digest(DigestAlgorithm::Sha256, spki_der)?;
        Ok(Self(format!("{}", Hex(&digest)).to_ascii_uppercase()))
    }

    /// 128 random bits in hexadecimal: unique, whatever the key. Who repeats a request after an
    /// interruption has to keep it.
    pub fn random(rng: &mut dyn RandomSource) -> Self {
        let mut octets = [0; 16];
        rng.fill(&mut octets);
        Self(format!("{}", Hex(&octets)).to_ascii_uppercase())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TransactionId {
    type Error = Error;

    /// As [`new`](Self::new).
    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
