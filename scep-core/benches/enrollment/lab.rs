//! A CA and a client, with one request, on one provider.

use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::cms::{SealTo, seal};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PrivateKey, SystemRandom,
};
use scep_core::message::{
    ChallengePassword, MessageBuilder, MessageType, PkiStatus, SenderNonce, TransactionId,
};
use scep_core::oid;
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentRequest, InMemoryTransactions, Responder,
    ResponderConfig, Transactions,
};
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequest, CertificationRequestBuilder, Extension,
    GeneralName, KeyUsage, Name,
};

pub(crate) const NOW: UnixTime = UnixTime(1_790_000_000);
const CHALLENGE: &str = "3B6D1A9C54F07E2288D1C6A05F93B7E4";

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: Certificate,
    pub(crate) key: Arc<dyn PrivateKey>,
}

/// Everything that an enrollment needs. All keys are RSA-2048; AES-128-CBC, SHA-256.
pub(crate) struct Lab {
    pub(crate) provider: Arc<dyn CryptoProvider>,
    pub(crate) ca: Identity,
    pub(crate) ra: Identity,
    pub(crate) client: Identity,
    pub(crate) csr: CertificationRequest,
    /// The PKCSReq around the csr.
    pub(crate) request: Vec<u8>,
    pub(crate) responder: Responder,
    pub(crate) transactions: InMemoryTransactions,
}

impl Lab {
    pub(crate) fn new(provider: &Arc<dyn CryptoProvider>) -> Self {
        let key = |name: &str| {
            let path = format!("{}/tests/keys/{name}.der", env!("CARGO_MANIFEST_DIR"));
            let der = std::fs::read(path).unwrap();
            provider.load_private_key(&der).unwrap()
        };
        let (ca, ra, client) = (key("ca"), key("ra"), key("client"));
        let issue =
            |subject: &str, issuer: &str, key: &Arc<dyn PrivateKey>, by: &dyn PrivateKey| {
                let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
                let extensions = vec![Extension::key_usage(usage)];
                let builder = builder(name(issuer), name(subject), key.spki_der(), extensions);
                let certificate = builder.sign(by, DigestAlgorithm::Sha256, &mut SystemRandom);
                Identity {
                    certificate: certificate.unwrap(),
                    key: Arc::clone(key),
                }
            };
        const CA: &str = "CN=Issuing CA 1,O=Contoso,C=US";
        const DEVICE: &str = "CN=device-0001.contoso.example,O=Contoso,C=US";
        let ca = issue(CA, CA, &ca, ca.as_ref());
        let ra = issue("CN=SCEP RA,O=Contoso,C=US", CA, &ra, ca.key.as_ref());
        let client = issue(DEVICE, DEVICE, &client, client.as_ref());
        let csr = Self::csr(&client);
        let identity = (ra.certificate.clone(), Arc::clone(&ra.key));
        let config = ResponderConfig::new(Arc::clone(provider), identity, ca.certificate.clone());
        let mut lab = Self {
            provider: Arc::clone(provider),
            responder: Responder::new(config),
            transactions: InMemoryTransactions::default(),
            ca,
            ra,
            client,
            csr,
            request: Vec::new(),
        };
        lab.request = lab.message(MessageType::PkcsReq, lab.csr.as_der());
        lab
    }

    /// A certification request with a challenge password and two names.
    pub(crate) fn csr(client: &Identity) -> CertificationRequest {
        let names = [
            GeneralName::Dns("device-0001.contoso.example".into()),
            GeneralName::Uri("urn:uuid:6a1f7d3e-52c4-4f0b-9a57-0f4e8b1c2d3a".into()),
        ];
        CertificationRequestBuilder {
            subject: client.certificate.subject().clone(),
            challenge: Some(ChallengePassword::new(CHALLENGE)),
            extensions: vec![
                Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT),
                Extension::extended_key_usage(&[oid::CLIENT_AUTH]),
                Extension::subject_alt_name(&names),
            ],
        }
        .sign(
            client.key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut SystemRandom,
        )
        .unwrap()
    }

    /// A request: sealed to the RA, signed by the client.
    pub(crate) fn message(&self, message_type: MessageType, data: &[u8]) -> Vec<u8> {
        let client = &self.client;
        let mut builder = self.builder(message_type, client);
        builder.envelope = Some(self.sealed(&self.ra.certificate, data));
        self.signed(&builder, client)
    }

    /// A reply: signed by the RA, its content sealed to the client.
    pub(crate) fn reply(&self, status: PkiStatus, content: Option<&[u8]>) -> Vec<u8> {
        let mut builder = self.builder(MessageType::CertRep, &self.ra);
        builder.pki_status = Some(status);
        builder.recipient_nonce = builder.sender_nonce.as_ref().map(SenderNonce::echoed);
        builder.envelope = content.map(|data| self.sealed(&self.client.certificate, data));
        self.signed(&builder, &self.ra)
    }

    fn builder(&self, message_type: MessageType, by: &Identity) -> MessageBuilder {
        let id = TransactionId::new("5D41402ABC4B2A76B9719D911017C592").unwrap();
        let mut builder = MessageBuilder::new(message_type, id, by.certificate.clone());
        builder.sender_nonce = Some(SenderNonce::random(&mut SystemRandom));
        builder
    }

    fn sealed(&self, to: &Certificate, data: &[u8]) -> Vec<u8> {
        let to = SealTo::Certificate(to, KeyTransport::RsaPkcs1v15);
        let (provider, cipher) = (self.provider.as_ref(), ContentCipher::Aes128Cbc);
        seal(provider, to, cipher, data, &mut SystemRandom).unwrap()
    }

    fn signed(&self, builder: &MessageBuilder, by: &Identity) -> Vec<u8> {
        let provider = self.provider.as_ref();
        builder
            .sign(provider, by.key.as_ref(), &mut SystemRandom)
            .unwrap()
    }

    /// Answers the request as if it had never come before.
    pub(crate) fn enroll(&self) -> Vec<u8> {
        self.transactions.clear();
        let reply = self
            .responder
            .respond(&self.request, self, NOW, &mut SystemRandom);
        let reply = reply.unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
        reply.der
    }
}

/// The CA grants what is asked for, with the extensions that certificates usually have.
impl Authority for Lab {
    fn authorize(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Authorization {
        assert!(request.challenge().is_some_and(|c| c.expose() == CHALLENGE));
        Authorization::Granted
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        let csr = request.csr;
        let mut extensions = csr.extensions().to_vec();
        extensions.extend([
            Extension::basic_constraints(false, None),
            Extension::subject_key_identifier(&[7; 20]),
            Extension::authority_key_identifier(&[8; 20]),
            Extension::crl_distribution_points(&["http://crl.contoso.example/issuing-ca-1.crl"]),
        ]);
        let issuer = self.ca.certificate.subject().clone();
        let builder = builder(issuer, csr.subject().clone(), csr.spki_der(), extensions);
        let digest = DigestAlgorithm::Sha256;
        Decision::issue(
            builder
                .sign(self.ca.key.as_ref(), digest, &mut SystemRandom)
                .unwrap(),
        )
    }

    fn is_revoked(&self, _certificate: &Certificate) -> bool {
        false
    }

    fn transactions(&self) -> &dyn Transactions {
        &self.transactions
    }
}

fn name(text: &str) -> Name {
    Name::from_rfc4514(text).unwrap()
}

fn builder(
    issuer: Name,
    subject: Name,
    spki: &[u8],
    extensions: Vec<Extension>,
) -> CertificateBuilder {
    CertificateBuilder {
        serial: vec![0x5f, 3, 0x8c, 0x21, 0x77, 0x0a, 0xe4, 9, 0x11, 0x62],
        issuer,
        subject,
        not_before: NOW.minus(Duration::from_secs(3600)),
        not_after: NOW.plus(Duration::from_secs(86_400 * 365)),
        spki: spki.to_vec(),
        extensions,
    }
}
