//! Keys that sign and cannot decrypt, at the client and at the CA: the challenge password stands in
//! for them (RFC 8894 section 3.1).
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

use common::hand::{CAPS, HandServer, enrollment, talk};
use common::{CA, CHALLENGE, NOW, TestCa, certificate, drive, key, provider};
use scep_core::Error;
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{EnrollmentParams, Next, Signer};
use scep_core::cms::certs_only;
use scep_core::crypto::{DigestAlgorithm, PrivateKey, SignatureAlgorithm};
use scep_core::message::ChallengePassword;
use scep_core::x509::{Certificate, Extension, KeyUsage, Name};

const SIGNING_ONLY: [&str; 3] = ["p256", "p384", "ed25519"];

/// A CA with this key.
fn server(name: &str) -> HandServer {
    HandServer::new(key(name))
}

fn params(server: &HandServer, key: &Arc<dyn PrivateKey>) -> EnrollmentParams {
    let mut params = server.params(Arc::clone(key));
    params.challenge = Some(ChallengePassword::new(CHALLENGE));
    params
}

#[test]
fn the_responder_answers_every_kind_of_key() {
    for kind in SIGNING_ONLY {
        let ca = TestCa::rfc8894();
        *ca.pending.lock().unwrap() = 2;
        let mut params = ca.params("CN=device-1");
        params.key = key(kind);
        let (next, sent) = drive(&mut enrollment(params), &ca, CAPS);
        let Ok(Next::Issued(issued)) = next else {
            panic!("{kind}: {next:?}")
        };
        assert_eq!(issued.certificate.spki_der(), key(kind).spki_der());
        assert_eq!(sent.len(), 5);
    }
}

#[test]
fn every_pair_of_keys_is_encrypted_as_the_table_says() {
    for ca in ["ca", "p256-ca"] {
        for client in ["client", "p256"] {
            let server = server(ca);
            *server.pending.lock().unwrap() = 1;
            let own = key(client);
            let mut enrollment = enrollment(params(&server, &own));
            let (next, sent, _) = talk(&mut enrollment, |r| server.grant(r, own.spki_der()));
            let Ok(Next::Issued(issued)) = next else {
                panic!("{ca:?} {client:?}: {next:?}")
            };
            assert_eq!(issued.certificate.spki_der(), own.spki_der());
            // PKCSReq and CertPoll
            for request in &sent[2..] {
                assert_eq!(server.asked(request).by_password, ca == "p256-ca");
            }
        }
    }
}

#[test]
fn each_kind_of_key_enrolls_with_the_digest_that_fits_it() {
    let server = server("ca");
    for (kind, scheme) in [
        ("p256", SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)),
        ("p384", SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384)),
        ("ed25519", SignatureAlgorithm::Ed25519),
    ] {
        let own = key(kind);
        let mut enrollment = enrollment(params(&server, &own));
        let (next, sent, _) = talk(&mut enrollment, |r| server.grant(r, own.spki_der()));
        assert!(matches!(next, Ok(Next::Issued(_))), "{kind}: {next:?}");
        assert_eq!(
            enrollment.algorithms().unwrap().0,
            scheme.digest(),
            "{kind}"
        );
        let asked = server.asked(sent.last().unwrap());
        assert_eq!(asked.message.digest(), scheme.digest(), "{kind}");
        let csr = asked.csr();
        assert_eq!(csr.signature_scheme(), Some(scheme), "{kind}");
        assert_eq!(csr.challenge_password().unwrap().expose(), CHALLENGE);
        let signer = asked.message.signer();
        assert_eq!(
            signer.key_usage(),
            Some(KeyUsage::DIGITAL_SIGNATURE),
            "{kind}"
        );
        assert!(signer.verify_issued_by(provider(), signer).is_ok());
    }
}

#[test]
fn an_rsa_key_is_marked_for_encryption_too() {
    let subject = Name::from_rfc4514("CN=d").unwrap();
    let digest = DigestAlgorithm::Sha256;
    let signer = Signer::self_signed(
        key("client"),
        &subject,
        digest,
        NOW,
        &mut common::TestRandom(1),
    );
    assert_eq!(
        signer.unwrap().certificate().key_usage(),
        Some(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT)
    );
}

#[test]
fn without_a_challenge_password_nothing_is_sent() {
    let server = server("ca");
    for kind in SIGNING_ONLY {
        for challenge in [None, Some(ChallengePassword::new(""))] {
            let mut params = params(&server, &key(kind));
            params.challenge = challenge;
            let (next, sent, _) = talk(&mut enrollment(params), |_| unreachable!());
            let error = next.unwrap_err();
            assert!(matches!(error, Error::Misuse(_)), "{kind}: {error:?}");
            assert!(error.to_string().contains("use an RSA key"), "{error}");
            assert!(sent.is_empty());
        }
    }
}

#[test]
fn a_ca_that_cannot_decrypt_needs_a_challenge_password() {
    for kind in SIGNING_ONLY {
        let server = server(kind);
        for challenge in [None, Some(ChallengePassword::new(""))] {
            let mut params = params(&server, &key("client"));
            params.challenge = challenge;
            let (next, sent, _) = talk(&mut enrollment(params), |r| server.greeting(r).unwrap());
            let error = next.unwrap_err();
            assert!(matches!(error, Error::Misuse(_)), "{kind}: {error:?}");
            assert!(error.to_string().contains(CA), "{error}");
            assert_eq!(sent.len(), 2);
        }
    }
}

#[test]
fn a_reply_encrypted_with_another_password_is_not_opened() {
    let server = server("ca");
    let own = key("p256");
    let mut params = params(&server, &own);
    params.challenge = Some(ChallengePassword::new("another password"));
    let (next, ..) = talk(&mut enrollment(params), |r| server.grant(r, own.spki_der()));
    let error = next.unwrap_err().to_string();
    assert!(error.contains("cannot be decrypted"), "{error}");
}

/// A server that does not know better encrypts nothing at all; the content would show who asked.
#[test]
fn a_reply_that_is_not_encrypted_is_refused() {
    let server = server("ca");
    let own = key("p256");
    let (next, ..) = talk(&mut enrollment(params(&server, &own)), |request| {
        server.greeting(request).unwrap_or_else(|| {
            let asked = server.asked(request);
            let certificate = server.issue(own.spki_der(), "CN=d", 9, NOW);
            let mut builder = server.reply(&asked, scep_core::message::PkiStatus::Success);
            builder.envelope = Some(certs_only(&[certificate]));
            server.sign(&builder)
        })
    });
    let error = next.unwrap_err().to_string();
    assert!(error.contains("should be EnvelopedData"), "{error}");
}

/// A certificate of the CA with the key `ca`, for an RA.
fn ra(own: &str, ca: &dyn PrivateKey, usage: KeyUsage) -> Certificate {
    let own = key(own);
    let extensions = vec![
        Extension::key_usage(usage),
        Extension::extended_key_usage(&[scep_core::oid::CMC_RA]),
    ];
    certificate("CN=RA", CA, own.as_ref(), ca, 2, extensions)
}

#[test]
fn where_no_key_can_be_encrypted_to_the_issuing_ca_is_chosen_and_the_reason_given() {
    let server = server("p256-ca");
    let ra = ra("p384", server.ca_key.as_ref(), KeyUsage::DIGITAL_SIGNATURE);
    for bundle in [vec![server.ca.clone()], vec![ra.clone(), server.ca.clone()]] {
        let roles = CaCertificates::new(bundle.clone()).choose().unwrap();
        assert_eq!(roles.encryption, server.ca);
        assert!(roles.signing.contains(&bundle[0]));
        let why = roles.why.join("; ");
        assert!(
            why.contains("encrypted with the challenge password"),
            "{why}"
        );
    }
}

#[test]
fn an_rsa_key_beside_others_is_the_one_to_encrypt_to() {
    let server = server("p256-ca");
    let both = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    // it claims keyEncipherment, and lives as long
    let ec = ra("p384", server.ca_key.as_ref(), both);
    let rsa = ra("ra", server.ca_key.as_ref(), both);
    for bundle in [
        vec![ec.clone(), rsa.clone(), server.ca.clone()],
        vec![rsa.clone(), ec.clone(), server.ca.clone()],
    ] {
        let roles = CaCertificates::new(bundle).choose().unwrap();
        assert_eq!(roles.encryption, rsa, "{:?}", roles.why);
    }
}

#[test]
fn rsa_keys_that_may_not_encipher_are_an_error_still() {
    let ca_key = key("ca");
    let ca = certificate(
        CA,
        CA,
        ca_key.as_ref(),
        ca_key.as_ref(),
        1,
        vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(KeyUsage::KEY_CERT_SIGN),
        ],
    );
    for kind in ["ra", "p256"] {
        let ra = ra(kind, ca_key.as_ref(), KeyUsage::DIGITAL_SIGNATURE);
        let error = CaCertificates::new(vec![ra, ca.clone()])
            .choose()
            .unwrap_err();
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
    }
}

#[test]
fn the_password_of_a_pending_request_is_asked_for_again() {
    // whose key cannot decrypt, and so whose name the error gives
    for (ca, client, named) in [("ca", "p256", "CN=device-1"), ("ed25519", "client", CA)] {
        let server = server(ca);
        *server.pending.lock().unwrap() = 1;
        let own = key(client);
        let params = params(&server, &own);
        let mut first = enrollment(params.clone());
        let mut rng = common::TestRandom(4);
        while first.pending().is_none() {
            let Next::Send(request) = first.next(NOW, &mut rng).unwrap() else {
                panic!()
            };
            let body = server.grant(&request, own.spki_der());
            first
                .on_response(&common::hand::ok(&body), NOW, &mut rng)
                .unwrap();
        }
        let pending = first.pending().unwrap();
        let resume = |params| {
            let provider = scep_core::crypto::default_provider();
            scep_core::client::Enrollment::resume(provider, params, &pending)
        };
        for challenge in [None, Some(ChallengePassword::new(""))] {
            let mut without = params.clone();
            without.challenge = challenge;
            let error = resume(without).unwrap_err();
            assert!(matches!(error, Error::Misuse(_)), "{error:?}");
            let text = error.to_string();
            assert!(
                text.contains("is needed again") && text.contains(named),
                "{text}"
            );
        }
        let (next, sent, at) = talk(&mut resume(params).unwrap(), |r| {
            server.grant(r, own.spki_der())
        });
        assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
        assert_eq!(sent.len(), 1);
        assert_eq!(at, NOW.plus(Duration::from_secs(60)));
    }
}
