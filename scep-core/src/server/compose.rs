//! Making the CertRep (RFC 8894 section 3.3.2).

use alloc::vec::Vec;

use super::asked::Asked;
use super::authority::Refusal;
use super::reply::{Rejection, RejectionStage, Reply};
use super::responder::{Responder, at};
use super::style::{DigestChoice, Echo, SenderNonceStyle};
use super::transaction::Answer;
use crate::cms::{certs_only, crl_only};
use crate::crypto::{DigestAlgorithm, RandomSource};
use crate::message::{
    FailInfo, MessageBuilder, MessageType, PkiStatus, SenderNonce, SignedMessage, VerifiedMessage,
};
use crate::{Error, UnixTime};

impl Responder {
    /// A request that no authority saw: a signed FAILURE, or nothing, by the style.
    pub(super) fn broken(
        &self,
        stage: RejectionStage,
        error: Error,
        fail_info: FailInfo,
        asked: Asked<'_>,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        if !self.config().style.answer_broken_requests {
            return Err(Rejection { stage, error });
        }
        let mut refusal = Refusal::new(fail_info);
        refusal.text = Some(
            match stage {
                RejectionStage::Verify => "the signature or its algorithm is not acceptable",
                RejectionStage::NotARequest => "a client may not send this message type",
                RejectionStage::Renewal => {
                    "the signer has no certificate of this CA that it could renew"
                }
                RejectionStage::Reply => {
                    "nothing can be encrypted to the signer's key in a way that is served"
                }
                _ => "the content cannot be decrypted or read",
            }
            .into(),
        );
        self.reply(
            asked,
            Answer::Refuse(refusal),
            Some((stage, error)),
            now,
            rng,
        )
    }

    pub(super) fn reply(
        &self,
        asked: Asked<'_>,
        answer: Answer,
        cause: Option<(RejectionStage, Error)>,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        let config = self.config();
        let (signer, key) = &config.signer;
        let attributes = asked.attributes;
        let style = &config.style;
        let transaction_id = match style.echo {
            Echo::Right | Echo::OtherNonce => attributes.transaction_id.clone(),
            Echo::HalfTransactionId => attributes.transaction_id.halved(),
        };
        let mut builder = MessageBuilder::new(MessageType::CertRep, transaction_id, signer.clone());
        builder.certificates = if style.include_signer {
            alloc::vec![signer.clone()]
        } else {
            Vec::new()
        };
        builder.recipient_nonce = match style.echo {
            Echo::OtherNonce => Some(SenderNonce::random(rng).echoed()),
            Echo::Right | Echo::HalfTransactionId => {
                attributes.sender_nonce.as_ref().map(SenderNonce::echoed)
            }
        };
        builder.sender_nonce = match style.sender_nonce {
            SenderNonceStyle::Fresh => Some(SenderNonce::random(rng)),
            SenderNonceStyle::Copied => attributes.sender_nonce.clone(),
            SenderNonceStyle::Absent => None,
        };
        builder.empty_content = style.empty_content;
        builder.signature_oid = style.signature_oid;
        builder.digest = match style.digest {
            DigestChoice::Mirror => config.policy.mirror_digest(asked.digest),
            DigestChoice::Fixed(digest) => digest,
        };
        builder.signing_time = style.signing_time.then_some(now);
        let mut issued = None;
        let content = match answer {
            Answer::Certificates {
                certificates,
                server_message,
            } => {
                issued = certificates.first().cloned();
                builder.pki_status = Some(PkiStatus::Success);
                builder.server_message = server_message.filter(|_| style.microsoft_attributes);
                Some(certs_only(&certificates))
            }
            Answer::Crl(crl) => {
                builder.pki_status = Some(PkiStatus::Success);
                Some(crl_only(&crl))
            }
            Answer::Pending => {
                builder.pki_status = Some(PkiStatus::Pending);
                None
            }
            Answer::Refuse(refusal) => {
                builder.pki_status = Some(PkiStatus::Failure);
                builder.fail_info = Some(refusal.fail_info);
                builder.fail_info_text = refusal.text.filter(|_| style.fail_info_text);
                builder.hresult = refusal.hresult.filter(|_| style.microsoft_attributes);
                builder.server_message = refusal
                    .server_message
                    .filter(|_| style.microsoft_attributes);
                None
            }
        };
        if let Some(content) = content {
            builder.envelope = Some(
                asked
                    .reply_key
                    .seal(config.provider.as_ref(), &content, rng)
                    .map_err(at(RejectionStage::Reply))?,
            );
        }
        let (provider, key) = (config.provider.as_ref(), key.as_ref());
        let der = match builder.sign(provider, key, rng) {
            // the client's digest is a courtesy; what was issued must not get lost for it
            Err(Error::Unsupported { .. }) if style.digest == DigestChoice::Mirror => {
                builder.digest = DigestAlgorithm::Sha256;
                builder.sign(provider, key, rng)
            }
            outcome => outcome,
        }
        .map_err(at(RejectionStage::Reply))?;
        Ok(Reply {
            der,
            message_type: attributes.message_type.clone(),
            transaction_id: attributes.transaction_id.clone(),
            pki_status: builder.pki_status.unwrap_or(PkiStatus::Failure),
            fail_info: builder.fail_info,
            repeated: false,
            digest: Some(asked.digest),
            cipher: asked.cipher,
            subject: asked.subject,
            issued,
            cause,
        })
    }

    /// The reply that was sent before, described anew.
    pub(super) fn repeated(
        &self,
        der: Vec<u8>,
        verified: &VerifiedMessage,
    ) -> Result<Reply, Rejection> {
        let earlier = SignedMessage::decode(&der, &self.config().limits)
            .map_err(at(RejectionStage::Reply))?;
        let attributes = verified.attributes();
        Ok(Reply {
            message_type: attributes.message_type.clone(),
            transaction_id: attributes.transaction_id.clone(),
            pki_status: earlier
                .attributes()
                .pki_status
                .clone()
                .unwrap_or(PkiStatus::Failure),
            fail_info: earlier.attributes().fail_info.clone(),
            repeated: true,
            digest: Some(verified.digest()),
            cipher: None,
            subject: None,
            issued: None,
            cause: None,
            der,
        })
    }
}
