//! A small CA on scep-core's responder: the peers meet the library's own messages here, in any
//! reply style, without a simulated deployment around them.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::{
    CryptoProvider, DigestAlgorithm, KeyType, PrivateKey, RandomSource, RustCrypto, SystemRandom,
    default_provider,
};
use scep_core::http::{CT_CA_RA_CERT, CT_PKI_MESSAGE, ServerRequest};
use scep_core::limits::Limits;
use scep_core::message::{EmptyContent, FailInfo, TransactionId};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{
    Authority, Decision, EnrollmentRequest, InMemoryTransactions, PollRequest, Refusal, Reply,
    ReplyStyle, Responder, ResponderConfig, Transactions,
};
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequest, Extension, KeyUsage, Name,
};

use crate::CHALLENGE;
use crate::http::read_request;

/// The reply style that pleases every peer.
pub const PLAIN: ReplyStyle = ReplyStyle {
    empty_content: EmptyContent::ZeroLength,
    ..ReplyStyle::RFC8894
};

/// The style of NDES.
pub const NDES: ReplyStyle = ReplyStyle {
    include_signer: false,
    empty_content: EmptyContent::OneZeroOctet,
    microsoft_attributes: true,
    fail_info_text: false,
    ..ReplyStyle::RFC8894
};

/// The CA, and what it did.
pub struct SmallCa {
    responder: Responder,
    pub root: Certificate,
    pub issuing: Certificate,
    key: Arc<dyn PrivateKey>,
    capabilities: String,
    transactions: InMemoryTransactions,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// How often a request stays pending.
    patience: u32,
    pending: HashMap<TransactionId, CertificationRequest>,
    issued: Vec<Certificate>,
    replies: Vec<Reply>,
}

fn keys() -> &'static [Arc<dyn PrivateKey>; 2] {
    static KEYS: OnceLock<[Arc<dyn PrivateKey>; 2]> = OnceLock::new();
    KEYS.get_or_init(|| {
        [(); 2].map(|()| {
            let der = RustCrypto.generate_private_key(KeyType::Rsa(2048), &mut SystemRandom);
            RustCrypto.load_private_key(&der.unwrap()).unwrap()
        })
    })
}

fn random_serial() -> Vec<u8> {
    let mut serial = vec![0; 16];
    SystemRandom.fill(&mut serial);
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}

fn key_identifier(spki: &[u8]) -> Vec<u8> {
    RustCrypto.digest(DigestAlgorithm::Sha1, spki).unwrap()
}

fn ca_certificate(
    subject: &str,
    key: &dyn PrivateKey,
    issuer: &str,
    issuer_key: &dyn PrivateKey,
    usage: KeyUsage,
) -> Certificate {
    let now = UnixTime::now();
    CertificateBuilder {
        serial: random_serial(),
        issuer: Name::from_rfc4514(issuer).unwrap(),
        subject: Name::from_rfc4514(subject).unwrap(),
        not_before: now.minus(Duration::from_secs(3600)),
        not_after: now.plus(Duration::from_secs(86_400 * 3650)),
        spki: key.spki_der().to_vec(),
        extensions: vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
            Extension::subject_key_identifier(&key_identifier(key.spki_der())),
            Extension::authority_key_identifier(&key_identifier(issuer_key.spki_der())),
        ],
    }
    .sign(issuer_key, DigestAlgorithm::Sha256, &mut SystemRandom)
    .unwrap()
}

impl SmallCa {
    /// A root and an issuing CA that answers for itself.
    pub fn new(style: ReplyStyle, capabilities: &str) -> Self {
        const ROOT: &str = "CN=Small Root,O=Test";
        const ISSUING: &str = "CN=Small Issuing CA,O=Test";
        let [root_key, key] = keys();
        let signs = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
        let root = ca_certificate(ROOT, root_key.as_ref(), ROOT, root_key.as_ref(), signs);
        let all = signs | KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
        let issuing = ca_certificate(ISSUING, key.as_ref(), ROOT, root_key.as_ref(), all);
        let responder = Responder::new(ResponderConfig {
            provider: default_provider(),
            signer: (issuing.clone(), Arc::clone(key)),
            decrypters: vec![(issuing.clone(), Arc::clone(key))],
            policy: AlgorithmPolicy::LEGACY,
            style,
            limits: Limits::DEFAULT,
        });
        Self {
            responder,
            root,
            issuing,
            key: Arc::clone(key),
            capabilities: capabilities.into(),
            transactions: InMemoryTransactions::default(),
            book: Mutex::default(),
        }
    }

    /// From now on each request is pending this often before it is granted.
    pub fn set_patience(&self, polls: u32) {
        self.book.lock().unwrap().patience = polls;
    }

    /// The certificates issued so far.
    pub fn issued(&self) -> Vec<Certificate> {
        self.book.lock().unwrap().issued.clone()
    }

    /// The replies sent so far.
    pub fn replies(&self) -> Vec<Reply> {
        self.book.lock().unwrap().replies.clone()
    }

    /// The key that opens the requests, for inspection.
    pub fn key(&self) -> Arc<dyn PrivateKey> {
        Arc::clone(&self.key)
    }

    /// Serves HTTP on loopback until the test program ends.
    pub fn serve(self: &Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ca = Arc::clone(self);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let ca = Arc::clone(&ca);
                thread::spawn(move || ca.converse(&connection));
            }
        });
        address
    }

    fn converse(&self, connection: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(connection);
        while let Some(request) = read_request(&mut reader)? {
            let (status, content_type, body) =
                match ServerRequest::from_http(&request.method, request.query(), &request.body) {
                    Ok(request) => self.answer(request),
                    Err(e) => ("400 Bad Request", "text/plain", e.to_string().into_bytes()),
                };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let mut writer = connection;
            writer.write_all(head.as_bytes())?;
            writer.write_all(&body)?;
        }
        Ok(())
    }

    fn answer(&self, request: ServerRequest) -> (&'static str, &'static str, Vec<u8>) {
        match request {
            ServerRequest::GetCaCaps { .. } => (
                "200 OK",
                "text/plain",
                self.capabilities.clone().into_bytes(),
            ),
            ServerRequest::GetCaCert { .. } => {
                let chain = CaCertificates::new(vec![self.issuing.clone(), self.root.clone()]);
                ("200 OK", CT_CA_RA_CERT, chain.to_bundle())
            }
            ServerRequest::GetNextCaCert { .. } => ("404 Not Found", "text/plain", Vec::new()),
            ServerRequest::PkiOperation { message } => {
                match self
                    .responder
                    .respond(&message, self, UnixTime::now(), &mut SystemRandom)
                {
                    Ok(reply) => {
                        let der = reply.der.clone();
                        self.book.lock().unwrap().replies.push(reply);
                        ("200 OK", CT_PKI_MESSAGE, der)
                    }
                    Err(e) => ("400 Bad Request", "text/plain", e.to_string().into_bytes()),
                }
            }
        }
    }

    fn issue(&self, csr: &CertificationRequest) -> Decision {
        let now = UnixTime::now();
        let mut extensions = vec![
            Extension::basic_constraints(false, None),
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT),
            Extension::subject_key_identifier(&key_identifier(csr.spki_der())),
            Extension::authority_key_identifier(&key_identifier(self.issuing.spki_der())),
        ];
        let wanted = scep_core::oid::SUBJECT_ALT_NAME;
        extensions.extend(csr.extensions().iter().filter(|e| e.oid == wanted).cloned());
        let certificate = CertificateBuilder {
            serial: random_serial(),
            issuer: self.issuing.subject().clone(),
            subject: csr.subject().clone(),
            not_before: now.minus(Duration::from_secs(60)),
            not_after: now.plus(Duration::from_secs(86_400 * 30)),
            spki: csr.spki_der().to_vec(),
            extensions,
        }
        .sign(
            self.key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut SystemRandom,
        )
        .unwrap();
        self.book.lock().unwrap().issued.push(certificate.clone());
        Decision::Issue {
            certificates: vec![certificate],
            server_message: None,
        }
    }
}

impl Authority for SmallCa {
    /// Grants to who knows the challenge password, and to holders of a certificate of this CA.
    fn enroll(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        let renews = self.issued().contains(request.signer);
        let knows = request.challenge().is_some_and(|c| c.expose() == CHALLENGE);
        if !renews && !knows {
            return Decision::Refuse(
                Refusal::new(FailInfo::BadRequest).with_text("wrong challenge password"),
            );
        }
        let mut book = self.book.lock().unwrap();
        if book.patience > 0 {
            book.pending
                .insert(request.transaction_id.clone(), request.csr.clone());
            return Decision::Pending;
        }
        drop(book);
        self.issue(request.csr)
    }

    fn poll(&self, request: &PollRequest<'_>, _now: UnixTime) -> Decision {
        let mut book = self.book.lock().unwrap();
        book.patience = book.patience.saturating_sub(1);
        if book.patience > 0 {
            return Decision::Pending;
        }
        let csr = book.pending.remove(request.transaction_id);
        drop(book);
        match csr {
            Some(csr) => self.issue(&csr),
            None => Decision::Refuse(Refusal::new(FailInfo::BadCertId)),
        }
    }

    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}
