//! Explanations and the search for what somebody saw.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use scep_failures::catalogue::{Catalogue, Kind};
use scep_failures::explain::{explain, explain_symptom, search};

fn found(query: &str) -> Vec<&'static str> {
    search(Catalogue::builtin(), query)
        .into_iter()
        .map(|hit| hit.id)
        .collect()
}

#[test]
fn every_mode_and_symptom_can_be_explained() {
    let catalogue = Catalogue::builtin();
    for mode in catalogue.modes() {
        let explanation = explain(catalogue, &mode.id).unwrap();
        let explained = mode.alias_of.as_deref().unwrap_or(&mode.id);
        assert_eq!(explanation.id, explained);
        assert!(!explanation.looks.is_empty(), "{}: looks", mode.id);
        assert!(
            !explanation.references.is_empty(),
            "{}: references",
            mode.id
        );
        let explained = catalogue.mode(explained).unwrap();
        assert_ne!(explained.kind, Kind::Alias, "{}", mode.id);
        let is_brought_about = explained.reproduce.is_some();
        assert_eq!(explanation.reproduce.is_some(), is_brought_about);
        assert!(
            !explanation
                .looks_like
                .iter()
                .any(|(id, _)| *id == mode.id || *id == explained.id)
        );
        serde_json::to_string(&explanation).unwrap();
    }
    for symptom in catalogue.symptoms() {
        let explanation = explain_symptom(catalogue, &symptom.id).unwrap();
        assert!(!explanation.modes.is_empty() && !explanation.must.is_empty());
    }
    assert!(explain(catalogue, "no-such-mode").is_none());
    assert!(explain_symptom(catalogue, "no-such-symptom").is_none());
}

#[test]
fn an_umbrella_lists_its_causes() {
    let catalogue = Catalogue::builtin();
    let explanation = explain(catalogue, "httpsys-503-pool-stopped").unwrap();
    assert!(
        explanation
            .parts
            .iter()
            .any(|(id, _)| *id == "ndes-intermediate-in-root-store")
    );
}

#[test]
fn numbers_and_words_that_somebody_saw() {
    assert!(found("503").contains(&"httpsys-503-pool-stopped"));
    assert!(found("0x80094012").contains(&"ca-template-denied"));
    assert!(
        found("-2146877422").contains(&"ca-template-denied"),
        "in decimal"
    );
    assert!(
        found("0X80094012").contains(&"ca-template-denied"),
        "in capitals"
    );
    assert!(found("event 29").contains(&"challenge-wrong-or-used"));
    assert!(found("badMessageCheck").contains(&"challenge-wrong-or-used"));
    assert!(found("GatewayTimeout").contains(&"app-proxy-connector-offline"));
    assert!(found("Passthrough").contains(&"app-proxy-preauth-enabled"));
}

#[test]
fn only_whole_words_count() {
    assert!(!found("50").contains(&"httpsys-503-pool-stopped"));
    assert!(
        !found("event 2").contains(&"challenge-wrong-or-used"),
        "event 29 is another event"
    );
    assert!(found("").is_empty() && found("   ").is_empty());
    assert!(found("no such word anywhere").is_empty());
}
