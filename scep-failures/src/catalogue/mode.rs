//! A failure mode: everything that is known of one cause, as one file holds it.

use serde::{Deserialize, Serialize};

use super::clue::Clues;
use super::level::{Look, Looks, View, Visibility};
use super::reproduce::{Persona, Reproduce, Step};
use super::words::{Kind, Layer, Owner, Prevalence, Provenance};
use crate::observation::LogRecord;
use crate::text::has_word;

/// One cause of failure (or, by [`Kind`], its like).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureMode {
    /// Stable name; the file is called so. Never renamed.
    pub id: String,
    /// The cause in one sentence, without a full stop.
    pub title: String,
    /// What sort of thing it is.
    pub kind: Kind,
    /// The mode that this is another name for; only with kind `alias`.
    pub alias_of: Option<String>,
    /// The umbrella mode whose look this mode ends in.
    pub part_of: Option<String>,
    /// The part of the deployment; the folder of the file.
    pub layer: Layer,
    /// Who can mend it.
    pub owner: Owner,
    /// How often it is met.
    pub prevalence: Prevalence,
    /// The least that tells it from a healthy deployment, or from its look-alikes.
    pub visible_at: Visibility,
    /// How the look on the wire is known.
    pub provenance: Provenance,
    /// Where it can be read up: title, article number, section.
    pub references: Vec<String>,
    /// Modes that even the server's logs cannot tell from this one.
    #[serde(default)]
    pub same_in_logs: Vec<String>,
    /// Modes of another look that people take for this one.
    #[serde(default)]
    pub confused_with: Vec<String>,
    /// What it looks like, by view.
    pub symptom: Looks,
    /// How to bring it about. Absent only where nobody could see it: with `visible_at` `logs` or
    /// `never`.
    pub reproduce: Option<Reproduce>,
    /// The same cause in another shape.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// What a client sees, by operation.
    #[serde(default)]
    pub seen: Vec<Seen>,
    /// What the server's logs hold.
    #[serde(default)]
    pub evidence: Vec<LogEvidence>,
    /// Why it happens.
    pub cause: Statement,
    /// How to make sure.
    pub check: Advice,
    /// How to mend it.
    pub fix: Fix,
    /// The one check that decides.
    pub decided_by: Decision,
    /// What speaks for or against it among modes of the same symptom. Log evidence need not be
    /// repeated here.
    #[serde(default)]
    pub clues: Clues,
}

/// The same cause in another shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Stable name within the mode.
    pub name: String,
    /// What is different, in one sentence.
    pub title: String,
    /// What it looks like.
    pub symptom: Looks,
    /// How to bring it about.
    pub reproduce: Option<Reproduce>,
    /// The umbrella mode whose look the variant ends in, where the mode itself does not.
    pub part_of: Option<String>,
    /// What the server's logs hold, where it is not what the mode says.
    #[serde(default)]
    pub evidence: Vec<LogEvidence>,
    /// How to mend it, where that is not as for the mode.
    pub fix: Option<Fix>,
    /// What speaks for or against this shape.
    #[serde(default)]
    pub clues: Clues,
}

/// What a client sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The operation or probe: `all`, `resolve`, `connect`, `tls`, `root`, `base-url`, `get-ca-caps`,
    /// `get-ca-cert`, `crl`, `mscep-admin`, `long-url`, `pki-operation`, `enroll`, `poll`.
    pub operation: String,
    /// What it sees.
    pub text: String,
    /// How that is known.
    pub provenance: Provenance,
}

/// A record that a server log then holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEvidence {
    /// Which log, in the words of [`LogRecord::log`](crate::observation::LogRecord::log).
    pub log: String,
    /// Event source; empty for text logs.
    #[serde(default)]
    pub source: String,
    /// Event id; 0 for text logs.
    #[serde(default)]
    pub event_id: u32,
    /// Severity, where the same event also has a harmless form.
    #[serde(default)]
    pub severity: String,
    /// Code that the record carries; empty if it does not matter.
    #[serde(default)]
    pub code: String,
    /// Words that the record holds; empty if they do not matter. Of an event they are for the
    /// reader only: its text is translated.
    #[serde(default)]
    pub text: String,
    /// What the record holds in every language: name of a service, pool, account or program, part of
    /// an address. All of it must be there, without regard to case.
    #[serde(default)]
    pub data: Vec<String>,
    /// What the record does not hold, as in [`LogEvidence::data`]: the same event of harmless origin.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Of several forms that a mode's records take, the one to which this belongs. Only the form
    /// that fits best counts; a record without one always does.
    pub form: Option<String>,
    /// Some systems show this instead; the simulation need not.
    #[serde(default)]
    pub alternative: bool,
    /// A request with a wrong challenge password leaves the same record, so where a diagnosis sent one
    /// this says nothing.
    #[serde(default)]
    pub own_request: bool,
    /// How it is known.
    pub provenance: Provenance,
}

impl LogEvidence {
    /// Whether a log record is the one that is meant.
    #[must_use]
    pub fn matches(&self, record: &LogRecord) -> bool {
        let agrees =
            |wanted: &str, found: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(found);
        let same_kind = self.log == record.log
            && self.event_id == record.event_id
            && agrees(&self.source, &record.source)
            && agrees(&self.severity, &record.severity);
        if !same_kind {
            return false;
        }
        let text = record.text.to_lowercase();
        // an event may hold several codes, and which is *the* code depends on who read it
        let beside = self.event_id != 0 || record.code.is_empty();
        let has_code = agrees(&self.code, &record.code)
            || beside && has_word(&text, &self.code.to_lowercase());
        if !has_code {
            return false;
        }
        let holds = |part: &String| text.contains(&part.to_lowercase());
        // Event texts are translated and worded otherwise by versions, so they count for text logs
        // only; names and addresses in them do not vary.
        (self.event_id != 0 || holds(&self.text))
            && self.data.iter().all(holds)
            && !self.unless.iter().any(holds)
    }
}

/// Prose, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The prose.
    pub text: String,
    /// How it is known.
    pub provenance: Provenance,
}

/// Something to do, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// On which machine or in which console.
    #[serde(rename = "where")]
    pub place: String,
    /// What to do.
    pub text: String,
    /// Commands, or paths through a console, that do it.
    #[serde(default)]
    pub commands: Vec<String>,
    /// How it is known to help.
    pub provenance: Provenance,
}

/// How to mend it, for a person and for the simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// On which machine or in which console.
    #[serde(rename = "where")]
    pub place: String,
    /// What to do.
    pub text: String,
    /// Commands that do it.
    #[serde(default)]
    pub commands: Vec<String>,
    /// How it is known to help.
    pub provenance: Provenance,
    /// What heals the simulation.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What a client does when it is at fault no more.
    pub client: Option<Persona>,
}

/// The one check that decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// On which machine or in which console.
    #[serde(rename = "where")]
    pub place: String,
    /// What to look at there.
    pub check: String,
}

impl core::fmt::Display for Decision {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.place, self.check)
    }
}

impl FailureMode {
    /// What a view shows of it.
    #[must_use]
    pub fn look(&self, view: View) -> &Look {
        self.symptom.at(view)
    }

    /// The looks of the mode and of its variants.
    pub fn all_looks(&self) -> impl Iterator<Item = &Looks> {
        core::iter::once(&self.symptom).chain(self.variants.iter().map(|variant| &variant.symptom))
    }

    /// Whether a symptom is among its looks.
    #[must_use]
    pub fn may_show(&self, symptom: &str) -> bool {
        self.all_looks()
            .flat_map(Looks::entries)
            .any(|(_, look)| matches!(look, Look::Symptom(id) if id == symptom))
    }
}
