//! What was asked of the deployment and what it answered, decoded, without secrets.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::wire::Layer;

/// How many entries are kept; the oldest go first.
pub(crate) const CAPACITY: usize = 10_000;

/// One exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalEntry {
    /// Number of the exchange, from 1; log records carry it as their activity.
    pub n: u64,
    /// When it began, by the deployment's clock, in seconds since 1970.
    pub time: i64,
    /// Who asked.
    pub peer: String,
    /// `GET`, `POST`.
    pub method: String,
    /// The path.
    pub path: String,
    /// `operation=` of the query.
    pub operation: Option<String>,
    /// Length of the query in octets.
    pub query_len: usize,
    /// Length of the body in octets.
    pub body_len: usize,
    /// User agent.
    pub user_agent: Option<String>,
    /// Status of the response; 0 if there was none.
    pub status: u16,
    /// `response`, `refused`, `silence`, `reset`; `note` if it is no exchange at all.
    pub outcome: Cow<'static, str>,
    /// The part of the deployment that answered.
    pub answered_by: Option<Layer>,
    /// How long it took by the deployment's clock, in milliseconds.
    pub elapsed_ms: u64,
    /// What a PKIOperation held.
    pub message: Option<Decoded>,
    /// What the mock did and no log of a real server would tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a PKIOperation held, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Decoded {
    /// messageType.
    pub message_type: Option<String>,
    /// transactionID.
    pub transaction_id: Option<String>,
    /// Subject of the signer's certificate.
    pub signer: Option<String>,
    /// Subject of the certification request.
    pub subject: Option<String>,
    /// Whether the certification request has a challenge password.
    pub challenge_present: Option<bool>,
    /// pkiStatus of the reply.
    pub pki_status: Option<String>,
    /// failInfo of the reply.
    pub fail_info: Option<String>,
    /// HRESULT behind a refusal.
    pub hresult: Option<String>,
    /// Why it could not be understood.
    pub error: Option<String>,
    /// Serial number of the certificate that was issued.
    pub issued_serial: Option<String>,
}

/// All entries that are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<JournalEntry>,
}

impl Journal {
    pub(crate) fn push(&mut self, entry: JournalEntry) {
        if self.entries.len() >= CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &JournalEntry> {
        self.entries.iter()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
