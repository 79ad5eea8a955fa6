//! Reading a pkiMessage: decoded first, then verified, then opened.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::ScepAttributes;
use crate::asn1::{Reader, tag};
use crate::cms::algorithm;
use crate::cms::{ContentInfo, EnvelopedData, SignedData, SignerId, SignerInfo};
use crate::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PrivateKey, RandomSource,
};
use crate::deviation::Deviations;
use crate::limits::Limits;
use crate::oid;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;
use crate::{Error, Result};

/// A pkiMessage that was decoded and whose signature was **not** checked.
///
/// Its attributes can be looked at; its content can be opened only after [`verify`](Self::verify).
#[derive(Clone, Debug)]
pub struct SignedMessage {
    attributes: ScepAttributes,
    content: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
    signer: SignerInfo,
    deviations: Deviations,
    trailing: usize,
}

impl SignedMessage {
    /// Decodes a pkiMessage, BER or DER.
    ///
    /// # Errors
    /// `Malformed` if it is no SignedData, `PeerMisbehaved` if it breaks a rule of RFC 8894 section
    /// 3 that leaves nothing to understand, `TooLarge` beyond `limits`.
    pub fn decode(input: &[u8], limits: &Limits) -> Result<Self> {
        let message = Self::decode_prefix(input, limits)?;
        if message.trailing > 0 {
            return Err(Error::malformed_at(
                crate::error::Layer::Cms,
                format!(
                    "{} octets follow the message; something appended them or the length is wrong",
                    message.trailing
                ),
                input.len() - message.trailing,
            ));
        }
        Ok(message)
    }

    /// As [`decode`](Self::decode), but octets after the message are noted as a deviation.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_prefix(input: &[u8], limits: &Limits) -> Result<Self> {
        let mut deviations = Deviations::default();
        let info = ContentInfo::decode(input, limits)?;
        if info.was_ber() {
            deviations.note(
                "ber-encoding",
                "RFC 5652 2",
                "sent as BER; strict DER readers refuse it",
            );
        }
        if info.trailing() > 0 {
            deviations.note(
                "trailing-octets",
                "4.1",
                format!("{} octets follow the message", info.trailing()),
            );
        }
        let data = SignedData::from_content_info(&info, "a pkiMessage", limits)?;
        let [signer] = data.signers.as_slice() else {
            return Err(Error::rule(
                "3.2",
                format!(
                    "a pkiMessage has one SignerInfo, this one has {}",
                    data.signers.len()
                ),
            ));
        };
        if data.content_type != oid::DATA {
            return Err(Error::rule(
                "3.2",
                format!(
                    "the eContentType is {}, not data",
                    algorithm::describe(data.content_type)
                ),
            ));
        }
        if !signer.has_signed_attributes() {
            return Err(Error::rule("3.2.1", "the message has no signed attributes"));
        }
        check_content_type(signer, &mut deviations)?;
        let attributes = ScepAttributes::read(&signer.attributes, &mut deviations)?;
        note_oddities(&data, signer, &mut deviations);
        Ok(Self {
            attributes,
            content: data.content,
            certificates: data.certificates,
            signer: signer.clone(),
            deviations,
            trailing: info.trailing(),
        })
    }

    /// The attributes, unauthenticated.
    #[must_use]
    pub const fn attributes(&self) -> &ScepAttributes {
        &self.attributes
    }

    /// The certificates that came with the message, in the order received.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Who claims to have signed.
    #[must_use]
    pub const fn signer_id(&self) -> &SignerId {
        &self.signer.signer
    }

    /// The SignerInfo.
    #[must_use]
    pub const fn signer_info(&self) -> &SignerInfo {
        &self.signer
    }

    /// The octets of eContent (the pkcsPKIEnvelope); `None` if eContent is absent.
    #[must_use]
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// What was unusual.
    #[must_use]
    pub const fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// Checks the signature: messageDigest over the content, then the signature over the
    /// attributes as received. The signer is looked for in the message, then in `candidates`.
    ///
    /// That the signature is right says nothing about who the signer is: that is the caller's
    /// question to [`VerifiedMessage::signer`].
    ///
    /// # Errors
    /// `NotAuthentic` if the signer is not found, or a digest or the signature is wrong;
    /// `ForbiddenByPolicy` for a digest that `policy` refuses.
    pub fn verify(
        self,
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        candidates: &[Certificate],
    ) -> Result<VerifiedMessage> {
        let digest = self.signer.digest_algorithm.digest()?;
        policy.accept_digest(digest)?;
        let scheme = algorithm::signature_algorithm(
            self.signer.signature_algorithm.algorithm,
            &self.signer.signature_algorithm.parameters,
            Some(digest),
        )?;
        policy.accept_digest(scheme.digest())?;
        let signer = self
            .certificates
            .iter()
            .chain(candidates)
            .find(|certificate| self.signer.signer.names(certificate))
            .cloned()
            .ok_or_else(|| {
                Error::not_authentic(format!(
                    "the signer's certificate ({}) is neither in the message nor known",
                    self.signer.signer
                ))
            })?;
        policy.accept_key(signer.spki_der())?;
        self.check_digest(provider, digest)?;
        let wrong = || {
            Error::not_authentic(format!(
                "the signature is wrong: {} did not sign these attributes",
                signer.subject()
            ))
        };
        let verify = |octets: Option<Vec<u8>>| {
            let octets = octets.ok_or_else(wrong)?;
            provider.verify(signer.spki_der(), scheme, &octets, &self.signer.signature)
        };
        let mut message = self.clone();
        match verify(self.signer.signed_octets_as_received()) {
            Ok(()) => {}
            Err(Error::NotAuthentic { .. }) if !self.signer.attributes_are_sorted() => {
                verify(self.signer.signed_octets_sorted()).map_err(|_| wrong())?;
                message.deviations.note(
                    "signed-over-sorted-attributes",
                    "RFC 5652 5.4",
                    "the attributes were sent in another order than they were signed in",
                );
            }
            Err(Error::NotAuthentic { .. }) => return Err(wrong()),
            Err(other) => return Err(other),
        }
        Ok(VerifiedMessage {
            message,
            signer,
            digest,
        })
    }

    /// Compares the messageDigest attribute with the digest of the content.
    fn check_digest(&self, provider: &dyn CryptoProvider, digest: DigestAlgorithm) -> Result<()> {
        let stated = self
            .signer
            .attributes
            .iter()
            .find(|a| a.oid == oid::MESSAGE_DIGEST)
            .and_then(|a| a.values.first())
            .ok_or_else(|| Error::rule("3.2.1", "the message has no messageDigest attribute"))?;
        let stated = Reader::new(stated)
            .expect(tag::OCTET_STRING, "messageDigest")?
            .value;
        let actual = provider.digest(digest, self.content.as_deref().unwrap_or_default())?;
        if stated == actual {
            Ok(())
        } else {
            Err(Error::not_authentic(
                "the messageDigest attribute does not fit the content: the content was changed",
            ))
        }
    }
}

/// contentType must be id-data where it is present; a few old servers leave it out.
fn check_content_type(signer: &SignerInfo, deviations: &mut Deviations) -> Result<()> {
    let Some(attribute) = signer
        .attributes
        .iter()
        .find(|a| a.oid == oid::CONTENT_TYPE)
    else {
        deviations.note(
            "content-type-absent",
            "RFC 5652 11.1",
            "the contentType attribute is missing",
        );
        return Ok(());
    };
    let value = attribute.values.first().map_or(&[][..], Vec::as_slice);
    let content_type = Reader::new(value)
        .expect(tag::OID, "contentType attribute")?
        .oid()?;
    if content_type == oid::DATA {
        Ok(())
    } else {
        Err(Error::rule(
            "3.2",
            format!(
                "the contentType attribute is {}, not data",
                algorithm::describe(content_type)
            ),
        ))
    }
}

fn note_oddities(data: &SignedData, signer: &SignerInfo, deviations: &mut Deviations) {
    if !signer.attributes_are_sorted() {
        deviations.note(
            "unsorted-attributes",
            "RFC 5652 5.3",
            "the signed attributes are not in DER order",
        );
    }
    if signer.has_unsigned_attributes {
        deviations.note(
            "unsigned-attributes",
            "3.2",
            "there are unsigned attributes; they are ignored",
        );
    }
    if !data.other_certificates.is_empty() {
        deviations.note(
            "illegible-certificates",
            "RFC 5652 10.2.3",
            format!(
                "{} members of certificates are no legible certificate",
                data.other_certificates.len()
            ),
        );
    }
    if matches!(signer.signer, SignerId::KeyIdentifier(_)) {
        deviations.note(
            "signer-by-key-identifier",
            "3.2",
            "the signer is named by key identifier",
        );
    }
}

/// A pkiMessage whose signature is right.
#[derive(Clone, Debug)]
pub struct VerifiedMessage {
    message: SignedMessage,
    signer: Certificate,
    digest: DigestAlgorithm,
}

impl VerifiedMessage {
    /// The attributes.
    #[must_use]
    pub const fn attributes(&self) -> &ScepAttributes {
        &self.message.attributes
    }

    /// Whose key signed.
    #[must_use]
    pub const fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// The digest that was signed.
    #[must_use]
    pub const fn digest(&self) -> DigestAlgorithm {
        self.digest
    }

    /// The decoded message.
    #[must_use]
    pub const fn message(&self) -> &SignedMessage {
        &self.message
    }

    /// The pkcsPKIEnvelope.
    ///
    /// # Errors
    /// `PeerMisbehaved` if there is none, `Malformed` if it is broken.
    pub fn envelope(&self, limits: &Limits) -> Result<EnvelopedData> {
        match self.message.content.as_deref() {
            None | Some([]) => Err(Error::rule(
                "3.2.2",
                format!(
                    "a {} needs a pkcsPKIEnvelope, but the message has no content",
                    self.message.attributes.message_type
                ),
            )),
            Some(content) => EnvelopedData::decode(content, limits),
        }
    }

    /// Decrypts the pkcsPKIEnvelope with whichever of `keys` it is for.
    ///
    /// # Errors
    /// As [`EnvelopedData::open`], and `ForbiddenByPolicy` for a cipher that `policy` refuses.
    pub fn open(
        &self,
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        limits: &Limits,
        keys: &[(Certificate, Arc<dyn PrivateKey>)],
        rng: &mut dyn RandomSource,
    ) -> Result<Opened> {
        let envelope = self.envelope(limits)?;
        let (cipher, _) = envelope.content.algorithm.content_cipher()?;
        policy.accept_cipher(cipher)?;
        let transport = envelope
            .recipient_for(keys)
            .and_then(|(info, _)| info.algorithm.key_transport().ok());
        let content = envelope.open(provider, keys, rng)?;
        Ok(Opened {
            content,
            cipher,
            transport: transport.unwrap_or(KeyTransport::RsaPkcs1v15),
        })
    }
}

/// The decrypted messageData, and how it was encrypted.
pub struct Opened {
    /// messageData.
    pub content: Zeroizing<Vec<u8>>,
    /// The content cipher.
    pub cipher: ContentCipher,
    /// The key transport.
    pub transport: KeyTransport,
}

impl core::fmt::Debug for Opened {
    /// Leaves the plaintext out: it holds the challenge password.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Opened")
            .field("content_len", &self.content.len())
            .field("cipher", &self.cipher)
            .field("transport", &self.transport)
            .finish()
    }
}
