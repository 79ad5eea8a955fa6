//! Who decides about requests.

use alloc::string::String;
use alloc::vec::Vec;

use super::{SignerStanding, Transactions};
use crate::UnixTime;
use crate::message::{ChallengePassword, FailInfo, IssuerAndSerialNumber, TransactionId};
use crate::x509::{Certificate, CertificationRequest, Crl};

/// A CA, as a [`Responder`](super::Responder) needs it.
///
/// Every method is called with a request whose signature is right; what the signer may do is for
/// the authority to decide. Nothing is issued that was not authorised: [`issue`](Self::issue) is
/// called only after [`authorize`](Self::authorize) granted the same request.
pub trait Authority {
    /// Decides whether a request may be granted: challenge password, renewal rights, policy.
    ///
    /// A renewal comes from somebody with a valid certificate of this CA, and may ask for any name:
    /// [`EnrollmentRequest::asks_for_the_signers_names`] says whether it is the same one.
    ///
    /// A challenge password that is good once must be used up here, in one step with the look at it
    /// ([`ChallengePasswords::redeem`](super::ChallengePasswords::redeem) does so): two requests at
    /// the same moment must not both pass.
    fn authorize(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Authorization;

    /// Issues what was authorised.
    fn issue(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Decision;

    /// Decides about a request that was pending; an authority that never leaves one to a human being
    /// needs no answer.
    fn poll(&self, request: &PollRequest<'_>, now: UnixTime) -> Decision {
        let _ = (request, now);
        Decision::Refuse(Refusal::new(FailInfo::BadCertId))
    }

    /// Whether a certificate was revoked; a revoked one cannot renew.
    fn is_revoked(&self, certificate: &Certificate) -> bool;

    /// The challenge passwords that may open an envelope which is encrypted with one, because the
    /// CA's key cannot decrypt (RFC 8894 section 3.1). Each costs a key derivation; the first few
    /// only are tried.
    fn challenge_passwords(
        &self,
        transaction_id: &TransactionId,
        signer: &Certificate,
    ) -> Vec<ChallengePassword> {
        let _ = (transaction_id, signer);
        Vec::new()
    }

    /// An issued certificate (GetCert); `None`: there is no such certificate, or not for this signer.
    fn certificate(&self, id: &IssuerAndSerialNumber, signer: &Certificate) -> Option<Certificate> {
        let _ = (id, signer);
        None
    }

    /// The CRL that covers a certificate (GetCRL).
    fn crl(&self, id: &IssuerAndSerialNumber, signer: &Certificate) -> Option<Crl> {
        let _ = (id, signer);
        None
    }

    /// The memory of transactions.
    fn transactions(&self) -> &dyn Transactions;
}

/// Whether a request starts anew or renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrollmentKind {
    /// PKCSReq (19). Old clients renew with it too, signing with the certificate to be renewed.
    Initial,
    /// RenewalReq (17).
    Renewal,
}

/// A request for a certificate.
#[derive(Clone, Copy, Debug)]
pub struct EnrollmentRequest<'a> {
    /// By message type.
    pub kind: EnrollmentKind,
    /// The certification request; its signature is right.
    pub csr: &'a CertificationRequest,
    /// Whose key signed the message. For a first request it is self-signed, and anybody can sign
    /// somebody else's captured envelope anew.
    pub signer: &'a Certificate,
    /// Where that certificate comes from. A [`Renewal`](EnrollmentKind::Renewal) arrives here only
    /// if this CA issued it and it is valid.
    pub standing: SignerStanding,
    /// The certificate that the request was encrypted to, if it was to one: in a rollover the client
    /// chooses the CA's next key by it (RFC 8894 section 5.1).
    pub recipient: Option<&'a Certificate>,
    /// transactionID.
    pub transaction_id: &'a TransactionId,
}

impl EnrollmentRequest<'_> {
    /// The challenge password, if one was sent.
    #[must_use]
    pub fn challenge(&self) -> Option<&ChallengePassword> {
        self.csr.challenge_password()
    }

    /// Whether the subject and the alternative names asked for are those of the signer's certificate.
    /// They mean something only if the CA issued that ([`SignerStanding::Issued`]).
    #[must_use]
    pub fn asks_for_the_signers_names(&self) -> bool {
        let theirs = self.signer.subject_alt_names();
        !self.csr.has_unreadable_names()
            && self.csr.subject().matches(self.signer.subject())
            && self
                .csr
                .subject_alt_names()
                .iter()
                .all(|name| theirs.contains(name))
    }

    /// Whether the key that signed the message is the one that is to be certified, as it is with
    /// most clients' first requests.
    #[must_use]
    pub fn signer_has_csr_key(&self) -> bool {
        self.csr.spki_der() == self.signer.spki_der()
    }
}

/// A question about a pending request.
#[derive(Clone, Copy, Debug)]
pub struct PollRequest<'a> {
    /// transactionID.
    pub transaction_id: &'a TransactionId,
    /// Whose key signed; it is the key that signed the pending request.
    pub signer: &'a Certificate,
}

/// Whether a request may be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// Yes.
    Granted,
    /// A human being has to decide.
    Manual,
    /// No.
    Refused(Refusal),
}

/// What the authority decided.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Granted.
    Issue {
        /// The certificate, then others to send along.
        certificates: Vec<Certificate>,
        /// Text for Microsoft's server message attribute, where the style sends it.
        server_message: Option<String>,
    },
    /// A human being has to decide.
    Pending,
    /// Denied.
    Refuse(Refusal),
}

impl Decision {
    /// One certificate, and nothing else.
    #[must_use]
    pub fn issue(certificate: Certificate) -> Self {
        Self::Issue {
            certificates: alloc::vec![certificate],
            server_message: None,
        }
    }
}

/// Why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// failInfo.
    pub fail_info: FailInfo,
    /// failInfoText.
    pub text: Option<String>,
    /// Microsoft's HRESULT.
    pub hresult: Option<i32>,
    /// Microsoft's server message.
    pub server_message: Option<String>,
}

impl Refusal {
    /// A refusal with nothing but its failInfo.
    #[must_use]
    pub const fn new(fail_info: FailInfo) -> Self {
        Self {
            fail_info,
            text: None,
            hresult: None,
            server_message: None,
        }
    }

    /// The same with a text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The same with an HRESULT.
    #[must_use]
    pub const fn with_hresult(mut self, hresult: i32) -> Self {
        self.hresult = Some(hresult);
        self
    }
}
