//! Replies that are unusual at the client: what is taken, what is noted, what is refused.
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

use common::hand::{Asked, HandServer, enrollment, ok, talk};
use common::{NOW, TestRandom, key};
use scep_core::client::{Issued, Next, Response};
use scep_core::cms::{SealTo, certs_only, seal};
use scep_core::crypto::{ContentCipher, KeyTransport};
use scep_core::http::Operation;
use scep_core::message::{FailInfo, MessageBuilder, PkiStatus, SenderNonce};
use scep_core::x509::Certificate;
use scep_core::{Error, Result};

fn server() -> HandServer {
    HandServer::new(key("ca"))
}

/// A certificate for the client's key that ends this many days from now.
fn leaf(server: &HandServer, days: i64) -> Certificate {
    let days_in_seconds = |n: u64| Duration::from_secs(n * 86_400);
    let end = if days < 0 {
        NOW.minus(days_in_seconds(days.unsigned_abs()))
    } else {
        NOW.plus(days_in_seconds(days.unsigned_abs()))
    };
    server.issue(key("client").spki_der(), "CN=device-1", 100, end)
}

/// Enrolls where `forge` makes the reply.
fn forged(forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Result<Next> {
    let server = server();
    let params = server.params(key("client"));
    let (next, ..) = talk(&mut enrollment(params), |request| {
        let greeting = server.greeting(request);
        greeting.unwrap_or_else(|| forge(&server, &server.asked(request)))
    });
    next
}

fn issued(forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Issued {
    match forged(forge) {
        Ok(Next::Issued(issued)) => *issued,
        other => panic!("{other:?}"),
    }
}

/// SUCCESS with this content, and with something changed.
fn success(
    server: &HandServer,
    asked: &Asked,
    content: &[Certificate],
    change: impl FnOnce(&mut MessageBuilder),
) -> Vec<u8> {
    let mut builder = server.reply(asked, PkiStatus::Success);
    let to = SealTo::Certificate(asked.message.signer(), KeyTransport::RsaPkcs1v15);
    let content = certs_only(content);
    let rng = &mut TestRandom(9);
    let envelope = seal(
        common::provider(),
        to,
        ContentCipher::Aes128Cbc,
        &content,
        rng,
    );
    builder.envelope = Some(envelope.unwrap());
    change(&mut builder);
    server.sign(&builder)
}

#[test]
fn an_unknown_fail_info_is_a_refusal_with_its_value() {
    for value in ["14606", "5", "-1", "badTime"] {
        let end = forged(|server, asked| server.failure(asked, FailInfo::Other(value.into())));
        let Ok(Next::Refused(refusal)) = end else {
            panic!("{end:?}")
        };
        assert_eq!(refusal.fail_info, Some(FailInfo::Other(value.into())));
        let text = Error::from(*refusal).to_string();
        assert!(text.contains(value), "{text}");
    }
}

#[test]
fn the_issued_certificate_is_found_among_others_wherever_it_stands() {
    for (position, noted) in [(0, false), (1, true), (2, true)] {
        let others = |server: &HandServer| {
            let neighbour = server.issue(key("other").spki_der(), "CN=device-1", 101, NOW);
            vec![server.ca.clone(), neighbour]
        };
        let issued = issued(|server, asked| {
            let mut content = others(server);
            content.insert(position, leaf(server, 5));
            success(server, asked, &content, |_| {})
        });
        assert_eq!(issued.certificate, leaf(&server(), 5));
        assert_eq!(issued.others, others(&server()));
        assert_eq!(issued.deviations.has("leaf-not-first"), noted);
    }
}

#[test]
fn a_sender_nonce_that_is_copied_or_absent_is_noted() {
    for (copied, noted) in [
        (true, "sender-nonce-copied"),
        (false, "sender-nonce-absent"),
    ] {
        let issued = issued(|server, asked| {
            success(server, asked, &[leaf(server, 5)], |builder| {
                let theirs = asked.message.attributes().sender_nonce.clone();
                builder.sender_nonce = theirs.filter(|_| copied);
            })
        });
        let ids: Vec<&str> = issued.deviations.as_slice().iter().map(|d| d.id).collect();
        assert_eq!(ids, [noted]);
    }
    let fresh = issued(|server, asked| {
        success(server, asked, &[leaf(server, 5)], |builder| {
            builder.sender_nonce = Some(SenderNonce::from_octets(vec![5; 16]));
        })
    });
    assert!(fresh.deviations.as_slice().is_empty());
}

/// Outside of the envelope it is neither needed nor believed.
#[test]
fn an_issued_certificate_outside_of_the_envelope_does_not_matter() {
    let issued = issued(|server, asked| {
        success(server, asked, &[leaf(server, 5)], |builder| {
            builder.certificates.push(leaf(server, 9));
        })
    });
    assert_eq!(issued.certificate, leaf(&server(), 5));
    let only_outside = forged(|server, asked| {
        success(server, asked, std::slice::from_ref(&server.ca), |builder| {
            builder.certificates.push(leaf(server, 9));
        })
    });
    let text = only_outside.unwrap_err().to_string();
    assert!(text.contains("none for our key"), "{text}");
}

#[test]
fn key_chain_and_dates_of_what_was_issued_are_looked_at() {
    let error = forged(|server, asked| {
        let other = server.issue(key("other").spki_der(), "CN=device-1", 100, NOW);
        success(server, asked, &[other], |_| {})
    });
    let text = error.unwrap_err().to_string();
    assert!(text.contains("none for our key"), "{text}");
    let error = forged(|server, asked| {
        let stranger = HandServer::new(key("other"));
        success(server, asked, &[leaf(&stranger, 5)], |_| {})
    });
    let text = error.unwrap_err().to_string();
    assert!(text.contains("not signed by the CA"), "{text}");
    for (days, noted) in [(-1, true), (1, false)] {
        let issued = issued(|server, asked| success(server, asked, &[leaf(server, days)], |_| {}));
        assert_eq!(issued.deviations.has("issued-not-valid-now"), noted);
    }
}

#[test]
fn a_signed_answer_with_an_error_status_is_known_by_its_content_type() {
    for (content_type, read) in [
        (Some("application/x-pki-message"), true),
        (Some("Application/X-PKI-Message"), true),
        (Some("application/x-pki-message; charset=utf-8"), true),
        (Some("application/x-pki-messages"), false),
        (Some("text/html"), false),
        (None, false),
    ] {
        let server = server();
        let mut enrollment = enrollment(server.params(key("client")));
        let mut rng = TestRandom(1);
        let outcome = loop {
            let Next::Send(request) = enrollment.next(NOW, &mut rng).unwrap() else {
                panic!()
            };
            if request.operation == Operation::PkiOperation {
                let body = server.failure(&server.asked(&request), FailInfo::BadRequest);
                let response = Response {
                    status: 500,
                    content_type,
                    body: &body,
                };
                break enrollment.on_response(&response, NOW, &mut rng);
            }
            let body = server.greeting(&request).unwrap();
            enrollment.on_response(&ok(&body), NOW, &mut rng).unwrap();
        };
        assert_eq!(outcome.is_ok(), read, "{content_type:?}: {outcome:?}");
        let refused = matches!(enrollment.next(NOW, &mut rng), Ok(Next::Refused(_)));
        assert_eq!(refused, read, "{content_type:?}");
    }
}
