//! Judges what was exchanged: by scep-core's inspection, and by OpenSSL as a second opinion.

use std::path::Path;
use std::sync::Arc;

use scep_core::crypto::{PrivateKey, RustCrypto, SystemRandom};
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::inspect::{Aids, Report, SignatureVerdict, inspect};
use scep_core::message::MessageType;
use scep_core::x509::Certificate;

use crate::process::run;
use crate::scene::Scene;

/// Decodes a message; asserts that its signature is right, and that the content can be read if keys
/// are given.
pub fn understood(message: &[u8], keys: &[Arc<dyn PrivateKey>], certs: &[Certificate]) -> Report {
    let aids = Aids {
        keys: keys.to_vec(),
        certificates: certs.to_vec(),
        passwords: Vec::new(),
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
    let ca = scene.ca_certificates();
    let mut reports = Vec::new();
    for (n, exchange) in scene.recorder.pki_exchanges().iter().enumerate() {
        let message = exchange.pki_message().unwrap();
        keep(&format!("{n}-request"), &message);
        let request = understood(&message, &scene.keys(), &[]);
        let response = &exchange.response;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some(CT_PKI_MESSAGE));
        let reply = understood(&response.body, &[], &ca);
        assert_eq!(reply.digest, request.digest);
        if reply.cipher.is_some() {
            assert_eq!(reply.cipher, request.cipher);
        }
        let has_content = reply.content_len.is_some();
        openssl_accepts(
            scene,
            &format!("reply-{n}.der"),
            &response.body,
            &ca,
            has_content,
        );
        reports.push(request);
    }
    reports
}

/// Keeps a message in the folder that `SCEP_KEEP_MESSAGES` names, if it is set: this is how the
/// files of `fixtures/peers` were made.
pub fn keep(name: &str, message: &[u8]) {
    if let Some(folder) = std::env::var_os("SCEP_KEEP_MESSAGES") {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default().replace("::", "-");
        let path = Path::new(&folder).join(format!("{test}-{name}.der"));
        std::fs::write(path, message).unwrap();
    }
}

/// The messageTypes of some requests.
pub fn message_types(requests: &[Report]) -> Vec<MessageType> {
    requests
        .iter()
        .map(|request| request.attributes.as_ref().unwrap().message_type.clone())
        .collect()
}

/// Digest and content cipher of a request.
pub fn algorithms(request: &Report) -> (&str, &str) {
    (
        request.digest.as_deref().unwrap(),
        request.cipher.as_deref().unwrap(),
    )
}

/// OpenSSL finds the signature of a reply right, and its signer to be of this CA.
fn openssl_accepts(scene: &Scene, file: &str, reply: &[u8], ca: &[Certificate], has_content: bool) {
    scene.write(file, reply);
    scene.write_certificates("chain.pem", &scene.chain);
    scene.write_certificates("all.pem", ca);
    #[rustfmt::skip]
    let mut arguments = vec![
        "cms", "-verify", "-inform", "DER", "-binary", "-in", file, "-CAfile", "chain.pem",
        "-certfile", "all.pem", "-purpose", "any", "-out", "content.der",
    ];
    if !has_content {
        // it takes no content for content that is elsewhere, and wants to be told where
        scene.write("empty", "");
        arguments.extend(["-content", "empty"]);
    }
    run(scene.folder(), "openssl", &arguments).expect_success("openssl cms -verify");
}

/// OpenSSL builds the chain of an issued certificate.
pub fn openssl_verifies(scene: &Scene, certificate: &Certificate) {
    scene.write("issued.pem", certificate.to_pem());
    scene.write_certificates("chain.pem", &scene.chain);
    let arguments = ["verify", "-CAfile", "chain.pem", "issued.pem"];
    run(scene.folder(), "openssl", &arguments).expect_success("openssl verify");
}
