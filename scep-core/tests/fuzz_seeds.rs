//! Makes the seeds of the fuzz corpora: `cargo test -p scep-core --test fuzz_seeds -- --ignored`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::path::Path;

use common::ber::{parse, to_ber};
use common::samples::{self, Shape};
use common::{TestCa, TestRandom, certificate, key, name, provider};
use scep_core::cms::{SealTo, crl_only, seal};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
use scep_core::http::pki_operation_get_url;
use scep_core::message::{ChallengePassword, IssuerAndSerialNumber, IssuerAndSubject, MessageType};
use scep_core::next_ca_certificates::NextCaCertificates;
use scep_core::x509::{CertificationRequestBuilder, Extension, pem};

fn ber(der: &[u8]) -> Vec<u8> {
    to_ber(&parse(der), &mut TestRandom(3))
}

#[test]
#[ignore = "writes fuzz/corpus"]
fn write_seeds() {
    let ca = TestCa::rfc8894();
    let ca_der = ca.ca.as_der();
    let csr = samples::csr();
    let bare = CertificationRequestBuilder {
        subject: name("CN=x"),
        challenge: None,
        extensions: Vec::new(),
    }
    .sign(
        key("client").as_ref(),
        DigestAlgorithm::Sha1,
        &mut TestRandom(1),
    )
    .unwrap();
    let request = samples::pkcs_req(&ca);
    let legacy = Shape {
        cipher: ContentCipher::DesCbc,
        digest: DigestAlgorithm::Md5,
        ..Shape::default()
    };
    let legacy = samples::request(&ca, MessageType::GetCert, b"0", legacy);
    let envelope = |cipher, transport| {
        seal(
            provider(),
            SealTo::Certificate(&ca.ra, transport),
            cipher,
            b"0",
            &mut TestRandom(1),
        )
        .unwrap()
    };
    let aes = envelope(ContentCipher::Aes256Cbc, KeyTransport::OAEP_DEFAULT);
    let des = envelope(ContentCipher::DesEde3Cbc, KeyTransport::RsaPkcs1v15);
    let names = IssuerAndSubject {
        issuer: ca.ca.subject().clone(),
        subject: name(samples::SUBJECT),
    };
    let id = IssuerAndSerialNumber {
        issuer: ca.ca.subject().clone(),
        serial: vec![0, 200],
    };
    let url = pki_operation_get_url("http://ca.example/scep", &des);
    let query = url.split_once('?').unwrap().1.to_owned();
    let crl = ca.crl();
    let mut seeds: Vec<(&str, &str, Vec<u8>)> = vec![
        ("transcode", "request", ber(&request)),
        ("transcode", "certificate", ber(ca_der)),
        ("transcode", "envelope", ber(&aes)),
        ("signed_message", "legacy", legacy),
        ("signed_message", "ber", ber(&request)),
        ("enveloped_data", "aes-oaep", aes.clone()),
        ("enveloped_data", "3des-ber", ber(&des)),
        ("certificate", "ca", ca_der.to_vec()),
        (
            "certificate",
            "device",
            samples::device().0.as_der().to_vec(),
        ),
        ("csr", "full", csr.as_der().to_vec()),
        ("csr", "bare", bare.as_der().to_vec()),
        ("crl", "der", crl.as_der().to_vec()),
        ("crl", "pem", pem::encode("X509 CRL", crl.as_der()).into()),
        ("ca_certificates", "bundle", ca.bundle()),
        ("ca_certificates", "ber", ber(&ca.bundle())),
        ("ca_certificates", "one", ca_der.to_vec()),
        (
            "capabilities",
            "words",
            b"AES\nSHA-256\r\nSCEPStandard renewal\n".to_vec(),
        ),
        ("capabilities", "mark", b"\xef\xbb\xbfDES3".to_vec()),
        ("capabilities", "html", b"<html>AES</html>".to_vec()),
        ("get_query", "pki-operation", query.into()),
        (
            "get_query",
            "ca-cert",
            b"operation=GetCACert&message=a%2Fb%20c".to_vec(),
        ),
        (
            "get_query",
            "order",
            b"message=MA%3D%3D&foo&OPERATION=pkioperation".to_vec(),
        ),
        (
            "name",
            "text",
            b"CN=a\\,b+OU=\\C3\\A9,O=\"x, y\",2.5.4.6=#1302434".to_vec(),
        ),
        ("name", "der", ca.ca.subject().as_der().to_vec()),
        ("message_data", "names", names.to_der()),
        ("message_data", "serial", id.to_der()),
        ("inspect", "pem", csr.to_pem().into()),
        ("inspect", "url", url.into()),
        ("inspect", "crl-only", crl_only(crl.as_der())),
        (
            "inspect",
            "key",
            pem::encode("PRIVATE KEY", b"0\x03\x02\x01\x00").into(),
        ),
        ("inspect", "ber", ber(&request)),
    ];
    let next = certificate(
        "CN=Next CA",
        "CN=Next CA",
        key("other").as_ref(),
        key("other").as_ref(),
        8,
        vec![Extension::basic_constraints(true, None)],
    );
    let current = (&ca.ca, ca.ca_key.as_ref());
    let rng = &mut TestRandom(1);
    let rollover =
        NextCaCertificates::encode(&[next], current, DigestAlgorithm::Sha256, provider(), rng)
            .unwrap();
    seeds.push(("next_ca_certificates", "ber", ber(&rollover)));
    seeds.push(("next_ca_certificates", "der", rollover));
    for file in ["client", "p256", "p384", "ed25519"] {
        seeds.push(("private_key", file, common::key_der(file)));
    }
    seeds.push(("private_key", "spki", key("p384").spki_der().to_vec()));
    let password = ChallengePassword::new("secret");
    for (file, cipher) in [
        ("password", ContentCipher::Aes128Cbc),
        ("password-gcm", ContentCipher::Aes256Gcm),
    ] {
        let to = SealTo::Password(&password);
        let der = seal(provider(), to, cipher, b"0", &mut TestRandom(1)).unwrap();
        seeds.push(("enveloped_data", file, der));
    }
    let gcm = SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15);
    let cipher = ContentCipher::Aes128Gcm;
    let gcm = seal(provider(), gcm, cipher, b"0", &mut TestRandom(1)).unwrap();
    seeds.push(("enveloped_data", "gcm-ber", ber(&gcm)));
    let messages = samples::all();
    for (file, what) in [
        ("request", "PKCSReq"),
        ("renewal", "RenewalReq"),
        ("poll", "CertPoll"),
        ("crl", "GetCRL"),
    ] {
        let message = messages.iter().find(|(known, _)| *known == what).unwrap();
        seeds.push(("responder", file, message.1.clone()));
    }
    for (file, what) in [
        ("request", "PKCSReq"),
        ("poll", "CertPoll"),
        ("success", "CertRep SUCCESS"),
        ("pending", "CertRep PENDING, empty"),
        ("failure", "CertRep FAILURE, one zero"),
    ] {
        let message = messages.iter().find(|(known, _)| *known == what).unwrap();
        seeds.push(("signed_message", file, message.1.clone()));
    }
    for (target, file, content) in seeds {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../fuzz/corpus")
            .join(target);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), content).unwrap();
    }
}
