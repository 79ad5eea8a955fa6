//! How a transactionID is chosen (RFC 8894 section 3.2.1.1).

use crate::Result;
use crate::crypto::{CryptoProvider, RandomSource};
use crate::message::TransactionId;

/// How a transaction gets its transactionID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TransactionIdChoice {
    /// The hash of the public key, as the drafts before RFC 8894 had it: a server recognises by it a
    /// request that is repeated after an interruption; see [`TransactionId::of_key`]. Two requests for one
    /// key then have one id, where the RFC wants two.
    HashOfKey,
    /// 128 random bits: a new id for each transaction.
    #[default]
    Random,
    /// This one.
    Given(TransactionId),
}

impl TransactionIdChoice {
    /// The id of a transaction about the key `spki` (SubjectPublicKeyInfo, DER).
    pub(super) fn make(
        &self,
        provider: &dyn CryptoProvider,
        spki: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<TransactionId> {
        match self {
            Self::HashOfKey => TransactionId::of_key(provider, spki),
            Self::Random => Ok(TransactionId::random(rng)),
            Self::Given(id) => Ok(id.clone()),
        }
    }
}

impl From<TransactionId> for TransactionIdChoice {
    fn from(id: TransactionId) -> Self {
        Self::Given(id)
    }
}
