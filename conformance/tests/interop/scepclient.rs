//! micromdm's `scepclient` (Debian package `scep`): SHA-1, single DES, POST.

use scep_core::message::MessageType;

use crate::judge::{self, algorithms, message_types};
use crate::process::{Ended, installed, run};
use crate::scene::Scene;

fn scepclient(scene: &Scene, challenge: &str) -> Ended {
    #[rustfmt::skip]
    let arguments = [
        "-server-url", &scene.url(), "-private-key", "client.key", "-certificate", "client.pem",
        "-challenge", challenge, "-cn", "device-1", "-organization", "Acme", "-debug",
    ];
    run(scene.folder(), "scepclient", &arguments)
}

fn scene(profile: &str) -> Option<Scene> {
    installed(&["scepclient", "openssl"], "scep openssl").then(|| Scene::new(profile))
}

#[test]
fn it_enrolls_and_renews() {
    let Some(scene) = scene("plain") else { return };
    scepclient(&scene, scene.challenge()).expect_success("enrollment");
    let first = scene.certificate("client.pem");
    assert_eq!(first.subject().common_name().as_deref(), Some("device-1"));
    judge::openssl_verifies(&scene, &first);

    // the same files again: a renewal, without a challenge password that would do
    scepclient(&scene, "").expect_success("renewal");
    let second = scene.certificate("client.pem");
    assert_ne!(first.serial(), second.serial());
    judge::openssl_verifies(&scene, &second);

    let requests = judge::requests(&scene);
    assert_eq!(
        message_types(&requests),
        [MessageType::PkcsReq, MessageType::RenewalReq]
    );
    for request in &requests {
        assert_eq!(algorithms(request), ("SHA-1", "DES-CBC"));
        assert_eq!(request.recipients.len(), 2, "one for each CA certificate");
    }
    assert_eq!(scene.recorder.pki_exchanges()[0].request.method, "POST");
}

#[test]
fn it_understands_that_it_is_refused() {
    let Some(scene) = scene("plain") else { return };
    let ended = scepclient(&scene, "wrong");
    assert!(!ended.status.success());
    let log = ended.log();
    assert!(log.contains("badRequest"), "{log}");
    assert_eq!(scene.issued(), 0);
    judge::requests(&scene);
}

/// RFC 8894 does not know single DES any more, and neither does the strict profile.
#[test]
fn its_single_des_is_refused_by_the_strict_profile() {
    let Some(scene) = scene("rfc8894") else {
        return;
    };
    let ended = scepclient(&scene, scene.challenge());
    assert!(!ended.status.success());
    let log = ended.log();
    assert!(log.contains("badAlg"), "{log}");
    assert_eq!(scene.issued(), 0);
}
