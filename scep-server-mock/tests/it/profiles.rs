use scep_core::client::{Enrollment, MethodChoice, Renewal, RenewalStyle, Signer};
use scep_core::crypto::default_provider;
use scep_core::limits::Limits;
use scep_core::message::{ChallengePassword, FailInfo, SignedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_server_mock::MemoryHost;
use scep_server_mock::wire::Request;

use crate::support::*;

fn profile(name: &str) -> MemoryHost {
    builder().with_profile(name).in_memory(START).unwrap()
}

/// Profiles that are there to be difficult: a client that knows nothing of them gets nothing.
const DIFFICULT: &[&str] = &[
    "half-transaction-id",
    "ndes-2003",
    "ndes-2012",
    "ndes-2012r2",
    "openxpki-old",
    "several-cas",
    "signer-withheld",
    "wrong-nonce",
];

#[test]
fn every_profile_enrolls() {
    let mut difficult: Vec<&str> = Vec::new();
    for name in scep_server_mock::profile::names() {
        let host = profile(name);
        let mut wanted = params(&host, host.issue_challenge().unwrap());
        wanted.server.policy = AlgorithmPolicy::LEGACY;
        match enroll_with(&host, wanted) {
            End::Issued(_) => {}
            End::Refused(_) | End::Pending | End::Failed(..) => difficult.push(name),
        }
    }
    difficult.sort_unstable();
    assert_eq!(difficult, DIFFICULT);
}

#[test]
fn an_old_ndes_serves_a_client_that_knows_how() {
    for name in ["ndes-2008", "ndes-2008r2", "ndes-2012", "ndes-2012r2"] {
        let host = profile(name);
        let mut wanted = params(&host, host.issue_challenge().unwrap());
        wanted.server.policy = AlgorithmPolicy::LEGACY;
        wanted.server.method = MethodChoice::Get;
        enroll_with(&host, wanted).issued();
    }
}

#[test]
fn a_message_type_that_a_profile_does_not_serve_is_a_bad_request() {
    for (name, served) in [("ndes-2019", false), ("plain", true), ("rfc8894", true)] {
        let host = profile(name);
        let first = enroll(&host).issued();
        let mut wanted = params(&host, None);
        let current = Signer::new(first.certificate, device_key()).unwrap();
        wanted.renewal = Some(Renewal {
            style: RenewalStyle::RenewalReq,
            ..Renewal::new(current)
        });
        let end = enroll_with(&host, wanted);
        if served {
            end.issued();
        } else {
            let fail_info = end.refused().fail_info;
            assert_eq!(fail_info, Some(FailInfo::BadRequest));
        }
    }
}

fn failure(host: &MemoryHost) -> SignedMessage {
    let message = pki_message(host, params(host, Some(ChallengePassword::new("wrong"))));
    let url = format!("{}?operation=PKIOperation", host.scep_url());
    let request = Request::post(&url, "application/x-pki-message", message).unwrap();
    SignedMessage::decode(&send(host, &request).unwrap().body, &Limits::DEFAULT).unwrap()
}

#[test]
fn a_failure_looks_different_in_each_profile() {
    let seen: Vec<_> = ["rfc8894", "plain", "ndes-2019"]
        .into_iter()
        .map(|name| {
            let reply = failure(&profile(name));
            let fail_info = reply.attributes().fail_info.clone().unwrap();
            (
                reply.content().map(<[u8]>::len),
                reply.certificates().len(),
                fail_info.as_text().to_owned(),
                reply.attributes().fail_info_text.is_some(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (None, 1, "2".to_owned(), true),
            (Some(0), 1, "2".to_owned(), false),
            (Some(1), 0, "1".to_owned(), false)
        ]
    );
}

#[test]
fn the_strict_profile_answers_garbage_with_400_and_unknown_operations_too() {
    let host = profile("rfc8894");
    let garbage = get(
        &host,
        &format!("{SCEP}?operation=PKIOperation&message=AAAA"),
    );
    assert_eq!(status(&garbage), 400);
    assert_eq!(
        status(&get(&host, &format!("{SCEP}?operation=Nonsense"))),
        400
    );
    // NDES takes an operation that it does not know for none.
    let ndes = profile("ndes-2019");
    assert_eq!(
        status(&get(&ndes, &format!("{SCEP}?operation=Nonsense"))),
        200
    );
}

#[test]
fn the_plain_profile_has_one_certificate_for_everything_and_the_root() {
    let host = profile("plain");
    let response = get(&host, &format!("{SCEP}?operation=GetCACert")).unwrap();
    let bundle = scep_core::ca_certificates::CaCertificates::from_response(&response.body).unwrap();
    let subjects: Vec<_> = bundle
        .as_slice()
        .iter()
        .map(|c| c.subject().to_string())
        .collect();
    assert_eq!(
        subjects,
        ["CN=Lab Issuing CA,O=Lab", "CN=Lab Root CA,O=Lab"]
    );
}

#[test]
fn a_repeated_request_gets_the_same_octets() {
    let host = profile("rfc8894");
    let message = pki_message(&host, params(&host, host.issue_challenge().unwrap()));
    let url = format!("{}?operation=PKIOperation", host.scep_url());
    let request = Request::post(&url, "application/x-pki-message", message).unwrap();
    let first = send(&host, &request).unwrap();
    assert_eq!(send(&host, &request).unwrap().body, first.body);
    assert_eq!(host.with(|s| s.deployment().issued().len()), 1);
    let mut again = Enrollment::new(default_provider(), params(&host, None));
    run(&host, &mut again).refused();
}
