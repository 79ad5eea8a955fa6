//! strongSwan's `pki --scepca` and `pki --scep`: SHA-256, AES, POST without Content-Type.
//!
//! Run twice: with OpenSSL reading the PKCS #7, and with strongSwan's own parser, which is stricter.

use std::process::Command;

use scep_core::message::MessageType;
use scep_core::x509::{Certificate, KeyUsage};

use crate::judge::{self, algorithms, message_types};
use crate::process::{Ended, installed, run_command};
use crate::scene::Scene;

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
fn scene(reader: Reader, profile: &str) -> Option<Scene> {
    if !installed(&["pki", "openssl"], PACKAGES) {
        return None;
    }
    let scene = Scene::new(profile);
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
    scene.write(file, key.stdout);
}

fn scep(scene: &Scene, further: &[&str]) -> Ended {
    let (encryption, signing) = roles(scene);
    let url = scene.url();
    #[rustfmt::skip]
    let mut arguments = vec![
        "--scep", "--url", &url, "--dn", "C=US, O=Acme, CN=device-1",
        "--san", "device-1.example.org", "--cacert-enc", &encryption, "--cacert-sig", &signing,
        "--cacert", "ca.pem", "--cacert", "ca-1.pem", "--outform", "pem",
    ];
    arguments.extend(further);
    pki(scene, &arguments)
}

/// The files with the certificates to encrypt to and to verify with: of RAs if there are any, else
/// of the issuing CA. In which order RAs are numbered is anybody's guess.
fn roles(scene: &Scene) -> (String, String) {
    let mut roles = ("ca-1.pem".to_owned(), "ca-1.pem".to_owned());
    for entry in std::fs::read_dir(scene.folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if file.starts_with("ra") {
            let usage = scene.certificate(&file).key_usage();
            if usage.is_some_and(|u| u.contains(KeyUsage::KEY_ENCIPHERMENT)) {
                roles.0 = file;
            } else {
                roles.1 = file;
            }
        }
    }
    roles
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

#[test]
fn it_enrolls_and_renews() {
    for reader in Reader::ALL {
        let Some(scene) = scene(reader, "plain") else {
            return;
        };
        let ended = scep(
            &scene,
            &["--in", "key.pem", "--password", scene.challenge()],
        );
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
    for (digest, cipher, expected) in [
        ("sha1", "aes", ("SHA-1", "AES-128-CBC")),
        ("sha224", "aes", ("SHA-224", "AES-128-CBC")),
        ("sha256", "des3", ("SHA-256", "DES-EDE3-CBC")),
        ("sha384", "aes", ("SHA-384", "AES-128-CBC")),
        ("sha512", "aes", ("SHA-512", "AES-128-CBC")),
    ] {
        let Some(scene) = scene(Reader::Own, "plain") else {
            return;
        };
        #[rustfmt::skip]
        let ended = scep(&scene, &[
            "--in", "key.pem", "--password", scene.challenge(), "--digest", digest, "--cipher", cipher,
        ]);
        certificate(&scene, ended);
        let requests = judge::requests(&scene);
        assert_eq!(algorithms(&requests[0]), expected);
    }
}

/// An RA pair, and no content in replies that have none. It takes the strict profile to be without
/// AES, since it looks for SHA-384 instead; that it finds no cipher at all with NDES has the same
/// cause.
#[test]
fn it_enrolls_at_the_strict_profile() {
    for reader in Reader::ALL {
        let Some(scene) = scene(reader, "rfc8894") else {
            return;
        };
        let ended = scep(
            &scene,
            &["--in", "key.pem", "--password", "wrong", "--cipher", "des3"],
        );
        let log = ended.log();
        assert!(log.contains("badRequest"), "{log}");
        new_key(&scene, "key.pem");
        #[rustfmt::skip]
        let ended = scep(&scene, &[
            "--in", "key.pem", "--password", scene.challenge(), "--cipher", "des3",
        ]);
        certificate(&scene, ended);
        for request in judge::requests(&scene) {
            assert_eq!(algorithms(&request), ("SHA-256", "DES-EDE3-CBC"));
        }
    }
}

#[test]
fn it_polls_while_the_request_is_pending() {
    for reader in Reader::ALL {
        let Some(scene) = scene(reader, "plain") else {
            return;
        };
        let _manager = scene.approve_by_hand();
        #[rustfmt::skip]
        let ended = scep(&scene, &[
            "--in", "key.pem", "--password", scene.challenge(), "--interval", "1", "--maxpolltime", "60",
        ]);
        certificate(&scene, ended);
        assert_eq!(
            message_types(&judge::requests(&scene)),
            [MessageType::PkcsReq, MessageType::CertPoll]
        );
    }
}

#[test]
fn it_understands_that_it_is_refused() {
    for reader in Reader::ALL {
        let Some(scene) = scene(reader, "plain") else {
            return;
        };
        let ended = scep(&scene, &["--in", "key.pem", "--password", "wrong"]);
        assert!(!ended.status.success());
        let log = ended.log();
        assert!(log.contains("badRequest"), "{log}");
        assert_eq!(scene.issued(), 0);
        judge::requests(&scene);
    }
}
