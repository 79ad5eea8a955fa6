//! A server's memory of transactions (RFC 8894 section 4.1, "idempotency").

use alloc::vec::Vec;

use super::Reply;
use crate::message::{ChallengePassword, TransactionId};

/// SHA-256 over what identifies a request: the signed attributes and their signature (of ECDSA, its r).
///
/// The attributes name the transaction, the nonce and the digest of the content. Octets that are
/// not signed (the encoding, the version numbers, further certificates) do not count, so nobody can
/// change them in a request that was overheard, and have it answered as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestDigest(pub [u8; 32]);

/// What tells transactions apart: the client's name for it, and the key that signs. So nobody can
/// take part in, or lock, a transaction whose id was guessed or overheard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionKey {
    /// transactionID.
    pub id: TransactionId,
    /// SHA-256 of the SubjectPublicKeyInfo of the key that signs.
    pub signer: [u8; 32],
}

/// How a request stands when it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It is new, and now being answered: [`Transactions::finish`] will follow.
    New,
    /// The same request, or another one of its transaction, is being answered at this moment: the
    /// client may try again.
    InFlight,
    /// Too many requests are being answered at this moment: the client may try again.
    Full,
    /// It was answered SUCCESS or FAILURE; here is the CertRep.
    Answered(Vec<u8>),
}

/// A request that waits for a decision.
#[derive(Clone)]
pub struct PendingEntry {
    /// The request that began the transaction.
    pub request: RequestDigest,
    /// Its challenge password, kept only where replies have to be encrypted with it, because the
    /// client's or the CA's key cannot decrypt. It is a secret: store it protected.
    pub challenge: Option<ChallengePassword>,
}

impl core::fmt::Debug for PendingEntry {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PendingEntry")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// What came of a request.
#[derive(Clone)]
pub struct IssuedEntry {
    /// The request that began the transaction.
    pub request: RequestDigest,
    /// What was issued, DER: the certificate, then others.
    pub certificates: Vec<Vec<u8>>,
    /// As [`PendingEntry::challenge`].
    pub challenge: Option<ChallengePassword>,
}

impl core::fmt::Debug for IssuedEntry {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IssuedEntry")
            .field("request", &self.request)
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}

/// What a [`Responder`](super::Responder) needs to remember. Implementations lock for themselves;
/// each call is atomic.
pub trait Transactions {
    /// Looks a request up, and marks it as being answered if it is new. With `transaction`, which
    /// requests and polls have, no other one of that transaction is answered meanwhile: two polls at
    /// one moment must not both have a certificate issued.
    fn begin(&self, request: RequestDigest, transaction: Option<&TransactionKey>) -> Begin;

    /// Ends what [`begin`](Self::begin) began. `reply` is to be remembered; without one (the
    /// request is pending, or could not be answered) the request may come again. Called even if
    /// the authority panics.
    fn finish(
        &self,
        request: RequestDigest,
        transaction: Option<&TransactionKey>,
        reply: Option<&Reply>,
    );

    /// The pending request of a transaction.
    fn pending(&self, key: &TransactionKey) -> Option<PendingEntry>;

    /// Remembers that a request is pending.
    fn remember_pending(&self, key: &TransactionKey, entry: PendingEntry);

    /// A request is pending no more, if it was; `issued` is what came of it, if it was granted.
    fn resolve_pending(&self, key: &TransactionKey, issued: Option<IssuedEntry>);

    /// What was issued to a request: the client may not have got it, and poll for it.
    fn issued(&self, key: &TransactionKey) -> Option<IssuedEntry>;
}

/// A bounded memory that is lost with the program.
#[cfg(feature = "std")]
#[derive(Debug, Default)]
pub struct InMemoryTransactions(std::sync::Mutex<Tables>);

#[cfg(feature = "std")]
#[derive(Debug, Default)]
struct Tables {
    in_flight: std::collections::HashSet<RequestDigest>,
    locked: std::collections::HashSet<TransactionKey>,
    successes: Bounded<RequestDigest, Vec<u8>>,
    /// Apart from successes, so that a flood of refused requests pushes none of those out.
    failures: Bounded<RequestDigest, Vec<u8>>,
    pending: Bounded<TransactionKey, PendingEntry>,
    issued: Bounded<TransactionKey, IssuedEntry>,
}

/// A table that forgets its oldest entries.
#[cfg(feature = "std")]
#[derive(Debug)]
struct Bounded<K, V> {
    entries: std::collections::HashMap<K, V>,
    ages: std::collections::VecDeque<K>,
}

#[cfg(feature = "std")]
impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self {
            entries: std::collections::HashMap::new(),
            ages: std::collections::VecDeque::new(),
        }
    }
}

#[cfg(feature = "std")]
impl<K: Clone + Eq + std::hash::Hash, V: Clone> Bounded<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.entries.get(key).cloned()
    }

    fn insert(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.ages.push_back(key);
        }
        while self.ages.len() > InMemoryTransactions::CAPACITY {
            if let Some(oldest) = self.ages.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    fn remove(&mut self, key: &K) {
        if self.entries.remove(key).is_some() {
            self.ages.retain(|known| known != key);
        }
    }
}

#[cfg(feature = "std")]
impl InMemoryTransactions {
    /// Most entries of each kind that are kept; the oldest go first. As many requests are answered at
    /// one moment; one more is told to come again.
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
    fn begin(&self, request: RequestDigest, transaction: Option<&TransactionKey>) -> Begin {
        let mut tables = self.tables();
        let answered = tables
            .successes
            .get(&request)
            .or_else(|| tables.failures.get(&request));
        if let Some(reply) = answered {
            return Begin::Answered(reply);
        }
        if tables.in_flight.contains(&request)
            || transaction.is_some_and(|key| tables.locked.contains(key))
        {
            return Begin::InFlight;
        }
        if tables.in_flight.len() >= Self::CAPACITY {
            return Begin::Full;
        }
        tables.in_flight.insert(request);
        tables.locked.extend(transaction.cloned());
        Begin::New
    }

    fn finish(
        &self,
        request: RequestDigest,
        transaction: Option<&TransactionKey>,
        reply: Option<&Reply>,
    ) {
        let mut tables = self.tables();
        tables.in_flight.remove(&request);
        if let Some(key) = transaction {
            tables.locked.remove(key);
        }
        if let Some(reply) = reply {
            if reply.pki_status == crate::message::PkiStatus::Success {
                tables.successes.insert(request, reply.der.clone());
            } else {
                tables.failures.insert(request, reply.der.clone());
            }
        }
    }

    fn pending(&self, key: &TransactionKey) -> Option<PendingEntry> {
        self.tables().pending.get(key)
    }

    fn remember_pending(&self, key: &TransactionKey, entry: PendingEntry) {
        self.tables().pending.insert(key.clone(), entry);
    }

    fn resolve_pending(&self, key: &TransactionKey, issued: Option<IssuedEntry>) {
        let mut tables = self.tables();
        tables.pending.remove(key);
        if let Some(entry) = issued {
            tables.issued.insert(key.clone(), entry);
        }
    }

    fn issued(&self, key: &TransactionKey) -> Option<IssuedEntry> {
        self.tables().issued.get(key)
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    fn key(id: TransactionId) -> TransactionKey {
        TransactionKey {
            id,
            signer: [0; 32],
        }
    }

    #[test]
    fn one_request_is_answered_once_at_a_time_and_so_is_one_transaction() {
        let memory = InMemoryTransactions::default();
        let [first, second] = [RequestDigest([1; 32]), RequestDigest([2; 32])];
        let [transaction, other] = ["t1", "t2"].map(|id| key(TransactionId::new(id).unwrap()));
        assert_eq!(memory.begin(first, Some(&transaction)), Begin::New);
        assert_eq!(memory.begin(first, None), Begin::InFlight);
        assert_eq!(memory.begin(second, Some(&transaction)), Begin::InFlight);
        assert_eq!(memory.begin(second, Some(&other)), Begin::New);
        memory.finish(first, Some(&transaction), None);
        assert_eq!(memory.begin(first, Some(&transaction)), Begin::New);
    }

    #[test]
    fn only_so_many_are_answered_at_a_time() {
        let memory = InMemoryTransactions::default();
        let request = |n: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_be_bytes());
            RequestDigest(digest)
        };
        for n in 0..InMemoryTransactions::CAPACITY {
            assert_eq!(memory.begin(request(n), None), Begin::New);
        }
        let one_more = request(InMemoryTransactions::CAPACITY);
        assert_eq!(memory.begin(one_more, None), Begin::Full);
        assert_eq!(memory.begin(request(0), None), Begin::InFlight);
        memory.finish(request(0), None, None);
        assert_eq!(memory.begin(one_more, None), Begin::New);
    }

    #[test]
    fn the_memory_is_bounded() {
        let memory = InMemoryTransactions::default();
        let entry = PendingEntry {
            request: RequestDigest([0; 32]),
            challenge: None,
        };
        let key = |n| key(TransactionId::new(alloc::format!("t{n}")).unwrap());
        for n in 0..=InMemoryTransactions::CAPACITY {
            memory.remember_pending(&key(n), entry.clone());
        }
        assert!(memory.pending(&key(0)).is_none());
        assert!(memory.pending(&key(1)).is_some());
        assert_eq!(
            memory.tables().pending.entries.len(),
            InMemoryTransactions::CAPACITY
        );
    }
}
