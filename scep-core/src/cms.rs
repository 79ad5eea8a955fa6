//! Cryptographic Message Syntax (RFC 5652), as far as SCEP uses it.
//!
//! Decoding keeps the octets that were signed; encoding is DER.

pub mod algorithm;
mod content_info;
mod enveloped_data;
mod signed_data;
mod signer_info;

pub use content_info::ContentInfo;
pub use enveloped_data::{EncryptedContent, EnvelopedData, KeyTransRecipient, Recipient, seal};
pub use signed_data::{SignedData, certs_only, certs_only_certificates, crl_only};
pub use signer_info::{Attribute, SignerId, SignerInfo};
