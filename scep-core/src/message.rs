//! The pkiMessage (RFC 8894 section 3): SignedData with SCEP attributes around an EnvelopedData.
//!
//! [`SignedMessage::decode`] reads one; [`SignedMessage::verify`] checks its signature and gives a
//! [`VerifiedMessage`], the only thing whose content can be opened. [`MessageBuilder`] makes one.

mod attributes;
mod build;
mod challenge;
mod fail_info;
mod message_data;
mod message_type;
mod nonce;
mod pki_status;
mod signed;
mod transaction_id;

pub use attributes::{MicrosoftAttributes, ScepAttributes};
pub use build::{EmptyContent, MessageBuilder};
pub use challenge::{ChallengePassword, ChallengeString};
pub use fail_info::FailInfo;
pub use message_data::{IssuerAndSerialNumber, IssuerAndSubject};
pub use message_type::MessageType;
pub use nonce::{RecipientNonce, SenderNonce};
pub use pki_status::PkiStatus;
pub use signed::{Opened, SignedMessage, VerifiedMessage};
pub use transaction_id::TransactionId;
