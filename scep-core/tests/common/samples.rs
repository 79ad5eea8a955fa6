//! One of each message, made by this crate.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use scep_core::cms::SignatureOid;
use scep_core::cms::seal;
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, default_provider,
};
use scep_core::message::{
    ChallengePassword, EmptyContent, IssuerAndSerialNumber, IssuerAndSubject, MessageBuilder,
    MessageType, SenderNonce, TransactionId,
};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::ReplyStyle;
use scep_core::x509::{
    Certificate, CertificationRequest, CertificationRequestBuilder, Extension, GeneralName,
    KeyUsage,
};

use super::{CHALLENGE, NOW, TestCa, TestRandom, certificate, key, name};

pub const SUBJECT: &str = "CN=device-1,O=Acme";

/// Every kind of key transport that is in use.
pub const TRANSPORTS: [KeyTransport; 3] = [
    KeyTransport::RsaPkcs1v15,
    KeyTransport::OAEP_DEFAULT,
    KeyTransport::RsaOaep {
        digest: DigestAlgorithm::Sha256,
        mgf_digest: DigestAlgorithm::Sha256,
    },
];

/// How a request is written.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub cipher: ContentCipher,
    pub transport: KeyTransport,
    pub digest: DigestAlgorithm,
    pub signature_oid: SignatureOid,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            cipher: ContentCipher::Aes128Cbc,
            transport: KeyTransport::RsaPkcs1v15,
            digest: DigestAlgorithm::Sha256,
            signature_oid: SignatureOid::RsaEncryption,
        }
    }
}

/// The self-signed certificate of a client, and its key.
pub fn device() -> (Certificate, Arc<dyn PrivateKey>) {
    static SIGNER: OnceLock<Certificate> = OnceLock::new();
    (SIGNER.get_or_init(self_signed).clone(), key("client"))
}

fn self_signed() -> Certificate {
    let device_key = key("client");
    let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    let extensions = vec![
        Extension::key_usage(usage),
        Extension::subject_key_identifier(&[7; 20]),
    ];
    certificate(
        SUBJECT,
        SUBJECT,
        device_key.as_ref(),
        device_key.as_ref(),
        77,
        extensions,
    )
}

/// A request with a challenge password and one name of each kind.
pub fn csr() -> CertificationRequest {
    static CSR: OnceLock<CertificationRequest> = OnceLock::new();
    CSR.get_or_init(|| csr_with(CHALLENGE, DigestAlgorithm::Sha256))
        .clone()
}

pub fn csr_with(challenge: &str, digest: DigestAlgorithm) -> CertificationRequest {
    let names = [
        GeneralName::Dns("device-1.example.net".into()),
        GeneralName::Ip(IpAddr::from([192, 0, 2, 1])),
        GeneralName::Uri("urn:device:1".into()),
        GeneralName::Email("device-1@example.net".into()),
    ];
    CertificationRequestBuilder {
        subject: name(SUBJECT),
        challenge: Some(ChallengePassword::new(challenge)),
        extensions: vec![
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE),
            Extension::subject_alt_name(&names),
        ],
    }
    .sign(key("client").as_ref(), digest, &mut TestRandom(2))
    .unwrap()
}

/// A request of any type with this messageData.
pub fn request(ca: &TestCa, message_type: MessageType, data: &[u8], shape: Shape) -> Vec<u8> {
    let provider = default_provider();
    let envelope = seal(
        provider.as_ref(),
        scep_core::cms::SealTo::Certificate(&ca.ra, shape.transport),
        shape.cipher,
        data,
        &mut TestRandom(3),
    )
    .unwrap();
    around(message_type, envelope, shape)
}

/// A request of any type around a given pkcsPKIEnvelope.
pub fn around(message_type: MessageType, envelope: Vec<u8>, shape: Shape) -> Vec<u8> {
    let (signer, device_key) = device();
    let mut builder = MessageBuilder::new(message_type, TransactionId::new("T-1").unwrap(), signer);
    builder.sender_nonce = Some(SenderNonce::from_octets(vec![9; 16]));
    builder.digest = shape.digest;
    builder.signature_oid = shape.signature_oid;
    builder.signing_time = Some(NOW);
    builder.envelope = Some(envelope);
    builder
        .sign(
            default_provider().as_ref(),
            device_key.as_ref(),
            &mut TestRandom(4),
        )
        .unwrap()
}

pub fn pkcs_req(ca: &TestCa) -> Vec<u8> {
    request(ca, MessageType::PkcsReq, csr().as_der(), Shape::default())
}

/// Every request, and every kind of reply to them.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut out = requests(&TestCa::rfc8894(), Shape::default());
    out.extend(replies(Shape::default()));
    out
}

pub fn requests(ca: &TestCa, shape: Shape) -> Vec<(&'static str, Vec<u8>)> {
    let names = IssuerAndSubject {
        issuer: ca.ca.subject().clone(),
        subject: name(SUBJECT),
    };
    let id = IssuerAndSerialNumber {
        issuer: ca.ca.subject().clone(),
        serial: vec![100],
    };
    let csr = csr();
    [
        ("PKCSReq", MessageType::PkcsReq, csr.as_der().to_vec()),
        ("RenewalReq", MessageType::RenewalReq, csr.as_der().to_vec()),
        ("CertPoll", MessageType::CertPoll, names.to_der()),
        ("GetCert", MessageType::GetCert, id.to_der()),
        ("GetCRL", MessageType::GetCrl, id.to_der()),
    ]
    .into_iter()
    .map(|(what, message_type, data)| (what, request(ca, message_type, &data, shape)))
    .collect()
}

/// SUCCESS with certificates and with a CRL; PENDING and FAILURE with every kind of no content.
pub fn replies(shape: Shape) -> Vec<(&'static str, Vec<u8>)> {
    let reply = |style: ReplyStyle, pending: u32, message: &dyn Fn(&TestCa) -> Vec<u8>| {
        let style = ReplyStyle {
            signature_oid: shape.signature_oid,
            microsoft_attributes: true,
            signing_time: true,
            ..style
        };
        let ca = TestCa::new(style, AlgorithmPolicy::NDES);
        *ca.pending.lock().unwrap() = pending;
        let message = message(&ca);
        ca.respond(&message).unwrap().der
    };
    let style = ReplyStyle::RFC8894;
    let with = |empty_content| ReplyStyle {
        empty_content,
        ..style
    };
    let good = |ca: &TestCa| request(ca, MessageType::PkcsReq, csr().as_der(), shape);
    let wrong = |ca: &TestCa| {
        let csr = csr_with("wrong", DigestAlgorithm::Sha256);
        request(ca, MessageType::PkcsReq, csr.as_der(), shape)
    };
    let crl = |ca: &TestCa| requests(ca, shape).pop().unwrap().1;
    vec![
        ("CertRep SUCCESS", reply(style, 0, &good)),
        ("CertRep SUCCESS with a CRL", reply(style, 0, &crl)),
        ("CertRep PENDING", reply(style, 1, &good)),
        (
            "CertRep PENDING, empty",
            reply(with(EmptyContent::ZeroLength), 1, &good),
        ),
        (
            "CertRep PENDING, one zero",
            reply(with(EmptyContent::OneZeroOctet), 1, &good),
        ),
        ("CertRep FAILURE", reply(style, 0, &wrong)),
        (
            "CertRep FAILURE, empty",
            reply(with(EmptyContent::ZeroLength), 0, &wrong),
        ),
        (
            "CertRep FAILURE, one zero",
            reply(with(EmptyContent::OneZeroOctet), 0, &wrong),
        ),
    ]
}

/// The same message with another signature, which may have another length.
pub fn with_signature(message: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let tree = super::ber::parse(message);
    let replaced = super::ber::replace_primitive(tree, old, new);
    super::ber::to_der(&replaced)
}
