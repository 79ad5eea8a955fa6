use scep_server_mock::{Deployment, MemoryHost};

use crate::support::*;

const RA: [(u32, &str); 2] = [(10, "0x80070057"), (2, "0x80070057")];
const CA: [(u32, &str); 2] = [(8, "0x80004005"), (2, "0x80004005")];

fn last_two(host: &MemoryHost) -> Vec<(u32, String)> {
    let events = ndes_events(host);
    events[events.len().saturating_sub(2)..].to_vec()
}

fn capi2(host: &MemoryHost) -> Vec<(u32, String)> {
    records(host, "capi2")
        .into_iter()
        .map(|r| (r.event_id, r.code))
        .collect()
}

/// Starts with the settings and expects every operation to fail with 500 and these events.
fn fails(set: &str, expected: [(u32, &str); 2]) -> MemoryHost {
    let host = with_state("ndes-plain", set);
    for target in [
        "?operation=GetCACaps",
        "?operation=GetCACert",
        "",
        "?operation=PKIOperation&message=AAAA",
    ] {
        let page = get(&host, &format!("{SCEP}{target}")).unwrap();
        assert_eq!(
            (page.status, page.body.len()),
            (500, 1208),
            "{set}: {target}"
        );
        assert_eq!(server(&page), "Microsoft-IIS/10.0");
        let expected = expected.map(|(id, code)| (id, code.to_owned()));
        assert_eq!(last_two(&host), expected, "{set}");
    }
    assert_eq!(status(&get(&host, "/")), 200);
    assert_eq!(
        status(&get(&host, "/certsrv/mscep_admin/")),
        401,
        "IIS asks for credentials first"
    );
    host
}

#[test]
fn ra_certificate_missing() {
    fails("ndes.ra_signing.present = false", RA);
    fails("ndes.ra_encryption.present = false", RA);
}

#[test]
fn ra_certificate_expired() {
    let host = fails("ndes.ra_encryption.issued_ago = '731d'", RA);
    assert!(capi2(&host).contains(&(30, "0x800b0101".into())));
}

#[test]
fn ra_key_not_readable() {
    let host = fails("ndes.ra_encryption.key_read = ['Administrators']", RA);
    assert!(capi2(&host).contains(&(70, "0x80090016".into())));
}

#[test]
fn ra_certificate_revoked() {
    let host = fails("ndes.ra_signing.revoked = true", RA);
    assert!(capi2(&host).contains(&(41, "0x80092010".into())));
}

#[test]
fn crl_unreachable() {
    let host = fails("crl.http_reachable = false", RA);
    let ids: Vec<u32> = capi2(&host).into_iter().map(|(id, _)| id).take(8).collect();
    assert_eq!(
        ids,
        [90, 70, 10, 11, 30, 40, 52, 53],
        "in the order of the field"
    );
    assert!(capi2(&host).contains(&(41, "0x80092013".into())));
}

#[test]
fn crl_expired() {
    let host = fails("crl.published = false\ncrl.issued_ago = '8d'", RA);
    assert!(capi2(&host).contains(&(42, "CheckTimeValidity".into())));
    assert!(capi2(&host).contains(&(41, "0x80092013".into())));
}

#[test]
fn ca_unreachable_costs_time() {
    let host = with_state("ndes-plain", "ca.rpc_reachable = false");
    let before = host.elapsed();
    assert_eq!(status(&caps(&host)), 500);
    assert!(
        (host.elapsed() - before).as_secs() >= 21,
        "RPC has to time out"
    );
    fails("ca.service = 'stopped'", CA);
}

#[test]
fn the_next_request_tries_again() {
    let host = fails("ca.rpc_reachable = false", CA);
    set(&host, "ca.rpc_reachable = true");
    assert_eq!(status(&caps(&host)), 200);
    assert_eq!(ndes_events(&host).pop(), Some((1, String::new())));
}

#[test]
fn a_process_that_logged_on_before_the_account_was_locked_fails_at_the_ca() {
    for (field, code) in [("locked", "0x80070775"), ("password_expired", "0x80070532")] {
        let host = baseline("ndes-plain");
        host.with_deployment(Deployment::start);
        set(&host, &format!("ndes.service_account.{field} = true"));
        assert_eq!(status(&caps(&host)), 500);
        assert_eq!(last_two(&host), CA.map(|(id, code)| (id, code.to_owned())));
        assert!(records(&host, "security")[0].text.contains("svc-ndes"));
        // A new process cannot even log on.
        recycle(&host);
        let page = caps(&host).unwrap();
        assert_eq!((page.status, page.body.len()), (503, 326));
        let was: Vec<u32> = event_ids(&host, "system");
        assert_eq!(was, [5021, 5057, 5059]);
        assert_eq!(records(&host, "system")[0].code, code);
        assert_eq!(records(&host, "httperr")[0].code, "503 Disabled");
        // Unlocking does not start the pool.
        set(&host, &format!("ndes.service_account.{field} = false"));
        assert_eq!(status(&caps(&host)), 503);
        set(&host, "iis.scep_pool.state = 'started'");
        assert_eq!(status(&caps(&host)), 200);
    }
}

#[test]
fn a_running_ndes_goes_on_whatever_expires() {
    let host = baseline("ndes-plain");
    assert_eq!(status(&caps(&host)), 200);
    set(
        &host,
        "crl.http_reachable = false\nca.rpc_reachable = false\nndes.ra_signing.key_read = []",
    );
    host.advance(days(30));
    assert_eq!(status(&caps(&host)), 200);
    recycle(&host);
    assert_eq!(status(&caps(&host)), 500);
}

#[test]
fn a_crl_in_the_cache_does_until_it_expires() {
    let host = baseline("ndes-plain");
    assert_eq!(status(&caps(&host)), 200);
    set(&host, "crl.http_reachable = false");
    host.advance(days(2));
    recycle(&host);
    assert_eq!(status(&caps(&host)), 200);
    host.advance(days(6));
    recycle(&host);
    assert_eq!(status(&caps(&host)), 500);
}

#[test]
fn the_newest_ra_certificate_wins_even_if_its_key_cannot_be_read() {
    let host = baseline("ndes-plain");
    assert_eq!(status(&caps(&host)), 200);
    set(
        &host,
        "ndes.ra_encryption.issued_ago = '0d'\nndes.ra_encryption.key_read = []",
    );
    recycle(&host);
    assert_eq!(status(&caps(&host)), 500);
    // Without it, NDES finds the one before.
    set(&host, "ndes.ra_encryption.present = false");
    assert_eq!(status(&caps(&host)), 200);
    enroll(&host).issued();
}
