//! Whatever BER form a message has, it is read as the same DER.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::ber::{Node, parse, to_ber, to_der};
use common::samples::{self, Shape};
use common::{CHALLENGE, NOW, TestCa, TestRandom, key, provider};
use proptest::prelude::*;
use scep_core::asn1::transcode;
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{Enrollment, Next, Response};
use scep_core::cms::{EnvelopedData, Openers, certs_only_certificates, seal};
use scep_core::crypto::{ContentCipher, KeyTransport, default_provider};
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::inspect::{Aids, Kind, SignatureVerdict, inspect};
use scep_core::limits::Limits;
use scep_core::message::{ChallengePassword, MessageType, PkiStatus, SignedMessage};
use scep_core::policy::AlgorithmPolicy;

const LIMITS: Limits = Limits::DEFAULT;

/// So many different BER forms of one DER value.
fn variants(der: &[u8], count: usize, seed: u64) -> Vec<Vec<u8>> {
    let tree = parse(der);
    assert_eq!(to_der(&tree), der);
    let mut rng = TestRandom(seed);
    let mut out = Vec::new();
    while out.len() < count {
        let ber = to_ber(&tree, &mut rng);
        if ber != der && !out.contains(&ber) {
            out.push(ber);
        }
    }
    out
}

fn same_der(ber: &[u8], der: &[u8]) {
    let transcoded = transcode(ber, &LIMITS).unwrap();
    assert!(*transcoded.der == *der, "not the DER that it was");
    assert!(transcoded.was_ber());
    assert_eq!(transcoded.used, ber.len());
}

#[test]
fn messages_become_the_der_they_were_and_verify() {
    let ca = TestCa::rfc8894();
    for (what, der) in samples::all() {
        let original = SignedMessage::decode(&der, &LIMITS).unwrap();
        for ber in variants(&der, 60, 1) {
            same_der(&ber, &der);
            let message = SignedMessage::decode(&ber, &LIMITS).unwrap();
            assert!(message.deviations().has("ber-encoding"), "{what}");
            assert_eq!(message.attributes(), original.attributes(), "{what}");
            assert_eq!(message.content(), original.content(), "{what}");
            message
                .verify(
                    provider(),
                    &AlgorithmPolicy::RFC8894,
                    std::slice::from_ref(&ca.ra),
                )
                .unwrap();
        }
    }
}

/// Messages of every kind, envelopes with a password and with GCM among them.
#[test]
fn what_was_made_once_reads_the_same_as_ber() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let passwords = [ChallengePassword::new(CHALLENGE)];
    let openers = Openers {
        keys: &[],
        passwords: &passwords,
    };
    let mut opened = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let der = std::fs::read(&path).unwrap();
        let by_password = path.to_str().unwrap().contains("envelope--password");
        for (i, ber) in variants(&der, 20, 5).iter().enumerate() {
            same_der(ber, &der);
            // a key derivation takes its time
            if by_password && i < 3 {
                let envelope = EnvelopedData::decode(ber, &LIMITS).unwrap();
                let content = envelope.open(provider(), openers, &LIMITS, &mut TestRandom(1));
                assert_eq!(**content.unwrap(), *samples::csr().as_der());
                opened += 1;
            }
        }
    }
    assert_eq!(opened, 6);
}

#[test]
fn envelopes_become_the_der_they_were_and_open() {
    let ca = TestCa::rfc8894();
    let keys = [(ca.ra.clone(), key("ra"))];
    let plain = samples::csr().as_der().to_vec();
    for cipher in [
        ContentCipher::DesCbc,
        ContentCipher::DesEde3Cbc,
        ContentCipher::Aes128Cbc,
        ContentCipher::Aes256Cbc,
    ] {
        let transport = KeyTransport::OAEP_DEFAULT;
        let mut rng = TestRandom(1);
        let der = seal(
            provider(),
            scep_core::cms::SealTo::Certificate(&ca.ra, transport),
            cipher,
            &plain,
            &mut rng,
        )
        .unwrap();
        let original = EnvelopedData::decode(&der, &LIMITS).unwrap();
        assert!(!original.was_ber);
        for (i, ber) in variants(&der, 60, 2).iter().enumerate() {
            same_der(ber, &der);
            let envelope = EnvelopedData::decode(ber, &LIMITS).unwrap();
            assert!(envelope.was_ber);
            assert_eq!(envelope.recipients, original.recipients);
            assert_eq!(envelope.content, original.content);
            if i % 10 == 0 {
                let opened = envelope
                    .open(provider(), Openers::keys(&keys), &LIMITS, &mut rng)
                    .unwrap();
                assert_eq!(*opened, plain);
            }
        }
    }
}

#[test]
fn a_ber_envelope_in_a_ber_message_is_issued() {
    let ca = TestCa::rfc8894();
    let (cipher, transport) = (ContentCipher::Aes128Cbc, KeyTransport::RsaPkcs1v15);
    let csr = samples::csr();
    let envelope = seal(
        provider(),
        scep_core::cms::SealTo::Certificate(&ca.ra, transport),
        cipher,
        csr.as_der(),
        &mut TestRandom(1),
    );
    for (i, ber) in variants(&envelope.unwrap(), 12, 3).into_iter().enumerate() {
        let message = samples::around(MessageType::PkcsReq, ber, Shape::default());
        let outer = variants(&message, 1, u64::try_from(i).unwrap()).remove(0);
        let reply = ca.respond(&outer).unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
        // it is the same request in DER, and so gets the same answer
        assert!(ca.respond(&message).unwrap().repeated);
    }
    assert_eq!(ca.issued.lock().unwrap().len(), 12);
}

#[test]
fn a_client_takes_ber_replies() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 2;
    let mut enrollment = Enrollment::new(default_provider(), ca.params(samples::SUBJECT));
    let (mut rng, mut now, mut seed) = (TestRandom(1), NOW, 0);
    let issued = loop {
        match enrollment.next(now, &mut rng).unwrap() {
            Next::Send(request) => {
                let (status, _, mut body) = ca.serve(&request, "AES\nSHA-256\nPOSTPKIOperation\n");
                if body.first() == Some(&0x30) {
                    seed += 1;
                    body = variants(&body, 1, seed).remove(0);
                }
                let content_type = Some(CT_PKI_MESSAGE);
                let response = Response {
                    status,
                    content_type,
                    body: &body,
                };
                enrollment.on_response(&response, now, &mut rng).unwrap();
            }
            Next::WaitUntil(time) => now = time,
            Next::Issued(issued) => break issued,
            Next::Refused(refusal) => panic!("{refusal:?}"),
            Next::GaveUp(_) => panic!("the patience is over"),
        }
    };
    assert_eq!(seed, 4, "GetCACert, PENDING, PENDING, SUCCESS");
    assert!(issued.deviations.has("ber-encoding"));
    let expected = ca.issued.lock().unwrap();
    assert_eq!(issued.certificate, expected[0]);
}

#[test]
fn bundles_certificates_requests_and_crls_are_read() {
    let ca = TestCa::rfc8894();
    let originals = [ca.ra.clone(), ca.ca.clone()];
    for ber in variants(&ca.bundle(), 60, 4) {
        let certificates = CaCertificates::from_response(&ber).unwrap();
        assert_eq!(certificates.as_slice(), originals);
        assert_eq!(certs_only_certificates(&ber, &LIMITS).unwrap(), originals);
    }
    for ber in variants(ca.ca.as_der(), 60, 5) {
        let certificates = CaCertificates::from_response(&ber).unwrap();
        assert_eq!(certificates.as_slice(), std::slice::from_ref(&ca.ca));
    }
    let aids = Aids {
        keys: vec![key("ra")],
        certificates: vec![ca.ca.clone()],
        passwords: Vec::new(),
    };
    let valid = |verdict| matches!(verdict, Some(SignatureVerdict::Valid { .. }));
    for (der, kind) in [
        (samples::csr().as_der().to_vec(), Kind::CertificationRequest),
        (ca.crl().as_der().to_vec(), Kind::Crl),
        (ca.ra.as_der().to_vec(), Kind::Certificate),
        (samples::pkcs_req(&ca), Kind::PkiMessage),
    ] {
        for ber in variants(&der, 20, 6) {
            let report = inspect(provider(), &ber, &aids, &mut TestRandom(1)).unwrap();
            assert_eq!(report.kind, kind);
            assert!(report.was_ber && report.deviations.has("ber-encoding"));
            assert_eq!(report.encoding, "BER");
            assert!(kind == Kind::Crl || valid(report.signature), "{kind:?}");
            assert_eq!(report.content.is_some(), kind == Kind::PkiMessage);
        }
    }
}

#[test]
fn a_signature_over_ber_attributes_is_one_over_their_der() {
    // RFC 5652 section 5.4: what is signed is the DER of the attributes, however they are sent
    let der = samples::pkcs_req(&TestCa::rfc8894());
    for ber in variants(&der, 20, 7) {
        let message = SignedMessage::decode(&ber, &LIMITS).unwrap();
        let octets = message.signer_info().signed_octets_as_received().unwrap();
        assert!(message.signer_info().attributes_are_sorted());
        let at = der
            .windows(octets.len() - 1)
            .position(|w| *w == octets[1..]);
        assert!(at.is_some_and(|at| der[at - 1] == 0xa0));
    }
}

/// Any tree of the values that SCEP messages are made of.
fn tree() -> impl Strategy<Value = Node> {
    let octets = || prop::collection::vec(any::<u8>(), 0..300);
    let plain = (
        prop::sample::select(vec![1, 2, 5, 6, 10, 0x17, 0x18, 0x80, 0x81]),
        octets(),
    )
        .prop_map(|(tag, content)| Node::Plain { tag, content });
    let strings = vec![0x04, 0x0c, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e];
    let text = (prop::sample::select(strings), octets()).prop_map(|(tag, content)| Node::Text {
        tag,
        segment: tag,
        content,
    });
    let bits = (0..8_u8, octets()).prop_map(|(unused, mut content)| {
        content.insert(0, if content.is_empty() { 0 } else { unused });
        Node::Text {
            tag: 3,
            segment: 3,
            content,
        }
    });
    let leaf = prop_oneof![plain, text, bits];
    leaf.prop_recursive(6, 64, 6, |inner| {
        (
            prop::sample::select(vec![0x30, 0x31, 0xa0, 0xa1, 0xa3]),
            prop::collection::vec(inner, 0..6),
        )
            .prop_map(|(tag, children)| Node::Constructed { tag, children })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn any_ber_becomes_its_der(node in tree(), seed in any::<u64>(), after in 0..4_usize) {
        let der = to_der(&node);
        let ber = to_ber(&node, &mut TestRandom(seed));
        let mut input = ber.clone();
        input.extend(std::iter::repeat_n(0xee, after));
        let transcoded = transcode(&input, &LIMITS).unwrap();
        prop_assert_eq!(&*transcoded.der, &*der);
        prop_assert_eq!(transcoded.used, ber.len());
        prop_assert_eq!(transcoded.was_ber(), ber != der);
    }

    #[test]
    fn der_is_left_alone(node in tree()) {
        let der = to_der(&node);
        let transcoded = transcode(&der, &LIMITS).unwrap();
        prop_assert!(!transcoded.was_ber());
        prop_assert_eq!(&*transcoded.der, &*der);
    }
}
