use scep_server_mock::MemoryHost;
use scep_server_mock::memory::Failure;

use crate::support::*;

fn post(host: &MemoryHost) -> Result<scep_server_mock::wire::Response, Failure> {
    let message = pki_message(host, params(host, host.issue_challenge().unwrap()));
    let url = format!("{}?operation=PKIOperation", host.scep_url());
    let request =
        scep_server_mock::wire::Request::post(&url, "application/x-pki-message", message).unwrap();
    send(host, &request)
}

/// Five enrollments cut the connection, then the pool is off.
fn crashes_into_503(host: &MemoryHost) {
    for attempt in 0..5 {
        assert_eq!(post(host), Err(Failure::Reset), "attempt {attempt}");
    }
    for target in [SCEP.to_owned(), format!("{SCEP}?operation=GetCACaps")] {
        let page = get(host, &target).unwrap();
        assert_eq!(
            (page.status, page.body.len(), server(&page)),
            (503, 326, "Microsoft-HTTPAPI/2.0")
        );
    }
    assert_eq!(
        records(host, "httperr").pop().unwrap().code,
        "503 AppOffline"
    );
    let was = event_ids(host, "system");
    assert_eq!(was.iter().filter(|id| **id == 5002).count(), 1);
    let faults: Vec<_> = records(host, "application")
        .into_iter()
        .filter(|r| r.event_id == 1000)
        .collect();
    assert_eq!(faults.len(), 5);
    assert_eq!(
        (faults[0].source.as_str(), faults[0].code.as_str()),
        ("Application Error", "0xc0000005")
    );
}

fn crp_line(host: &MemoryHost) -> String {
    let lines = records(host, "iis");
    lines
        .into_iter()
        .find(|r| r.text.contains("VerifyRequest"))
        .unwrap()
        .code
}

#[test]
fn an_intermediate_in_the_root_store() {
    for subject in ["CN=Lab Issuing CA,O=Lab", "CN=Somebody's Issuing CA 1"] {
        let set = format!("windows.root_store_intermediates = [\"{subject}\"]");
        let host = with_state("intune", &set);
        assert_eq!(status(&caps(&host)), 200);
        crashes_into_503(&host);
        assert_eq!(crp_line(&host), "403 16");
        assert_eq!(records(&host, "ndes-plugin")[0].code, "403");
        set_and_enroll(&host, "windows.root_store_intermediates = []");
    }
}

#[test]
fn a_root_in_the_root_store_is_where_it_belongs() {
    let host = with_state(
        "intune",
        "windows.root_store_intermediates = ['CN=Lab Root CA,O=Lab']",
    );
    enroll(&host).issued();
}

fn set_and_enroll(host: &MemoryHost, setting: &str) {
    set(host, setting);
    set(host, "iis.scep_pool.state = 'started'");
    enroll(host).issued();
}

#[test]
fn windows_authentication_on_the_registration_point() {
    let host = with_state("intune", "policy_module.crp.authentication = 'windows'");
    crashes_into_503(&host);
    assert_eq!(crp_line(&host), "401 2");
}

#[test]
fn an_expired_client_certificate_of_the_module() {
    let host = with_state(
        "intune",
        "policy_module.client_certificate.issued_ago = '800d'",
    );
    crashes_into_503(&host);
    assert_eq!(crp_line(&host), "403 17");
}

#[test]
fn the_same_lost_crl_is_500_before_the_start_and_503_after_it() {
    let before = with_state("intune", "crl.http_reachable = false");
    assert_eq!(status(&caps(&before)), 500);
    let after = baseline("intune");
    assert_eq!(status(&caps(&after)), 200);
    set(&after, "crl.http_reachable = false");
    crashes_into_503(&after);
    assert_eq!(crp_line(&after), "403 13");
    // And so when the caches have run out meanwhile.
    let later = baseline("intune");
    enroll(&later).issued();
    set(&later, "crl.http_reachable = false");
    later.advance(days(8));
    assert_eq!(status(&caps(&later)), 200);
    crashes_into_503(&later);
}

#[test]
fn the_pool_stays_off_until_somebody_starts_it() {
    let host = with_state("intune", "policy_module.crp.authentication = 'windows'");
    crashes_into_503(&host);
    set(&host, "policy_module.crp.authentication = 'anonymous'");
    recycle(&host);
    assert_eq!(status(&caps(&host)), 503);
    set(&host, "iis.scep_pool.state = 'started'");
    enroll(&host).issued();
}

#[test]
fn crashes_that_are_far_apart_do_not_add_up() {
    let host = with_state("intune", "policy_module.crp.authentication = 'windows'");
    for _ in 0..8 {
        assert_eq!(post(&host), Err(Failure::Reset));
        host.advance(std::time::Duration::from_secs(90));
    }
    assert_eq!(status(&caps(&host)), 200);
}
