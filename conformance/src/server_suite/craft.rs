//! Requests of any make, right ones and wrong ones.

use scep_core::asn1::{tag, write};
use scep_core::cms::{self, Attribute, SealTo};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PublicKeyAlgorithm, RandomSource,
};
use scep_core::message::ChallengePassword;
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::Certificate;

use super::Identity;
use crate::by_hand::SignedParts;

/// A request before it is encoded. Every part can be made otherwise.
#[derive(Clone)]
pub struct Request {
    /// messageType, as its digits.
    pub message_type: String,
    /// transactionID.
    pub transaction_id: String,
    /// senderNonce.
    pub sender_nonce: Vec<u8>,
    /// Attributes that are left out.
    pub without: Vec<ObjectIdentifier>,
    /// The plaintext: a certification request, a query.
    pub plain: Vec<u8>,
    /// What stands for the envelope, in place of one around the plaintext.
    pub content: Option<Vec<u8>>,
    /// To whom it is encrypted.
    pub recipient: Certificate,
    /// How.
    pub cipher: ContentCipher,
    /// How the key of the content is.
    pub transport: KeyTransport,
    /// The password to encrypt with, if the recipient's key cannot be encrypted to.
    pub password: Option<ChallengePassword>,
    /// Who signs.
    pub signer: Identity,
    /// What is sent along.
    pub certificates: Vec<Certificate>,
    /// The digest that is signed.
    pub digest: DigestAlgorithm,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("message_type", &self.message_type)
            .field("transaction_id", &self.transaction_id)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// Encrypts, signs and encodes.
    ///
    /// # Errors
    /// If the provider lacks an algorithm.
    pub fn encode(
        &self,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> scep_core::Result<Vec<u8>> {
        self.parts(provider, rng)?.encode(rng)
    }

    /// Encrypts; what is left is to sign and to encode.
    ///
    /// # Errors
    /// If the provider lacks an algorithm.
    pub fn parts(
        &self,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> scep_core::Result<SignedParts> {
        let content = match &self.content {
            Some(content) => content.clone(),
            None => {
                let kind = PublicKeyAlgorithm::of_spki(self.recipient.spki_der())?;
                let to = match &self.password {
                    Some(password) if !kind.can_encrypt() => SealTo::Password(password),
                    _ => SealTo::Certificate(&self.recipient, self.transport),
                };
                cms::seal(provider, to, self.cipher, &self.plain, rng)?
            }
        };
        let printable = |text: &str| write::tlv(tag::PRINTABLE_STRING, text.as_bytes());
        let attributes: Vec<Attribute> = [
            (oid::MESSAGE_TYPE, printable(&self.message_type)),
            (oid::TRANSACTION_ID, printable(&self.transaction_id)),
            (oid::SENDER_NONCE, write::octet_string(&self.sender_nonce)),
        ]
        .into_iter()
        .filter(|(oid, _)| !self.without.contains(oid))
        .map(|(oid, value)| Attribute::new(oid, value))
        .collect();
        SignedParts::new(
            provider,
            Some(content),
            &attributes,
            (&self.signer.certificate, &self.signer.key),
            &self.certificates,
            self.digest,
        )
    }
}
