//! GetNextCACert: what a CA signs, and what is believed of it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::hand::HandServer;
use common::mutate::{mutate, structured, survives};
use common::next_ca::{YEAR, ca_certificate, encode, from_response, good, next, server, signed};
use common::openssl::OpenSsl;
use common::provider::signs_with;
use common::{CA, NOW, TestRandom, certificate, key, provider};
use scep_core::Error;
use scep_core::ca_certificates::CaCertificates;
use scep_core::cms::certs_only;
use scep_core::crypto::DigestAlgorithm;
use scep_core::limits::Limits;
use scep_core::message::{FailInfo, MessageBuilder, MessageType, PkiStatus, TransactionId};
use scep_core::next_ca_certificates::NextCaCertificates;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, Extension};

#[test]
fn a_chain_may_come_along_and_certificates_in_use_are_left_out() {
    let server = server();
    let root = certificate(
        "CN=Next Root",
        "CN=Next Root",
        key("other").as_ref(),
        key("other").as_ref(),
        3,
        vec![Extension::basic_constraints(true, None)],
    );
    let issuing = certificate(
        CA,
        "CN=Next Root",
        key("ra").as_ref(),
        key("other").as_ref(),
        4,
        vec![Extension::basic_constraints(true, None)],
    );
    let all = [root.clone(), server.ca.clone(), issuing.clone()];
    let found = from_response(&server, &good(&server, &all)).unwrap();
    assert_eq!(*found.next_ca(), issuing);
    assert_eq!(found.as_slice(), [root, issuing]);
    assert!(found.deviations().has("current-ca-among-next"));
}

#[test]
fn a_renewed_ca_certificate_for_the_same_key_is_a_next_one() {
    let server = server();
    let renewed = ca_certificate("ca", "ca", NOW);
    let found = from_response(&server, &good(&server, std::slice::from_ref(&renewed)));
    assert_eq!(*found.unwrap().next_ca(), renewed);
}

#[test]
fn only_the_current_ca_is_believed() {
    let server = server();
    let stranger = HandServer::new(key("other"));
    let device = server.issue(key("other").spki_der(), "CN=device-1", 9, NOW.plus(YEAR));
    // it bears the CA's name, but the CA only made it for a device
    let namesake = server.issue(key("other").spki_der(), CA, 10, NOW.plus(YEAR));
    let by = |certificate: &Certificate| encode(&[next()], certificate, key("other").as_ref());
    for (body, expected) in [
        (certs_only(&[next()]), "not signed"),
        (by(&stranger.ca), "signature is wrong"),
        (by(&device), "CN=device-1, which is not the current CA"),
        (by(&namesake), "which is not the current CA"),
    ] {
        let error = from_response(&server, &body).unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(from_response(&server, next().as_der()).is_err());

    // its RA, which may sign replies to requests
    let ra = server.issue(key("ra").spki_der(), "CN=RA", 11, NOW.plus(YEAR));
    let error = NextCaCertificates::from_response(
        &encode(&[next()], &ra, key("ra").as_ref()),
        &CaCertificates::new(vec![ra, server.ca]),
        provider(),
        &AlgorithmPolicy::RFC8894,
        &Limits::DEFAULT,
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("CN=RA, which is not the current CA"),
        "{error}"
    );
}

#[test]
fn a_reply_that_was_changed_anywhere_names_the_same_next_ca_or_none() {
    let server = server();
    let body = good(&server, &[next()]);
    let mut accepted = 0;
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] ^= 1 << (at % 8);
        if let Ok(found) = from_response(&server, &changed) {
            // in the outer certificates, say, which are not signed, and not needed
            assert_eq!(*found.next_ca(), next(), "octet {at}");
            accepted += 1;
        }
        let cut = from_response(&server, &body[..at]);
        assert!(cut.is_err(), "the first {at} octets");
    }
    assert!(accepted > 0);
    let longer = [body.as_slice(), b"<script>"].concat();
    assert!(matches!(
        from_response(&server, &longer),
        Err(Error::Malformed { .. })
    ));
}

#[test]
fn no_damage_brings_in_another_ca() {
    let server = server();
    let body = good(&server, &[next()]);
    let beside = signed(&server, None, vec![ca_certificate("ra", "ca", NOW)]);
    let mut rng = TestRandom(4);
    for good in [body, beside] {
        let mut damaged = structured(&good);
        damaged.extend((0..500).map(|_| mutate(&good, &mut rng)));
        for changed in damaged {
            survives("next CA certificates", &changed, |octets| {
                if let Ok(found) = from_response(&server, octets) {
                    assert_eq!(found.next_ca().spki_der(), key("ra").spki_der());
                }
            });
        }
    }
}

#[test]
fn the_current_ca_is_no_next_one() {
    let server = server();
    let current = [server.ca.clone()];
    for body in [
        good(&server, &current),
        signed(&server, None, current.to_vec()),
    ] {
        let error = from_response(&server, &body).unwrap_err().to_string();
        assert!(error.contains("and no next one"), "{error}");
    }
}

#[test]
fn what_is_no_ca_certificate_is_no_next_ca() {
    let server = server();
    let device = server.issue(key("other").spki_der(), "CN=device-1", 9, NOW.plus(YEAR));
    let self_issued = certificate(
        "CN=x",
        "CN=x",
        key("other").as_ref(),
        key("other").as_ref(),
        9,
        Vec::new(),
    );
    for next in [device, self_issued] {
        let error = from_response(&server, &good(&server, &[next])).unwrap_err();
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
        assert!(error.to_string().contains("no CA certificate"), "{error}");
    }
    let error = from_response(&server, &good(&server, &[])).unwrap_err();
    assert!(error.to_string().contains("no certificate"), "{error}");
}

#[test]
fn other_ways_to_write_it_are_understood_and_noted() {
    let server = server();
    let bare = signed(&server, Some(next().as_der().to_vec()), Vec::new());
    let signed_inside = signed(&server, Some(good(&server, &[next()])), Vec::new());
    // the inner SignedData of that one holds the current CA, and the next one in its content
    assert!(from_response(&server, &signed_inside).is_err());
    let inner = signed(&server, None, vec![next()]);
    let with_inner_signature = signed(&server, Some(inner), Vec::new());
    for (body, deviation) in [
        (bare, "bare-next-ca-certificate"),
        (with_inner_signature, "signed-inside"),
    ] {
        let found = from_response(&server, &body).unwrap();
        assert_eq!(*found.next_ca(), next());
        assert!(
            found.deviations().has(deviation),
            "{:?}",
            found.deviations()
        );
    }
    let parsed = common::ber::parse(&good(&server, &[next()]));
    let ber = common::ber::to_ber(&parsed, &mut TestRandom(3));
    let found = from_response(&server, &ber).unwrap();
    assert!(found.deviations().has("ber-encoding"));
}

/// jscep's way: certificates beside a signature over nothing.
#[test]
fn certificates_beside_the_signed_content_need_a_signature_of_their_own() {
    let server = server();
    let new_with_old = ca_certificate("ra", "ca", NOW);
    let beside = signed(&server, None, vec![server.ca.clone(), new_with_old.clone()]);
    let found = from_response(&server, &beside).unwrap();
    assert_eq!(*found.next_ca(), new_with_old);
    assert!(found.deviations().has("next-ca-certificates-outside"));

    let sub_ca = certificate(
        "CN=Sub CA of the same CA",
        CA,
        key("other").as_ref(),
        key("ca").as_ref(),
        12,
        vec![Extension::basic_constraints(true, None)],
    );
    for intruder in [next(), ca_certificate("other", "other", NOW), sub_ca] {
        let body = signed(&server, None, vec![intruder]);
        let error = from_response(&server, &body).unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error:?}");
        assert!(error.to_string().contains("does not cover them"), "{error}");
    }
}

/// Anybody can get a signed FAILURE of a CA, and put certificates beside it.
#[test]
fn a_cert_rep_in_its_place_names_no_next_ca() {
    let server = server();
    let id = TransactionId::new("x").unwrap();
    let mut builder = MessageBuilder::new(MessageType::CertRep, id, server.ca.clone());
    builder.pki_status = Some(PkiStatus::Failure);
    builder.fail_info = Some(FailInfo::BadRequest);
    builder.certificates = vec![ca_certificate("other", "other", NOW)];
    let body = server.sign(&builder);
    assert!(matches!(
        from_response(&server, &body),
        Err(Error::PeerMisbehaved { .. })
    ));
}

#[test]
fn weak_signatures_follow_the_policy() {
    if !signs_with(DigestAlgorithm::Md5) {
        return;
    }
    let server = server();
    let body = NextCaCertificates::encode(
        &[next()],
        (&server.ca, server.ca_key.as_ref()),
        DigestAlgorithm::Md5,
        provider(),
        &mut TestRandom(1),
    );
    let error = from_response(&server, &body.unwrap());
    assert!(
        matches!(error, Err(Error::ForbiddenByPolicy { .. })),
        "{error:?}"
    );
}

#[test]
fn openssl_verifies_what_is_sent() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let server = server();
    openssl.write("next.der", good(&server, &[next()]));
    openssl.identity("ca", &server.ca);
    openssl.ok(
        "cms -verify -binary -inform DER -in next.der -CAfile ca.pem -no_check_time -purpose any -out inner.der",
    );
    let text = openssl.ok("pkcs7 -inform DER -in inner.der -print_certs -noout");
    assert!(text.contains("Test CA"), "{text}");
    assert_eq!(openssl.read("inner.der"), certs_only(&[next()]));
}
