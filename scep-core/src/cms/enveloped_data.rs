//! EnvelopedData (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083), decoded and opened.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::algorithm::AlgorithmIdentifier;
use super::content_info::ContentInfo;
use super::opener::{Opener, Openers};
use super::recipient::Recipient;
use crate::asn1::{Reader, tag, write};
use crate::crypto::{ContentCipher, CryptoProvider, PrivateKey, RandomSource};
use crate::error::{Check, Layer};
use crate::limits::Limits;
use crate::oid;
use crate::{Error, Result};

/// An EnvelopedData or AuthEnvelopedData, decoded. The ciphertext is not copied if the input is DER.
///
/// ```text
/// EnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET,
///   encryptedContentInfo, unprotectedAttrs [1] OPTIONAL }
/// AuthEnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET,
///   authEncryptedContentInfo, authAttrs [1] OPTIONAL, mac OCTET STRING, unauthAttrs [2] OPTIONAL }
/// ```
#[derive(Clone, Debug)]
pub struct EnvelopedData<'a> {
    /// recipientInfos, in the order received.
    pub recipients: Vec<Recipient>,
    /// encryptedContentInfo.
    pub content: EncryptedContent<'a>,
    /// What an AuthEnvelopedData has beyond that.
    pub authentication: Option<Authentication>,
    /// Whether it was sent as BER and not DER.
    pub was_ber: bool,
    /// How many octets followed it.
    pub trailing: usize,
}

/// An EncryptedContentInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedContent<'a> {
    /// contentType.
    pub content_type: const_oid::ObjectIdentifier,
    /// contentEncryptionAlgorithm.
    pub algorithm: AlgorithmIdentifier,
    /// encryptedContent, joined.
    pub ciphertext: Cow<'a, [u8]>,
}

/// The fields by which an AuthEnvelopedData is authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// authAttrs as a SET OF, which is what is authenticated; empty if absent.
    pub attributes: Vec<u8>,
    /// mac.
    pub mac: Vec<u8>,
}

impl<'a> EnvelopedData<'a> {
    /// Reads a ContentInfo of type EnvelopedData or AuthEnvelopedData, BER or DER.
    ///
    /// # Errors
    /// `Malformed` with the octet where it breaks.
    pub fn decode(input: &'a [u8], limits: &Limits) -> Result<Self> {
        let info = ContentInfo::decode(input, limits)?;
        let authenticated = info.content_type() == oid::AUTH_ENVELOPED_DATA;
        let content = if authenticated {
            info.content()
        } else {
            info.expect(oid::ENVELOPED_DATA, "the content of the message")?
        };
        let parsed = Parsed::read(
            Reader::new_at(content, info.content_offset()),
            authenticated,
            limits,
        )
        .map_err(|e| e.in_layer(Layer::Cms))?;
        let (was_ber, trailing) = (info.was_ber(), info.trailing());
        let (start, end) = parsed.ciphertext;
        let ciphertext = match info.into_der() {
            Cow::Borrowed(der) => Cow::Borrowed(der.get(start..end).unwrap_or_default()),
            Cow::Owned(mut der) => {
                der.truncate(end);
                der.drain(..start.min(end));
                Cow::Owned(der)
            }
        };
        Ok(Self {
            recipients: parsed.recipients,
            content: EncryptedContent {
                content_type: parsed.content_type,
                algorithm: parsed.algorithm,
                ciphertext,
            },
            authentication: parsed.authentication,
            was_ber,
            trailing,
        })
    }

    /// The content cipher and its IV.
    ///
    /// # Errors
    /// `Unsupported` or `Malformed`, and `PeerMisbehaved` if the cipher does not fit the kind of
    /// envelope.
    pub fn cipher(&self) -> Result<(ContentCipher, Vec<u8>)> {
        let (cipher, iv) = self.content.algorithm.content_cipher()?;
        if cipher.is_authenticated() == self.authentication.is_some() {
            Ok((cipher, iv))
        } else {
            Err(Error::malformed(
                Layer::Cms,
                format!("{cipher} does not belong into this kind of envelope"),
            ))
        }
    }

    /// Who of us can open it, by what the recipientInfos say in clear: the first recipient that is one
    /// of ours.
    ///
    /// # Errors
    /// `NotAuthentic` if none of us is a recipient, `Unsupported` for an algorithm, and as
    /// [`cipher`](Self::cipher).
    pub fn opener<'s>(&'s self, openers: Openers<'s>) -> Result<Opener<'s>> {
        let (cipher, iv) = self.cipher()?;
        for recipient in &self.recipients {
            let found = openers.find(recipient)?;
            if let Some(with) = found {
                return Ok(Opener {
                    envelope: self,
                    cipher,
                    iv,
                    with,
                });
            }
        }
        Err(self.not_for_us())
    }

    /// Decrypts the content with whichever key or password it was encrypted to.
    ///
    /// # Errors
    /// `NotAuthentic`: that none of us is a recipient (which the message says in clear), or
    /// that decryption failed. The second is one and the same for every cause after RSA.
    pub fn open(
        &self,
        provider: &dyn CryptoProvider,
        openers: Openers<'_>,
        limits: &Limits,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.opener(openers)?.open(provider, limits, rng)
    }

    pub(super) fn decrypt(
        &self,
        provider: &dyn CryptoProvider,
        cipher: ContentCipher,
        iv: &[u8],
        cek: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let ciphertext = &self.content.ciphertext;
        match &self.authentication {
            None => provider.decrypt_content(cipher, cek, iv, ciphertext),
            Some(Authentication { attributes, mac }) => {
                provider.decrypt_authenticated(cipher, cek, iv, attributes, ciphertext, mac)
            }
        }
        .map_err(|e| match e {
            // what a provider lacks is no secret: the algorithm stands in clear
            Error::Unsupported { .. } => e,
            _ => undecipherable(),
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
        let (cipher, iv) = self.cipher()?;
        for recipient in &self.recipients {
            let Recipient::KeyTrans(info) = recipient else {
                continue;
            };
            let Ok(cek) = info.algorithm.key_transport().and_then(|transport| {
                key.decrypt_cek(transport, &info.encrypted_key, cipher.key_len(), rng)
            }) else {
                continue;
            };
            if let Ok(content) = self.decrypt(provider, cipher, &iv, &cek)
                && Reader::new(&content)
                    .expect(tag::SEQUENCE, "messageData")
                    .is_ok()
            {
                return Ok(content);
            }
        }
        Err(Error::not_authentic(
            Check::Recipient,
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
        Error::not_authentic(
            Check::Recipient,
            format!(
                "the content is encrypted to {}, none of which is ours",
                if named.is_empty() {
                    "nobody".into()
                } else {
                    named.join("; ")
                }
            ),
        )
    }
}

pub(super) fn undecipherable() -> Error {
    Error::not_authentic(
        Check::Decryption,
        "the content cannot be decrypted: it was encrypted to another key, or damaged",
    )
}

/// The fields, with the ciphertext as a range of the DER.
struct Parsed {
    recipients: Vec<Recipient>,
    content_type: const_oid::ObjectIdentifier,
    algorithm: AlgorithmIdentifier,
    ciphertext: (usize, usize),
    authentication: Option<Authentication>,
}

impl Parsed {
    fn read(mut input: Reader<'_>, authenticated: bool, limits: &Limits) -> Result<Self> {
        let mut fields = input.expect(tag::SEQUENCE, "EnvelopedData")?.reader();
        fields.expect(tag::INTEGER, "version of EnvelopedData")?;
        fields.optional(tag::context_constructed(0), "originatorInfo")?;
        let infos = fields.expect(tag::SET, "recipientInfos")?.reader();
        let recipients = infos.list(limits.members, "the number of recipients", |infos| {
            Recipient::from_tlv(&infos.next("RecipientInfo")?)
        })?;
        let mut encrypted = fields
            .expect(tag::SEQUENCE, "encryptedContentInfo")?
            .reader();
        let content_type = encrypted
            .expect(tag::OID, "contentType of encryptedContentInfo")?
            .oid()?;
        let algorithm = AlgorithmIdentifier::from_tlv(
            &encrypted.expect(tag::SEQUENCE, "contentEncryptionAlgorithm")?,
        )?;
        let ciphertext = encrypted.expect(tag::context(0), "encryptedContent")?;
        encrypted.finish("encryptedContentInfo")?;
        let attributes = fields.optional(tag::context_constructed(1), "attributes")?;
        let authentication = if authenticated {
            let mac = fields.expect(tag::OCTET_STRING, "mac")?.value.to_vec();
            fields.optional(tag::context_constructed(2), "unauthAttrs")?;
            Some(Authentication {
                attributes: attributes.map_or_else(Vec::new, |a| write::tlv(tag::SET, a.value)),
                mac,
            })
        } else {
            None
        };
        fields.finish("EnvelopedData")?;
        let end = ciphertext.offset + ciphertext.raw.len();
        Ok(Self {
            recipients,
            content_type,
            algorithm,
            ciphertext: (end - ciphertext.value.len(), end),
            authentication,
        })
    }
}
