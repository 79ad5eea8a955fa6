//! A server whose replies are made by hand, step by step, with keys of any kind.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{
    CaTrust, Enrollment, EnrollmentParams, Next, Request, Response, RetryPolicy, ServerParams,
};
use scep_core::cms::{Openers, SealTo, certs_only, seal};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, default_provider,
};
use scep_core::http::{Operation, ServerRequest};
use scep_core::limits::Limits;
use scep_core::message::{
    ChallengePassword, FailInfo, MessageBuilder, MessageType, PkiStatus, SenderNonce,
    SignedMessage, VerifiedMessage,
};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, CertificateBuilder, CertificationRequest, Extension, KeyUsage};

use super::{CHALLENGE, NOW, TestRandom, certificate, name, provider};

pub const CAPS: &str = "AES\nSHA-256\nPOSTPKIOperation\nRenewal\nSCEPStandard\n";

pub struct HandServer {
    pub ca: Certificate,
    pub ca_key: Arc<dyn PrivateKey>,
    pub capabilities: String,
    /// What GetCACert answers; the CA alone if empty.
    pub bundle: Vec<Certificate>,
    /// How many more replies are PENDING.
    pub pending: Mutex<u32>,
}

/// A request, verified and opened.
pub struct Asked {
    pub message: VerifiedMessage,
    pub content: Vec<u8>,
    /// Whether it was encrypted with the password.
    pub by_password: bool,
}

impl Asked {
    pub fn message_type(&self) -> &MessageType {
        &self.message.attributes().message_type
    }

    pub fn csr(&self) -> CertificationRequest {
        CertificationRequest::from_der(&self.content).unwrap()
    }
}

impl HandServer {
    pub fn new(ca_key: Arc<dyn PrivateKey>) -> Self {
        let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::DIGITAL_SIGNATURE;
        let usage = if super::is_rsa(&ca_key) {
            usage | KeyUsage::KEY_ENCIPHERMENT
        } else {
            usage
        };
        let ca = certificate(
            super::CA,
            super::CA,
            ca_key.as_ref(),
            ca_key.as_ref(),
            1,
            vec![
                Extension::basic_constraints(true, None),
                Extension::key_usage(usage),
            ],
        );
        Self {
            ca,
            ca_key,
            capabilities: CAPS.into(),
            bundle: Vec::new(),
            pending: Mutex::new(0),
        }
    }

    pub fn server_params(&self) -> ServerParams {
        let trust = CaTrust::Certificate(Box::new(self.ca.clone()));
        ServerParams::new("http://ca.test/scep", trust)
    }

    /// Without a challenge password.
    pub fn params(&self, key: Arc<dyn PrivateKey>) -> EnrollmentParams {
        let trust = CaTrust::Certificate(Box::new(self.ca.clone()));
        EnrollmentParams::new("http://ca.test/scep", trust, key, name("CN=device-1"))
    }

    pub fn issue(
        &self,
        spki: &[u8],
        subject: &str,
        serial: u8,
        not_after: UnixTime,
    ) -> Certificate {
        CertificateBuilder {
            serial: vec![serial],
            issuer: self.ca.subject().clone(),
            subject: name(subject),
            not_before: NOW.minus(Duration::from_secs(86_400 * 30)),
            not_after,
            spki: spki.to_vec(),
            extensions: Vec::new(),
        }
        .sign(
            self.ca_key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(5),
        )
        .unwrap()
    }

    /// The answer to GetCACaps or GetCACert.
    pub fn greeting(&self, request: &Request) -> Option<Vec<u8>> {
        match request.operation {
            Operation::GetCaCaps => Some(self.capabilities.clone().into_bytes()),
            Operation::GetCaCert if self.bundle.is_empty() => Some(self.ca.as_der().to_vec()),
            Operation::GetCaCert => Some(CaCertificates::new(self.bundle.clone()).to_bundle()),
            Operation::GetNextCaCert | Operation::PkiOperation => None,
        }
    }

    pub fn asked(&self, request: &Request) -> Asked {
        let query = request.url.split_once('?').map(|(_, query)| query);
        let request = ServerRequest::from_http(request.method.as_str(), query, &request.body);
        let Ok(ServerRequest::PkiOperation { message }) = request else {
            panic!("{request:?}")
        };
        let (policy, limits) = (AlgorithmPolicy::RFC8894, Limits::DEFAULT);
        let message = SignedMessage::decode(&message, &limits)
            .and_then(|message| message.verify(provider(), &policy, &[]))
            .unwrap();
        let keys = [(self.ca.clone(), Arc::clone(&self.ca_key))];
        let passwords = [ChallengePassword::new(CHALLENGE)];
        let openers = Openers {
            keys: &keys,
            passwords: &passwords,
        };
        let opened = message
            .open(provider(), &policy, &limits, openers, &mut TestRandom(3))
            .unwrap();
        Asked {
            content: opened.content.to_vec(),
            by_password: opened.transport.is_none(),
            message,
        }
    }

    /// A reply to it, not finished.
    pub fn reply(&self, asked: &Asked, status: PkiStatus) -> MessageBuilder {
        let attributes = asked.message.attributes();
        let mut builder = MessageBuilder::new(
            MessageType::CertRep,
            attributes.transaction_id.clone(),
            self.ca.clone(),
        );
        builder.recipient_nonce = attributes.sender_nonce.as_ref().map(SenderNonce::echoed);
        builder.sender_nonce = Some(SenderNonce::random(&mut TestRandom(77)));
        builder.pki_status = Some(status);
        builder
    }

    pub fn sign(&self, builder: &MessageBuilder) -> Vec<u8> {
        let key = self.ca_key.as_ref();
        builder.sign(provider(), key, &mut TestRandom(8)).unwrap()
    }

    /// SUCCESS, encrypted to the signer of the request, or with the password.
    pub fn success(&self, asked: &Asked, content: &[u8]) -> Vec<u8> {
        let signer = asked.message.signer();
        let password = ChallengePassword::new(CHALLENGE);
        let to = if signer.public_key_algorithm().unwrap().can_encrypt() {
            SealTo::Certificate(signer, KeyTransport::RsaPkcs1v15)
        } else {
            SealTo::Password(&password)
        };
        self.success_to(asked, content, to)
    }

    pub fn success_to(&self, asked: &Asked, content: &[u8], to: SealTo<'_>) -> Vec<u8> {
        let mut builder = self.reply(asked, PkiStatus::Success);
        let cipher = ContentCipher::Aes128Cbc;
        builder.envelope = Some(seal(provider(), to, cipher, content, &mut TestRandom(9)).unwrap());
        self.sign(&builder)
    }

    pub fn failure(&self, asked: &Asked, fail_info: FailInfo) -> Vec<u8> {
        let mut builder = self.reply(asked, PkiStatus::Failure);
        builder.fail_info = Some(fail_info);
        self.sign(&builder)
    }

    /// Grants every request for a certificate: PENDING as often as that was set, then SUCCESS.
    /// A poll gets the certificate for `spki`.
    pub fn grant(&self, request: &Request, spki: &[u8]) -> Vec<u8> {
        if let Some(body) = self.greeting(request) {
            return body;
        }
        let asked = self.asked(request);
        let mut pending = self.pending.lock().unwrap();
        if *pending > 0 {
            *pending -= 1;
            return self.sign(&self.reply(&asked, PkiStatus::Pending));
        }
        let later = NOW.plus(Duration::from_secs(86_400 * 30));
        let certificate = self.issue(spki, "CN=device-1", 100, later);
        self.success(&asked, &certs_only(&[certificate]))
    }
}

/// Drives an enrollment until it ends; returns the last step, what was sent, and the time.
pub fn talk(
    enrollment: &mut Enrollment,
    mut answer: impl FnMut(&Request) -> Vec<u8>,
) -> (scep_core::Result<Next>, Vec<Request>, UnixTime) {
    let (mut now, mut rng, mut sent) = (NOW, TestRandom(1), Vec::new());
    for _ in 0..100 {
        match enrollment.next(now, &mut rng) {
            Ok(Next::Send(request)) => {
                let body = answer(&request);
                let taken = enrollment.on_response(&ok(&body), now, &mut rng);
                sent.push(request);
                if let Err(e) = taken {
                    return (Err(e), sent, now);
                }
            }
            Ok(Next::WaitUntil(time)) => now = time,
            other => return (other, sent, now),
        }
    }
    panic!("the transaction does not end");
}

/// Polls every minute, for ever.
pub const PATIENT: RetryPolicy = RetryPolicy {
    first: Duration::from_secs(60),
    growth_percent: 100,
    longest: Duration::from_secs(60),
    max_polls: None,
    max_time: None,
};

/// Goes on until there is nothing to do at `now`; returns what was sent, as a number.
pub fn talk_at(
    enrollment: &mut Enrollment,
    now: UnixTime,
    answer: impl Fn(&Request) -> Vec<u8>,
) -> (Next, usize, UnixTime) {
    let mut rng = TestRandom(2);
    for sent in 0.. {
        match enrollment.next(now, &mut rng).unwrap() {
            Next::Send(request) => {
                let body = answer(&request);
                enrollment.on_response(&ok(&body), now, &mut rng).unwrap();
            }
            other => return (other, sent, now),
        }
    }
    unreachable!()
}

/// A response with status 200.
pub fn ok(body: &[u8]) -> Response<'_> {
    Response {
        status: 200,
        content_type: None,
        body,
    }
}

pub fn enrollment(params: EnrollmentParams) -> Enrollment {
    Enrollment::new(default_provider(), params)
}
