//! The HTTP mapping at the server: statuses, content types, and capabilities that are true.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::samples::{self, Shape};
use common::{NOW, TestCa, TestRandom};
use scep_core::ca_certificates::CaCertificates;
use scep_core::capabilities::Capability;
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::message::{MessageType, PkiStatus};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{
    Begin, HttpReply, InMemoryTransactions, RejectionStage, ReplyStyle, RequestDigest, Responder,
    Service, Transactions,
};

fn service(ca: &TestCa) -> Service {
    let certificates = CaCertificates::new(vec![ca.ra.clone(), ca.ca.clone()]);
    Service::new(ca.responder.clone(), certificates, &mut TestRandom(1))
}

fn ask(ca: &TestCa, method: &str, query: &str, body: &[u8]) -> HttpReply {
    service(ca).handle(method, Some(query), body, ca, NOW, &mut TestRandom(2))
}

#[test]
fn every_operation_has_its_content_type() {
    let ca = TestCa::rfc8894();
    let message = samples::pkcs_req(&ca);
    for (method, query, body, content_type) in [
        ("GET", "operation=GetCACaps", &[][..], "text/plain"),
        (
            "GET",
            "operation=GetCACert&message=x",
            &[],
            "application/x-x509-ca-ra-cert",
        ),
        (
            "POST",
            "operation=PKIOperation",
            &message,
            "application/x-pki-message",
        ),
    ] {
        let reply = ask(&ca, method, query, body);
        assert_eq!(
            (reply.status, reply.content_type),
            (200, content_type),
            "{query}"
        );
        assert!(!reply.body.is_empty());
    }
    let alone = CaCertificates::new(vec![ca.ca.clone()]);
    let single = Service::new(ca.responder.clone(), alone, &mut TestRandom(1));
    let mut rng = TestRandom(2);
    let reply = single.handle("GET", Some("operation=GetCACert"), &[], &ca, NOW, &mut rng);
    assert_eq!(reply.content_type, "application/x-x509-ca-cert");
    assert_eq!(reply.body, ca.ca.as_der());
    let next = single.with_next_ca_certificates(b"next".to_vec());
    let reply = next.handle(
        "GET",
        Some("operation=GetNextCACert"),
        &[],
        &ca,
        NOW,
        &mut rng,
    );
    assert_eq!(reply.content_type, "application/x-x509-next-ca-cert");
    assert!(next.capabilities().has(Capability::GetNextCaCert));
}

#[test]
fn what_cannot_be_answered_says_whose_fault_it_was() {
    let ca = TestCa::rfc8894();
    for (method, query, body, status) in [
        ("PUT", "operation=PKIOperation", &b"x"[..], 405),
        ("GET", "operation=GetNextCACert", b"", 404),
        ("GET", "operation=GetSomething", b"", 404),
        ("GET", "", b"", 400),
        ("POST", "operation=PKIOperation", b"", 400),
        ("POST", "operation=PKIOperation", b"garbage", 400),
        ("GET", "operation=PKIOperation&message=%%%", b"", 400),
    ] {
        let reply = ask(&ca, method, query, body);
        assert_eq!(reply.status, status, "{method} {query}");
        assert_eq!(reply.content_type, "text/plain");
        assert!(reply.body.ends_with(b"\n"));
    }
    let large = vec![0x30; ca.responder.config().limits.message_len + 1];
    assert_eq!(
        ask(&ca, "POST", "operation=PKIOperation", &large).status,
        413
    );
    assert!(!service(&ca).capabilities().has(Capability::GetNextCaCert));
}

#[test]
fn a_refusal_is_signed_and_comes_with_status_200() {
    let ca = TestCa::rfc8894();
    let wrong = samples::csr_with("wrong", DigestAlgorithm::Sha256);
    let message = samples::request(&ca, MessageType::PkcsReq, wrong.as_der(), Shape::default());
    let reply = ask(&ca, "POST", "operation=PKIOperation", &message);
    assert_eq!(reply.status, 200);
    let answered = reply.pki_operation.unwrap().unwrap();
    assert_eq!(answered.pki_status, PkiStatus::Failure);
}

/// What is advertised works, and what works of what has a keyword is advertised.
#[test]
fn capabilities_are_true() {
    for policy in [
        AlgorithmPolicy::RFC8894,
        AlgorithmPolicy::NDES,
        AlgorithmPolicy::LEGACY,
    ] {
        let ca = TestCa::new(ReplyStyle::RFC8894, policy);
        let service = service(&ca);
        let works = |digest, cipher| {
            let csr = samples::csr();
            let shape = Shape {
                cipher,
                digest,
                ..Shape::default()
            };
            let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), shape);
            let ca = TestCa::new(ReplyStyle::RFC8894, policy);
            ca.respond(&message).is_ok_and(|reply| {
                let mirrored = reply.digest == Some(digest) && reply.cipher == Some(cipher);
                reply.pki_status == PkiStatus::Success && mirrored
            })
        };
        let (aes, sha256) = (ContentCipher::Aes128Cbc, DigestAlgorithm::Sha256);
        for (capability, digest, cipher) in [
            (Capability::Aes, sha256, aes),
            (Capability::Des3, sha256, ContentCipher::DesEde3Cbc),
            (Capability::Sha256, sha256, aes),
            (Capability::Sha512, DigestAlgorithm::Sha512, aes),
            (Capability::ScepStandard, sha256, aes),
        ] {
            let said = service.capabilities().has(capability);
            assert_eq!(
                said,
                works(digest, cipher),
                "{}, {capability:?}",
                policy.name
            );
        }
        assert!(service.capabilities().has(Capability::Renewal));
        // SHA-1 is read by all, but said only by those that answer with it
        let sha1 = service.capabilities().has(Capability::Sha1);
        let signs = policy.may_send_digest(DigestAlgorithm::Sha1).is_ok();
        assert!(!sha1 || signs);
        let words = service.capabilities().words().join(" ");
        assert!(!words.contains("MD5") && !words.contains("GCM"), "{words}");
    }
}

#[test]
fn a_responder_without_issuers_does_not_offer_renewal() {
    let mut ca = TestCa::rfc8894();
    let mut config = ca.responder.config().clone();
    config.issuers.clear();
    ca.responder = Responder::new(config);
    assert!(!service(&ca).capabilities().has(Capability::Renewal));
}

/// A client may try again what has 503.
#[test]
fn one_request_more_than_are_answered_at_a_time_is_told_to_come_again() {
    let ca = TestCa::rfc8894();
    let digest = |n: usize| {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&n.to_be_bytes());
        RequestDigest(digest)
    };
    for n in 0..InMemoryTransactions::CAPACITY {
        assert_eq!(ca.transactions.begin(digest(n), None), Begin::New);
    }
    let message = samples::pkcs_req(&ca);
    let reply = ask(&ca, "POST", "operation=PKIOperation", &message);
    assert_eq!(reply.status, 503);
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.contains("too many"), "{text}");
    let rejection = reply.pki_operation.unwrap().unwrap_err();
    assert_eq!(rejection.stage, RejectionStage::Busy);
    assert!(ca.issued.lock().unwrap().is_empty());
    ca.transactions.finish(digest(0), None, None);
    let reply = ask(&ca, "POST", "operation=PKIOperation", &message);
    assert_eq!(
        reply.pki_operation.unwrap().unwrap().pki_status,
        PkiStatus::Success
    );
}
