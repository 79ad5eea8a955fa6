//! How a responder answers what is unusual or broken.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::provider::{supported, transporting};
use common::samples::{self, Shape};
use common::{CA, NOW, TestCa, TestRandom, certificate, key, name};
use scep_core::asn1::Reader;
use scep_core::cms::{EnvelopedData, Openers, SealTo, seal};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, SignatureAlgorithm, SystemRandom,
    default_provider,
};
use scep_core::limits::Limits;
use scep_core::message::{
    FailInfo, IssuerAndSubject, MessageBuilder, MessageType, PkiStatus, RecipientNonce,
    SenderNonce, SignedMessage, TransactionId,
};
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentRequest, PollRequest, RejectionStage, Reply,
    Responder, Transactions,
};
use scep_core::x509::{Certificate, CertificateBuilder, Extension};
use scep_core::{UnixTime, asn1};

const LIMITS: Limits = Limits::DEFAULT;

fn decoded(reply: &Reply) -> SignedMessage {
    SignedMessage::decode(&reply.der, &LIMITS).unwrap()
}

/// A request of the test device, with something changed.
fn request(
    ca: &TestCa,
    message_type: MessageType,
    data: &[u8],
    change: impl FnOnce(&mut MessageBuilder),
) -> Vec<u8> {
    let provider = default_provider();
    let to = SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15);
    let cipher = ContentCipher::Aes128Cbc;
    let (signer, private) = samples::device();
    let id = TransactionId::new("T-1").unwrap();
    let mut builder = MessageBuilder::new(message_type, id, signer);
    builder.sender_nonce = Some(SenderNonce::random(&mut SystemRandom));
    builder.envelope = Some(seal(provider.as_ref(), to, cipher, data, &mut TestRandom(3)).unwrap());
    change(&mut builder);
    builder
        .sign(provider.as_ref(), private.as_ref(), &mut TestRandom(4))
        .unwrap()
}

#[test]
fn a_bad_signature_or_digest_is_bad_message_check() {
    let ca = TestCa::rfc8894();
    let good = samples::pkcs_req(&ca);
    let mut signature = good.clone();
    *signature.last_mut().unwrap() ^= 1;
    // the last octet of the envelope, which is ciphertext
    let mut content = good.clone();
    let message = SignedMessage::decode(&good, &LIMITS).unwrap();
    let envelope = message.content().unwrap();
    let windows = &mut good.windows(envelope.len());
    let at = windows.position(|w| w == envelope).unwrap();
    content[at + envelope.len() - 1] ^= 1;
    for broken in [signature, content] {
        let reply = ca.respond(&broken).unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Failure);
        let fail_info = decoded(&reply).attributes().fail_info.clone();
        assert_eq!(fail_info, Some(FailInfo::BadMessageCheck));
        assert_eq!(fail_info.unwrap().as_text(), "1");
    }
    assert!(ca.issued.lock().unwrap().is_empty());
    assert_eq!(ca.respond(&good).unwrap().pki_status, PkiStatus::Success);
}

/// eContent is absent: encapContentInfo has its type and nothing else.
#[test]
fn pending_has_no_content() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 1;
    let reply = ca.respond(&samples::pkcs_req(&ca)).unwrap();
    assert_eq!(reply.pki_status, PkiStatus::Pending);
    assert_eq!(decoded(&reply).content(), None);
    let mut info = Reader::new(&reply.der).next("").unwrap().reader();
    info.next("contentType").unwrap();
    let mut data = info.next("content").unwrap().reader();
    let mut data = data.next("SignedData").unwrap().reader();
    data.next("version").unwrap();
    data.next("digestAlgorithms").unwrap();
    let mut encapsulated = data.next("encapContentInfo").unwrap().reader();
    encapsulated.expect(asn1::tag::OID, "").unwrap();
    assert!(encapsulated.is_empty());
}

#[test]
fn a_poll_may_repeat_the_nonce_of_the_reply_before_or_not() {
    for repeats in [true, false] {
        let ca = TestCa::rfc8894();
        *ca.pending.lock().unwrap() = 2;
        let reply = ca.respond(&samples::pkcs_req(&ca)).unwrap();
        let theirs = decoded(&reply).attributes().sender_nonce.clone().unwrap();
        let names = IssuerAndSubject {
            issuer: name(CA),
            subject: name(samples::SUBJECT),
        };
        // the right one, then one that fits nothing
        let other = RecipientNonce::from_octets(vec![1; 16]);
        let mut ends = Vec::new();
        for nonce in [theirs.echoed(), other] {
            let poll = request(&ca, MessageType::CertPoll, &names.to_der(), |builder| {
                builder.recipient_nonce = Some(nonce).filter(|_| repeats);
            });
            ends.push(ca.respond(&poll).unwrap().pki_status);
        }
        assert_eq!(ends, [PkiStatus::Pending, PkiStatus::Success], "{repeats}");
    }
}

#[test]
fn replies_have_nonces_of_their_own() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 10;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let csr = samples::csr();
        let message = request(&ca, MessageType::PkcsReq, csr.as_der(), |_| {});
        let asked = SignedMessage::decode(&message, &LIMITS).unwrap();
        let rng = &mut SystemRandom;
        let reply = ca.responder.respond(&message, &ca, NOW, rng).unwrap();
        for message in [asked, decoded(&reply)] {
            let nonce = message.attributes().sender_nonce.clone().unwrap();
            assert_eq!(nonce.as_octets().len(), 16);
            assert!(seen.insert(nonce.as_octets().to_vec()), "{nonce}");
        }
    }
}

#[test]
fn the_dates_of_a_self_signed_signer_do_not_matter() {
    let ca = TestCa::rfc8894();
    let year = Duration::from_secs(86_400 * 365);
    for (serial, from, to) in [
        (1, NOW.minus(year * 3), NOW.minus(year * 2)),
        (2, NOW.plus(year), NOW.plus(year * 2)),
    ] {
        let own = CertificateBuilder {
            serial: vec![serial],
            issuer: name("CN=no clock"),
            subject: name("CN=no clock"),
            not_before: from,
            not_after: to,
            spki: key("client").spki_der().to_vec(),
            extensions: Vec::new(),
        }
        .sign(
            key("client").as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(8),
        )
        .unwrap();
        let csr = samples::csr();
        let message = request(&ca, MessageType::PkcsReq, csr.as_der(), |builder| {
            builder.certificates = vec![own.clone()];
            builder.signer = own;
        });
        let reply = ca.respond(&message).unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
    }
    assert_eq!(ca.issued.lock().unwrap().len(), 2);
}

#[test]
fn a_request_with_oaep_is_answered_with_oaep() {
    let sha256 = KeyTransport::RsaOaep {
        digest: DigestAlgorithm::Sha256,
        mgf_digest: DigestAlgorithm::Sha256,
    };
    for transport in [
        KeyTransport::RsaPkcs1v15,
        KeyTransport::OAEP_DEFAULT,
        sha256,
    ] {
        let ca = TestCa::rfc8894();
        let shape = Shape {
            transport,
            ..Shape::default()
        };
        let csr = samples::csr();
        let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), shape);
        let reply = decoded(&ca.respond(&message).unwrap());
        let envelope = EnvelopedData::decode(reply.content().unwrap(), &LIMITS).unwrap();
        let keys = [samples::device()];
        let openers = Openers::keys(&keys);
        let answered = envelope.opener(openers).unwrap().transport();
        assert_eq!(answered, Some(transport));
        let provider = default_provider();
        let opened = envelope.open(provider.as_ref(), openers, &LIMITS, &mut TestRandom(1));
        assert!(supported(opened, [transporting(transport)]).is_some());
    }
}

#[test]
fn a_request_signed_with_pss_is_answered() {
    let ca = TestCa::rfc8894();
    for digest in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
        let csr = samples::csr();
        let message = request(&ca, MessageType::PkcsReq, csr.as_der(), |builder| {
            builder.digest = digest;
            builder.scheme = Some(SignatureAlgorithm::RsaPss {
                digest,
                mgf_digest: digest,
                salt_len: digest.output_len(),
            });
        });
        let reply = ca.respond(&message).unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
    }
}

/// Old devices send such; nothing follows from the certificate, and the message is signed well.
#[test]
fn the_own_signature_of_a_self_signed_signer_does_not_matter() {
    let ca = TestCa::rfc8894();
    let [client, other] = ["client", "other"].map(key);
    let own = certificate(
        "CN=no hash",
        "CN=no hash",
        client.as_ref(),
        other.as_ref(),
        4,
        Vec::new(),
    );
    let csr = samples::csr();
    let message = request(&ca, MessageType::PkcsReq, csr.as_der(), |builder| {
        builder.certificates = vec![own.clone()];
        builder.signer = own.clone();
    });
    let reply = ca.respond(&message).unwrap();
    assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
    // but it renews nothing
    let message = request(&ca, MessageType::RenewalReq, csr.as_der(), |builder| {
        builder.certificates = vec![own.clone()];
        builder.signer = own;
    });
    let (stage, error) = ca.respond(&message).unwrap().cause.unwrap();
    assert_eq!(stage, RejectionStage::Renewal, "{error}");
}

/// Notes to whom requests were encrypted.
struct Addressee {
    ca: TestCa,
    seen: Mutex<Vec<Certificate>>,
}

impl Authority for Addressee {
    fn authorize(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Authorization {
        let recipient = request.recipient.cloned();
        self.seen.lock().unwrap().extend(recipient);
        self.ca.authorize(request, now)
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Decision {
        self.ca.issue(request, now)
    }

    fn poll(&self, request: &PollRequest<'_>, now: UnixTime) -> Decision {
        self.ca.poll(request, now)
    }

    fn is_revoked(&self, _certificate: &Certificate) -> bool {
        false
    }

    fn transactions(&self) -> &dyn Transactions {
        self.ca.transactions()
    }
}

#[test]
fn the_authority_learns_which_of_two_cas_a_request_was_encrypted_to() {
    let (mut ca, following) = (TestCa::rfc8894(), key("other"));
    let next = certificate(
        "CN=Next CA",
        "CN=Next CA",
        following.as_ref(),
        following.as_ref(),
        3,
        vec![Extension::basic_constraints(true, None)],
    );
    let mut config = ca.responder.config().clone();
    config
        .decrypters
        .push((next.clone(), Arc::clone(&following)));
    let responder = Responder::new(config);
    let current = ca.ra.clone();
    let csr = samples::csr();
    let to_current = request(&ca, MessageType::PkcsReq, csr.as_der(), |_| {});
    ca.ra = next.clone();
    let to_next = request(&ca, MessageType::PkcsReq, csr.as_der(), |_| {});
    let authority = Addressee {
        ca,
        seen: Mutex::default(),
    };
    for message in [to_next, to_current] {
        let reply = responder.respond(&message, &authority, NOW, &mut TestRandom(1));
        assert_eq!(reply.unwrap().pki_status, PkiStatus::Success);
    }
    assert_eq!(*authority.seen.lock().unwrap(), [next, current]);
}
