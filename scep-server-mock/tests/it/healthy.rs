use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::default_provider;
use scep_core::x509::{Crl, KeyUsage};
use scep_server_mock::Builder;
use scep_server_mock::memory::Failure;
use scep_server_mock::wire::Request;

use crate::support::*;

#[test]
fn capabilities_are_those_of_the_product() {
    let host = baseline("ndes-plain");
    let response = caps(&host).unwrap();
    assert_eq!(
        text(&response),
        "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n"
    );
    assert_eq!(response.header("content-type"), Some("text/plain"));
    assert_eq!(server(&response), "Microsoft-IIS/10.0");
    assert_eq!(
        response.header("date"),
        Some("Wed, 25 Nov 2026 12:00:00 GMT")
    );
    assert_eq!(event_ids(&host, "application"), [47, 48, 1]);
}

#[test]
fn get_ca_cert_is_a_bundle_of_two_ra_certificates_the_issuing_ca_and_the_root() {
    let host = baseline("ndes-plain");
    let response = get(
        &host,
        &format!("{SCEP}?operation=GetCACert&message=anything"),
    )
    .unwrap();
    assert_eq!(
        response.header("content-type"),
        Some("application/x-x509-ca-ra-cert")
    );
    assert!(
        (2_500..5_000).contains(&response.body.len()),
        "{}",
        response.body.len()
    );
    let bundle = CaCertificates::from_response(&response.body).unwrap();
    let [signing, encryption, issuing, root] = bundle.as_slice() else {
        panic!()
    };
    assert_eq!(signing.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(encryption.key_usage(), Some(KeyUsage::KEY_ENCIPHERMENT));
    assert!(signing.subject().to_string().contains("-MSCEP-RA"));
    let provider = default_provider();
    for ra in [signing, encryption] {
        ra.verify_issued_by(provider.as_ref(), issuing).unwrap();
        assert_eq!(
            ra.crl_distribution_points(),
            ["http://pki.lab.example/CertEnroll/Lab-Issuing-CA.crl"]
        );
    }
    issuing.verify_issued_by(provider.as_ref(), root).unwrap();
    assert!(root.is_self_issued());
}

#[test]
fn every_way_to_write_the_path_works() {
    let host = baseline("ndes-plain");
    for path in [
        "/certsrv/mscep/mscep.dll",
        "/certsrv/mscep/mscep.dll/pkiclient.exe",
        "/certsrv/mscep/",
        "/certsrv/mscep",
        "/CertSrv/mscep/mscep.dll",
    ] {
        assert_eq!(
            status(&get(&host, &format!("{path}?operation=GetCACaps"))),
            200,
            "{path}"
        );
    }
    assert_eq!(
        status(&get(&host, "/certsrv/mscepp?operation=GetCACaps")),
        404
    );
}

#[test]
fn without_an_operation_there_is_an_information_page_or_with_a_policy_module_403() {
    let plain = baseline("ndes-plain");
    let page = get(&plain, SCEP).unwrap();
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("<TITLE>Network Device Enrollment Service</TITLE>"));
    let intune = baseline("intune");
    let page = get(&intune, SCEP).unwrap();
    assert_eq!((page.status, page.body.len()), (403, 1233));
    assert_eq!(status(&caps(&intune)), 200);
}

#[test]
fn the_rest_of_the_site_is_iis() {
    let host = baseline("ndes-plain");
    let root = get(&host, "/").unwrap();
    assert_eq!(root.status, 200);
    assert!(text(&root).contains("<title>IIS Windows Server</title>"));
    let missing = get(&host, "/nothing/here").unwrap();
    assert_eq!(
        (missing.status, missing.body.len(), server(&missing)),
        (404, 1245, "Microsoft-IIS/10.0")
    );
}

#[test]
fn the_crl_can_be_fetched_and_is_real() {
    let host = baseline("ndes-plain");
    let url = "http://pki.lab.example/CertEnroll/Lab-Issuing-CA.crl";
    let response = send(&host, &Request::get(url).unwrap()).unwrap();
    let crl = Crl::from_der(&response.body).unwrap();
    let [root, issuing] = host.with(|s| s.deployment().ca_certificates());
    crl.verify_issued_by(default_provider().as_ref(), &issuing)
        .unwrap();
    assert!(!crl.is_expired_at(host.now()));
    let url = issuing.crl_distribution_points().remove(0);
    let response = send(&host, &Request::get(&url).unwrap()).unwrap();
    Crl::from_der(&response.body)
        .unwrap()
        .verify_issued_by(default_provider().as_ref(), &root)
        .unwrap();
    let url = "http://pki.lab.example/CertEnroll/other.crl";
    assert_eq!(status(&send(&host, &Request::get(url).unwrap())), 404);
}

#[test]
fn a_message_that_cannot_be_read_gets_200_and_nothing_and_an_event() {
    let host = baseline("ndes-plain");
    let response = get(&host, &format!("{SCEP}?operation=PKIOperation&message=%%%")).unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
    assert_eq!(response.header("content-type"), None);
    let response = get(
        &host,
        &format!("{SCEP}?operation=PKIOperation&message=AAAA"),
    )
    .unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
    let events = ndes_events(&host);
    assert_eq!(
        events[3..],
        [(16, "0x80070057".into()), (17, "0x8009310b".into())]
    );
}

#[test]
fn names_and_ports_are_those_of_the_topology() {
    let plain = baseline("ndes-plain");
    assert_eq!(
        plain.scep_url(),
        "http://ndes.lab.example/certsrv/mscep/mscep.dll"
    );
    assert_eq!(
        plain.resolve("scep.lab.example"),
        Err(Failure::NameNotFound)
    );
    let address = plain.resolve("ndes.lab.example").unwrap().addresses[0];
    assert_eq!(plain.connect((address, 80).into(), TIMEOUT), Ok(()));
    assert_eq!(
        plain.connect((address, 443).into(), TIMEOUT),
        Err(Failure::Refused)
    );
    let proxied = baseline("intune-app-proxy");
    assert_eq!(
        proxied.scep_url(),
        "http://scep.lab.example/certsrv/mscep/mscep.dll"
    );
    let resolved = proxied.resolve("scep.lab.example").unwrap();
    assert_eq!(resolved.cnames, ["scep-lab.msappproxy.net"]);
    assert_eq!(
        proxied.resolve("ndes.lab.example"),
        Err(Failure::NameNotFound)
    );
    let response = caps(&proxied).unwrap();
    assert!(response.header("x-ms-proxy-app-id").is_some());
    assert_eq!(server(&response), "Microsoft-IIS/10.0");
}

#[test]
fn a_seed_repeats_certificates_and_the_journal_counts() {
    let bundle = |host: &scep_server_mock::MemoryHost| {
        get(host, &format!("{SCEP}?operation=GetCACert"))
            .unwrap()
            .body
    };
    let (a, b) = (baseline("ndes-plain"), baseline("ndes-plain"));
    assert_eq!(bundle(&a), bundle(&b));
    let other = Builder::default().with_seed(2).in_memory(START).unwrap();
    assert_ne!(bundle(&a), bundle(&other));
    a.with(|s| {
        let entries: Vec<_> = s.deployment().journal().collect();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].operation.as_deref(), Some("GetCACert"));
        assert_eq!(entries[0].status, 200);
    });
}
