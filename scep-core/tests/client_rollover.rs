//! A CA's rollover as a client sees it: who comes next, and a certificate of the next CA.
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

use common::hand::{HandServer, enrollment, ok, talk};
use common::next_ca::{CAPS, YEAR, encode, from_response, good, next, server};
use common::{NOW, TestCa, TestRandom, key};
use scep_core::ca_certificates::CaCertificates;
use scep_core::client::{
    Enrollment, EnrollmentParams, Next as NextStep, NextCa, Request, Response, RetryPolicy,
    Rollover, ServerParams, Step,
};
use scep_core::cms::certs_only;
use scep_core::crypto::default_provider;
use scep_core::http::{CT_NEXT_CA_CERT, Operation, ServerRequest};
use scep_core::message::IssuerAndSubject;
use scep_core::next_ca_certificates::Validity;
use scep_core::server::Service;
use scep_core::x509::{Extension, KeyUsage};
use scep_core::{Error, Result, UnixTime};

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
                    Some(body) => rollover.on_response(&ok(body), at),
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
fn the_service_names_its_next_ca() {
    let ca = TestCa::rfc8894();
    let reply = encode(&[next()], &ca.ca, ca.ca_key.as_ref());
    let certificates = CaCertificates::new(vec![ca.ra.clone(), ca.ca.clone()]);
    let service = Service::new(ca.responder.clone(), certificates, &mut TestRandom(1))
        .with_next_ca_certificates(reply);
    let server = ServerParams::new("http://ca.test/scep", ca.pin());
    let mut rollover = Rollover::new(default_provider(), server);
    loop {
        match rollover.next().unwrap() {
            Step::Send(request) => {
                let (_, query) = request.url.split_once('?').unwrap();
                let mut rng = TestRandom(2);
                let reply = service.handle("GET", Some(query), &[], &ca, NOW, &mut rng);
                let response = Response {
                    status: reply.status,
                    content_type: Some(reply.content_type),
                    body: &reply.body,
                };
                rollover.on_response(&response, NOW).unwrap();
            }
            Step::Done(found) => {
                assert_eq!(*found.certificates.next_ca(), next());
                assert!(found.deviations.as_slice().is_empty());
                break;
            }
            Step::Refused(refusal) => panic!("{refusal:?}"),
        }
    }
}

#[test]
fn a_ca_with_an_ec_key_signs_too() {
    let mut server = HandServer::new(key("p384"));
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
                rollover.on_response(&ok(&body), NOW).unwrap();
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

/// The next CA's RA is no more told by its certificate than the current one's.
#[test]
fn an_ra_of_the_next_ca_is_not_assumed_where_that_is_not_wanted() {
    let (current, following, mut params) = at_the_next_ca();
    let ra = common::certificate(
        "CN=RA",
        common::CA,
        key("other").as_ref(),
        key("ra").as_ref(),
        9,
        vec![Extension::key_usage(
            KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT,
        )],
    );
    let set = [ra.clone(), next()];
    params.next_ca = Some(from_response(&current, &good(&current, &set)).unwrap());
    let greeted = |assume_ra| {
        let mut params = params.clone();
        params.server.assume_ra = assume_ra;
        let mut enrollment = enrollment(params);
        let (step, ..) = talk(&mut enrollment, |request| {
            // the request itself is not answered
            current.greeting(request).unwrap_or_default()
        });
        let error = step.unwrap_err().to_string();
        (enrollment, error)
    };
    let (refused, error) = greeted(false);
    assert!(error.contains("no extended key usage"), "{error}");
    assert!(refused.ca_roles().is_none());
    let (taken, _) = greeted(true);
    assert_eq!(taken.ca_roles().unwrap().encryption, ra);
    assert!(taken.ca_roles().unwrap().ra_is_assumed);
    assert!(taken.deviations().has("ra-is-assumed"));

    // nor where the request is pending already
    *following.pending.lock().unwrap() = 1;
    params.next_ca = Some(from_response(&current, &good(&current, &[next()])).unwrap());
    params.retry.max_polls = Some(0);
    let (step, ..) = talk(&mut enrollment(params.clone()), |request| {
        let greeting = current.greeting(request);
        greeting.unwrap_or_else(|| following.grant(request, key("client").spki_der()))
    });
    let Ok(NextStep::GaveUp(mut state)) = step else {
        panic!("{step:?}")
    };
    state.next_ca_certificates = set.iter().map(|c| c.as_der().to_vec()).collect();
    params.next_ca = None;
    for assume_ra in [true, false] {
        params.server.assume_ra = assume_ra;
        let resumed = Enrollment::resume(default_provider(), params.clone(), &state);
        assert_eq!(resumed.is_ok(), assume_ra, "{:?}", resumed.err());
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
