//! What the standards say of octets that are written: versions, fields, nonces.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::collections::BTreeSet;

use common::samples::{self, Shape};
use common::{CHALLENGE, TestCa, TestRandom, key, name, provider};
use scep_core::asn1::{Reader, tag};
use scep_core::cms::{EnvelopedData, SealTo, certs_only, crl_only, seal};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport, SystemRandom};
use scep_core::limits::Limits;
use scep_core::message::{ChallengePassword, MessageType, SenderNonce, SignedMessage};
use scep_core::x509::CertificationRequestBuilder;

/// The fields of a SEQUENCE.
fn fields(der: &[u8]) -> Vec<&[u8]> {
    let outer = Reader::new(der).next("").unwrap();
    let (mut reader, mut out) = (outer.reader(), Vec::new());
    while !reader.is_empty() {
        out.push(reader.next("").unwrap().raw);
    }
    out
}

/// The fields of the SEQUENCE in a ContentInfo.
fn content(der: &[u8]) -> Vec<&[u8]> {
    fields(fields(fields(der)[1])[0])
}

fn version(fields: &[&[u8]]) -> u32 {
    let mut reader = Reader::new(fields[0]);
    let version = reader.expect(tag::INTEGER, "").unwrap();
    version.small_integer().unwrap()
}

#[test]
fn versions_of_signed_data_and_signer_info_are_1() {
    for (what, message) in samples::all() {
        let signed_data = content(&message);
        assert_eq!(version(&signed_data), 1, "{what}");
        let signer_infos = fields(signed_data.last().unwrap());
        assert_eq!(signer_infos.len(), 1, "{what}");
        let signer_info = fields(signer_infos[0]);
        assert_eq!(version(&signer_info), 1, "{what}");
        // by issuer and serial number, as that version says
        assert_eq!(signer_info[1][0], tag::SEQUENCE, "{what}");
    }
    let ca = TestCa::rfc8894();
    for bundle in [ca.bundle(), certs_only(&[]), crl_only(ca.crl().as_der())] {
        assert_eq!(version(&content(&bundle)), 1);
    }
}

#[test]
fn versions_of_enveloped_data_follow_its_recipients() {
    let ca = TestCa::rfc8894();
    let password = ChallengePassword::new(CHALLENGE);
    let to_key = SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15);
    // RFC 5083: that of an AuthEnvelopedData is 0 whoever receives it
    for (to, cipher, expected) in [
        (to_key, ContentCipher::Aes128Cbc, 0),
        (SealTo::Password(&password), ContentCipher::Aes128Cbc, 3),
        (SealTo::Password(&password), ContentCipher::Aes128Gcm, 0),
    ] {
        let envelope = seal(provider(), to, cipher, b"x", &mut TestRandom(1)).unwrap();
        let enveloped = content(&envelope);
        assert_eq!(version(&enveloped), expected, "{cipher}");
        let recipient = fields(enveloped[1])[0];
        let kind = match to {
            SealTo::Certificate(..) => tag::SEQUENCE,
            SealTo::Password(_) => tag::context_constructed(3),
        };
        assert_eq!(recipient[0], kind, "{cipher}");
        assert_eq!(version(&fields(recipient)), 0, "{cipher}");
        // id-data: 1.2.840.113549.1.7.1
        let encrypted = fields(enveloped[2]);
        assert_eq!(
            encrypted[0],
            [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]
        );
    }
}

#[test]
fn what_is_encrypted_is_data_both_ways() {
    let ca = TestCa::rfc8894();
    let csr = samples::csr();
    let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), Shape::default());
    let reply = ca.respond(&message).unwrap();
    for der in [message, reply.der] {
        let decoded = SignedMessage::decode(&der, &Limits::DEFAULT).unwrap();
        let content = decoded.content().unwrap();
        let envelope = EnvelopedData::decode(content, &Limits::DEFAULT).unwrap();
        assert_eq!(envelope.content.content_type, scep_core::oid::DATA);
    }
}

#[test]
fn a_certification_request_has_its_attributes_though_there_be_none() {
    for challenge in [None, Some(ChallengePassword::new(CHALLENGE))] {
        let empty = challenge.is_none();
        let csr = CertificationRequestBuilder {
            subject: name("CN=d"),
            challenge,
            extensions: Vec::new(),
        }
        .sign(
            key("client").as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(1),
        )
        .unwrap();
        let info = fields(fields(csr.as_der())[0]);
        assert_eq!(info.len(), 4);
        assert_eq!(info[3][0], tag::context_constructed(0));
        assert_eq!(info[3] == [0xa0, 0], empty);
        csr.verify(provider()).unwrap();
    }
}

#[test]
fn a_thousand_nonces_differ() {
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        let nonce = SenderNonce::random(&mut SystemRandom);
        assert_eq!(nonce.as_octets().len(), 16);
        assert!(seen.insert(nonce.as_octets().to_vec()), "{nonce}");
    }
    // no octet is always the same
    for at in 0..16 {
        let octets: BTreeSet<u8> = seen.iter().map(|nonce| nonce[at]).collect();
        assert!(octets.len() > 100, "octet {at}");
    }
}
