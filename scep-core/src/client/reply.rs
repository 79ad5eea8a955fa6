//! Judging what all replies to a PKIOperation have in common (RFC 8894 sections 3.3.2 and 4.3).

use alloc::format;

use zeroize::Zeroizing;

use super::operation::Sender;
use super::password;
use super::session::{Session, unexpected_status};
use super::{Refusal, Response};
use crate::ca_certificates::CaRoles;
use crate::cms::Openers;
use crate::crypto::RandomSource;
use crate::deviation::{self, Deviations};
use crate::error::{Check, Layer};
use crate::http::{CT_PKI_MESSAGE, Operation, is_media_type};
use crate::message::{
    ChallengePassword, MessageType, PkiStatus, SenderNonce, SignedMessage, VerifiedMessage,
};
use crate::{Error, Result};

/// What a reply says.
pub(super) enum Verdict {
    /// The decrypted messageData, which the transaction has to judge.
    Success(Zeroizing<alloc::vec::Vec<u8>>),
    Pending,
    Failure(Refusal),
}

/// What a reply is held against.
pub(super) struct Expectation<'a> {
    pub(super) sender: &'a Sender,
    pub(super) nonce: &'a SenderNonce,
    /// Opens what is encrypted for a key that cannot decrypt.
    pub(super) challenge: Option<&'a ChallengePassword>,
}

impl Session {
    /// Judges a reply: HTTP status, signature and signer, transaction and nonce, pkiStatus; and
    /// decrypts the messageData of a SUCCESS.
    pub(super) fn judge(
        &self,
        response: &Response<'_>,
        expected: &Expectation<'_>,
        deviations: &mut Deviations,
        rng: &mut dyn RandomSource,
    ) -> Result<Verdict> {
        let message = SignedMessage::decode(message_in(response)?, &self.server().limits)?;
        let (policy, roles) = (&self.server().policy, &self.ca()?.roles);
        let verified = message.verify(self.provider(), policy, &roles.signing)?;
        deviations.extend(verified.message().deviations());
        check_signer(roles, &verified)?;
        expected.check_attributes(&verified, deviations)?;
        let attributes = verified.attributes();
        match &attributes.pki_status {
            Some(PkiStatus::Success) => self.open(&verified, expected, rng).map(Verdict::Success),
            Some(PkiStatus::Pending) => {
                note_content(&verified, deviations);
                Ok(Verdict::Pending)
            }
            Some(PkiStatus::Failure) => {
                note_content(&verified, deviations);
                if attributes.fail_info.is_none() {
                    deviations.note(deviation::FAIL_INFO_ABSENT, "a FAILURE without failInfo");
                }
                Ok(Verdict::Failure(Refusal::from_attributes(attributes)))
            }
            Some(other) => Err(Error::rule(
                "3.2.1.3",
                format!("the reply's pkiStatus is {other}, which no rule defines"),
            )),
            None => Err(Error::rule(
                "3.2.1.3",
                "the reply has no pkiStatus attribute",
            )),
        }
    }

    fn open(
        &self,
        verified: &VerifiedMessage,
        expected: &Expectation<'_>,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<alloc::vec::Vec<u8>>> {
        let signer = &expected.sender.signer;
        let keys = [(signer.certificate().clone(), signer.key().clone())];
        let openers = Openers {
            keys: &keys,
            passwords: password::usable(expected.challenge).map_or(&[], core::slice::from_ref),
        };
        let server = self.server();
        let opened = verified.open(
            self.provider(),
            &server.policy,
            &server.limits,
            openers,
            rng,
        )?;
        Ok(opened.content)
    }
}

/// The pkiMessage of a response. A server may send its signed answer with an error status
/// (section 4.3).
fn message_in<'a>(response: &Response<'a>) -> Result<&'a [u8]> {
    let labelled = response
        .content_type
        .is_some_and(|content_type| is_media_type(content_type, CT_PKI_MESSAGE));
    if response.status != 200 && !labelled {
        return Err(unexpected_status(Operation::PkiOperation, response.status));
    }
    if response.body.is_empty() {
        return Err(Error::malformed(
            Layer::Http,
            "PKIOperation was answered with HTTP status 200 and nothing else: the server took the \
             request but could not process the message",
        ));
    }
    Ok(response.body)
}

/// A reply may be signed by the CA, or by one of its RAs named in GetCACert; any other
/// certificate of the same CA (a client's, say) must not be able to answer.
fn check_signer(roles: &CaRoles, verified: &VerifiedMessage) -> Result<()> {
    let signer = verified.signer();
    if roles
        .signing
        .iter()
        .any(|known| known.spki_der() == signer.spki_der())
    {
        Ok(())
    } else {
        Err(Error::not_authentic(
            Check::SignerTrusted,
            format!(
                "the reply is signed by a stranger: {} is neither the CA nor one of its RAs",
                signer.subject()
            ),
        ))
    }
}

impl Expectation<'_> {
    fn check_attributes(
        &self,
        verified: &VerifiedMessage,
        deviations: &mut Deviations,
    ) -> Result<()> {
        let attributes = verified.attributes();
        if attributes.message_type != MessageType::CertRep {
            return Err(Error::rule(
                "3.2.1.2",
                format!(
                    "the reply is a {}, not a CertRep (3)",
                    attributes.message_type
                ),
            ));
        }
        if attributes.transaction_id != self.sender.transaction_id {
            return Err(Error::rule(
                "3.2.1.1",
                format!(
                    "the reply belongs to another transaction: transactionID {}, not {}",
                    attributes.transaction_id, self.sender.transaction_id
                ),
            ));
        }
        match &attributes.recipient_nonce {
            Some(nonce) if nonce.answers(self.nonce) => {}
            Some(nonce) => {
                return Err(Error::rule(
                    "3.2.1.5",
                    format!(
                        "the reply answers another request: recipientNonce {nonce}, but our senderNonce was {}",
                        self.nonce
                    ),
                ));
            }
            None => return Err(Error::rule("3.2.1.5", "the reply has no recipientNonce")),
        }
        match &attributes.sender_nonce {
            None => deviations.note(
                deviation::SENDER_NONCE_ABSENT,
                "the reply has no senderNonce",
            ),
            Some(theirs) if theirs == self.nonce => {
                deviations.note(
                    deviation::SENDER_NONCE_COPIED,
                    "the reply's senderNonce is a copy of ours",
                );
            }
            Some(_) => {}
        }
        Ok(())
    }
}

fn note_content(verified: &VerifiedMessage, deviations: &mut Deviations) {
    if let Some(content) = verified.message().content() {
        deviations.note(
            deviation::CONTENT_WITHOUT_SUCCESS,
            format!(
                "a reply that is no SUCCESS has a content of {} octets",
                content.len()
            ),
        );
    }
}
