//! GetCACert with dates: what is not valid now is not encrypted to, and nothing below it is believed.
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

use common::hand::{HandServer, enrollment, talk};
use common::{CA, NOW, TestRandom, key, name, provider};
use scep_core::client::{CaTrust, EnrollmentParams, Next};
use scep_core::crypto::DigestAlgorithm;
use scep_core::error::Check;
use scep_core::http::Operation;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage};
use scep_core::{Error, UnixTime};

const DAY: Duration = Duration::from_secs(86_400);
const ROOT: &str = "CN=Test Root";

#[derive(Clone, Copy)]
enum When {
    Before,
    Now,
    After,
}
use When::{After, Before, Now};

impl When {
    fn dates(self) -> (UnixTime, UnixTime) {
        match self {
            Before => (NOW.minus(DAY * 9), NOW.minus(DAY)),
            Now => (NOW.minus(DAY), NOW.plus(DAY * 30)),
            After => (NOW.plus(DAY), NOW.plus(DAY * 90)),
        }
    }
}

fn certificate(
    (subject, subject_key): (&str, &str),
    (issuer, issuer_key): (&str, &str),
    when: When,
    usage: Option<KeyUsage>,
) -> Certificate {
    let (not_before, not_after) = when.dates();
    let extensions = match usage {
        Some(usage) => vec![
            Extension::key_usage(usage),
            Extension::extended_key_usage(&[scep_core::oid::MS_CERTIFICATE_REQUEST_AGENT]),
        ],
        None => vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(
                KeyUsage::KEY_CERT_SIGN | KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT,
            ),
        ],
    };
    CertificateBuilder {
        serial: vec![7],
        issuer: name(issuer),
        subject: name(subject),
        not_before,
        not_after,
        spki: key(subject_key).spki_der().to_vec(),
        extensions,
    }
    .sign(
        key(issuer_key).as_ref(),
        DigestAlgorithm::Sha256,
        &mut TestRandom(7),
    )
    .unwrap()
}

fn root() -> Certificate {
    certificate((ROOT, "other"), (ROOT, "other"), Now, None)
}

/// The issuing CA below the root.
fn issuing(when: When) -> Certificate {
    certificate((CA, "ca"), (ROOT, "other"), when, None)
}

/// An RA of the issuing CA.
fn ra(when: When) -> Certificate {
    let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    certificate(("CN=RA", "ra"), (CA, "ca"), when, Some(usage))
}

fn server(ca: &Certificate, bundle: &[Certificate]) -> HandServer {
    let mut server = HandServer::new(key("ca"));
    server.ca = ca.clone();
    server.bundle = bundle.to_vec();
    server
}

fn params(server: &HandServer, trust: CaTrust) -> EnrollmentParams {
    let mut params = server.params(key("client"));
    params.server.trust = trust;
    params
}

fn pin(certificate: &Certificate) -> CaTrust {
    CaTrust::Sha256(certificate.sha256(provider()).unwrap())
}

/// How a client that trusts the root takes this bundle: the error of GetCACert.
fn refused(bundle: &[Certificate], trust: CaTrust) -> String {
    let server = server(&issuing(Now), bundle);
    let params = params(&server, trust);
    let (next, sent, _) = talk(&mut enrollment(params), |r| server.greeting(r).unwrap());
    assert!(sent.iter().all(|r| r.operation != Operation::PkiOperation));
    let error = next.unwrap_err();
    let issuer = matches!(
        error,
        Error::NotAuthentic {
            check: Check::Issuer,
            ..
        }
    );
    assert!(issuer, "{error:?}");
    error.to_string()
}

fn dates(certificate: &Certificate) -> String {
    format!(
        "from {} to {}",
        certificate.not_before(),
        certificate.not_after()
    )
}

#[test]
fn a_pin_of_the_root_lets_the_issuing_ca_below_issue() {
    let (root, issuing) = (root(), issuing(Now));
    let server = server(&issuing, &[issuing.clone(), root.clone()]);
    for trust in [
        pin(&root),
        CaTrust::Certificate(Box::new(root)),
        pin(&issuing),
    ] {
        let mut enrollment = enrollment(params(&server, trust));
        let spki = key("client").spki_der().to_vec();
        let (next, ..) = talk(&mut enrollment, |request| server.grant(request, &spki));
        assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
        let roles = enrollment.ca_roles().unwrap();
        assert_eq!((&roles.issuing_ca, &roles.encryption), (&issuing, &issuing));
    }
}

#[test]
fn an_issuing_ca_that_is_not_valid_now_is_not_used() {
    for (when, what) in [(Before, "has expired"), (After, "is not valid yet")] {
        let issuing = issuing(when);
        // the RA's certificate is good, but who vouches for it is not
        for bundle in [
            vec![issuing.clone(), root()],
            vec![ra(Now), issuing.clone(), root()],
        ] {
            let error = refused(&bundle, pin(&root()));
            assert!(error.contains(what) && error.contains(CA), "{error}");
            assert!(error.contains(&dates(&issuing)), "{error}");
        }
    }
}

#[test]
fn a_link_between_that_is_not_valid_now_is_not_used() {
    for (when, what) in [(Before, "has expired"), (After, "is not valid yet")] {
        let between = certificate(("CN=Between", "p256-ca"), (ROOT, "other"), when, None);
        let issuing = certificate((CA, "ca"), ("CN=Between", "p256-ca"), Now, None);
        let bundle = [ra(Now), issuing, between.clone(), root()];
        let error = refused(&bundle, pin(&root()));
        assert!(
            error.contains(what) && error.contains("CN=Between"),
            "{error}"
        );
        assert!(error.contains(&dates(&between)), "{error}");
    }
}

#[test]
fn an_ra_certificate_that_is_not_valid_now_is_not_encrypted_to() {
    for (when, what) in [(Before, "has expired"), (After, "is not valid yet")] {
        let ra = ra(when);
        let bundle = [ra.clone(), issuing(Now), root()];
        for trust in [pin(&root()), pin(&issuing(Now)), CaTrust::FirstSeen] {
            let error = refused(&bundle, trust);
            assert!(error.contains("requests are encrypted to"), "{error}");
            assert!(error.contains(what) && error.contains("CN=RA"), "{error}");
            assert!(error.contains(&dates(&ra)), "{error}");
        }
    }
}

#[test]
fn what_is_not_valid_beside_a_valid_one_is_no_hindrance() {
    let bundle = [
        issuing(After),
        ra(Before),
        issuing(Before),
        ra(Now),
        issuing(Now),
        root(),
    ];
    let server = server(&issuing(Now), &bundle);
    let params = params(&server, pin(&root()));
    let mut enrollment = enrollment(params);
    let mut rng = TestRandom(1);
    for _ in 0..2 {
        let Next::Send(request) = enrollment.next(NOW, &mut rng).unwrap() else {
            panic!()
        };
        let body = server.greeting(&request).unwrap();
        let response = common::hand::ok(&body);
        enrollment.on_response(&response, NOW, &mut rng).unwrap();
    }
    let roles = enrollment.ca_roles().unwrap();
    assert_eq!(roles.encryption, ra(Now));
    assert_eq!(roles.issuing_ca, issuing(Now));
}
