//! Judging the reply to a PKIOperation (RFC 8894 sections 3.3.2 and 4.3).

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::ca_certificates::{CaCertificates, CaRoles};
use crate::cms::{Openers, certs_only_certificates};
use crate::crypto::{CryptoProvider, PrivateKey, RandomSource};
use crate::deviation::Deviations;
use crate::error::Check;
use crate::limits::Limits;
use crate::message::{
    ChallengePassword, FailInfo, MessageType, PkiStatus, SenderNonce, SignedMessage, TransactionId,
    VerifiedMessage,
};
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;
use crate::{Error, Result, UnixTime};

/// A certificate was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate for our key.
    pub certificate: Certificate,
    /// The other certificates of the reply, in the order received.
    pub others: Vec<Certificate>,
    /// The trusted certificates of GetCACert.
    pub ca_certificates: Vec<Certificate>,
    /// What was unusual about the replies.
    pub deviations: Deviations,
}

/// The server said no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// failInfo.
    pub fail_info: Option<FailInfo>,
    /// failInfoText.
    pub text: Option<String>,
    /// Microsoft's HRESULT.
    pub hresult: Option<i32>,
    /// Microsoft's server message.
    pub server_message: Option<String>,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::PeerRefused {
            status: PkiStatus::Failure,
            fail_info: refusal.fail_info,
            text: refusal.text.or(refusal.server_message),
            hresult: refusal.hresult,
        }
    }
}

/// What a reply says.
pub(super) enum Verdict {
    Success {
        certificate: Certificate,
        others: Vec<Certificate>,
    },
    Pending,
    Failure(Refusal),
}

/// What a reply is held against.
pub(super) struct Expectation<'a> {
    pub(super) provider: &'a dyn CryptoProvider,
    pub(super) policy: &'a AlgorithmPolicy,
    pub(super) limits: &'a Limits,
    pub(super) roles: &'a CaRoles,
    pub(super) ca_certificates: &'a [Certificate],
    pub(super) transaction_id: &'a TransactionId,
    pub(super) sender_nonce: &'a SenderNonce,
    pub(super) signer: &'a Certificate,
    pub(super) key: &'a Arc<dyn PrivateKey>,
    /// Opens what is encrypted for a key that cannot decrypt.
    pub(super) challenge: &'a Option<ChallengePassword>,
    pub(super) now: UnixTime,
}

impl Expectation<'_> {
    /// Judges a reply: signature and signer, transaction and nonce, status, content.
    pub(super) fn judge(
        &self,
        body: &[u8],
        deviations: &mut Deviations,
        rng: &mut dyn RandomSource,
    ) -> Result<Verdict> {
        let message = SignedMessage::decode(body, self.limits)?;
        let verified = message.verify(self.provider, self.policy, &self.roles.signing)?;
        deviations.extend(verified.message().deviations());
        self.check_signer(&verified)?;
        self.check_attributes(&verified, deviations)?;
        let attributes = verified.attributes();
        match &attributes.pki_status {
            Some(PkiStatus::Success) => self.success(&verified, deviations, rng),
            Some(PkiStatus::Pending) => {
                self.note_content(&verified, deviations);
                Ok(Verdict::Pending)
            }
            Some(PkiStatus::Failure) => {
                self.note_content(&verified, deviations);
                if attributes.fail_info.is_none() {
                    deviations.note("fail-info-absent", "3.2.1.4", "a FAILURE without failInfo");
                }
                Ok(Verdict::Failure(Refusal {
                    fail_info: attributes.fail_info.clone(),
                    text: attributes.fail_info_text.clone(),
                    hresult: attributes.microsoft.hresult,
                    server_message: attributes.microsoft.server_message.clone(),
                }))
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

    /// A reply may be signed by the CA, or by one of its RAs named in GetCACert; any other
    /// certificate of the same CA (a client's, say) must not be able to answer.
    fn check_signer(&self, verified: &VerifiedMessage) -> Result<()> {
        let signer = verified.signer();
        if self
            .roles
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
        if attributes.transaction_id != *self.transaction_id {
            return Err(Error::rule(
                "3.2.1.1",
                format!(
                    "the reply belongs to another transaction: transactionID {}, not {}",
                    attributes.transaction_id, self.transaction_id
                ),
            ));
        }
        match &attributes.recipient_nonce {
            Some(nonce) if nonce.answers(self.sender_nonce) => {}
            Some(nonce) => {
                return Err(Error::rule(
                    "3.2.1.5",
                    format!(
                        "the reply answers another request: recipientNonce {nonce}, but our senderNonce was {}",
                        self.sender_nonce
                    ),
                ));
            }
            None => return Err(Error::rule("3.2.1.5", "the reply has no recipientNonce")),
        }
        match &attributes.sender_nonce {
            None => deviations.note(
                "sender-nonce-absent",
                "3.2.1.5",
                "the reply has no senderNonce",
            ),
            Some(theirs) if theirs == self.sender_nonce => {
                deviations.note(
                    "sender-nonce-copied",
                    "3.2.1.5",
                    "the reply's senderNonce is a copy of ours",
                );
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn note_content(&self, verified: &VerifiedMessage, deviations: &mut Deviations) {
        if let Some(content) = verified.message().content() {
            deviations.note(
                "content-without-success",
                "3.3.2",
                format!(
                    "a reply that is no SUCCESS has a content of {} octets",
                    content.len()
                ),
            );
        }
    }

    fn success(
        &self,
        verified: &VerifiedMessage,
        deviations: &mut Deviations,
        rng: &mut dyn RandomSource,
    ) -> Result<Verdict> {
        let keys = [(self.signer.clone(), Arc::clone(self.key))];
        let openers = Openers {
            keys: &keys,
            passwords: self.challenge.as_slice(),
        };
        let opened = verified.open(self.provider, self.policy, self.limits, openers, rng)?;
        let certificates = certs_only_certificates(&opened.content, self.limits)?;
        let ours = certificates
            .iter()
            .position(|c| c.spki_der() == self.key.spki_der());
        let Some(position) = ours else {
            return Err(Error::rule(
                "3.3.2.1",
                format!(
                    "the reply holds {} certificate(s), but none for our key",
                    certificates.len()
                ),
            ));
        };
        if position > 0 {
            deviations.note(
                "leaf-not-first",
                "3.4",
                format!(
                    "the issued certificate is number {} in the reply",
                    position + 1
                ),
            );
        }
        let mut others = certificates;
        let certificate = others.remove(position);
        self.check_issuer(&certificate, &others, deviations)?;
        Ok(Verdict::Success {
            certificate,
            others,
        })
    }

    /// The certificate must come from the CA that is trusted, by way of the reply's certificates.
    fn check_issuer(
        &self,
        certificate: &Certificate,
        others: &[Certificate],
        deviations: &mut Deviations,
    ) -> Result<()> {
        // only CAs are anchors: what an RA (or a device) signed is no certificate of this CA
        let anchors: Vec<Certificate> = self
            .ca_certificates
            .iter()
            .filter(|c| c.may_issue() || **c == self.roles.issuing_ca)
            .cloned()
            .collect();
        let set = CaCertificates::new(anchors.iter().chain(others).cloned().collect());
        // a self-issued CA certificate of old form cannot anchor a chain, but may have signed directly
        let issuers = match set.anchored(self.provider, self.policy, &anchors, self.now) {
            Ok(chained) => chained
                .as_slice()
                .iter()
                .filter(|c| c.may_issue())
                .cloned()
                .collect(),
            Err(_) => anchors,
        };
        let signed = issuers.iter().any(|ca| {
            certificate.issuer().matches(ca.subject())
                && certificate.verify_issued_by(self.provider, ca).is_ok()
        });
        if !signed {
            return Err(Error::not_authentic(
                Check::Issuer,
                format!(
                    "the issued certificate was not signed by the CA that is trusted: its issuer is {}",
                    certificate.issuer()
                ),
            ));
        }
        if !certificate.is_valid_at(self.now) {
            deviations.note(
                "issued-not-valid-now",
                "RFC 5280 4.1.2.5",
                format!(
                    "the issued certificate is valid from {} to {}, and it is {} here",
                    certificate.not_before(),
                    certificate.not_after(),
                    self.now
                ),
            );
        }
        Ok(())
    }
}
