//! What a server can have wrong.

use std::time::Duration;

use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::cms::Attribute;
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::message::SignedMessage;
use scep_core::server::ResponderConfig;
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequest, CrlBuilder, Extension,
};

use super::Identity;
use crate::by_hand::{Envelope, SignedParts};

/// What is wrong with the server.
#[derive(Clone, Copy)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Responses leave it otherwise.
    Http(fn(&HttpRequest, &mut HttpResponse)),
    /// Requests arrive otherwise.
    Arrives(fn(&mut HttpRequest)),
    /// It is configured otherwise.
    Config(fn(&mut ResponderConfig)),
    /// The CA decides otherwise.
    Rules(fn(&mut Rules)),
    /// Replies say something else.
    Reply(fn(&mut Parts<'_>)),
    /// Replies are written otherwise, and signed anew.
    Written(fn(&mut SignedParts)),
    /// Envelopes of replies are written otherwise.
    Enveloped(fn(&mut Envelope)),
    /// Some requests get another answer.
    When(fn(&Peek<'_>) -> bool, Answer),
    /// The CA's certificate has other extensions.
    Ca(fn(&mut Vec<Extension>)),
    /// Certificates are issued otherwise.
    Issues(fn(&mut CertificateBuilder)),
    /// CRLs are issued otherwise.
    Crl(fn(&mut CrlBuilder)),
    /// GetNextCACert is answered with something else.
    NextCa(fn(&mut NextCa)),
    /// Some requests take longer.
    Slow(fn(&Peek<'_>) -> Duration),
    /// It says nothing.
    Silent,
}

impl std::fmt::Debug for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flaw")
    }
}

/// Another answer.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// The certificate, whatever is wrong with the request.
    Grant,
    /// This status of HTTP.
    Status(u16),
    /// 200, and nothing.
    Empty,
    /// PENDING.
    Pending,
}

/// What the CA does otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Rules {
    /// Takes any challenge password, or none.
    pub any_challenge: bool,
    /// Takes a challenge password more than once.
    pub reuses_challenges: bool,
    /// Reads challenge passwords in PrintableString and UTF8String only.
    pub reads_two_strings: bool,
    /// Refuses everybody.
    pub refuses_all: bool,
    /// Says the challenge password in failInfoText.
    pub says_challenge: bool,
    /// Issues for another subject.
    pub other_subject: bool,
    /// Leaves the extensions out that were asked for.
    pub drops_extensions: bool,
    /// Issues whatever extensions are asked for.
    pub copies_all_extensions: bool,
    /// Gives every certificate the same serial number.
    pub same_serial: bool,
    /// Signs certificates with another key.
    pub signs_with_other_key: bool,
    /// Answers GetCert with another certificate.
    pub gives_other_certificate: bool,
    /// Forgets at once what it answered.
    pub forgets_replies: bool,
    /// Forgets at once what it issued to requests that had been pending.
    pub forgets_issued: bool,
    /// Sends another device's certificate along.
    pub sends_two: bool,
    /// Issues with the same key whatever key a request is encrypted to.
    pub ignores_recipient: bool,
    /// Refuses a transactionID that another device has used.
    pub locks_ids: bool,
    /// Issues for another key than that of the request, once the operator has agreed.
    pub other_key_for_polls: bool,
    /// Lets no operator decide: what is pending stays so.
    pub never_decides: bool,
    /// Gives the one who polls first what was pending, whosever it is.
    pub gives_any_pending: bool,
}

/// An answer to GetNextCACert before it is signed.
#[derive(Debug)]
pub struct NextCa {
    /// What is signed.
    pub content: Vec<u8>,
    /// Who signs.
    pub signer: Identity,
    /// Another device.
    pub stranger: Identity,
}

/// A reply, taken apart.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The signed attributes, less those of CMS.
    pub attributes: Vec<Attribute>,
    /// eContent.
    pub content: Option<Vec<u8>>,
    /// The inside of the envelope, where there is one.
    pub plain: Option<Vec<u8>>,
    /// To whom it is encrypted.
    pub receiver: Certificate,
    /// Who signs.
    pub signer: Identity,
    /// What is sent along.
    pub certificates: Vec<Certificate>,
    /// How it is encrypted.
    pub cipher: ContentCipher,
    /// Another device.
    pub stranger: &'a Identity,
    /// The CA.
    pub ca: &'a Identity,
}

/// A request, looked at without judging it.
#[derive(Debug)]
pub struct Peek<'a> {
    /// The HTTP request.
    pub http: &'a HttpRequest,
    /// The message, if it can be read.
    pub message: Option<SignedMessage>,
    /// The same in parts, if it is a SignedData at all.
    pub parts: Option<SignedParts>,
    /// Its content in parts, if it is an envelope.
    pub envelope: Option<Envelope>,
    /// The certificate that it names as its signer's, if it is there.
    pub signer: Option<Certificate>,
    /// Whether the signature is right.
    pub verifies: bool,
    /// The certification request in it.
    pub csr: Option<CertificationRequest>,
    /// How it was encrypted.
    pub cipher: Option<ContentCipher>,
    /// With which digest it was signed.
    pub digest: Option<DigestAlgorithm>,
    /// Whether the envelope opened.
    pub opened: bool,
    /// What was in it.
    pub plain: Option<Vec<u8>>,
    /// The CA.
    pub ca: &'a Certificate,
}

impl Peek<'_> {
    /// messageType, as its digits.
    #[must_use]
    pub fn message_type(&self) -> &str {
        let message = self.message.as_ref();
        message.map_or("", |m| m.attributes().message_type.as_text())
    }
}

impl Peek<'_> {
    /// transactionID.
    #[must_use]
    pub fn transaction_id(&self) -> &str {
        let message = self.message.as_ref();
        message.map_or("", |m| m.attributes().transaction_id.as_str())
    }

    /// Whether something is so with the parts of the message.
    #[must_use]
    pub fn written(&self, so: impl FnOnce(&SignedParts) -> bool) -> bool {
        self.parts.as_ref().is_some_and(so)
    }

    /// Whether something is so with the parts of its envelope.
    #[must_use]
    pub fn enveloped(&self, so: impl FnOnce(&Envelope) -> bool) -> bool {
        self.envelope.as_ref().is_some_and(so)
    }

    /// Whether something is so with its certification request.
    #[must_use]
    pub fn asks(&self, so: impl FnOnce(&CertificationRequest) -> bool) -> bool {
        self.csr.as_ref().is_some_and(so)
    }

    /// Whether something is so with the certificate of its signer.
    #[must_use]
    pub fn is_signed_by(&self, so: impl FnOnce(&Certificate) -> bool) -> bool {
        self.signer.as_ref().is_some_and(so)
    }
}

/// Gives a response another Content-Type.
pub(super) fn set_content_type(response: &mut HttpResponse, content_type: &str) {
    for (name, value) in &mut response.headers {
        if name == "content-type" {
            content_type.clone_into(value);
        }
    }
}
