//! The algorithm policy: what is refused, what is read, what is sent.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::provider::{signing, signs_with, supported};
use common::samples::{self, Shape};
use common::{TestCa, TestRandom, key, provider};
use scep_core::Error;
use scep_core::client::{Enrollment, Next};
use scep_core::cms::{Openers, SignatureOid};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, SignatureAlgorithm, default_provider};
use scep_core::limits::Limits;
use scep_core::message::{MessageBuilder, MessageType, SignedMessage, TransactionId};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::ReplyStyle;

const LIMITS: Limits = Limits::DEFAULT;

#[test]
fn md5_and_des_need_a_legacy_policy() {
    for (shape, algorithm) in [
        (
            Shape {
                digest: DigestAlgorithm::Md5,
                ..Shape::default()
            },
            "MD5",
        ),
        (
            Shape {
                cipher: ContentCipher::DesCbc,
                ..Shape::default()
            },
            "DES-CBC",
        ),
    ] {
        if !signs_with(shape.digest) {
            continue;
        }
        for (policy, accepted) in [
            (AlgorithmPolicy::RFC8894, false),
            (AlgorithmPolicy::NDES, false),
            (AlgorithmPolicy::LEGACY, true),
        ] {
            let ca = TestCa::new(ReplyStyle::RFC8894, policy);
            let csr = samples::csr();
            let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), shape);
            let reply = ca.respond(&message).unwrap();
            assert_eq!(
                reply.issued.is_some(),
                accepted,
                "{algorithm}, {}",
                policy.name
            );
            let decoded = SignedMessage::decode(&reply.der, &LIMITS).unwrap();
            if accepted {
                // mirrored, because the policy allows to send it as well
                let digest = decoded.signer_info().digest_algorithm.digest().unwrap();
                assert_eq!(digest, shape.digest);
            } else {
                let fail_info = decoded.attributes().fail_info.clone();
                assert_eq!(fail_info, Some(scep_core::message::FailInfo::BadAlg));
                let (_, cause) = reply.cause.unwrap();
                assert!(
                    matches!(&cause, Error::ForbiddenByPolicy { algorithm: a, policy: p }
                        if a.contains(algorithm) && *p == policy.name),
                    "{cause:?}"
                );
            }
        }
    }
}

/// A good digestAlgorithm does not cover for a broken digest in signatureAlgorithm.
#[test]
fn the_digest_inside_the_signature_counts_too() {
    let (signer, private) = samples::device();
    let id = TransactionId::new("t").unwrap();
    let mut builder = MessageBuilder::new(MessageType::PkcsReq, id, signer);
    builder.signature_oid = SignatureOid::WithDigest;
    let unsigned = builder.to_be_signed(provider()).unwrap();
    let md5 = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Md5);
    let signature = private.sign(md5, unsigned.octets(), &mut TestRandom(1));
    let Some(signature) = supported(signature, [signing(md5)]) else {
        return;
    };
    let mut message = unsigned.with_signature(&signature);
    // sha256WithRSAEncryption and md5WithRSAEncryption differ in their last octet
    let oid = DigestAlgorithm::Sha256.rsa_signature_oid();
    let starts = 0..message.len() - oid.as_bytes().len();
    let at = starts
        .rev()
        .find(|at| message[*at..].starts_with(oid.as_bytes()))
        .unwrap();
    message[at + oid.as_bytes().len() - 1] = 4;
    let verify = |policy| {
        let decoded = SignedMessage::decode(&message, &LIMITS).unwrap();
        decoded.verify(provider(), &policy, &[])
    };
    let refused = verify(AlgorithmPolicy::RFC8894);
    assert!(matches!(refused, Err(Error::ForbiddenByPolicy { .. })));
    // where MD5 is allowed, two digests in one signature are not
    let refused = verify(AlgorithmPolicy::LEGACY);
    assert!(matches!(refused, Err(Error::PeerMisbehaved { .. })));
}

/// The reader's side of the same: a client opens what its policy allows.
#[test]
fn an_envelope_is_opened_under_the_readers_policy() {
    let ca = TestCa::rfc8894();
    let keys = [(ca.ra.clone(), key("ra"))];
    for (cipher, modern) in [
        (ContentCipher::DesCbc, false),
        (ContentCipher::DesEde3Cbc, true),
        (ContentCipher::Aes256Cbc, true),
    ] {
        let shape = Shape {
            cipher,
            ..Shape::default()
        };
        let message = samples::request(&ca, MessageType::PkcsReq, samples::csr().as_der(), shape);
        for policy in [AlgorithmPolicy::RFC8894, AlgorithmPolicy::LEGACY] {
            let decoded = SignedMessage::decode(&message, &LIMITS).unwrap();
            let verified = decoded.verify(provider(), &policy, &[]).unwrap();
            let opened = verified.open(
                provider(),
                &policy,
                &LIMITS,
                Openers::keys(&keys),
                &mut TestRandom(1),
            );
            match opened {
                Ok(opened) => {
                    assert!(modern || policy == AlgorithmPolicy::LEGACY, "{cipher}");
                    assert_eq!(
                        (opened.cipher, opened.transport),
                        (cipher, Some(shape.transport))
                    );
                }
                Err(error) => {
                    assert!(!modern && policy == AlgorithmPolicy::RFC8894, "{error}");
                    assert!(matches!(error, Error::ForbiddenByPolicy { .. }), "{error}");
                }
            }
        }
    }
}

#[test]
fn sha_1_is_sent_only_where_the_policy_allows_it() {
    let send = |policy: AlgorithmPolicy, capabilities: &str| {
        let ca = TestCa::new(ReplyStyle::RFC8894, policy);
        let mut params = ca.params(samples::SUBJECT);
        params.server.policy = policy;
        let mut enrollment = Enrollment::new(default_provider(), params);
        common::drive(&mut enrollment, &ca, capabilities).0
    };
    let sha_1 = "SHA-1\nDES3\nPOSTPKIOperation\n";
    let refused = send(AlgorithmPolicy::RFC8894, sha_1);
    assert!(
        matches!(refused, Err(Error::ForbiddenByPolicy { .. })),
        "{refused:?}"
    );
    let sent = send(AlgorithmPolicy::NDES, sha_1);
    let scheme = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha1);
    let Some(end) = supported(sent, [signing(scheme)]) else {
        return;
    };
    assert!(matches!(end, Next::Issued(_)), "{end:?}");
    // a SHA-1 request is read under RFC 8894, and answered with something better
    let ca = TestCa::rfc8894();
    let shape = Shape {
        digest: DigestAlgorithm::Sha1,
        ..Shape::default()
    };
    let message = samples::request(&ca, MessageType::PkcsReq, samples::csr().as_der(), shape);
    let reply = ca.respond(&message).unwrap();
    assert!(reply.issued.is_some());
    let decoded = SignedMessage::decode(&reply.der, &LIMITS).unwrap();
    let digest = decoded.signer_info().digest_algorithm.digest().unwrap();
    assert_eq!(digest, DigestAlgorithm::Sha256);
}
