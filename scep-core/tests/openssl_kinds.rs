//! OpenSSL on what keys other than RSA sign, on PSS, and on AES-GCM.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::openssl::OpenSsl;
use common::{CHALLENGE, NOW, TestCa, TestRandom, certificate, key, name, provider};
use scep_core::cms::{SealTo, seal};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, SignatureAlgorithm, SystemRandom,
};
use scep_core::limits::Limits;
use scep_core::message::{
    ChallengePassword, MessageBuilder, MessageType, SenderNonce, SignedMessage, TransactionId,
};
use scep_core::x509::{CertificationRequestBuilder, Extension, KeyUsage};

const PSS: SignatureAlgorithm = SignatureAlgorithm::RsaPss {
    digest: DigestAlgorithm::Sha256,
    mgf_digest: DigestAlgorithm::Sha256,
    salt_len: 32,
};

#[test]
fn certification_requests_and_certificates_verify() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    for private in ["p256", "p384", "ed25519"] {
        let private = key(private);
        let private = private.as_ref();
        let csr = CertificationRequestBuilder {
            subject: name("CN=device-1"),
            challenge: Some(ChallengePassword::new(CHALLENGE)),
            extensions: vec![Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE)],
        }
        .sign(private, DigestAlgorithm::Sha256, &mut SystemRandom)
        .unwrap();
        openssl.write("csr.der", csr.as_der());
        let text = openssl.ok("req -inform DER -in csr.der -verify -noout -text");
        assert!(text.contains("verify OK"), "{text}");
        let extensions = vec![Extension::basic_constraints(true, None)];
        let own = certificate("CN=d", "CN=d", private, private, 5, extensions);
        openssl.write("own.pem", own.to_pem());
        let at = NOW.0;
        openssl.ok(&format!(
            "verify -check_ss_sig -attime {at} -CAfile own.pem own.pem"
        ));
    }
}

#[test]
fn messages_verify_whatever_signs() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    for (private, scheme) in [
        ("p256", None),
        ("p384", None),
        ("ed25519", None),
        ("client", Some(PSS)),
    ] {
        let signing = key(private);
        let signing = signing.as_ref();
        let signer = certificate("CN=d", "CN=d", signing, signing, 5, Vec::new());
        let id = TransactionId::new("kinds").unwrap();
        let mut builder = MessageBuilder::new(MessageType::PkcsReq, id, signer);
        builder.sender_nonce = Some(SenderNonce::random(&mut SystemRandom));
        builder.envelope = Some(b"content".to_vec());
        builder.scheme = scheme;
        let message = builder
            .sign(provider(), signing, &mut SystemRandom)
            .unwrap();
        if private == "ed25519" {
            // the `cms` command of OpenSSL 3.0 has no EdDSA; its library has, over the same octets
            let decoded = SignedMessage::decode(&message, &Limits::DEFAULT).unwrap();
            let info = decoded.signer_info();
            openssl.write("attributes", info.signed_octets_as_received().unwrap());
            openssl.write("signature", &info.signature);
            openssl.write("public.der", signing.spki_der());
            let text = openssl.ok(
                "pkeyutl -verify -pubin -inkey public.der -keyform DER -rawin -in attributes -sigfile signature",
            );
            assert!(text.contains("Verified Successfully"), "{text}");
            continue;
        }
        openssl.write("m.der", message);
        let content = openssl.ok("cms -verify -inform DER -in m.der -noverify -binary");
        assert!(
            content.starts_with("content") && content.contains("Verification successful"),
            "{private}: {content}"
        );
    }
}

#[test]
fn authenticated_envelopes_open() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.identity("ra", &ca.ra);
    for cipher in [
        ContentCipher::Aes128Gcm,
        ContentCipher::Aes192Gcm,
        ContentCipher::Aes256Gcm,
    ] {
        let to = SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15);
        let der = seal(provider(), to, cipher, b"for openssl", &mut TestRandom(1)).unwrap();
        openssl.write("e.der", der);
        let plain =
            openssl.ok("cms -decrypt -binary -inform DER -in e.der -recip ra.pem -inkey ra.key");
        assert_eq!(plain, "for openssl", "{cipher}");
    }
}
