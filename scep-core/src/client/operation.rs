//! Making a PKIOperation (RFC 8894 section 4.3): encrypt, sign, address.

use alloc::vec::Vec;

use super::password;
use super::session::Session;
use super::{Method, MethodChoice, Request, Signer};
use crate::Result;
use crate::capabilities::Capability;
use crate::cms::seal;
use crate::crypto::RandomSource;
use crate::http::{CT_PKI_MESSAGE, Operation, pki_operation_get_url};
use crate::message::{ChallengePassword, MessageBuilder, MessageType, SenderNonce, TransactionId};

/// Whose messages these are: what stays the same within a transaction.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) transaction_id: TransactionId,
    pub(super) signer: Signer,
}

/// A pkiMessage that was sent, and what its reply must echo.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) request: Request,
    pub(super) nonce: SenderNonce,
}

impl Session {
    /// Seals messageData and signs the pkiMessage around it.
    pub(super) fn pki_operation(
        &self,
        message_type: MessageType,
        sender: &Sender,
        message_data: &[u8],
        challenge: Option<&ChallengePassword>,
        rng: &mut dyn RandomSource,
    ) -> Result<Sent> {
        let (_, cipher) = self.algorithms()?;
        let provider = self.provider();
        let to = password::seal_to(&self.ca()?.roles.encryption, challenge)?;
        let envelope = seal(provider, to, cipher, message_data, rng)?;
        let nonce = SenderNonce::random(rng);
        let signer = &sender.signer;
        let mut builder = MessageBuilder::new(
            message_type,
            sender.transaction_id.clone(),
            signer.certificate().clone(),
        );
        builder.sender_nonce = Some(nonce.clone());
        builder.digest = self.digest_for(signer.certificate().spki_der())?;
        builder.certificates = signer.certificates();
        builder.envelope = Some(envelope);
        let message = builder.sign(provider, signer.key().as_ref(), rng)?;
        Ok(Sent {
            request: self.address(message),
            nonce,
        })
    }

    fn address(&self, message: Vec<u8>) -> Request {
        let post = match self.server().method {
            MethodChoice::ByCapabilities => self.capabilities().has(Capability::PostPkiOperation),
            MethodChoice::Get => false,
            MethodChoice::Post => true,
        };
        let operation = Operation::PkiOperation;
        if post {
            Request {
                operation,
                method: Method::Post,
                url: operation.url(&self.server().url, None),
                content_type: Some(CT_PKI_MESSAGE),
                body: message,
            }
        } else {
            Request {
                operation,
                method: Method::Get,
                url: pki_operation_get_url(&self.server().url, &message),
                content_type: None,
                body: Vec::new(),
            }
        }
    }
}
