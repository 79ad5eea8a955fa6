//! What comes of a request.

use alloc::vec::Vec;

use crate::Error;
use crate::crypto::{ContentCipher, DigestAlgorithm};
use crate::message::{FailInfo, MessageType, PkiStatus, TransactionId};
use crate::x509::{Certificate, Name};

/// A signed reply, and what it answers, for a journal.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The CertRep.
    pub der: Vec<u8>,
    /// messageType of the request.
    pub message_type: MessageType,
    /// transactionID.
    pub transaction_id: TransactionId,
    /// pkiStatus of the reply.
    pub pki_status: PkiStatus,
    /// failInfo of the reply.
    pub fail_info: Option<FailInfo>,
    /// Whether the same bytes were sent before.
    pub repeated: bool,
    /// Digest of the request.
    pub digest: Option<DigestAlgorithm>,
    /// Content cipher of the request.
    pub cipher: Option<ContentCipher>,
    /// Subject that was asked for.
    pub subject: Option<Name>,
    /// The certificate that was issued.
    pub issued: Option<Certificate>,
    /// Why the request was answered with FAILURE before an authority saw it.
    pub cause: Option<(RejectionStage, Error)>,
}

/// A request that was not answered with a CertRep.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// How far it came.
    pub stage: RejectionStage,
    /// What was wrong.
    pub error: Error,
}

/// How far a request came before it was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectionStage {
    /// It could not be decoded as a pkiMessage.
    Decode,
    /// Its signature is wrong, or its signer unknown.
    Verify,
    /// It is for another recipient, was damaged, or its content is not what its messageType
    /// promises: behind the encryption all of that is one.
    Decrypt,
    /// It is nothing that a client may send.
    NotARequest,
    /// It would renew, but its signer holds no certificate that could be renewed.
    Renewal,
    /// The reply could not be made, such as for a signer whose key cannot be encrypted to.
    Reply,
    /// The same request, or another one of its transaction, is being answered at this moment; it may
    /// come again.
    InFlight,
    /// Too many requests are being answered at this moment; it may come again.
    Busy,
}

impl core::fmt::Display for RejectionStage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Decode => "decode",
            Self::Verify => "verify",
            Self::Decrypt => "decrypt",
            Self::NotARequest => "not-a-request",
            Self::Renewal => "renewal",
            Self::Reply => "reply",
            Self::InFlight => "in-flight",
            Self::Busy => "busy",
        })
    }
}

impl core::fmt::Display for Rejection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} failed: {}", self.stage, self.error)
    }
}

impl core::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}
