//! Renewing a certificate: who signs, which message, to whom the reply is encrypted, and what is
//! refused before anything is sent.
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

use common::hand::{Asked, CAPS, HandServer, enrollment, talk};
use common::{CHALLENGE, NOW, TestCa, drive, key};
use scep_core::client::{EnrollmentParams, Next, Renewal, RenewalStyle, Request, Signer};
use scep_core::cms::{SealTo, certs_only};
use scep_core::crypto::{KeyTransport, PrivateKey};
use scep_core::http::Operation;
use scep_core::message::{ChallengePassword, MessageType, PkiStatus};
use scep_core::x509::Certificate;
use scep_core::{Error, UnixTime};

const LATER: UnixTime = UnixTime(NOW.0 + 86_400 * 5);

fn server() -> HandServer {
    HandServer::new(key("ca"))
}

/// The certificate that is to be renewed, with the key "client"; the new key is "other".
fn current(server: &HandServer) -> Signer {
    let certificate = server.issue(key("client").spki_der(), "CN=device-1", 42, LATER);
    Signer::new(certificate, key("client")).unwrap()
}

fn params(server: &HandServer) -> EnrollmentParams {
    let mut params = server.params(key("other"));
    params.renewal = Some(Renewal::new(current(server)));
    params
}

/// Renews by `params`; returns what was asked.
fn renew(server: &HandServer, params: EnrollmentParams) -> (Box<scep_core::client::Issued>, Asked) {
    let spki = params.key.spki_der().to_vec();
    let (next, sent, _) = talk(&mut enrollment(params), |r| server.grant(r, &spki));
    let Ok(Next::Issued(issued)) = next else {
        panic!("{next:?}")
    };
    (issued, server.asked(sent.last().unwrap()))
}

/// The end of an attempt that must not reach PKIOperation.
fn refused_locally(server: &HandServer, params: EnrollmentParams) -> Error {
    let (next, sent, _) = talk(&mut enrollment(params), |r| server.greeting(r).unwrap());
    let asked = |request: &Request| request.operation == Operation::PkiOperation;
    assert!(!sent.iter().any(asked));
    next.unwrap_err()
}

#[test]
fn the_responder_renews_what_it_issued() {
    for pending in [0, 2] {
        let ca = TestCa::rfc8894();
        let (next, _) = drive(&mut enrollment(ca.params("CN=device-1")), &ca, CAPS);
        let Ok(Next::Issued(first)) = next else {
            panic!("{next:?}")
        };
        *ca.pending.lock().unwrap() = pending;
        let mut params = ca.params("CN=device-1");
        let signer = Signer::new(first.certificate.clone(), key("client")).unwrap();
        params.key = key("other");
        params.renewal = Some(Renewal::new(signer));
        params.challenge = None;
        let (next, sent) = drive(&mut enrollment(params), &ca, CAPS);
        let Ok(Next::Issued(second)) = next else {
            panic!("{next:?}")
        };
        assert_eq!(second.certificate.spki_der(), key("other").spki_der());
        assert_eq!(sent.len(), 3 + usize::try_from(pending).unwrap());
    }
}

#[test]
fn a_renewal_is_signed_by_the_current_certificate_and_opened_with_its_key() {
    let server = server();
    let mut params = params(&server);
    params.challenge = Some(ChallengePassword::new(CHALLENGE));
    let (issued, asked) = renew(&server, params);
    assert_eq!(issued.certificate.spki_der(), key("other").spki_der());
    assert!(issued.deviations.as_slice().is_empty());
    assert_eq!(*asked.message_type(), MessageType::RenewalReq);
    assert_eq!(asked.message.signer(), current(&server).certificate());
    let csr = asked.csr();
    assert_eq!(csr.spki_der(), key("other").spki_der());
    // authorised by the signature alone
    assert!(csr.challenge_password().is_none());
}

#[test]
fn the_message_follows_the_capabilities_unless_it_is_forced() {
    let mut server = server();
    for (capabilities, style, expected) in [
        ("Renewal\nSCEPStandard", RenewalStyle::ByCapabilities, 17),
        ("renewal\nscepstandard", RenewalStyle::ByCapabilities, 17),
        ("Renewal\nAES\nSHA-256", RenewalStyle::ByCapabilities, 19),
        ("AES", RenewalStyle::RenewalReq, 17),
        ("SCEPStandard\nRenewal", RenewalStyle::PkcsReq, 19),
        ("AES", RenewalStyle::PkcsReq, 19),
    ] {
        server.capabilities = capabilities.into();
        let mut params = params(&server);
        params.renewal.as_mut().unwrap().style = style;
        let (_, asked) = renew(&server, params);
        assert_eq!(
            asked.message_type().as_text(),
            expected.to_string(),
            "{capabilities} {style:?}"
        );
    }
}

#[test]
fn a_server_that_does_not_list_renewal_is_not_asked() {
    let mut server = server();
    for capabilities in ["SCEPStandard", "AES\nSHA-256", ""] {
        server.capabilities = capabilities.into();
        let error = refused_locally(&server, params(&server));
        assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
        assert!(
            error.to_string().contains("does not list Renewal"),
            "{error}"
        );
    }
}

#[test]
fn the_challenge_password_is_sent_to_those_who_insist() {
    let server = server();
    let mut params = params(&server);
    params.challenge = Some(ChallengePassword::new(CHALLENGE));
    params.renewal.as_mut().unwrap().send_challenge = true;
    let (_, asked) = renew(&server, params);
    let csr = asked.csr();
    assert_eq!(csr.challenge_password().unwrap().expose(), CHALLENGE);
}

#[test]
fn the_chain_is_sent_along() {
    let server = server();
    let mut params = params(&server);
    let signer = current(&server).with_chain(vec![server.ca.clone()]);
    params.renewal = Some(Renewal::new(signer));
    let (_, asked) = renew(&server, params);
    let expected = [current(&server).certificate().clone(), server.ca.clone()];
    assert_eq!(asked.message.message().certificates(), expected);
}

#[test]
fn the_key_may_stay_the_same() {
    let server = server();
    let mut params = params(&server);
    params.key = key("client");
    let (issued, _) = renew(&server, params);
    assert_eq!(issued.certificate.spki_der(), key("client").spki_der());
}

#[test]
fn an_expired_certificate_is_not_renewed_unless_it_has_to_be() {
    let server = server();
    let expired = server.issue(
        key("client").spki_der(),
        "CN=device-1",
        42,
        NOW.minus(Duration::from_secs(1)),
    );
    let mut params = server.params(key("other"));
    let signer = Signer::new(expired, key("client")).unwrap();
    params.renewal = Some(Renewal::new(signer));
    let (next, sent, _) = talk(&mut enrollment(params.clone()), |_| unreachable!());
    let error = next.unwrap_err().to_string();
    assert!(error.contains("it expired on 2026-09-21"), "{error}");
    assert!(sent.is_empty());

    params.renewal.as_mut().unwrap().even_if_expired = true;
    renew(&server, params);
}

#[test]
fn a_certificate_that_is_valid_to_this_very_second_is_renewed() {
    let server = server();
    let last = server.issue(key("client").spki_der(), "CN=device-1", 42, NOW);
    let mut params = server.params(key("other"));
    params.renewal = Some(Renewal::new(Signer::new(last, key("client")).unwrap()));
    renew(&server, params);
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused() {
    let server = server();
    let certificate = current(&server).certificate().clone();
    let error = Signer::new(certificate, key("other")).unwrap_err();
    assert!(matches!(error, Error::Misuse(_)));
    assert!(error.to_string().contains("CN=device-1"), "{error}");
}

/// A current certificate with an EC key.
fn ec_current(server: &HandServer) -> (Signer, Arc<dyn PrivateKey>) {
    let old = key("p256");
    let certificate = server.issue(old.spki_der(), "CN=device-1", 43, LATER);
    (Signer::new(certificate, Arc::clone(&old)).unwrap(), old)
}

#[test]
fn an_old_key_that_cannot_decrypt_needs_a_challenge_password() {
    let server = server();
    let (signer, _) = ec_current(&server);
    // the new key could, but the reply is for the old one
    let mut params = params(&server);
    params.renewal = Some(Renewal::new(signer));
    for challenge in [None, Some(ChallengePassword::new(""))] {
        params.challenge = challenge;
        let (next, sent, _) = talk(&mut enrollment(params.clone()), |_| unreachable!());
        let error = next.unwrap_err().to_string();
        assert!(error.contains("EC P-256"), "{error}");
        assert!(error.contains("challenge password"), "{error}");
        assert!(sent.is_empty());
    }

    params.challenge = Some(ChallengePassword::new(CHALLENGE));
    let (issued, asked) = renew(&server, params);
    assert_eq!(issued.certificate.spki_der(), key("other").spki_der());
    // the server has to know the password that it encrypts with
    let csr = asked.csr();
    assert_eq!(csr.challenge_password().unwrap().expose(), CHALLENGE);
}

#[test]
fn a_new_key_that_cannot_decrypt_needs_none() {
    let server = server();
    let mut params = params(&server);
    params.key = key("ed25519");
    let (_, asked) = renew(&server, params);
    assert!(asked.csr().challenge_password().is_none());
}

/// The reply to a renewal, made by `forge`.
fn forged(forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Error {
    let server = server();
    let mut enrollment = enrollment(params(&server));
    let (next, ..) = talk(&mut enrollment, |request| {
        let greeting = server.greeting(request);
        greeting.unwrap_or_else(|| forge(&server, &server.asked(request)))
    });
    next.unwrap_err()
}

fn certificate_for(server: &HandServer, name: &str) -> Vec<u8> {
    certs_only(&[server.issue(key(name).spki_der(), "CN=device-1", 100, LATER)])
}

#[test]
fn a_reply_encrypted_to_the_new_key_is_not_opened() {
    let error = forged(|server, asked| {
        // as a server would that takes the wrong one of the two keys
        let new = server.issue(key("other").spki_der(), "CN=device-1", 99, LATER);
        let to = SealTo::Certificate(&new, KeyTransport::RsaPkcs1v15);
        server.success_to(asked, &certificate_for(server, "other"), to)
    });
    assert!(
        error.to_string().contains("none of which is ours"),
        "{error}"
    );
}

#[test]
fn a_new_certificate_for_the_old_key_is_refused() {
    let error = forged(|server, asked| server.success(asked, &certificate_for(server, "client")));
    assert!(error.to_string().contains("none for our key"), "{error}");
}

#[test]
fn a_new_certificate_of_another_ca_is_refused() {
    let error = forged(|server, asked| {
        let stranger = HandServer::new(key("ra"));
        server.success(asked, &certificate_for(&stranger, "other"))
    });
    assert!(
        error.to_string().contains("not signed by the CA"),
        "{error}"
    );
}

#[test]
fn a_renewal_may_be_pending_and_is_polled_by_the_current_certificate() {
    let server = server();
    *server.pending.lock().unwrap() = 2;
    let spki = key("other").spki_der().to_vec();
    let mut enrollment = enrollment(params(&server));
    let (next, sent, _) = talk(&mut enrollment, |r| server.grant(r, &spki));
    assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
    let asked: Vec<Asked> = sent[2..].iter().map(|r| server.asked(r)).collect();
    let types: Vec<&str> = asked.iter().map(|a| a.message_type().as_text()).collect();
    assert_eq!(types, ["17", "20", "20"]);
    let signers: Vec<&Certificate> = asked.iter().map(|a| a.message.signer()).collect();
    assert!(signers.iter().all(|s| *s == current(&server).certificate()));
    let mut nonces: Vec<_> = asked
        .iter()
        .map(|a| a.message.attributes().sender_nonce.clone().unwrap())
        .map(|nonce| nonce.to_string())
        .collect();
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
}

#[test]
fn a_refused_renewal_says_why() {
    let server = server();
    let (next, ..) = talk(&mut enrollment(params(&server)), |request| {
        server.greeting(request).unwrap_or_else(|| {
            let asked = server.asked(request);
            let mut builder = server.reply(&asked, PkiStatus::Failure);
            builder.fail_info = Some(scep_core::message::FailInfo::BadRequest);
            builder.fail_info_text = Some("too early".into());
            server.sign(&builder)
        })
    });
    let Ok(Next::Refused(refusal)) = next else {
        panic!("{next:?}")
    };
    assert_eq!(refusal.text.as_deref(), Some("too early"));
}
