//! A server's memory of transactions (RFC 8894 section 4.1, "idempotency").

use alloc::vec::Vec;

use crate::message::TransactionId;

/// SHA-256 over what identifies a request: the signed attributes and their signature.
///
/// The attributes name the transaction, the nonce and the digest of the content. Octets that are
/// not signed (the encoding, the version numbers, further certificates) do not count, so nobody can
/// change them in a request that was overheard, and have it answered as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestDigest(pub [u8; 32]);

/// A request that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingEntry {
    /// SubjectPublicKeyInfo of the key that signed it; nobody else may ask for it.
    pub signer_spki: Vec<u8>,
}

/// What a [`Responder`](super::Responder) needs to remember. Implementations lock for themselves.
pub trait Transactions {
    /// The reply that this very request got, if it was SUCCESS or FAILURE.
    fn answered(&self, request: &RequestDigest) -> Option<Vec<u8>>;

    /// Remembers a reply that was SUCCESS or FAILURE.
    fn remember_answer(&self, request: RequestDigest, reply: &[u8]);

    /// The pending request of this transaction.
    fn pending(&self, transaction_id: &TransactionId) -> Option<PendingEntry>;

    /// Remembers that a request is pending.
    fn remember_pending(&self, transaction_id: &TransactionId, entry: PendingEntry);

    /// Forgets a request that is pending no more.
    fn forget_pending(&self, transaction_id: &TransactionId);
}

/// A bounded memory that is lost with the program.
#[cfg(feature = "std")]
#[derive(Debug, Default)]
pub struct InMemoryTransactions(std::sync::Mutex<Tables>);

#[cfg(feature = "std")]
#[derive(Debug, Default)]
struct Tables {
    answers: std::collections::HashMap<RequestDigest, Vec<u8>>,
    /// Answers by age, oldest first.
    ages: std::collections::VecDeque<RequestDigest>,
    pending: std::collections::HashMap<TransactionId, PendingEntry>,
}

#[cfg(feature = "std")]
impl InMemoryTransactions {
    /// Most answers that are kept; the oldest go first.
    pub const CAPACITY: usize = 4096;

    fn tables(&self) -> std::sync::MutexGuard<'_, Tables> {
        // a panic elsewhere cannot leave the tables half-changed: each change is one call
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.tables() = Tables::default();
    }
}

#[cfg(feature = "std")]
impl Transactions for InMemoryTransactions {
    fn answered(&self, request: &RequestDigest) -> Option<Vec<u8>> {
        self.tables().answers.get(request).cloned()
    }

    fn remember_answer(&self, request: RequestDigest, reply: &[u8]) {
        let mut tables = self.tables();
        if tables.answers.insert(request, reply.to_vec()).is_none() {
            tables.ages.push_back(request);
        }
        while tables.ages.len() > Self::CAPACITY {
            if let Some(oldest) = tables.ages.pop_front() {
                tables.answers.remove(&oldest);
            }
        }
    }

    fn pending(&self, transaction_id: &TransactionId) -> Option<PendingEntry> {
        self.tables().pending.get(transaction_id).cloned()
    }

    fn remember_pending(&self, transaction_id: &TransactionId, entry: PendingEntry) {
        self.tables().pending.insert(transaction_id.clone(), entry);
    }

    fn forget_pending(&self, transaction_id: &TransactionId) {
        self.tables().pending.remove(transaction_id);
    }
}
