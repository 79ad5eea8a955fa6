//! What somebody could try with messages that were overheard.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::samples::{self, Shape};
use common::throwaway::{csr, message, to_ra};
use common::{CA, CHALLENGE, NOW, TestCa, TestRandom, certificate, key, name, provider};
use scep_core::asn1::{Reader, tag, write};
use scep_core::crypto::{DigestAlgorithm, SignatureAlgorithm, SystemRandom};
use scep_core::message::{
    FailInfo, IssuerAndSerialNumber, MessageBuilder, MessageType, PkiStatus, SenderNonce,
    TransactionId,
};
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentKind, EnrollmentRequest, RejectionStage,
    SignerStanding, Transactions,
};
use scep_core::x509::{Certificate, CertificationRequestBuilder, Crl, Extension, GeneralName};
use scep_core::{UnixTime, oid};

/// Answers every query, whatever it names.
struct Careless(TestCa);

impl Authority for Careless {
    fn authorize(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Authorization {
        self.0.authorize(request, now)
    }
    fn issue(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Decision {
        self.0.issue(request, now)
    }
    fn crl(&self, _id: &IssuerAndSerialNumber, _signer: &Certificate) -> Option<Crl> {
        Some(self.0.crl())
    }
    fn is_revoked(&self, _certificate: &Certificate) -> bool {
        false
    }
    fn transactions(&self) -> &dyn Transactions {
        self.0.transactions()
    }
}

/// A forged first block with garbage behind it must not become a question: the answer would tell
/// whether the garbage was decrypted.
#[test]
fn a_query_that_names_another_ca_is_not_asked() {
    let careless = Careless(TestCa::rfc8894());
    let ca = &careless.0;
    let id = |issuer: &str, serial: Vec<u8>| {
        let issuer = name(issuer);
        IssuerAndSerialNumber { issuer, serial }.to_der()
    };
    let mut trailing = id(CA, vec![5]);
    trailing.extend_from_slice(&[0; 8]);
    let empty = write::sequence(&[&write::sequence(&[]), &write::tlv(tag::INTEGER, &[1])]);
    for (content, found) in [
        (id(CA, vec![5]), true),
        (id(CA, vec![1; 21]), true),
        (id(CA, vec![1; 22]), false),
        (id("CN=nobody", vec![5]), false),
        (empty, false),
        (trailing, false),
    ] {
        let message = samples::request(ca, MessageType::GetCrl, &content, Shape::default());
        let rng = &mut TestRandom(2);
        let reply = ca.responder.respond(&message, &careless, NOW, rng).unwrap();
        let expected = if found {
            PkiStatus::Success
        } else {
            assert_eq!(reply.fail_info, Some(FailInfo::BadCertId));
            PkiStatus::Failure
        };
        assert_eq!(reply.pki_status, expected, "{content:02x?}");
    }
}

/// The order of P-256 less `s`.
fn negated(s: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let s = s.strip_prefix(&[0]).unwrap_or(s);
    let mut padded = vec![0; 32 - s.len()];
    padded.extend_from_slice(s);
    let mut borrow = 0_i16;
    let mut out = vec![0; 32];
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(padded[at]) - borrow;
        borrow = i16::from(difference < 0);
        out[at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    out
}

/// Of an ECDSA signature anybody can make another one that is right; it is the same request still.
#[test]
fn the_other_signature_of_a_request_makes_no_new_one() {
    let ca = TestCa::rfc8894();
    let private = key("p256");
    let content = to_ra(&ca, &csr(private.as_ref(), Some(CHALLENGE)));
    let original = message(MessageType::PkcsReq, content, private.as_ref());
    let decoded =
        scep_core::message::SignedMessage::decode(&original, &scep_core::limits::Limits::DEFAULT)
            .unwrap();
    let signature = &decoded.signer_info().signature;
    let mut fields = Reader::new(signature)
        .expect(tag::SEQUENCE, "signature")
        .unwrap()
        .reader();
    let r = fields.expect(tag::INTEGER, "r").unwrap();
    let s = fields.expect(tag::INTEGER, "s").unwrap();
    let other = write::sequence(&[r.raw, &write::unsigned_integer(&negated(s.value))]);
    let forged = samples::with_signature(&original, signature, &other);
    let first = ca.respond(&original).unwrap();
    assert_eq!(first.pki_status, PkiStatus::Success, "{:?}", first.cause);
    let second = ca.respond(&forged).unwrap();
    assert!(second.repeated, "{:?}", second.cause);
    assert_eq!(second.der, first.der);
    assert_eq!(ca.issued.lock().unwrap().len(), 1);
}

/// Else the reply, encrypted with the victim's challenge password, would let it be guessed.
#[test]
fn another_ones_request_is_not_answered_with_its_password() {
    let ca = TestCa::rfc8894();
    let victim = to_ra(&ca, &csr(key("client").as_ref(), Some(CHALLENGE)));
    let attacker = key("p256");
    let stolen = message(MessageType::PkcsReq, victim, attacker.as_ref());
    let reply = ca.respond(&stolen).unwrap();
    assert_eq!(reply.fail_info, Some(FailInfo::BadMessageCheck));
    assert_eq!(reply.cause.unwrap().0, RejectionStage::Decrypt);
    assert!(ca.issued.lock().unwrap().is_empty());
}

/// The CA's own certificate is none that a client could renew.
#[test]
fn a_ca_is_nobodys_client() {
    let ca = TestCa::rfc8894();
    let id = TransactionId::new("ca").unwrap();
    let mut builder = MessageBuilder::new(MessageType::RenewalReq, id, ca.ca.clone());
    builder.sender_nonce = Some(SenderNonce::random(&mut SystemRandom));
    let content = csr(key("client").as_ref(), Some(CHALLENGE));
    builder.envelope = Some(to_ra(&ca, &content));
    let signed = builder.sign(provider(), ca.ca_key.as_ref(), &mut SystemRandom);
    let reply = ca.respond(&signed.unwrap()).unwrap();
    assert_eq!(reply.cause.unwrap().0, RejectionStage::Renewal);
}

/// A reply without recipientNonce could be played to anybody.
#[test]
fn a_request_without_nonce_gets_no_signed_answer_at_all() {
    let ca = TestCa::rfc8894();
    let (signer, private) = samples::device();
    let id = TransactionId::new("no-nonce").unwrap();
    let mut builder = MessageBuilder::new(MessageType::PkcsReq, id, signer);
    builder.envelope = Some(b"x".to_vec());
    let mut message = builder
        .sign(provider(), private.as_ref(), &mut SystemRandom)
        .unwrap();
    for _ in 0..2 {
        let rejection = ca.respond(&message).unwrap_err();
        assert_eq!(rejection.stage, RejectionStage::Decode);
        // and not either if the signature is wrong
        *message.last_mut().unwrap() ^= 1;
    }
}

/// A renewal for other names than the certificate has, or for names that cannot be read.
#[test]
fn other_names_than_the_signers_are_told() {
    let private = key("client");
    let signer = certificate(
        "CN=e",
        CA,
        private.as_ref(),
        key("ca").as_ref(),
        3,
        vec![Extension::subject_alt_name(&[GeneralName::Dns(
            "e.test".into(),
        )])],
    );
    let san = |name: &str| Extension::subject_alt_name(&[GeneralName::Dns(name.into())]);
    let broken = Extension {
        oid: oid::SUBJECT_ALT_NAME,
        critical: false,
        value: vec![0x30, 0x05, 0x82],
    };
    for (subject, extensions, same) in [
        ("CN=e", vec![], true),
        ("CN=e", vec![san("e.test")], true),
        ("CN=f", vec![san("e.test")], false),
        ("CN=e", vec![san("f.test")], false),
        ("CN=e", vec![broken], false),
    ] {
        let csr = CertificationRequestBuilder {
            subject: name(subject),
            challenge: None,
            extensions,
        }
        .sign(
            private.as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(4),
        )
        .unwrap();
        let request = EnrollmentRequest {
            kind: EnrollmentKind::Renewal,
            csr: &csr,
            signer: &signer,
            standing: SignerStanding::Issued,
            recipient: None,
            transaction_id: &TransactionId::new("n").unwrap(),
        };
        assert_eq!(request.asks_for_the_signers_names(), same, "{csr:?}");
    }
}

/// Names that the CA has not seen are not signed.
#[test]
fn a_request_for_names_that_cannot_be_read_never_reaches_the_authority() {
    let ca = TestCa::rfc8894();
    let private = key("client");
    // cut off, and an empty list with names behind it
    for value in [
        &[0x30, 0x05, 0x82][..],
        b"\x30\x00\x30\x06\x82\x04evil",
        b"",
    ] {
        let content = CertificationRequestBuilder {
            subject: name("CN=e"),
            challenge: Some(scep_core::message::ChallengePassword::new(CHALLENGE)),
            extensions: vec![Extension {
                oid: oid::SUBJECT_ALT_NAME,
                critical: false,
                value: value.to_vec(),
            }],
        }
        .sign(
            private.as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(4),
        )
        .unwrap();
        assert!(content.subject_alt_names().is_empty());
        assert!(content.has_unreadable_names(), "{value:02x?}");
        let envelope = to_ra(&ca, content.as_der());
        let request = message(MessageType::PkcsReq, envelope, private.as_ref());
        let reply = ca.respond(&request).unwrap();
        assert_eq!(reply.fail_info, Some(FailInfo::BadMessageCheck));
    }
    assert!(ca.issued.lock().unwrap().is_empty());
}

/// digestAlgorithm and signatureAlgorithm must not speak of two digests, of which one may be weak.
#[test]
fn a_signature_with_another_digest_than_the_contents_is_refused() {
    let ca = TestCa::rfc8894();
    let private = key("client");
    let envelope = to_ra(&ca, &csr(private.as_ref(), Some(CHALLENGE)));
    let signer = certificate(
        "CN=e",
        "CN=e",
        private.as_ref(),
        private.as_ref(),
        3,
        Vec::new(),
    );
    let id = TransactionId::new("two-digests").unwrap();
    let mut builder = MessageBuilder::new(MessageType::PkcsReq, id, signer);
    builder.sender_nonce = Some(SenderNonce::random(&mut SystemRandom));
    builder.envelope = Some(envelope);
    builder.digest = DigestAlgorithm::Sha512;
    builder.signature_oid = scep_core::cms::SignatureOid::WithDigest;
    let unsigned = builder.to_be_signed(provider()).unwrap();
    let signed = |digest| {
        let scheme = SignatureAlgorithm::RsaPkcs1v15(digest);
        let signature = private.sign(scheme, unsigned.octets(), &mut SystemRandom);
        unsigned.clone().with_signature(&signature.unwrap())
    };
    // sha512WithRSAEncryption becomes sha256WithRSAEncryption, in the SignerInfo, which is the last
    let mut mixed = signed(DigestAlgorithm::Sha256);
    let sha512_with_rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
    let at = mixed
        .windows(sha512_with_rsa.len())
        .rposition(|octets| octets == sha512_with_rsa)
        .unwrap();
    mixed[at + 8] = 0x0b;
    let reply = ca.respond(&mixed).unwrap();
    let (stage, error) = reply.cause.unwrap();
    assert_eq!(stage, RejectionStage::Verify);
    assert!(error.to_string().contains("digestAlgorithm"), "{error}");
    let reply = ca.respond(&signed(DigestAlgorithm::Sha512)).unwrap();
    assert_eq!(reply.pki_status, PkiStatus::Success);
}
