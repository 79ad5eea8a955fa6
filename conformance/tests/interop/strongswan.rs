//! strongSwan's `pki --scepca` and `pki --scep`: SHA-256, AES, POST without Content-Type.
//!
//! Run twice: with OpenSSL reading the PKCS #7, and with strongSwan's own parser, which is stricter.

use std::process::Command;

use scep_core::inspect::Report;
use scep_core::message::{FailInfo, MessageType, PkiStatus};
use scep_core::x509::Certificate;

use crate::authority::PLAIN;
use crate::judge::{self, message_types};
use crate::process::{Ended, installed, run_command};
use crate::scene::Scene;
use crate::{CAPABILITIES, CHALLENGE};

const PACKAGES: &str =
    "strongswan-pki libstrongswan-extra-plugins libstrongswan-standard-plugins openssl";

/// Which plugin is asked first to read PKCS #7. Only `pkcs7` can write it.
#[derive(Clone, Copy, Debug)]
enum Reader {
    OpenSsl,
    Own,
}

impl Reader {
    const ALL: [Self; 2] = [Self::OpenSsl, Self::Own];

    const fn configuration(self) -> &'static str {
        match self {
            Self::OpenSsl => {
                "pki { load = openssl random pem pkcs1 pkcs8 x509 pubkey pkcs7 drbg curl }\n"
            }
            Self::Own => {
                "pki { load = aes sha1 sha2 md5 gmp random x509 pubkey pkcs1 pkcs7 pkcs8 pem hmac drbg gcrypt curl }\n"
            }
        }
    }
}

fn pki(scene: &Scene, arguments: &[&str]) -> Ended {
    run_command(
        Command::new("pki")
            .args(arguments)
            .current_dir(scene.folder())
            .env("STRONGSWAN_CONF", scene.path("strongswan.conf")),
    )
}

/// A server, the CA's certificates as the client fetched them, and a key.
fn scene(reader: Reader, capabilities: &str) -> Option<Scene> {
    if !installed(&["pki", "openssl"], PACKAGES) {
        return None;
    }
    let scene = Scene::new(PLAIN, capabilities);
    scene.write("strongswan.conf", reader.configuration());
    let url = scene.url();
    #[rustfmt::skip]
    pki(&scene, &[
        "--scepca", "--url", &url, "--caout", "ca.pem", "--raout", "ra.pem", "--outform", "pem",
        "--force",
    ])
    .expect_success("pki --scepca");
    new_key(&scene, "key.pem");
    Some(scene)
}

fn new_key(scene: &Scene, file: &str) {
    let arguments = [
        "--gen",
        "--type",
        "rsa",
        "--size",
        "2048",
        "--outform",
        "pem",
    ];
    let key = pki(scene, &arguments).expect_success("pki --gen");
    scene.write(file, &String::from_utf8(key.stdout).unwrap());
}

fn scep(scene: &Scene, further: &[&str]) -> Ended {
    let url = scene.url();
    // the first certificate is the root, the second the issuing CA
    #[rustfmt::skip]
    let mut arguments = vec![
        "--scep", "--url", &url, "--dn", "C=US, O=Acme, CN=device-1",
        "--san", "device-1.example.org", "--cacert-enc", "ca-1.pem", "--cacert-sig", "ca-1.pem",
        "--cacert", "ca.pem", "--outform", "pem",
    ];
    arguments.extend(further);
    pki(scene, &arguments)
}

fn certificate(scene: &Scene, ended: Ended) -> Certificate {
    let pem = String::from_utf8(ended.expect_success("pki --scep").stdout).unwrap();
    scene.write("cert.pem", &pem);
    let certificate = Certificate::from_pem(&pem).unwrap();
    assert_eq!(
        certificate.subject_alt_names(),
        ["dns:device-1.example.org"]
    );
    judge::openssl_verifies(scene, &certificate);
    certificate
}

fn algorithms(request: &Report) -> (&str, &str) {
    (
        request.digest.as_deref().unwrap(),
        request.cipher.as_deref().unwrap(),
    )
}

#[test]
fn it_enrolls_and_renews() {
    for reader in Reader::ALL {
        let Some(scene) = scene(reader, CAPABILITIES) else {
            return;
        };
        let ended = scep(&scene, &["--in", "key.pem", "--password", CHALLENGE]);
        let first = certificate(&scene, ended);

        new_key(&scene, "new.pem");
        #[rustfmt::skip]
        let ended = scep(&scene, &["--in", "new.pem", "--cert", "cert.pem", "--key", "key.pem"]);
        let second = certificate(&scene, ended);
        assert_ne!(first.spki_der(), second.spki_der());

        let requests = judge::requests(&scene);
        assert_eq!(
            message_types(&requests),
            [MessageType::PkcsReq, MessageType::RenewalReq]
        );
        for request in &requests {
            assert_eq!(algorithms(request), ("SHA-256", "AES-128-CBC"));
        }
        let post = &scene.recorder.pki_exchanges()[0].request;
        assert_eq!(post.method, "POST");
        assert_eq!(post.header("content-type"), None);
    }
}

#[test]
fn it_takes_every_digest_and_cipher() {
    let digests = ["sha1", "sha224", "sha256", "sha384", "sha512"];
    let cases = digests
        .iter()
        .map(|d| (*d, "aes"))
        .chain([("sha256", "des3")]);
    for (digest, cipher) in cases {
        let Some(scene) = scene(Reader::Own, CAPABILITIES) else {
            return;
        };
        #[rustfmt::skip]
        let ended = scep(&scene, &[
            "--in", "key.pem", "--password", CHALLENGE, "--digest", digest, "--cipher", cipher,
        ]);
        certificate(&scene, ended);
        let requests = judge::requests(&scene);
        eprintln!("{digest} {cipher}: {:?}", algorithms(&requests[0]));
    }
}

#[test]
fn it_polls_while_the_request_is_pending() {
    for reader in Reader::ALL {
        let Some(scene) = scene(reader, CAPABILITIES) else {
            return;
        };
        scene.ca.set_patience(2);
        #[rustfmt::skip]
        let ended = scep(&scene, &[
            "--in", "key.pem", "--password", CHALLENGE, "--interval", "1", "--maxpolltime", "60",
        ]);
        certificate(&scene, ended);
        assert_eq!(
            message_types(&judge::requests(&scene)),
            [
                MessageType::PkcsReq,
                MessageType::CertPoll,
                MessageType::CertPoll
            ]
        );
    }
}

#[test]
fn it_understands_that_it_is_refused() {
    for reader in Reader::ALL {
        let Some(scene) = scene(reader, CAPABILITIES) else {
            return;
        };
        let ended = scep(&scene, &["--in", "key.pem", "--password", "wrong"]);
        assert!(!ended.status.success());
        let log = ended.log();
        assert!(log.contains("badRequest"), "{log}");
        let reply = &scene.ca.replies()[0];
        assert_eq!(reply.pki_status, PkiStatus::Failure);
        assert_eq!(reply.fail_info, Some(FailInfo::BadRequest));
        assert!(scene.ca.issued().is_empty());
        judge::requests(&scene);
    }
}
