use scep_server_mock::memory::Failure;
use scep_server_mock::wire::{Layer, Request};

use crate::support::*;

fn answered_by(host: &scep_server_mock::MemoryHost) -> Option<Layer> {
    host.with(|s| {
        s.deployment()
            .journal()
            .last()
            .and_then(|entry| entry.answered_by)
    })
}

#[test]
fn a_closed_way_is_silence_or_reset() {
    let host = with_state("ndes-plain", "client_network.path = 'filtered'");
    let before = host.elapsed();
    assert_eq!(caps(&host), Err(Failure::TimedOut));
    assert!(host.elapsed() - before >= TIMEOUT, "the client waited");
    let host = with_state("ndes-plain", "client_network.path = 'refused'");
    assert_eq!(caps(&host), Err(Failure::Refused));
}

#[test]
fn the_proxy_answers_for_itself() {
    let host = with_state(
        "intune-app-proxy",
        "app_proxy.connector.service = 'stopped'",
    );
    for target in ["/", SCEP] {
        let page = get(&host, target).unwrap();
        assert_eq!(page.status, 504);
        assert!(text(&page).contains("GatewayTimeout"));
        assert!(text(&page).contains("<title>This corporate app can't be accessed</title>"));
        assert!(page.header("x-ms-proxy-app-id").is_some() && page.header("server").is_none());
        assert_eq!(answered_by(&host), Some(Layer::AppProxy));
    }
    let host = with_state(
        "intune-app-proxy",
        "app_proxy.internal_url = 'http://nedes.lab.example/'",
    );
    let page = caps(&host).unwrap();
    assert_eq!(page.status, 502);
    assert!(text(&page).contains("BadGateway"));
    assert_eq!(records(&host, "app-proxy-connector")[0].code, "BadGateway");
    assert!(records(&host, "iis").is_empty());
    let host = with_state(
        "intune-app-proxy",
        "app_proxy.preauthentication = 'entra-id'",
    );
    let page = caps(&host).unwrap();
    assert_eq!(page.status, 302);
    assert!(
        page.header("location")
            .unwrap()
            .starts_with("https://login.microsoftonline.com/")
    );
}

#[test]
fn a_slow_back_end_is_cut_off_by_the_proxy() {
    let host = with_state("intune-app-proxy", "app_proxy.backend_timeout_s = 20");
    set(&host, "ca.rpc_reachable = false");
    let before = host.elapsed();
    let page = caps(&host).unwrap();
    assert_eq!(page.status, 504);
    assert!(text(&page).contains("timed out"));
    let took = host.elapsed() - before;
    assert!((20..22).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn http_sys_and_iis_have_different_limits_and_pages() {
    let long = |n: usize| format!("{SCEP}?operation=GetCACaps&message={}", "x".repeat(n));
    let host = with_state(
        "intune",
        "http_sys.max_field_length = 16384\nhttp_sys.max_request_bytes = 16384",
    );
    assert_eq!(status(&get(&host, &long(15_000))), 200);
    let page = get(&host, &long(17_000)).unwrap();
    assert_eq!(
        (page.status, page.body.len(), server(&page)),
        (414, 329, "Microsoft-HTTPAPI/2.0")
    );
    assert_eq!(records(&host, "httperr")[0].code, "414 URL_Length");
    let host = with_state("intune", "iis.request_filtering.max_query_string = 2048");
    assert_eq!(status(&get(&host, &long(1_900))), 200);
    let page = get(&host, &long(2_100)).unwrap();
    assert_eq!(
        (page.status, page.body.len(), server(&page)),
        (404, 1245, "Microsoft-IIS/10.0")
    );
    let line = records(&host, "iis").pop().unwrap();
    assert_eq!(line.code, "404 15");
    assert!(line.text.contains(" 404 15 0 "), "{}", line.text);
    let host = baseline("intune");
    assert_eq!(status(&get(&host, &long(30_000))), 200);
}

#[test]
fn other_methods_are_not_for_ndes() {
    let host = baseline("ndes-plain");
    let mut request = Request::get(&format!("{}?operation=GetCACaps", host.scep_url())).unwrap();
    request.method = "DELETE".into();
    let page = send(&host, &request).unwrap();
    assert_eq!(page.status, 405);
    assert!(text(&page).contains("<title>405 - "));
}

#[test]
fn detailed_errors_tell_the_substatus() {
    let host = with_state(
        "ndes-plain",
        "iis.detailed_errors = true\niis.request_filtering.max_query_string = 100",
    );
    let target = format!("{SCEP}?operation=GetCACaps&message={}", "x".repeat(200));
    assert!(
        text(&get(&host, &target).unwrap())
            .contains("IIS 10.0 Detailed Error - 404.15 - Not Found")
    );
}

#[test]
fn a_body_cannot_be_held_while_a_client_certificate_is_negotiated() {
    let settings = "iis.negotiate_client_certificate = true\niis.upload_read_ahead_size = 1024";
    let host = with_state("ndes-tls", settings);
    let post = |len: usize| {
        let url = format!("{}?operation=PKIOperation", host.scep_url());
        send(
            &host,
            &Request::post(&url, "application/x-pki-message", vec![0x30; len]).unwrap(),
        )
    };
    assert_eq!(status(&post(1000)), 200);
    let page = post(2000).unwrap();
    assert_eq!((page.status, server(&page)), (413, "Microsoft-IIS/10.0"));
    assert_eq!(records(&host, "iis").pop().unwrap().code, "413 0");
    // Without TLS there is nothing to negotiate.
    let host = with_state("ndes-plain", settings);
    let url = format!("{}?operation=PKIOperation", host.scep_url());
    let request = Request::post(&url, "application/x-pki-message", vec![0x30; 2000]).unwrap();
    assert_eq!(status(&send(&host, &request)), 200);
}

#[test]
fn a_stopped_pool_is_503_of_http_sys_on_its_paths_only() {
    let host = baseline("intune");
    assert_eq!(status(&caps(&host)), 200);
    set(&host, "iis.scep_pool.state = 'stopped'");
    for target in [SCEP, "/certsrv/mscep/", "/certsrv/mscep_admin/"] {
        let page = get(&host, target).unwrap();
        assert_eq!(
            (page.status, page.body.len(), server(&page)),
            (503, 326, "Microsoft-HTTPAPI/2.0")
        );
    }
    assert_eq!(status(&get(&host, "/")), 200);
    assert_eq!(records(&host, "httperr")[0].code, "503 Disabled");
    recycle(&host);
    assert_eq!(status(&caps(&host)), 503, "recycling does not start a pool");
    set(&host, "iis.scep_pool.state = 'started'");
    assert_eq!(status(&caps(&host)), 200);
}

#[test]
fn the_tls_binding_shows_who_issued_it() {
    let facts = |host: &scep_server_mock::MemoryHost| {
        let address = host.resolve("ndes.lab.example").unwrap().addresses[0];
        host.tls((address, 443).into(), TIMEOUT)
    };
    let host = baseline("ndes-tls");
    let handshake = facts(&host).unwrap();
    assert!(handshake.trusted && !handshake.client_certificate_requested);
    assert!(
        handshake.chain[0]
            .subject_alt_names()
            .contains(&"dns:ndes.lab.example".to_owned())
    );
    set(&host, "tls.issuer = 'private-ca'");
    assert!(!facts(&host).unwrap().trusted);
    assert_eq!(
        facts(&baseline("ndes-plain")).unwrap_err(),
        Failure::Refused
    );
}

#[test]
fn anonymous_access_can_be_off() {
    let host = with_state("ndes-plain", "iis.mscep.authentication = 'windows'");
    let page = caps(&host).unwrap();
    assert_eq!((page.status, page.body.len()), (401, 1293));
}

#[test]
fn the_earliest_broken_layer_answers() {
    let host = with_state(
        "intune-app-proxy",
        "app_proxy.connector.service = 'stopped'\niis.scep_pool.state = 'stopped'\nca.rpc_reachable = false",
    );
    assert_eq!(status(&caps(&host)), 504);
    set(&host, "app_proxy.connector.service = 'running'");
    assert_eq!(status(&caps(&host)), 503);
    set(&host, "iis.scep_pool.state = 'started'");
    assert_eq!(status(&caps(&host)), 500);
    set(&host, "ca.rpc_reachable = true");
    assert_eq!(status(&caps(&host)), 200);
}
