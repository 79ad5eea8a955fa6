//! Keys that cannot decrypt: the challenge password encrypts instead (RFC 8894 section 3.1).
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

use common::openssl::OpenSsl;
use common::throwaway::{csr, message, to_ra};
use common::{CA, CHALLENGE, NOW, TestCa, TestRandom, certificate, drive, key, name};
use scep_core::asn1::{Reader, tag, write};
use scep_core::client::{CaTrust, Enrollment, Next};
use scep_core::cms::{ContentKey, EnvelopedData, Openers, Recipient, SealTo, seal};
use scep_core::crypto::{ContentCipher, KeyTransport, SystemRandom, default_provider};
use scep_core::limits::Limits;
use scep_core::message::{
    ChallengePassword, FailInfo, IssuerAndSerialNumber, IssuerAndSubject, MessageType, PkiStatus,
    SignedMessage,
};
use scep_core::server::{Reply, Responder};
use scep_core::x509::{Extension, KeyUsage};
use scep_core::{Error, Result};

const LIMITS: Limits = Limits::DEFAULT;
const CAPS: &str = "SCEPStandard";
const KEYS: [&str; 3] = ["p256", "p384", "ed25519"];
const CIPHERS: [ContentCipher; 5] = [
    ContentCipher::Aes128Cbc,
    ContentCipher::Aes192Cbc,
    ContentCipher::Aes256Cbc,
    ContentCipher::DesEde3Cbc,
    ContentCipher::Aes256Gcm,
];

fn open(der: &[u8], password: &str, limits: &Limits) -> Result<Vec<u8>> {
    let passwords = [ChallengePassword::new(password)];
    let openers = Openers {
        keys: &[],
        passwords: &passwords,
    };
    let envelope = EnvelopedData::decode(der, limits)?;
    let provider = default_provider();
    let content = envelope.open(provider.as_ref(), openers, limits, &mut TestRandom(1))?;
    Ok(content.to_vec())
}

#[test]
fn what_is_sealed_with_a_password_opens_with_it_alone() {
    let provider = default_provider();
    let password = ChallengePassword::new("Zürich 2026");
    for cipher in CIPHERS {
        let to = SealTo::Password(&password);
        let der = seal(
            provider.as_ref(),
            to,
            cipher,
            b"content",
            &mut TestRandom(2),
        )
        .unwrap();
        assert_eq!(open(&der, "Zürich 2026", &LIMITS).unwrap(), b"content");
        let error = open(&der, "Zurich 2026", &LIMITS).unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error}");
        assert_eq!(open(&der, "", &LIMITS).unwrap_err(), error);
        // who is not authenticated must not choose how long we calculate
        let impatient = Limits {
            pbkdf2_iterations: 1000,
            ..LIMITS
        };
        let error = open(&der, "Zürich 2026", &impatient).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        // nobody has a password here
        let envelope = EnvelopedData::decode(&der, &LIMITS).unwrap();
        let nobody = envelope.open(
            provider.as_ref(),
            Openers::default(),
            &LIMITS,
            &mut TestRandom(1),
        );
        assert!(nobody.unwrap_err().to_string().contains("a password"));
        assert!(matches!(envelope.recipients[0], Recipient::Password(_)));
    }
}

#[test]
fn openssl_reads_ours_and_we_read_its() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let provider = default_provider();
    let password = ChallengePassword::new("correct-horse");
    for (cipher, name) in [
        (ContentCipher::Aes128Cbc, "-aes-128-cbc"),
        (ContentCipher::Aes192Cbc, "-aes-192-cbc"),
        (ContentCipher::Aes256Cbc, "-aes-256-cbc"),
        (ContentCipher::DesEde3Cbc, "-des3"),
    ] {
        let to = SealTo::Password(&password);
        let der = seal(
            provider.as_ref(),
            to,
            cipher,
            b"for openssl",
            &mut SystemRandom,
        )
        .unwrap();
        openssl.write("e.der", &der);
        let plain =
            openssl.ok("cms -decrypt -binary -inform DER -in e.der -pwri_password correct-horse");
        assert_eq!(plain, "for openssl", "{cipher}");
        openssl.write("plain", b"from openssl");
        openssl.ok(&format!(
            "cms -encrypt -binary -in plain -outform DER -out o.der -pwri_password correct-horse {name}"
        ));
        let theirs = openssl.read("o.der");
        assert_eq!(
            open(&theirs, "correct-horse", &LIMITS).unwrap(),
            b"from openssl"
        );
        assert!(open(&theirs, "correct-house", &LIMITS).is_err());
    }
}

/// A client whose key cannot decrypt, against a CA whose key can.
#[test]
fn an_ec_client_enrolls() {
    for private in KEYS {
        let ca = TestCa::rfc8894();
        let mut params = ca.params("CN=device-1");
        params.key = key(private);
        let mut enrollment = Enrollment::new(default_provider(), params);
        let (end, sent) = drive(&mut enrollment, &ca, CAPS);
        let Next::Issued(issued) = end.unwrap() else {
            panic!("{private}: not issued");
        };
        assert_eq!(issued.certificate.spki_der(), key(private).spki_der());
        assert_eq!(sent.len(), 3);
    }
}

#[test]
fn a_pending_ec_client_gets_its_certificate_later() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 2;
    let mut params = ca.params("CN=device-1");
    params.key = key("p256");
    let mut enrollment = Enrollment::new(default_provider(), params);
    let (end, _) = drive(&mut enrollment, &ca, CAPS);
    assert!(matches!(end, Ok(Next::Issued(_))), "{end:?}");
}

fn refused(reply: &Reply, fail_info: FailInfo) {
    assert_eq!(reply.pki_status, PkiStatus::Failure);
    assert_eq!(reply.fail_info, Some(fail_info), "{:?}", reply.cause);
}

/// There is no secret to encrypt a reply with, and in clear it must not go: nothing is issued.
#[test]
fn without_a_password_nothing_is_issued_to_a_key_that_cannot_decrypt() {
    let ca = TestCa::rfc8894();
    let private = key("p256");
    let content = to_ra(&ca, &csr(private.as_ref(), None));
    let reply = ca.respond(&message(MessageType::PkcsReq, content, private.as_ref()));
    refused(&reply.unwrap(), FailInfo::BadAlg);
    assert!(ca.issued.lock().unwrap().is_empty());
    let id = IssuerAndSerialNumber {
        issuer: name(CA),
        serial: vec![1],
    };
    for query in [MessageType::GetCert, MessageType::GetCrl] {
        let content = to_ra(&ca, &id.to_der());
        let reply = ca.respond(&message(query, content, private.as_ref()));
        refused(&reply.unwrap(), FailInfo::BadAlg);
    }
}

/// A CA whose key cannot decrypt; it knows which challenge passwords it gave out.
fn ec_ca() -> TestCa {
    let mut ca = TestCa::rfc8894();
    let private = key("p256-ca");
    let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::DIGITAL_SIGNATURE;
    let root = certificate(
        CA,
        CA,
        private.as_ref(),
        private.as_ref(),
        1,
        vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
        ],
    );
    let mut config = ca.responder.config().clone();
    config.signer = (root.clone(), Arc::clone(&private));
    config.decrypters = vec![(root.clone(), Arc::clone(&private))];
    config.issuers = vec![root.clone()];
    ca.responder = Responder::new(config);
    ca.passwords = vec![
        ChallengePassword::new("another one"),
        ChallengePassword::new(CHALLENGE),
    ];
    (ca.ca, ca.ra, ca.ca_key) = (root.clone(), root, private);
    ca
}

#[test]
fn an_ec_ca_is_written_to_with_the_challenge_password() {
    let ca = ec_ca();
    for (private, id) in [("client", "rsa"), ("p384", "ec")] {
        let device = key(private);
        let to = SealTo::Password(&ca.passwords[1]);
        let content = csr(device.as_ref(), Some(CHALLENGE));
        let cipher = ContentCipher::Aes128Cbc;
        let provider = default_provider();
        let sealed = seal(provider.as_ref(), to, cipher, &content, &mut SystemRandom).unwrap();
        let reply = ca
            .respond(&message(MessageType::PkcsReq, sealed, device.as_ref()))
            .unwrap();
        assert_eq!(
            reply.pki_status,
            PkiStatus::Success,
            "{id}: {:?}",
            reply.cause
        );
        let decoded = SignedMessage::decode(&reply.der, &LIMITS).unwrap();
        let envelope = EnvelopedData::decode(decoded.content().unwrap(), &LIMITS).unwrap();
        let by_password = matches!(envelope.recipients[0], Recipient::Password(_));
        assert_eq!(by_password, id == "ec");
    }
    // with a password that was not given out, nothing
    let guessed = ChallengePassword::new("guess");
    let content = csr(key("p384").as_ref(), Some("guess"));
    let sealed = ContentKey::new(
        default_provider().as_ref(),
        SealTo::Password(&guessed),
        ContentCipher::Aes128Cbc,
        &mut SystemRandom,
    )
    .and_then(|k| k.seal(default_provider().as_ref(), &content, &mut SystemRandom))
    .unwrap();
    let reply = ca.respond(&message(MessageType::PkcsReq, sealed, key("p384").as_ref()));
    refused(&reply.unwrap(), FailInfo::BadMessageCheck);
}

#[test]
fn client_and_ca_may_both_be_elliptic() {
    let ca = ec_ca();
    let mut params = ca.params("CN=device-1");
    params.key = key("p256");
    params.server.trust = CaTrust::Certificate(Box::new(ca.ca.clone()));
    let mut enrollment = Enrollment::new(default_provider(), params);
    let (end, _) = drive(&mut enrollment, &ca, CAPS);
    let Next::Issued(issued) = end.unwrap() else {
        panic!("not issued");
    };
    assert_eq!(issued.certificate.spki_der(), key("p256").spki_der());
    assert!(issued.certificate.is_valid_at(NOW));
}

/// Whoever reads a poll's answer must know the password of the request.
#[test]
fn a_poll_is_answered_with_the_password_of_its_request() {
    let ca = TestCa::rfc8894();
    *ca.pending.lock().unwrap() = 1;
    let private = key("ed25519");
    let content = to_ra(&ca, &csr(private.as_ref(), Some(CHALLENGE)));
    let reply = ca
        .respond(&message(MessageType::PkcsReq, content, private.as_ref()))
        .unwrap();
    assert_eq!(reply.pki_status, PkiStatus::Pending);
    let names = IssuerAndSubject {
        issuer: name(CA),
        subject: name("CN=e"),
    };
    // twice: the answer to the first may be lost
    for _ in 0..2 {
        let content = to_ra(&ca, &names.to_der());
        let reply = ca
            .respond(&message(MessageType::CertPoll, content, private.as_ref()))
            .unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
        let decoded = SignedMessage::decode(&reply.der, &LIMITS).unwrap();
        assert!(open(decoded.content().unwrap(), CHALLENGE, &LIMITS).is_ok());
        assert!(open(decoded.content().unwrap(), "x", &LIMITS).is_err());
    }
    assert_eq!(ca.issued.lock().unwrap().len(), 1);
}

/// An envelope for two of us, of which each would find another key: what is told of the opener is true of
/// what was opened.
#[test]
fn the_opener_that_is_named_is_the_one_that_opens() {
    let ca = TestCa::rfc8894();
    let provider = default_provider();
    let password = ChallengePassword::new(CHALLENGE);
    let to_key = SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15);
    let [by_password, by_key] = [SealTo::Password(&password), to_key].map(|to| {
        let cipher = ContentCipher::Aes128Cbc;
        let der = seal(
            provider.as_ref(),
            to,
            cipher,
            b"content",
            &mut TestRandom(2),
        );
        der.unwrap()
    });
    // ContentInfo, [0], EnvelopedData: version, recipientInfos, encryptedContentInfo
    let fields = |der: &[u8]| {
        let mut info = Reader::new(der).next("").unwrap().reader();
        info.next("").unwrap();
        let mut data = info.next("").unwrap().reader().next("").unwrap().reader();
        [(); 3].map(|()| data.next("").unwrap().raw.to_vec())
    };
    let recipient = |der: &[u8]| {
        Reader::new(&fields(der)[1])
            .next("")
            .unwrap()
            .value
            .to_vec()
    };
    let both = |first: &[u8], second: &[u8]| {
        let [version, _, content] = fields(first);
        let recipients = [recipient(first), recipient(second)].concat();
        let data = write::sequence(&[&version, &write::tlv(tag::SET, &recipients), &content]);
        write::sequence(&[
            &write::oid(scep_core::oid::ENVELOPED_DATA),
            &write::tlv(tag::context_constructed(0), &data),
        ])
    };
    let keys = [(ca.ra.clone(), key("ra"))];
    let openers = Openers {
        keys: &keys,
        passwords: std::slice::from_ref(&password),
    };
    for (der, certificate) in [
        (both(&by_password, &by_key), None),
        (both(&by_key, &by_password), Some(&ca.ra)),
    ] {
        let envelope = EnvelopedData::decode(&der, &LIMITS).unwrap();
        let opener = envelope.opener(openers).unwrap();
        assert_eq!(opener.certificate(), certificate);
        assert_eq!(opener.transport().is_none(), certificate.is_none());
        let rng = &mut TestRandom(1);
        let opened = opener.open(provider.as_ref(), &LIMITS, rng).unwrap();
        assert_eq!(opened.as_slice(), b"content");
    }
}
