//! A diagnosis: what was found, how it is known, and what was not looked at.
//!
//! The JSON form is published as [`json_schema`]; `schema` changes only with a breaking change.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Owner, Provenance, Visibility};
use crate::evidence::Value;

/// The value of [`Diagnosis::schema`].
pub const SCHEMA: &str = "scep-diagnosis/1";

/// What a diagnosis says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Diagnosis {
    /// `scep-diagnosis/1`.
    pub schema: String,
    /// Name and version of the program that made it.
    pub tool: String,
    /// The SCEP URL; empty if only logs were given.
    pub url: String,
    /// When it was begun, in UTC.
    pub started: String,
    /// The result in a word.
    pub outcome: Outcome,
    /// What the deployment looks like; absent if that is not recognized.
    pub symptom: Option<Named>,
    /// The failure modes of that symptom, most likely first.
    pub failure_modes: Vec<RankedMode>,
    /// How sure the symptom is; absent if none is named.
    pub confidence: Option<Confidence>,
    /// What else it could have been, and why it is not.
    pub set_aside: Vec<SetAside>,
    /// The check that would tell most of the failure modes apart; absent where one is left, or where
    /// nothing known tells them apart.
    #[serde(default)]
    pub next_check: Option<NextCheck>,
    /// What to write to whoever is in charge of what is broken; absent if nothing is, or if it is not
    /// known.
    #[serde(default)]
    pub handover: Option<Handover>,
    /// Risks that were found, whatever the outcome.
    pub findings: Vec<Finding>,
    /// What these probes cannot show.
    pub not_proven: Vec<NotProven>,
    /// The facts that the symptom rests on; without a symptom, the facts that matter.
    pub evidence: Vec<Evidence>,
    /// What was looked at, in order.
    pub observations: Vec<Seen>,
    /// What the diagnosis did to the server.
    pub footprint: Footprint,
}

/// The result in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What was looked at works.
    Healthy,
    /// Something is broken, and is named.
    Failure,
    /// Something is broken or strange, and this version does not know it.
    Unrecognized,
    /// Something answers, and it is no SCEP service.
    NotScep,
}

/// How sure a symptom is. A word, as there is nothing to base a number on.
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
pub enum Confidence {
    /// The clues hold, but another symptom fits as well.
    Low,
    /// The clues hold and no other symptom fits, but something among them is inferred: a deduction
    /// from a single mark, or a look that no document and no recorded exchange has shown yet.
    Medium,
    /// The clues hold, each was read off the wire or out of a log, the look is documented or was
    /// seen in real systems, and no other symptom fits.
    High,
}

/// Id and title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Named {
    /// Stable name.
    pub id: String,
    /// One sentence.
    pub title: String,
}

/// A failure mode in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RankedMode {
    /// Stable name.
    pub id: String,
    /// The cause in one sentence.
    pub title: String,
    /// Place, from 1. Modes that nothing tells apart stand in order of how common they are.
    pub rank: u32,
    /// What speaks for it.
    pub because: Vec<String>,
    /// The single check that decides, and where to make it.
    pub decided_by: String,
    /// How its look is known.
    pub provenance: Provenance,
}

/// A check that tells failure modes apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NextCheck {
    /// A stable word: `send-request`, `enroll`, or the name of a log.
    pub what: String,
    /// What to do.
    pub text: String,
    /// What it may show, and which failure modes are left then.
    pub results: Vec<CheckResult>,
}

/// A result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckResult {
    /// What it shows: a symptom, records of a log, or neither.
    pub shows: String,
    /// The failure modes that it leaves.
    pub failure_modes: Vec<String>,
}

/// A sentence for somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Handover {
    /// Who can mend the likeliest cause.
    pub to: Owner,
    /// What was seen, what it means, and what to look at.
    pub sentence: String,
}

/// Something that was considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SetAside {
    /// Id of a failure mode or of a symptom.
    pub id: String,
    /// Why it is not.
    pub because: String,
}

/// A risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// The symptom that shows it.
    pub symptom: Named,
    /// The failure modes behind it.
    pub failure_modes: Vec<RankedMode>,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Something that these probes cannot show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NotProven {
    /// A stable word: `request`, `challenge`, `ca`, `logs`, `behind`.
    pub what: String,
    /// Why it is not known.
    pub because: String,
    /// The least that would show it.
    pub shown_by: Visibility,
    /// Failure modes that would show then.
    pub failure_modes: Vec<String>,
}

/// A fact that something rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// Name of the fact.
    pub fact: String,
    /// Its value.
    pub value: Value,
    /// The same in words.
    pub text: String,
    /// Numbers of the observations; empty for memory and logs.
    pub observations: Vec<u32>,
    /// Whether it is a deduction.
    pub inferred: bool,
}

/// One probe and what came of it, for a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Seen {
    /// Number, from 1.
    pub n: u32,
    /// What was tried: `resolve`, `connect`, `tls`, `get-ca-caps`, ...
    pub probe: String,
    /// Whether it went well.
    pub result: ProbeResult,
    /// What came of it.
    pub text: String,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Whether a probe went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeResult {
    /// As from a healthy service.
    Ok,
    /// Not as from a healthy service.
    Fail,
    /// Not tried.
    Skipped,
}

/// What a diagnosis did to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Footprint {
    /// HTTP requests sent.
    pub requests: u32,
    /// Serial numbers of certificates that were issued.
    pub issued: Vec<String>,
    /// What it left behind there.
    pub left_behind: Vec<String>,
}

/// The JSON schema of a [`Diagnosis`].
#[must_use]
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Diagnosis).to_value()
}
