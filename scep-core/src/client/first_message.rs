//! The message that opens an enrollment (RFC 8894 sections 2.3 and 3.3.1).

use alloc::sync::Arc;

use super::operation::Sender;
use super::password;
use super::session::Session;
use super::{EnrollmentParams, Signer};
use crate::crypto::{PrivateKey, RandomSource};
use crate::message::{ChallengePassword, MessageType};
use crate::x509::{Certificate, CertificationRequest, CertificationRequestBuilder};
use crate::{Error, Result, UnixTime};

impl EnrollmentParams {
    /// Refuses what can come to nothing, before anything is sent.
    pub(super) fn check(&self, now: UnixTime) -> Result<()> {
        if let Some(renewal) = &self.renewal {
            renewal.check(now)?;
        } else if let Some(signer) = &self.self_signed
            && signer.certificate().spki_der() != self.key.spki_der()
        {
            return Err(Error::Misuse(
                "the self-signed certificate is for another key than the request".into(),
            ));
        }
        password::check_reply(self.signing_key().spki_der(), self.challenge.as_ref())
    }

    /// The key that signs the messages.
    pub(super) fn signing_key(&self) -> &Arc<dyn PrivateKey> {
        match &self.renewal {
            Some(renewal) => renewal.current.key(),
            None => &self.key,
        }
    }

    /// Who sends, in which transaction.
    pub(super) fn sender(
        &self,
        session: &Session,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Sender> {
        let (digest, _) = session.algorithms()?;
        let spki = self.key.spki_der();
        let transaction_id = self.transaction_id.make(session.provider(), spki, rng)?;
        let signer = match (&self.renewal, &self.self_signed) {
            (Some(renewal), _) => renewal.current.clone(),
            (None, Some(signer)) => signer.clone(),
            (None, None) => {
                Signer::self_signed(Arc::clone(&self.key), &self.subject, digest, now, rng)?
            }
        };
        Ok(Sender {
            transaction_id,
            signer,
        })
    }

    /// Which message it is.
    pub(super) fn message_type(&self, session: &Session) -> Result<MessageType> {
        match &self.renewal {
            Some(renewal) => renewal.message_type(session.capabilities()),
            None => Ok(MessageType::PkcsReq),
        }
    }

    /// Its messageData.
    pub(super) fn certification_request(
        &self,
        session: &Session,
        sender: &Sender,
        rng: &mut dyn RandomSource,
    ) -> Result<CertificationRequest> {
        let (digest, _) = session.algorithms()?;
        let recipient = &session.ca()?.roles.encryption;
        CertificationRequestBuilder {
            subject: self.subject.clone(),
            challenge: self
                .challenge_to_send(sender.signer.certificate(), recipient)?
                .cloned(),
            extensions: self.extensions.clone(),
        }
        .sign(self.key.as_ref(), digest, rng)
    }

    /// A renewal is authorised by its signature, so the challenge password stays at home (section
    /// 3.3.1); but a server has to know a password that messages are encrypted with.
    fn challenge_to_send(
        &self,
        signer: &Certificate,
        recipient: &Certificate,
    ) -> Result<Option<&ChallengePassword>> {
        let challenge = self.challenge.as_ref();
        let Some(renewal) = &self.renewal else {
            return Ok(challenge);
        };
        let by_keys = signer.public_key_algorithm()?.can_encrypt()
            && recipient.public_key_algorithm()?.can_encrypt();
        Ok(challenge.filter(|_| renewal.send_challenge || !by_keys))
    }
}
