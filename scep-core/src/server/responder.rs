//! From a pkiMessage to its CertRep.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::authority::{Authority, EnrollmentKind, Refusal};
use super::reply::{Rejection, RejectionStage, Reply};
use super::style::{DigestChoice, ReplyStyle, SenderNonceStyle};
use super::transaction::{Answer, Transaction};
use super::transactions::{Begin, RequestDigest, TransactionKey};
use crate::cms::{EnvelopedData, Openers, SealTo, certs_only, crl_only, seal};
use crate::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PrivateKey, RandomSource,
};
use crate::limits::Limits;
use crate::message::{
    FailInfo, MessageBuilder, MessageType, PkiStatus, ScepAttributes, SenderNonce, SignedMessage,
    VerifiedMessage,
};
use crate::policy::AlgorithmPolicy;
use crate::x509::{Certificate, CertificationRequest};
use crate::{Error, UnixTime};

/// What a responder is made of.
#[derive(Clone)]
pub struct ResponderConfig {
    /// The crypto library.
    pub provider: Arc<dyn CryptoProvider>,
    /// Who signs replies: the CA, or its RA.
    pub signer: (Certificate, Arc<dyn PrivateKey>),
    /// Whom requests may be encrypted to.
    pub decrypters: Vec<(Certificate, Arc<dyn PrivateKey>)>,
    /// Algorithms to accept and to send.
    pub policy: AlgorithmPolicy,
    /// How replies are written.
    pub style: ReplyStyle,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// Understands requests and builds replies.
#[derive(Clone, Debug)]
pub struct Responder(ResponderConfig);

impl core::fmt::Debug for ResponderConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ResponderConfig")
            .field("signer", &self.signer.0)
            .field("policy", &self.policy.name)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

/// A request as far as its reply depends on it.
struct Asked<'a> {
    attributes: &'a ScepAttributes,
    digest: DigestAlgorithm,
    /// To whom the reply is encrypted.
    signer: Option<&'a Certificate>,
    opened: Option<(ContentCipher, KeyTransport)>,
    subject: Option<crate::x509::Name>,
}

impl Responder {
    /// A responder.
    #[must_use]
    pub const fn new(config: ResponderConfig) -> Self {
        Self(config)
    }

    /// What it is made of.
    #[must_use]
    pub const fn config(&self) -> &ResponderConfig {
        &self.0
    }

    /// Answers one pkiMessage.
    ///
    /// A request that was answered SUCCESS or FAILURE gets the same octets again. One that is
    /// pending counts as a poll. Whatever goes wrong after the RSA decryption is answered in one
    /// and the same way, so that nobody can use the server to find out about other people's
    /// ciphertexts.
    ///
    /// # Errors
    /// [`Rejection`] if no CertRep can or shall be sent.
    pub fn respond(
        &self,
        message: &[u8],
        authority: &dyn Authority,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        let signed =
            SignedMessage::decode(message, &self.0.limits).map_err(at(RejectionStage::Decode))?;
        let attributes = signed.attributes().clone();
        let digest = signed
            .signer_info()
            .digest_algorithm
            .digest()
            .unwrap_or(DigestAlgorithm::Sha256);
        let verified = match signed.verify(self.0.provider.as_ref(), &self.0.policy, &[]) {
            Ok(verified) => verified,
            Err(error) => {
                let fail_info = fail_info_of(&error);
                let asked = Asked {
                    attributes: &attributes,
                    digest,
                    signer: None,
                    opened: None,
                    subject: None,
                };
                return self.broken(RejectionStage::Verify, error, fail_info, &asked, now, rng);
            }
        };
        if attributes.sender_nonce.is_none() {
            // a reply without recipientNonce could be played to anybody
            let error = Error::rule("3.2.1.5", "the request has no senderNonce");
            return Err(Rejection {
                stage: RejectionStage::Decode,
                error,
            });
        }
        let digest = self.request_digest(&verified)?;
        let transactions = authority.transactions();
        match transactions.begin(digest) {
            Begin::New => {}
            Begin::Answered(der) => return self.repeated(der, &verified),
            Begin::InFlight => {
                let error =
                    Error::Misuse("the same request is being answered at this moment".into());
                return Err(Rejection {
                    stage: RejectionStage::InFlight,
                    error,
                });
            }
        }
        let result = self.first_time(&verified, digest, authority, now, rng);
        // what no authority saw costs an attacker nothing, so it is not worth a place in the memory
        let kept = result.as_ref().ok().filter(|reply| {
            reply.cause.is_none()
                && matches!(reply.pki_status, PkiStatus::Success | PkiStatus::Failure)
        });
        transactions.finish(digest, kept);
        result
    }

    fn first_time(
        &self,
        verified: &VerifiedMessage,
        digest: RequestDigest,
        authority: &dyn Authority,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        let mut asked = Asked {
            attributes: verified.attributes(),
            digest: verified.digest(),
            signer: Some(verified.signer()),
            opened: None,
            subject: None,
        };
        // no default arm: a message type that is not listed here never reaches an authority
        let kind = match &asked.attributes.message_type {
            MessageType::PkcsReq => Some(EnrollmentKind::Initial),
            MessageType::RenewalReq => Some(EnrollmentKind::Renewal),
            MessageType::CertPoll | MessageType::GetCert | MessageType::GetCrl => None,
            MessageType::CertRep | MessageType::Other(_) => {
                let error = Error::rule(
                    "3.2.1.2",
                    format!("a client may not send a {}", asked.attributes.message_type),
                );
                return self.broken(
                    RejectionStage::NotARequest,
                    error,
                    FailInfo::BadRequest,
                    &asked,
                    now,
                    rng,
                );
            }
        };
        // all that the envelope says in clear, and whether a reply could be made, comes first: a
        // certificate that cannot be sent must not be issued
        let envelope = match self.envelope(verified, &mut asked) {
            Ok(envelope) => envelope,
            Err(error) => {
                let fail_info = fail_info_of(&error);
                return self.broken(RejectionStage::Decrypt, error, fail_info, &asked, now, rng);
            }
        };
        if let Err(error) = self.reply_is_possible(&asked, rng) {
            return self.broken(
                RejectionStage::Reply,
                error,
                FailInfo::BadAlg,
                &asked,
                now,
                rng,
            );
        }
        let openers = Openers {
            keys: &self.0.decrypters,
            passwords: &[],
        };
        let content = envelope.open(self.0.provider.as_ref(), openers, &self.0.limits, rng);
        let transaction = Transaction {
            key: self.transaction_key(verified)?,
            digest,
            signer: verified.signer(),
            authority,
            now,
        };
        let Some(kind) = kind else {
            // a query that cannot be read is answered like one that finds nothing
            let readable = content.ok();
            let answer = transaction.look_up(
                &asked.attributes.message_type,
                readable.as_ref().map(|c| c.as_slice()),
            );
            return self.reply(&asked, answer, None, now, rng);
        };
        let csr = match content.and_then(|content: zeroize::Zeroizing<Vec<u8>>| self.csr(&content))
        {
            Ok(csr) => csr,
            // one stage, failInfo and text for all that can be wrong behind the encryption
            Err(error) => {
                let stage = RejectionStage::Decrypt;
                return self.broken(stage, error, FailInfo::BadMessageCheck, &asked, now, rng);
            }
        };
        asked.subject = Some(csr.subject().clone());
        let answer = transaction.enroll(kind, &csr);
        self.reply(&asked, answer, None, now, rng)
    }

    /// The envelope, as far as it can be read in clear.
    fn envelope<'v>(
        &self,
        verified: &'v VerifiedMessage,
        asked: &mut Asked<'_>,
    ) -> Result<EnvelopedData<'v>, Error> {
        let envelope = verified.envelope(&self.0.limits)?;
        let (cipher, _) = envelope.content.algorithm.content_cipher()?;
        self.0.policy.accept_cipher(cipher)?;
        let openers = Openers {
            keys: &self.0.decrypters,
            passwords: &[],
        };
        let transport = envelope
            .transport_for(openers)?
            .unwrap_or(KeyTransport::RsaPkcs1v15);
        asked.opened = Some((cipher, transport));
        Ok(envelope)
    }

    /// Tries the one step of a reply that depends on the client's key.
    fn reply_is_possible(
        &self,
        asked: &Asked<'_>,
        rng: &mut dyn RandomSource,
    ) -> Result<(), Error> {
        let (Some(signer), Some((cipher, transport))) = (asked.signer, asked.opened) else {
            return Err(Error::Misuse("the request was not opened".into()));
        };
        let cipher = self.0.policy.mirror_cipher(cipher);
        let transport = self.0.policy.mirror_transport(transport);
        let trial = alloc::vec![0; cipher.key_len()];
        self.0
            .provider
            .wrap_cek(signer.spki_der(), transport, &trial, rng)
            .map(|_| ())
    }

    fn csr(&self, content: &[u8]) -> Result<CertificationRequest, Error> {
        let csr = CertificationRequest::from_der(content)?;
        self.0.policy.accept_key(csr.spki_der())?;
        if let Some(scheme) = csr.signature_scheme() {
            self.0.policy.accept_signature(scheme)?;
        }
        csr.verify(self.0.provider.as_ref())?;
        Ok(csr)
    }

    fn transaction_key(&self, verified: &VerifiedMessage) -> Result<TransactionKey, Rejection> {
        let spki = verified.signer().spki_der();
        let digest = self
            .0
            .provider
            .digest(DigestAlgorithm::Sha256, spki)
            .map_err(at(RejectionStage::Reply))?;
        Ok(TransactionKey {
            id: verified.attributes().transaction_id.clone(),
            signer: <[u8; 32]>::try_from(digest.as_slice()).unwrap_or_default(),
        })
    }

    /// A request that no authority saw: a signed FAILURE, or nothing, by the style.
    fn broken(
        &self,
        stage: RejectionStage,
        error: Error,
        fail_info: FailInfo,
        asked: &Asked<'_>,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        if !self.0.style.answer_broken_requests {
            return Err(Rejection { stage, error });
        }
        let mut refusal = Refusal::new(fail_info);
        refusal.text = Some(
            match stage {
                RejectionStage::Verify => "the signature or its algorithm is not acceptable",
                RejectionStage::NotARequest => "a client may not send this message type",
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

    fn reply(
        &self,
        asked: &Asked<'_>,
        answer: Answer,
        cause: Option<(RejectionStage, Error)>,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        let config = &self.0;
        let (signer, key) = &config.signer;
        let attributes = asked.attributes;
        let style = &config.style;
        let mut builder = MessageBuilder::new(
            MessageType::CertRep,
            attributes.transaction_id.clone(),
            signer.clone(),
        );
        builder.certificates = if style.include_signer {
            alloc::vec![signer.clone()]
        } else {
            Vec::new()
        };
        builder.recipient_nonce = attributes.sender_nonce.as_ref().map(SenderNonce::echoed);
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
                self.seal_for(asked, &content, rng)
                    .map_err(at(RejectionStage::Reply))?,
            );
        }
        let der = builder
            .sign(config.provider.as_ref(), key.as_ref(), rng)
            .map_err(at(RejectionStage::Reply))?;
        Ok(Reply {
            der,
            message_type: attributes.message_type.clone(),
            transaction_id: attributes.transaction_id.clone(),
            pki_status: builder.pki_status.unwrap_or(PkiStatus::Failure),
            fail_info: builder.fail_info,
            repeated: false,
            digest: Some(asked.digest),
            cipher: asked.opened.map(|(cipher, _)| cipher),
            subject: asked.subject.clone(),
            issued,
            cause,
        })
    }

    fn seal_for(
        &self,
        asked: &Asked<'_>,
        content: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, Error> {
        let (Some(recipient), Some((cipher, transport))) = (asked.signer, asked.opened) else {
            return Err(Error::Misuse(
                "a reply with content needs a request that was opened".into(),
            ));
        };
        let config = &self.0;
        seal(
            config.provider.as_ref(),
            SealTo::Certificate(recipient, config.policy.mirror_transport(transport)),
            config.policy.mirror_cipher(cipher),
            content,
            rng,
        )
    }

    fn request_digest(&self, verified: &VerifiedMessage) -> Result<RequestDigest, Rejection> {
        let signer_info = verified.message().signer_info();
        // sorted, since the signature holds for the attributes in any order
        let mut identity = signer_info.signed_octets_sorted().unwrap_or_default();
        // not the key: its encoding comes from a certificate that nobody vouches for
        identity.extend_from_slice(&signer_info.signature);
        let digest = self
            .0
            .provider
            .digest(DigestAlgorithm::Sha256, &identity)
            .map_err(at(RejectionStage::Reply))?;
        Ok(RequestDigest(
            <[u8; 32]>::try_from(digest.as_slice()).unwrap_or_default(),
        ))
    }

    /// The reply that was sent before, described anew.
    fn repeated(&self, der: Vec<u8>, verified: &VerifiedMessage) -> Result<Reply, Rejection> {
        let earlier =
            SignedMessage::decode(&der, &self.0.limits).map_err(at(RejectionStage::Reply))?;
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

fn at(stage: RejectionStage) -> impl FnOnce(Error) -> Rejection {
    move |error| Rejection { stage, error }
}

/// An algorithm that is not taken is badAlg; everything else did not pass the check.
const fn fail_info_of(error: &Error) -> FailInfo {
    match error {
        Error::Unsupported { .. } | Error::ForbiddenByPolicy { .. } => FailInfo::BadAlg,
        _ => FailInfo::BadMessageCheck,
    }
}
