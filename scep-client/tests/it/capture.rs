//! Captures hold everything but secrets.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_client::Error;
use scep_client::capture::Capture;
use scep_core::asn1::{tag, write};
use scep_core::crypto::SystemRandom;
use scep_core::message::{MessageBuilder, MessageType, PkiStatus, TransactionId};
use scep_core::oid;
use scep_failures::observation::{
    HttpFacts, LogRecord, Observation, Observations, Outcome, Probe, Purpose,
};
use scep_failures::{Catalogue, classify};

use crate::pki::provider;
use crate::server::CA;

fn exchange(purpose: Purpose, url: &str, facts: HttpFacts) -> Observation {
    Observation {
        n: 1,
        probe: Probe::Http {
            purpose,
            method: "GET".into(),
            url: url.into(),
        },
        at_ms: 0,
        elapsed_ms: 1,
        outcome: Outcome::Response(facts),
    }
}

fn body(octets: &[u8]) -> HttpFacts {
    HttpFacts {
        status: 200,
        body: STANDARD.encode(octets),
        body_len: u64::try_from(octets.len()).unwrap(),
        ..HttpFacts::default()
    }
}

fn of(items: Vec<Observation>) -> Observations {
    Observations {
        url: "http://h/scep".into(),
        items,
        ..Observations::default()
    }
}

fn response(capture: &Capture) -> &HttpFacts {
    match &capture.observations.items[0].outcome {
        Outcome::Response(facts) => facts,
        other => panic!("{other:?}"),
    }
}

/// A CertRep whose envelope is keyed by a certificate, or by a password.
fn cert_rep(by_password: bool) -> Vec<u8> {
    let envelope = if by_password {
        let des3 = write::algorithm(oid::DES_EDE3_CBC, &write::octet_string(&[0; 8]));
        let recipient = write::tlv(
            tag::context_constructed(3),
            &[
                write::integer(0),
                des3.clone(),
                write::octet_string(&[1; 24]),
            ]
            .concat(),
        );
        let content = write::sequence(&[
            &write::oid(oid::DATA),
            &des3,
            &write::tlv(tag::context(0), &[2; 16]),
        ]);
        let enveloped = write::sequence(&[
            &write::integer(3),
            &write::set_of(tag::SET, vec![recipient]),
            &content,
        ]);
        write::sequence(&[
            &write::oid(oid::ENVELOPED_DATA),
            &write::tlv(tag::context_constructed(0), &enveloped),
        ])
    } else {
        let cipher = scep_core::crypto::ContentCipher::Aes128Cbc;
        let transport = scep_core::crypto::KeyTransport::RsaPkcs1v15;
        let to = &CA.certificate;
        scep_core::cms::seal(
            provider().as_ref(),
            scep_core::cms::SealTo::Certificate(to, transport),
            cipher,
            b"x",
            &mut SystemRandom,
        )
        .unwrap()
    };
    let id = TransactionId::new("1").unwrap();
    let mut builder = MessageBuilder::new(MessageType::CertRep, id, CA.certificate.clone());
    builder.pki_status = Some(PkiStatus::Success);
    builder.envelope = Some(envelope);
    builder
        .sign(provider().as_ref(), CA.key.as_ref(), &mut SystemRandom)
        .unwrap()
}

#[test]
fn secrets_are_removed() {
    let mut facts = body(b"password is: <B> 0123456789ABCDEF </B>");
    facts.headers = vec![
        ("set-cookie".into(), "sid=FEDCBA9876543210; Path=/".into()),
        ("authorization".into(), "Basic FEDCBA9876543210".into()),
        ("location".into(), "/a?state=FEDCBA9876543210".into()),
        ("server".into(), "Microsoft-IIS/10.0".into()),
    ];
    let mut observations = of(vec![
        exchange(
            Purpose::MscepAdmin,
            "http://u:FEDCBA9876543210@h/certsrv/mscep_admin/",
            facts,
        ),
        exchange(
            Purpose::Enroll,
            "http://h/scep?operation=PKIOperation&message=FEDCBA9876543210",
            body(b""),
        ),
    ]);
    observations.url = "http://u:FEDCBA9876543210@h/scep".into();
    observations.logs.push(LogRecord {
        text: "challenge password FEDCBA9876543210 was refused".into(),
        ..LogRecord::default()
    });
    let capture = Capture::new(&observations);
    let text = capture.to_json().unwrap();
    assert!(!text.contains("FEDCBA98"), "{text}");
    let kept = STANDARD.decode(&response(&capture).body).unwrap();
    assert_eq!(kept, b"password is: <B> **************** </B>");
    // what is no secret stays
    assert!(text.contains("Microsoft-IIS/10.0") && text.contains("was refused"));
    assert_eq!(
        Capture::new(&capture.observations),
        capture,
        "removing twice is removing once"
    );
}

#[test]
fn only_envelopes_that_a_password_opens_are_dropped() {
    let capture = |octets: &[u8]| {
        Capture::new(&of(vec![exchange(
            Purpose::Enroll,
            "http://h/scep",
            body(octets),
        )]))
    };
    let guessable = cert_rep(true);
    let dropped = capture(&guessable);
    assert_eq!(response(&dropped).body, "");
    assert_eq!(
        response(&dropped).body_len,
        u64::try_from(guessable.len()).unwrap()
    );
    for kept in [&cert_rep(false)[..], b"<html>", b""] {
        assert_eq!(response(&capture(kept)).body, STANDARD.encode(kept));
    }
}

#[test]
fn a_capture_gives_the_same_diagnosis_another_day() {
    let mut facts = body(b"");
    facts.status = 503;
    let observations = of(vec![exchange(
        Purpose::GetCaCaps,
        "http://h/scep?operation=GetCACaps",
        facts,
    )]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.json");
    Capture::new(&observations).save(&path).unwrap();
    let loaded = Capture::load(&path).unwrap();
    assert_eq!(loaded.observations, observations);
    assert_eq!(
        loaded.diagnose(Catalogue::builtin()),
        classify(Catalogue::builtin(), &observations)
    );
}

#[test]
fn what_is_no_capture_is_refused() {
    let path = Path::new("odd.json");
    for text in [
        "",
        "[]",
        "{}",
        "{\"schema\":\"scep-capture/2\"}",
        "{\"schema\":\"scep-capture/1\",\"x\":1}",
    ] {
        let error = Capture::from_json(path, text).unwrap_err();
        assert!(matches!(&error, Error::Format { .. }), "{text}");
        assert!(error.to_string().starts_with("odd.json"), "{error}");
    }
}

#[test]
fn a_capture_edited_by_hand_is_cleaned_when_it_is_loaded() {
    let mut facts = body(b"");
    facts.headers = vec![("set-cookie".into(), "sid=1".into())];
    let mut capture = Capture::new(&of(vec![exchange(
        Purpose::Root,
        "http://h/",
        facts.clone(),
    )]));
    capture.observations.items = vec![exchange(Purpose::Root, "http://h/", facts)];
    let text = capture.to_json().unwrap();
    let loaded = Capture::from_json(Path::new("-"), &text).unwrap();
    assert_eq!(response(&loaded).headers[0].1, "sid=<removed>");
}
