//! Messages that peers sent, recorded: they stay understood where the peers are not installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use scep_core::crypto::{CryptoProvider, PrivateKey, RustCrypto, SystemRandom};
use scep_core::inspect::{Aids, Kind, Report, SignatureVerdict, inspect};
use scep_core::message::MessageType;

fn read(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn key(holder: &str) -> Arc<dyn PrivateKey> {
    let der = read(&format!("../scep-server-mock/keys/{holder}.p8"));
    RustCrypto.load_private_key(&der).unwrap()
}

fn inspected(file: &str) -> Report {
    let aids = Aids {
        keys: vec![key("issuing-ca"), key("device-1")],
        certificates: Vec::new(),
        passwords: Vec::new(),
    };
    let message = read(&format!("fixtures/peers/{file}"));
    let report = inspect(&RustCrypto, &message, &aids, &mut SystemRandom)
        .unwrap_or_else(|e| panic!("{file}: {e}"));
    assert!(
        matches!(report.signature, Some(SignatureVerdict::Valid { .. })),
        "{file}: {:?}",
        report.signature
    );
    report
}

#[test]
fn every_recorded_message_is_understood() {
    use Kind::{CertificationRequest as Csr, CertsOnly, IssuerAndSubject};
    use MessageType::{CertPoll, CertRep, PkcsReq, RenewalReq};
    #[rustfmt::skip]
    let table = [
        ("scepclient-pkcsreq.der", PkcsReq, "SHA-1", "DES-CBC", 2, Csr),
        ("scepclient-renewalreq.der", RenewalReq, "SHA-1", "DES-CBC", 2, Csr),
        ("scepserver-certrep.der", CertRep, "SHA-1", "DES-CBC", 1, CertsOnly),
        ("strongswan-pkcsreq.der", PkcsReq, "SHA-256", "AES-128-CBC", 1, Csr),
        ("strongswan-renewalreq.der", RenewalReq, "SHA-256", "AES-128-CBC", 1, Csr),
        ("strongswan-certpoll.der", CertPoll, "SHA-256", "AES-128-CBC", 1, IssuerAndSubject),
        ("certmonger-pkcsreq.der", PkcsReq, "SHA-256", "AES-256-CBC", 1, Csr),
        ("certmonger-renewal.der", PkcsReq, "SHA-256", "AES-256-CBC", 1, Csr),
    ];
    for (file, message_type, digest, cipher, recipients, content) in table {
        let report = inspected(file);
        let attributes = report.attributes.unwrap();
        assert_eq!(attributes.message_type, message_type, "{file}");
        assert_eq!(report.digest.as_deref(), Some(digest), "{file}");
        assert_eq!(report.cipher.as_deref(), Some(cipher), "{file}");
        assert_eq!(report.recipients.len(), recipients, "{file}");
        assert_eq!(report.content.unwrap().kind, content, "{file}");
    }
}

/// A renewal is signed with the certificate that it renews, and not with a self-signed one.
#[test]
fn renewals_are_signed_with_the_old_certificate() {
    for peer in [
        "scepclient-renewalreq",
        "strongswan-renewalreq",
        "certmonger-renewal",
    ] {
        let report = inspected(&format!("{peer}.der"));
        let signer = report.signer.unwrap();
        assert!(signer.contains("CN=Lab Issuing CA"), "{peer}: {signer}");
    }
}

/// 78 decimal digits, base64, hexadecimal: a transactionID is any text to a server.
#[test]
fn transaction_ids_come_in_every_form() {
    let id = |file| {
        let attributes = inspected(file).attributes.unwrap();
        attributes.transaction_id.as_str().to_owned()
    };
    let decimal = id("certmonger-pkcsreq.der");
    assert!(
        decimal.len() > 70 && decimal.bytes().all(|b| b.is_ascii_digit()),
        "{decimal}"
    );
    let base64 = id("scepclient-pkcsreq.der");
    assert!(base64.len() == 28 && base64.ends_with('='), "{base64}");
    let hexadecimal = id("strongswan-pkcsreq.der");
    assert!(
        hexadecimal.bytes().all(|b| b.is_ascii_hexdigit()),
        "{hexadecimal}"
    );
}
