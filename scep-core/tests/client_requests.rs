//! What a client sends: who signs, what is asked, with which algorithms.
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

use common::hand::{Asked, HandServer, enrollment, ok, talk};
use common::{CA, CHALLENGE, NOW, TestCa, TestRandom, certificate, exchange, key, name, provider};
use scep_core::client::{
    Enrollment, EnrollmentParams, MethodChoice, Next, Renewal, RenewalStyle, Request, Response,
    Signer, TransactionIdChoice,
};
use scep_core::cms::EnvelopedData;
use scep_core::crypto::{ContentCipher, DigestAlgorithm, PrivateKey, default_provider};
use scep_core::http::{Operation, ServerRequest};
use scep_core::limits::Limits;
use scep_core::message::{ChallengePassword, IssuerAndSubject, MessageType};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Extension, KeyUsage};
use scep_core::{Error, oid};

fn server() -> HandServer {
    HandServer::new(key("ca"))
}

fn params(server: &HandServer, own: &Arc<dyn PrivateKey>) -> EnrollmentParams {
    let mut params = server.params(Arc::clone(own));
    params.challenge = Some(ChallengePassword::new(CHALLENGE));
    params
}

/// Enrolls; returns the messages that were sent.
fn enrolled(server: &HandServer, params: EnrollmentParams) -> Vec<Asked> {
    let spki = params.key.spki_der().to_vec();
    let (next, sent, _) = talk(&mut enrollment(params), |r| server.grant(r, &spki));
    assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
    let messages = sent
        .iter()
        .filter(|r| r.operation == Operation::PkiOperation);
    messages.map(|r| server.asked(r)).collect()
}

#[test]
fn the_signers_certificate_is_self_signed_and_says_what_its_key_is_for() {
    let both = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    for (kind, usage) in [
        ("client", both),
        ("rsa3072", both),
        ("p256", KeyUsage::DIGITAL_SIGNATURE),
        ("p384", KeyUsage::DIGITAL_SIGNATURE),
        ("ed25519", KeyUsage::DIGITAL_SIGNATURE),
    ] {
        let (server, own) = (server(), key(kind));
        let asked = enrolled(&server, params(&server, &own)).remove(0);
        let signer = asked.message.signer();
        signer.verify_issued_by(provider(), signer).unwrap();
        assert!(signer.is_self_issued());
        assert!(signer.is_valid_at(NOW));
        assert_eq!(signer.subject(), asked.csr().subject(), "{kind}");
        assert_eq!(signer.spki_der(), asked.csr().spki_der(), "{kind}");
        assert_eq!(signer.key_usage(), Some(usage), "{kind}");
        let sent_along = asked.message.message().certificates();
        assert_eq!(sent_along, std::slice::from_ref(signer));
    }
}

#[test]
fn a_self_signed_certificate_that_is_there_already_signs() {
    let (server, own) = (server(), key("client"));
    let subject = name("CN=made before");
    let random = &mut TestRandom(1);
    let signer = Signer::self_signed(
        Arc::clone(&own),
        &subject,
        DigestAlgorithm::Sha256,
        NOW,
        random,
    );
    let signer = signer.unwrap();
    let mut wished = params(&server, &own);
    wished.self_signed = Some(signer.clone());
    let asked = enrolled(&server, wished).remove(0);
    assert_eq!(asked.message.signer(), signer.certificate());

    // a certificate of another key could not prove anything
    let mut wished = params(&server, &key("other"));
    wished.self_signed = Some(signer);
    let (next, sent, _) = talk(&mut enrollment(wished), |_| panic!("nothing is sent"));
    assert!(matches!(next, Err(Error::Misuse(_))), "{next:?}");
    assert!(sent.is_empty());
}

#[test]
fn a_poll_names_the_issuing_ca_and_the_subject_of_the_request() {
    let mut server = server();
    // the CA that decrypts and issues stands below a root
    let (other, ca) = (key("other"), key("ca"));
    let may_issue = || vec![Extension::basic_constraints(true, None)];
    let of = |subject, private: &Arc<dyn PrivateKey>, serial| {
        let (private, issuer) = (private.as_ref(), other.as_ref());
        certificate(subject, "CN=Root", private, issuer, serial, may_issue())
    };
    let root = of("CN=Root", &other, 1);
    server.ca = of(CA, &ca, 2);
    server.bundle = vec![server.ca.clone(), root];
    *server.pending.lock().unwrap() = 2;
    let mut params = params(&server, &key("client"));
    params.subject = name("CN=device-1,OU=Lab,O=Acme");
    let asked = enrolled(&server, params);
    assert_eq!(asked.len(), 3);
    for poll in &asked[1..] {
        assert_eq!(*poll.message_type(), MessageType::CertPoll);
        let names = IssuerAndSubject::from_der(&poll.content).unwrap();
        assert_eq!(names.issuer, *server.ca.subject());
        assert_eq!(names.subject, *asked[0].csr().subject());
        assert_eq!(names.subject, name("CN=device-1,OU=Lab,O=Acme"));
    }
}

#[test]
fn aes_is_preferred_to_triple_des_and_what_is_inside_is_data() {
    for (capabilities, expected) in [
        ("DES3\nAES\nSHA-256", ContentCipher::Aes128Cbc),
        ("AES\nDES3\nSHA-256", ContentCipher::Aes128Cbc),
        ("DES3\nSCEPStandard", ContentCipher::Aes128Cbc),
        ("DES3\nSHA-256", ContentCipher::DesEde3Cbc),
    ] {
        let mut server = server();
        server.capabilities = capabilities.into();
        for asked in enrolled(&server, params(&server, &key("client"))) {
            let content = asked.message.message().content().unwrap();
            let envelope = EnvelopedData::decode(content, &Limits::DEFAULT).unwrap();
            assert_eq!(envelope.cipher().unwrap().0, expected, "{capabilities}");
            assert_eq!(envelope.content.content_type, oid::DATA);
        }
    }
}

/// Asks GetCACaps and gets this; then goes on to the end.
fn with_capabilities(status: u16, body: &[u8]) -> scep_core::Result<Next> {
    let server = server();
    let mut enrollment = enrollment(params(&server, &key("client")));
    let mut rng = TestRandom(1);
    loop {
        match enrollment.next(NOW, &mut rng)? {
            Next::Send(request) if request.operation == Operation::GetCaCaps => {
                let response = Response {
                    status,
                    content_type: Some("text/html"),
                    body,
                };
                enrollment.on_response(&response, NOW, &mut rng)?;
                assert!(enrollment.capabilities().is_empty());
                assert!(enrollment.deviations().has("no-capabilities"));
            }
            Next::Send(request) => {
                let body = server.grant(&request, key("client").spki_der());
                enrollment.on_response(&ok(&body), NOW, &mut rng)?;
            }
            end => return Ok(end),
        }
    }
}

#[test]
fn a_server_without_capabilities_is_asked_all_the_same() {
    for (status, body) in [
        (200, &b""[..]),
        (200, b"\r\n"),
        (400, b"<html>bad request</html>"),
        (404, b"<html>not found</html>"),
        (405, b""),
        (501, b""),
    ] {
        let next = with_capabilities(status, body);
        assert!(matches!(next, Ok(Next::Issued(_))), "{status}: {next:?}");
    }
    for status in [302, 403, 500, 503] {
        let error = with_capabilities(status, b"").unwrap_err();
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
}

#[test]
fn a_new_enrollment_begins_another_transaction_while_one_is_pending() {
    const CAPS: &str = "SCEPStandard";
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 1;
    let start = |seed| {
        let mut params = ca.params("CN=device-1");
        params.transaction_id = TransactionIdChoice::Random;
        let mut enrollment = Enrollment::new(default_provider(), params);
        exchange(&mut enrollment, &ca, CAPS, 3, &mut TestRandom(seed));
        enrollment
    };
    // the reply of the first is lost; the second knows nothing of it
    let (first, second) = (start(1), start(2));
    let ids = [&first, &second].map(|e| e.transaction_id().unwrap().clone());
    assert_ne!(ids[0], ids[1]);
    for mut enrollment in [second, first] {
        assert!(enrollment.pending().is_some());
        let due = enrollment.pending().unwrap().next_poll;
        let Next::Send(poll) = enrollment.next(due, &mut TestRandom(4)).unwrap() else {
            panic!()
        };
        let (_, _, body) = ca.serve(&poll, CAPS);
        let taken = enrollment.on_response(&ok(&body), due, &mut TestRandom(5));
        taken.unwrap();
        let next = enrollment.next(due, &mut TestRandom(6));
        assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
    }
    assert_eq!(ca.issued.lock().unwrap().len(), 2);
}

/// A renewal signed by a certificate of this CA, or of another one.
fn renewal(server: &HandServer, issuer: &HandServer, style: RenewalStyle) -> EnrollmentParams {
    let later = NOW.plus(std::time::Duration::from_secs(86_400));
    let current = issuer.issue(key("client").spki_der(), "CN=device-1", 42, later);
    let signer = Signer::new(current, key("client")).unwrap();
    let mut params = server.params(key("other"));
    params.renewal = Some(Renewal {
        style,
        ..Renewal::new(signer)
    });
    params
}

#[test]
fn a_certificate_of_another_ca_may_sign_a_renewal() {
    let server = server();
    let mut elsewhere = HandServer::new(key("ra"));
    elsewhere.ca = certificate(
        "CN=Manufacturer",
        "CN=Manufacturer",
        key("ra").as_ref(),
        key("ra").as_ref(),
        5,
        vec![Extension::basic_constraints(true, None)],
    );
    let params = renewal(&server, &elsewhere, RenewalStyle::ByCapabilities);
    let asked = enrolled(&server, params).remove(0);
    assert_eq!(*asked.message_type(), MessageType::RenewalReq);
    let issuer = asked.message.signer().issuer();
    assert!(issuer.matches(&name("CN=Manufacturer")));
}

/// It rests on the signature alone.
#[test]
fn a_renewal_is_signed_with_sha_2() {
    for capabilities in ["Renewal\nSCEPStandard", "Renewal\nAES", "SHA-512\nRenewal"] {
        let mut server = server();
        server.capabilities = capabilities.into();
        let params = renewal(&server, &server, RenewalStyle::RenewalReq);
        let asked = enrolled(&server, params).remove(0);
        let digest = asked.message.digest();
        let sha_2 = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512];
        assert!(sha_2.contains(&digest), "{capabilities}: {digest}");
    }
    let mut server = server();
    server.capabilities = "Renewal\nSHA-1\nAES".into();
    let params = renewal(&server, &server, RenewalStyle::RenewalReq);
    assert_eq!(params.server.policy, AlgorithmPolicy::RFC8894);
    let (next, sent, _) = talk(&mut enrollment(params), |r| server.greeting(r).unwrap());
    let error = next.unwrap_err();
    assert!(matches!(error, Error::ForbiddenByPolicy { .. }), "{error}");
    assert!(sent.iter().all(|r| r.operation != Operation::PkiOperation));
}

#[test]
fn the_url_names_pki_operation() {
    for method in [MethodChoice::Get, MethodChoice::Post] {
        let server = server();
        let mut params = params(&server, &key("client"));
        params.server.method = method;
        let answer = |r: &Request| server.grant(r, key("client").spki_der());
        let (_, sent, _) = talk(&mut enrollment(params), answer);
        let request = sent.last().unwrap();
        let (_, query) = request.url.split_once('?').unwrap();
        let first = query.split('&').next();
        assert_eq!(first, Some("operation=PKIOperation"));
    }
    // a server can do without, where nothing else is meant
    for query in [None, Some(""), Some("x=y")] {
        let read = ServerRequest::from_http("POST", query, b"message").unwrap();
        let message = b"message".to_vec();
        assert_eq!(read, ServerRequest::PkiOperation { message });
        assert!(ServerRequest::from_http("GET", query, b"").is_err());
    }
}
