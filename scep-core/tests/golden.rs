//! Messages that this crate made once: they are still read, and still made octet by octet.
//!
//! After a wished-for change of what is written: `SCEP_WRITE_GOLDEN=1 cargo test --test golden`, and
//! read the difference.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::path::PathBuf;

use common::samples::{self, Shape};
use common::{CHALLENGE, TestCa, TestRandom, key, name, provider};
use scep_core::cms::{SealTo, certs_only, seal};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
use scep_core::inspect::{Aids, SignatureVerdict, inspect};
use scep_core::message::{ChallengePassword, MessageType};
use scep_core::x509::{CertificationRequestBuilder, Extension, KeyUsage};

fn path(name: &str) -> PathBuf {
    let file = name.to_lowercase().replace([' ', ','], "-");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{file}.der"))
}

/// One of each structure, with the providers' random octets out of it: all is made from
/// [`TestRandom`].
fn made() -> Vec<(String, Vec<u8>)> {
    let ca = TestCa::rfc8894();
    let mut out: Vec<(String, Vec<u8>)> = samples::all()
        .into_iter()
        .map(|(what, der)| (what.to_owned(), der))
        .collect();
    let oaep = Shape {
        cipher: ContentCipher::Aes256Cbc,
        transport: KeyTransport::OAEP_DEFAULT,
        digest: DigestAlgorithm::Sha512,
        ..Shape::default()
    };
    let csr = samples::csr();
    let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), oaep);
    out.push(("PKCSReq, OAEP".into(), message));
    let password = ChallengePassword::new(CHALLENGE);
    for (what, cipher) in [
        ("envelope, password", ContentCipher::Aes128Cbc),
        ("envelope, password, GCM", ContentCipher::Aes256Gcm),
    ] {
        let to = SealTo::Password(&password);
        let der = seal(provider(), to, cipher, csr.as_der(), &mut TestRandom(6)).unwrap();
        out.push((what.into(), der));
    }
    for (what, private) in [("P-256", "p256"), ("P-384", "p384"), ("Ed25519", "ed25519")] {
        let request = CertificationRequestBuilder {
            subject: name("CN=device-1,O=Acme"),
            challenge: Some(password.clone()),
            extensions: vec![Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE)],
        }
        .sign(
            key(private).as_ref(),
            DigestAlgorithm::Sha256,
            &mut TestRandom(6),
        )
        .unwrap();
        out.push((format!("request, {what}"), request.as_der().to_vec()));
    }
    out.push(("certs-only".into(), certs_only(&[ca.ra, ca.ca])));
    out
}

/// A provider with a random generator of its own cannot repeat itself.
const REPEATABLE: bool = cfg!(feature = "rustcrypto");

#[test]
fn they_are_made_octet_by_octet() {
    if !REPEATABLE {
        eprintln!(
            "SKIPPED: {} has a random generator of its own",
            provider().name()
        );
        return;
    }
    let write = std::env::var("SCEP_WRITE_GOLDEN").is_ok_and(|v| v == "1");
    let mut differ = Vec::new();
    for (name, der) in made() {
        let path = path(&name);
        if write {
            std::fs::write(path, der).unwrap();
        } else if std::fs::read(&path).unwrap_or_default() != der {
            differ.push(name);
        }
    }
    assert!(
        differ.is_empty(),
        "written otherwise than before: {differ:?}; SCEP_WRITE_GOLDEN=1 if that is wished for"
    );
}

#[test]
fn they_are_read_to_the_bottom() {
    let aids = Aids {
        keys: vec![key("ra"), key("client")],
        certificates: Vec::new(),
        passwords: vec![ChallengePassword::new(CHALLENGE)],
    };
    let folder = path("x").parent().unwrap().to_owned();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let der = std::fs::read(&path).unwrap();
        let file = path.file_stem().unwrap().to_str().unwrap();
        let report = inspect(provider(), &der, &aids, &mut TestRandom(1)).unwrap();
        let signed = !file.starts_with("envelope") && file != "certs-only";
        let valid = matches!(report.signature, Some(SignatureVerdict::Valid { .. }));
        assert_eq!(valid, signed, "{file}: {:?}", report.signature);
        let has_content = file.starts_with("envelope")
            || ["pkcsreq", "renewalreq", "certpoll", "getc"]
                .iter()
                .any(|kind| file.starts_with(kind))
            || file.starts_with("certrep-success");
        assert_eq!(
            report.content.is_some(),
            has_content,
            "{file}: {:?}",
            report.not_opened
        );
        count += 1;
    }
    assert!(count >= 20, "{count}");
}
