use scep_failures::Catalogue;
use scep_server_mock::challenge::ChallengeKind;
use scep_server_mock::{Error, Simulation};

use crate::support::*;

const MODE_A: &str = r#"
id = "mode-a"
title = "A test mode"
kind = "cause"
layer = "ca"
owner = "pki-admin"
prevalence = "rare"
visible_at = "passive"
provenance = "inferred"
references = ["a test"]
symptom = { passive = "some-symptom" }
reproduce = { baseline = "intune-app-proxy", set = { app_proxy.connector.service = "stopped" }, steps = [{ do = "start" }] }
cause = { text = "A test.", provenance = "inferred" }
check = { where = "here", text = "Look.", provenance = "inferred" }
fix = { where = "here", text = "Mend.", provenance = "inferred", steps = [{ do = "set", set = { app_proxy.connector.service = "running" } }] }
decided_by = { where = "here", check = "a test" }
"#;

const SYMPTOM: &str = r#"
id = "some-symptom"
title = "A test symptom"
kind = "failure"
stage = "ca"
provenance = "inferred"
summary = "A test."
[clues]
must = ["get-ca-caps.status = 500"]
"#;

/// Modes made up for tests: the real ones are data that other people change.
fn catalogue() -> Catalogue {
    let mode_b = MODE_A
        .replace("mode-a", "mode-b")
        .replace("intune-app-proxy", "ndes-plain")
        .replace(
            "app_proxy.connector.service = \"stopped\"",
            "ca.rpc_reachable = false",
        )
        .replace(
            "app_proxy.connector.service = \"running\"",
            "ca.rpc_reachable = true",
        );
    let mode_c = mode_b
        .replace("mode-b", "mode-c")
        .replace("ca.rpc_reachable = false", "ca.rpc_reachable = true");
    let mode_d = mode_b
        .replace("mode-b", "mode-d")
        .replace("ndes-plain", "ndes-tls");
    let mode_e = mode_b
        .replace("mode-b", "mode-e")
        .replace("rpc_reachable", "rpc_rechable");
    Catalogue::from_files([
        ("ca/mode-a.toml", MODE_A),
        ("ca/mode-b.toml", &mode_b),
        ("ca/mode-c.toml", &mode_c),
        ("ca/mode-d.toml", &mode_d),
        ("ca/mode-e.toml", &mode_e),
        ("symptoms/some-symptom.toml", SYMPTOM),
    ])
    .unwrap()
}

fn armed(names: &[&str]) -> Result<scep_server_mock::MemoryHost, Error> {
    names
        .iter()
        .fold(builder().with_catalogue(catalogue()), |b, name| {
            b.with_failure(*name)
        })
        .in_memory(START)
}

#[test]
fn two_modes_combine_and_the_richer_baseline_is_taken() {
    let host = armed(&["mode-b", "mode-a"]).unwrap();
    assert_eq!(
        host.with(|s| s.scenario().baseline.name.clone()),
        "intune-app-proxy"
    );
    assert_eq!(status(&caps(&host)), 504, "the proxy comes first");
    host.heal("mode-a").unwrap();
    assert_eq!(status(&caps(&host)), 500);
    host.heal("mode-b").unwrap();
    assert_eq!(status(&caps(&host)), 200);
    assert!(host.with(|s| s.armed().is_empty()));
}

#[test]
fn contradictions_are_errors_that_name_both() {
    let error = armed(&["mode-b", "mode-c"]).unwrap_err();
    assert!(
        matches!(&error, Error::Conflict { field, first, second }
            if field == "ca.rpc_reachable" && first == "mode-b" && second == "mode-c"),
        "{error}"
    );
    let error = armed(&["mode-a", "mode-d"]).unwrap_err();
    assert!(
        matches!(&error, Error::Baselines { first, second, .. } if first == "mode-a" && second == "mode-d"),
        "{error}"
    );
}

#[test]
fn what_does_not_exist_is_named() {
    let error = armed(&["mod-b"]).unwrap_err().to_string();
    assert!(error.contains("did you mean \"mode-b\"?"), "{error}");
    let error = armed(&["mode-e"]).unwrap_err().to_string();
    assert!(
        error.contains("mode-e") && error.contains("rpc_rechable"),
        "{error}"
    );
    assert!(matches!(
        armed(&["mode-a.other"]),
        Err(Error::Unknown { .. })
    ));
}

#[test]
fn arming_and_disarming_while_it_runs_keeps_the_cas() {
    let host = armed(&[]).unwrap();
    assert_eq!(status(&caps(&host)), 200);
    let before = host.with(|s| s.deployment().ca_certificates());
    host.arm("mode-b").unwrap();
    assert_eq!(status(&caps(&host)), 500);
    assert!(host.arm("mode-c").is_err());
    assert_eq!(
        host.with(|s| s.armed().to_vec()),
        ["mode-b"],
        "a refused change changes nothing"
    );
    host.disarm("mode-b").unwrap();
    enroll(&host).issued();
    assert_eq!(host.with(|s| s.deployment().ca_certificates()), before);
    assert!(host.disarm("mode-b").is_err());
}

#[test]
fn reset_leads_back_to_health() {
    let host = armed(&["mode-b"]).unwrap();
    assert_eq!(status(&caps(&host)), 500);
    host.reset().unwrap();
    assert!(host.log_records().is_empty());
    enroll(&host).issued();
}

#[test]
fn a_new_history_has_logs_of_its_own() {
    let host = armed(&[]).unwrap();
    enroll(&host).issued();
    let healthy = ndes_events(&host);
    assert!(healthy.iter().any(|(id, _)| *id == 1));
    let exchanges = host.with(|s| s.deployment().journal().count());
    host.arm("mode-b").unwrap();
    assert_eq!(status(&caps(&host)), 500);
    let broken = ndes_events(&host);
    assert!(broken.iter().any(|(id, _)| *id == 2), "{broken:?}");
    assert!(broken.iter().all(|(id, _)| *id != 1), "{broken:?}");
    host.disarm("mode-b").unwrap();
    assert!(ndes_events(&host).is_empty());
    host.arm("mode-b").unwrap();
    assert_eq!(status(&caps(&host)), 500);
    assert_eq!(ndes_events(&host), broken);
    assert!(
        host.with(|s| s.deployment().journal().count()) > exchanges,
        "the journal goes on"
    );
}

#[test]
fn a_setting_that_cannot_be_made_changes_nothing() {
    let host = baseline("ndes-plain");
    let look = || {
        host.with_deployment(|d, now| {
            (
                d.state().clone(),
                d.last_good(),
                d.tls_handshake(now).map(|h| h.chain),
            )
        })
    };
    let before = look();
    for bad in [
        // The RA certificate could be made; the intermediate without a name cannot.
        "ndes.ra_signing.issued_ago = '0d'\nwindows.root_store_intermediates = ['no name']",
        "ca.service = 'stopped'\nwindows.root_store_intermediates = ['CN=a', 'no name']",
        "ca.service = 'stopped'\nca.unknown = 1",
    ] {
        let set = bad.parse().unwrap();
        let result = host.with_deployment(|d, now| d.set(&set, "test", now));
        assert!(
            matches!(result, Err(Error::Setting { .. })),
            "{bad}: {result:?}"
        );
        assert_eq!(look(), before, "{bad}");
    }
    assert!(host.log_records().is_empty());
    enroll(&host).issued();
}

#[test]
fn a_clients_word_means_something_and_a_fix_changes_it() {
    let mode = |id: &str, word: &str, mended: &str| {
        MODE_A
            .replace("mode-a", id)
            .replace(
                "steps = [{ do = \"start\" }] }",
                &format!("client = {{ challenge = \"{word}\" }} }}"),
            )
            .replace(
                "steps = [{ do = \"set\"",
                &format!("client = {{ challenge = \"{mended}\" }}, steps = [{{ do = \"set\""),
            )
    };
    let catalogue = Catalogue::from_files([
        (
            "ca/mode-a.toml",
            mode("mode-a", "wrong", "missing").as_str(),
        ),
        ("ca/mode-b.toml", &mode("mode-b", "wrnog", "correct")),
        ("ca/mode-c.toml", &mode("mode-c", "wrong", "corect")),
        ("symptoms/some-symptom.toml", SYMPTOM),
    ])
    .unwrap();
    let build = |name: &str| {
        builder()
            .with_catalogue(catalogue.clone())
            .with_failure(name)
            .in_memory(START)
    };
    let kind = |host: &scep_server_mock::MemoryHost| host.with(Simulation::challenge_kind);
    let host = build("mode-a").unwrap();
    assert_eq!(kind(&host), ChallengeKind::Wrong);
    host.heal("mode-a").unwrap();
    assert_eq!(kind(&host), ChallengeKind::Missing);
    host.reset().unwrap();
    assert_eq!(kind(&host), ChallengeKind::Correct);
    let error = build("mode-b").unwrap_err().to_string();
    assert!(error.contains("wrnog"), "{error}");
    let host = build("mode-c").unwrap();
    let error = host.heal("mode-c").unwrap_err().to_string();
    assert!(error.contains("corect"), "{error}");
    assert_eq!(host.with(|s| s.armed().to_vec()), ["mode-c"]);
}

#[test]
fn a_script_breaks_and_mends_after_so_many_requests_and_so_long() {
    let script = scep_server_mock::script::Script::parse(
        "seed = 3
        [[phase]]
        requests = 2
        [[phase]]
        failures = ['pool-stopped-manually']
        lasts = '30s'
        [[phase]]",
    )
    .unwrap();
    let host = builder().with_script(script).in_memory(START).unwrap();
    let ask = || status(&caps(&host));
    assert_eq!([ask(), ask(), ask(), ask()], [200, 200, 503, 503]);
    host.advance(std::time::Duration::from_secs(31));
    assert_eq!([ask(), ask()], [200, 200]);
    let notes = host.with(|s| {
        let journal = s.deployment().journal();
        journal
            .flat_map(|entry| entry.notes.clone())
            .collect::<Vec<_>>()
    });
    let told = notes
        .iter()
        .filter(|note| note.starts_with("script: "))
        .count();
    assert_eq!(told, 2, "{notes:?}");
}
