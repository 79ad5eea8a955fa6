//! Explanations: everything the catalogue says of a mode or symptom, as text without a layout; and
//! the search for a number or word that somebody saw.

mod numbers;
mod search;

use serde::Serialize;

pub use numbers::{Number, number};
pub use search::{Hit, search};

use crate::catalogue::mode::{Advice, Decision, LogEvidence, Seen, Statement};
use crate::catalogue::{
    Catalogue, FailureMode, Kind, Owner, Prevalence, Provenance, Stage, Step, Symptom, SymptomKind,
    Visibility,
};

/// What there is to say of a failure mode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation<'a> {
    /// Id of the mode.
    pub id: &'a str,
    /// The cause in one sentence.
    pub title: &'a str,
    /// What sort of thing it is.
    pub kind: Kind,
    /// The stage of a request at which it strikes.
    pub stage: Stage,
    /// Who can mend it.
    pub owner: Owner,
    /// How often it is met.
    pub prevalence: Prevalence,
    /// The least that shows it.
    pub visible_at: Visibility,
    /// How its look is known.
    pub provenance: Provenance,
    /// What it looks like, with the least that shows each look; no symptom means healthy.
    pub looks: Vec<(Visibility, Option<&'a Symptom>)>,
    /// What a client sees.
    pub seen: &'a [Seen],
    /// What logs hold.
    pub evidence: &'a [LogEvidence],
    /// Why it happens.
    pub cause: &'a Statement,
    /// How to make sure.
    pub check: &'a Advice,
    /// How to mend it.
    pub fix: Advice,
    /// The one check that decides.
    pub decided_by: &'a Decision,
    /// Other shapes: name and title.
    pub variants: Vec<(&'a str, &'a str)>,
    /// Modes that look the same from outside.
    pub looks_like: Vec<(&'a str, &'a str)>,
    /// Modes that people take for it.
    pub confused_with: Vec<(&'a str, &'a str)>,
    /// The causes of an umbrella mode.
    pub parts: Vec<(&'a str, &'a str)>,
    /// Where it can be read up.
    pub references: &'a [String],
    /// Arguments of `scep` that bring it about; absent if the simulation cannot.
    pub reproduce: Option<String>,
    /// The same, step by step.
    pub steps: Vec<String>,
}

/// What there is to say of a symptom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SymptomExplanation<'a> {
    /// Id of the symptom.
    pub id: &'a str,
    /// What is observed.
    pub title: &'a str,
    /// What it means for the service.
    pub kind: SymptomKind,
    /// The stage that is broken.
    pub stage: Stage,
    /// How it is known.
    pub provenance: Provenance,
    /// What follows from it.
    pub summary: &'a str,
    /// The clues that must hold.
    pub must: Vec<String>,
    /// Clues that speak for it.
    pub helps: Vec<String>,
    /// Clues that speak against it.
    pub excludes: Vec<String>,
    /// The failure modes behind it.
    pub modes: Vec<(&'a str, &'a str)>,
}

/// Explains a failure mode; an alias is explained as the mode it stands for.
#[must_use]
pub fn explain<'a>(catalogue: &'a Catalogue, id: &str) -> Option<Explanation<'a>> {
    let mode = catalogue.mode(id)?;
    let mode = mode
        .alias_of
        .as_deref()
        .and_then(|id| catalogue.mode(id))
        .unwrap_or(mode);
    let symptom = |look: &'a crate::catalogue::Look| match look {
        crate::catalogue::Look::Healthy => None,
        crate::catalogue::Look::Symptom(id) => catalogue.symptom(id),
    };
    let looks: Vec<_> = mode
        .symptom
        .entries()
        .map(|(visibility, look)| (visibility, symptom(look)))
        .collect();
    let last = looks.iter().rev().find_map(|(_, symptom)| *symptom);
    let looks_like = last
        .into_iter()
        .filter(|symptom| symptom.kind != SymptomKind::Healthy)
        .flat_map(|symptom| catalogue.modes_of(&symptom.id))
        .filter(|other| other.id != mode.id && other.alias_of.is_none())
        .map(named)
        .collect();
    let confused = |other: &&FailureMode| {
        mode.confused_with.contains(&other.id) || other.confused_with.contains(&mode.id)
    };
    Some(Explanation {
        id: &mode.id,
        title: &mode.title,
        kind: mode.kind,
        stage: mode.layer.stage(),
        owner: mode.owner,
        prevalence: mode.prevalence,
        visible_at: mode.visible_at,
        provenance: mode.provenance,
        looks,
        seen: &mode.seen,
        evidence: &mode.evidence,
        cause: &mode.cause,
        check: &mode.check,
        fix: Advice {
            place: mode.fix.place.clone(),
            text: mode.fix.text.clone(),
            commands: mode.fix.commands.clone(),
            provenance: mode.fix.provenance,
        },
        decided_by: &mode.decided_by,
        variants: mode
            .variants
            .iter()
            .map(|variant| (variant.name.as_str(), variant.title.as_str()))
            .collect(),
        looks_like,
        confused_with: catalogue.modes().filter(confused).map(named).collect(),
        parts: catalogue.parts_of(&mode.id).map(named).collect(),
        references: &mode.references,
        reproduce: mode
            .reproduce
            .as_ref()
            .map(|_| format!("mock --failure {}", mode.id)),
        steps: mode
            .reproduce
            .iter()
            .flat_map(|reproduce| &reproduce.steps)
            .map(describe)
            .collect(),
    })
}

/// Explains a symptom.
#[must_use]
pub fn explain_symptom<'a>(catalogue: &'a Catalogue, id: &str) -> Option<SymptomExplanation<'a>> {
    let symptom = catalogue.symptom(id)?;
    let clues =
        |hints: &[crate::catalogue::Hint]| hints.iter().map(|hint| hint.clue.to_string()).collect();
    Some(SymptomExplanation {
        id: &symptom.id,
        title: &symptom.title,
        kind: symptom.kind,
        stage: symptom.stage,
        provenance: symptom.provenance,
        summary: &symptom.summary,
        must: clues(&symptom.clues.must),
        helps: clues(&symptom.clues.helps),
        excludes: clues(&symptom.clues.excludes),
        modes: catalogue.modes_of(&symptom.id).map(named).collect(),
    })
}

fn named(mode: &FailureMode) -> (&str, &str) {
    (&mode.id, &mode.title)
}

/// A step in words.
fn describe(step: &Step) -> String {
    match step {
        Step::Start {} => "start the deployment".to_owned(),
        Step::Recycle {} => "recycle the SCEP pool".to_owned(),
        Step::Advance { by } => format!("let {by} pass"),
        Step::Enroll { times } => format!("let {times} devices enrol"),
        Step::Request { times } => {
            format!("let {times} devices send a request with a wrong challenge password")
        }
        Step::Poll {} => "devices poll for what is pending".to_owned(),
        Step::Replace { profile } => format!("the server is replaced by {profile}"),
        Step::Decide { issue: true } => "the CA grants what is pending".to_owned(),
        Step::Decide { issue: false } => "the CA denies what is pending".to_owned(),
        Step::Challenge { kind } => format!(
            "a challenge password is fetched ({})",
            kind.as_deref().unwrap_or("correct")
        ),
        Step::Set { set } => {
            let mut changes = Vec::new();
            flatten("", set, &mut changes);
            format!("set {}", changes.join(", "))
        }
    }
}

/// `a.b = value` for every leaf of a table.
fn flatten(prefix: &str, table: &toml::Table, out: &mut Vec<String>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&path, inner, out),
            other => out.push(format!("{path} = {other}")),
        }
    }
}
