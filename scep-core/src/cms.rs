//! Cryptographic Message Syntax (RFC 5652), as far as SCEP uses it.
//!
//! Decoding keeps the octets that were signed; encoding is DER.

pub mod algorithm;
mod content_info;
mod enveloped_data;
mod opener;
mod password_recipient;
mod recipient;
mod seal;
mod sign;
mod signed_data;
mod signer_info;
mod verify;

pub use content_info::ContentInfo;
pub use enveloped_data::{Authentication, EncryptedContent, EnvelopedData};
pub use opener::{Opener, Openers};
pub(crate) use password_recipient::Pbkdf2;
pub use password_recipient::{PBKDF2_ITERATIONS, PasswordRecipient};
pub use recipient::{KeyTransRecipient, Recipient};
pub use seal::{ContentKey, SealTo, seal};
pub use sign::{SignatureOid, SignedDataBuilder, ToBeSigned};
pub use signed_data::{SignedData, certs_only, certs_only_certificates, crl_only};
pub(crate) use signer_info::only_value;
pub use signer_info::{Attribute, SignerId, SignerInfo};
