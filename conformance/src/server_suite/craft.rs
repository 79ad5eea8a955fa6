//! Requests of any make, right ones and wrong ones.

use scep_core::asn1::{tag, write};
use scep_core::cms::{self, Attribute, SealTo, SignatureOid, SignedDataBuilder};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, RandomSource,
};
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::Certificate;

use super::Identity;

/// A request before it is encoded. Every part can be made otherwise.
#[derive(Clone, Debug)]
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
    /// Who signs.
    pub signer: Identity,
    /// What is sent along.
    pub certificates: Vec<Certificate>,
    /// The digest that is signed.
    pub digest: DigestAlgorithm,
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
        let content = match &self.content {
            Some(content) => content.clone(),
            None => cms::seal(
                provider,
                SealTo::Certificate(&self.recipient, self.transport),
                self.cipher,
                &self.plain,
                rng,
            )?,
        };
        let printable = |text: &str| write::tlv(tag::PRINTABLE_STRING, text.as_bytes());
        let attributes = [
            (oid::MESSAGE_TYPE, printable(&self.message_type)),
            (oid::TRANSACTION_ID, printable(&self.transaction_id)),
            (oid::SENDER_NONCE, write::octet_string(&self.sender_nonce)),
        ];
        SignedDataBuilder {
            content: Some(content),
            attributes: attributes
                .into_iter()
                .filter(|(oid, _)| !self.without.contains(oid))
                .map(|(oid, value)| Attribute::new(oid, value))
                .collect(),
            signer: self.signer.certificate.clone(),
            certificates: self.certificates.clone(),
            digest: self.digest,
            scheme: None,
            signature_oid: SignatureOid::RsaEncryption,
        }
        .sign(provider, self.signer.key.as_ref(), rng)
    }
}
