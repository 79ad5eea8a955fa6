//! The client's side of GetCert and GetCRL: what is asked, and which answers are believed.
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

use common::hand::{Asked, HandServer, fresh_key, ok};
use common::{CA, NOW, TestCa, TestRandom, certificate, drive, key, name};
use scep_core::asn1::{tag, write};
use scep_core::client::{
    Answer, Enrollment, Found, Next, Query, QueryParams, Request, ServerParams, Signer, Step,
    TransactionIdChoice, Wanted,
};
use scep_core::cms::{certs_only, crl_only};
use scep_core::crypto::{DigestAlgorithm, KeyType, default_provider};
use scep_core::http::Operation;
use scep_core::message::{FailInfo, IssuerAndSerialNumber, MessageType, PkiStatus, TransactionId};
use scep_core::x509::{Certificate, Crl, CrlBuilder, Extension, KeyUsage};
use scep_core::{Error, Result, UnixTime};

const LATER: UnixTime = UnixTime(NOW.0 + 86_400 * 5);

fn server() -> HandServer {
    HandServer::new(key("ca"))
}

/// The client's own certificate.
fn own(server: &HandServer) -> Signer {
    let certificate = server.issue(key("client").spki_der(), "CN=device-1", 42, LATER);
    Signer::new(certificate, key("client")).unwrap()
}

fn id(serial: u8) -> IssuerAndSerialNumber {
    IssuerAndSerialNumber {
        issuer: name(CA),
        serial: vec![serial],
    }
}

fn query(server: ServerParams, wanted: Wanted, signer: Signer) -> Query {
    let params = QueryParams::new(server, wanted, signer);
    Query::new(default_provider(), params)
}

/// Drives a query to its end.
fn ask(
    query: &mut Query,
    answer: impl Fn(&Request) -> Vec<u8>,
) -> (Result<Step<Found>>, Vec<Request>) {
    let (mut rng, mut sent) = (TestRandom(1), Vec::new());
    for _ in 0..9 {
        match query.next(&mut rng) {
            Ok(Step::Send(request)) => {
                let body = answer(&request);
                sent.push(request);
                if let Err(e) = query.on_response(&ok(&body), NOW, &mut rng) {
                    return (Err(e), sent);
                }
            }
            other => return (other, sent),
        }
    }
    panic!("the query does not end");
}

/// Asks, and lets `forge` answer.
fn forged(wanted: Wanted, forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Result<Step<Found>> {
    let server = server();
    let mut query = query(server.server_params(), wanted, own(&server));
    let (step, _) = ask(&mut query, |request| {
        let greeting = server.greeting(request);
        greeting.unwrap_or_else(|| forge(&server, &server.asked(request)))
    });
    if step.is_err() {
        // after an error the same request is due again
        let again = query.next(&mut TestRandom(2));
        assert!(matches!(again, Ok(Step::Send(_))), "{again:?}");
    }
    step
}

fn found(step: Result<Step<Found>>) -> Found {
    match step {
        Ok(Step::Done(found)) => *found,
        other => panic!("{other:?}"),
    }
}

fn get_cert(forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Result<Step<Found>> {
    forged(Wanted::Certificate(id(42)), forge)
}

fn get_crl(forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Result<Step<Found>> {
    forged(Wanted::Crl(id(42)), forge)
}

/// A CRL of `issuer`, signed by the key `signer`.
fn crl(issuer: &str, signer: &str, this_update: UnixTime) -> Crl {
    CrlBuilder {
        issuer: name(issuer),
        this_update,
        next_update: this_update.plus(Duration::from_secs(86_400)),
        number: 3,
        revoked: vec![(vec![42], NOW)],
        authority_key_identifier: None,
    }
    .sign(
        key(signer).as_ref(),
        DigestAlgorithm::Sha256,
        &mut TestRandom(6),
    )
    .unwrap()
}

/// A degenerate SignedData with any certificates and CRLs.
fn bundle(certificates: &[&Certificate], crls: &[&[u8]]) -> Vec<u8> {
    let certificates: Vec<&[u8]> = certificates.iter().map(|c| c.as_der()).collect();
    let signed_data = write::sequence(&[
        &write::integer(1),
        &write::tlv(tag::SET, &[]),
        &write::sequence(&[&write::oid(scep_core::oid::DATA)]),
        &write::concat(tag::context_constructed(0), &certificates),
        &write::concat(tag::context_constructed(1), crls),
        &write::tlv(tag::SET, &[]),
    ]);
    write::sequence(&[
        &write::oid(scep_core::oid::SIGNED_DATA),
        &write::tlv(tag::context_constructed(0), &signed_data),
    ])
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
    let error =
        get_cert(|server, asked| server.success(asked, &crl_only(crl(CA, "ca", NOW).as_der())));
    assert!(error.is_err());
}

#[test]
fn a_crl_beside_certificates_is_taken_and_noted() {
    let found = found(get_crl(|server, asked| {
        let crl = crl(CA, "ca", NOW);
        let content = bundle(&[&server.ca], &[crl.as_der()]);
        server.success(asked, &content)
    }));
    assert!(found.deviations.has("crl-with-certificates"));
    assert!(matches!(found.answer, Answer::Crl(crl) if crl.is_revoked(&[42])));
}

#[test]
fn of_several_crls_the_newest_of_this_ca_is_taken() {
    let found = found(get_crl(|server, asked| {
        let day = Duration::from_secs(86_400);
        let crls = [
            crl(CA, "ca", NOW.minus(day)),
            crl(CA, "ca", NOW),
            // newer, but not of this CA, or not signed by it
            crl("CN=Other CA", "ca", NOW.plus(day)),
            crl(CA, "other", NOW.plus(day)),
        ];
        let octets: Vec<&[u8]> = crls.iter().map(Crl::as_der).collect();
        server.success(asked, &bundle(&[], &octets))
    }));
    assert!(found.deviations.has("several-crls"));
    let Answer::Crl(crl) = found.answer else {
        panic!("{:?}", found.answer)
    };
    assert_eq!(crl.this_update(), NOW);
}

#[test]
fn a_crl_of_somebody_else_is_refused() {
    for (issuer, signer) in [("CN=Other CA", "ca"), (CA, "other"), ("CN=RA", "ra")] {
        let error = get_crl(|server, asked| {
            server.success(asked, &crl_only(crl(issuer, signer, NOW).as_der()))
        });
        let error = error.unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error:?}");
        assert!(
            error.to_string().contains("not signed by the CA"),
            "{error}"
        );
    }
    let empty = get_crl(|server, asked| {
        server.success(asked, &certs_only(std::slice::from_ref(&server.ca)))
    });
    let text = empty.unwrap_err().to_string();
    assert!(text.contains("holds no CRL"), "{text}");
    let broken = get_crl(|server, asked| server.success(asked, &crl_only(b"\x30\x00")));
    assert!(matches!(broken, Err(Error::Malformed { .. })), "{broken:?}");
}

#[test]
fn a_crl_with_a_weak_signature_follows_the_policy() {
    let error = get_crl(|server, asked| {
        let weak = CrlBuilder {
            issuer: name(CA),
            this_update: NOW,
            next_update: LATER,
            number: 1,
            revoked: Vec::new(),
            authority_key_identifier: None,
        }
        .sign(key("ca").as_ref(), DigestAlgorithm::Md5, &mut TestRandom(6))
        .unwrap();
        server.success(asked, &crl_only(weak.as_der()))
    });
    assert!(
        matches!(error, Err(Error::ForbiddenByPolicy { .. })),
        "{error:?}"
    );
}

#[test]
fn an_old_crl_is_noted_and_so_is_a_ca_that_may_not_sign_crls() {
    let day = Duration::from_secs(86_400);
    for at in [NOW.minus(day * 2), NOW.plus(day)] {
        let found = found(get_crl(|server, asked| {
            server.success(asked, &crl_only(crl(CA, "ca", at).as_der()))
        }));
        assert!(found.deviations.has("crl-not-valid-now"));
    }
    let mut server = server();
    let ca = key("ca");
    let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::KEY_ENCIPHERMENT;
    server.ca = certificate(
        CA,
        CA,
        ca.as_ref(),
        ca.as_ref(),
        1,
        vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
        ],
    );
    let mut query = query(server.server_params(), Wanted::Crl(id(42)), own(&server));
    let (step, _) = ask(&mut query, |request| {
        server.greeting(request).unwrap_or_else(|| {
            let content = crl_only(crl(CA, "ca", NOW).as_der());
            server.success(&server.asked(request), &content)
        })
    });
    assert!(found(step).deviations.has("crl-issuer-without-crl-sign"));
}

#[test]
fn keys_that_cannot_decrypt_are_refused_before_anything_is_sent() {
    let server = server();
    let ec = fresh_key(KeyType::EcP256, 41);
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

    let server = HandServer::new(fresh_key(KeyType::EcP256, 42));
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
