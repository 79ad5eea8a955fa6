//! Damaged, hostile and foreign octets: every public decoder refuses them with a sentence.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::mutate::{mutate, structured, survives};
use common::samples;
use common::{TestCa, TestRandom, key, key_der, provider};
use proptest::prelude::*;
use scep_core::asn1::{Reader, decode_time, transcode};
use scep_core::ca_certificates::CaCertificates;
use scep_core::capabilities::Capabilities;
use scep_core::cms::{ContentInfo, EnvelopedData, SignedData, certs_only_certificates};
use scep_core::http::{ServerRequest, decode_message};
use scep_core::inspect::{Aids, inspect, outline, private_key_der, unwrap_input};
use scep_core::limits::Limits;
use scep_core::message::{IssuerAndSerialNumber, IssuerAndSubject, SignedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, CertificationRequest, Crl, Name, pem};
use scep_core::{Error, Result};

const LIMITS: Limits = Limits::DEFAULT;

/// What every result must be like: an error says something, and points into the input.
fn sound<T>(input: &[u8], result: Result<T>) -> Option<T> {
    result
        .map_err(|error| {
            let text = error.to_string();
            assert!(text.len() > 10, "{error:?}");
            // a position counts in the DER, which is hardly ever longer than the BER
            assert!(error.position().is_none_or(|at| at <= input.len() + 64));
        })
        .ok()
}

/// Reads a certificate and asks it everything.
fn certificate(input: &[u8]) {
    let Some(certificate) = sound(input, Certificate::from_der(input)) else {
        return;
    };
    let _ = format!("{certificate:?} {}", certificate.issuer());
    assert_eq!(certificate.as_der(), input);
    let _ = (
        certificate.is_ca(),
        certificate.is_self_issued(),
        certificate.version(),
    );
    let _ = (certificate.key_usage(), certificate.extended_key_usages());
    let _ = (
        certificate.subject_key_identifier(),
        certificate.authority_key_identifier(),
    );
    let _ = (
        certificate.crl_distribution_points(),
        certificate.subject_alt_names(),
    );
    let _ = (
        certificate.not_before().to_string(),
        certificate.not_after().to_string(),
    );
    let _ = sound(
        input,
        certificate.verify_issued_by(provider(), &certificate),
    );
    let _ = CaCertificates::new(vec![certificate.clone(), certificate]).choose();
}

/// Every decoder of octets or text that may come from a stranger.
fn decode_all(input: &[u8]) {
    decode_octets(input);
    decode_text(input);
}

fn decode_octets(input: &[u8]) {
    let mut rng = TestRandom(1);
    let _ = sound(input, transcode(input, &LIMITS));
    if let Some(info) = sound(input, ContentInfo::decode(input, &LIMITS)) {
        let _ = sound(
            input,
            SignedData::from_content_info(&info, "test", &Limits::DEFAULT),
        );
    }
    let _ = sound(input, SignedMessage::decode_prefix(input, &LIMITS));
    if let Some(message) = sound(input, SignedMessage::decode(input, &LIMITS))
        && let Some(verified) = sound(
            input,
            message.verify(provider(), &AlgorithmPolicy::LEGACY, &[]),
        )
    {
        let _ = sound(input, verified.envelope(&LIMITS));
    }
    let _ = sound(input, EnvelopedData::decode(input, &LIMITS));
    let _ = sound(input, certs_only_certificates(input, &LIMITS));
    certificate(input);
    if let Some(csr) = sound(input, CertificationRequest::from_der(input)) {
        let _ = format!(
            "{csr:?} {:?} {:?}",
            csr.key_usage(),
            csr.subject_alt_names()
        );
        let _ = sound(input, csr.verify(provider()));
    }
    if let Some(crl) = sound(input, Crl::from_der(input)) {
        let _ = format!("{crl:?} {:?} {}", crl.number(), crl.is_revoked(&[1]));
    }
    if let Some(name) = sound(input, Name::from_der(input)) {
        let _ = format!("{name} {:?}", name.common_name());
        assert!(name.matches(&name));
    }
    let _ = sound(input, IssuerAndSubject::from_der(input));
    let _ = sound(input, IssuerAndSerialNumber::from_der(input));
    if let Some(certificates) = sound(input, CaCertificates::from_response(input)) {
        let _ = sound(input, certificates.choose());
    }
    if let Ok(tlv) = Reader::new(input).next("test") {
        let _ = sound(input, decode_time(&tlv));
    }
    let _ = Capabilities::parse(input).to_text();
    let _ = sound(input, unwrap_input(input));
    let lines = outline(input);
    assert!(lines.len() <= 1000);
    let _ = sound(input, private_key_der(input));
    let _ = sound(
        input,
        inspect(provider(), input, &Aids::default(), &mut rng),
    );
}

fn decode_text(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let octets = text.as_bytes();
    let _ = sound(octets, pem::blocks(&text));
    let _ = sound(octets, Certificate::all_from_pem(&text));
    let _ = sound(octets, Name::from_rfc4514(&text));
    let _ = sound(octets, decode_message(&text));
    for method in ["GET", "POST"] {
        let _ = sound(input, ServerRequest::from_http(method, Some(&text), input));
    }
}

/// One valid input of every kind.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let ca = TestCa::rfc8894();
    let mut seeds = samples::all();
    let request = SignedMessage::decode(&samples::pkcs_req(&ca), &LIMITS).unwrap();
    seeds.push(("envelope", request.content().unwrap().to_vec()));
    seeds.push(("certificate", samples::device().0.as_der().to_vec()));
    seeds.push(("request", samples::csr().as_der().to_vec()));
    seeds.push(("CRL", ca.crl().as_der().to_vec()));
    seeds.push(("bundle", ca.bundle()));
    seeds.push(("name", ca.ca.subject().as_der().to_vec()));
    seeds
}

#[test]
fn every_truncation_is_refused() {
    for (what, der) in seeds() {
        for len in 0..der.len() {
            survives(what, &der[..len], |cut| {
                decode_octets(cut);
                assert!(transcode(cut, &LIMITS).is_err());
                assert!(SignedMessage::decode_prefix(cut, &LIMITS).is_err());
                assert!(EnvelopedData::decode(cut, &LIMITS).is_err());
                assert!(Certificate::from_der(cut).is_err());
                assert!(CertificationRequest::from_der(cut).is_err());
                assert!(Crl::from_der(cut).is_err() && Name::from_der(cut).is_err());
                assert!(CaCertificates::from_response(cut).is_err());
                assert!(inspect(provider(), cut, &Aids::default(), &mut TestRandom(1)).is_err());
            });
        }
    }
}

#[test]
fn random_damage_is_survived() {
    let mut rng = TestRandom(2);
    for (what, der) in seeds() {
        for _ in 0..400 {
            survives(what, &mutate(&der, &mut rng), decode_all);
        }
    }
}

#[test]
fn every_value_can_be_replaced_by_a_wrong_one() {
    let mut tried = 0;
    // one of each shape is enough; the other messages differ in their attributes only
    let shapes =
        |what: &str| what.contains("SUCCESS") || !what.contains("Rep") || what.ends_with("FAILURE");
    let other = ["RenewalReq", "CertPoll", "GetCert", "GetCRL"];
    for (what, der) in seeds() {
        if other.contains(&what) || !shapes(what) {
            continue;
        }
        for changed in structured(&der) {
            survives(what, &changed, decode_octets);
            tried += 1;
        }
    }
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn each_decoder_refuses_what_is_for_another() {
    for (what, der) in seeds() {
        let is = |kind: &str| what == kind;
        let message = ![
            "envelope",
            "certificate",
            "request",
            "CRL",
            "bundle",
            "name",
        ]
        .contains(&what);
        assert_eq!(
            SignedMessage::decode(&der, &LIMITS).is_ok(),
            message,
            "{what}"
        );
        assert_eq!(
            EnvelopedData::decode(&der, &LIMITS).is_ok(),
            is("envelope"),
            "{what}"
        );
        assert_eq!(
            Certificate::from_der(&der).is_ok(),
            is("certificate"),
            "{what}"
        );
        assert_eq!(
            CertificationRequest::from_der(&der).is_ok(),
            is("request"),
            "{what}"
        );
        assert_eq!(Crl::from_der(&der).is_ok(), is("CRL"), "{what}");
        assert_eq!(Name::from_der(&der).is_ok(), is("name"), "{what}");
        assert!(provider().load_private_key(&der).is_err(), "{what}");
    }
}

#[test]
fn octets_after_the_end_are_refused_or_counted() {
    let ca = TestCa::rfc8894();
    for rest in [&[0][..], b"\n", &[0; 100], &[5, 0]] {
        let with = |der: &[u8]| [der, rest].concat();
        assert!(Certificate::from_der(&with(ca.ca.as_der())).is_err());
        assert!(CertificationRequest::from_der(&with(samples::csr().as_der())).is_err());
        assert!(Crl::from_der(&with(ca.crl().as_der())).is_err());
        assert!(Name::from_der(&with(ca.ca.subject().as_der())).is_err());
        assert!(CaCertificates::from_response(&with(ca.ca.as_der())).is_err());
        let message = with(&samples::pkcs_req(&ca));
        let error = SignedMessage::decode(&message, &LIMITS).unwrap_err();
        assert_eq!(
            error.position(),
            Some(message.len() - rest.len()),
            "{error}"
        );
        let lenient = SignedMessage::decode_prefix(&message, &LIMITS).unwrap();
        assert!(lenient.deviations().has("trailing-octets"));
    }
}

#[test]
fn what_is_no_asn1_at_all_is_named() {
    let utf16: Vec<u8> = "<html>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], &str); 9] = [
        (b"", "no octets at all"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\r\n  <HTML><body>503</body></HTML>", "HTML"),
        (b"<?xml version=\"1.0\"?><plist/>", "XML"),
        (b"{\"error\": \"x\"}", "JSON"),
        (b"-----BEGIN PKCS7-----\n", "PEM"),
        (b"HTTP/1.1 200 OK\r\n", "first octet"),
        (&[0; 40], "first octet"),
        (&utf16, "first octet"),
    ];
    for (input, expected) in cases {
        survives(expected, input, decode_all);
        let error = SignedMessage::decode(input, &LIMITS)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn lengths_that_are_lies_cost_nothing() {
    for header in [
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..],
        &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
        &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x30, 0xff],
        &[0x30, 0xfe],
        &[0x04, 0x80, 0, 0],
        &[0x1f, 0x81, 0x01, 0x00],
        &[0x30, 0x82, 0xff, 0xff, 0x1f, 0x01, 0x00],
    ] {
        for prefix in [
            &[][..],
            &[0x30, 0x80],
            &[0x30, 0x80, 0x06, 0x01, 0x2a, 0xa0, 0x80],
        ] {
            let mut input = prefix.to_vec();
            input.extend(header);
            input.extend([0; 8]);
            survives("a length", &input, decode_all);
            assert!(transcode(&input, &LIMITS).is_err(), "{input:02x?}");
        }
    }
}

#[test]
fn deep_wide_and_long_inputs_are_too_large() {
    let too_large = |input: &[u8]| matches!(transcode(input, &LIMITS), Err(Error::TooLarge { .. }));
    for pattern in [
        &[0x30, 0x80][..],
        &[0x24, 0x80],
        &[0xa0, 0x80],
        &[0x23, 0x80],
        &[0x30, 0x83, 0x0f, 0x00, 0x00],
    ] {
        for depth in [50, 1000, 100_000] {
            let mut input = pattern.repeat(depth);
            input.resize(input.len() + (1 << 19).min(depth * 100), 0);
            survives("depth", &input, decode_all);
            assert!(
                transcode(&input, &LIMITS).is_err(),
                "{pattern:02x?} {depth}"
            );
        }
    }
    assert!(too_large(&[0x30, 0x80].repeat(60)));
    let mut wide = vec![0x30, 0x83, 3, 0, 0];
    wide.extend([5, 0].repeat(3 << 15));
    assert!(!too_large(&wide));
    wide = vec![0x30, 0x83, 4, 0, 0];
    wide.extend([5, 0].repeat(4 << 15));
    assert!(too_large(&wide));
    survives("width", &wide, decode_all);
    assert!(too_large(&vec![0x30; (1 << 20) + 1]));
    let query = format!("operation=PKIOperation&message={}", "A".repeat(1 << 20));
    let error = ServerRequest::from_http("GET", Some(&query), b"").unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let caps = Capabilities::parse(&b"AES ".repeat(1 << 20));
    assert_eq!(caps.words().len(), Capabilities::MAX_WORDS);
}

/// Whoever has the public key can put envelopes into each other.
#[test]
fn envelopes_in_each_other_are_opened_to_a_bound() {
    use scep_core::cms::seal;
    use scep_core::crypto::{ContentCipher, KeyTransport};
    let ca = TestCa::rfc8894();
    let aids = Aids {
        keys: vec![key("ra")],
        certificates: Vec::new(),
        passwords: Vec::new(),
    };
    let mut content = samples::csr().as_der().to_vec();
    let mut rng = TestRandom(1);
    for _ in 0..12 {
        let (cipher, transport) = (ContentCipher::Aes128Cbc, KeyTransport::RsaPkcs1v15);
        content = seal(
            provider(),
            scep_core::cms::SealTo::Certificate(&ca.ra, transport),
            cipher,
            &content,
            &mut rng,
        )
        .unwrap();
    }
    let mut report = inspect(provider(), &content, &aids, &mut rng).unwrap();
    let mut levels = 1;
    while let Some(inner) = report.content.take() {
        report = *inner;
        levels += 1;
    }
    assert!((2..8).contains(&levels), "{levels}");
    assert!(report.deviations.has("content-illegible"));
}

#[test]
fn damaged_private_keys_are_refused() {
    let der = key_der("client");
    for len in (0..der.len()).step_by(7) {
        survives("a key", &der[..len], |cut| {
            assert!(sound(cut, provider().load_private_key(cut)).is_none());
        });
    }
    let (mut rng, mut used) = (TestRandom(3), 0);
    for _ in 0..100 {
        survives("a key", &mutate(&der, &mut rng), |changed| {
            if let Some(key) = sound(changed, provider().load_private_key(changed)) {
                used += usize::from(key.spki_der() == common::key("client").spki_der());
            }
        });
    }
    // damage is found by the consistency of an RSA key, apart from octets that do not matter
    assert!(used < 20, "{used}");
}

#[test]
fn passwords_are_not_in_errors() {
    // a damaged request with a challenge: no error quotes it
    let der = samples::csr().as_der().to_vec();
    let mut rng = TestRandom(4);
    for _ in 0..2000 {
        let changed = mutate(&der, &mut rng);
        if let Err(error) = CertificationRequest::from_der(&changed) {
            assert!(!format!("{error} {error:?}").contains("Horse"), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn arbitrary_octets(input in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_all(&input);
    }

    #[test]
    fn octets_that_look_like_asn1(
        input in prop::collection::vec(
            prop::sample::select(vec![0x30_u8, 0x31, 0x80, 0x81, 0x82, 0xa0, 0xa3, 0, 1, 2, 3, 4, 5, 6, 8, 0x13, 0x17, 0x24]),
            0..120,
        )
    ) {
        let mut input = input;
        input.insert(0, 0x30);
        decode_all(&input);
    }

    #[test]
    fn arbitrary_text(text in "\\PC{0,80}|[A-Z0-9.,=+#\\\\\"; ]{0,60}|(operation|message|GetCACert|=|&|%[0-9a-f]{2}|[A-Za-z+/]){0,30}") {
        decode_all(text.as_bytes());
    }

    #[test]
    fn names_round_trip(value in "[^\\x00-\\x1f]{1,30}", other in "[a-zA-Z0-9 .-]{1,20}") {
        let mut escaped = String::new();
        for c in value.chars() {
            if matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '#' | '=' | ' ') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        let name = Name::from_rfc4514(&format!("CN={escaped},O={}", other.trim())).unwrap();
        prop_assert_eq!(name.common_name(), Some(value));
        let again = Name::from_rfc4514(&name.to_string()).unwrap();
        prop_assert!(again.matches(&name), "{} {}", again, name);
    }
}
