use base64::Engine;
use scep_core::message::ChallengePassword;
use scep_server_mock::challenge::ChallengeKind;
use scep_server_mock::wire::{Request, Response};
use scep_server_mock::{MemoryHost, MockNdes};

use crate::support::*;

fn admin_as(host: &MemoryHost, credentials: Option<&str>, path: &str) -> Response {
    let mut request = Request::get(&format!("{}{path}", origin(host))).unwrap();
    if let Some(credentials) = credentials {
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
        request
            .headers
            .push(("authorization".into(), format!("Basic {encoded}")));
    }
    send(host, &request).unwrap()
}

fn admin(host: &MemoryHost) -> String {
    let (user, password) = MockNdes::admin_credentials();
    let credentials = format!("{user}:{password}");
    let page = admin_as(host, Some(&credentials), "/certsrv/mscep_admin/");
    assert_eq!(page.status, 200);
    let units: Vec<u16> = page
        .body
        .chunks_exact(2)
        .map(|c| u16::from_le_bytes([c[0], c[1]]))
        .collect();
    String::from_utf16(&units).unwrap()
}

#[test]
fn the_admin_page_wants_a_windows_account() {
    let host = baseline("ndes-plain");
    let page = admin_as(&host, None, "/certsrv/mscep_admin/");
    assert_eq!((page.status, page.body.len()), (401, 1293));
    let offered: Vec<_> = page
        .headers
        .iter()
        .filter(|(n, _)| n == "WWW-Authenticate")
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(offered, ["Negotiate", "NTLM"]);
    assert_eq!(
        admin_as(
            &host,
            Some("LAB\\ndes-admin:wrong"),
            "/certsrv/mscep_admin/"
        )
        .status,
        401
    );
    let (user, password) = MockNdes::admin_credentials();
    let moved = admin_as(
        &host,
        Some(&format!("{user}:{password}")),
        "/certsrv/mscep_admin",
    );
    assert_eq!(moved.status, 301);
    assert_eq!(
        moved.header("location"),
        Some("http://ndes.lab.example/certsrv/mscep_admin/")
    );
    let codes: Vec<_> = records(&host, "iis").into_iter().map(|r| r.code).collect();
    assert_eq!(codes, ["401 2", "401 1", "301 0"]);
}

#[test]
fn the_admin_page_shows_thumbprint_and_password_until_the_cache_is_full() {
    let host = baseline("ndes-plain");
    let page = admin(&host);
    assert!(
        page.contains("thumbprint (hash value) for the CA certificate is: <B> "),
        "{page}"
    );
    assert!(page.contains("can be used only once and will expire within 60 minutes"));
    for _ in 0..4 {
        assert!(admin(&host).contains("challenge password is: <B> "));
    }
    assert!(admin(&host).contains("The password cache is full."));
    assert!(host.issue_challenge().is_err());
    host.advance(std::time::Duration::from_secs(3600));
    assert!(admin(&host).contains("challenge password is: <B> "));
}

#[test]
fn a_single_password_does_not_wear_out() {
    let host = with_state("ndes-plain", "challenge.mode = 'static'");
    assert!(admin(&host).contains("can be used multiple times and will not expire"));
    let first = host.issue_challenge().unwrap();
    let second = host.issue_challenge().unwrap();
    assert_eq!(
        first.as_ref().map(ChallengePassword::expose),
        second.as_ref().map(ChallengePassword::expose)
    );
    enroll_with(&host, params(&host, first)).issued();
    enroll_with(&host, params(&host, second)).issued();
}

#[test]
fn bad_passwords_of_every_kind_are_refused_alike() {
    for name in ["ndes-plain", "intune"] {
        let host = baseline(name);
        for kind in [
            ChallengeKind::Wrong,
            ChallengeKind::Used,
            ChallengeKind::Expired,
            ChallengeKind::Missing,
        ] {
            let challenge = host.issue_challenge_of(kind).unwrap();
            let refusal = enroll_with(&host, params(&host, challenge)).refused();
            assert_eq!(refusal.fail_info.unwrap().as_text(), "1", "{name} {kind:?}");
            assert_eq!(refusal.hresult, None);
            let last = ndes_events(&host).pop().unwrap();
            assert_eq!(last.0, 29, "{name} {kind:?}");
        }
        assert!(host.with(|s| s.deployment().issued().is_empty()));
    }
}

#[test]
fn passwords_live_in_the_worker_process() {
    let host = baseline("ndes-plain");
    let challenge = host.issue_challenge().unwrap();
    recycle(&host);
    let refusal = enroll_with(&host, params(&host, challenge)).refused();
    assert_eq!(refusal.fail_info.unwrap().as_text(), "1");
}

#[test]
fn enforce_password_off_lets_anybody_in() {
    let host = with_state("ndes-plain", "ndes.registry.enforce_password = false");
    enroll_with(&host, params(&host, None)).issued();
}

#[test]
fn a_single_password_is_twice_as_long_as_one_that_is_good_once() {
    for (set, digits) in [("false", 16), ("true", 32)] {
        let set = format!("ndes.registry.use_single_password = {set}");
        let host = with_state("ndes-plain", &set);
        let password = host.issue_challenge().unwrap().unwrap();
        assert_eq!(password.expose().len(), digits);
        assert!(password.expose().bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
