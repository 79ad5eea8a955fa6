//! The client's side of GetCert, and what it shares with GetCRL: what is asked, and which answers are
//! believed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::time::Duration;

use common::ask::{LATER, ask, forged, found, id, own, query, server};
use common::hand::{Asked, HandServer, ok};
use common::{NOW, TestCa, TestRandom, certificate, drive, key, name};
use scep_core::client::{
    Answer, Enrollment, Found, Next, Query, QueryParams, Request, ServerParams, Signer, Step,
    TransactionIdChoice, Wanted,
};
use scep_core::cms::{certs_only, crl_only};
use scep_core::crypto::{DigestAlgorithm, default_provider};
use scep_core::http::Operation;
use scep_core::message::{FailInfo, IssuerAndSerialNumber, MessageType, PkiStatus, TransactionId};
use scep_core::{Error, Result};

fn get_cert(forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Result<Step<Found>> {
    forged(Wanted::Certificate(id(42)), forge)
}

#[test]
fn the_responder_answers_both() {
    let ca = TestCa::rfc8894();
    let mut enrollment = Enrollment::new(default_provider(), ca.params("CN=device-1"));
    let (next, _) = drive(&mut enrollment, &ca, "AES\nSHA-256\nPOSTPKIOperation");
    let Ok(Next::Issued(issued)) = next else {
        panic!("{next:?}")
    };
    let signer = Signer::new(issued.certificate.clone(), key("client")).unwrap();
    let id = issued.certificate.issuer_and_serial();
    let server = ServerParams::new("http://ca.test/scep", ca.pin());
    for capabilities in ["SCEPStandard", "SHA-256"] {
        let answer = |request: &Request| ca.serve(request, capabilities).2;
        let wanted = Wanted::Certificate(id.clone());
        let mut query = query(server.clone(), wanted, signer.clone());
        let (step, sent) = ask(&mut query, answer);
        let found = found(step);
        let Answer::Certificate { certificate, .. } = found.answer else {
            panic!("{found:?}")
        };
        assert_eq!(certificate, issued.certificate);
        assert!(
            found.deviations.as_slice().is_empty(),
            "{:?}",
            found.deviations
        );
        assert_eq!(sent.len(), 3);
        assert!(query.ca_roles().is_some() && !query.capabilities().is_empty());
    }
    let mut query = query(server, Wanted::Crl(id), signer);
    let found = found(ask(&mut query, |request| ca.serve(request, "SCEPStandard").2).0);
    let Answer::Crl(crl) = found.answer else {
        panic!("{:?}", found.answer)
    };
    assert!(crl.is_revoked(&[5]));
    assert!(
        found.deviations.as_slice().is_empty(),
        "{:?}",
        found.deviations
    );
}

#[test]
fn the_question_names_issuer_and_serial_and_is_signed_by_the_own_certificate() {
    for (wanted, message_type) in [
        (Wanted::Certificate(id(42)), MessageType::GetCert),
        (Wanted::Crl(id(42)), MessageType::GetCrl),
    ] {
        let server = server();
        let mut query = query(server.server_params(), wanted, own(&server));
        let (_, sent) = ask(&mut query, |request| {
            server
                .greeting(request)
                .unwrap_or_else(|| server.failure(&server.asked(request), FailInfo::BadCertId))
        });
        let asked = server.asked(sent.last().unwrap());
        assert_eq!(*asked.message_type(), message_type);
        assert_eq!(
            IssuerAndSerialNumber::from_der(&asked.content).unwrap(),
            id(42)
        );
        assert_eq!(asked.message.signer(), own(&server).certificate());
        assert!(asked.message.attributes().sender_nonce.is_some());
        assert!(!asked.by_password);
    }
}

#[test]
fn a_self_signed_certificate_may_ask() {
    let server = server();
    let signer = Signer::self_signed(
        key("other"),
        &name("CN=curious"),
        DigestAlgorithm::Sha256,
        NOW,
        &mut TestRandom(3),
    );
    let wanted = Wanted::Certificate(id(42));
    let mut query = query(server.server_params(), wanted, signer.unwrap());
    let (step, _) = ask(&mut query, |request| {
        server.greeting(request).unwrap_or_else(|| {
            let certificates = [own(&server).certificate().clone()];
            server.success(&server.asked(request), &certs_only(&certificates))
        })
    });
    found(step);
}

#[test]
fn the_transaction_id_is_random_unless_chosen() {
    let server = server();
    let ask_with = |choice: Option<TransactionIdChoice>, seed| {
        let wanted = Wanted::Certificate(id(42));
        let mut params = QueryParams::new(server.server_params(), wanted, own(&server));
        if let Some(choice) = choice {
            params.transaction_id = choice;
        }
        let mut query = Query::new(default_provider(), params);
        let mut rng = TestRandom(seed);
        loop {
            let Ok(Step::Send(request)) = query.next(&mut rng) else {
                panic!()
            };
            let Some(body) = server.greeting(&request) else {
                let asked = server.asked(&request);
                break asked.message.attributes().transaction_id.clone();
            };
            query.on_response(&ok(&body), NOW, &mut rng).unwrap();
        }
    };
    assert_ne!(ask_with(None, 1), ask_with(None, 2));
    let given = TransactionId::new("Q-1").unwrap();
    assert_eq!(ask_with(Some(given.clone().into()), 1), given);
}

#[test]
fn no_such_certificate_is_a_refusal() {
    for wanted in [Wanted::Certificate(id(42)), Wanted::Crl(id(42))] {
        let step = forged(wanted, |server, asked| {
            server.failure(asked, FailInfo::BadCertId)
        });
        let Ok(Step::Refused(refusal)) = step else {
            panic!("{step:?}")
        };
        assert_eq!(refusal.fail_info, Some(FailInfo::BadCertId));
    }
}

#[test]
fn pending_is_an_error() {
    for (wanted, name) in [
        (Wanted::Certificate(id(42)), "GetCert"),
        (Wanted::Crl(id(42)), "GetCRL"),
    ] {
        let step = forged(wanted, |server, asked| {
            server.sign(&server.reply(asked, PkiStatus::Pending))
        });
        let error = step.unwrap_err();
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("PENDING"), "{text}");
    }
}

#[test]
fn the_certificate_is_found_among_others_even_if_it_has_expired() {
    let step = get_cert(|server, asked| {
        let other = server.issue(key("other").spki_der(), "CN=device-1", 41, LATER);
        let past = NOW.minus(Duration::from_secs(60));
        let wanted = server.issue(key("client").spki_der(), "CN=device-1", 42, past);
        server.success(asked, &certs_only(&[other, wanted]))
    });
    let found = found(step);
    assert!(found.deviations.has("leaf-not-first"));
    let Answer::Certificate {
        certificate,
        others,
    } = found.answer
    else {
        panic!("{:?}", found.answer)
    };
    assert_eq!(certificate.serial(), [42]);
    assert_eq!(others.len(), 1);
}

#[test]
fn another_certificate_is_not_the_answer() {
    // another serial number; the same one of another issuer
    let error = get_cert(|server, asked| {
        let other = server.issue(key("client").spki_der(), "CN=device-1", 43, LATER);
        let foreign = certificate(
            "CN=device-1",
            "CN=Other CA",
            key("client").as_ref(),
            key("ca").as_ref(),
            42,
            Vec::new(),
        );
        server.success(asked, &certs_only(&[other, foreign]))
    });
    let text = error.unwrap_err().to_string();
    assert!(text.contains("not the one that was asked for"), "{text}");
    // the names fit, but another key signed
    let error = get_cert(|_, asked| {
        let forged = HandServer::new(key("other"));
        let certificate = forged.issue(key("client").spki_der(), "CN=device-1", 42, LATER);
        server().success(asked, &certs_only(&[certificate]))
    });
    let text = error.unwrap_err().to_string();
    assert!(text.contains("not signed by the CA"), "{text}");
    // nothing at all
    let error = get_cert(|server, asked| server.success(asked, &certs_only(&[])));
    assert!(error.is_err());
    // a CRL in its place
    let error = get_cert(|server, asked| {
        server.success(asked, &crl_only(TestCa::rfc8894().crl().as_der()))
    });
    assert!(error.is_err());
}

#[test]
fn keys_that_cannot_decrypt_are_refused_before_anything_is_sent() {
    let server = server();
    let ec = key("p256");
    let certificate = server.issue(ec.spki_der(), "CN=device-1", 42, LATER);
    let signer = Signer::new(certificate, ec).unwrap();
    let mut of_ec = query(server.server_params(), Wanted::Crl(id(42)), signer);
    let (step, sent) = ask(&mut of_ec, |_| unreachable!());
    let text = step.unwrap_err().to_string();
    assert!(
        text.contains("EC P-256") && text.contains("RSA key"),
        "{text}"
    );
    assert!(sent.is_empty());

    let server = HandServer::new(key("p256"));
    let mut to_ec = query(server.server_params(), Wanted::Crl(id(42)), own(&server));
    let (step, sent) = ask(&mut to_ec, |request| server.greeting(request).unwrap());
    let text = step.unwrap_err().to_string();
    assert!(
        text.contains("nothing can be encrypted to the key"),
        "{text}"
    );
    assert!(sent.iter().all(|r| r.operation != Operation::PkiOperation));
}

#[test]
fn a_response_that_nobody_awaits_is_misuse() {
    let server = server();
    let mut query = query(
        server.server_params(),
        Wanted::Certificate(id(42)),
        own(&server),
    );
    let (step, _) = ask(&mut query, |request| {
        server
            .greeting(request)
            .unwrap_or_else(|| server.failure(&server.asked(request), FailInfo::BadRequest))
    });
    assert!(matches!(step, Ok(Step::Refused(_))), "{step:?}");
    let error = query.on_response(&ok(b""), NOW, &mut TestRandom(1));
    assert!(matches!(error, Err(Error::Misuse(_))), "{error:?}");
}
