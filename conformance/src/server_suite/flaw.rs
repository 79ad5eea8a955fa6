//! What a server can have wrong.

use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::cms::Attribute;
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::message::SignedMessage;
use scep_core::server::ResponderConfig;
use scep_core::x509::{Certificate, CertificationRequest, KeyUsage};

use super::Identity;

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
    /// Replies are taken apart and put together otherwise.
    Reply(fn(&mut Parts<'_>)),
    /// Some requests get another answer.
    When(fn(&Peek<'_>) -> bool, Answer),
    /// The CA's certificate has another key usage.
    CaUsage(fn() -> KeyUsage),
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
    /// Issues certificates that have expired.
    pub issues_expired: bool,
    /// Signs certificates with another key.
    pub signs_with_other_key: bool,
    /// Answers GetCert with another certificate.
    pub gives_other_certificate: bool,
    /// Answers GetCRL with an old CRL.
    pub gives_old_crl: bool,
    /// Forgets transactions at once.
    pub forgets: bool,
    /// Sends another device's certificate along.
    pub sends_two: bool,
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

/// Gives a response another Content-Type.
pub(super) fn set_content_type(response: &mut HttpResponse, content_type: &str) {
    for (name, value) in &mut response.headers {
        if name == "content-type" {
            content_type.clone_into(value);
        }
    }
}
