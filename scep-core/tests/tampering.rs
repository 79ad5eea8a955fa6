//! Tampered messages in a transaction: nothing is issued for them, nothing of them is believed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::ops::Range;

use common::mutate::{mutate, structured, survives};
use common::samples::{self, Shape};
use common::{NOW, TestCa, TestRandom, name};
use scep_core::asn1::Reader;
use scep_core::client::{Enrollment, Next, Request, Response};
use scep_core::crypto::default_provider;
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::limits::Limits;
use scep_core::message::{FailInfo, MessageType, PkiStatus, SignedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{RejectionStage, ReplyStyle, Responder};
use scep_core::x509::Certificate;

const CAPS: &str = "AES\nSHA-256\nPOSTPKIOperation\nSCEPStandard\n";

/// A server that does not answer what it cannot read, since signing answers takes its time.
fn silent_ca() -> TestCa {
    let style = ReplyStyle {
        answer_broken_requests: false,
        ..ReplyStyle::RFC8894
    };
    let mut ca = TestCa::new(style, AlgorithmPolicy::RFC8894);
    // so that the sample device may renew
    let mut config = ca.responder.config().clone();
    config.issuers.push(samples::device().0);
    ca.responder = Responder::new(config);
    ca
}

fn position(haystack: &[u8], needle: &[u8]) -> Range<usize> {
    let at = haystack
        .windows(needle.len())
        .position(|w| w == needle)
        .unwrap();
    at..at + needle.len()
}

/// Where the octets of a message are that the signature holds together.
fn signed_ranges(message: &[u8]) -> [Range<usize>; 3] {
    let decoded = SignedMessage::decode(message, &Limits::DEFAULT).unwrap();
    let attributes = decoded.signer_info().signed_octets_as_received().unwrap();
    let header = attributes.len() - {
        // tag and length differ from the SET OF that is signed in the tag only
        let len = if attributes[1] < 0x80 {
            2
        } else {
            2 + usize::from(attributes[1] & 0x7f)
        };
        attributes.len() - len
    };
    [
        position(message, decoded.content().unwrap()),
        position(message, &attributes[header..]),
        position(message, &decoded.signer_info().signature),
    ]
}

#[test]
fn no_octet_that_is_signed_can_be_changed() {
    let ca = silent_ca();
    let message = samples::pkcs_req(&ca);
    let mut tried = 0;
    for range in signed_ranges(&message) {
        for at in range.step_by(3) {
            for bit in [0x01, 0x80] {
                let mut changed = message.clone();
                changed[at] ^= bit;
                survives("a request", &changed, |changed| {
                    let rejection = ca.respond(changed).unwrap_err();
                    assert!(
                        rejection.stage <= RejectionStage::Verify,
                        "{at}: {rejection}"
                    );
                });
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
    assert!(ca.issued.lock().unwrap().is_empty());
    // the same message unchanged is good
    assert_eq!(ca.respond(&message).unwrap().pki_status, PkiStatus::Success);
}

/// After the original was answered, no changed copy of it is a new request.
#[test]
fn a_changed_copy_is_never_issued_again() {
    let ca = silent_ca();
    let message = samples::pkcs_req(&ca);
    let original = ca.respond(&message).unwrap();
    let mut rng = TestRandom(11);
    let mut copies: Vec<Vec<u8>> = (0..1500).map(|_| mutate(&message, &mut rng)).collect();
    copies.extend(structured(&message).into_iter().step_by(2));
    let mut repeated = 0;
    for copy in &copies {
        survives("a request", copy, |copy| match ca.respond(copy) {
            Ok(reply) => {
                assert!(reply.repeated && reply.der == original.der);
                repeated += 1;
            }
            Err(rejection) => assert!(rejection.to_string().len() > 10),
        });
    }
    assert_eq!(ca.issued.lock().unwrap().len(), 1);
    // version numbers, digestAlgorithms, other certificates: some changes are outside of what counts
    assert!(repeated > 5, "{repeated} of {}", copies.len());
}

/// Where the original was never seen, a change of what is not signed changes nothing.
#[test]
fn what_is_issued_for_a_changed_request_is_what_was_signed() {
    let message = samples::pkcs_req(&TestCa::rfc8894());
    let csr = samples::csr();
    let mut issued = 0;
    for copy in structured(&message).into_iter().step_by(7) {
        let ca = silent_ca();
        survives("a request", &copy, |copy| drop(ca.respond(copy)));
        for certificate in ca.issued.lock().unwrap().iter() {
            assert_eq!(certificate.subject(), csr.subject());
            assert_eq!(certificate.spki_der(), csr.spki_der());
            issued += 1;
        }
    }
    assert!(issued > 0);
}

#[test]
fn broken_requests_are_answered_with_a_signed_failure() {
    let ca = TestCa::rfc8894();
    let message = samples::pkcs_req(&ca);
    let mut rng = TestRandom(12);
    let (mut failures, mut rejections) = (0, 0);
    for _ in 0..120 {
        let mut changed = message.clone();
        let at = usize::from(rand_u16(&mut rng)) % changed.len();
        changed[at] ^= 0x10;
        match ca.respond(&changed) {
            Ok(reply) if reply.pki_status == PkiStatus::Failure => {
                let limits = &Limits::DEFAULT;
                let decoded = SignedMessage::decode(&reply.der, limits).unwrap();
                assert!(decoded.attributes().fail_info.is_some());
                decoded
                    .verify(default_provider().as_ref(), &AlgorithmPolicy::RFC8894, &[])
                    .unwrap();
                failures += 1;
            }
            Ok(_) => {}
            Err(rejection) => {
                assert!(!rejection.error.to_string().is_empty());
                rejections += 1;
            }
        }
    }
    assert!(failures > 30 && rejections > 5, "{failures} {rejections}");
    assert!(ca.issued.lock().unwrap().len() <= 1);
}

fn rand_u16(rng: &mut TestRandom) -> u16 {
    use scep_core::crypto::RandomSource;
    let mut octets = [0; 2];
    rng.fill(&mut octets);
    u16::from_be_bytes(octets)
}

#[test]
fn queries_survive_any_content() {
    // what is inside the envelope comes from a stranger too, and is only seen after decryption
    let ca = silent_ca();
    let csr = samples::csr();
    let mut rng = TestRandom(13);
    for message_type in [
        MessageType::PkcsReq,
        MessageType::RenewalReq,
        MessageType::CertPoll,
        MessageType::GetCert,
        MessageType::GetCrl,
    ] {
        for _ in 0..25 {
            let content = mutate(csr.as_der(), &mut rng);
            let message = samples::request(&ca, message_type.clone(), &content, Shape::default());
            survives("a content", &message, |message| match ca.respond(message) {
                // a query that cannot be read finds nothing
                Ok(reply) => assert!(
                    content == csr.as_der() || reply.fail_info == Some(FailInfo::BadCertId),
                    "{reply:?}"
                ),
                Err(rejection) => assert_eq!(rejection.stage, RejectionStage::Decrypt),
            });
        }
    }
    assert!(ca.issued.lock().unwrap().is_empty());
}

/// An enrollment that waits for the answer to its PKCSReq, and that request.
fn waiting(ca: &TestCa) -> (Enrollment, Request) {
    let mut enrollment = Enrollment::new(default_provider(), ca.params(samples::SUBJECT));
    let mut rng = TestRandom(1);
    loop {
        let Next::Send(request) = enrollment.next(NOW, &mut rng).unwrap() else {
            panic!("the transaction has ended")
        };
        if !request.body.is_empty() {
            return (enrollment, request);
        }
        let (status, _, body) = ca.serve(&request, CAPS);
        answer(&mut enrollment, status, &body).unwrap();
    }
}

fn answer(enrollment: &mut Enrollment, status: u16, body: &[u8]) -> scep_core::Result<()> {
    let response = Response {
        status,
        content_type: Some(CT_PKI_MESSAGE),
        body,
    };
    enrollment.on_response(&response, NOW, &mut TestRandom(2))
}

fn certificate(enrollment: &mut Enrollment) -> Option<Certificate> {
    match enrollment.next(NOW, &mut TestRandom(3)).unwrap() {
        Next::Issued(issued) => Some(issued.certificate.clone()),
        Next::Send(_) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_changed_reply_is_refused_or_says_the_same() {
    let ca = TestCa::rfc8894();
    let (mut enrollment, request) = waiting(&ca);
    let (_, _, reply) = ca.serve(&request, CAPS);
    let expected = ca.issued.lock().unwrap()[0].clone();
    let mut rng = TestRandom(14);
    let mut replies: Vec<Vec<u8>> = (0..500).map(|_| mutate(&reply, &mut rng)).collect();
    replies.extend(structured(&reply).into_iter().step_by(5));
    replies.extend((0..reply.len()).step_by(9).map(|len| reply[..len].to_vec()));
    let (mut refused, mut accepted) = (0, 0);
    for changed in &replies {
        survives("a reply", changed, |changed| {
            match answer(&mut enrollment, 200, changed) {
                Ok(()) => {
                    assert_eq!(certificate(&mut enrollment).unwrap(), expected);
                    enrollment = waiting(&ca).0;
                    accepted += 1;
                }
                Err(error) => {
                    assert!(error.to_string().len() > 10);
                    refused += 1;
                }
            }
        });
    }
    assert!(
        refused > 700 && accepted > 5,
        "{refused} refused, {accepted} accepted"
    );
    // after all that, the true reply is still taken
    answer(&mut enrollment, 200, &reply).unwrap();
    assert_eq!(certificate(&mut enrollment).unwrap(), expected);
}

#[test]
fn a_changed_ca_certificate_is_not_encrypted_to() {
    let ca = TestCa::rfc8894();
    let bundle = ca.bundle();
    let mut rng = TestRandom(15);
    let mut bundles: Vec<Vec<u8>> = (0..600).map(|_| mutate(&bundle, &mut rng)).collect();
    bundles.extend(structured(&bundle).into_iter().step_by(3));
    let (mut refused, mut accepted) = (0, 0);
    for changed in &bundles {
        let mut enrollment = Enrollment::new(default_provider(), ca.params(samples::SUBJECT));
        enrollment.next(NOW, &mut rng).unwrap();
        answer(&mut enrollment, 200, CAPS.as_bytes()).unwrap();
        survives("a bundle", changed, |changed| {
            match answer(&mut enrollment, 200, changed) {
                Ok(()) => {
                    let roles = enrollment.ca_roles().unwrap();
                    // the CA is pinned by its fingerprint
                    assert_eq!(roles.issuing_ca, ca.ca);
                    let mut others = roles.signing.clone();
                    others.push(roles.encryption.clone());
                    assert!(
                        others
                            .iter()
                            .all(|c| same_signed_part(c, &ca.ra) || *c == ca.ca)
                    );
                    accepted += 1;
                }
                Err(error) => {
                    assert!(error.to_string().len() > 10);
                    refused += 1;
                }
            }
        });
    }
    assert!(
        refused > 500 && accepted > 20,
        "{refused} refused, {accepted} accepted"
    );
}

/// Whether two certificates differ at most in the algorithm identifier beside the signature, which
/// nobody signs.
fn same_signed_part(a: &Certificate, b: &Certificate) -> bool {
    let signed_part = |certificate: &Certificate| {
        let mut outer = Reader::new(certificate.as_der())
            .next("certificate")
            .unwrap()
            .reader();
        outer.next("signed part").unwrap().raw.to_vec()
    };
    signed_part(a) == signed_part(b)
}

/// The certificate that signs a PKCSReq is self-signed, so anyone can put another subject into it;
/// what is asked for must come from the signed content alone.
#[test]
fn the_signers_certificate_names_nothing() {
    let ca = TestCa::rfc8894();
    let message = samples::pkcs_req(&ca);
    let (device, _) = samples::device();
    let subject = device.subject().as_der();
    let certificate = position(&message, device.as_der());
    let mut changed = message.clone();
    // the second name in the certificate is the subject
    let first = position(&message[certificate.clone()], subject).end;
    let second = position(
        &message[certificate.start + first..certificate.end],
        subject,
    );
    let at = certificate.start + first + second.start;
    let device_at = position(&message[at..], b"device-1").start;
    changed[at + device_at..][..8].copy_from_slice(b"attacker");
    let reply = ca.respond(&changed).unwrap();
    assert_eq!(reply.subject, Some(name(samples::SUBJECT)));
    assert_eq!(*reply.issued.unwrap().subject(), name(samples::SUBJECT));
}
