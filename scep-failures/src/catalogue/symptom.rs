//! A symptom: what a client can tell apart.

use serde::{Deserialize, Serialize};

use super::clue::Clues;
use super::words::{Provenance, Stage};

/// A look of a deployment that facts single out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// Stable name; the file is called so. Never renamed.
    pub id: String,
    /// What is observed, in one sentence, without a full stop.
    pub title: String,
    /// What it means for the service.
    pub kind: SymptomKind,
    /// The stage that is broken.
    pub stage: Stage,
    /// How it is known that deployments look so.
    pub provenance: Provenance,
    /// What is observed and what follows from it, in two or three sentences.
    pub summary: String,
    /// More general symptoms whose modes are not excluded by this one, only less likely.
    #[serde(default)]
    pub also_possible: Vec<String>,
    /// What singles it out.
    pub clues: Clues,
}

/// What a symptom means for the service.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SymptomKind {
    /// Enrolment fails.
    Failure,
    /// What was looked at works.
    Healthy,
    /// It works, and holds a risk. Reported beside whatever else is found.
    Finding,
    /// Something answers, and it is no SCEP service.
    NotScep,
}
