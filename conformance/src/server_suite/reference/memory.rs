//! What is remembered of transactions, or not.

use scep_core::server::{
    Begin, InMemoryTransactions, IssuedEntry, PendingEntry, Reply, RequestDigest, TransactionKey,
    Transactions,
};

use crate::server_suite::flaw::Rules;

/// What is remembered of transactions, or not.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) kept: InMemoryTransactions,
    pub(super) rules: Rules,
}

impl Transactions for Memory {
    fn begin(&self, request: RequestDigest, transaction: Option<&TransactionKey>) -> Begin {
        self.kept.begin(request, transaction)
    }

    fn finish(
        &self,
        request: RequestDigest,
        transaction: Option<&TransactionKey>,
        reply: Option<&Reply>,
    ) {
        let reply = reply.filter(|_| !self.rules.forgets_replies);
        self.kept.finish(request, transaction, reply);
    }

    fn pending(&self, key: &TransactionKey) -> Option<PendingEntry> {
        self.kept.pending(key)
    }

    fn remember_pending(&self, key: &TransactionKey, entry: PendingEntry) {
        self.kept.remember_pending(key, entry);
    }

    fn resolve_pending(&self, key: &TransactionKey, issued: Option<IssuedEntry>) {
        let forgets = if self.kept.pending(key).is_some() {
            self.rules.forgets_issued
        } else {
            self.rules.forgets_replies
        };
        let issued = issued.filter(|_| !forgets);
        self.kept.resolve_pending(key, issued);
    }

    fn issued(&self, key: &TransactionKey) -> Option<IssuedEntry> {
        self.kept.issued(key)
    }
}
