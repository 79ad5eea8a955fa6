//! What probes of this reach cannot show: the honest part of "healthy".

use super::Case;
use crate::catalogue::{Kind, Stage, Symptom, Visibility};
use crate::diagnosis::{NotProven, Outcome};

/// All stages but that of the CA.
const BEFORE_THE_CA: &[Stage] = &[
    Stage::Network,
    Stage::Tls,
    Stage::FrontEnd,
    Stage::Iis,
    Stage::Ndes,
    Stage::Authorization,
];

pub(super) fn not_proven(
    case: &Case<'_>,
    outcome: Outcome,
    symptom: Option<&Symptom>,
) -> Vec<NotProven> {
    let mut list = Vec::new();
    if case.observations.url.is_empty() {
        return list;
    }
    let mut add = |what: &str, because: &str, shown_by: Visibility, failure_modes: Vec<String>| {
        list.push(NotProven {
            what: what.to_owned(),
            because: because.to_owned(),
            shown_by,
            failure_modes,
        });
    };
    if let (Outcome::Failure | Outcome::NotScep, Some(symptom)) = (outcome, symptom) {
        let behind: Vec<&str> = Stage::ALL
            .iter()
            .filter(|stage| **stage > symptom.stage)
            .map(|stage| stage.title())
            .collect();
        if !behind.is_empty() {
            let because = format!(
                "a request does not get past {}, so nothing is known of what comes behind: {}",
                symptom.stage.title(),
                behind.join(", ")
            );
            add("behind", &because, Visibility::Passive, Vec::new());
        }
        return list;
    }
    let unseen = |visibility: Visibility, stages: &[Stage]| -> Vec<String> {
        case.catalogue
            .modes()
            .filter(|mode| mode.kind != Kind::Alias && mode.visible_at == visibility)
            .filter(|mode| stages.contains(&mode.layer.stage()))
            .map(|mode| mode.id.clone())
            .collect()
    };
    if !case.facts.source_seen("pki-operation.reply") && !case.facts.source_seen("enroll.reply") {
        add(
            "request",
            "no PKIOperation was sent, so it is not known whether a message gets through to NDES and its policy module",
            Visibility::Request,
            unseen(Visibility::Request, Stage::ALL),
        );
    }
    if !case.facts.has("enroll.reply", "success") {
        add(
            "challenge",
            "whether a challenge password is accepted shows only when one is used",
            Visibility::Enroll,
            unseen(Visibility::Enroll, BEFORE_THE_CA),
        );
        add(
            "ca",
            "NDES answers GetCACaps and GetCACert without the CA: CA, certificate template and permissions show only in an enrolment",
            Visibility::Enroll,
            unseen(Visibility::Enroll, &[Stage::Ca]),
        );
    }
    let elsewhere = unseen(Visibility::Never, Stage::ALL);
    if !elsewhere.is_empty() {
        add(
            "elsewhere",
            "some failures leave no trace at the server, neither on the wire nor in its logs",
            Visibility::Never,
            elsewhere,
        );
    }
    let silent = unseen(Visibility::Logs, Stage::ALL);
    if !case.view.logs && !silent.is_empty() {
        add(
            "logs",
            "some failures show in the server's logs only",
            Visibility::Logs,
            silent,
        );
    }
    list
}
