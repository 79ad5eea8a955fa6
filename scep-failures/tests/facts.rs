//! Facts that observations give, source by source.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod support;

use scep_core::message::FailInfo;
use scep_failures::catalogue::Level;
use scep_failures::evidence::{Facts, Value};
use scep_failures::observation::{NetworkErrorKind, Outcome, Probe, Purpose};
use support::*;

fn facts(scene: Scene) -> Facts {
    Facts::from_observations(&scene.0)
}

#[track_caller]
fn is(facts: &Facts, path: &str, value: impl Into<Value>) {
    assert_eq!(
        facts.only(path),
        Some(&value.into()),
        "{path}: {:?}",
        facts.get(path)
    );
}

fn passive() -> Scene {
    Scene::new(Level::Passive)
}

#[test]
fn a_healthy_service() {
    let facts = facts(passive().reached().answers().http(Purpose::Crl, crl(3)));
    is(&facts, "resolve.outcome", "resolved");
    is(&facts, "connect.outcome", "connected");
    is(&facts, "get-ca-caps.valid", true);
    assert!(
        facts.has("get-ca-caps.word", "SHA-256")
            && facts.has("get-ca-caps.word", "POSTPKIOperation")
    );
    is(&facts, "get-ca-cert.valid", true);
    is(&facts, "get-ca-cert.count", 3u16);
    is(&facts, "get-ca-cert.ra.present", true);
    is(&facts, "get-ca-cert.ra.expired", false);
    is(&facts, "get-ca-cert.ra.days-left", 700i64);
    is(&facts, "get-ca-cert.encryption.key", "rsa");
    is(&facts, "crl.ra.fetchable", true);
    is(&facts, "crl.ra.expired", false);
    is(&facts, "crl.ra.revoked", false);
    is(&facts, "scep.alike", true);
    is(&facts, "scep.writer", "mscep");
    assert_eq!(facts.get("get-ca-caps.status")[0].observations, [5]);
}

#[test]
fn several_addresses() {
    let port = |host: &str| Probe::Connect {
        address: format!("{host}:80"),
    };
    let failed = |error| Outcome::Failed {
        error,
        detail: String::new(),
    };
    let both = |a, b| {
        facts(
            passive()
                .add(port("192.0.2.1"), a)
                .add(port("[2001:db8::1]"), b),
        )
    };
    is(
        &both(Outcome::Connected, Outcome::Connected),
        "connect.outcome",
        "connected",
    );
    is(
        &both(Outcome::Connected, failed(NetworkErrorKind::TimedOut)),
        "connect.outcome",
        "mixed",
    );
    is(
        &both(Outcome::Connected, failed(NetworkErrorKind::Unreachable)),
        "connect.outcome",
        "connected",
    );
    is(
        &both(
            failed(NetworkErrorKind::Refused),
            failed(NetworkErrorKind::Refused),
        ),
        "connect.outcome",
        "refused",
    );
}

#[test]
fn different_answers_are_not_alike() {
    let facts = facts(
        passive()
            .http(Purpose::GetCaCaps, caps())
            .http(Purpose::GetCaCert, iis_error(500)),
    );
    is(&facts, "scep.alike", false);
    assert!(facts.get("scep.status").is_empty());
    is(&facts, "scep.outcome", "response");
}

#[test]
fn detailed_errors_tell_substatus_and_code() {
    let facts = facts(passive().http(Purpose::GetCaCaps, iis_detailed(500, 0, "0x80070542")));
    is(&facts, "get-ca-caps.substatus", "500.0");
    is(&facts, "get-ca-caps.win32-code", "0x80070542");
}

#[test]
fn the_length_ladder() {
    let url = |octets: usize| format!("{BASE}?operation=GetCACaps&message=<{octets} octets>");
    let scene = passive()
        .http(Purpose::GetCaCaps, caps())
        .at(Purpose::LongUrl, url(1000), caps())
        .at(Purpose::LongUrl, url(3000), caps())
        .at(Purpose::LongUrl, url(17_000), NetworkErrorKind::TimedOut);
    let found = facts(scene);
    is(&found, "long-url.broken", true);
    is(&found, "long-url.outcome", "timed-out");
    let Some(Value::Number(ok)) = found.only("long-url.longest-ok") else {
        panic!()
    };
    let Some(Value::Number(broken)) = found.only("long-url.shortest-broken") else {
        panic!()
    };
    assert!(
        (3000..3200).contains(ok) && (17_000..17_200).contains(broken),
        "{ok} {broken}"
    );
    assert!(found.get("long-url.status").is_empty());

    let fine = facts(passive().http(Purpose::GetCaCaps, caps()).at(
        Purpose::LongUrl,
        url(31_000),
        caps(),
    ));
    is(&fine, "long-url.broken", false);
    // without a short answer there is nothing to compare with
    let alone = facts(passive().at(Purpose::LongUrl, url(31_000), iis_error(404)));
    assert!(alone.get("long-url.broken").is_empty());
}

#[test]
fn replies_are_read_down_to_the_hresult() {
    let reply = refused(FailInfo::BadRequest, Some(-2_147_024_809)).client(told("failure", true));
    let facts = facts(passive().http(Purpose::PkiOperationPost, reply));
    for source in ["pki-operation", "pki-operation-post"] {
        is(&facts, &format!("{source}.reply"), "failure");
        is(&facts, &format!("{source}.fail-info"), "badRequest");
        is(&facts, &format!("{source}.hresult"), "0x80070057");
        is(&facts, &format!("{source}.one-zero-byte"), true);
        is(&facts, &format!("{source}.certificates"), 0u16);
        is(&facts, &format!("{source}.wrong-challenge-sent"), true);
        is(&facts, &format!("{source}.issued"), false);
    }
    assert!(facts.get("pki-operation-get.reply").is_empty());
}

#[test]
fn what_is_no_reply() {
    for (body, word) in [
        (&b""[..], "empty"),
        (b"<html><body>hello</body></html>", "not-scep"),
        (b"\x30\x82\x00\x02\x05\x00", "undecodable"),
        (b"\x00\x01\x02\x03", "not-scep"),
    ] {
        let facts = facts(passive().http(Purpose::Enroll, page(200, IIS, "", body)));
        is(&facts, "enroll.reply", word);
    }
    let facts = facts(passive().http(Purpose::Enroll, iis_error(500)));
    assert!(
        facts.get("enroll.reply").is_empty(),
        "an error page is no reply"
    );
}

#[test]
fn a_body_that_was_cut_off_is_judged_by_the_client() {
    let mut reply = refused(FailInfo::BadRequest, None).client(told("success", false));
    if let Outcome::Response(http) = &mut reply.0 {
        http.body_len += 100_000;
    }
    is(
        &facts(passive().http(Purpose::Enroll, reply)),
        "enroll.reply",
        "success",
    );
}

#[test]
fn memory_is_judged_by_the_date_of_today() {
    is(&facts(passive().memory(-1)), "memory.ra.expired", true);
    let found = facts(passive().memory(12));
    is(&found, "memory.ra.expired", false);
    is(&found, "memory.ra.days-left", 12i64);
    is(&found, "memory.age-days", 40i64);
    is(&found, "memory.valid", true);
    let mut scene = passive().memory(1);
    scene.0.memory.as_mut().unwrap().ca_certificates = "bm90IGEgY2VydGlmaWNhdGU=".to_owned();
    is(&facts(scene), "memory.valid", false);
}

#[test]
fn crls_belong_to_whoever_names_them() {
    let found = facts(passive().memory(300).http(Purpose::Crl, crl(-2)));
    is(&found, "crl.ra.fetchable", true);
    is(&found, "crl.ra.expired", true);
    is(&found, "crl.ra.days-left", -2i64);
    // nobody is known to name it
    let found = facts(passive().http(Purpose::Crl, crl(-2)));
    is(&found, "crl.other.expired", true);
    assert!(found.get("crl.ra.fetchable").is_empty());
    // an answer that is no CRL
    let found = facts(passive().memory(300).http(Purpose::Crl, iis_welcome()));
    is(&found, "crl.ra.fetchable", false);
    is(&found, "crl.ra.status", 200u16);
    // one of two addresses is enough
    let found = facts(
        passive()
            .memory(300)
            .http(Purpose::Crl, NetworkErrorKind::Refused)
            .http(Purpose::Crl, crl(3)),
    );
    is(&found, "crl.ra.fetchable", true);
}

#[test]
fn clocks() {
    let at = |date: &str| facts(passive().http(Purpose::GetCaCaps, caps().header("date", date)));
    // NOW is Fri, 15 Jan 2027 08:00:00 GMT
    is(&at("Fri, 15 Jan 2027 08:00:10 GMT"), "clock.skewed", false);
    is(&at("Fri, 15 Jan 2027 09:00:00 GMT"), "clock.skewed", true);
    is(
        &at("Fri, 15 Jan 2027 07:00:00 GMT"),
        "clock.skew-s",
        -3600i64,
    );
}

#[test]
fn logs() {
    let scene = passive()
        .log("application", NDES, 2, "0x80070057")
        .log("application", NDES, 2, "0x80004005")
        .log("iis", "", 0, "403 16")
        .log("system", "Microsoft-Windows-WAS", 5002, "");
    let found = facts(scene);
    assert!(found.has("log.ndes.2", "0x80070057") && found.has("log.ndes.2", "0x80004005"));
    is(&found, "log.iis.code", "403 16");
    is(&found, "log.was.5002", "");
}

#[test]
fn skipped_probes_leave_no_facts() {
    let skipped = Outcome::Skipped {
        reason: "because".to_owned(),
    };
    let scene = passive().add(
        Probe::Http {
            purpose: Purpose::Root,
            method: "GET".into(),
            url: BASE.into(),
        },
        skipped,
    );
    assert_eq!(facts(scene).iter().count(), 0);
}

/// Whatever a capture file holds, drawing facts from it ends well.
#[test]
fn nonsense_is_survived() {
    for body in [
        &b"\x30\x80"[..],
        b"\x30\xff\xff\xff\xff\xff",
        b"0\x82",
        b"\xff\xfe\x00",
        b"<title",
        b"<title>\xc3\x84",
        "<TITLE>\u{130}</TITLE>".as_bytes(),
    ] {
        for purpose in [
            Purpose::GetCaCaps,
            Purpose::GetCaCert,
            Purpose::Crl,
            Purpose::Enroll,
            Purpose::LongUrl,
            Purpose::Root,
        ] {
            let page = page(200, IIS, "text/html; charset", body)
                .header("location", "://?")
                .header("date", "x, y");
            let facts = facts(
                passive()
                    .http(Purpose::GetCaCaps, page.clone())
                    .memory(1)
                    .http(purpose, page),
            );
            assert!(facts.iter().count() > 0);
        }
    }
}
