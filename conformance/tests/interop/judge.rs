//! Judges what was exchanged: by scep-core's inspection, and by OpenSSL as a second opinion.

use std::sync::Arc;

use scep_core::crypto::{PrivateKey, RustCrypto, SystemRandom};
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::inspect::{Aids, Report, SignatureVerdict, inspect};
use scep_core::message::MessageType;
use scep_core::x509::Certificate;

use crate::process::run;
use crate::scene::Scene;

/// Decodes a message; asserts that its signature is right, and that the content can be read if a
/// key is given.
pub fn understood(message: &[u8], keys: &[Arc<dyn PrivateKey>], certs: &[Certificate]) -> Report {
    let aids = Aids {
        keys: keys.to_vec(),
        certificates: certs.to_vec(),
    };
    let report = inspect(&RustCrypto, message, &aids, &mut SystemRandom).unwrap();
    assert!(
        matches!(report.signature, Some(SignatureVerdict::Valid { .. })),
        "{:?}",
        report.signature
    );
    if !keys.is_empty() && report.content_len.is_some_and(|len| len > 1) {
        assert!(report.content.is_some(), "{:?}", report.not_opened);
    }
    report
}

/// Judges every PKIOperation of a scene; returns the reports on the requests.
pub fn requests(scene: &Scene) -> Vec<Report> {
    let mut reports = Vec::new();
    for (n, exchange) in scene.recorder.pki_exchanges().iter().enumerate() {
        let message = exchange.pki_message().unwrap();
        let response = &exchange.response;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some(CT_PKI_MESSAGE));
        reports.push(understood(&message, &[scene.ca.key()], &[]));
        let reply = understood(&response.body, &[], &[scene.ca.issuing.clone()]);
        assert_eq!(reply.digest, reports.last().unwrap().digest);
        openssl_accepts(scene, &format!("reply-{n}.der"), &response.body);
    }
    reports
}

/// The messageTypes of some requests.
pub fn message_types(requests: &[Report]) -> Vec<MessageType> {
    requests
        .iter()
        .map(|request| request.attributes.as_ref().unwrap().message_type.clone())
        .collect()
}

/// OpenSSL finds the signature of a reply right, and its signer to be of this CA.
fn openssl_accepts(scene: &Scene, file: &str, reply: &[u8]) {
    std::fs::write(scene.folder().join(file), reply).unwrap();
    scene.write_chain();
    #[rustfmt::skip]
    let arguments = [
        "cms", "-verify", "-inform", "DER", "-binary", "-in", file, "-CAfile", "chain.pem",
        "-purpose", "any", "-out", "content.der",
    ];
    run(scene.folder(), "openssl", &arguments).expect_success("openssl cms -verify");
}

/// OpenSSL builds the chain of an issued certificate.
pub fn openssl_verifies(scene: &Scene, certificate: &Certificate) {
    let issued = scene.write("issued.pem", &certificate.to_pem());
    let root = scene.write("root.pem", &scene.ca.root.to_pem());
    let issuing = scene.write("issuing.pem", &scene.ca.issuing.to_pem());
    let arguments = ["verify", "-CAfile", &root, "-untrusted", &issuing, &issued];
    run(scene.folder(), "openssl", &arguments).expect_success("openssl verify");
}
