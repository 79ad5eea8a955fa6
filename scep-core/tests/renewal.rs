//! Renewal at the server: who may, and to whom the reply is encrypted.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::provider::{signing, supported};
use common::{CA, NOW, TestCa, TestRandom, certificate, key, name};
use scep_core::UnixTime;
use scep_core::cms::{Openers, SealTo, certs_only_certificates, seal};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, SignatureAlgorithm, SystemRandom,
    default_provider,
};
use scep_core::limits::Limits;
use scep_core::message::{
    FailInfo, MessageBuilder, MessageType, PkiStatus, SenderNonce, SignedMessage, TransactionId,
};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentKind, EnrollmentRequest, PollRequest,
    RejectionStage, Reply, Responder, SignerStanding, Transactions,
};
use scep_core::x509::{Certificate, CertificateBuilder, CertificationRequestBuilder};

const LIMITS: Limits = Limits::DEFAULT;
const DAY: Duration = Duration::from_secs(86_400);

/// A certificate for the client's key: who issued it, and when it is valid.
fn current(issuer: &str, issuer_key: &str, from: UnixTime, to: UnixTime) -> Certificate {
    CertificateBuilder {
        serial: vec![0x51],
        issuer: name(issuer),
        subject: name("CN=device-1,O=Acme"),
        not_before: from,
        not_after: to,
        spki: key("client").spki_der().to_vec(),
        extensions: Vec::new(),
    }
    .sign(
        key(issuer_key).as_ref(),
        DigestAlgorithm::Sha256,
        &mut TestRandom(8),
    )
    .unwrap()
}

fn good() -> Certificate {
    current(CA, "ca", NOW.minus(DAY), NOW.plus(DAY))
}

/// A request for the key "other", signed with the key "client" and this certificate of it.
fn request(ca: &TestCa, message_type: MessageType, signer: &Certificate) -> Vec<u8> {
    let provider = default_provider();
    let mut rng = TestRandom(11);
    let csr = CertificationRequestBuilder {
        subject: name("CN=device-1,O=Acme"),
        challenge: None,
        extensions: Vec::new(),
    }
    .sign(key("other").as_ref(), DigestAlgorithm::Sha256, &mut rng)
    .unwrap();
    let to = SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15);
    let cipher = ContentCipher::Aes128Cbc;
    let envelope = seal(provider.as_ref(), to, cipher, csr.as_der(), &mut rng).unwrap();
    let id = TransactionId::new("renewal-1").unwrap();
    let mut builder = MessageBuilder::new(message_type, id, signer.clone());
    builder.sender_nonce = Some(SenderNonce::random(&mut SystemRandom));
    builder.envelope = Some(envelope);
    builder
        .sign(provider.as_ref(), key("client").as_ref(), &mut rng)
        .unwrap()
}

/// The certificates in a reply that is encrypted to `to`.
fn opened(
    reply: &Reply,
    to: &Certificate,
    private: Arc<dyn PrivateKey>,
) -> scep_core::Result<Vec<Certificate>> {
    let provider = default_provider();
    let policy = AlgorithmPolicy::RFC8894;
    let verified =
        SignedMessage::decode(&reply.der, &LIMITS)?.verify(provider.as_ref(), &policy, &[])?;
    let keys = [(to.clone(), private)];
    let content = verified.open(
        provider.as_ref(),
        &policy,
        &LIMITS,
        Openers::keys(&keys),
        &mut TestRandom(1),
    )?;
    certs_only_certificates(&content.content, &LIMITS)
}

#[test]
fn a_valid_certificate_of_this_ca_renews_and_the_reply_is_for_the_old_key() {
    let ca = TestCa::rfc8894();
    let signer = good();
    let reply = ca
        .respond(&request(&ca, MessageType::RenewalReq, &signer))
        .unwrap();
    assert_eq!(reply.pki_status, PkiStatus::Success);
    let certificates = opened(&reply, &signer, key("client")).unwrap();
    assert_eq!(certificates[0].spki_der(), key("other").spki_der());
    // the new key opens nothing
    assert!(opened(&reply, &signer, key("other")).is_err());
}

#[test]
fn nobody_else_renews() {
    let ca = TestCa::rfc8894();
    let (past, future) = (NOW.minus(DAY), NOW.plus(DAY));
    let client = key("client");
    let device = "CN=device-1,O=Acme";
    for (what, signer) in [
        ("expired", current(CA, "ca", past.minus(DAY), past)),
        ("not valid yet", current(CA, "ca", future, future.plus(DAY))),
        (
            "self-signed",
            certificate(
                device,
                device,
                client.as_ref(),
                client.as_ref(),
                5,
                Vec::new(),
            ),
        ),
        (
            "not issued by this CA",
            current("CN=Other CA", "other", past, future),
        ),
        // the name of the CA, but not its signature
        ("not issued by this CA", current(CA, "other", past, future)),
        ("not issued by this CA", current(CA, "client", past, future)),
        // by the RA, which is no CA
        (
            "not issued by this CA",
            current("CN=Test RA", "ra", past, future),
        ),
    ] {
        let reply = ca
            .respond(&request(&ca, MessageType::RenewalReq, &signer))
            .unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Failure, "{what}");
        assert_eq!(reply.fail_info, Some(FailInfo::BadRequest), "{what}");
        let (stage, error) = reply.cause.unwrap();
        assert_eq!(stage, RejectionStage::Renewal);
        assert!(error.to_string().contains(what), "{error}");
    }
    assert!(ca.issued.lock().unwrap().is_empty());
}

#[test]
fn without_issuers_nobody_renews() {
    let mut ca = TestCa::rfc8894();
    let mut config = ca.responder.config().clone();
    config.issuers.clear();
    ca.responder = Responder::new(config);
    let reply = ca.respond(&request(&ca, MessageType::RenewalReq, &good()));
    assert_eq!(reply.unwrap().fail_info, Some(FailInfo::BadRequest));
}

/// A certificate whose signature uses what the policy forbids proves nothing.
#[test]
fn a_certificate_signed_with_md5_does_not_renew() {
    let ca = TestCa::rfc8894();
    let forged = CertificateBuilder {
        serial: vec![9],
        issuer: name(CA),
        subject: name("CN=device-1,O=Acme"),
        not_before: NOW.minus(DAY),
        not_after: NOW.plus(DAY),
        spki: key("client").spki_der().to_vec(),
        extensions: Vec::new(),
    }
    .sign(key("ca").as_ref(), DigestAlgorithm::Md5, &mut TestRandom(8));
    let scheme = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Md5);
    let Some(forged) = supported(forged, [signing(scheme)]) else {
        return;
    };
    let reply = ca.respond(&request(&ca, MessageType::RenewalReq, &forged));
    let (stage, _) = reply.unwrap().cause.unwrap();
    assert_eq!(stage, RejectionStage::Renewal);
}

/// Notes with what standing requests arrive, and revokes.
struct Witness {
    ca: TestCa,
    seen: std::sync::Mutex<Vec<(EnrollmentKind, SignerStanding)>>,
    revoked: bool,
}

impl Authority for Witness {
    fn authorize(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Authorization {
        let mut seen = self.seen.lock().unwrap();
        seen.push((request.kind, request.standing));
        assert_eq!(request.recipient, Some(&self.ca.ra));
        Authorization::Granted
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Decision {
        self.ca.issue(request, now)
    }

    fn poll(&self, request: &PollRequest<'_>, now: UnixTime) -> Decision {
        self.ca.poll(request, now)
    }

    fn is_revoked(&self, _certificate: &Certificate) -> bool {
        self.revoked
    }

    fn transactions(&self) -> &dyn Transactions {
        self.ca.transactions()
    }
}

#[test]
fn the_authority_learns_where_the_signer_comes_from() {
    let mut witness = Witness {
        ca: TestCa::rfc8894(),
        seen: std::sync::Mutex::default(),
        revoked: false,
    };
    let client = key("client");
    let own = certificate(
        "CN=x",
        "CN=x",
        client.as_ref(),
        client.as_ref(),
        5,
        Vec::new(),
    );
    let expired = current(CA, "ca", NOW.minus(DAY * 2), NOW.minus(DAY));
    let responder = witness.ca.responder.clone();
    for signer in [&own, &expired, &good()] {
        let message = request(&witness.ca, MessageType::PkcsReq, signer);
        let reply = responder.respond(&message, &witness, NOW, &mut TestRandom(1));
        assert_eq!(reply.unwrap().pki_status, PkiStatus::Success);
    }
    let expected = [
        SignerStanding::SelfSigned,
        SignerStanding::Expired,
        SignerStanding::Issued,
    ]
    .map(|standing| (EnrollmentKind::Initial, standing));
    assert_eq!(*witness.seen.lock().unwrap(), expected);
    witness.revoked = true;
    let message = request(&witness.ca, MessageType::RenewalReq, &good());
    let reply = responder
        .respond(&message, &witness, NOW, &mut TestRandom(1))
        .unwrap();
    assert!(reply.cause.unwrap().1.to_string().contains("revoked"));
    assert_eq!(witness.seen.lock().unwrap().len(), expected.len());
}
