//! Everything that this crate emits, judged by the `openssl` command.
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

use common::openssl::OpenSsl;
use common::provider::{signs_with, supported, transporting};
use common::samples::{self, Shape};
use common::{CHALLENGE, NOW, TestCa, TestRandom, certificate, key, name, provider};
use scep_core::cms::SignatureOid;
use scep_core::cms::seal;
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
use scep_core::limits::Limits;
use scep_core::message::SignedMessage;
use scep_core::oid;
use scep_core::x509::{CertificateBuilder, CrlBuilder, Extension, KeyUsage};

const DIGESTS: [DigestAlgorithm; 5] = [
    DigestAlgorithm::Sha1,
    DigestAlgorithm::Sha224,
    DigestAlgorithm::Sha256,
    DigestAlgorithm::Sha384,
    DigestAlgorithm::Sha512,
];

#[test]
fn certification_requests_verify_and_say_what_was_asked() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    for digest in DIGESTS.into_iter().filter(|d| signs_with(*d)) {
        // the second password does not fit a PrintableString
        for challenge in [CHALLENGE, "pässword_1"] {
            openssl.write("csr.der", samples::csr_with(challenge, digest).as_der());
            let text = openssl.ok("req -inform DER -in csr.der -verify -noout -text -nameopt utf8");
            assert!(text.contains("verify OK"), "{text}");
            if challenge == CHALLENGE {
                assert!(text.contains(&format!("challengePassword        :{challenge}")));
            }
            assert!(text.contains("DNS:device-1.example.net, IP Address:192.0.2.1"));
            assert!(text.contains("URI:urn:device:1, email:device-1@example.net"));
            assert!(text.contains("Digital Signature"), "{text}");
            let asn1 = openssl.ok("asn1parse -inform DER -in csr.der");
            let kind = if challenge == CHALLENGE {
                "PRINTABLESTRING   :CorrectHorse1"
            } else {
                "UTF8STRING        :p"
            };
            assert!(asn1.contains(kind), "{asn1}");
        }
    }
}

#[test]
fn a_changed_certification_request_does_not_verify() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let mut der = samples::csr().as_der().to_vec();
    let at = der.windows(8).position(|w| w == b"device-1").unwrap();
    der[at] = b'D';
    openssl.write("csr.der", der);
    let output = openssl.run("req -inform DER -in csr.der -verify -noout");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("verify OK"));
}

#[test]
fn every_message_verifies() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    openssl.write("nothing", "");
    let mut checked = 0;
    let digests = DIGESTS
        .into_iter()
        .filter(|d| *d != DigestAlgorithm::Sha224 && signs_with(*d));
    for digest in digests.clone() {
        for signature_oid in [SignatureOid::RsaEncryption, SignatureOid::WithDigest] {
            let shape = Shape {
                digest,
                signature_oid,
                ..Shape::default()
            };
            let mut messages = samples::requests(&TestCa::rfc8894(), shape);
            let weak = digest == DigestAlgorithm::Sha1;
            if weak == (signature_oid == SignatureOid::WithDigest) {
                messages.extend(samples::replies(shape));
            }
            for (what, der) in messages {
                let ours = SignedMessage::decode(&der, &Limits::DEFAULT).unwrap();
                assert_eq!(
                    ours.signer_info().digest_algorithm.digest().unwrap(),
                    digest
                );
                openssl.write("m.der", &der);
                let detached = if ours.content().is_none() {
                    "-content nothing"
                } else {
                    ""
                };
                openssl.ok(&format!(
                    "cms -verify -inform DER -in m.der -noverify -binary -out content {detached}"
                ));
                assert_eq!(
                    openssl.read("content"),
                    ours.content().unwrap_or_default(),
                    "{what}"
                );
                checked += 1;
            }
        }
    }
    assert_eq!(checked, digests.count() * (5 + 8 + 5));
}

#[test]
fn a_message_without_certificates_verifies_with_the_signer_given() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let style = scep_core::server::ReplyStyle {
        include_signer: false,
        ..scep_core::server::ReplyStyle::RFC8894
    };
    let ca = TestCa::new(style, scep_core::policy::AlgorithmPolicy::RFC8894);
    let reply = ca.respond(&samples::pkcs_req(&ca)).unwrap();
    openssl.write("m.der", &reply.der);
    openssl.write("ra.pem", ca.ra.to_pem());
    let verify = "cms -verify -inform DER -in m.der -noverify -binary -out content";
    assert!(!openssl.run(verify).status.success());
    openssl.ok(&format!("{verify} -certfile ra.pem"));
}

#[test]
fn the_attributes_are_where_openssl_looks_for_them() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    openssl.write("m.der", samples::pkcs_req(&TestCa::rfc8894()));
    let text = openssl.ok("cms -cmsout -print -noout -inform DER -in m.der");
    for expected in [
        "PRINTABLESTRING:19",
        "PRINTABLESTRING:T-1",
        "2.16.840.1.113733.1.9.2",
        "2.16.840.1.113733.1.9.7",
        "signingTime",
        "sha256 (2.16.840.1.101.3.4.2.1)",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn every_envelope_opens_to_the_same_plaintext() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.identity("ra", &ca.ra);
    let plaintext = samples::csr().as_der().to_vec();
    let oaep = |digest, mgf_digest| KeyTransport::RsaOaep { digest, mgf_digest };
    let transports = [
        KeyTransport::RsaPkcs1v15,
        KeyTransport::OAEP_DEFAULT,
        oaep(DigestAlgorithm::Sha256, DigestAlgorithm::Sha256),
        oaep(DigestAlgorithm::Sha512, DigestAlgorithm::Sha1),
        oaep(DigestAlgorithm::Sha1, DigestAlgorithm::Sha256),
    ];
    let ciphers = [
        ContentCipher::DesCbc,
        ContentCipher::DesEde3Cbc,
        ContentCipher::Aes128Cbc,
        ContentCipher::Aes192Cbc,
        ContentCipher::Aes256Cbc,
    ];
    let mut rng = TestRandom(8);
    for cipher in ciphers {
        for transport in transports {
            for len in [plaintext.len(), 0, 1, 8, 15, 16, 17] {
                // the short ones are about padding, not about RSA
                if len != plaintext.len() && transport != KeyTransport::RsaPkcs1v15 {
                    continue;
                }
                let envelope = seal(
                    provider(),
                    scep_core::cms::SealTo::Certificate(&ca.ra, transport),
                    cipher,
                    &plaintext[..len],
                    &mut rng,
                );
                let Some(envelope) = supported(envelope, [transporting(transport)]) else {
                    continue;
                };
                openssl.write("e.der", envelope);
                let legacy = if cipher == ContentCipher::DesCbc {
                    "-provider legacy -provider default"
                } else {
                    ""
                };
                openssl.ok(&format!(
                    "cms -decrypt -inform DER -in e.der -recip ra.pem -inkey ra.key -binary -out p {legacy}"
                ));
                assert!(
                    openssl.read("p") == plaintext[..len],
                    "{cipher}, {transport:?}, {len} octets"
                );
            }
        }
    }
}

#[test]
fn the_reply_to_a_request_opens_to_the_certificate() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    let reply = ca.respond(&samples::pkcs_req(&ca)).unwrap();
    let (device, _) = samples::device();
    openssl.write("client.pem", device.to_pem());
    openssl.key("client");
    openssl.write("m.der", &reply.der);
    openssl.ok("cms -verify -inform DER -in m.der -noverify -binary -out e.der");
    openssl.ok(
        "cms -decrypt -inform DER -in e.der -recip client.pem -inkey client.key -binary -out p7",
    );
    let text = openssl.ok("pkcs7 -inform DER -in p7 -print_certs -noout");
    assert!(text.contains("subject=O = Acme, CN = device-1"), "{text}");
    assert!(text.contains("issuer=O = Test, CN = Test CA"), "{text}");
}

#[test]
fn bundles_list_their_certificates_and_crls() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.write("bundle", ca.bundle());
    let text = openssl.ok("pkcs7 -inform DER -in bundle -print_certs -noout");
    let (ra, root) = (
        text.find("subject=CN = Test RA"),
        text.find("subject=O = Test, CN = Test CA"),
    );
    assert!(ra.is_some() && root.is_some() && ra < root, "{text}");

    openssl.write("bundle", scep_core::cms::crl_only(ca.crl().as_der()));
    openssl.ok("pkcs7 -inform DER -in bundle -print_certs -out crl.pem");
    openssl.write("ca.pem", ca.ca.to_pem());
    let text = openssl.ok("crl -in crl.pem -CAfile ca.pem -noout -text");
    assert!(text.contains("verify OK"), "{text}");
}

#[test]
fn a_strict_chain_with_revocation_is_judged_right() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let (root_key, issuing_key, leaf_key) = (key("ca"), key("rsa3072"), key("rsa4096"));
    let ca_usage = Extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN);
    let key_ids = |own: u8, issuer: u8| {
        [
            Extension::subject_key_identifier(&[own; 20]),
            Extension::authority_key_identifier(&[issuer; 20]),
        ]
    };
    let sign = |subject: &str, issuer: &str, spki: &[u8], signer: &str, serial: u8, extensions| {
        CertificateBuilder {
            serial: vec![serial],
            issuer: name(issuer),
            subject: name(subject),
            not_before: NOW,
            // beyond 2049, so a GeneralizedTime
            not_after: NOW.plus(Duration::from_secs(86_400 * 365 * 30)),
            spki: spki.to_vec(),
            extensions,
        }
        .sign(
            key(signer).as_ref(),
            DigestAlgorithm::Sha384,
            &mut TestRandom(1),
        )
        .unwrap()
    };
    let with_ids = |mut extensions: Vec<Extension>, own, issuer| {
        extensions.extend(key_ids(own, issuer));
        extensions
    };
    let root = sign(
        "CN=Root",
        "CN=Root",
        root_key.spki_der(),
        "ca",
        1,
        with_ids(
            vec![Extension::basic_constraints(true, None), ca_usage.clone()],
            1,
            1,
        ),
    );
    let issuing = sign(
        "CN=Issuing",
        "CN=Root",
        issuing_key.spki_der(),
        "ca",
        2,
        with_ids(
            vec![Extension::basic_constraints(true, Some(0)), ca_usage],
            2,
            1,
        ),
    );
    let leaf = |serial: u8| {
        sign(
            "CN=Leaf",
            "CN=Issuing",
            leaf_key.spki_der(),
            "rsa3072",
            serial,
            with_ids(
                vec![
                    Extension::basic_constraints(false, None),
                    Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE),
                    Extension::extended_key_usage(&[oid::CLIENT_AUTH]),
                    Extension::crl_distribution_points(&["http://crl.example/1.crl"]),
                ],
                3,
                2,
            ),
        )
    };
    let crl = CrlBuilder {
        issuer: name("CN=Issuing"),
        this_update: NOW,
        next_update: NOW.plus(Duration::from_secs(86_400)),
        number: 1,
        revoked: vec![(vec![200], NOW)],
        authority_key_identifier: Some(vec![2; 20]),
        extensions: Vec::new(),
    }
    .sign(
        issuing_key.as_ref(),
        DigestAlgorithm::Sha512,
        &mut TestRandom(1),
    )
    .unwrap();
    openssl.write("root.pem", root.to_pem());
    openssl.write("issuing.pem", issuing.to_pem());
    openssl.write("crl.der", crl.as_der());
    openssl.ok("crl -inform DER -in crl.der -out crl.pem");
    let text = openssl.ok("crl -in crl.pem -CAfile issuing.pem -noout -text");
    assert!(
        text.contains("verify OK") && text.contains("Serial Number: C8"),
        "{text}"
    );
    let at = NOW.0 + 100;
    let verify = format!(
        "verify -x509_strict -purpose sslclient -attime {at} -CAfile root.pem -untrusted issuing.pem \
         -crl_check -CRLfile crl.pem"
    );
    openssl.write("good.pem", leaf(7).to_pem());
    openssl.ok(&format!("{verify} good.pem"));
    openssl.write("revoked.pem", leaf(200).to_pem());
    let output = openssl.run(&format!("{verify} revoked.pem"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("certificate revoked"));
    let text = openssl.ok("x509 -in good.pem -noout -text");
    assert!(text.contains("URI:http://crl.example/1.crl"), "{text}");
    assert!(text.contains("TLS Web Client Authentication"), "{text}");
    let text = openssl.ok("x509 -in issuing.pem -noout -text");
    assert!(text.contains("CA:TRUE, pathlen:0"), "{text}");
}

#[test]
fn keys_made_here_are_keys_there() {
    use scep_core::crypto::KeyType;
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let der = provider()
        .generate_private_key(KeyType::Rsa(2048), &mut TestRandom(1))
        .unwrap();
    openssl.write("k.der", &*der);
    let text = openssl.ok("pkey -inform DER -in k.der -check -noout -text");
    assert!(text.contains("Key is valid"), "{text}");
    assert!(text.contains("2048 bit"), "{text}");
    let ours = provider().load_private_key(&der).unwrap();
    openssl.ok("pkey -inform DER -in k.der -pubout -outform DER -out pub.der");
    assert_eq!(openssl.read("pub.der"), ours.spki_der());
}

#[test]
fn names_read_the_same_there() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let device_key = key("client");
    for text in [
        "CN=printer-01,OU=Lab,O=Acme,L=Bern,ST=BE,C=CH",
        "CN=a\\,b\\+c,O=x\\\"y",
        "CN=Zoë Ürgüp,DC=example,DC=net",
        "CN=\\ padded\\ ",
    ] {
        let signer = device_key.as_ref();
        let made = certificate(text, text, signer, signer, 1, Vec::new());
        openssl.write("c.pem", made.to_pem());
        let printed = openssl.ok("x509 -in c.pem -noout -subject -nameopt RFC2253,-esc_msb,utf8");
        assert_eq!(printed, format!("subject={text}\n"));
        assert_eq!(made.subject().to_string(), text);
    }
}
