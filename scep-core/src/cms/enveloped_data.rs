//! EnvelopedData (RFC 5652 section 6): content encrypted to a recipient's certificate.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::algorithm::{self, AlgorithmIdentifier};
use super::content_info::{ContentInfo, frame};
use super::signer_info::SignerId;
use crate::asn1::{Reader, Tlv, tag, write};
use crate::crypto::{ContentCipher, CryptoProvider, KeyTransport, PrivateKey, RandomSource};
use crate::error::Layer;
use crate::limits::Limits;
use crate::oid;
use crate::x509::Certificate;
use crate::{Error, Result};

/// An EnvelopedData, decoded.
///
/// ```text
/// EnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET,
///   encryptedContentInfo, unprotectedAttrs [1] OPTIONAL }
/// ```
#[derive(Clone, Debug)]
pub struct EnvelopedData {
    /// recipientInfos, in the order received.
    pub recipients: Vec<Recipient>,
    /// encryptedContentInfo.
    pub content: EncryptedContent,
    /// Whether it was sent as BER and not DER.
    pub was_ber: bool,
}

/// One RecipientInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipient {
    /// KeyTransRecipientInfo.
    KeyTrans(KeyTransRecipient),
    /// `[3]` PasswordRecipientInfo, encoded.
    Password(Vec<u8>),
    /// Any other kind, by its tag.
    Other(u8),
}

/// A KeyTransRecipientInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTransRecipient {
    /// rid.
    pub id: SignerId,
    /// keyEncryptionAlgorithm.
    pub algorithm: AlgorithmIdentifier,
    /// encryptedKey.
    pub encrypted_key: Vec<u8>,
}

/// An EncryptedContentInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedContent {
    /// contentType.
    pub content_type: const_oid::ObjectIdentifier,
    /// contentEncryptionAlgorithm.
    pub algorithm: AlgorithmIdentifier,
    /// encryptedContent, joined.
    pub ciphertext: Vec<u8>,
}

impl EnvelopedData {
    /// Reads a ContentInfo of type EnvelopedData, BER or DER.
    ///
    /// # Errors
    /// `Malformed` with the octet where it breaks.
    pub fn decode(input: &[u8], limits: &Limits) -> Result<Self> {
        let info = ContentInfo::decode(input, limits)?;
        let content = info.expect(oid::ENVELOPED_DATA, "the content of the message")?;
        Self::parse(
            Reader::new_at(content, info.content_offset()),
            info.was_ber(),
        )
        .map_err(|e| e.in_layer(Layer::Cms))
    }

    fn parse(mut input: Reader<'_>, was_ber: bool) -> Result<Self> {
        let mut fields = input.expect(tag::SEQUENCE, "EnvelopedData")?.reader();
        fields.expect(tag::INTEGER, "version of EnvelopedData")?;
        fields.optional(tag::context_constructed(0), "originatorInfo")?;
        let mut infos = fields.expect(tag::SET, "recipientInfos")?.reader();
        let mut recipients = Vec::new();
        while !infos.is_empty() {
            recipients.push(recipient(&infos.next("RecipientInfo")?)?);
        }
        let mut encrypted = fields
            .expect(tag::SEQUENCE, "encryptedContentInfo")?
            .reader();
        let content_type = encrypted
            .expect(tag::OID, "contentType of encryptedContentInfo")?
            .oid()?;
        let algorithm = AlgorithmIdentifier::from_tlv(
            &encrypted.expect(tag::SEQUENCE, "contentEncryptionAlgorithm")?,
        )?;
        let ciphertext = encrypted
            .expect(tag::context(0), "encryptedContent")?
            .value
            .to_vec();
        encrypted.finish("encryptedContentInfo")?;
        fields.optional(tag::context_constructed(1), "unprotectedAttrs")?;
        fields.finish("EnvelopedData")?;
        let content = EncryptedContent {
            content_type,
            algorithm,
            ciphertext,
        };
        Ok(Self {
            recipients,
            content,
            was_ber,
        })
    }

    /// The recipient that one of `keys` can open, with that key.
    pub(crate) fn recipient_for<'a>(
        &'a self,
        keys: &'a [(Certificate, Arc<dyn PrivateKey>)],
    ) -> Option<(&'a KeyTransRecipient, &'a dyn PrivateKey)> {
        self.recipients
            .iter()
            .find_map(|recipient| match recipient {
                Recipient::KeyTrans(info) => keys
                    .iter()
                    .find(|(certificate, _)| info.id.names(certificate))
                    .map(|(_, key)| (info, key.as_ref())),
                _ => None,
            })
    }

    /// How the content-encryption key was encrypted to whichever of `keys` is a recipient.
    ///
    /// # Errors
    /// `NotAuthentic` if none is, `Unsupported` for another algorithm.
    pub fn transport_for(
        &self,
        keys: &[(Certificate, Arc<dyn PrivateKey>)],
    ) -> Result<KeyTransport> {
        let (info, _) = self.recipient_for(keys).ok_or_else(|| self.not_for_us())?;
        info.algorithm.key_transport()
    }

    /// Decrypts the content with whichever of `keys` it was encrypted to.
    ///
    /// # Errors
    /// `NotAuthentic`: that none of the keys is a recipient (which the message says in clear), or
    /// that decryption failed. The second is one and the same for every cause after RSA.
    pub fn open(
        &self,
        provider: &dyn CryptoProvider,
        keys: &[(Certificate, Arc<dyn PrivateKey>)],
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let (cipher, iv) = self.content.algorithm.content_cipher()?;
        let (info, key) = self.recipient_for(keys).ok_or_else(|| self.not_for_us())?;
        let transport = info.algorithm.key_transport()?;
        let cek = key.decrypt_cek(transport, &info.encrypted_key, cipher.key_len(), rng)?;
        provider
            .decrypt_content(cipher, &cek, &iv, &self.content.ciphertext)
            .map_err(|_| {
                Error::not_authentic(
                    "the content cannot be decrypted: it was encrypted to another key, or damaged",
                )
            })
    }

    /// Decrypts with a key whose certificate is not known, by trying it on every recipient: for
    /// inspection only, since it answers whether a key fits.
    ///
    /// # Errors
    /// `NotAuthentic` if the key opens none of them.
    pub fn open_by_trying(
        &self,
        provider: &dyn CryptoProvider,
        key: &dyn PrivateKey,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let (cipher, iv) = self.content.algorithm.content_cipher()?;
        for recipient in &self.recipients {
            let Recipient::KeyTrans(info) = recipient else {
                continue;
            };
            let Ok(cek) = info.algorithm.key_transport().and_then(|transport| {
                key.decrypt_cek(transport, &info.encrypted_key, cipher.key_len(), rng)
            }) else {
                continue;
            };
            if let Ok(content) =
                provider.decrypt_content(cipher, &cek, &iv, &self.content.ciphertext)
                && Reader::new(&content)
                    .expect(tag::SEQUENCE, "messageData")
                    .is_ok()
            {
                return Ok(content);
            }
        }
        Err(Error::not_authentic(
            "the key given opens none of the recipients",
        ))
    }

    fn not_for_us(&self) -> Error {
        let named: Vec<_> = self
            .recipients
            .iter()
            .map(|recipient| match recipient {
                Recipient::KeyTrans(info) => format!("{}", info.id),
                Recipient::Password(_) => "a password".into(),
                Recipient::Other(tag) => format!("a recipient of kind 0x{tag:02x}"),
            })
            .collect();
        Error::not_authentic(format!(
            "the content is encrypted to {}, none of which is ours",
            if named.is_empty() {
                "nobody".into()
            } else {
                named.join("; ")
            }
        ))
    }
}

fn recipient(tlv: &Tlv<'_>) -> Result<Recipient> {
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
            Ok(Recipient::KeyTrans(KeyTransRecipient {
                id,
                algorithm,
                encrypted_key,
            }))
        }
        0xa3 => Ok(Recipient::Password(tlv.raw.to_vec())),
        other => Ok(Recipient::Other(other)),
    }
}

/// Encrypts `plaintext` to one certificate and encodes the ContentInfo.
///
/// # Errors
/// If the provider lacks an algorithm, or the certificate's key cannot transport keys.
pub fn seal(
    provider: &dyn CryptoProvider,
    recipient: &Certificate,
    cipher: ContentCipher,
    transport: KeyTransport,
    plaintext: &[u8],
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    let mut cek = Zeroizing::new(alloc::vec![0; cipher.key_len()]);
    rng.fill(&mut cek);
    let mut iv = alloc::vec![0; cipher.block_len()];
    rng.fill(&mut iv);
    let encrypted_key = provider.wrap_cek(recipient.spki_der(), transport, &cek, rng)?;
    let ciphertext = provider.encrypt_content(cipher, &cek, &iv, plaintext)?;
    let info = write::sequence(&[
        &write::integer(0),
        &recipient.issuer_and_serial().to_der(),
        &algorithm::key_transport_identifier(transport),
        &write::octet_string(&encrypted_key),
    ]);
    let encrypted = write::sequence(&[
        &write::oid(oid::DATA),
        &write::algorithm(cipher.oid(), &write::octet_string(&iv)),
        &write::tlv(tag::context(0), &ciphertext),
    ]);
    let enveloped =
        write::sequence(&[&write::integer(0), &write::tlv(tag::SET, &info), &encrypted]);
    Ok(frame(oid::ENVELOPED_DATA, &enveloped))
}
