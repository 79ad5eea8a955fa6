//! certmonger (`getcert`): SHA-256, AES-256, GET only, decimal transaction ids, a version 1 signer
//! certificate, and a daemon on a private message bus.

use std::process::Command;

use scep_core::message::MessageType;

use crate::judge::{self, algorithms, message_types};
use crate::process::{installed, run_command};
use crate::scene::Scene;

/// Makes the daemon's folders, starts a bus with the daemon on it, adds the CA, enrolls, and then
/// runs `getcert $2`, if given.
const SCRIPT: &str = r#"
set -eu
mkdir -p cas requests conf local
export HOME=$PWD CERTMONGER_CAS_DIR=$PWD/cas CERTMONGER_REQUESTS_DIR=$PWD/requests
export CERTMONGER_CONFIG_DIR=$PWD/conf CERTMONGER_LOCAL_CA_DIR=$PWD/local
exec dbus-run-session -- bash -euc '
    wait_for() {
        tries=0
        until eval "$1" >/dev/null 2>&1; do
            tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "in vain: $1"; exit 1; }
            sleep .2
        done
    }
    wait_for "getcert list-cas -s"
    getcert add-scep-ca -s -c T -u "$0" -I "$PWD/chain.pem"
    wait_for "grep -qs ^ca_encryption_cert= cas/*"
    getcert request -s -c T -k "$PWD/key.pem" -f "$PWD/cert.pem" -N "C=US,O=Acme,CN=device-1" \
        -D device-1.example.org -L "$1" -g 2048 -I r1 -w --wait-timeout 60 -v || true
    getcert list -s
    [ "$2" ] || exit 0
    cp cert.pem first.pem 2>/dev/null || true
    getcert $2 -s -i r1
    wait_for "getcert list -s | grep status:.MONITORING"
    getcert list -s
' "$@"
"#;

/// Enrolls, and then does as `command` says; what certmonger then says about its request.
fn certmonger(scene: &Scene, challenge: &str, command: &str) -> String {
    // the RA certificates, too: a server may leave its signer's certificate out of a reply
    scene.write_certificates("chain.pem", &scene.ca_certificates());
    run_command(
        Command::new("bash")
            .args(["-c", SCRIPT, "certmonger", &scene.url(), challenge, command])
            .current_dir(scene.folder()),
    )
    .expect_success("certmonger")
    .log()
}

fn scene(profile: &str) -> Option<Scene> {
    let programs = ["getcert", "certmonger", "dbus-run-session", "openssl"];
    installed(&programs, "certmonger dbus openssl").then(|| Scene::new(profile))
}

#[test]
fn it_enrolls_and_renews() {
    let Some(scene) = scene("plain") else { return };
    let log = certmonger(&scene, scene.challenge(), "rekey");
    assert!(log.contains("status: MONITORING"), "{log}");
    let first = scene.certificate("first.pem");
    let second = scene.certificate("cert.pem");
    assert_ne!(first.spki_der(), second.spki_der());
    for certificate in [&first, &second] {
        assert_eq!(
            certificate.subject_alt_names(),
            ["dns:device-1.example.org"]
        );
        judge::openssl_verifies(&scene, certificate);
    }

    let requests = judge::requests(&scene);
    // it knows RenewalReq not: it sends a PKCSReq that the old key signed
    assert_eq!(
        message_types(&requests),
        [MessageType::PkcsReq, MessageType::PkcsReq]
    );
    for request in &requests {
        assert_eq!(algorithms(request), ("SHA-256", "AES-256-CBC"));
    }
    let get = &scene.recorder.pki_exchanges()[0].request;
    assert_eq!(get.method, "GET");
    assert!(get.target.len() > 2048, "{}", get.target.len());
}

/// NDES signs with an RA certificate that it does not send along, and has nothing better than triple
/// DES.
#[test]
fn it_enrolls_at_ndes() {
    let Some(scene) = scene("ndes-2019") else {
        return;
    };
    let log = certmonger(&scene, scene.challenge(), "");
    assert!(log.contains("status: MONITORING"), "{log}");
    judge::openssl_verifies(&scene, &scene.certificate("cert.pem"));
    let requests = judge::requests(&scene);
    assert_eq!(message_types(&requests), [MessageType::PkcsReq]);
    assert_eq!(algorithms(&requests[0]), ("SHA-256", "DES-EDE3-CBC"));
}

/// It polls by sending its PKCSReq again, which RFC 8894 section 4.4 leaves to the CertPoll.
#[test]
fn it_polls_while_the_request_is_pending() {
    let Some(scene) = scene("plain") else { return };
    let _manager = scene.approve_by_hand();
    let log = certmonger(&scene, scene.challenge(), "refresh");
    assert!(log.contains("status: CA_WORKING"), "{log}");
    assert!(log.contains("status: MONITORING"), "{log}");
    judge::openssl_verifies(&scene, &scene.certificate("cert.pem"));
    assert_eq!(
        message_types(&judge::requests(&scene)),
        [MessageType::PkcsReq, MessageType::PkcsReq]
    );
    assert_eq!(scene.issued(), 1);
}

#[test]
fn it_understands_that_it_is_refused() {
    let Some(scene) = scene("plain") else { return };
    let log = certmonger(&scene, "wrong", "");
    assert!(log.contains("status: CA_REJECTED"), "{log}");
    assert_eq!(scene.issued(), 0);
    judge::requests(&scene);
}

/// Why the plain style puts an empty OCTET STRING where RFC 8894 section 3.3.2 wants nothing: the
/// PKCS #7 code of OpenSSL, which certmonger uses, cannot verify a signature over nothing.
#[test]
fn it_cannot_read_a_refusal_without_content() {
    let Some(scene) = scene("rfc8894") else {
        return;
    };
    let log = certmonger(&scene, "wrong", "");
    assert!(log.contains("status: CA_UNREACHABLE"), "{log}");
    assert!(log.contains("no content"), "{log}");
}
