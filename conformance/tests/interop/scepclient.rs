//! micromdm's `scepclient` (Debian package `scep`): SHA-1, single DES, POST.

use scep_core::message::MessageType;

use crate::authority::PLAIN;
use crate::judge;
use crate::process::{Ended, installed, run};
use crate::scene::Scene;
use crate::{CAPABILITIES, CHALLENGE};

fn scepclient(scene: &Scene, challenge: &str) -> Ended {
    #[rustfmt::skip]
    let arguments = [
        "-server-url", &scene.url(), "-private-key", "client.key", "-certificate", "client.pem",
        "-challenge", challenge, "-cn", "device-1", "-organization", "Acme", "-debug",
    ];
    run(scene.folder(), "scepclient", &arguments)
}

fn scene() -> Option<Scene> {
    installed(&["scepclient", "openssl"], "scep openssl").then(|| Scene::new(PLAIN, CAPABILITIES))
}

#[test]
fn it_enrolls_and_renews() {
    let Some(scene) = scene() else { return };
    scepclient(&scene, CHALLENGE).expect_success("enrollment");
    let first = scene.certificate("client.pem");
    assert_eq!(first.subject().common_name().as_deref(), Some("device-1"));
    judge::openssl_verifies(&scene, &first);

    // the same files again: a renewal, with no challenge password that would do
    scepclient(&scene, "").expect_success("renewal");
    let second = scene.certificate("client.pem");
    assert_ne!(first.serial(), second.serial());

    let requests = judge::requests(&scene);
    assert_eq!(
        judge::message_types(&requests),
        [MessageType::PkcsReq, MessageType::RenewalReq]
    );
    for request in &requests {
        assert_eq!(request.digest.as_deref(), Some("SHA-1"));
        assert_eq!(request.cipher.as_deref(), Some("DES-CBC"));
        assert_eq!(request.recipients.len(), 2, "one for each CA certificate");
    }
    assert_eq!(scene.recorder.pki_exchanges()[0].request.method, "POST");
}

#[test]
fn it_understands_that_it_is_refused() {
    let Some(scene) = scene() else { return };
    let ended = scepclient(&scene, "wrong");
    assert!(!ended.status.success());
    let log = ended.log();
    assert!(
        log.contains("failInfo") || log.contains("badRequest"),
        "{log}"
    );
    assert!(scene.ca.issued().is_empty());
    judge::requests(&scene);
}
