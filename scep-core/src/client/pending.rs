//! A pending transaction that outlives the program.

use alloc::string::String;
use alloc::vec::Vec;

use crate::UnixTime;
use crate::message::TransactionId;

/// What is needed to poll a pending request later; no secret among it (the key is kept elsewhere).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingTransaction {
    /// The SCEP URL.
    pub url: String,
    /// transactionID.
    pub transaction_id: TransactionId,
    /// The self-signed certificate that signed the request, DER.
    pub signer: Vec<u8>,
    /// Subject that was asked for, DER.
    pub subject: Vec<u8>,
    /// The CA's trusted certificates, DER.
    pub ca_certificates: Vec<Vec<u8>>,
    /// Words of GetCACaps.
    pub capabilities: Vec<String>,
    /// How often it was asked for already.
    pub polls: u32,
    /// When to ask next.
    pub next_poll: UnixTime,
}
