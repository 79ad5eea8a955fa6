//! The server of one check.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::asn1::{tag, write};
use scep_core::ca_certificates::CaCertificates;
use scep_core::cms::{self, Attribute, Openers, SealTo};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, PrivateKey, PublicKeyAlgorithm, RandomSource as _,
};
use scep_core::http::{CT_CA_CERT, CT_CA_RA_CERT, CT_PKI_MESSAGE, CT_TEXT, Operation};
use scep_core::message::ChallengePassword;
use scep_core::oid;
use scep_core::x509::{Certificate, CertificateBuilder, CertificationRequest, Extension, KeyUsage};

use super::layout::{DAY, Layout, Pki};
use super::seen::Heard;
use crate::by_hand::{Envelope, Parts, Peek, Signature, SignedParts};

/// What the server does otherwise than usual. Nothing, as it is made.
#[allow(clippy::type_complexity)]
pub struct Case {
    /// The CA.
    pub layout: fn(&Pki) -> scep_core::Result<Layout>,
    /// What GetCACaps says.
    pub capabilities: &'static [u8],
    /// The order of the bundle, and what else it has.
    pub bundle: fn(&Layout, Vec<Certificate>) -> Vec<Certificate>,
    /// pkiStatus of the first answers; when they are used up it is SUCCESS.
    pub statuses: &'static [&'static str],
    /// pkiStatus of all answers from then on.
    pub last_status: &'static str,
    /// Whether every reply has the nonce of the first message.
    pub echoes_first_nonce: bool,
    /// failInfo, where pkiStatus is 2.
    pub fail_info: Option<&'static str>,
    /// What CertReps say.
    pub reply: fn(&mut Parts<'_>),
    /// How they are written. They are signed afterwards.
    pub written: fn(&mut SignedParts),
    /// How their signatures are changed, or left.
    pub signed: fn(&mut SignedParts),
    /// How their envelopes are written.
    pub enveloped: fn(&mut Envelope),
    /// How certificates are issued.
    pub issues: fn(&mut CertificateBuilder),
    /// Who signs certificates.
    pub issuer: fn(&Layout) -> Arc<dyn PrivateKey>,
    /// What goes out in the place of a CertRep's octets.
    pub octets: fn(Vec<u8>) -> Vec<u8>,
    /// How each HTTP response is changed.
    pub http: fn(Operation, &mut HttpResponse),
    /// What is done instead of a response.
    pub reaction: fn(Operation, HttpResponse) -> Reaction,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").finish_non_exhaustive()
    }
}

impl Default for Case {
    fn default() -> Self {
        Self {
            layout: Pki::single,
            capabilities:
                b"AES\nDES3\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-1\nSHA-256\nSHA-512\n",
            bundle: |_, bundle| bundle,
            statuses: &[],
            last_status: "0",
            echoes_first_nonce: false,
            fail_info: None,
            reply: |_| (),
            written: |_| (),
            signed: |_| (),
            enveloped: |_| (),
            issues: |_| (),
            issuer: |layout| Arc::clone(&layout.issuing.key),
            octets: |octets| octets,
            http: |_, _| (),
            reaction: |_, response| Reaction::Respond(response),
        }
    }
}

/// What a server does when it was asked.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Answers.
    Respond(HttpResponse),
    /// Answers, and cuts the connection after so many octets of the body.
    Cut(HttpResponse, usize),
    /// Answers in parts, with a pause before each.
    Slow(HttpResponse, Duration),
    /// Cuts the connection.
    Close,
    /// Keeps the client waiting.
    Hang,
}

/// A server at work.
#[derive(Debug)]
pub(super) struct Running {
    case: Case,
    pub(super) pki: Pki,
    pub(super) layout: Layout,
    pub(super) challenge: String,
    /// What was asked, and with which status it was answered.
    pub(super) heard: Vec<Heard>,
    pub(super) issued: Vec<Certificate>,
    /// What each transaction asked for first: polls ask for it without saying so.
    requests: BTreeMap<String, CertificationRequest>,
    /// senderNonce of the first message.
    first_nonce: Option<Vec<u8>>,
    /// Answers that were given to messages.
    answered: usize,
}

impl Running {
    pub(super) fn new(pki: &Pki, case: Case) -> scep_core::Result<Self> {
        let mut octets = [0; 8];
        pki.random.clone().fill(&mut octets);
        let challenge: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        Ok(Self {
            layout: (case.layout)(pki)?,
            pki: pki.clone(),
            case,
            challenge,
            heard: Vec::new(),
            issued: Vec::new(),
            requests: BTreeMap::new(),
            first_nonce: None,
            answered: 0,
        })
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, mut heard: Heard) -> Reaction {
        let operation = heard.operation();
        let mut response = match operation {
            Some(Operation::GetCaCaps) => respond(CT_TEXT, self.case.capabilities.to_vec()),
            Some(Operation::GetCaCert) => {
                let bundle = (self.case.bundle)(&self.layout, self.layout.bundle.clone());
                match bundle.as_slice() {
                    [only] => respond(CT_CA_CERT, only.as_der().to_vec()),
                    _ => respond(CT_CA_RA_CERT, CaCertificates::new(bundle).to_bundle()),
                }
            }
            Some(Operation::PkiOperation) => self.pki_operation(&heard),
            _ => HttpResponse {
                status: 404,
                ..respond(CT_TEXT, b"there is nothing of that name\n".to_vec())
            },
        };
        let operation = operation.unwrap_or(Operation::GetNextCaCert);
        (self.case.http)(operation, &mut response);
        heard.answered(&response);
        self.heard.push(heard);
        (self.case.reaction)(operation, response)
    }

    fn pki_operation(&mut self, heard: &Heard) -> HttpResponse {
        let failed = |why: &str| HttpResponse {
            status: 400,
            ..respond(CT_TEXT, format!("{why}\n").into_bytes())
        };
        let Some(message) = &heard.message else {
            return failed("there is no message");
        };
        let http = HttpRequest::post(&heard.target, CT_PKI_MESSAGE, message.clone());
        let keys = self.layout.decrypters.iter();
        let keys: Vec<_> = keys
            .map(|id| (id.certificate.clone(), Arc::clone(&id.key)))
            .collect();
        let passwords = [ChallengePassword::new(self.challenge.as_str())];
        let openers = Openers {
            keys: &keys,
            passwords: &passwords,
        };
        let ca = self.layout.issuing.certificate.clone();
        let provider = Arc::clone(&self.pki.provider);
        let mut random = self.pki.random.clone();
        let peek = Peek::at(&http, &ca, openers, provider.as_ref(), &mut random);
        match self.cert_rep(&peek) {
            Ok(octets) => respond(CT_PKI_MESSAGE, (self.case.octets)(octets)),
            Err(e) => failed(&e.to_string()),
        }
    }

    /// The CertRep to a message, right but for what the case is about.
    fn cert_rep(&mut self, peek: &Peek<'_>) -> scep_core::Result<Vec<u8>> {
        let misuse = |what: &str| scep_core::Error::Misuse(what.to_owned());
        let message = peek
            .message
            .as_ref()
            .ok_or_else(|| misuse("no pkiMessage"))?;
        let signer = peek
            .signer
            .as_ref()
            .ok_or_else(|| misuse("no certificate of its signer"))?;
        let id = peek.transaction_id().to_owned();
        if let Some(csr) = &peek.csr {
            self.requests
                .entry(id.clone())
                .or_insert_with(|| csr.clone());
        }
        let csr = self.requests.get(&id).cloned();
        let csr =
            csr.ok_or_else(|| misuse("neither a certification request nor a transaction of one"))?;
        let status = self.case.statuses.get(self.answered).copied();
        let status = status.unwrap_or(self.case.last_status);
        self.answered += 1;
        let provider = Arc::clone(&self.pki.provider);
        let mut random = self.pki.random.clone();
        let printable = |text: &str| write::tlv(tag::PRINTABLE_STRING, text.as_bytes());
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let mut attributes = vec![
            Attribute::new(oid::MESSAGE_TYPE, printable("3")),
            Attribute::new(oid::TRANSACTION_ID, printable(&id)),
            Attribute::new(oid::PKI_STATUS, printable(status)),
            Attribute::new(oid::SENDER_NONCE, write::octet_string(&nonce)),
        ];
        if let Some(nonce) = &message.attributes().sender_nonce {
            let first = self
                .first_nonce
                .get_or_insert_with(|| nonce.as_octets().to_vec());
            let echoed = match self.case.echoes_first_nonce {
                true => write::octet_string(first),
                false => write::octet_string(nonce.as_octets()),
            };
            attributes.push(Attribute::new(oid::RECIPIENT_NONCE, echoed));
        }
        if status == "2" {
            let info = self.case.fail_info.unwrap_or("2");
            attributes.push(Attribute::new(oid::FAIL_INFO, printable(info)));
        }
        let plain = match status {
            "2" | "3" => None,
            _ => Some(cms::certs_only(&[self.issue(&csr)?])),
        };
        let cipher = peek
            .cipher
            .filter(|cipher| *cipher != ContentCipher::DesCbc);
        let digest = peek.digest.filter(|digest| *digest != DigestAlgorithm::Md5);
        let layout = self.layout.clone();
        let mut parts = Parts {
            attributes,
            content: None,
            plain,
            receiver: signer.clone(),
            signer: layout.signer.clone(),
            certificates: vec![layout.signer.certificate.clone()],
            cipher: cipher.unwrap_or(ContentCipher::Aes128Cbc),
            digest: digest.unwrap_or(DigestAlgorithm::Sha256),
            stranger: &layout.stranger,
            ca: &layout.issuing,
        };
        (self.case.reply)(&mut parts);
        let kind = PublicKeyAlgorithm::of_spki(parts.receiver.spki_der())?;
        if let (false, Some(plain)) = (kind.can_encrypt(), &parts.plain) {
            // for a key that cannot decrypt there is the challenge password
            let password = ChallengePassword::new(self.challenge.as_str());
            let to = SealTo::Password(&password);
            let sealed = cms::seal(provider.as_ref(), to, parts.cipher, plain, &mut random)?;
            parts.content = Some(sealed);
            parts.plain = None;
        }
        let mut signed = parts.into_signed(provider.as_ref(), &mut random)?;
        if let Some(mut envelope) = signed.content.as_deref().and_then(Envelope::read) {
            (self.case.enveloped)(&mut envelope);
            self.with_content(&mut signed, envelope.encode())?;
        }
        (self.case.written)(&mut signed);
        let octets = signed.encode(&mut random)?;
        let Some(mut signed) = SignedParts::read(&octets) else {
            return Ok(octets);
        };
        (self.case.signed)(&mut signed);
        signed.encode(&mut random)
    }

    /// Puts another content into a message, with its digest.
    fn with_content(&self, parts: &mut SignedParts, content: Vec<u8>) -> scep_core::Result<()> {
        let digest = parts
            .signers
            .iter()
            .find_map(|signer| match &signer.signature {
                Signature::Made(_, scheme) => Some(scheme.digest()),
                Signature::Octets(_) => None,
            });
        let digest = digest.unwrap_or(DigestAlgorithm::Sha256);
        let hash = self.pki.provider.digest(digest, &content)?;
        parts.set(oid::MESSAGE_DIGEST, write::octet_string(&hash));
        parts.content = Some(content);
        Ok(())
    }

    fn issue(&mut self, csr: &CertificationRequest) -> scep_core::Result<Certificate> {
        let issuing = &self.layout.issuing.certificate;
        let mut serial = vec![0x44; 16];
        let mut random = self.pki.random.clone();
        random.fill(serial.get_mut(1..).unwrap_or_default());
        let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
        let mut extensions = vec![Extension::key_usage(csr.key_usage().unwrap_or(usage))];
        let asked = csr.extensions().iter();
        extensions.extend(asked.filter(|e| e.oid == oid::SUBJECT_ALT_NAME).cloned());
        if let Some(id) = issuing.subject_key_identifier() {
            extensions.push(Extension::authority_key_identifier(&id));
        }
        let now = self.pki.now;
        let mut builder = CertificateBuilder {
            serial,
            issuer: issuing.subject().clone(),
            subject: csr.subject().clone(),
            not_before: scep_core::UnixTime(now.0 - DAY),
            not_after: scep_core::UnixTime(now.0 + 365 * DAY),
            spki: csr.spki_der().to_vec(),
            extensions,
        };
        (self.case.issues)(&mut builder);
        let key = (self.case.issuer)(&self.layout);
        let certificate = builder.sign(key.as_ref(), DigestAlgorithm::Sha256, &mut random)?;
        self.issued.push(certificate.clone());
        Ok(certificate)
    }
}

fn respond(content_type: &str, body: Vec<u8>) -> HttpResponse {
    HttpResponse {
        status: 200,
        reason: "OK".to_owned(),
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body,
    }
}
