//! One request within its transaction: what the authority decides, and what is remembered of it.

use alloc::string::String;
use alloc::vec::Vec;

use super::authority::{
    Authority, Authorization, Decision, EnrollmentRequest, PollRequest, Refusal,
};
use super::transactions::{IssuedEntry, PendingEntry, RequestDigest, TransactionKey};
use crate::UnixTime;
use crate::message::{ChallengePassword, FailInfo, IssuerAndSerialNumber, MessageType};
use crate::x509::{Certificate, Name};

/// Longest serial number that is looked up, in octets: RFC 5280 allows 20, and a sign.
const MAX_SERIAL: usize = 21;

/// What a reply says.
pub(super) enum Answer {
    Certificates {
        certificates: Vec<Certificate>,
        server_message: Option<String>,
    },
    Crl(Vec<u8>),
    Pending,
    Refuse(Refusal),
}

/// One request within its transaction.
pub(super) struct Transaction<'a> {
    pub(super) key: TransactionKey,
    pub(super) digest: RequestDigest,
    pub(super) signer: &'a Certificate,
    pub(super) authority: &'a dyn Authority,
    /// The names of this CA, and of its RA.
    pub(super) ca_names: &'a [&'a Name],
    /// Whether replies of this transaction are encrypted with its challenge password, so that it has
    /// to be remembered.
    pub(super) by_password: bool,
    pub(super) now: UnixTime,
}

impl Transaction<'_> {
    /// A request for a certificate. If it is pending already, or was granted, it counts as a poll.
    pub(super) fn enroll(&self, request: &EnrollmentRequest<'_>) -> Answer {
        let transactions = self.authority.transactions();
        if let Some(entry) = transactions.pending(&self.key) {
            return self.poll(entry);
        }
        if let Some(answer) = self.issued_before(Some(self.digest)) {
            return answer;
        }
        let decision = match self.authority.authorize(request, self.now) {
            Authorization::Granted => self.authority.issue(request, self.now),
            Authorization::Manual => Decision::Pending,
            Authorization::Refused(refusal) => Decision::Refuse(refusal),
        };
        let entry = PendingEntry {
            request: self.digest,
            challenge: request.challenge().filter(|_| self.by_password).cloned(),
        };
        self.settle(decision, entry)
    }

    /// The challenge password of a request that is pending, or was granted.
    pub(super) fn challenge(&self) -> Option<ChallengePassword> {
        let transactions = self.authority.transactions();
        match transactions.pending(&self.key) {
            Some(entry) => entry.challenge,
            None => transactions.issued(&self.key)?.challenge,
        }
    }

    /// CertPoll, GetCert, GetCRL. `content` is the messageData, or `None` if it could not be
    /// decrypted.
    ///
    /// Whether it could be decrypted and read must not show: somebody could send other people's
    /// ciphertexts, slightly changed, and learn from the answers. So a poll goes by transactionID
    /// and key alone (RFC 8894 section 3.3.3 lets it), and a query that cannot be read finds nothing.
    pub(super) fn look_up(&self, message_type: &MessageType, content: Option<&[u8]>) -> Answer {
        let not_found = || Answer::Refuse(Refusal::new(FailInfo::BadCertId));
        // Somebody who forged a first block could have garbage behind it read as a serial number, and
        // learn from the answer whether it could be decrypted. So no authority is asked about what
        // does not name this CA, whose name is longer than a block, and has no sensible serial number.
        let id = || {
            let id = IssuerAndSerialNumber::from_der(content?).ok()?;
            let ours = self.ca_names.iter().any(|name| name.matches(&id.issuer));
            (ours && id.serial.len() <= MAX_SERIAL).then_some(id)
        };
        match message_type {
            MessageType::CertPoll => match self.authority.transactions().pending(&self.key) {
                Some(entry) => self.poll(entry),
                None => self.issued_before(None).unwrap_or_else(not_found),
            },
            MessageType::GetCert => id()
                .and_then(|id| self.authority.certificate(&id, self.signer))
                .map_or_else(not_found, |certificate| Answer::Certificates {
                    certificates: alloc::vec![certificate],
                    server_message: None,
                }),
            MessageType::GetCrl => id()
                .and_then(|id| self.authority.crl(&id, self.signer))
                .map_or_else(not_found, |crl| Answer::Crl(crl.as_der().to_vec())),
            MessageType::PkcsReq
            | MessageType::RenewalReq
            | MessageType::CertRep
            | MessageType::Other(_) => not_found(),
        }
    }

    fn poll(&self, entry: PendingEntry) -> Answer {
        let request = PollRequest {
            transaction_id: &self.key.id,
            signer: self.signer,
        };
        let decision = self.authority.poll(&request, self.now);
        self.settle(decision, entry)
    }

    /// What was issued to this transaction: to any poll, or to the request that began it.
    fn issued_before(&self, request: Option<RequestDigest>) -> Option<Answer> {
        let entry = self.authority.transactions().issued(&self.key)?;
        if request.is_some_and(|request| request != entry.request) {
            return None;
        }
        let certificates = entry
            .certificates
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect();
        Some(Answer::Certificates {
            certificates,
            server_message: None,
        })
    }

    /// Keeps the memory of requests in step with a decision.
    fn settle(&self, decision: Decision, entry: PendingEntry) -> Answer {
        let transactions = self.authority.transactions();
        match decision {
            Decision::Issue { certificates, .. } if certificates.is_empty() => {
                Answer::Refuse(Refusal::new(FailInfo::BadRequest).with_text("nothing was issued"))
            }
            Decision::Issue {
                certificates,
                server_message,
            } => {
                // for the client that did not get the answer, and polls
                let issued = IssuedEntry {
                    request: entry.request,
                    certificates: certificates.iter().map(|c| c.as_der().to_vec()).collect(),
                    challenge: entry.challenge,
                };
                transactions.resolve_pending(&self.key, Some(issued));
                Answer::Certificates {
                    certificates,
                    server_message,
                }
            }
            Decision::Pending => {
                transactions.remember_pending(&self.key, entry);
                Answer::Pending
            }
            Decision::Refuse(refusal) => {
                transactions.resolve_pending(&self.key, None);
                Answer::Refuse(refusal)
            }
        }
    }
}
