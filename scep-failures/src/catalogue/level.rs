//! How much is looked at: the probes' reach, and what is known besides.

use serde::{Deserialize, Serialize};

use super::words::Provenance;

/// How far probes may go. Each level includes the ones before it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
pub enum Level {
    /// Read-only: no PKIOperation is sent.
    #[default]
    Passive,
    /// A PKIOperation with a wrong challenge password is sent (`--send-request`).
    Request,
    /// A certificate may be issued (`--enroll`).
    Enroll,
}

impl Level {
    /// Every level, least invasive first.
    pub const ALL: &'static [Self] = &[Self::Passive, Self::Request, Self::Enroll];

    /// The word in catalogue and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passive => "passive",
            Self::Request => "request",
            Self::Enroll => "enroll",
        }
    }
}

/// The least that shows a failure mode, or a fact: a probing level, or knowledge besides.
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
pub enum Visibility {
    /// Read-only probes show it.
    Passive,
    /// A PKIOperation with a wrong challenge password shows it.
    Request,
    /// Only an enrolment shows it.
    Enroll,
    /// An earlier healthy look at the same server shows it.
    Memory,
    /// Only the server's logs show it.
    Logs,
    /// Nothing that this crate can read shows it.
    Never,
}

/// All that a diagnosis can draw upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// How far probes went.
    pub level: Level,
    /// Whether an earlier healthy look is remembered.
    pub memory: bool,
    /// Whether server logs were given.
    pub logs: bool,
}

impl View {
    /// Probes only, up to `level`.
    #[must_use]
    pub const fn probes(level: Level) -> Self {
        Self {
            level,
            memory: false,
            logs: false,
        }
    }

    /// Whether this view includes what `visibility` asks for.
    #[must_use]
    pub fn shows(self, visibility: Visibility) -> bool {
        match visibility {
            Visibility::Passive => true,
            Visibility::Request => self.level >= Level::Request,
            Visibility::Enroll => self.level >= Level::Enroll,
            Visibility::Memory => self.memory,
            Visibility::Logs => self.logs,
            Visibility::Never => false,
        }
    }
}

/// `healthy`, or the id of a symptom.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(from = "String", into = "String")]
pub enum Look {
    /// What is looked at so far works.
    Healthy,
    /// This symptom shows.
    Symptom(String),
}

impl From<String> for Look {
    fn from(word: String) -> Self {
        if word == "healthy" {
            Self::Healthy
        } else {
            Self::Symptom(word)
        }
    }
}

impl From<Look> for String {
    fn from(look: Look) -> Self {
        match look {
            Look::Healthy => Self::from("healthy"),
            Look::Symptom(id) => id,
        }
    }
}

/// What a failure mode looks like. An entry stands where the look changes; the others follow from
/// the entry before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looks {
    /// To read-only probes.
    pub passive: Look,
    /// With a PKIOperation.
    pub request: Option<Look>,
    /// With an enrolment.
    pub enroll: Option<Look>,
    /// To read-only probes with an earlier healthy look remembered.
    pub memory: Option<Look>,
    /// To read-only probes with server logs, for modes that nothing else shows.
    pub logs: Option<Look>,
    /// How the looks are known, where it is not as for the mode as a whole.
    pub provenance: Option<Provenance>,
}

impl Looks {
    /// What a view shows.
    #[must_use]
    pub fn at(&self, view: View) -> &Look {
        let mut look = &self.passive;
        for (visibility, entry) in [
            (Visibility::Request, &self.request),
            (Visibility::Enroll, &self.enroll),
            (Visibility::Memory, &self.memory),
            (Visibility::Logs, &self.logs),
        ] {
            if let Some(entry) = entry
                && view.shows(visibility)
            {
                look = entry;
            }
        }
        look
    }

    /// Every entry, with the least that shows it.
    pub fn entries(&self) -> impl Iterator<Item = (Visibility, &Look)> {
        [
            (Visibility::Passive, Some(&self.passive)),
            (Visibility::Request, self.request.as_ref()),
            (Visibility::Enroll, self.enroll.as_ref()),
            (Visibility::Memory, self.memory.as_ref()),
            (Visibility::Logs, self.logs.as_ref()),
        ]
        .into_iter()
        .filter_map(|(visibility, look)| Some((visibility, look?)))
    }
}
