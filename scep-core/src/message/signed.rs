//! Reading a pkiMessage: decoded first, then verified, then opened.

use alloc::format;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::ScepAttributes;
use crate::cms::algorithm;
use crate::cms::{ContentInfo, EnvelopedData, Openers, SignedData, SignerId, SignerInfo};
use crate::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, RandomSource};
use crate::deviation::{self, Deviations};
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
    /// The message in DER: the one copy that is made of it.
    der: Vec<u8>,
    /// The octets of eContent in it.
    content: Option<(usize, usize)>,
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
                deviation::BER_ENCODING,
                "sent as BER; strict DER readers refuse it",
            );
        }
        if info.trailing() > 0 {
            deviations.note(
                deviation::TRAILING_OCTETS,
                format!("{} octets follow the message", info.trailing()),
            );
        }
        let mut data = SignedData::from_content_info(&info, "a pkiMessage", limits)?;
        let signers = core::mem::take(&mut data.signers);
        let [signer] = <[SignerInfo; 1]>::try_from(signers).map_err(|signers| {
            Error::rule(
                "3.2",
                format!(
                    "a pkiMessage has one SignerInfo, this one has {}",
                    signers.len()
                ),
            )
        })?;
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
        signer.check_content_type(&mut deviations)?;
        let attributes = ScepAttributes::read(&signer.attributes, &mut deviations)?;
        note_oddities(&data, &signer, &mut deviations);
        let content = data
            .content
            .map(|octets| (data.content_offset, data.content_offset + octets.len()));
        let (certificates, trailing) = (data.certificates, info.trailing());
        Ok(Self {
            attributes,
            content,
            certificates,
            signer,
            deviations,
            trailing,
            der: info.into_der().into_owned(),
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
        self.content
            .and_then(|(start, end)| self.der.get(start..end))
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
        mut self,
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        candidates: &[Certificate],
    ) -> Result<VerifiedMessage> {
        let signer = self
            .signer
            .find_signer(self.certificates.iter().chain(candidates))?
            .clone();
        let content = self.content().unwrap_or_default();
        let verified = self.signer.verify(provider, policy, content, &signer)?;
        if verified.sorted {
            self.deviations.note(
                deviation::SIGNED_OVER_SORTED_ATTRIBUTES,
                "the attributes were sent in another order than they were signed in",
            );
        }
        Ok(VerifiedMessage {
            message: self,
            signer,
            digest: verified.digest,
        })
    }
}

fn note_oddities(data: &SignedData<'_>, signer: &SignerInfo, deviations: &mut Deviations) {
    if !signer.attributes_are_sorted() {
        deviations.note(
            deviation::UNSORTED_ATTRIBUTES,
            "the signed attributes are not in DER order",
        );
    }
    if signer.has_unsigned_attributes {
        deviations.note(
            deviation::UNSIGNED_ATTRIBUTES,
            "there are unsigned attributes; they are ignored",
        );
    }
    if !data.other_certificates.is_empty() {
        deviations.note(
            deviation::ILLEGIBLE_CERTIFICATES,
            format!(
                "{} members of certificates are no legible certificate",
                data.other_certificates.len()
            ),
        );
    }
    if matches!(signer.signer, SignerId::KeyIdentifier(_)) {
        deviations.note(
            deviation::SIGNER_BY_KEY_IDENTIFIER,
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
    pub fn envelope(&self, limits: &Limits) -> Result<EnvelopedData<'_>> {
        match self.message.content() {
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

    /// Decrypts the pkcsPKIEnvelope with whichever of `openers` it is for.
    ///
    /// # Errors
    /// As [`EnvelopedData::open`], and `ForbiddenByPolicy` for an algorithm that `policy` refuses.
    pub fn open(
        &self,
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        limits: &Limits,
        openers: Openers<'_>,
        rng: &mut dyn RandomSource,
    ) -> Result<Opened> {
        let envelope = self.envelope(limits)?;
        let opener = envelope.opener(openers)?.accepted_by(policy)?;
        Ok(Opened {
            content: opener.open(provider, limits, rng)?,
            cipher: opener.cipher(),
            transport: opener.transport(),
        })
    }
}

/// The decrypted messageData, and how it was encrypted.
pub struct Opened {
    /// messageData.
    pub content: Zeroizing<Vec<u8>>,
    /// The content cipher.
    pub cipher: ContentCipher,
    /// The key transport; `None` if it was encrypted with the challenge password.
    pub transport: Option<KeyTransport>,
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
