//! Making a pkiMessage.

use alloc::string::String;
use alloc::vec::Vec;

use super::{FailInfo, MessageType, PkiStatus, RecipientNonce, SenderNonce, TransactionId};
use crate::asn1::{tag, write};
use crate::cms::{Attribute, SignatureOid, SignedDataBuilder, ToBeSigned};
use crate::crypto::{
    CryptoProvider, DigestAlgorithm, PrivateKey, RandomSource, SignatureAlgorithm,
};
use crate::oid;
use crate::x509::Certificate;
use crate::{Result, UnixTime};

/// How a message without a pkcsPKIEnvelope (PENDING, FAILURE) says that it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyContent {
    /// eContent is absent, as RFC 8894 section 3.3.2 wants it.
    #[default]
    Absent,
    /// eContent is an empty OCTET STRING; some clients insist on it.
    ZeroLength,
    /// eContent is one octet of zero, as NDES sends it.
    OneZeroOctet,
}

/// The parts of a pkiMessage that is to be signed.
#[derive(Clone, Debug)]
pub struct MessageBuilder {
    /// messageType.
    pub message_type: MessageType,
    /// transactionID.
    pub transaction_id: TransactionId,
    /// senderNonce.
    pub sender_nonce: Option<SenderNonce>,
    /// recipientNonce.
    pub recipient_nonce: Option<RecipientNonce>,
    /// pkiStatus.
    pub pki_status: Option<PkiStatus>,
    /// failInfo.
    pub fail_info: Option<FailInfo>,
    /// failInfoText.
    pub fail_info_text: Option<String>,
    /// Microsoft's ENROLL_SCEP_ERROR.
    pub hresult: Option<i32>,
    /// Microsoft's ENROLL_SCEP_SERVER_MESSAGE.
    pub server_message: Option<String>,
    /// signingTime.
    pub signing_time: Option<UnixTime>,
    /// The encoded pkcsPKIEnvelope.
    pub envelope: Option<Vec<u8>>,
    /// What stands in its place if there is none.
    pub empty_content: EmptyContent,
    /// Whose key signs.
    pub signer: Certificate,
    /// Certificates to send along.
    pub certificates: Vec<Certificate>,
    /// The digest to sign with an RSA key; others have their own ([`SignatureAlgorithm::for_key`]).
    pub digest: DigestAlgorithm,
    /// The scheme to sign with, where it shall not follow from the key and the digest.
    pub scheme: Option<SignatureAlgorithm>,
    /// How signatureAlgorithm is written.
    pub signature_oid: SignatureOid,
}

impl MessageBuilder {
    /// A message of this type in this transaction: SHA-256, signer's certificate sent along.
    #[must_use]
    pub fn new(
        message_type: MessageType,
        transaction_id: TransactionId,
        signer: Certificate,
    ) -> Self {
        Self {
            message_type,
            transaction_id,
            sender_nonce: None,
            recipient_nonce: None,
            pki_status: None,
            fail_info: None,
            fail_info_text: None,
            hresult: None,
            server_message: None,
            signing_time: None,
            envelope: None,
            empty_content: EmptyContent::default(),
            certificates: alloc::vec![signer.clone()],
            signer,
            digest: DigestAlgorithm::Sha256,
            scheme: None,
            signature_oid: SignatureOid::default(),
        }
    }

    /// Signs and encodes.
    ///
    /// # Errors
    /// If the provider or the key lacks an algorithm.
    pub fn sign(
        &self,
        provider: &dyn CryptoProvider,
        key: &dyn PrivateKey,
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let unsigned = self.to_be_signed(provider)?;
        let signature = key.sign(unsigned.algorithm(), unsigned.octets(), rng)?;
        Ok(unsigned.with_signature(&signature))
    }

    /// The first of two steps for a key that is held elsewhere: what has to be signed.
    ///
    /// # Errors
    /// If the provider lacks the digest.
    pub fn to_be_signed(&self, provider: &dyn CryptoProvider) -> Result<ToBeSigned> {
        SignedDataBuilder {
            content: match (&self.envelope, self.empty_content) {
                (Some(envelope), _) => Some(envelope.clone()),
                (None, EmptyContent::Absent) => None,
                (None, EmptyContent::ZeroLength) => Some(Vec::new()),
                (None, EmptyContent::OneZeroOctet) => Some(alloc::vec![0]),
            },
            attributes: self.attributes(),
            signer: self.signer.clone(),
            certificates: self.certificates.clone(),
            digest: self.digest,
            scheme: self.scheme,
            signature_oid: self.signature_oid,
        }
        .to_be_signed(provider)
    }

    fn attributes(&self) -> Vec<Attribute> {
        let printable = |text: &str| write::tlv(tag::PRINTABLE_STRING, text.as_bytes());
        let utf8 = |text: &str| write::tlv(tag::UTF8_STRING, text.as_bytes());
        let mut out = alloc::vec![
            Attribute::new(oid::MESSAGE_TYPE, printable(self.message_type.as_text())),
            // an id that a client chose may have characters that no PrintableString holds
            Attribute::new(
                oid::TRANSACTION_ID,
                write::directory_string(self.transaction_id.as_str()),
            ),
        ];
        let optional = [
            (
                oid::PKI_STATUS,
                self.pki_status.as_ref().map(|s| printable(s.as_text())),
            ),
            (
                oid::FAIL_INFO,
                self.fail_info.as_ref().map(|i| printable(i.as_text())),
            ),
            (
                oid::FAIL_INFO_TEXT,
                self.fail_info_text.as_deref().map(utf8),
            ),
            (
                oid::SENDER_NONCE,
                self.sender_nonce
                    .as_ref()
                    .map(|n| write::octet_string(n.as_octets())),
            ),
            (
                oid::RECIPIENT_NONCE,
                self.recipient_nonce
                    .as_ref()
                    .map(|n| write::octet_string(n.as_octets())),
            ),
            (oid::SIGNING_TIME, self.signing_time.map(write::time)),
            (
                oid::MS_SCEP_ERROR,
                self.hresult
                    .map(|code| printable(&alloc::format!("{code}"))),
            ),
            (
                oid::MS_SCEP_SERVER_MESSAGE,
                self.server_message.as_deref().map(utf8),
            ),
        ];
        out.extend(
            optional
                .into_iter()
                .filter_map(|(oid, value)| value.map(|v| Attribute::new(oid, v))),
        );
        out
    }
}
