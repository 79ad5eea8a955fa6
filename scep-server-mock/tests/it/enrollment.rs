use scep_core::client::MethodChoice;
use scep_core::limits::Limits;
use scep_core::message::{ChallengePassword, SignedMessage};
use scep_core::x509::{Extension, GeneralName, KeyUsage};
use scep_server_mock::wire::Request;

use crate::support::*;

#[test]
fn every_baseline_issues_what_was_asked_for() {
    for name in ["ndes-plain", "ndes-tls", "intune", "intune-app-proxy"] {
        let host = baseline(name);
        let mut wanted = params(&host, host.issue_challenge().unwrap());
        wanted.extensions = vec![Extension::subject_alt_name(&[GeneralName::Dns(
            "device.lab.example".into(),
        )])];
        let issued = enroll_with(&host, wanted).issued();
        let certificate = &issued.certificate;
        assert_eq!(
            certificate.subject().to_string(),
            "CN=test-device,O=Lab",
            "{name}"
        );
        assert_eq!(certificate.subject_alt_names(), ["dns:device.lab.example"]);
        assert!(certificate.is_valid_at(host.now()));
        let [_, issuing] = host.with(|s| s.deployment().ca_certificates());
        certificate
            .verify_issued_by(scep_core::crypto::default_provider().as_ref(), &issuing)
            .unwrap();
        host.with(|s| {
            let last = s.deployment().journal().last().unwrap();
            let message = last.message.as_ref().unwrap();
            assert_eq!(
                message.issued_serial.as_deref(),
                Some(certificate.serial_hex().as_str())
            );
            assert_eq!(message.subject.as_deref(), Some("CN=test-device,O=Lab"));
            assert_eq!(message.challenge_present, Some(true));
        });
    }
}

#[test]
fn an_issued_certificate_has_key_identifiers_and_the_key_usage_of_request_or_template() {
    let host = baseline("ndes-plain");
    let [root, issuing] = host.with(|s| s.deployment().ca_certificates());
    for ca in [&root, &issuing] {
        assert!(ca.subject_key_identifier().is_some());
    }
    let signs = KeyUsage::DIGITAL_SIGNATURE;
    let template = signs | KeyUsage::KEY_ENCIPHERMENT;
    for asked in [None, Some(signs), Some(template)] {
        let mut wanted = params(&host, host.issue_challenge().unwrap());
        wanted.extensions = asked.map(Extension::key_usage).into_iter().collect();
        let certificate = enroll_with(&host, wanted).issued().certificate;
        assert_eq!(certificate.key_usage(), asked.or(Some(template)));
        let mut extensions = certificate.extensions().iter();
        let usage = extensions.find(|e| e.oid == scep_core::oid::KEY_USAGE);
        assert!(usage.is_some_and(|usage| usage.critical));
        assert!(certificate.subject_key_identifier().is_some());
        assert_eq!(
            certificate.authority_key_identifier(),
            issuing.subject_key_identifier()
        );
    }
}

#[test]
fn get_works_as_post_does() {
    let host = baseline("ndes-plain");
    let mut wanted = params(&host, host.issue_challenge().unwrap());
    wanted.server.method = MethodChoice::Get;
    enroll_with(&host, wanted).issued();
}

#[test]
fn a_certrep_of_ndes_has_no_certificates_and_on_failure_one_octet_of_nothing() {
    let host = baseline("ndes-plain");
    let wrong = Some(ChallengePassword::new("0000000000000000"));
    let message = pki_message(&host, params(&host, wrong));
    let request = Request::post(
        &format!("{}?operation=PKIOperation", host.scep_url()),
        "application/x-pki-message",
        message,
    );
    let response = send(&host, &request.unwrap()).unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("application/x-pki-message")
    );
    let reply = SignedMessage::decode(&response.body, &Limits::DEFAULT).unwrap();
    assert!(reply.certificates().is_empty());
    assert_eq!(reply.content(), Some(&[0][..]));
    assert_eq!(
        reply.attributes().fail_info.as_ref().unwrap().as_text(),
        "1"
    );
}

#[test]
fn what_the_ca_refuses_comes_with_its_code() {
    for (set, code) in [
        ("ca.template.enroll = []", 0x8009_4012_u32),
        ("ca.template.min_key_bits = 4096", 0x8009_4811),
        ("ca.rpc_reachable = false", 0x8007_06BA),
        ("ca.service = 'stopped'", 0x8007_06BA),
    ] {
        let host = baseline("ndes-plain");
        let challenge = host.issue_challenge().unwrap();
        crate::support::set(&host, set);
        let refusal = enroll_with(&host, params(&host, challenge)).refused();
        assert_eq!(refusal.hresult, Some(code.cast_signed()), "{set}");
        assert_eq!(refusal.fail_info.unwrap().as_text(), "2", "{set}");
        assert!(refusal.server_message.is_some());
        assert_eq!(ndes_events(&host).pop().unwrap().0, 31, "{set}");
    }
}

#[test]
fn a_running_ndes_with_expired_ra_certificates_serves_them_and_the_ca_refuses() {
    let host = baseline("ndes-plain");
    assert_eq!(status(&caps(&host)), 200);
    host.advance(days(701));
    assert_eq!(status(&caps(&host)), 200);
    let challenge = host.issue_challenge().unwrap();
    match enroll_with(&host, params(&host, challenge)) {
        End::Refused(refusal) => assert_eq!(refusal.hresult, Some(0x800B_0101_u32.cast_signed())),
        // A client that looks at the dates of the RA certificates does not even ask.
        End::Failed(200, reason) => assert!(
            reason.contains("expired") || reason.contains("valid"),
            "{reason}"
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pending_request_can_be_polled_until_somebody_decides() {
    let host = with_state("ndes-plain", "ca.template.manager_approval = true");
    for issue in [true, false] {
        let challenge = host.issue_challenge().unwrap();
        let mut enrollment = scep_core::client::Enrollment::new(
            scep_core::crypto::default_provider(),
            params(&host, challenge),
        );
        assert!(matches!(run(&host, &mut enrollment), End::Pending));
        host.advance(days(1));
        assert!(matches!(run(&host, &mut enrollment), End::Pending));
        assert_eq!(host.with_deployment(|d, _| d.resolve_pending(issue)), 1);
        host.advance(days(1));
        let end = run(&host, &mut enrollment);
        if issue {
            end.issued();
        } else {
            assert_eq!(end.refused().hresult, Some(0x8009_4014_u32.cast_signed()));
        }
    }
}

#[test]
fn the_journal_holds_no_secret() {
    let host = baseline("ndes-plain");
    let challenge = host.issue_challenge().unwrap();
    let secret = challenge.as_ref().unwrap().expose().to_owned();
    enroll_with(&host, params(&host, challenge)).issued();
    host.with(|s| {
        let journal = serde_json::to_string(&s.deployment().journal().collect::<Vec<_>>()).unwrap();
        let events = serde_json::to_string(&s.deployment().events().collect::<Vec<_>>()).unwrap();
        assert!(!journal.contains(&secret) && !events.contains(&secret));
        assert!(!format!("{:?}", s.deployment()).contains(&secret));
    });
}
