//! Who is trusted: a CA by its pin, its RAs by what their certificates say, and nobody else.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::time::Duration;

use common::provider::{signing, supported};
use common::{CA, NOW, TestCa, TestRandom, certificate, drive, exchange, key, name, provider};
use scep_core::Error;
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{CaTrust, Enrollment, Next, Response};
use scep_core::crypto::{DigestAlgorithm, KeyType, SignatureAlgorithm, default_provider};
use scep_core::limits::Limits;
use scep_core::message::{FailInfo, MessageBuilder, MessageType, PkiStatus, SignedMessage};
use scep_core::oid;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage};

const CAPS: &str = "AES\nSHA-256\nPOSTPKIOperation\n";

/// A certificate as a device of the same CA has one.
fn device(serial: u8) -> Certificate {
    certificate(
        "CN=device-of-mallory",
        CA,
        key("other").as_ref(),
        key("ca").as_ref(),
        serial,
        vec![
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT),
            Extension::extended_key_usage(&[oid::CLIENT_AUTH]),
        ],
    )
}

/// A certificate of the CA without extended key usage.
fn unmarked(serial: u8, usage: KeyUsage) -> Certificate {
    certificate(
        "CN=anybody",
        CA,
        key("other").as_ref(),
        key("ca").as_ref(),
        serial,
        vec![Extension::key_usage(usage)],
    )
}

fn anchored(
    certificates: &[&Certificate],
    anchor: &Certificate,
) -> scep_core::Result<CaCertificates> {
    CaCertificates::new(certificates.iter().map(|c| (*c).clone()).collect()).anchored(
        provider(),
        &AlgorithmPolicy::RFC8894,
        std::slice::from_ref(anchor),
        NOW,
    )
}

#[test]
fn a_device_certificate_in_the_bundle_is_no_ra() {
    let ca = TestCa::rfc8894();
    let device = device(77);
    let roles = anchored(&[&device, &ca.ra, &ca.ca], &ca.ca)
        .unwrap()
        .choose()
        .unwrap();
    assert_eq!(roles.encryption, ca.ra);
    assert!(!roles.signing.contains(&device), "{:?}", roles.why);
    assert!(
        roles.why.iter().any(|why| why.contains("not for an RA")),
        "{:?}",
        roles.why
    );
}

/// Any device that has such a certificate could pose as the RA, so it is the last resort, and said.
#[test]
fn a_certificate_without_extended_key_usage_is_an_ra_only_where_nothing_else_can_be() {
    let ca = TestCa::rfc8894();
    let both = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    let unmarked = unmarked(80, both);
    let ca_with = |usage| {
        let extensions = vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
        ];
        certificate(
            CA,
            CA,
            key("ca").as_ref(),
            key("ca").as_ref(),
            81,
            extensions,
        )
    };
    let roles = |set: &[&Certificate]| anchored(set, set[set.len() - 1]).unwrap().choose().unwrap();
    // beside an RA that says so
    let ra = certificate(
        "CN=RA",
        CA,
        key("ra").as_ref(),
        key("ca").as_ref(),
        83,
        vec![
            Extension::key_usage(both),
            Extension::extended_key_usage(&[oid::CMC_RA]),
        ],
    );
    let chosen = roles(&[&unmarked, &ra, &ca.ca]);
    assert_eq!(chosen.encryption, ra);
    assert!(!chosen.signing.contains(&unmarked) && !chosen.ra_is_assumed);
    // beside a CA that can be encrypted to
    let enciphers = ca_with(KeyUsage::KEY_CERT_SIGN | KeyUsage::KEY_ENCIPHERMENT);
    let chosen = roles(&[&unmarked, &enciphers]);
    assert_eq!(chosen.encryption, enciphers);
    assert!(!chosen.signing.contains(&unmarked) && !chosen.ra_is_assumed);
    // beside a CA that cannot
    let signs_only = ca_with(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN);
    let chosen = roles(&[&unmarked, &signs_only]);
    assert_eq!(chosen.encryption, unmarked);
    assert!(chosen.signing.contains(&unmarked) && chosen.ra_is_assumed);
    assert!(
        chosen.why.iter().any(|why| why.contains("is taken for")),
        "{:?}",
        chosen.why
    );
    // an extended key usage that cannot be read is not none
    let broken = certificate(
        "CN=anybody",
        CA,
        key("other").as_ref(),
        key("ca").as_ref(),
        82,
        vec![
            Extension::key_usage(both),
            Extension {
                oid: oid::EXTENDED_KEY_USAGE,
                critical: false,
                value: vec![0x30, 0x05, 0x06],
            },
        ],
    );
    let chosen = roles(&[&broken, &signs_only]);
    assert_eq!(chosen.encryption, signs_only);
    assert!(!chosen.signing.contains(&broken) && !chosen.ra_is_assumed);

    // whoever wants to be sure says so, and whoever does not is told
    let mut params = ca.params("CN=careful");
    params.server.trust = CaTrust::Certificate(Box::new(signs_only.clone()));
    let bundle = CaCertificates::new(vec![unmarked, signs_only]).to_bundle();
    let mut rng = TestRandom(1);
    let mut greeted = |assume_ra| {
        params.server.assume_ra = assume_ra;
        let mut enrollment = Enrollment::new(default_provider(), params.clone());
        for body in [CAPS.as_bytes(), &bundle] {
            let Next::Send(_) = enrollment.next(NOW, &mut rng).unwrap() else {
                panic!()
            };
            let response = Response {
                status: 200,
                content_type: None,
                body,
            };
            enrollment.on_response(&response, NOW, &mut rng)?;
        }
        Ok::<_, Error>(enrollment)
    };
    let error = greeted(false).unwrap_err().to_string();
    assert!(error.contains("no extended key usage"), "{error}");
    let told = greeted(true).unwrap();
    assert!(told.deviations().has("ra-is-assumed"));
}

/// anyExtendedKeyUsage says no more than none would, and what follows the purposes is none.
#[test]
fn a_certificate_for_any_purpose_is_no_better_an_ra_than_one_for_none_that_is_named() {
    let ca = TestCa::rfc8894();
    let both = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    let with = |serial, usage: Extension| {
        let extensions = vec![Extension::key_usage(both), usage];
        certificate(
            "CN=somebody",
            CA,
            key("other").as_ref(),
            key("ca").as_ref(),
            serial,
            extensions,
        )
    };
    let any = with(
        84,
        Extension::extended_key_usage(&[oid::ANY_EXTENDED_KEY_USAGE]),
    );
    let ra = with(85, Extension::extended_key_usage(&[oid::CMC_RA]));
    let mut followed = Extension::extended_key_usage(&[oid::CMC_RA]);
    followed.value.push(0);
    let followed = with(86, followed);
    let choose = |set: &[&Certificate]| anchored(set, &ca.ca).unwrap().choose().unwrap();
    let chosen = choose(&[&any, &followed, &ra, &ca.ca]);
    assert_eq!(chosen.encryption, ra);
    assert!(!chosen.signing.contains(&any) && !chosen.signing.contains(&followed));
    assert!(!chosen.ra_is_assumed);
    let chosen = choose(&[&any, &followed, &ca.ca]);
    assert_eq!(chosen.encryption, any);
    assert!(chosen.ra_is_assumed && !chosen.signing.contains(&followed));
}

#[test]
fn a_device_certificate_alone_is_no_ca() {
    let ca = TestCa::rfc8894();
    let device = device(78);
    // the pinned CA joins the set, so that the device cannot be "the only certificate"
    let roles = anchored(&[&device], &ca.ca).unwrap().choose().unwrap();
    assert_eq!(roles.issuing_ca, ca.ca);
    assert_eq!(roles.encryption, ca.ca);
    let err = CaCertificates::new(vec![device])
        .choose()
        .unwrap_err()
        .to_string();
    assert!(err.contains("no CA certificate"), "{err}");
}

#[test]
fn a_reply_signed_by_a_device_of_the_same_ca_is_a_stranger() {
    let ca = TestCa::rfc8894();
    let mut enrollment = Enrollment::new(default_provider(), ca.params("CN=victim"));
    let mut rng = TestRandom(1);
    exchange(&mut enrollment, &ca, CAPS, 2, &mut rng);
    let Next::Send(request) = enrollment.next(NOW, &mut rng).unwrap() else {
        panic!()
    };
    let asked = SignedMessage::decode(&request.body, &Limits::DEFAULT).unwrap();
    let mut builder = MessageBuilder::new(
        MessageType::CertRep,
        asked.attributes().transaction_id.clone(),
        device(79),
    );
    builder.pki_status = Some(PkiStatus::Failure);
    builder.fail_info = Some(FailInfo::BadRequest);
    builder.recipient_nonce = asked
        .attributes()
        .sender_nonce
        .as_ref()
        .map(scep_core::message::SenderNonce::echoed);
    let body = builder
        .sign(provider(), key("other").as_ref(), &mut rng)
        .unwrap();
    let response = Response {
        status: 200,
        content_type: None,
        body: &body,
    };
    let err = enrollment
        .on_response(&response, NOW, &mut rng)
        .unwrap_err()
        .to_string();
    assert!(err.contains("signed by a stranger"), "{err}");
}

#[test]
fn what_a_device_or_an_ra_signed_is_no_certificate_of_the_ca() {
    let ca = TestCa::rfc8894();
    // "issued" by the RA's key: chains by signature, but an RA may not issue
    let rogue = certificate(
        "CN=rogue CA",
        "CN=Test RA",
        key("other").as_ref(),
        key("ra").as_ref(),
        80,
        vec![Extension::basic_constraints(true, None)],
    );
    let trusted = anchored(&[&ca.ra, &ca.ca, &rogue], &ca.ca).unwrap();
    assert!(!trusted.as_slice().contains(&rogue));
}

/// A CA certificate with something wrong.
fn odd_ca(not_after: scep_core::UnixTime, usage: KeyUsage) -> Certificate {
    CertificateBuilder {
        serial: vec![9],
        issuer: name(CA),
        subject: name(CA),
        not_before: NOW.minus(Duration::from_secs(86_400 * 900)),
        not_after,
        spki: key("ca").spki_der().to_vec(),
        extensions: vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
        ],
    }
    .sign(
        key("ca").as_ref(),
        DigestAlgorithm::Sha256,
        &mut TestRandom(7),
    )
    .unwrap()
}

#[test]
fn an_expired_ca_and_one_that_may_not_issue_are_refused() {
    let ca = TestCa::rfc8894();
    let good = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
    let later = NOW.plus(Duration::from_secs(3600));
    assert!(anchored(&[&ca.ra], &odd_ca(later, good)).is_ok());
    let expired = odd_ca(NOW.minus(Duration::from_secs(3600)), good);
    let err = anchored(&[&ca.ra, &expired], &expired)
        .unwrap_err()
        .to_string();
    assert!(err.contains("not valid now"), "{err}");
    let no_cert_sign = odd_ca(later, KeyUsage::DIGITAL_SIGNATURE);
    assert!(anchored(&[&ca.ra, &no_cert_sign], &no_cert_sign).is_err());
}

#[test]
fn weak_signatures_and_keys_follow_the_policy() {
    let ca = TestCa::rfc8894();
    let md5_ra = CertificateBuilder {
        serial: vec![10],
        issuer: name(CA),
        subject: name("CN=Weak RA"),
        not_before: NOW,
        not_after: NOW.plus(Duration::from_secs(3600)),
        spki: key("ra").spki_der().to_vec(),
        extensions: Vec::new(),
    }
    .sign(key("ca").as_ref(), DigestAlgorithm::Md5, &mut TestRandom(7));
    let scheme = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Md5);
    if let Some(md5_ra) = supported(md5_ra, [signing(scheme)]) {
        assert!(
            !anchored(&[&md5_ra, &ca.ca], &ca.ca)
                .unwrap()
                .as_slice()
                .contains(&md5_ra)
        );
    }
    let short = provider().generate_private_key(KeyType::Rsa(1024), &mut TestRandom(3));
    let Some(short) = supported(short, ["making an RSA key of 1024 bits"]) else {
        return;
    };
    let mut params = ca.params("CN=short");
    params.key = provider().load_private_key(&short).unwrap();
    let (next, _) = drive(&mut Enrollment::new(default_provider(), params), &ca, CAPS);
    let Ok(Next::Refused(refusal)) = next else {
        panic!("{next:?}")
    };
    assert_eq!(refusal.fail_info, Some(FailInfo::BadAlg));
}

#[test]
fn a_bundle_of_a_thousand_certificates_is_too_large() {
    let ca = TestCa::rfc8894();
    let many = vec![ca.ca; 1000];
    let err = CaCertificates::from_response(&CaCertificates::new(many).to_bundle()).unwrap_err();
    assert!(matches!(err, Error::TooLarge { .. }), "{err}");
}

#[test]
fn a_pin_by_fingerprint_and_one_by_certificate_both_do() {
    let ca = TestCa::rfc8894();
    for trust in [ca.pin(), CaTrust::Certificate(Box::new(ca.ca.clone()))] {
        let mut params = ca.params("CN=d");
        params.server.trust = trust;
        let (next, _) = drive(&mut Enrollment::new(default_provider(), params), &ca, CAPS);
        assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
    }
}
