//! `scep ca --next` at a CA that will be followed by another one.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::{
    CryptoProvider, DigestAlgorithm, KeyType, PrivateKey, SystemRandom, default_provider,
};
use scep_core::next_ca_certificates::NextCaCertificates;
use scep_core::server::{Responder, ResponderConfig, Service};
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage, Name};

use crate::support::{run, run_in};
use crate::tiny_ca::TinyCa;

fn key() -> Arc<dyn PrivateKey> {
    let provider = default_provider();
    let der = provider.generate_private_key(KeyType::Rsa(2048), &mut SystemRandom);
    provider.load_private_key(&der.unwrap()).unwrap()
}

/// A root that is valid for a day from some hours on.
fn root(name: &str, key: &dyn PrivateKey, in_hours: u64) -> Certificate {
    let name = Name::from_rfc4514(name).unwrap();
    let begin = UnixTime::now().plus(Duration::from_secs(in_hours * 3600));
    let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    let template = CertificateBuilder {
        serial: vec![1],
        issuer: name.clone(),
        subject: name,
        not_before: begin,
        not_after: begin.plus(Duration::from_secs(86_400)),
        spki: key.spki_der().to_vec(),
        extensions: vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
        ],
    };
    template
        .sign(key, DigestAlgorithm::Sha256, &mut SystemRandom)
        .unwrap()
}

/// Serves what can be asked by GET; it ends with the test program.
fn serve(service: Service, ca: TinyCa) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/scep", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &service, &ca);
        }
    });
    url
}

fn answer(mut stream: TcpStream, service: &Service, ca: &TinyCa) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    for _ in lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
    {}
    let query = first
        .split(' ')
        .nth(1)
        .and_then(|target| target.split_once('?'));
    let query = query.map(|(_, query)| query);
    let (now, random) = (UnixTime::now(), &mut SystemRandom);
    let reply = service.handle("GET", query, &[], ca, now, random);
    let head = format!(
        "HTTP/1.1 {} OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        reply.status,
        reply.content_type,
        reply.body.len()
    );
    // who has gone away needs no answer
    let _ = stream.write_all(&[head.as_bytes(), &reply.body].concat());
}

fn hex(certificate: &Certificate, provider: &dyn CryptoProvider) -> String {
    let hash = certificate.sha256(provider).unwrap();
    hash.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn the_next_ca_is_shown_and_kept() {
    let provider = default_provider();
    let (present_key, next_key, stranger_key) = (key(), key(), key());
    let present = root("CN=Present CA", present_key.as_ref(), 0);
    let next = root("CN=Next CA", next_key.as_ref(), 1);
    let server = |signer: &dyn PrivateKey| {
        let announced = NextCaCertificates::encode(
            std::slice::from_ref(&next),
            (&present, signer),
            DigestAlgorithm::Sha256,
            provider.as_ref(),
            &mut SystemRandom,
        );
        let own = (present.clone(), Arc::clone(&present_key));
        let config = ResponderConfig::new(Arc::clone(&provider), own, present.clone());
        let certificates = CaCertificates::new(vec![present.clone()]);
        let service = Service::new(Responder::new(config), certificates, &mut SystemRandom);
        let ca = TinyCa {
            key: Arc::clone(&present_key),
            name: Name::from_rfc4514("CN=Present CA").unwrap(),
            challenges: Default::default(),
            transactions: Default::default(),
        };
        serve(service.with_next_ca_certificates(announced.unwrap()), ca)
    };
    let url = server(present_key.as_ref());
    let pin = hex(&present, provider.as_ref());
    let listed = run(&["caps", &url]).exits(0).stdout;
    assert!(listed.contains("GetNextCACert"), "{listed}");

    let folder = tempfile::tempdir().unwrap();
    let asked = ["ca", &url, "--ca-sha256", &pin, "--next"];
    let keep = [&asked[..], &["--out", "next.pem"]].concat();
    let told = run_in(folder.path(), &keep).exits(0);
    told.in_order(&[
        "not valid yet: to be kept until it is",
        "CN=Next CA",
        "wrote next.pem",
    ]);
    let kept = std::fs::read_to_string(folder.path().join("next.pem")).unwrap();
    assert_eq!(Certificate::from_pem(&kept).unwrap(), next);
    let json = run(&[&asked[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(
        json["certificates"][0]["sha256"],
        hex(&next, provider.as_ref())
    );

    // somebody else's word about it is worth nothing
    let url = server(stranger_key.as_ref());
    let forged = [
        "ca",
        &url,
        "--ca-sha256",
        &pin,
        "--next",
        "--out",
        "forged.pem",
    ];
    run_in(folder.path(), &forged)
        .exits(1)
        .only_says("GetNextCACert");
    assert!(!folder.path().join("forged.pem").exists());
}
