//! What NDES has answered lately (`CacheRequest`): who asks again in the same transaction with the same
//! key gets the same certificate.

use std::collections::VecDeque;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::message::TransactionId;
use scep_core::x509::Certificate;

/// How many answers are kept; the oldest go first.
const CAPACITY: usize = 512;

/// The certificates that were issued lately.
#[derive(Debug, Default)]
pub(crate) struct Answered(VecDeque<Answer>);

#[derive(Debug)]
struct Answer {
    transaction: TransactionId,
    spki: Vec<u8>,
    certificate: Certificate,
    at: UnixTime,
}

impl Answered {
    pub(crate) fn remember(
        &mut self,
        transaction: &TransactionId,
        spki: &[u8],
        certificate: &Certificate,
        at: UnixTime,
    ) {
        self.0.truncate(CAPACITY - 1);
        self.0.push_front(Answer {
            transaction: transaction.clone(),
            spki: spki.to_vec(),
            certificate: certificate.clone(),
            at,
        });
    }

    /// What this transaction got with this key, if that was not too long ago.
    pub(crate) fn find(
        &self,
        transaction: &TransactionId,
        spki: &[u8],
        lifetime: Duration,
        now: UnixTime,
    ) -> Option<Certificate> {
        self.0
            .iter()
            .take_while(|answer| now.since(answer.at) < lifetime)
            .find(|answer| answer.transaction == *transaction && answer.spki == spki)
            .map(|answer| answer.certificate.clone())
    }

    /// When a transaction got its certificate.
    pub(crate) fn time(&self, transaction: &TransactionId) -> Option<UnixTime> {
        let mut all = self.0.iter();
        let answer = all.find(|answer| answer.transaction == *transaction)?;
        Some(answer.at)
    }
}
