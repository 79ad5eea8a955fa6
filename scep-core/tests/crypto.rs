//! Keys, digests, ciphers, policies: round trips, and what must not be told.
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

use common::provider::{signing, supported};
use common::samples::{self, Shape, TRANSPORTS};
use common::{CHALLENGE, NOW, TestCa, TestRandom, certificate, key, provider};
use scep_core::Error;
use scep_core::client::{Enrollment, Next, Response};
use scep_core::cms::SignatureOid;
use scep_core::cms::{EnvelopedData, Openers, Recipient, seal};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, SignatureAlgorithm, default_provider,
};
use scep_core::limits::Limits;
use scep_core::message::{MessageBuilder, MessageType, SignedMessage, TransactionId};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{EnrollmentKind, EnrollmentRequest, Reply, SignerStanding};
use scep_core::x509::Certificate;

const LIMITS: Limits = Limits::DEFAULT;
const DIGESTS: [DigestAlgorithm; 6] = [
    DigestAlgorithm::Md5,
    DigestAlgorithm::Sha1,
    DigestAlgorithm::Sha224,
    DigestAlgorithm::Sha256,
    DigestAlgorithm::Sha384,
    DigestAlgorithm::Sha512,
];

#[test]
fn digests_are_those_of_the_standards() {
    // of "abc": RFC 1321, FIPS 180-4
    let known = [
        "900150983cd24fb0d6963f7d28e17f72",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ];
    for (digest, known) in DIGESTS.into_iter().zip(known) {
        let outcome = provider().digest(digest, b"abc");
        let Some(octets) = supported(outcome, [digest]) else {
            continue;
        };
        let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(hex, known, "{digest}");
        assert_eq!(octets.len(), digest.output_len());
        assert_eq!(DigestAlgorithm::from_oid(digest.oid()), Some(digest));
        let signature_oid = digest.rsa_signature_oid();
        assert_eq!(
            DigestAlgorithm::from_rsa_signature_oid(signature_oid),
            Some(digest)
        );
    }
}

#[test]
fn keys_of_every_size_sign_verify_and_transport() {
    let mut rng = TestRandom(1);
    for name in ["ca", "rsa3072", "rsa4096"] {
        let private = key(name);
        let spki = private.spki_der();
        for digest in DIGESTS {
            let algorithm = SignatureAlgorithm::RsaPkcs1v15(digest);
            let outcome = private.sign(algorithm, b"message", &mut rng);
            let Some(signature) = supported(outcome, [signing(algorithm)]) else {
                continue;
            };
            provider()
                .verify(spki, algorithm, b"message", &signature)
                .unwrap();
            let mut wrong = signature.clone();
            *wrong.last_mut().unwrap() ^= 1;
            let longer = [&[0], signature.as_slice()].concat();
            let other = SignatureAlgorithm::RsaPkcs1v15(if digest == DigestAlgorithm::Sha256 {
                DigestAlgorithm::Sha512
            } else {
                DigestAlgorithm::Sha256
            });
            for bad in [
                provider().verify(spki, algorithm, b"massage", &signature),
                provider().verify(spki, algorithm, b"message", &wrong),
                provider().verify(spki, algorithm, b"message", &longer),
                provider().verify(spki, algorithm, b"message", &[]),
                provider().verify(spki, other, b"message", &signature),
                provider().verify(key("other").spki_der(), algorithm, b"message", &signature),
            ] {
                assert!(matches!(bad, Err(Error::NotAuthentic { .. })), "{bad:?}");
            }
        }
        for transport in TRANSPORTS {
            for len in [8, 16, 24, 32] {
                let cek: Vec<u8> = (0..len).collect();
                let wrapped = provider()
                    .wrap_cek(spki, transport, &cek, &mut rng)
                    .unwrap();
                let unwrapped = private.decrypt_cek(transport, &wrapped, cek.len(), &mut rng);
                assert_eq!(*unwrapped.unwrap(), cek, "{name}, {transport:?}");
            }
        }
    }
}

#[test]
fn content_of_every_length_comes_back() {
    for cipher in [
        ContentCipher::DesCbc,
        ContentCipher::DesEde3Cbc,
        ContentCipher::Aes128Cbc,
        ContentCipher::Aes192Cbc,
        ContentCipher::Aes256Cbc,
    ] {
        let cek: Vec<u8> = (0..32).take(cipher.key_len()).collect();
        let iv = vec![4; cipher.block_len()];
        for len in 0..70 {
            let plain = vec![0x10; len];
            let sealed = provider()
                .encrypt_content(cipher, &cek, &iv, &plain)
                .unwrap();
            assert_eq!(
                sealed.len(),
                (len / cipher.block_len() + 1) * cipher.block_len()
            );
            let opened = provider()
                .decrypt_content(cipher, &cek, &iv, &sealed)
                .unwrap();
            assert_eq!(*opened, plain);
        }
        // one and the same error whatever is wrong
        let sealed = provider().encrypt_content(cipher, &cek, &iv, b"x").unwrap();
        let mut errors = vec![
            provider()
                .decrypt_content(cipher, &cek, &iv, &sealed[1..])
                .unwrap_err(),
            provider()
                .decrypt_content(cipher, &cek, &iv, &[])
                .unwrap_err(),
            provider()
                .decrypt_content(cipher, &cek[1..], &iv, &sealed)
                .unwrap_err(),
        ];
        let damaged: Vec<u8> = sealed.iter().map(|octet| octet ^ 0x55).collect();
        errors.extend(
            provider()
                .decrypt_content(cipher, &cek, &iv, &damaged)
                .err(),
        );
        assert!(errors.iter().all(|e| *e == errors[0]), "{errors:?}");
        let misuse = provider().encrypt_content(cipher, &cek, &iv[1..], b"x");
        assert!(matches!(misuse, Err(Error::Misuse(_))));
    }
}

/// RFC 3218: whatever is wrong with the padding, a random key comes back, of the length asked for.
#[test]
fn bad_padding_is_not_told() {
    let private = key("ra");
    let mut rng = TestRandom(1);
    for transport in TRANSPORTS {
        let cek = [7; 16];
        let good = provider()
            .wrap_cek(private.spki_der(), transport, &cek, &mut rng)
            .unwrap();
        let for_another = provider()
            .wrap_cek(key("other").spki_der(), transport, &cek, &mut rng)
            .unwrap();
        let mut corrupted = good.clone();
        corrupted[100] ^= 1;
        for (ciphertext, len) in [
            (for_another, 16),
            (corrupted, 16),
            (vec![0; 256], 16),
            (vec![0xff; 256], 16),
            // the right key, but the cipher needs another length
            (good, 24),
        ] {
            let mut keys = Vec::new();
            for _ in 0..2 {
                let key = private
                    .decrypt_cek(transport, &ciphertext, len, &mut rng)
                    .unwrap();
                assert_eq!(key.len(), len);
                assert!(key.iter().any(|octet| *octet != 0) && !key.starts_with(&cek));
                keys.push(key);
            }
            // PKCS #1 may derive its substitute from the ciphertext; a random one differs
            assert!(keys[0] != keys[1] || transport == KeyTransport::RsaPkcs1v15);
        }
        // the length of the ciphertext is public
        let short = private.decrypt_cek(transport, &[1; 255], 16, &mut rng);
        assert!(matches!(short, Err(Error::Malformed { .. })));
    }
}

/// Replaces the content of the envelope in a PKCSReq, and signs anew.
fn altered(
    ca: &TestCa,
    transport: KeyTransport,
    alter: impl Fn(&mut EnvelopedData<'_>),
) -> Vec<u8> {
    let (cipher, csr) = (ContentCipher::Aes128Cbc, samples::csr());
    let mut rng = TestRandom(3);
    let der = seal(
        provider(),
        scep_core::cms::SealTo::Certificate(&ca.ra, transport),
        cipher,
        csr.as_der(),
        &mut rng,
    )
    .unwrap();
    let before = EnvelopedData::decode(&der, &LIMITS).unwrap();
    let mut after = before.clone();
    alter(&mut after);
    let parts = |envelope: &EnvelopedData<'_>| match &envelope.recipients[0] {
        Recipient::KeyTrans(info) => [
            info.encrypted_key.clone(),
            envelope.content.ciphertext.to_vec(),
        ],
        other => panic!("{other:?}"),
    };
    let mut changed = der.clone();
    for (old, new) in parts(&before).into_iter().zip(parts(&after)) {
        let at = der.windows(old.len()).position(|w| w == old).unwrap();
        changed[at..at + old.len()].copy_from_slice(&new);
    }
    samples::around(MessageType::PkcsReq, changed, Shape::default())
}

fn encrypted_key<'a>(envelope: &'a mut EnvelopedData<'_>) -> &'a mut Vec<u8> {
    match &mut envelope.recipients[0] {
        Recipient::KeyTrans(info) => &mut info.encrypted_key,
        other => panic!("{other:?}"),
    }
}

/// What a stranger sees of a reply: everything but the fresh nonce and what follows from it.
fn visible(reply: &Reply) -> (String, usize) {
    let decoded = SignedMessage::decode(&reply.der, &LIMITS).unwrap();
    let attributes = decoded.attributes();
    let text = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        attributes.message_type,
        attributes.pki_status,
        attributes.fail_info,
        attributes.fail_info_text,
        attributes.microsoft,
        decoded.content(),
    );
    (text, reply.der.len())
}

#[test]
fn everything_after_the_rsa_decryption_is_answered_alike() {
    let ca = TestCa::rfc8894();
    for transport in TRANSPORTS {
        let messages = [
            altered(&ca, transport, |e| encrypted_key(e)[9] ^= 1),
            altered(&ca, transport, |e| encrypted_key(e).fill(0)),
            altered(&ca, transport, |e| encrypted_key(e).fill(0xff)),
            altered(&ca, transport, |e| {
                *encrypted_key(e).last_mut().unwrap() ^= 0x40;
            }),
            // padding of the content broken, and first block of it broken
            altered(&ca, transport, |e| {
                *e.content.ciphertext.to_mut().last_mut().unwrap() ^= 1;
            }),
            altered(&ca, transport, |e| e.content.ciphertext.to_mut()[3] ^= 1),
        ];
        let seen: Vec<_> = messages
            .iter()
            .map(|message| visible(&ca.respond(message).unwrap()))
            .collect();
        assert!(seen.iter().all(|s| *s == seen[0]), "{seen:#?}");
    }
    // a content that is no request, one with a wrong signature, one with an unknown algorithm
    let csr = samples::csr().as_der().to_vec();
    let mut forged = csr.clone();
    *forged.last_mut().unwrap() ^= 1;
    let mut foreign = csr.clone();
    let sha256_with_rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    let starts = 0..csr.len() - 9;
    let at = starts
        .rev()
        .find(|at| csr[*at..].starts_with(&sha256_with_rsa))
        .unwrap();
    foreign[at + 8] = 0x7f;
    let broken = altered(&ca, TRANSPORTS[0], |e| encrypted_key(e)[9] ^= 1);
    let expected = visible(&ca.respond(&broken).unwrap());
    for content in [
        &b"garbage"[..],
        &[],
        &csr[..csr.len() - 1],
        &forged,
        &foreign,
    ] {
        let message = samples::request(&ca, MessageType::PkcsReq, content, Shape::default());
        let reply = ca.respond(&message).unwrap();
        assert_eq!(visible(&reply), expected, "{:?}", reply.cause);
    }
    assert!(ca.issued.lock().unwrap().is_empty());
}

#[test]
fn signing_in_two_steps_gives_the_same_octets() {
    let (signer, private) = samples::device();
    for digest in DIGESTS {
        for signature_oid in [SignatureOid::RsaEncryption, SignatureOid::WithDigest] {
            let id = TransactionId::new("two-steps").unwrap();
            let mut builder = MessageBuilder::new(MessageType::PkcsReq, id, signer.clone());
            builder.digest = digest;
            builder.signature_oid = signature_oid;
            builder.signing_time = Some(NOW);
            builder.envelope = Some(b"not looked at".to_vec());
            let provider = default_provider();
            let at_once = builder.sign(provider.as_ref(), private.as_ref(), &mut TestRandom(1));
            let scheme = signing(SignatureAlgorithm::RsaPkcs1v15(digest));
            let Some(at_once) = supported(at_once, [digest.to_string(), scheme]) else {
                continue;
            };
            let unsigned = builder.to_be_signed(provider.as_ref()).unwrap();
            // a key service: it gets octets and an algorithm, and gives back a signature
            let signature = private
                .sign(unsigned.algorithm(), unsigned.octets(), &mut TestRandom(2))
                .unwrap();
            assert_eq!(unsigned.with_signature(&signature), at_once);
        }
    }
}

#[test]
fn no_debug_output_shows_the_challenge_or_a_key() {
    let ca = TestCa::rfc8894();
    let csr = samples::csr();
    let (signer, private) = samples::device();
    let mut params = ca.params(samples::SUBJECT);
    params.extensions = csr.extensions().to_vec();
    let mut shown = vec![format!("{params:?} {params:#?} {csr:?} {csr:#?}")];
    let mut enrollment = Enrollment::new(default_provider(), params);
    let mut rng = TestRandom(1);
    loop {
        let next = enrollment.next(NOW, &mut rng).unwrap();
        shown.push(format!(
            "{enrollment:?} {next:?} {:?}",
            enrollment.pending()
        ));
        let Next::Send(request) = next else { break };
        let (status, content_type, body) = ca.serve(&request, "AES\nSHA-256\nPOSTPKIOperation");
        let response = Response {
            status,
            content_type: Some(content_type),
            body: &body,
        };
        enrollment.on_response(&response, NOW, &mut rng).unwrap();
    }
    let message = samples::pkcs_req(&ca);
    let decoded = SignedMessage::decode(&message, &LIMITS).unwrap();
    shown.push(format!("{decoded:?}"));
    let verified = decoded
        .verify(provider(), &AlgorithmPolicy::RFC8894, &[])
        .unwrap();
    let keys = [(ca.ra.clone(), key("ra"))];
    let opened = verified
        .open(
            provider(),
            &AlgorithmPolicy::RFC8894,
            &LIMITS,
            Openers::keys(&keys),
            &mut rng,
        )
        .unwrap();
    assert!(
        opened
            .content
            .windows(CHALLENGE.len())
            .any(|w| w == CHALLENGE.as_bytes())
    );
    let id = TransactionId::new("t").unwrap();
    let request = EnrollmentRequest {
        kind: EnrollmentKind::Initial,
        csr: &csr,
        standing: SignerStanding::SelfSigned,
        recipient: None,
        signer: &signer,
        transaction_id: &id,
    };
    let report = scep_core::inspect::inspect(
        provider(),
        &message,
        &scep_core::inspect::Aids {
            keys: vec![key("ra")],
            certificates: Vec::new(),
            passwords: Vec::new(),
        },
        &mut rng,
    );
    let report = report.unwrap();
    assert!(report.content.is_some());
    let blocks = scep_core::x509::pem::blocks(&scep_core::x509::pem::encode(
        "PRIVATE KEY",
        &common::key_der("client"),
    ));
    shown.push(format!(
        "{opened:?} {verified:?} {:?} {request:?} {report:?}",
        ca.responder
    ));
    shown.push(format!(
        "{:?} {:?} {:?}",
        private,
        ca.respond(&message),
        blocks.unwrap()
    ));
    let decimal = |octets: &[u8]| {
        let numbers: Vec<String> = octets.iter().map(u8::to_string).collect();
        numbers.join(", ")
    };
    let hex = |octets: &[u8]| -> String { octets.iter().map(|o| format!("{o:02x}")).collect() };
    // a part of the private exponent
    let secret = &common::key_der("client")[400..416];
    for octets in [CHALLENGE.as_bytes(), secret] {
        for text in &shown {
            let lower = text.to_lowercase();
            assert!(!text.contains(&decimal(octets)) && !lower.contains(&hex(octets)));
            // pretty Debug puts each octet on its own line
            let packed: String = text.split_whitespace().collect();
            assert!(!packed.contains(&decimal(octets).replace(' ', "")));
            assert!(!text.contains(CHALLENGE));
        }
    }
}

#[test]
fn a_challenge_is_compared_and_erased_as_a_whole() {
    use scep_core::message::ChallengePassword;
    let password = ChallengePassword::new(CHALLENGE);
    assert!(password.matches(&ChallengePassword::new(CHALLENGE)));
    for other in ["", "CorrectHorse", "CorrectHorse12", "correctHorse1"] {
        assert!(!password.matches(&ChallengePassword::new(other)), "{other}");
    }
}

/// The recipient is chosen by name, and the key of another recipient is not tried.
#[test]
fn the_right_recipient_is_opened_among_strange_ones() {
    let ca = TestCa::rfc8894();
    let other = key("other");
    let stranger: Certificate = certificate(
        "CN=x",
        "CN=x",
        other.as_ref(),
        other.as_ref(),
        3,
        Vec::new(),
    );
    let (cipher, transport) = (ContentCipher::Aes128Cbc, KeyTransport::RsaPkcs1v15);
    let csr = samples::csr();
    let der = seal(
        provider(),
        scep_core::cms::SealTo::Certificate(&stranger, transport),
        cipher,
        csr.as_der(),
        &mut TestRandom(1),
    );
    let der = der.unwrap();
    let envelope = EnvelopedData::decode(&der, &LIMITS).unwrap();
    let ours: [(Certificate, Arc<dyn PrivateKey>); 1] = [(ca.ra, key("ra"))];
    let error = envelope
        .open(
            provider(),
            Openers::keys(&ours),
            &Limits::DEFAULT,
            &mut TestRandom(1),
        )
        .unwrap_err();
    assert!(error.to_string().contains("CN=x"), "{error}");
    // a recipient of an unknown kind in front of the one that the key opens
    let mut mixed = envelope.clone();
    let mut unknown = envelope.recipients[0].clone();
    if let Recipient::KeyTrans(info) = &mut unknown {
        info.algorithm.algorithm = scep_core::oid::EC_PUBLIC_KEY;
    }
    mixed.recipients.insert(0, unknown);
    mixed.recipients.insert(0, Recipient::Other(0xa1));
    let opened = mixed.open_by_trying(provider(), other.as_ref(), &mut TestRandom(1));
    assert_eq!(*opened.unwrap(), csr.as_der());
    // another seed than that of the content key, which a random key must not equal
    let wrong = mixed.open_by_trying(provider(), key("ra").as_ref(), &mut TestRandom(77));
    assert!(
        matches!(wrong, Err(Error::NotAuthentic { .. })),
        "{wrong:?}"
    );
}
