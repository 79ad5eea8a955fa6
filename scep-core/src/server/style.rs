//! How a server writes its replies: the differences between products, as a value.

use crate::cms::SignatureOid;
use crate::crypto::{ContentCipher, DigestAlgorithm};
use crate::message::EmptyContent;

/// How replies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyStyle {
    /// Whether the signer's certificate is sent along.
    pub include_signer: bool,
    /// What stands for the pkcsPKIEnvelope of PENDING and FAILURE.
    pub empty_content: EmptyContent,
    /// How signatureAlgorithm is written.
    pub signature_oid: SignatureOid,
    /// Which digest is signed.
    pub digest: DigestChoice,
    /// Which cipher content is encrypted with.
    pub cipher: CipherChoice,
    /// How the content key is encrypted to the client's key.
    pub key_transport: KeyTransportChoice,
    /// What of the request is repeated.
    pub echo: Echo,
    /// senderNonce.
    pub sender_nonce: SenderNonceStyle,
    /// Whether signingTime is sent.
    pub signing_time: bool,
    /// Whether Microsoft's attributes are sent.
    pub microsoft_attributes: bool,
    /// Whether failInfoText is sent.
    pub fail_info_text: bool,
    /// Whether a message that cannot be read, verified or decrypted is answered with a signed
    /// FAILURE where that is possible; else it is a [`Rejection`](super::Rejection) only.
    pub answer_broken_requests: bool,
}

impl ReplyStyle {
    /// As RFC 8894 wants it.
    pub const RFC8894: Self = Self {
        include_signer: true,
        empty_content: EmptyContent::Absent,
        signature_oid: SignatureOid::RsaEncryption,
        digest: DigestChoice::Mirror,
        cipher: CipherChoice::Mirror,
        key_transport: KeyTransportChoice::Mirror,
        echo: Echo::Right,
        sender_nonce: SenderNonceStyle::Fresh,
        signing_time: false,
        microsoft_attributes: false,
        fail_info_text: true,
        answer_broken_requests: true,
    };
}

/// Which digest a reply is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestChoice {
    /// The request's, where the policy allows it.
    Mirror,
    /// Always this one.
    Fixed(DigestAlgorithm),
}

/// What senderNonce a reply carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderNonceStyle {
    /// A fresh one.
    Fresh,
    /// A copy of the request's, as some servers do.
    Copied,
    /// None.
    Absent,
}

/// Which cipher the content of a reply is encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CipherChoice {
    /// The request's, where the policy allows it.
    Mirror,
    /// Always this one, as old servers do.
    Fixed(ContentCipher),
}

/// How the content key of a reply is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTransportChoice {
    /// As in the request, where the policy allows it.
    Mirror,
    /// With RSAES-OAEP as soon as the request was encrypted with AES, as NDES of Windows Server 2012
    /// does.
    OaepForAes,
}

/// What of the request a reply repeats. Anything but [`Right`](Self::Right) is a mistake, for tests of
/// clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// transactionID, and senderNonce as recipientNonce (RFC 8894 section 3.2.1).
    Right,
    /// Another recipientNonce.
    OtherNonce,
    /// Another transactionID: the first half of the request's.
    HalfTransactionId,
}
