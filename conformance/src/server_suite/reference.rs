//! A SCEP server that keeps to RFC 8894, but for one flaw that it is given: so a check can be shown to
//! notice what it is there for.

mod authority;
mod flawed;
mod memory;

use scep_client::Network;
use scep_client::network::{HttpRequest, HttpResponse, NetworkError, Resolution};
use scep_client::random::SharedRandom;
use scep_core::asn1::Reader;
use scep_core::ca_certificates::CaCertificates;
use scep_core::cms::algorithm::AlgorithmIdentifier;
use scep_core::crypto::RandomSource as _;
use scep_core::crypto::{CryptoProvider, DigestAlgorithm, PublicKeyAlgorithm};
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::message::{ChallengePassword, TransactionId};
use scep_core::server::{InMemoryTransactions, ReplyStyle, Responder, ResponderConfig, Service};
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequest, Extension, KeyUsage, Name,
};
use scep_core::{UnixTime, cms, oid};
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memory::Memory;

use super::flaw::{Answer, Flaw, NextCa, Rules};
use super::{Challenges, Identity, Keys};
use crate::by_hand::{Envelope, SignedParts, SignerParts};

/// The time that the reference server lives in.
const START: UnixTime = UnixTime(1_795_608_000);
const DAY: i64 = 86_400;
const CA_KEY_ID: u8 = 2;
const NEXT_CA_KEY_ID: u8 = 3;

/// The server.
pub struct Reference {
    flaw: Flaw,
    rules: Rules,
    provider: Arc<dyn CryptoProvider>,
    service: Service,
    ca: Identity,
    next_ca: Identity,
    stranger: Identity,
    /// The keys of the suite's devices, by which this server opens its own replies.
    devices: Keys,
    /// In the order in which they were handed out.
    passwords: Mutex<Vec<String>>,
    pending: Mutex<HashMap<TransactionId, Pending>>,
    /// Whose transactionIDs they are.
    ids: Mutex<HashMap<TransactionId, Vec<u8>>>,
    issued: Mutex<Vec<Certificate>>,
    transactions: Memory,
    random: SharedRandom,
    /// Time since the beginning.
    clock: Mutex<Duration>,
}

/// A request that waits for the operator: he grants it when it is asked after for the second time.
#[derive(Debug)]
struct Pending {
    csr: CertificationRequest,
    polls: u32,
}

/// A few of the passwords that were handed out last open an envelope which is encrypted with one.
const TRIED_PASSWORDS: usize = 8;

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reference")
    }
}

fn digest_of(signer: &SignerParts) -> Option<DigestAlgorithm> {
    let identifier = Reader::new(&signer.digest_algorithm)
        .next("a digest")
        .ok()?;
    let identifier = AlgorithmIdentifier::from_tlv(&identifier).ok()?;
    identifier.digest().ok()
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
        let rsa = PublicKeyAlgorithm::of_spki(key.spki_der())?.can_encrypt();
        let ca_usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
        let mut usage = ca_usage | KeyUsage::DIGITAL_SIGNATURE;
        if rsa {
            usage = usage | KeyUsage::KEY_ENCIPHERMENT;
        }
        let extensions = |usage, id: u8| {
            vec![
                Extension::basic_constraints(true, None),
                Extension::key_usage(usage),
                Extension::subject_key_identifier(&[id; 20]),
            ]
        };
        let mut of_ca = extensions(usage, CA_KEY_ID);
        if let Flaw::Ca(change) = flaw {
            change(&mut of_ca);
        }
        let certify =
            |serial, issuer: &Name, subject: &Name, spki: &[u8], extensions| CertificateBuilder {
                serial: vec![serial],
                issuer: issuer.clone(),
                subject: subject.clone(),
                not_before: UnixTime(START.0 - DAY),
                not_after: UnixTime(START.0 + 3650 * DAY),
                spki: spki.to_vec(),
                extensions,
            };
        let by_root = |builder: CertificateBuilder, random: &mut SharedRandom| {
            builder.sign(root_key.as_ref(), DigestAlgorithm::Sha256, random)
        };
        let of_root = extensions(ca_usage, 1);
        let root = certify(1, &root_name, &root_name, root_key.spki_der(), of_root);
        let root = by_root(root, &mut random)?;
        let certificate = certify(2, &root_name, &name, key.spki_der(), of_ca);
        let certificate = by_root(certificate, &mut random)?;
        let ca = Identity {
            certificate: certificate.clone(),
            key: Arc::clone(&key),
        };
        // the next CA borrows the root's key: what counts is that it is another one
        let next_name = Name::from_rfc4514("CN=Reference CA 2")?;
        let all = usage | KeyUsage::KEY_ENCIPHERMENT;
        let of_next = extensions(all, NEXT_CA_KEY_ID);
        let next = certify(3, &root_name, &next_name, root_key.spki_der(), of_next);
        let next_ca = Identity {
            certificate: by_root(next, &mut random)?,
            key: Arc::clone(&root_key),
        };
        let mut config = ResponderConfig::new(
            Arc::clone(&provider),
            (certificate.clone(), key),
            certificate.clone(),
        );
        config.style = ReplyStyle::RFC8894;
        let next = &next_ca.certificate;
        config.decrypters.push((next.clone(), root_key.clone()));
        config.issuers.push(next.clone());
        if let Flaw::Config(change) = flaw {
            change(&mut config);
        }
        let mut rules = Rules::default();
        if let Flaw::Rules(change) = flaw {
            change(&mut rules);
        }
        let stranger_name = Name::from_rfc4514("CN=Somebody Else")?;
        let stranger = Identity::self_signed(&devices.other, &stranger_name, START, &mut random)?;
        let mut next = NextCa {
            content: cms::certs_only(std::slice::from_ref(&next_ca.certificate)),
            signer: ca.clone(),
            stranger: stranger.clone(),
        };
        if let Flaw::NextCa(change) = flaw {
            change(&mut next);
        }
        let signed = SignedParts::new(
            provider.as_ref(),
            Some(next.content),
            &[],
            (&next.signer.certificate, &next.signer.key),
            std::slice::from_ref(&next.signer.certificate),
            DigestAlgorithm::Sha256,
        )?;
        let service = Service::new(
            Responder::new(config),
            CaCertificates::new(vec![certificate, root]),
            &mut random,
        )
        .with_next_ca_certificates(signed.encode(&mut random)?);
        Ok(Self {
            flaw,
            rules,
            provider,
            service,
            ca,
            next_ca,
            stranger,
            devices: devices.clone(),
            passwords: Mutex::default(),
            pending: Mutex::default(),
            ids: Mutex::default(),
            issued: Mutex::default(),
            transactions: Memory {
                kept: InMemoryTransactions::default(),
                rules,
            },
            random,
            clock: Mutex::default(),
        })
    }

    fn certify(
        &self,
        ca: &Identity,
        subject: &Name,
        spki: &[u8],
        mut extensions: Vec<Extension>,
    ) -> scep_core::Result<Certificate> {
        let mut random = self.random.clone();
        let mut serial = vec![0x11; 8];
        if !self.rules.same_serial {
            random.fill(&mut serial);
        }
        if let Some(first) = serial.first_mut() {
            *first = 0x11;
        }
        if !extensions.iter().any(|e| e.oid == oid::KEY_USAGE) {
            let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
            extensions.push(Extension::key_usage(usage));
        }
        if let Some(id) = ca.certificate.subject_key_identifier() {
            extensions.push(Extension::authority_key_identifier(&id));
        }
        let key = if self.rules.signs_with_other_key {
            &self.stranger.key
        } else {
            &ca.key
        };
        let mut builder = CertificateBuilder {
            serial,
            issuer: ca.certificate.subject().clone(),
            subject: subject.clone(),
            not_before: UnixTime(START.0 - 10 * DAY),
            not_after: UnixTime(START.0 + 365 * DAY),
            spki: spki.to_vec(),
            extensions,
        };
        if let Flaw::Issues(change) = self.flaw {
            change(&mut builder);
        }
        let certificate = builder.sign(key.as_ref(), DigestAlgorithm::Sha256, &mut random)?;
        lock(&self.issued).push(certificate.clone());
        Ok(certificate)
    }

    /// A certificate that this CA issued to the devices' key, and that has expired.
    ///
    /// # Errors
    /// If the key cannot sign.
    pub fn expired(&self, subject: &Name) -> scep_core::Result<Identity> {
        let certificate = CertificateBuilder {
            serial: vec![0x12; 8],
            issuer: self.ca.certificate.subject().clone(),
            subject: subject.clone(),
            not_before: UnixTime(START.0 - 400 * DAY),
            not_after: UnixTime(START.0 - 35 * DAY),
            spki: self.devices.device.spki_der().to_vec(),
            extensions: Vec::new(),
        }
        .sign(
            self.ca.key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut self.random.clone(),
        )?;
        Ok(Identity {
            certificate,
            key: Arc::clone(&self.devices.device),
        })
    }

    /// The CA's certificate.
    #[must_use]
    pub const fn ca_certificate(&self) -> &Certificate {
        &self.ca.certificate
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
        if let (Flaw::When(applies, answer), true) = (self.flaw, is_message)
            && let peek = self.peek(request)
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
            && let Ok(rebuilt) = self.rebuilt(&self.peek(request), &response.body, change)
        {
            response.body = rebuilt;
        }
        let rewritten = match self.flaw {
            Flaw::Written(change) if is_message => self.rewritten(&response.body, change),
            Flaw::Enveloped(change) if is_message => self.rewritten(&response.body, |parts| {
                if let Some(mut envelope) = parts.content.as_deref().and_then(Envelope::read) {
                    change(&mut envelope);
                    self.with_content(parts, envelope.encode());
                }
            }),
            _ => None,
        };
        if let Some(rewritten) = rewritten {
            response.body = rewritten;
        }
        response
    }
}

#[async_trait::async_trait]
impl Challenges for Reference {
    async fn next(&self) -> Option<ChallengePassword> {
        let mut octets = [0; 16];
        self.random.clone().fill(&mut octets);
        let text: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        lock(&self.passwords).push(text.clone());
        Some(ChallengePassword::new(text))
    }
}

#[async_trait::async_trait]
impl Network for Reference {
    fn now(&self) -> UnixTime {
        START
    }

    fn elapsed(&self) -> Duration {
        *lock(&self.clock)
    }

    async fn sleep(&self, duration: Duration) {
        *lock(&self.clock) += duration;
    }

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
        let mut takes = Duration::from_millis(5);
        if let Flaw::Slow(longer) = self.flaw {
            takes += longer(&self.peek(&request));
        }
        *lock(&self.clock) += takes;
        let mut response = self.answer(&request);
        if let Flaw::Http(change) = self.flaw {
            change(&request, &mut response);
        }
        Ok(response)
    }
}
