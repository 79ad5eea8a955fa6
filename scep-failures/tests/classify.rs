//! The classifier on observations made by hand, one scene for each look.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod support;

use scep_core::message::{FailInfo, PkiStatus};
use scep_failures::catalogue::{Catalogue, Kind, Level, Look, View};
use scep_failures::classify;
use scep_failures::diagnosis::{Confidence, Diagnosis, Outcome, ProbeResult};
use scep_failures::evidence::Facts;
use scep_failures::observation::{
    LogRecord, NetworkErrorKind, Observations, Probe, Purpose, TlsFacts, TlsVerdict,
};
use support::*;

/// Every scene, with the symptom it shows and the least confidence that is due to it.
fn scenes() -> Vec<(&'static str, Confidence, Observations)> {
    let passive = || Scene::new(Level::Passive);
    let request = || Scene::new(Level::Request).reached().answers();
    let enroll = || Scene::new(Level::Enroll).reached().answers();
    let resolved = || {
        passive().add(
            Probe::Resolve {
                host: "ndes.lab.example".into(),
            },
            scep_failures::observation::Outcome::Resolved {
                addresses: vec!["192.0.2.1".into()],
                cnames: vec![],
            },
        )
    };
    let connect = |error| scep_failures::observation::Outcome::Failed {
        error,
        detail: String::new(),
    };
    let port = || Probe::Connect {
        address: "192.0.2.1:80".into(),
    };
    let not_started = || {
        passive()
            .reached()
            .http(Purpose::Root, iis_welcome())
            .everywhere(&iis_error(500))
            .http(Purpose::MscepAdmin, iis_error(401))
    };
    let down = || {
        passive()
            .reached()
            .http(Purpose::Root, iis_welcome())
            .everywhere(&pool_down())
    };
    let untrusted = TlsFacts {
        version: "TLS 1.2".into(),
        chain: vec![],
        verdict: Some(TlsVerdict::UnknownIssuer),
        client_certificate_requested: false,
    };
    let long = |page: Page| {
        passive()
            .reached()
            .answers()
            .at(
                Purpose::LongUrl,
                format!("{BASE}?operation=GetCACaps&message=<1000 octets>"),
                caps(),
            )
            .at(
                Purpose::LongUrl,
                format!("{BASE}?operation=GetCACaps&message=<17000 octets>"),
                page,
            )
    };
    vec![
        (
            "scep-answers",
            Confidence::High,
            passive().reached().answers().0,
        ),
        (
            "tcp-no-answer",
            Confidence::Medium,
            resolved()
                .add(port(), connect(NetworkErrorKind::TimedOut))
                .0,
        ),
        (
            "tcp-refused",
            Confidence::Medium,
            resolved().add(port(), connect(NetworkErrorKind::Refused)).0,
        ),
        (
            "tls-issuer-not-trusted",
            Confidence::High,
            passive().reached().tls(untrusted).answers().0,
        ),
        (
            "app-proxy-gateway-timeout",
            Confidence::High,
            passive()
                .reached()
                .everywhere(&app_proxy(504, "GatewayTimeout", "No connector."))
                .0,
        ),
        (
            "app-proxy-bad-gateway",
            Confidence::High,
            passive()
                .reached()
                .everywhere(&app_proxy(502, "BadGateway", "No back end."))
                .0,
        ),
        (
            "app-proxy-sign-in-redirect",
            Confidence::Medium,
            passive().reached().everywhere(&sign_in()).0,
        ),
        ("mscep-500-not-started", Confidence::High, not_started().0),
        (
            "mscep-500-not-started",
            Confidence::High,
            not_started().memory(300).http(Purpose::Crl, crl(3)).0,
        ),
        (
            "mscep-500-ra-certificate-expired",
            Confidence::Medium,
            not_started().memory(-3).http(Purpose::Crl, crl(3)).0,
        ),
        (
            "mscep-500-crl-expired",
            Confidence::High,
            not_started().memory(300).http(Purpose::Crl, crl(-1)).0,
        ),
        (
            "mscep-500-crl-unreachable",
            Confidence::Medium,
            not_started()
                .memory(300)
                .http(Purpose::Crl, NetworkErrorKind::TimedOut)
                .0,
        ),
        ("mscep-503-pool-down", Confidence::High, down().0),
        (
            "pki-operation-cut",
            Confidence::Medium,
            request()
                .http(Purpose::PkiOperationPost, NetworkErrorKind::Reset)
                .0,
        ),
        (
            "expired-ra-still-served",
            Confidence::Medium,
            passive()
                .reached()
                .http(Purpose::BaseUrl, iis_error(403))
                .http(Purpose::GetCaCaps, caps())
                .http(Purpose::GetCaCert, ca_certificates(700, -1))
                .0,
        ),
        (
            "mscep-503-crl-unreachable",
            Confidence::Medium,
            down().memory(300).http(Purpose::Crl, iis_error(404)).0,
        ),
        (
            "long-get-414-http-sys",
            Confidence::High,
            long(http_sys(
                414,
                "Request-URI Too Long",
                "The request URL is too long.",
            ))
            .0,
        ),
        ("long-get-404-iis", Confidence::High, long(iis_error(404)).0),
        (
            "post-413-iis",
            Confidence::Medium,
            request().http(Purpose::PkiOperationPost, iis_error(413)).0,
        ),
        (
            "password-not-asked",
            Confidence::High,
            request()
                .http(
                    Purpose::PkiOperationPost,
                    Reply {
                        status: PkiStatus::Success,
                        fail_info: None,
                        hresult: None,
                    }
                    .page()
                    .client(told("success", true)),
                )
                .0,
        ),
        (
            "challenge-not-accepted",
            Confidence::Medium,
            enroll()
                .http(
                    Purpose::Enroll,
                    refused(FailInfo::BadMessageCheck, None).client(told("failure", false)),
                )
                .0,
        ),
        (
            "ca-denies-template",
            Confidence::Medium,
            enroll()
                .http(
                    Purpose::Enroll,
                    refused(FailInfo::BadRequest, Some(-2_146_877_422))
                        .client(told("failure", false)),
                )
                .0,
        ),
        (
            "request-left-pending",
            Confidence::Medium,
            enroll()
                .http(
                    Purpose::Enroll,
                    Reply {
                        status: PkiStatus::Pending,
                        fail_info: None,
                        hresult: None,
                    }
                    .page()
                    .client(told("pending", false)),
                )
                .0,
        ),
    ]
}

fn diagnose(observations: &Observations) -> Diagnosis {
    classify(Catalogue::builtin(), observations)
}

fn symptom(diagnosis: &Diagnosis) -> &str {
    diagnosis.symptom.as_ref().map_or("", |symptom| &symptom.id)
}

fn ranked(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis
        .failure_modes
        .iter()
        .map(|mode| mode.id.as_str())
        .collect()
}

#[test]
fn each_scene_is_named() {
    for (expected, confidence, observations) in scenes() {
        let diagnosis = diagnose(&observations);
        assert_eq!(symptom(&diagnosis), expected, "{diagnosis:#?}");
        assert_eq!(diagnosis.confidence, Some(confidence), "{expected}");
        assert!(!diagnosis.failure_modes.is_empty(), "{expected}");
        assert!(!diagnosis.evidence.is_empty(), "{expected}");
        for (place, mode) in (1..).zip(&diagnosis.failure_modes) {
            assert_eq!(mode.rank, place);
            assert!(
                !mode.because.is_empty() && !mode.decided_by.is_empty(),
                "{expected}"
            );
        }
    }
}

/// A toy would name the next best thing. With a symptom unknown, the answer must be that it is
/// not recognized, or of the same stage, or not sure of itself.
#[test]
fn with_a_symptom_left_out_nothing_else_is_named_in_its_place() {
    let catalogue = Catalogue::builtin();
    for (left_out, _, observations) in scenes() {
        let rest = catalogue.without_symptom(left_out);
        let diagnosis = classify(&rest, &observations);
        let Some(other) = &diagnosis.symptom else {
            assert_eq!(diagnosis.outcome, Outcome::Unrecognized, "{left_out}");
            assert!(
                !diagnosis.evidence.is_empty(),
                "{left_out}: what was seen is shown"
            );
            continue;
        };
        assert_ne!(
            diagnosis.outcome,
            Outcome::Healthy,
            "{left_out} is not health"
        );
        let stage = |id: &str| catalogue.symptom(id).unwrap().stage;
        assert_eq!(
            stage(&other.id),
            stage(left_out),
            "{left_out} became {}",
            other.id
        );
    }
}

#[test]
fn every_must_clue_is_necessary() {
    // With any source of facts removed, no symptom may be named whose clues need it.
    for (expected, _, whole) in scenes() {
        for missing in 0..whole.items.len() {
            let mut observations = whole.clone();
            observations.items.remove(missing);
            let diagnosis = diagnose(&observations);
            let Some(named) = &diagnosis.symptom else {
                continue;
            };
            let facts = Facts::from_observations(&observations);
            for hint in &Catalogue::builtin().symptom(&named.id).unwrap().clues.must {
                assert!(
                    !facts.get(&hint.clue.fact).is_empty(),
                    "{expected}: {} without {}",
                    named.id,
                    hint.clue
                );
            }
        }
    }
}

#[test]
fn nothing_at_all_is_not_recognized() {
    let diagnosis = diagnose(&Observations::default());
    assert_eq!(diagnosis.outcome, Outcome::Unrecognized);
    assert!(diagnosis.symptom.is_none() && diagnosis.confidence.is_none());
    assert!(diagnosis.failure_modes.is_empty());
}

#[test]
fn the_unknown_stays_unknown() {
    for page in [
        page(418, "acme-gw/2", "", b""),
        page(503, "acme-lb", "text/html", b"<html>busy"),
        iis_error(404),
    ] {
        let diagnosis = diagnose(&Scene::new(Level::Passive).reached().everywhere(&page).0);
        assert_eq!(diagnosis.outcome, Outcome::Unrecognized, "{diagnosis:#?}");
        assert!(
            diagnosis
                .evidence
                .iter()
                .any(|evidence| evidence.fact == "get-ca-caps.status")
        );
    }
    // 503, but not of HTTP.sys: the near miss is told, with the reason
    let diagnosis = diagnose(
        &Scene::new(Level::Passive)
            .reached()
            .everywhere(&page(503, "acme-lb", "text/html", b"<html>busy"))
            .0,
    );
    let near = diagnosis
        .set_aside
        .iter()
        .find(|aside| aside.id == "mscep-503-pool-down")
        .unwrap();
    assert!(
        near.because.contains("scep.writer = http-sys") && near.because.contains("unknown"),
        "{}",
        near.because
    );
}

#[test]
fn a_server_with_an_enrolment_done_has_nothing_left_to_prove_but_what_logs_show() {
    let success = Reply {
        status: PkiStatus::Success,
        fail_info: None,
        hresult: None,
    };
    let scene = Scene::new(Level::Enroll).reached().answers();
    let observations = scene
        .http(
            Purpose::Enroll,
            success.page().client(told("success", false)),
        )
        .0;
    let diagnosis = diagnose(&observations);
    assert_eq!(diagnosis.outcome, Outcome::Healthy);
    let left: Vec<&str> = diagnosis
        .not_proven
        .iter()
        .map(|item| item.what.as_str())
        .collect();
    assert_eq!(left, ["elsewhere", "logs"]);
    assert_eq!(diagnosis.footprint.issued, ["6100002B"]);
    assert_eq!(diagnosis.footprint.requests, 5);
}

#[test]
fn health_says_what_it_does_not_prove() {
    let diagnosis = diagnose(&Scene::new(Level::Passive).reached().answers().0);
    assert_eq!(diagnosis.outcome, Outcome::Healthy);
    assert_eq!(ranked(&diagnosis), ["ndes-bare-url-403"]);
    assert_eq!(diagnosis.set_aside, [], "health needs no excuses");
    let words: Vec<&str> = diagnosis
        .not_proven
        .iter()
        .map(|item| item.what.as_str())
        .collect();
    assert_eq!(words, ["request", "challenge", "ca", "elsewhere", "logs"]);
    let challenge = diagnosis
        .not_proven
        .iter()
        .find(|item| item.what == "challenge")
        .unwrap();
    assert!(
        challenge
            .failure_modes
            .contains(&"challenge-expired".to_owned())
    );
    // a refusal of a wrong password is what a healthy server answers
    let refusal = refused(FailInfo::BadMessageCheck, None).client(told("failure", true));
    let observations = Scene::new(Level::Request)
        .reached()
        .answers()
        .http(Purpose::PkiOperationPost, refusal)
        .0;
    let diagnosis = diagnose(&observations);
    assert_eq!(diagnosis.outcome, Outcome::Healthy, "{diagnosis:#?}");
    assert!(
        !diagnosis
            .not_proven
            .iter()
            .any(|item| item.what == "request")
    );
    assert_eq!(diagnosis.footprint.left_behind.len(), 1);
    assert!(
        diagnosis
            .observations
            .iter()
            .all(|seen| seen.result == ProbeResult::Ok),
        "{:#?}",
        diagnosis.observations
    );
}

#[test]
fn plain_ndes_with_its_information_page_is_healthy_too() {
    let info = page(
        200,
        IIS,
        "text/html",
        b"<html><head><title>Network Device Enrollment Service</title></head></html>",
    );
    let observations = Scene::new(Level::Passive)
        .reached()
        .http(Purpose::BaseUrl, info)
        .http(Purpose::GetCaCaps, caps())
        .http(Purpose::GetCaCert, ca_certificates(30, 700))
        .0;
    let diagnosis = diagnose(&observations);
    assert_eq!(diagnosis.outcome, Outcome::Healthy);
    assert!(
        !ranked(&diagnosis).contains(&"ndes-bare-url-403"),
        "that one answers 403"
    );
}

#[test]
fn a_finding_is_told_beside_health_and_beside_failure() {
    let accepted = || {
        Reply {
            status: PkiStatus::Success,
            fail_info: None,
            hresult: None,
        }
        .page()
        .client(told("success", true))
    };
    let scene = Scene::new(Level::Request)
        .reached()
        .answers()
        .http(Purpose::PkiOperationPost, accepted());
    let diagnosis = diagnose(&scene.0);
    assert_eq!(diagnosis.outcome, Outcome::Healthy);
    assert_eq!(diagnosis.findings.len(), 1);
    assert_eq!(ranked(&diagnosis), ["enforcepassword-disabled"]);
    assert_eq!(diagnosis.footprint.issued.len(), 1);

    let long = |url: &str| format!("{BASE}?operation=GetCACaps&message={url}");
    let scene = scene
        .at(Purpose::LongUrl, long("<1000 octets>"), caps())
        .at(Purpose::LongUrl, long("<3000 octets>"), iis_error(404));
    let diagnosis = diagnose(&scene.0);
    assert_eq!(
        (diagnosis.outcome, symptom(&diagnosis)),
        (Outcome::Failure, "long-get-404-iis")
    );
    assert_eq!(diagnosis.findings.len(), 1);
}

#[test]
fn the_earliest_broken_stage_comes_first() {
    let untrusted = TlsFacts {
        verdict: Some(TlsVerdict::UnknownIssuer),
        ..TlsFacts::default()
    };
    let observations = Scene::new(Level::Passive)
        .reached()
        .tls(untrusted)
        .everywhere(&pool_down())
        .0;
    let diagnosis = diagnose(&observations);
    assert_eq!(symptom(&diagnosis), "tls-issuer-not-trusted");
    assert!(
        diagnosis
            .set_aside
            .iter()
            .any(|aside| aside.id == "mscep-503-pool-down")
    );
    assert!(
        diagnosis
            .not_proven
            .iter()
            .any(|item| item.what == "behind")
    );
}

#[test]
fn inferred_facts_never_make_for_high_confidence() {
    // HTTP.sys by its Server field alone, without its page
    let bare = page(503, "Microsoft-HTTPAPI/2.0", "", b"");
    let diagnosis = diagnose(&Scene::new(Level::Passive).reached().everywhere(&bare).0);
    assert_eq!(symptom(&diagnosis), "mscep-503-pool-down");
    assert_eq!(diagnosis.confidence, Some(Confidence::Medium));
}

#[test]
fn nodes_that_differ_are_not_healthy() {
    let scene = Scene::new(Level::Passive)
        .reached()
        .answers()
        .http(Purpose::GetCaCert, ca_certificates(10, 720));
    assert_eq!(
        symptom(&diagnose(&scene.0)),
        "nodes-have-different-certificates"
    );
    let scene = Scene::new(Level::Passive)
        .reached()
        .answers()
        .http(Purpose::GetCaCert, iis_error(500));
    assert_eq!(diagnose(&scene.0).outcome, Outcome::Unrecognized);
}

#[test]
fn memory_rules_out_what_it_shows_to_be_well() {
    let not_started = || {
        Scene::new(Level::Passive)
            .reached()
            .everywhere(&iis_error(500))
    };
    let without = diagnose(&not_started().0);
    for id in [
        "ndes-ra-cert-expired",
        "ndes-crl-expired-at-start",
        "ndes-crl-unreachable-at-start",
        "ndes-ca-unreachable",
    ] {
        assert!(ranked(&without).contains(&id), "{id}");
    }
    let with = diagnose(&not_started().memory(300).http(Purpose::Crl, crl(3)).0);
    assert_eq!(symptom(&with), "mscep-500-not-started");
    assert!(ranked(&with).contains(&"ndes-ca-unreachable"));
    for id in [
        "ndes-ra-cert-expired",
        "ndes-crl-expired-at-start",
        "ndes-crl-unreachable-at-start",
    ] {
        assert!(!ranked(&with).contains(&id), "{id}");
        let aside = with
            .set_aside
            .iter()
            .find(|aside| aside.id == id)
            .unwrap_or_else(|| panic!("{id} is explained"));
        assert!(
            aside.because.contains("memory.ra") || aside.because.contains("crl.ra"),
            "{}",
            aside.because
        );
    }
    // a memory without a look at the CRL cannot judge the CRL
    let partly = diagnose(&not_started().memory(300).0);
    assert!(ranked(&partly).contains(&"ndes-crl-expired-at-start"));
    assert!(!ranked(&partly).contains(&"ndes-ra-cert-expired"));
}

#[test]
fn a_crl_that_only_we_cannot_fetch_leaves_the_other_causes_possible() {
    let scene = Scene::new(Level::Passive)
        .reached()
        .everywhere(&iis_error(500))
        .memory(300);
    let diagnosis = diagnose(&scene.http(Purpose::Crl, NetworkErrorKind::TimedOut).0);
    assert_eq!(
        diagnosis.failure_modes[0].id,
        "ndes-crl-unreachable-at-start"
    );
    assert!(ranked(&diagnosis).contains(&"ndes-ca-unreachable"));
}

#[test]
fn memory_that_may_be_outdated_leaves_the_other_causes_possible() {
    let scene = || {
        let scene = Scene::new(Level::Passive).reached();
        scene.everywhere(&iis_error(500)).memory(-3)
    };
    let renewed = diagnose(&scene().http(Purpose::Crl, crl(3)).0);
    assert_eq!(renewed.confidence, Some(Confidence::Medium));
    let possible = ranked(&renewed);
    assert_eq!(possible[0], "ndes-ra-cert-expired");
    for id in ["ndes-ra-key-no-read", "ndes-ca-unreachable"] {
        assert!(possible.contains(&id), "{id}: {possible:?}");
    }
    assert!(
        !possible.contains(&"ndes-crl-unreachable-at-start"),
        "it was fetched"
    );
    let lost = diagnose(&scene().http(Purpose::Crl, NetworkErrorKind::TimedOut).0);
    assert!(ranked(&lost).contains(&"ndes-crl-unreachable-at-start"));

    let down = Scene::new(Level::Passive)
        .reached()
        .everywhere(&pool_down())
        .memory(300)
        .http(Purpose::Crl, NetworkErrorKind::TimedOut);
    let down = diagnose(&down.0);
    assert_eq!(down.confidence, Some(Confidence::Medium));
    assert!(ranked(&down).contains(&"crp-windows-auth-enabled"));
}

#[test]
fn national_clouds_have_sign_in_pages_too() {
    for host in [
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
    ] {
        let there = page(302, "", "", b"").header("location", &format!("https://{host}/t/oauth2"));
        let scene = Scene::new(Level::Passive).reached().everywhere(&there);
        assert_eq!(
            symptom(&diagnose(&scene.0)),
            "app-proxy-sign-in-redirect",
            "{host}"
        );
    }
    let elsewhere = page(302, "", "", b"").header("location", "https://sso.example.org/x");
    let scene = Scene::new(Level::Passive).reached().everywhere(&elsewhere);
    assert_ne!(symptom(&diagnose(&scene.0)), "app-proxy-sign-in-redirect");
}

/// The records that the catalogue expects, as a log would hold them.
fn logs_of(mode: &scep_failures::FailureMode) -> Vec<LogRecord> {
    mode.evidence
        .iter()
        .filter(|evidence| !evidence.alternative)
        .map(|evidence| LogRecord {
            log: evidence.log.clone(),
            source: evidence.source.clone(),
            event_id: evidence.event_id,
            time: NOW,
            severity: if evidence.severity.is_empty() {
                "information".to_owned()
            } else {
                evidence.severity.clone()
            },
            code: evidence.code.clone(),
            text: format!(
                "words {} words {}",
                evidence.text,
                evidence.data.join(" words ")
            ),
        })
        .collect()
}

#[test]
fn logs_single_out_every_mode() {
    let catalogue = Catalogue::builtin();
    for (symptom_id, _, observations) in scenes() {
        let view = View {
            level: observations.level,
            memory: observations.memory.is_some(),
            logs: true,
        };
        for mode in catalogue.modes().filter(|mode| mode.kind == Kind::Cause) {
            if mode.look(view) != &Look::Symptom(symptom_id.to_owned()) || mode.evidence.is_empty()
            {
                continue;
            }
            let mut observations = observations.clone();
            observations.logs = logs_of(mode);
            let diagnosis = diagnose(&observations);
            assert_eq!(symptom(&diagnosis), symptom_id);
            let first = &diagnosis.failure_modes[0];
            assert!(
                first.id == mode.id || mode.same_in_logs.contains(&first.id),
                "{} is first, with the logs of {}: {:#?}",
                first.id,
                mode.id,
                diagnosis.failure_modes
            );
            assert!(
                first
                    .because
                    .iter()
                    .any(|because| because.starts_with("log: ")),
                "{:?}",
                first.because
            );
        }
    }
}

#[test]
fn logs_alone_are_enough() {
    let catalogue = Catalogue::builtin();
    let view = View {
        level: Level::Enroll,
        memory: false,
        logs: true,
    };
    for mode in catalogue
        .modes()
        .filter(|mode| mode.kind == Kind::Cause && !mode.evidence.is_empty())
    {
        let observations = Observations {
            logs: logs_of(mode),
            ..Observations::default()
        };
        let diagnosis = diagnose(&observations);
        assert_eq!(diagnosis.outcome, Outcome::Failure, "{}", mode.id);
        let named = Look::Symptom(symptom(&diagnosis).to_owned());
        let alike = mode.same_in_logs.iter().filter_map(|id| catalogue.mode(id));
        assert!(
            alike.chain([mode]).any(|mode| *mode.look(view) == named),
            "{named:?} for {}",
            mode.id
        );
        let first = &diagnosis.failure_modes[0].id;
        assert!(
            *first == mode.id || mode.same_in_logs.contains(first),
            "{first} for {}",
            mode.id
        );
        assert!(diagnosis.confidence < Some(Confidence::High) && diagnosis.not_proven.is_empty());
    }
}

#[test]
fn logs_without_a_failure_are_no_failure() {
    let started = Scene::new(Level::Passive)
        .log("application", NDES, 1, "")
        .log("iis", "", 0, "200 0");
    assert_eq!(diagnose(&started.0).outcome, Outcome::Unrecognized);
    // events 2 and 10 alone leave open which start failure it is, and say so
    let start = Scene::new(Level::Passive)
        .log("application", NDES, 10, "0x80070057")
        .log("application", NDES, 2, "0x80070057");
    let diagnosis = diagnose(&start.0);
    assert_eq!(symptom(&diagnosis), "mscep-500-not-started");
    let possible = ranked(&diagnosis);
    assert!(
        possible.contains(&"ndes-ra-cert-expired") && possible.contains(&"ndes-ra-key-no-read"),
        "{possible:?}"
    );
    assert!(
        !possible.contains(&"ndes-ca-unreachable"),
        "it logs event 8, and that is missing"
    );
}

#[test]
fn harmless_events_of_a_healthy_start_do_not_count() {
    let capi2 = "Microsoft-Windows-CAPI2";
    let mut scene = Scene::new(Level::Passive)
        .reached()
        .everywhere(&iis_error(500));
    scene =
        scene
            .log("application", NDES, 8, "0x80004005")
            .log("application", NDES, 2, "0x80004005");
    for event in [70, 53, 41] {
        scene = scene.log("capi2", capi2, event, "");
        scene.0.logs.last_mut().unwrap().severity = "information".to_owned();
    }
    let diagnosis = diagnose(&scene.0);
    assert_eq!(
        diagnosis.failure_modes[0].id, "ndes-ca-unreachable",
        "{:#?}",
        diagnosis.failure_modes
    );
}

/// A record of an event, with what stands in it.
fn event(log: &str, source: &str, event_id: u32, code: &str, text: &str) -> LogRecord {
    LogRecord {
        log: log.to_owned(),
        source: source.to_owned(),
        event_id,
        time: NOW,
        severity: "error".to_owned(),
        code: code.to_owned(),
        text: text.to_owned(),
    }
}

const CAPI2: &str = "Microsoft-Windows-CAPI2";

#[test]
fn events_of_something_else_say_nothing() {
    let auditing = "Microsoft-Windows-Security-Auditing";
    let manager = "Service Control Manager";
    let trust_list = "http://ctldl.windowsupdate.com/msdownload/update/v3/authrootstl.cab";
    let noise = [
        event("system", manager, 7036, "", "Windows Update running"),
        event("system", manager, 7036, "", "Windows Update stopped"),
        event(
            "system",
            manager,
            7036,
            "",
            "Microsoft Entra private network connector running",
        ),
        event(
            "system",
            "Microsoft-Windows-WAS",
            5002,
            "",
            "DefaultAppPool",
        ),
        event("security", auditing, 4625, "0xc000006d", "LAB bob 3"),
        event("capi2", CAPI2, 53, "0x80072ee2", trust_list),
        event(
            "capi2",
            CAPI2,
            53,
            "0x80072ee2",
            "http://crl.microsoft.com/pki/crl/x.crl",
        ),
        event("capi2", CAPI2, 41, "0x80092013", "www.example.org"),
        event("capi2", CAPI2, 42, "CheckTimeValidity", "www.example.org"),
        event("capi2", CAPI2, 30, "0x800b0101", "www.example.org"),
        event("capi2", CAPI2, 70, "0x80090016", "www.example.org"),
        event(
            "application",
            "Application Error",
            1000,
            "0xc0000005",
            "notepad.exe ntdll.dll",
        ),
    ];
    for record in &noise {
        let alone = Observations {
            logs: vec![record.clone()],
            ..Observations::default()
        };
        assert_eq!(
            diagnose(&alone).outcome,
            Outcome::Unrecognized,
            "{record:?}"
        );
    }
    for page in [
        iis_error(500),
        pool_down(),
        app_proxy(504, "GatewayTimeout", "No connector."),
    ] {
        let mut scene = Scene::new(Level::Passive).reached().everywhere(&page);
        scene.0.logs = noise.to_vec();
        for mode in diagnose(&scene.0).failure_modes {
            assert!(
                !mode
                    .because
                    .iter()
                    .any(|because| because.starts_with("log: ")),
                "{}: {:?}",
                mode.id,
                mode.because
            );
        }
    }
}

#[test]
fn either_form_of_a_failed_start_fits_a_lost_crl() {
    let url = "http://crl.lab.example/issuing.crl";
    for (first, code) in [(8, "0x80004005"), (10, "0x80070057")] {
        let mut scene = Scene::new(Level::Passive)
            .reached()
            .everywhere(&iis_error(500));
        scene.0.logs = vec![
            event("application", NDES, first, code, ""),
            event("application", NDES, 2, code, ""),
            event("capi2", CAPI2, 53, "0x80072ee2", url),
        ];
        let seen = diagnose(&scene.0);
        assert_eq!(ranked(&seen)[0], "ndes-crl-unreachable-at-start", "{first}");
        scene.0.items.clear();
        scene.0.url.clear();
        let told = diagnose(&scene.0);
        assert_eq!(ranked(&told)[0], "ndes-crl-unreachable-at-start", "{first}");
    }
}

#[test]
fn what_was_before_the_last_start_is_history() {
    let failed = |time| {
        [8, 2].map(|id| LogRecord {
            time,
            ..event("application", NDES, id, "0x80004005", "")
        })
    };
    let started = |time| LogRecord {
        time,
        ..event("application", NDES, 1, "", "")
    };
    let outcome = |logs: Vec<LogRecord>| {
        diagnose(&Observations {
            logs,
            ..Observations::default()
        })
        .outcome
    };
    let [event_8, event_2] = failed(NOW);
    let mended = vec![event_8.clone(), event_2.clone(), started(NOW + 600)];
    assert_eq!(outcome(mended), Outcome::Unrecognized);
    let broken = vec![started(NOW - 600), event_8, event_2];
    assert_eq!(outcome(broken), Outcome::Failure);
    let [event_8, event_2] = failed(0);
    let undated = vec![event_8, event_2, started(NOW)];
    assert_eq!(outcome(undated), Outcome::Failure);
}

#[test]
fn the_age_of_a_password_ranks_and_does_not_split() {
    let aged = |age| {
        let told = scep_failures::observation::ReplyFacts {
            challenge_age_s: Some(age),
            ..told("failure", false)
        };
        let reply = refused(FailInfo::BadMessageCheck, None).client(told);
        diagnose(
            &Scene::new(Level::Enroll)
                .reached()
                .answers()
                .http(Purpose::Enroll, reply)
                .0,
        )
    };
    let (young, old) = (aged(60), aged(4000));
    assert_eq!(symptom(&young), symptom(&old));
    assert_eq!(ranked(&young)[0], "challenge-wrong-or-used");
    assert_eq!(ranked(&old)[0], "challenge-expired");
    for diagnosis in [&young, &old] {
        assert!(
            !ranked(diagnosis).contains(&"mscep-admin-cache-full"),
            "a password was had"
        );
    }
}

#[test]
fn the_umbrella_stands_behind_its_causes() {
    let diagnosis = diagnose(
        &Scene::new(Level::Passive)
            .reached()
            .everywhere(&pool_down())
            .0,
    );
    assert_eq!(ranked(&diagnosis).last(), Some(&"httpsys-503-pool-stopped"));
    assert!(
        ranked(&diagnosis).contains(&"ndes-svc-account-locked-or-expired"),
        "by its variant"
    );
}

#[test]
fn a_diagnosis_is_a_function_of_the_observations_and_survives_json() {
    for (id, _, observations) in scenes() {
        let text = serde_json::to_string(&observations).unwrap();
        let again: Observations = serde_json::from_str(&text).unwrap();
        let one = diagnose(&observations);
        assert_eq!(one, diagnose(&again), "{id}");
        let json = serde_json::to_string_pretty(&one).unwrap();
        assert_eq!(
            serde_json::from_str::<Diagnosis>(&json).unwrap(),
            one,
            "{id}"
        );
        assert_eq!(one.schema, "scep-diagnosis/1");
    }
}

#[test]
fn the_schema_names_every_key() {
    let schema = scep_failures::diagnosis::json_schema();
    let properties = schema["properties"].as_object().unwrap();
    for key in [
        "schema",
        "outcome",
        "symptom",
        "failure_modes",
        "confidence",
        "set_aside",
        "not_proven",
        "evidence",
        "observations",
        "footprint",
        "url",
        "started",
        "tool",
        "findings",
    ] {
        assert!(properties.contains_key(key), "{key}");
    }
}

#[test]
fn excluding_clues_exclude() {
    // a connector that timed out is a connector that lives
    let slow = app_proxy(504, "GatewayTimeout", "The connector timed out.");
    let diagnosis = diagnose(&Scene::new(Level::Passive).reached().everywhere(&slow).0);
    assert_eq!(diagnosis.outcome, Outcome::Unrecognized, "{diagnosis:#?}");
    let aside = diagnosis
        .set_aside
        .iter()
        .find(|aside| aside.id == "app-proxy-gateway-timeout")
        .unwrap();
    assert!(
        aside.because.contains("a connector is alive") && aside.because.contains('['),
        "{}",
        aside.because
    );
    // certificates that have expired explain more than a CRL that is missing besides
    let scene = Scene::new(Level::Passive)
        .reached()
        .everywhere(&iis_error(500))
        .memory(-3);
    let diagnosis = diagnose(&scene.http(Purpose::Crl, NetworkErrorKind::TimedOut).0);
    assert_eq!(symptom(&diagnosis), "mscep-500-ra-certificate-expired");
    assert_eq!(
        diagnosis.confidence,
        Some(Confidence::Medium),
        "no rival is left"
    );
}

#[test]
fn records_that_are_missing_from_a_given_log_count_against_a_mode() {
    let half = Scene::new(Level::Passive).log("application", NDES, 8, "0x80004005");
    assert_eq!(
        diagnose(&half.0).outcome,
        Outcome::Unrecognized,
        "event 2 would stand beside it"
    );
    let whole = half.log("application", NDES, 2, "0x80004005");
    assert_eq!(ranked(&diagnose(&whole.0))[0], "ndes-ca-unreachable");
}

#[test]
fn what_was_looked_for_and_is_not_there_is_told() {
    let reply = refused(FailInfo::BadMessageCheck, None).client(told("failure", false));
    let scene = Scene::new(Level::Enroll).reached().answers();
    let diagnosis = diagnose(&scene.http(Purpose::Enroll, reply).0);
    let aside = diagnosis
        .set_aside
        .iter()
        .find(|aside| aside.id == "ca-denies-template")
        .unwrap();
    assert!(
        aside.because.contains("it is not there"),
        "{}",
        aside.because
    );
}

#[test]
fn something_else_that_answers_is_not_scep() {
    let symptom = r#"
        id = "some-web-site"
        title = "A web site answers"
        kind = "not-scep"
        stage = "front-end"
        provenance = "seen"
        summary = "It is no SCEP service."
        clues.must = ["get-ca-caps.status = 200", "get-ca-caps.valid = false", "get-ca-caps.shape = html"]
    "#;
    let mode = r#"
        id = "wrong-host"
        title = "The URL names another host"
        kind = "cause"
        layer = "front-end"
        owner = "intune-admin"
        prevalence = "common"
        visible_at = "passive"
        provenance = "seen"
        references = ["RFC 8894 3.1"]
        symptom.passive = "some-web-site"
        reproduce = { baseline = "ndes-plain", client = { path = "/" } }
        cause = { text = "A typing error.", provenance = "seen" }
        check = { where = "there", text = "Look.", provenance = "seen" }
        fix = { where = "there", text = "Mend.", provenance = "seen" }
        decided_by = { where = "the profile", check = "the URL" }
    "#;
    let catalogue = Catalogue::from_files([
        ("symptoms/some-web-site.toml", symptom),
        ("front-end/wrong-host.toml", mode),
    ])
    .unwrap();
    let diagnosis = classify(
        &catalogue,
        &Scene::new(Level::Passive).everywhere(&iis_welcome()).0,
    );
    assert_eq!(diagnosis.outcome, Outcome::NotScep);
    assert_eq!(
        diagnosis.failure_modes[0].decided_by,
        "the profile: the URL"
    );
}

#[test]
fn requests_that_never_left_are_no_footprint() {
    let scene = Scene::new(Level::Passive)
        .http(Purpose::GetCaCaps, NetworkErrorKind::Refused)
        .http(Purpose::GetCaCert, NetworkErrorKind::Reset);
    assert_eq!(diagnose(&scene.0).footprint.requests, 1);
}
