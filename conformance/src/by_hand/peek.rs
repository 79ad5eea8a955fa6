//! A request, taken apart without judging it.

use scep_client::network::HttpRequest;
use scep_core::cms::{EnvelopedData, Openers};
use scep_core::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, RandomSource};
use scep_core::limits::Limits;
use scep_core::message::{SignedMessage, VerifiedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, CertificationRequest};

use super::{Envelope, SignedParts};

/// A request, looked at without judging it.
#[derive(Debug)]
pub struct Peek<'a> {
    /// The HTTP request, with the message as its body.
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

impl<'a> Peek<'a> {
    /// Looks at a request with keys and passwords that may open it; the first key is the CA's.
    pub fn at(
        http: &'a HttpRequest,
        ca: &'a Certificate,
        openers: Openers<'_>,
        provider: &dyn CryptoProvider,
        random: &mut dyn RandomSource,
    ) -> Self {
        let limits = Limits::DEFAULT;
        let message = SignedMessage::decode_prefix(&http.body, &limits).ok();
        let signer = message.as_ref().and_then(|message| {
            let mut certificates = message.certificates().iter();
            certificates.find(|c| message.signer_id().names(c)).cloned()
        });
        let verified = message
            .clone()
            .and_then(|message| message.verify(provider, &AlgorithmPolicy::LEGACY, &[]).ok());
        let content = message
            .as_ref()
            .and_then(SignedMessage::content)
            .map(<[u8]>::to_vec);
        let envelope = content
            .as_deref()
            .and_then(|c| EnvelopedData::decode(c, &limits).ok());
        let plain = envelope
            .as_ref()
            .and_then(|envelope| envelope.open(provider, openers, &limits, random).ok());
        Self {
            http,
            signer,
            verifies: verified.is_some(),
            digest: verified.as_ref().map(VerifiedMessage::digest),
            csr: plain
                .as_ref()
                .and_then(|plain| CertificationRequest::from_der(plain).ok()),
            opened: plain.is_some(),
            plain: plain.map(|plain| plain.to_vec()),
            cipher: envelope
                .and_then(|e| e.cipher().ok())
                .map(|(cipher, _)| cipher),
            parts: SignedParts::read(&http.body),
            envelope: content.as_deref().and_then(Envelope::read),
            message,
            ca,
        }
    }
}

impl Peek<'_> {
    /// messageType, as its digits.
    #[must_use]
    pub fn message_type(&self) -> &str {
        let message = self.message.as_ref();
        message.map_or("", |m| m.attributes().message_type.as_text())
    }

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
