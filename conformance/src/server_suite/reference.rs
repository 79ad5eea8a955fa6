//! A SCEP server that keeps to RFC 8894, but for one flaw that it is given: so a check can be shown to
//! notice what it is there for.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scep_client::Network;
use scep_client::network::{HttpRequest, HttpResponse, NetworkError, Resolution};
use scep_client::random::SharedRandom;
use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::cms::{self, EnvelopedData, Openers, SealTo, SignatureOid, SignedDataBuilder};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, RandomSource as _,
};
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::limits::Limits;
use scep_core::message::{
    ChallengePassword, FailInfo, IssuerAndSerialNumber, MessageBuilder, MessageType, PkiStatus,
    SenderNonce, SignedMessage,
};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentKind, EnrollmentRequest, InMemoryTransactions,
    Refusal, ReplyStyle, Responder, ResponderConfig, Service, SignerStanding, Transactions,
};
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequest, Crl, CrlBuilder, Extension, KeyUsage,
    Name,
};
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};

use super::flaw::{Answer, Flaw, Parts, Peek, Rules};
use super::{Challenges, Identity, Keys};

/// The time that the reference server lives in.
const START: UnixTime = UnixTime(1_795_608_000);
const DAY: i64 = 86_400;

/// The server.
pub struct Reference {
    flaw: Flaw,
    rules: Rules,
    provider: Arc<dyn CryptoProvider>,
    service: Service,
    ca: Identity,
    stranger: Identity,
    /// The keys of the suite's devices, by which this server opens its own replies.
    devices: Keys,
    passwords: Mutex<HashSet<String>>,
    issued: Mutex<Vec<Certificate>>,
    transactions: InMemoryTransactions,
    random: SharedRandom,
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reference")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reference {
    /// Its URL.
    pub const URL: &'static str = "http://scep.example/scep";

    /// A server with a flaw. `root` and `issuing` are its keys, PKCS #8.
    ///
    /// # Errors
    /// If a key or a name cannot be used.
    pub fn new(
        flaw: Flaw,
        provider: Arc<dyn CryptoProvider>,
        (root, issuing): (&[u8], &[u8]),
        devices: &Keys,
    ) -> scep_core::Result<Self> {
        let mut random = SharedRandom::default();
        let root_key = provider.load_private_key(root)?;
        let key = provider.load_private_key(issuing)?;
        let root_name = Name::from_rfc4514("CN=Reference Root")?;
        let name = Name::from_rfc4514("CN=Reference CA")?;
        let usage = match flaw {
            Flaw::CaUsage(usage) => usage(),
            _ => {
                KeyUsage::KEY_CERT_SIGN
                    | KeyUsage::CRL_SIGN
                    | KeyUsage::DIGITAL_SIGNATURE
                    | KeyUsage::KEY_ENCIPHERMENT
            }
        };
        let certify =
            |serial, issuer: &Name, subject: &Name, spki: &[u8], usage| CertificateBuilder {
                serial: vec![serial],
                issuer: issuer.clone(),
                subject: subject.clone(),
                not_before: UnixTime(START.0 - DAY),
                not_after: UnixTime(START.0 + 3650 * DAY),
                spki: spki.to_vec(),
                extensions: vec![
                    Extension::basic_constraints(true, None),
                    Extension::key_usage(usage),
                ],
            };
        let sha256 = DigestAlgorithm::Sha256;
        let ca_usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
        let root = certify(1, &root_name, &root_name, root_key.spki_der(), ca_usage).sign(
            root_key.as_ref(),
            sha256,
            &mut random,
        )?;
        let certificate = certify(2, &root_name, &name, key.spki_der(), usage).sign(
            root_key.as_ref(),
            sha256,
            &mut random,
        )?;
        let ca = Identity {
            certificate: certificate.clone(),
            key: Arc::clone(&key),
        };
        let mut config = ResponderConfig::new(
            Arc::clone(&provider),
            (certificate.clone(), key),
            certificate.clone(),
        );
        config.style = ReplyStyle::RFC8894;
        if let Flaw::Config(change) = flaw {
            change(&mut config);
        }
        let mut rules = Rules::default();
        if let Flaw::Rules(change) = flaw {
            change(&mut rules);
        }
        let stranger_name = Name::from_rfc4514("CN=Somebody Else")?;
        let stranger = Identity::self_signed(&devices.other, &stranger_name, START, &mut random)?;
        let service = Service::new(
            Responder::new(config),
            CaCertificates::new(vec![certificate, root]),
            &mut random,
        );
        Ok(Self {
            flaw,
            rules,
            provider,
            service,
            ca,
            stranger,
            devices: devices.clone(),
            passwords: Mutex::default(),
            issued: Mutex::default(),
            transactions: InMemoryTransactions::default(),
            random,
        })
    }

    fn peek<'a>(&'a self, http: &'a HttpRequest) -> Peek<'a> {
        let limits = Limits::DEFAULT;
        let message = SignedMessage::decode_prefix(&http.body, &limits).ok();
        let signer = message.as_ref().and_then(|message| {
            let mut certificates = message.certificates().iter();
            certificates.find(|c| message.signer_id().names(c)).cloned()
        });
        let verified = message.clone().and_then(|message| {
            message
                .verify(self.provider.as_ref(), &AlgorithmPolicy::LEGACY, &[])
                .ok()
        });
        let content = message
            .as_ref()
            .and_then(SignedMessage::content)
            .map(<[u8]>::to_vec);
        let envelope = content
            .as_deref()
            .and_then(|c| EnvelopedData::decode(c, &limits).ok());
        let keys = [(self.ca.certificate.clone(), Arc::clone(&self.ca.key))];
        let plain = envelope.as_ref().and_then(|envelope| {
            let mut random = self.random.clone();
            let openers = Openers::keys(&keys);
            envelope
                .open(self.provider.as_ref(), openers, &limits, &mut random)
                .ok()
        });
        Peek {
            http,
            signer,
            verifies: verified.is_some(),
            digest: verified
                .as_ref()
                .map(scep_core::message::VerifiedMessage::digest),
            csr: plain
                .as_ref()
                .and_then(|plain| CertificationRequest::from_der(plain).ok()),
            opened: plain.is_some(),
            plain: plain.map(|plain| plain.to_vec()),
            cipher: envelope
                .and_then(|e| e.cipher().ok())
                .map(|(cipher, _)| cipher),
            message,
            ca: &self.ca.certificate,
        }
    }

    /// The certificate for a request, or PENDING, without any of the checks.
    fn without_checks(&self, peek: &Peek<'_>, pending: bool) -> scep_core::Result<Vec<u8>> {
        let misuse = |what: &str| scep_core::Error::Misuse(what.to_owned());
        let message = peek.message.as_ref().ok_or_else(|| misuse("no message"))?;
        let signer = peek.signer.as_ref().ok_or_else(|| misuse("no signer"))?;
        let attributes = message.attributes();
        let mut random = self.random.clone();
        let mut builder = MessageBuilder::new(
            MessageType::CertRep,
            attributes.transaction_id.clone(),
            self.ca.certificate.clone(),
        );
        builder.sender_nonce = Some(SenderNonce::random(&mut random));
        builder.recipient_nonce = attributes.sender_nonce.as_ref().map(SenderNonce::echoed);
        if pending {
            builder.pki_status = Some(PkiStatus::Pending);
        } else {
            builder.pki_status = Some(PkiStatus::Success);
            let csr = peek.csr.as_ref();
            let subject = csr.map_or(signer.subject(), CertificationRequest::subject);
            let spki = csr.map_or(signer.spki_der(), CertificationRequest::spki_der);
            let certificate = self.certify(subject, spki, Vec::new())?;
            let plain = cms::certs_only(&[certificate]);
            builder.envelope = Some(cms::seal(
                self.provider.as_ref(),
                SealTo::Certificate(signer, KeyTransport::RsaPkcs1v15),
                ContentCipher::Aes128Cbc,
                &plain,
                &mut random,
            )?);
        }
        builder.sign(self.provider.as_ref(), self.ca.key.as_ref(), &mut random)
    }

    fn certify(
        &self,
        subject: &Name,
        spki: &[u8],
        extensions: Vec<Extension>,
    ) -> scep_core::Result<Certificate> {
        let mut random = self.random.clone();
        let mut serial = vec![0x11; 8];
        if !self.rules.same_serial {
            random.fill(&mut serial);
        }
        if let Some(first) = serial.first_mut() {
            *first = 0x11;
        }
        let end = if self.rules.issues_expired { -1 } else { 365 };
        let key = if self.rules.signs_with_other_key {
            &self.stranger.key
        } else {
            &self.ca.key
        };
        let certificate = CertificateBuilder {
            serial,
            issuer: self.ca.certificate.subject().clone(),
            subject: subject.clone(),
            not_before: UnixTime(START.0 - 10 * DAY),
            not_after: UnixTime(START.0 + end * DAY),
            spki: spki.to_vec(),
            extensions,
        }
        .sign(key.as_ref(), DigestAlgorithm::Sha256, &mut random)?;
        lock(&self.issued).push(certificate.clone());
        Ok(certificate)
    }

    /// A reply after [`Flaw::Reply`].
    fn rebuilt(
        &self,
        request: &Peek<'_>,
        reply: &[u8],
        change: fn(&mut Parts<'_>),
    ) -> scep_core::Result<Vec<u8>> {
        let limits = Limits::DEFAULT;
        let message = SignedMessage::decode(reply, &limits)?;
        let receiver = request
            .signer
            .clone()
            .unwrap_or_else(|| self.ca.certificate.clone());
        let mut random = self.random.clone();
        let of_cms = [scep_core::oid::CONTENT_TYPE, scep_core::oid::MESSAGE_DIGEST];
        let attributes = message.signer_info().attributes.iter();
        let mut parts = Parts {
            attributes: attributes
                .filter(|a| !of_cms.contains(&a.oid))
                .cloned()
                .collect(),
            content: message.content().map(<[u8]>::to_vec),
            plain: None,
            receiver: receiver.clone(),
            signer: self.ca.clone(),
            certificates: message.certificates().to_vec(),
            cipher: ContentCipher::Aes128Cbc,
            stranger: &self.stranger,
            ca: &self.ca,
        };
        if let Some(content) = &parts.content
            && let Ok(envelope) = EnvelopedData::decode(content, &limits)
        {
            let keys = [&self.devices.device, &self.devices.other]
                .map(|key| (receiver.clone(), Arc::clone(key)));
            let fitting = keys
                .iter()
                .filter(|(c, key)| c.spki_der() == key.spki_der());
            let fitting: Vec<_> = fitting.cloned().collect();
            let opened = envelope.open(
                self.provider.as_ref(),
                Openers::keys(&fitting),
                &limits,
                &mut random,
            );
            parts.plain = opened.ok().map(|plain| plain.to_vec());
        }
        change(&mut parts);
        if let Some(plain) = &parts.plain {
            parts.content = Some(cms::seal(
                self.provider.as_ref(),
                SealTo::Certificate(&parts.receiver, KeyTransport::RsaPkcs1v15),
                parts.cipher,
                plain,
                &mut random,
            )?);
        }
        SignedDataBuilder {
            content: parts.content,
            attributes: parts.attributes,
            signer: parts.signer.certificate,
            certificates: parts.certificates,
            digest: DigestAlgorithm::Sha256,
            scheme: None,
            signature_oid: SignatureOid::RsaEncryption,
        }
        .sign(
            self.provider.as_ref(),
            parts.signer.key.as_ref(),
            &mut random,
        )
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let respond = |status: u16, content_type: &str, body: Vec<u8>| HttpResponse {
            status,
            reason: String::new(),
            headers: vec![("content-type".into(), content_type.into())],
            body,
        };
        let query = request.url.split_once('?').map(|(_, query)| query);
        let is_message = query.is_some_and(|query| query.contains("PKIOperation"));
        let peek = self.peek(request);
        if let (Flaw::When(applies, answer), true) = (self.flaw, is_message)
            && applies(&peek)
        {
            return match answer {
                Answer::Status(status) => respond(status, "text/plain", b"no".to_vec()),
                Answer::Empty => respond(200, CT_PKI_MESSAGE, Vec::new()),
                Answer::Grant | Answer::Pending => {
                    let pending = matches!(answer, Answer::Pending);
                    match self.without_checks(&peek, pending) {
                        Ok(reply) => respond(200, CT_PKI_MESSAGE, reply),
                        Err(_) => respond(500, "text/plain", Vec::new()),
                    }
                }
            };
        }
        if self.rules.forgets {
            self.transactions.clear();
        }
        let reply = self.service.handle(
            &request.method,
            query,
            &request.body,
            self,
            START,
            &mut self.random.clone(),
        );
        let mut response = respond(reply.status, reply.content_type, reply.body);
        if let (Flaw::Reply(change), true) = (self.flaw, is_message)
            && let Ok(rebuilt) = self.rebuilt(&peek, &response.body, change)
        {
            response.body = rebuilt;
        }
        response
    }
}

impl Authority for Reference {
    fn authorize(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Authorization {
        let no = |text: String| {
            Authorization::Refused(Refusal::new(FailInfo::BadRequest).with_text(text))
        };
        if self.rules.refuses_all {
            return no("not today".to_owned());
        }
        let renews = request.kind == EnrollmentKind::Renewal
            && request.standing == SignerStanding::Issued
            && request.asks_for_the_signers_names();
        if renews || self.rules.any_challenge {
            return Authorization::Granted;
        }
        let Some(challenge) = request.challenge() else {
            return no("a challenge password is missing".to_owned());
        };
        let mut passwords = lock(&self.passwords);
        let good = if self.rules.reuses_challenges {
            passwords.contains(challenge.expose())
        } else {
            passwords.remove(challenge.expose())
        };
        match good {
            true => Authorization::Granted,
            false if self.rules.says_challenge => no(format!("{} is wrong", challenge.expose())),
            false => no("the challenge password is wrong".to_owned()),
        }
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        let names = |e: &&Extension| e.oid == scep_core::oid::SUBJECT_ALT_NAME;
        let asked = request.csr.extensions().iter();
        let extensions = match &self.rules {
            rules if rules.drops_extensions => Vec::new(),
            rules if rules.copies_all_extensions => asked.cloned().collect(),
            _ => asked.filter(names).cloned().collect(),
        };
        let subject = if self.rules.other_subject {
            self.stranger.certificate.subject()
        } else {
            request.csr.subject()
        };
        match self.certify(subject, request.csr.spki_der(), extensions) {
            Ok(certificate) => {
                let mut certificates = vec![certificate];
                if self.rules.sends_two {
                    certificates.push(self.stranger.certificate.clone());
                }
                Decision::Issue {
                    certificates,
                    server_message: None,
                }
            }
            Err(_) => Decision::Refuse(Refusal::new(FailInfo::BadRequest)),
        }
    }

    fn is_revoked(&self, _: &Certificate) -> bool {
        false
    }

    fn certificate(&self, id: &IssuerAndSerialNumber, _: &Certificate) -> Option<Certificate> {
        if self.rules.gives_other_certificate {
            return Some(self.ca.certificate.clone());
        }
        let issued = lock(&self.issued);
        let found = issued.iter().find(|c| c.serial() == id.serial);
        found.filter(|c| c.issuer().matches(&id.issuer)).cloned()
    }

    fn crl(&self, id: &IssuerAndSerialNumber, _: &Certificate) -> Option<Crl> {
        if !self.ca.certificate.subject().matches(&id.issuer) {
            return None;
        }
        let days = if self.rules.gives_old_crl { -3 } else { 7 };
        CrlBuilder {
            issuer: self.ca.certificate.subject().clone(),
            this_update: UnixTime(START.0 - 7 * DAY),
            next_update: UnixTime(START.0 + days * DAY),
            number: 1,
            revoked: Vec::new(),
            authority_key_identifier: None,
            extensions: Vec::new(),
        }
        .sign(
            self.ca.key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut self.random.clone(),
        )
        .ok()
    }

    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}

#[async_trait::async_trait]
impl Challenges for Reference {
    async fn next(&self) -> Option<ChallengePassword> {
        let mut octets = [0; 8];
        self.random.clone().fill(&mut octets);
        let text: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        lock(&self.passwords).insert(text.clone());
        Some(ChallengePassword::new(text))
    }
}

#[async_trait::async_trait]
impl Network for Reference {
    fn now(&self) -> UnixTime {
        START
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {}

    async fn resolve(&self, _: &str, _: Duration) -> Result<Resolution, NetworkError> {
        Ok(Resolution::default())
    }

    async fn connect(&self, _: SocketAddr, _: Duration) -> Result<(), NetworkError> {
        Ok(())
    }

    async fn tls_facts(
        &self,
        _: SocketAddr,
        _: &str,
        _: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        Ok(TlsFacts::default())
    }

    fn judge(&self, _: &[Vec<u8>], _: &str) -> Option<TlsVerdict> {
        None
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError> {
        let mut request = request.clone();
        match self.flaw {
            Flaw::Silent => {
                return Err(NetworkError {
                    kind: NetworkErrorKind::TimedOut,
                    detail: "nothing came".into(),
                });
            }
            Flaw::Arrives(change) => change(&mut request),
            _ => {}
        }
        let mut response = self.answer(&request);
        if let Flaw::Http(change) = self.flaw {
            change(&request, &mut response);
        }
        Ok(response)
    }
}
