//! CertPoll, GetCert and GetCRL: what they answer, and that their answers give nothing away.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::{NOW, TestCa, TestRandom, certificate, exchange, key, provider};
use scep_core::client::{Enrollment, Next, Request};
use scep_core::cms::seal;
use scep_core::crypto::{ContentCipher, KeyTransport, default_provider};
use scep_core::message::{
    FailInfo, IssuerAndSerialNumber, IssuerAndSubject, MessageBuilder, MessageType, PkiStatus,
    SenderNonce, TransactionId,
};
use scep_core::server::Reply;
use scep_core::x509::Certificate;

fn signer() -> Certificate {
    let client = key("client");
    certificate(
        "CN=d",
        "CN=d",
        client.as_ref(),
        client.as_ref(),
        1,
        Vec::new(),
    )
}

/// A query whose envelope is given.
fn query(message_type: MessageType, id: &str, envelope: Vec<u8>, seed: u64) -> Vec<u8> {
    let mut builder = MessageBuilder::new(message_type, TransactionId::new(id).unwrap(), signer());
    builder.sender_nonce = Some(SenderNonce::random(&mut TestRandom(seed)));
    builder.envelope = Some(envelope);
    builder
        .sign(provider(), key("client").as_ref(), &mut TestRandom(seed))
        .unwrap()
}

fn sealed(ca: &TestCa, content: &[u8]) -> Vec<u8> {
    let cipher = ContentCipher::Aes128Cbc;
    seal(
        provider(),
        scep_core::cms::SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15),
        cipher,
        content,
        &mut TestRandom(9),
    )
    .unwrap()
}

/// What of a reply an attacker sees.
fn visible(reply: &Reply) -> (PkiStatus, Option<FailInfo>, usize) {
    (
        reply.pki_status.clone(),
        reply.fail_info.clone(),
        reply.der.len(),
    )
}

#[test]
fn a_query_that_cannot_be_decrypted_or_read_is_answered_like_one_that_finds_nothing() {
    let ca = TestCa::rfc8894();
    let id = IssuerAndSerialNumber {
        issuer: common::name("CN=nobody"),
        serial: vec![42],
    };
    let names = IssuerAndSubject {
        issuer: ca.ca.subject().clone(),
        subject: common::name("CN=d"),
    };
    for (message_type, good) in [
        (MessageType::CertPoll, names.to_der()),
        (MessageType::GetCert, id.to_der()),
        (MessageType::GetCrl, id.to_der()),
    ] {
        let well = sealed(&ca, &good);
        let garbage = sealed(&ca, b"\x30\x04garbage that is no name and no number");
        // the last octet is ciphertext, so the padding goes wrong
        let mut padding = well.clone();
        *padding.last_mut().unwrap() ^= 1;
        let mut seen = Vec::new();
        for (n, envelope) in [well, garbage, padding].into_iter().enumerate() {
            let seed = 100 + u64::try_from(n).unwrap();
            let reply = ca
                .respond(&query(message_type.clone(), "none", envelope, seed))
                .unwrap();
            assert_eq!(
                reply.fail_info,
                Some(FailInfo::BadCertId),
                "{message_type} {n}"
            );
            seen.push(visible(&reply));
        }
        assert!(
            seen.iter().all(|other| *other == seen[0]),
            "{message_type}: {seen:?}"
        );
    }
}

/// Enrolls up to the first reply, which is PENDING; returns the PKCSReq.
fn pending(ca: &TestCa) -> (Enrollment, Request) {
    *ca.pending.lock().unwrap() = 1;
    let mut enrollment = Enrollment::new(default_provider(), ca.params("CN=device-1"));
    let mut rng = TestRandom(3);
    let last = exchange(
        &mut enrollment,
        ca,
        "AES\nSHA-256\nPOSTPKIOperation\n",
        3,
        &mut rng,
    );
    (enrollment, last)
}

#[test]
fn after_approval_nothing_is_issued_twice_whatever_is_asked_again() {
    let ca = TestCa::rfc8894();
    let (mut enrollment, first) = pending(&ca);
    let mut rng = TestRandom(8);
    let later = NOW.plus(std::time::Duration::from_secs(3600));
    let Next::Send(poll) = enrollment.next(later, &mut rng).unwrap() else {
        panic!()
    };
    // a poll on its way is no reason to lose the transaction
    assert!(enrollment.pending().is_some());
    assert_eq!(
        ca.respond(&poll.body).unwrap().pki_status,
        PkiStatus::Success
    );
    // the answer got lost: the client asks by a new poll, or sends its first request again
    let id = enrollment.transaction_id().unwrap().clone();
    let state = enrollment.pending().unwrap();
    let mut resumed = Enrollment::resume(default_provider(), ca.params("CN=x"), &state).unwrap();
    let Next::Send(again) = resumed.next(later, &mut TestRandom(21)).unwrap() else {
        panic!()
    };
    assert_ne!(again.body, poll.body);
    assert_eq!(
        ca.respond(&again.body).unwrap().pki_status,
        PkiStatus::Success,
        "{id}"
    );
    assert_eq!(
        ca.respond(&first.body).unwrap().pki_status,
        PkiStatus::Success
    );
    assert_eq!(ca.issued.lock().unwrap().len(), 1);
}

#[test]
fn another_key_with_the_same_transaction_id_neither_gets_nor_disturbs_it() {
    let ca = TestCa::rfc8894();
    let (mut enrollment, _) = pending(&ca);
    let id = enrollment.transaction_id().unwrap().as_str().to_owned();
    let other = key("other");
    let stranger = certificate(
        "CN=s",
        "CN=s",
        other.as_ref(),
        other.as_ref(),
        1,
        Vec::new(),
    );
    let names = IssuerAndSubject {
        issuer: ca.ca.subject().clone(),
        subject: common::name("CN=device-1"),
    };
    let mut builder = MessageBuilder::new(
        MessageType::CertPoll,
        TransactionId::new(id).unwrap(),
        stranger,
    );
    builder.sender_nonce = Some(SenderNonce::random(&mut TestRandom(5)));
    builder.envelope = Some(sealed(&ca, &names.to_der()));
    let poll = builder
        .sign(provider(), other.as_ref(), &mut TestRandom(5))
        .unwrap();
    assert_eq!(
        ca.respond(&poll).unwrap().fail_info,
        Some(FailInfo::BadCertId)
    );
    let later = NOW.plus(std::time::Duration::from_secs(3600));
    let Next::Send(own) = enrollment.next(later, &mut TestRandom(6)).unwrap() else {
        panic!()
    };
    assert_eq!(
        ca.respond(&own.body).unwrap().pki_status,
        PkiStatus::Success
    );
}

#[test]
fn a_request_without_sender_nonce_gets_no_reply() {
    let ca = TestCa::rfc8894();
    let mut builder = MessageBuilder::new(
        MessageType::CertPoll,
        TransactionId::new("t").unwrap(),
        signer(),
    );
    builder.envelope = Some(sealed(&ca, b"0\x00"));
    let message = builder
        .sign(provider(), key("client").as_ref(), &mut TestRandom(5))
        .unwrap();
    let rejection = ca.respond(&message).unwrap_err();
    assert!(
        rejection.to_string().contains("no senderNonce"),
        "{rejection}"
    );
}
