//! GetNextCACert: what a CA sends, whom the client believes, and what it tells about the time.
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

use common::hand::{HandServer, enrollment, fresh_key, talk};
use common::openssl::OpenSsl;
use common::{CA, NOW, TestRandom, certificate, key, name};
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{
    Enrollment, EnrollmentParams, Next as NextStep, NextCa, Request, Response, RetryPolicy,
    Rollover, Step,
};
use scep_core::cms::{SignatureOid, SignedDataBuilder, certs_only};
use scep_core::crypto::{DigestAlgorithm, KeyType, PrivateKey, RustCrypto, default_provider};
use scep_core::http::{CT_NEXT_CA_CERT, Operation, ServerRequest};
use scep_core::limits::Limits;
use scep_core::message::{
    FailInfo, IssuerAndSubject, MessageBuilder, MessageType, PkiStatus, TransactionId,
};
use scep_core::next_ca_certificates::{NextCaCertificates, Validity};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage};
use scep_core::{Error, Result, UnixTime};

const CAPS: &str = "AES\nGetNextCACert\nSHA-256\n";
const YEAR: Duration = Duration::from_secs(86_400 * 365);

fn server() -> HandServer {
    let mut server = HandServer::new(key("ca"));
    server.capabilities = CAPS.into();
    server
}

/// A CA certificate of the same name for the key `subject_key`, signed by `issuer_key`.
fn ca_certificate(subject_key: &str, issuer_key: &str, from: UnixTime) -> Certificate {
    CertificateBuilder {
        serial: vec![2],
        issuer: name(CA),
        subject: name(CA),
        not_before: from,
        not_after: from.plus(YEAR),
        spki: key(subject_key).spki_der().to_vec(),
        extensions: vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
        ],
    }
    .sign(
        key(issuer_key).as_ref(),
        DigestAlgorithm::Sha256,
        &mut TestRandom(5),
    )
    .unwrap()
}

/// The next CA, with a new key and self-signed; valid from the day after tomorrow.
fn next() -> Certificate {
    ca_certificate("ra", "ra", NOW.plus(Duration::from_secs(86_400 * 2)))
}

fn encode(next: &[Certificate], current: &Certificate, key: &dyn PrivateKey) -> Vec<u8> {
    let digest = DigestAlgorithm::Sha256;
    let rng = &mut TestRandom(6);
    NextCaCertificates::encode(next, (current, key), digest, &RustCrypto, rng).unwrap()
}

fn good(server: &HandServer, next: &[Certificate]) -> Vec<u8> {
    encode(next, &server.ca, server.ca_key.as_ref())
}

fn from_response(server: &HandServer, body: &[u8]) -> Result<NextCaCertificates> {
    NextCaCertificates::from_response(
        body,
        &CaCertificates::new(vec![server.ca.clone()]),
        &RustCrypto,
        &AlgorithmPolicy::RFC8894,
        &Limits::DEFAULT,
    )
}

/// Any SignedData, signed by the CA.
fn signed(
    server: &HandServer,
    content: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
) -> Vec<u8> {
    SignedDataBuilder {
        content,
        attributes: Vec::new(),
        signer: server.ca.clone(),
        certificates,
        digest: DigestAlgorithm::Sha256,
        scheme: None,
        signature_oid: SignatureOid::default(),
    }
    .sign(&RustCrypto, server.ca_key.as_ref(), &mut TestRandom(7))
    .unwrap()
}

/// Drives a rollover to its end.
fn ask(
    server: &HandServer,
    response: Response<'_>,
    at: UnixTime,
) -> (Result<Step<NextCa>>, Vec<Request>) {
    let mut params = server.server_params();
    params.ca_identifier = Some("main ca".into());
    let mut rollover = Rollover::new(default_provider(), params);
    let mut sent = Vec::new();
    for _ in 0..9 {
        match rollover.next() {
            Ok(Step::Send(request)) => {
                let greeting = server.greeting(&request);
                let taken = match &greeting {
                    Some(body) => rollover.on_response(&common::hand::ok(body), at),
                    None => rollover.on_response(&response, at),
                };
                sent.push(request.clone());
                if let Err(e) = taken {
                    // the same request is due again
                    assert!(matches!(rollover.next(), Ok(Step::Send(again)) if again == request));
                    return (Err(e), sent);
                }
            }
            other => {
                let late = rollover.on_response(&response, at);
                assert!(matches!(late, Err(Error::Misuse(_))), "{late:?}");
                return (other, sent);
            }
        }
    }
    panic!("the rollover does not end");
}

fn labelled(body: &[u8]) -> Response<'_> {
    Response {
        status: 200,
        content_type: Some(CT_NEXT_CA_CERT),
        body,
    }
}

#[test]
fn the_next_ca_is_named_and_whether_it_is_valid_yet() {
    let server = server();
    let body = good(&server, &[next()]);
    let (from, to) = (next().not_before(), next().not_after());
    for (at, expected) in [
        (NOW, Validity::NotYet),
        (from.minus(Duration::from_secs(1)), Validity::NotYet),
        (from, Validity::Now),
    ] {
        let (step, sent) = ask(&server, labelled(&body), at);
        let Ok(Step::Done(found)) = step else {
            panic!("{step:?}")
        };
        assert_eq!(found.validity, expected);
        assert_eq!(*found.certificates.next_ca(), next());
        assert_eq!(found.ca_certificates, std::slice::from_ref(&server.ca));
        assert!(
            found.deviations.as_slice().is_empty(),
            "{:?}",
            found.deviations
        );
        // the CA identifier belongs to the other two questions only
        let urls: Vec<&str> = sent.iter().map(|r| r.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "http://ca.test/scep?operation=GetCACaps&message=main%20ca",
                "http://ca.test/scep?operation=GetCACert&message=main%20ca",
                "http://ca.test/scep?operation=GetNextCACert",
            ]
        );
        let query = urls[2].split_once('?').map(|(_, query)| query);
        let read = ServerRequest::from_http("GET", query, b"").unwrap();
        assert_eq!(read, ServerRequest::GetNextCaCert { message: None });
    }
    let certificates = from_response(&server, &body).unwrap();
    assert_eq!(certificates.validity_at(to), Validity::Now);
    let after = to.plus(Duration::from_secs(1));
    assert_eq!(certificates.validity_at(after), Validity::Over);
}

#[test]
fn a_chain_may_come_along_and_certificates_in_use_are_left_out() {
    let server = server();
    let root = certificate(
        "CN=Next Root",
        "CN=Next Root",
        key("other").as_ref(),
        key("other").as_ref(),
        3,
        vec![Extension::basic_constraints(true, None)],
    );
    let issuing = certificate(
        CA,
        "CN=Next Root",
        key("ra").as_ref(),
        key("other").as_ref(),
        4,
        vec![Extension::basic_constraints(true, None)],
    );
    let all = [root.clone(), server.ca.clone(), issuing.clone()];
    let found = from_response(&server, &good(&server, &all)).unwrap();
    assert_eq!(*found.next_ca(), issuing);
    assert_eq!(found.as_slice(), [root, issuing]);
    assert!(found.deviations().has("current-ca-among-next"));
}

#[test]
fn a_renewed_ca_certificate_for_the_same_key_is_a_next_one() {
    let server = server();
    let renewed = ca_certificate("ca", "ca", NOW);
    let found = from_response(&server, &good(&server, std::slice::from_ref(&renewed)));
    assert_eq!(*found.unwrap().next_ca(), renewed);
}

#[test]
fn a_ca_with_an_ec_key_signs_too() {
    let mut server = HandServer::new(fresh_key(KeyType::EcP384, 51));
    server.capabilities = CAPS.into();
    let body = good(&server, &[next()]);
    let (step, _) = ask(&server, labelled(&body), NOW);
    assert!(matches!(step, Ok(Step::Done(_))), "{step:?}");
}

#[test]
fn a_server_that_does_not_list_it_is_not_asked() {
    let mut server = server();
    server.capabilities = "SCEPStandard\nRenewal".into();
    let mut rollover = Rollover::new(default_provider(), server.server_params());
    let mut operations = Vec::new();
    let error = loop {
        match rollover.next() {
            Ok(Step::Send(request)) => {
                operations.push(request.operation);
                let body = server.greeting(&request).unwrap();
                rollover.on_response(&common::hand::ok(&body), NOW).unwrap();
            }
            other => break other.unwrap_err(),
        }
    };
    assert_eq!(operations, [Operation::GetCaCaps, Operation::GetCaCert]);
    assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains("does not list it"), "{error}");
    let unasked = rollover.on_response(&labelled(&good(&server, &[next()])), NOW);
    assert!(matches!(unasked, Err(Error::Misuse(_))), "{unasked:?}");
}

#[test]
fn the_content_type_does_not_decide() {
    let server = server();
    let body = good(&server, &[next()]);
    for (content_type, noted) in [
        (Some("application/x-x509-next-ca-cert"), false),
        (
            Some("Application/X-X509-Next-CA-Cert; charset=binary"),
            false,
        ),
        (Some("application/x-x509-ca-cert"), true),
        (Some("text/html"), true),
        (None, true),
    ] {
        let response = Response {
            content_type,
            ..labelled(&body)
        };
        let (step, _) = ask(&server, response, NOW);
        let Ok(Step::Done(found)) = step else {
            panic!("{step:?}")
        };
        assert_eq!(found.deviations.has("next-ca-content-type"), noted);
    }
}

#[test]
fn a_server_without_a_next_ca_says_so_in_http() {
    let server = server();
    for (status, body, expected) in [
        (404, &b"not found"[..], "HTTP status 404"),
        (501, b"", "HTTP status 501"),
        (200, b"", "no next CA certificate yet"),
        (200, b"<!DOCTYPE html><html></html>", "HTML page"),
    ] {
        let response = Response {
            status,
            ..labelled(body)
        };
        let error = ask(&server, response, NOW).0.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn only_the_current_ca_is_believed() {
    let server = server();
    let stranger = HandServer::new(key("other"));
    let device = server.issue(key("other").spki_der(), "CN=device-1", 9, NOW.plus(YEAR));
    // it bears the CA's name, but the CA only made it for a device
    let namesake = server.issue(key("other").spki_der(), CA, 10, NOW.plus(YEAR));
    let by = |certificate: &Certificate| encode(&[next()], certificate, key("other").as_ref());
    for (body, expected) in [
        (certs_only(&[next()]), "not signed"),
        (by(&stranger.ca), "signature is wrong"),
        (by(&device), "CN=device-1, which is not the current CA"),
        (by(&namesake), "which is not the current CA"),
    ] {
        let error = from_response(&server, &body).unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(from_response(&server, next().as_der()).is_err());

    // its RA, which may sign replies to requests
    let ra = server.issue(key("ra").spki_der(), "CN=RA", 11, NOW.plus(YEAR));
    let error = NextCaCertificates::from_response(
        &encode(&[next()], &ra, key("ra").as_ref()),
        &CaCertificates::new(vec![ra, server.ca]),
        &RustCrypto,
        &AlgorithmPolicy::RFC8894,
        &Limits::DEFAULT,
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("CN=RA, which is not the current CA"),
        "{error}"
    );
}

#[test]
fn a_reply_that_was_changed_anywhere_names_the_same_next_ca_or_none() {
    let server = server();
    let body = good(&server, &[next()]);
    let mut accepted = 0;
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] ^= 1 << (at % 8);
        if let Ok(found) = from_response(&server, &changed) {
            // in the outer certificates, say, which are not signed, and not needed
            assert_eq!(*found.next_ca(), next(), "octet {at}");
            accepted += 1;
        }
        let cut = from_response(&server, &body[..at]);
        assert!(cut.is_err(), "the first {at} octets");
    }
    assert!(accepted > 0);
    let longer = [body.as_slice(), b"<script>"].concat();
    assert!(matches!(
        from_response(&server, &longer),
        Err(Error::Malformed { .. })
    ));
}

#[test]
fn the_current_ca_is_no_next_one() {
    let server = server();
    let current = [server.ca.clone()];
    for body in [
        good(&server, &current),
        signed(&server, None, current.to_vec()),
    ] {
        let error = from_response(&server, &body).unwrap_err().to_string();
        assert!(error.contains("and no next one"), "{error}");
    }
}

#[test]
fn what_is_no_ca_certificate_is_no_next_ca() {
    let server = server();
    let device = server.issue(key("other").spki_der(), "CN=device-1", 9, NOW.plus(YEAR));
    let self_issued = certificate(
        "CN=x",
        "CN=x",
        key("other").as_ref(),
        key("other").as_ref(),
        9,
        Vec::new(),
    );
    for next in [device, self_issued] {
        let error = from_response(&server, &good(&server, &[next])).unwrap_err();
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
        assert!(error.to_string().contains("no CA certificate"), "{error}");
    }
    let error = from_response(&server, &good(&server, &[])).unwrap_err();
    assert!(error.to_string().contains("no certificate"), "{error}");
}

#[test]
fn other_ways_to_write_it_are_understood_and_noted() {
    let server = server();
    let bare = signed(&server, Some(next().as_der().to_vec()), Vec::new());
    let signed_inside = signed(&server, Some(good(&server, &[next()])), Vec::new());
    // the inner SignedData of that one holds the current CA, and the next one in its content
    assert!(from_response(&server, &signed_inside).is_err());
    let inner = signed(&server, None, vec![next()]);
    let with_inner_signature = signed(&server, Some(inner), Vec::new());
    for (body, deviation) in [
        (bare, "bare-next-ca-certificate"),
        (with_inner_signature, "signed-inside"),
    ] {
        let found = from_response(&server, &body).unwrap();
        assert_eq!(*found.next_ca(), next());
        assert!(
            found.deviations().has(deviation),
            "{:?}",
            found.deviations()
        );
    }
    let parsed = common::ber::parse(&good(&server, &[next()]));
    let ber = common::ber::to_ber(&parsed, &mut TestRandom(3));
    let found = from_response(&server, &ber).unwrap();
    assert!(found.deviations().has("ber-encoding"));
}

/// jscep's way: certificates beside a signature over nothing.
#[test]
fn certificates_beside_the_signed_content_need_a_signature_of_their_own() {
    let server = server();
    let new_with_old = ca_certificate("ra", "ca", NOW);
    let beside = signed(&server, None, vec![server.ca.clone(), new_with_old.clone()]);
    let found = from_response(&server, &beside).unwrap();
    assert_eq!(*found.next_ca(), new_with_old);
    assert!(found.deviations().has("next-ca-certificates-outside"));

    let sub_ca = certificate(
        "CN=Sub CA of the same CA",
        CA,
        key("other").as_ref(),
        key("ca").as_ref(),
        12,
        vec![Extension::basic_constraints(true, None)],
    );
    for intruder in [next(), ca_certificate("other", "other", NOW), sub_ca] {
        let body = signed(&server, None, vec![intruder]);
        let error = from_response(&server, &body).unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error:?}");
        assert!(error.to_string().contains("does not cover them"), "{error}");
    }
}

/// Anybody can get a signed FAILURE of a CA, and put certificates beside it.
#[test]
fn a_cert_rep_in_its_place_names_no_next_ca() {
    let server = server();
    let id = TransactionId::new("x").unwrap();
    let mut builder = MessageBuilder::new(MessageType::CertRep, id, server.ca.clone());
    builder.pki_status = Some(PkiStatus::Failure);
    builder.fail_info = Some(FailInfo::BadRequest);
    builder.certificates = vec![ca_certificate("other", "other", NOW)];
    let body = server.sign(&builder);
    assert!(matches!(
        from_response(&server, &body),
        Err(Error::NotAuthentic { .. })
    ));
}

#[test]
fn weak_signatures_follow_the_policy() {
    let server = server();
    let body = NextCaCertificates::encode(
        &[next()],
        (&server.ca, server.ca_key.as_ref()),
        DigestAlgorithm::Md5,
        &RustCrypto,
        &mut TestRandom(1),
    );
    let error = from_response(&server, &body.unwrap());
    assert!(
        matches!(error, Err(Error::ForbiddenByPolicy { .. })),
        "{error:?}"
    );
}

/// The server of the next CA, and an enrollment at it, told by the current one.
fn at_the_next_ca() -> (HandServer, HandServer, EnrollmentParams) {
    let current = server();
    let mut following = HandServer::new(key("ra"));
    following.ca = next();
    let announced = from_response(&current, &good(&current, &[next()])).unwrap();
    let mut params = current.params(key("client"));
    params.next_ca = Some(announced);
    (current, following, params)
}

#[test]
fn a_certificate_of_the_next_ca_can_be_had_before_it_is_valid() {
    // nothing says which of the two CAs signs the reply
    for signed_by_next in [true, false] {
        let (current, following, params) = at_the_next_ca();
        let mut enrollment = enrollment(params);
        let (step, sent, _) = talk(&mut enrollment, |request| {
            current.greeting(request).unwrap_or_else(|| {
                let asked = following.asked(request);
                let spki = key("client").spki_der().to_vec();
                let certificate = following.issue(&spki, "CN=device-1", 7, NOW.plus(YEAR));
                let content = certs_only(&[certificate]);
                let server = if signed_by_next { &following } else { &current };
                server.success(&asked, &content)
            })
        });
        let Ok(NextStep::Issued(issued)) = step else {
            panic!("{step:?}")
        };
        assert!(
            issued.deviations.as_slice().is_empty(),
            "{:?}",
            issued.deviations
        );
        assert_eq!(issued.ca_certificates, [current.ca.clone(), next()]);
        assert_eq!(sent.len(), 3);
        let roles = enrollment.ca_roles().unwrap();
        assert_eq!(roles.encryption, next());
        assert!(roles.why.iter().any(|why| why.contains("next CA")));
    }
}

#[test]
fn a_pending_request_to_the_next_ca_is_resumed_there() {
    let (current, following, params) = at_the_next_ca();
    *following.pending.lock().unwrap() = 1;
    let answer = |request: &Request| {
        let greeting = current.greeting(request);
        greeting.unwrap_or_else(|| following.grant(request, key("client").spki_der()))
    };
    let mut first = enrollment(EnrollmentParams {
        retry: RetryPolicy {
            max_polls: Some(0),
            ..RetryPolicy::default()
        },
        ..params.clone()
    });
    let (step, ..) = talk(&mut first, answer);
    let Ok(NextStep::GaveUp(state)) = step else {
        panic!("{step:?}")
    };
    assert_eq!(state.next_ca_certificates, [next().as_der()]);
    let without = EnrollmentParams {
        next_ca: None,
        ..params
    };
    let mut resumed = Enrollment::resume(default_provider(), without, &state).unwrap();
    let (step, sent, _) = talk(&mut resumed, answer);
    assert!(matches!(step, Ok(NextStep::Issued(_))), "{step:?}");
    let poll = following.asked(&sent[0]);
    let names = IssuerAndSubject::from_der(&poll.content).unwrap();
    assert!(names.issuer.matches(next().subject()));
}

#[test]
fn a_current_ca_that_issues_in_place_of_the_next_one_is_noted() {
    let (current, following, params) = at_the_next_ca();
    let (step, ..) = talk(&mut enrollment(params), |request| {
        current.greeting(request).unwrap_or_else(|| {
            let spki = key("client").spki_der().to_vec();
            let certificate = current.issue(&spki, "CN=device-1", 7, NOW.plus(YEAR));
            following.success(&following.asked(request), &certs_only(&[certificate]))
        })
    });
    let Ok(NextStep::Issued(issued)) = step else {
        panic!("{step:?}")
    };
    assert!(issued.deviations.has("issued-by-current-ca"));
}

#[test]
fn openssl_verifies_what_is_sent() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let server = server();
    openssl.write("next.der", good(&server, &[next()]));
    openssl.identity("ca", &server.ca);
    openssl.ok(
        "cms -verify -binary -inform DER -in next.der -CAfile ca.pem -no_check_time -purpose any -out inner.der",
    );
    let text = openssl.ok("pkcs7 -inform DER -in inner.der -print_certs -noout");
    assert!(text.contains("Test CA"), "{text}");
    assert_eq!(openssl.read("inner.der"), certs_only(&[next()]));
}
