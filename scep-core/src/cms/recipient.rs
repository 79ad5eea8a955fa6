//! RecipientInfo (RFC 5652 section 6.2): to whom a content-encryption key is encrypted.

use alloc::vec::Vec;

use super::algorithm::AlgorithmIdentifier;
use super::password_recipient::PasswordRecipient;
use super::signer_info::SignerId;
use crate::Result;
use crate::asn1::{Tlv, tag};

/// One RecipientInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipient {
    /// KeyTransRecipientInfo.
    KeyTrans(KeyTransRecipient),
    /// `[3]` PasswordRecipientInfo.
    Password(PasswordRecipient),
    /// Any other kind, by its tag.
    Other(u8),
}

/// A KeyTransRecipientInfo.
///
/// ```text
/// KeyTransRecipientInfo ::= SEQUENCE { version, rid, keyEncryptionAlgorithm, encryptedKey }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTransRecipient {
    /// rid.
    pub id: SignerId,
    /// keyEncryptionAlgorithm.
    pub algorithm: AlgorithmIdentifier,
    /// encryptedKey.
    pub encrypted_key: Vec<u8>,
}

impl Recipient {
    pub(super) fn from_tlv(tlv: &Tlv<'_>) -> Result<Self> {
        match tlv.tag {
            tag::SEQUENCE => {
                let mut fields = tlv.reader();
                fields.expect(tag::INTEGER, "version of KeyTransRecipientInfo")?;
                let id = SignerId::from_tlv(&fields.next("rid")?)?;
                let algorithm = AlgorithmIdentifier::from_tlv(
                    &fields.expect(tag::SEQUENCE, "keyEncryptionAlgorithm")?,
                )?;
                let encrypted_key = fields
                    .expect(tag::OCTET_STRING, "encryptedKey")?
                    .value
                    .to_vec();
                fields.finish("KeyTransRecipientInfo")?;
                Ok(Self::KeyTrans(KeyTransRecipient {
                    id,
                    algorithm,
                    encrypted_key,
                }))
            }
            PasswordRecipient::TAG => PasswordRecipient::from_tlv(tlv).map(Self::Password),
            other => Ok(Self::Other(other)),
        }
    }
}
