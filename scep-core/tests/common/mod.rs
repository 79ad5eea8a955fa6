//! A small CA for the tests, on fixed keys.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

pub mod ask;
pub mod ber;
pub mod hand;
pub mod mutate;
pub mod next_ca;
pub mod openssl;
pub mod provider;
pub mod raw;
pub mod samples;
pub mod throwaway;

pub use provider::provider;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{CaTrust, EnrollmentParams, Next, Request, Response};
use scep_core::crypto::{DigestAlgorithm, PrivateKey, RandomSource, default_provider};
use scep_core::http::{CT_CA_RA_CERT, CT_PKI_MESSAGE, ServerRequest};
use scep_core::limits::Limits;
use scep_core::message::{ChallengePassword, FailInfo, IssuerAndSerialNumber, TransactionId};
use scep_core::oid;
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentKind, EnrollmentRequest, InMemoryTransactions,
    PollRequest, Refusal, Rejection, Reply, ReplyStyle, Responder, ResponderConfig, Transactions,
};
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequest, Crl, CrlBuilder, Extension, KeyUsage,
    Name,
};

pub const NOW: UnixTime = UnixTime(1_790_000_000);
pub const CHALLENGE: &str = "CorrectHorse1";

/// Repeatable octets: a linear congruential generator, which tests may use and nobody else.
pub struct TestRandom(pub u64);

impl RandomSource for TestRandom {
    fn fill(&mut self, out: &mut [u8]) {
        for octet in out {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *octet = self.0.to_be_bytes()[0];
        }
    }
}

/// A test key; loading one costs more than using it, so each is loaded once.
pub fn key(name: &str) -> Arc<dyn PrivateKey> {
    static LOADED: Mutex<BTreeMap<String, Arc<dyn PrivateKey>>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let load = || provider().load_private_key(&key_der(name)).unwrap();
    Arc::clone(loaded.entry(name.to_owned()).or_insert_with(load))
}

/// The PKCS#8 form of a test key.
pub fn key_der(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/keys/{name}.der", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

pub fn is_rsa(key: &Arc<dyn PrivateKey>) -> bool {
    let algorithm = scep_core::crypto::PublicKeyAlgorithm::of_spki(key.spki_der());
    algorithm.unwrap().can_encrypt()
}

pub fn name(text: &str) -> Name {
    Name::from_rfc4514(text).unwrap()
}

pub fn certificate(
    subject: &str,
    issuer: &str,
    subject_key: &dyn PrivateKey,
    issuer_key: &dyn PrivateKey,
    serial: u8,
    extensions: Vec<Extension>,
) -> Certificate {
    CertificateBuilder {
        serial: vec![serial],
        issuer: name(issuer),
        subject: name(subject),
        not_before: NOW.minus(Duration::from_secs(3600)),
        not_after: NOW.plus(Duration::from_secs(86_400 * 365)),
        spki: subject_key.spki_der().to_vec(),
        extensions,
    }
    .sign(issuer_key, DigestAlgorithm::Sha256, &mut TestRandom(7))
    .unwrap()
}

pub const CA: &str = "CN=Test CA,O=Test";

pub struct TestCa {
    pub responder: Responder,
    pub ca: Certificate,
    pub ra: Certificate,
    pub transactions: InMemoryTransactions,
    /// How many polls a request stays pending.
    pub pending: Mutex<u32>,
    /// The request that was made pending last.
    pub waiting: Mutex<Option<CertificationRequest>>,
    pub issued: Mutex<Vec<Certificate>>,
    pub ca_key: Arc<dyn PrivateKey>,
    /// The challenge passwords that it tries on envelopes.
    pub passwords: Vec<ChallengePassword>,
}

impl TestCa {
    pub fn new(style: ReplyStyle, policy: AlgorithmPolicy) -> Self {
        static CERTIFICATES: OnceLock<(Certificate, Certificate)> = OnceLock::new();
        let (ca_key, ra_key) = (key("ca"), key("ra"));
        let (ca, ra) = CERTIFICATES.get_or_init(Self::certificates).clone();
        let responder = Responder::new(ResponderConfig {
            provider: default_provider(),
            signer: (ra.clone(), Arc::clone(&ra_key)),
            decrypters: vec![(ra.clone(), ra_key)],
            issuers: vec![ca.clone()],
            policy,
            style,
            limits: Limits::DEFAULT,
        });
        Self {
            responder,
            ca,
            ra,
            transactions: InMemoryTransactions::default(),
            pending: Mutex::new(0),
            waiting: Mutex::default(),
            issued: Mutex::default(),
            ca_key,
            passwords: Vec::new(),
        }
    }

    /// The CA's and the RA's.
    fn certificates() -> (Certificate, Certificate) {
        let (ca_key, ra_key) = (key("ca"), key("ra"));
        let ca = certificate(
            CA,
            CA,
            ca_key.as_ref(),
            ca_key.as_ref(),
            1,
            vec![
                Extension::basic_constraints(true, None),
                Extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
            ],
        );
        let ra = certificate(
            "CN=Test RA",
            CA,
            ra_key.as_ref(),
            ca_key.as_ref(),
            2,
            vec![
                Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT),
                Extension::extended_key_usage(&[oid::CMC_RA]),
            ],
        );
        (ca, ra)
    }

    pub fn rfc8894() -> Self {
        Self::new(ReplyStyle::RFC8894, AlgorithmPolicy::RFC8894)
    }

    pub fn bundle(&self) -> Vec<u8> {
        CaCertificates::new(vec![self.ra.clone(), self.ca.clone()]).to_bundle()
    }

    pub fn pin(&self) -> CaTrust {
        CaTrust::Sha256(self.ca.sha256(provider()).unwrap())
    }

    pub fn params(&self, subject: &str) -> EnrollmentParams {
        let mut params = EnrollmentParams::new(
            "http://ca.test/scep",
            self.pin(),
            key("client"),
            name(subject),
        );
        params.challenge = Some(ChallengePassword::new(CHALLENGE));
        params
    }

    pub fn respond(&self, message: &[u8]) -> Result<Reply, Rejection> {
        self.responder
            .respond(message, self, NOW, &mut TestRandom(99))
    }

    /// Answers as a web server would: status, content type, body.
    pub fn serve(&self, request: &Request, capabilities: &str) -> (u16, &'static str, Vec<u8>) {
        let query = request.url.split_once('?').map(|(_, q)| q);
        match ServerRequest::from_http(request.method.as_str(), query, &request.body).unwrap() {
            ServerRequest::GetCaCaps { .. } => {
                (200, "text/plain", capabilities.as_bytes().to_vec())
            }
            ServerRequest::GetCaCert { .. } => (200, CT_CA_RA_CERT, self.bundle()),
            ServerRequest::GetNextCaCert { .. } => (404, "text/plain", Vec::new()),
            ServerRequest::PkiOperation { message } => match self.respond(&message) {
                Ok(reply) => (200, CT_PKI_MESSAGE, reply.der),
                Err(_) => (400, "text/plain", Vec::new()),
            },
        }
    }

    /// A CRL that lists the serial numbers 5 and 200.
    pub fn crl(&self) -> Crl {
        CrlBuilder {
            issuer: self.ca.subject().clone(),
            this_update: NOW,
            next_update: NOW.plus(Duration::from_secs(86_400 * 7)),
            number: 3,
            revoked: vec![(vec![5], NOW), (vec![200], NOW)],
            authority_key_identifier: None,
            extensions: Vec::new(),
        }
        .sign(
            self.ca_key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(6),
        )
        .unwrap()
    }

    fn certify(&self, spki: &[u8], subject: &Name) -> Decision {
        let mut issued = self.issued.lock().unwrap();
        let serial = 100 + u8::try_from(issued.len() % 100).unwrap();
        let certificate = CertificateBuilder {
            serial: vec![serial],
            issuer: self.ca.subject().clone(),
            subject: subject.clone(),
            not_before: NOW,
            not_after: NOW.plus(Duration::from_secs(86_400 * 30)),
            spki: spki.to_vec(),
            extensions: Vec::new(),
        }
        .sign(
            self.ca_key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(5),
        )
        .unwrap();
        issued.push(certificate.clone());
        Decision::Issue {
            certificates: vec![certificate],
            server_message: Some("Issued".into()),
        }
    }
}

impl Authority for TestCa {
    fn authorize(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Authorization {
        let renews = request.kind == EnrollmentKind::Renewal;
        if !renews && request.challenge().is_none_or(|c| c.expose() != CHALLENGE) {
            return Authorization::Refused(
                Refusal::new(FailInfo::BadRequest)
                    .with_text("wrong challenge")
                    .with_hresult(-2_147_024_809),
            );
        }
        if *self.pending.lock().unwrap() > 0 {
            *self.waiting.lock().unwrap() = Some(request.csr.clone());
            return Authorization::Manual;
        }
        Authorization::Granted
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        self.certify(request.csr.spki_der(), request.csr.subject())
    }

    fn poll(&self, request: &PollRequest<'_>, _now: UnixTime) -> Decision {
        let mut pending = self.pending.lock().unwrap();
        *pending = pending.saturating_sub(1);
        if *pending > 0 {
            return Decision::Pending;
        }
        drop(pending);
        let waiting = self.waiting.lock().unwrap();
        match waiting.as_ref() {
            Some(csr) => self.certify(csr.spki_der(), csr.subject()),
            None => self.certify(request.signer.spki_der(), request.signer.subject()),
        }
    }

    fn challenge_passwords(
        &self,
        _id: &TransactionId,
        _signer: &Certificate,
    ) -> Vec<ChallengePassword> {
        self.passwords.clone()
    }

    fn certificate(
        &self,
        id: &IssuerAndSerialNumber,
        _signer: &Certificate,
    ) -> Option<Certificate> {
        let issued = self.issued.lock().unwrap();
        issued
            .iter()
            .find(|c| c.issuer_and_serial() == *id)
            .cloned()
    }

    fn crl(&self, id: &IssuerAndSerialNumber, _signer: &Certificate) -> Option<Crl> {
        id.issuer
            .matches(self.ca.subject())
            .then(|| Self::crl(self))
    }

    fn is_revoked(&self, _certificate: &Certificate) -> bool {
        false
    }

    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}

/// Drives an enrollment to its end; returns the last step and the number of requests.
pub fn drive(
    enrollment: &mut scep_core::client::Enrollment,
    ca: &TestCa,
    capabilities: &str,
) -> (scep_core::Result<Next>, Vec<Request>) {
    let mut rng = TestRandom(1);
    let mut now = NOW;
    let mut sent = Vec::new();
    for _ in 0..20 {
        match enrollment.next(now, &mut rng) {
            Ok(Next::Send(request)) => {
                let (status, content_type, body) = ca.serve(&request, capabilities);
                sent.push(request);
                let response = Response {
                    status,
                    content_type: Some(content_type),
                    body: &body,
                };
                if let Err(e) = enrollment.on_response(&response, now, &mut rng) {
                    return (Err(e), sent);
                }
            }
            Ok(Next::WaitUntil(time)) => now = time,
            other => return (other, sent),
        }
    }
    panic!("the transaction does not end");
}

/// Makes the next `count` exchanges of an enrollment, all of which succeed; returns the last request.
pub fn exchange(
    enrollment: &mut scep_core::client::Enrollment,
    ca: &TestCa,
    capabilities: &str,
    count: usize,
    rng: &mut TestRandom,
) -> Request {
    let mut last = None;
    for _ in 0..count {
        let Next::Send(request) = enrollment.next(NOW, rng).unwrap() else {
            panic!("the enrollment sends nothing");
        };
        let (status, _, body) = ca.serve(&request, capabilities);
        let response = Response {
            status,
            content_type: None,
            body: &body,
        };
        enrollment.on_response(&response, NOW, rng).unwrap();
        last = Some(request);
    }
    last.unwrap()
}
