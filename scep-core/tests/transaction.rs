//! Client and responder, joined without a network.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::{CHALLENGE, NOW, TestCa, TestRandom, certificate, drive, exchange, key};
use scep_core::Error;
use scep_core::client::{CaTrust, Enrollment, Method, MethodChoice, Next, Response};
use scep_core::cms::SignatureOid;
use scep_core::crypto::default_provider;
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::message::{
    ChallengePassword, EmptyContent, FailInfo, MessageBuilder, MessageType, PkiStatus,
    RecipientNonce, SenderNonce, TransactionId,
};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::ReplyStyle;

const CAPS: &str = "AES\nSHA-256\nPOSTPKIOperation\nSCEPStandard\n";

fn enrollment(ca: &TestCa) -> Enrollment {
    Enrollment::new(default_provider(), ca.params("CN=device-1,O=Acme"))
}

#[test]
fn a_certificate_is_issued_by_post() {
    let ca = TestCa::rfc8894();
    let mut enrollment = enrollment(&ca);
    let (next, sent) = drive(&mut enrollment, &ca, CAPS);
    let Ok(Next::Issued(issued)) = next else {
        panic!("{next:?}")
    };
    assert_eq!(
        issued.certificate.subject().to_string(),
        "CN=device-1,O=Acme"
    );
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[2].method, Method::Post);
    assert!(
        issued.deviations.as_slice().is_empty(),
        "{:?}",
        issued.deviations
    );
}

#[test]
fn get_is_used_where_post_is_not_offered() {
    let ca = TestCa::rfc8894();
    let mut enrollment = enrollment(&ca);
    let (next, sent) = drive(&mut enrollment, &ca, "SHA-256\nDES3\n");
    assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
    assert_eq!(sent[2].method, Method::Get);
    assert!(
        !sent[2]
            .url
            .split_once("message=")
            .unwrap()
            .1
            .contains(['+', '/', '='])
    );
}

#[test]
fn a_pending_request_is_polled_until_it_is_issued() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 3;
    let mut enrollment = enrollment(&ca);
    let (next, sent) = drive(&mut enrollment, &ca, CAPS);
    assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
    assert_eq!(sent.len(), 3 + 3);
}

#[test]
fn a_pending_request_survives_a_restart() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 1;
    let mut first = enrollment(&ca);
    let mut rng = TestRandom(3);
    exchange(&mut first, &ca, CAPS, 3, &mut rng);
    let pending = first.pending().unwrap();
    drop(first);
    let mut second =
        Enrollment::resume(default_provider(), ca.params("CN=ignored"), &pending).unwrap();
    let (next, sent) = drive(&mut second, &ca, CAPS);
    let Ok(Next::Issued(issued)) = next else {
        panic!("{next:?}")
    };
    assert_eq!(
        issued.certificate.subject().to_string(),
        "CN=device-1,O=Acme"
    );
    assert_eq!(sent.len(), 1);

    let mut params = ca.params("CN=x");
    params.key = key("other");
    let err = Enrollment::resume(default_provider(), params, &pending).unwrap_err();
    assert!(matches!(err, Error::Misuse(_)), "{err}");
}

#[test]
fn a_wrong_challenge_is_refused_with_every_detail() {
    let style = ReplyStyle {
        microsoft_attributes: true,
        ..ReplyStyle::RFC8894
    };
    let ca = TestCa::new(style, AlgorithmPolicy::RFC8894);
    let mut params = ca.params("CN=device-1");
    params.challenge = Some(ChallengePassword::new("wrong"));
    let mut enrollment = Enrollment::new(default_provider(), params);
    let (next, _) = drive(&mut enrollment, &ca, CAPS);
    let Ok(Next::Refused(refusal)) = next else {
        panic!("{next:?}")
    };
    assert_eq!(refusal.fail_info, Some(FailInfo::BadRequest));
    assert_eq!(refusal.hresult, Some(-2_147_024_809));
    assert_eq!(refusal.text.as_deref(), Some("wrong challenge"));
    assert!(ca.issued.lock().unwrap().is_empty());
}

#[test]
fn every_reply_style_is_understood() {
    for empty_content in [
        EmptyContent::Absent,
        EmptyContent::ZeroLength,
        EmptyContent::OneZeroOctet,
    ] {
        for signature_oid in [SignatureOid::RsaEncryption, SignatureOid::WithDigest] {
            for include_signer in [true, false] {
                let style = ReplyStyle {
                    empty_content,
                    signature_oid,
                    include_signer,
                    ..ReplyStyle::RFC8894
                };
                let ca = TestCa::new(style, AlgorithmPolicy::RFC8894);
                *ca.pending.lock().unwrap() = 2;
                let (next, _) = drive(&mut enrollment(&ca), &ca, CAPS);
                assert!(matches!(next, Ok(Next::Issued(_))), "{style:?}: {next:?}");
            }
        }
    }
}

#[test]
fn the_same_request_gets_the_same_octets_and_one_certificate() {
    let ca = TestCa::rfc8894();
    let (_, sent) = drive(&mut enrollment(&ca), &ca, CAPS);
    let again = ca.respond(&sent[2].body).unwrap();
    let once_more = ca.respond(&sent[2].body).unwrap();
    assert!(again.repeated);
    assert_eq!(again.der, once_more.der);
    assert_eq!(again.pki_status, PkiStatus::Success);
    assert_eq!(ca.issued.lock().unwrap().len(), 1);
}

#[test]
fn a_pending_request_sent_again_counts_as_a_poll() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 2;
    let mut first = enrollment(&ca);
    let mut rng = TestRandom(3);
    let request = exchange(&mut first, &ca, CAPS, 3, &mut rng);
    assert_eq!(
        ca.respond(&request.body).unwrap().pki_status,
        PkiStatus::Pending
    );
    assert_eq!(
        ca.respond(&request.body).unwrap().pki_status,
        PkiStatus::Success
    );
}

#[test]
fn a_wrong_pin_stops_before_anything_is_sent_to_the_ca() {
    let ca = TestCa::rfc8894();
    let mut params = ca.params("CN=device-1");
    params.server.trust = CaTrust::Sha256([7; 32]);
    let (next, sent) = drive(&mut Enrollment::new(default_provider(), params), &ca, CAPS);
    let err = next.unwrap_err().to_string();
    assert!(err.contains("you trust"), "{err}");
    assert_eq!(sent.len(), 2);
}

/// Runs up to the PKIOperation, then lets `forge` answer.
fn forged(
    forge: impl FnOnce(&TestCa, &scep_core::client::Request, &mut TestRandom) -> (u16, Vec<u8>),
) -> Error {
    let ca = TestCa::rfc8894();
    let mut enrollment = enrollment(&ca);
    let mut rng = TestRandom(1);
    loop {
        let Next::Send(request) = enrollment.next(NOW, &mut rng).unwrap() else {
            panic!()
        };
        if request.method == Method::Post {
            let (status, body) = forge(&ca, &request, &mut rng);
            let response = Response {
                status,
                content_type: Some(CT_PKI_MESSAGE),
                body: &body,
            };
            let error = enrollment
                .on_response(&response, NOW, &mut rng)
                .unwrap_err();
            // after an error the same request is due again
            let Next::Send(again) = enrollment.next(NOW, &mut rng).unwrap() else {
                panic!()
            };
            assert_eq!(again, request);
            return error;
        }
        let (status, _, body) = ca.serve(&request, CAPS);
        enrollment
            .on_response(
                &Response {
                    status,
                    content_type: None,
                    body: &body,
                },
                NOW,
                &mut rng,
            )
            .unwrap();
    }
}

/// A FAILURE made by hand, with one thing changed.
fn failure(
    ca: &TestCa,
    request: &scep_core::client::Request,
    rng: &mut TestRandom,
    signer: &str,
    change: impl FnOnce(&mut MessageBuilder),
) -> (u16, Vec<u8>) {
    let limits = scep_core::limits::Limits::DEFAULT;
    let asked = scep_core::message::SignedMessage::decode(&request.body, &limits).unwrap();
    let signer_key = key(signer);
    let certificate = if signer == "ra" {
        ca.ra.clone()
    } else {
        certificate(
            "CN=Stranger",
            "CN=Stranger",
            signer_key.as_ref(),
            signer_key.as_ref(),
            9,
            Vec::new(),
        )
    };
    let mut builder = MessageBuilder::new(
        MessageType::CertRep,
        asked.attributes().transaction_id.clone(),
        certificate,
    );
    builder.pki_status = Some(PkiStatus::Failure);
    builder.fail_info = Some(FailInfo::BadRequest);
    builder.recipient_nonce = asked
        .attributes()
        .sender_nonce
        .as_ref()
        .map(SenderNonce::echoed);
    change(&mut builder);
    (
        200,
        builder
            .sign(default_provider().as_ref(), signer_key.as_ref(), rng)
            .unwrap(),
    )
}

#[test]
fn each_forgery_has_its_own_sentence() {
    let cases: Vec<(&str, Error)> = vec![
        ("nothing else", forged(|_, _, _| (200, Vec::new()))),
        (
            "HTML page",
            forged(|_, _, _| (200, b"<!DOCTYPE html><html>sorry</html>".to_vec())),
        ),
        ("JSON", forged(|_, _, _| (200, b"{\"error\":1}".to_vec()))),
        (
            "recipientNonce",
            forged(|ca, request, rng| {
                failure(ca, request, rng, "ra", |b| {
                    b.recipient_nonce = Some(RecipientNonce::from_octets(vec![1; 16]));
                })
            }),
        ),
        (
            "no recipientNonce",
            forged(|ca, r, rng| failure(ca, r, rng, "ra", |b| b.recipient_nonce = None)),
        ),
        (
            "another transaction",
            forged(|ca, request, rng| {
                failure(ca, request, rng, "ra", |b| {
                    b.transaction_id = TransactionId::new("someone-else").unwrap();
                })
            }),
        ),
        (
            "stranger",
            forged(|ca, request, rng| failure(ca, request, rng, "other", |_| {})),
        ),
        (
            "neither in the message nor known",
            forged(|ca, request, rng| {
                failure(ca, request, rng, "other", |b| b.certificates.clear())
            }),
        ),
        (
            "not a CertRep",
            forged(|ca, r, rng| {
                failure(ca, r, rng, "ra", |b| b.message_type = MessageType::PkcsReq)
            }),
        ),
        (
            "no pkiStatus",
            forged(|ca, r, rng| failure(ca, r, rng, "ra", |b| b.pki_status = None)),
        ),
        (
            "which no rule defines",
            forged(|ca, r, rng| {
                failure(ca, r, rng, "ra", |b| {
                    b.pki_status = Some(PkiStatus::from_text("11"));
                })
            }),
        ),
        (
            "needs a pkcsPKIEnvelope",
            forged(|ca, r, rng| {
                failure(ca, r, rng, "ra", |b| {
                    b.pki_status = Some(PkiStatus::Success);
                })
            }),
        ),
        (
            "cut short",
            forged(|ca, request, rng| {
                let (status, mut body) = failure(ca, request, rng, "ra", |_| {});
                body.truncate(body.len() - 10);
                (status, body)
            }),
        ),
        (
            "follow the message",
            forged(|ca, request, rng| {
                let (status, mut body) = failure(ca, request, rng, "ra", |_| {});
                body.extend(b"<script>");
                (status, body)
            }),
        ),
        (
            "signature is wrong",
            forged(|ca, request, rng| {
                let (status, mut body) = failure(ca, request, rng, "ra", |_| {});
                *body.last_mut().unwrap() ^= 1;
                (status, body)
            }),
        ),
    ];
    for (expected, error) in &cases {
        assert!(
            error.to_string().contains(expected),
            "expected \"{expected}\", got: {error}"
        );
    }
    let mut sentences: Vec<String> = cases.iter().map(|(_, e)| e.to_string()).collect();
    sentences.sort();
    sentences.dedup();
    assert_eq!(
        sentences.len(),
        cases.len(),
        "two forgeries share a sentence"
    );
}

#[test]
fn a_certificate_for_another_key_is_refused() {
    let error = forged(|ca, request, rng| {
        let limits = scep_core::limits::Limits::DEFAULT;
        let asked = scep_core::message::SignedMessage::decode(&request.body, &limits).unwrap();
        let recipient = asked.certificates()[0].clone();
        let content = scep_core::cms::certs_only(std::slice::from_ref(&ca.ra));
        let envelope = scep_core::cms::seal(
            default_provider().as_ref(),
            scep_core::cms::SealTo::Certificate(
                &recipient,
                scep_core::crypto::KeyTransport::RsaPkcs1v15,
            ),
            scep_core::crypto::ContentCipher::Aes128Cbc,
            &content,
            &mut TestRandom(4),
        )
        .unwrap();
        failure(ca, request, rng, "ra", |b| {
            b.pki_status = Some(PkiStatus::Success);
            b.fail_info = None;
            b.envelope = Some(envelope);
        })
    });
    assert!(error.to_string().contains("none for our key"), "{error}");
}

#[test]
fn message_types_outside_the_rfc_are_never_issued() {
    let ca = TestCa::rfc8894();
    let provider = default_provider();
    let client = key("client");
    let signer = certificate(
        "CN=d",
        "CN=d",
        client.as_ref(),
        client.as_ref(),
        1,
        Vec::new(),
    );
    let csr = scep_core::x509::CertificationRequestBuilder {
        subject: common::name("CN=d"),
        challenge: Some(ChallengePassword::new(CHALLENGE)),
        extensions: Vec::new(),
    }
    .sign(
        client.as_ref(),
        scep_core::crypto::DigestAlgorithm::Sha256,
        &mut TestRandom(1),
    )
    .unwrap();
    for text in ["18", "41", "99", "3", "019", " 19", ""] {
        let envelope = scep_core::cms::seal(
            provider.as_ref(),
            scep_core::cms::SealTo::Certificate(
                &ca.ra,
                scep_core::crypto::KeyTransport::RsaPkcs1v15,
            ),
            scep_core::crypto::ContentCipher::Aes128Cbc,
            csr.as_der(),
            &mut TestRandom(4),
        )
        .unwrap();
        let mut builder = MessageBuilder::new(
            MessageType::from_text(text),
            TransactionId::new("t").unwrap(),
            signer.clone(),
        );
        builder.sender_nonce = Some(SenderNonce::random(&mut TestRandom(6)));
        builder.envelope = Some(envelope);
        let message = builder
            .sign(provider.as_ref(), client.as_ref(), &mut TestRandom(5))
            .unwrap();
        let reply = ca.respond(&message).unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Failure, "messageType {text:?}");
        assert_eq!(reply.fail_info, Some(FailInfo::BadRequest));
    }
    assert!(ca.issued.lock().unwrap().is_empty());
}

#[test]
fn a_method_can_be_forced() {
    for (choice, method) in [
        (MethodChoice::Get, Method::Get),
        (MethodChoice::Post, Method::Post),
    ] {
        let ca = TestCa::rfc8894();
        let mut params = ca.params("CN=d");
        params.server.method = choice;
        let (next, sent) = drive(
            &mut Enrollment::new(default_provider(), params),
            &ca,
            "SHA-256\nAES",
        );
        assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
        assert_eq!(sent[2].method, method);
    }
}
