//! The signed attributes: which of them count, how often, in which order, and as which string.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::raw::{Raw, attribute, printable};
use common::samples::{self, Shape};
use common::{TestCa, key, provider};
use scep_core::asn1::{tag, write};
use scep_core::crypto::DigestAlgorithm;
use scep_core::limits::Limits;
use scep_core::message::{MessageType, SignedMessage, VerifiedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_core::{Error, Result, oid};

fn decode(message: &[u8]) -> Result<SignedMessage> {
    SignedMessage::decode(message, &Limits::DEFAULT)
}

fn verify(message: &[u8]) -> Result<VerifiedMessage> {
    decode(message)?.verify(provider(), &AlgorithmPolicy::RFC8894, &[])
}

/// The attribute of a [`Raw::request`] with this type.
fn position(raw: &Raw, wanted: oid::ObjectIdentifier) -> usize {
    let octets = write::oid(wanted);
    let has = |a: &Vec<u8>| a[2..].starts_with(&octets);
    raw.attributes.iter().position(has).unwrap()
}

#[test]
fn attributes_that_are_not_signed_say_nothing() {
    let mut beside = Raw::request();
    beside.unsigned = vec![
        attribute(oid::MESSAGE_TYPE, &[printable("3")]),
        attribute(oid::TRANSACTION_ID, &[printable("somebody-elses")]),
        attribute(oid::PKI_STATUS, &[printable("0")]),
    ];
    let verified = verify(&beside.to_der()).unwrap();
    let attributes = verified.attributes();
    assert_eq!(attributes.message_type, MessageType::PkcsReq);
    assert_eq!(attributes.transaction_id.as_str(), "T-1");
    assert_eq!(attributes.pki_status, None);
    assert!(verified.message().deviations().has("unsigned-attributes"));

    for oid in [oid::MESSAGE_TYPE, oid::TRANSACTION_ID] {
        let mut moved = Raw::request();
        let at = position(&moved, oid);
        moved.unsigned = vec![moved.attributes.remove(at)];
        let error = decode(&moved.to_der()).unwrap_err();
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
    }
}

#[test]
fn a_message_needs_its_type_and_its_transaction_id() {
    for (oid, name) in [
        (oid::MESSAGE_TYPE, "messageType"),
        (oid::TRANSACTION_ID, "transactionID"),
    ] {
        let mut raw = Raw::request();
        let at = position(&raw, oid);
        raw.attributes.remove(at);
        let error = decode(&raw.to_der()).unwrap_err().to_string();
        assert!(error.contains(&format!("no {name}")), "{error}");
    }
}

#[test]
fn each_attribute_is_there_once_and_has_one_value() {
    let nonce = |n: u8| write::octet_string(&[n; 16]);
    for (oid, one, other) in [
        (oid::MESSAGE_TYPE, printable("19"), printable("17")),
        (oid::TRANSACTION_ID, printable("T-1"), printable("T-2")),
        (oid::PKI_STATUS, printable("0"), printable("2")),
        (oid::FAIL_INFO, printable("1"), printable("2")),
        (oid::FAIL_INFO_TEXT, printable("a"), printable("b")),
        (oid::SENDER_NONCE, nonce(1), nonce(2)),
        (oid::RECIPIENT_NONCE, nonce(1), nonce(2)),
        (
            oid::CONTENT_TYPE,
            write::oid(oid::DATA),
            write::oid(oid::SIGNED_DATA),
        ),
    ] {
        let read = |attributes: Vec<Vec<u8>>| {
            let mut raw = Raw::request();
            let octets = write::oid(oid);
            raw.attributes.retain(|a| !a[2..].starts_with(&octets));
            raw.attributes.extend(attributes);
            decode(&raw.to_der())
        };
        let attribute = |values: &[Vec<u8>]| attribute(oid, values);
        let both = [one.clone(), other];
        read(vec![attribute(&both[..1])]).unwrap();
        for (attributes, sentence) in [
            // even if they say the same
            (vec![attribute(&both[..1]); 2], "occurs more than once"),
            (
                vec![attribute(&both[..1]), attribute(&both[1..])],
                "occurs more than once",
            ),
            (vec![attribute(&both)], "has 2 values, not one"),
            (vec![attribute(&[])], "has 0 values, not one"),
        ] {
            let error = read(attributes).unwrap_err();
            assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
            assert!(error.to_string().contains(sentence), "{oid}: {error}");
        }
    }
}

#[test]
fn attributes_in_another_order_are_verified_as_received_and_as_sorted() {
    for (signed_as_sorted, noted) in [(false, false), (true, true)] {
        let mut raw = Raw::request();
        raw.attributes.sort();
        raw.attributes.reverse();
        raw.signed_as_sorted = signed_as_sorted;
        let verified = verify(&raw.to_der()).unwrap();
        let deviations = verified.message().deviations();
        assert!(deviations.has("unsorted-attributes"));
        assert_eq!(deviations.has("signed-over-sorted-attributes"), noted);

        // neither order helps a wrong key
        raw.key = key("other");
        let error = verify(&raw.to_der()).unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error:?}");
    }
    let mut sorted = Raw::request();
    sorted.attributes.sort_by_key(|a| (a.len(), a.clone()));
    let sorted = verify(&sorted.to_der()).unwrap();
    assert!(!sorted.message().deviations().has("unsorted-attributes"));
}

#[test]
fn a_message_has_one_signer_info() {
    for count in [0, 2, 3] {
        let raw = Raw {
            signer_infos: count,
            ..Raw::request()
        };
        let error = decode(&raw.to_der()).unwrap_err();
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
        let sentence = format!("one SignerInfo, this one has {count}");
        assert!(error.to_string().contains(&sentence), "{error}");
    }
}

/// SET of one value below 1.3.6.1.5.5.7.24.1, as RFC 8894 section 3.2.1.4.1 has it.
fn fail_info_text(string_tag: u8, text: &str) -> Vec<u8> {
    let len = u8::try_from(text.len()).unwrap();
    let mut out = vec![0x06, 8, 0x2b, 6, 1, 5, 5, 7, 24, 1];
    out.extend([0x31, len + 2, string_tag, len]);
    out.extend(text.as_bytes());
    out
}

#[test]
fn fail_info_text_is_written_as_utf8_string_below_id_scep() {
    let ca = TestCa::rfc8894();
    let wrong = samples::csr_with("wrong", DigestAlgorithm::Sha256);
    let message = samples::request(&ca, MessageType::PkcsReq, wrong.as_der(), Shape::default());
    let reply = ca.respond(&message).unwrap().der;
    let expected = fail_info_text(0x0c, "wrong challenge");
    assert!(reply.windows(expected.len()).any(|w| w == expected));
}

#[test]
fn fail_info_text_is_read_as_printable_string_too() {
    for (string_tag, noted) in [(tag::UTF8_STRING, false), (tag::PRINTABLE_STRING, true)] {
        let mut raw = Raw::request();
        let text = fail_info_text(string_tag, "too early");
        raw.attributes.push(write::sequence(&[&text]));
        let verified = verify(&raw.to_der()).unwrap();
        let read = verified.attributes().fail_info_text.as_deref();
        assert_eq!(read, Some("too early"));
        let deviations = verified.message().deviations();
        assert_eq!(deviations.has("attribute-string-type"), noted);
    }
}

/// RFC 5754 section 2: all must take both.
#[test]
fn a_digest_algorithm_has_parameters_null_or_none() {
    for digest_parameters in [write::NULL, &[]] {
        let raw = Raw {
            digest_parameters,
            ..Raw::request()
        };
        let verified = verify(&raw.to_der()).unwrap();
        let signer_info = verified.message().signer_info();
        assert_eq!(signer_info.digest_algorithm.parameters, digest_parameters);
    }
    // and NULL is what is written
    let message = samples::pkcs_req(&TestCa::rfc8894());
    let decoded = decode(&message).unwrap();
    assert_eq!(
        decoded.signer_info().digest_algorithm.parameters,
        write::NULL
    );
}
