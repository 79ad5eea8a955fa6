//! From a pkiMessage to its CertRep.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::authority::{
    Authority, Decision, EnrollmentKind, EnrollmentRequest, PollRequest, Refusal,
};
use super::reply::{Rejection, RejectionStage, Reply};
use super::style::{DigestChoice, ReplyStyle, SenderNonceStyle};
use super::transactions::{PendingEntry, RequestDigest};
use crate::cms::{certs_only, crl_only, seal};
use crate::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PrivateKey, RandomSource,
};
use crate::limits::Limits;
use crate::message::{
    FailInfo, IssuerAndSerialNumber, IssuerAndSubject, MessageBuilder, MessageType, Opened,
    PkiStatus, ScepAttributes, SenderNonce, SignedMessage, VerifiedMessage,
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

/// What the reply says.
enum Answer {
    Certificates {
        certificates: Vec<Certificate>,
        server_message: Option<alloc::string::String>,
    },
    Crl(Vec<u8>),
    Pending,
    Refuse(Refusal),
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
                let fail_info = match error {
                    Error::Unsupported { .. } | Error::ForbiddenByPolicy { .. } => FailInfo::BadAlg,
                    _ => FailInfo::BadMessageCheck,
                };
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
        let request_digest = self.request_digest(&verified)?;
        let transactions = authority.transactions();
        if let Some(der) = transactions.answered(&request_digest) {
            return self.repeated(der, &verified);
        }
        let reply = self.first_time(&verified, authority, now, rng)?;
        if matches!(reply.pki_status, PkiStatus::Success | PkiStatus::Failure) {
            transactions.remember_answer(request_digest, &reply.der);
        }
        Ok(reply)
    }

    fn first_time(
        &self,
        verified: &VerifiedMessage,
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
        let opened = match self.open(verified, rng) {
            Ok(opened) => opened,
            Err(error) => {
                let fail_info = match error {
                    Error::ForbiddenByPolicy { .. } | Error::Unsupported { .. } => FailInfo::BadAlg,
                    _ => FailInfo::BadMessageCheck,
                };
                return self.broken(RejectionStage::Decrypt, error, fail_info, &asked, now, rng);
            }
        };
        asked.opened = Some((opened.cipher, opened.transport));
        let answer = match kind {
            Some(kind) => self.enroll(kind, &opened, verified, authority, now, &mut asked),
            None => Self::look_up(&opened, verified, authority, now),
        };
        match answer {
            Ok(answer) => self.reply(&asked, answer, None, now, rng),
            // the same stage, failInfo and text as for an envelope that could not be decrypted
            Err(error) => self.broken(
                RejectionStage::Content,
                error,
                FailInfo::BadMessageCheck,
                &asked,
                now,
                rng,
            ),
        }
    }

    fn open(
        &self,
        verified: &VerifiedMessage,
        rng: &mut dyn RandomSource,
    ) -> Result<Opened, Error> {
        verified.open(
            self.0.provider.as_ref(),
            &self.0.policy,
            &self.0.limits,
            &self.0.decrypters,
            rng,
        )
    }

    fn enroll(
        &self,
        kind: EnrollmentKind,
        opened: &Opened,
        verified: &VerifiedMessage,
        authority: &dyn Authority,
        now: UnixTime,
        asked: &mut Asked<'_>,
    ) -> Result<Answer, Error> {
        let csr = CertificationRequest::from_der(&opened.content)?;
        csr.verify(self.0.provider.as_ref())?;
        asked.subject = Some(csr.subject().clone());
        let transaction_id = &verified.attributes().transaction_id;
        let transactions = authority.transactions();
        let decision = match transactions.pending(transaction_id) {
            Some(entry) if entry.signer_spki == verified.signer().spki_der() => authority.poll(
                &PollRequest {
                    transaction_id,
                    names: None,
                    signer: verified.signer(),
                },
                now,
            ),
            Some(_) => return Ok(Answer::Refuse(another_key())),
            None => {
                let request = EnrollmentRequest {
                    kind,
                    csr: &csr,
                    signer: verified.signer(),
                    transaction_id,
                };
                authority.enroll(&request, now)
            }
        };
        Ok(settle(decision, verified, authority))
    }

    fn look_up(
        opened: &Opened,
        verified: &VerifiedMessage,
        authority: &dyn Authority,
        now: UnixTime,
    ) -> Result<Answer, Error> {
        let signer = verified.signer();
        let not_found = || Answer::Refuse(Refusal::new(FailInfo::BadCertId));
        match &verified.attributes().message_type {
            MessageType::CertPoll => {
                let names = IssuerAndSubject::from_der(&opened.content)?;
                let transaction_id = &verified.attributes().transaction_id;
                match authority.transactions().pending(transaction_id) {
                    Some(entry) if entry.signer_spki == signer.spki_der() => {
                        let request = PollRequest {
                            transaction_id,
                            names: Some(&names),
                            signer,
                        };
                        Ok(settle(authority.poll(&request, now), verified, authority))
                    }
                    Some(_) => Ok(Answer::Refuse(another_key())),
                    None => Ok(not_found()),
                }
            }
            MessageType::GetCert => {
                let id = IssuerAndSerialNumber::from_der(&opened.content)?;
                Ok(authority
                    .certificate(&id, signer)
                    .map_or_else(not_found, |certificate| Answer::Certificates {
                        certificates: alloc::vec![certificate],
                        server_message: None,
                    }))
            }
            MessageType::GetCrl => {
                let id = IssuerAndSerialNumber::from_der(&opened.content)?;
                Ok(authority
                    .crl(&id, signer)
                    .map_or_else(not_found, |crl| Answer::Crl(crl.as_der().to_vec())))
            }
            MessageType::PkcsReq
            | MessageType::RenewalReq
            | MessageType::CertRep
            | MessageType::Other(_) => Err(Error::rule("3.2.1.2", "not a query")),
        }
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
            recipient,
            config.policy.mirror_cipher(cipher),
            config.policy.mirror_transport(transport),
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

/// Keeps the memory of pending requests in step with a decision.
fn settle(decision: Decision, verified: &VerifiedMessage, authority: &dyn Authority) -> Answer {
    let transaction_id = &verified.attributes().transaction_id;
    let transactions = authority.transactions();
    match decision {
        Decision::Issue {
            certificates,
            server_message,
        } => {
            transactions.forget_pending(transaction_id);
            Answer::Certificates {
                certificates,
                server_message,
            }
        }
        Decision::Pending => {
            let signer_spki = verified.signer().spki_der().to_vec();
            transactions.remember_pending(transaction_id, PendingEntry { signer_spki });
            Answer::Pending
        }
        Decision::Refuse(refusal) => {
            transactions.forget_pending(transaction_id);
            Answer::Refuse(refusal)
        }
    }
}

fn another_key() -> Refusal {
    Refusal::new(FailInfo::BadRequest)
        .with_text("another key signed the pending request of this transaction")
}

fn at(stage: RejectionStage) -> impl FnOnce(Error) -> Rejection {
    move |error| Rejection { stage, error }
}
