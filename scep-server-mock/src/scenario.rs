//! Scenarios: a baseline, the failure modes that are armed on it, and the history they need.

use std::collections::BTreeMap;
use std::time::Duration;

use scep_core::UnixTime;
use scep_failures::Catalogue;
use scep_failures::catalogue::reproduce::seconds;
use scep_failures::catalogue::{FailureMode, Persona, Reproduce, Step};

use crate::baseline::{self, Baseline};
use crate::challenge::ChallengeKind;
use crate::deployment::Deployment;
use crate::device;
use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::overlay::{self, Overlay};
use crate::profile::Profile;
use crate::state::State;

/// What a user chose.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Choice {
    /// Name of the baseline; by default the one that the failure modes need.
    pub baseline: Option<String>,
    /// Name of the server profile; by default the baseline's.
    pub profile: Option<String>,
    /// Settings laid over the baseline.
    pub set: toml::Table,
    /// Failure modes: `id`, or `id.variant`.
    pub failures: Vec<String>,
}

/// A failure mode (or a variant of it) that is armed.
#[derive(Clone, Debug, PartialEq)]
pub struct Armed {
    /// As it was asked for.
    pub name: String,
    /// What it needs.
    pub reproduce: Reproduce,
}

/// A choice, worked out.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The healthy deployment.
    pub baseline: Baseline,
    /// How its server answers.
    pub profile: Profile,
    /// Its settings when its history begins.
    pub state: State,
    /// What is armed.
    pub armed: Vec<Armed>,
    /// What clients do otherwise than well-behaved ones.
    pub persona: Persona,
}

/// How much of a history is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// All of it.
    #[default]
    Whole,
    /// Up to and including the first start: the deployment as it was before the damage.
    UntilStart,
    /// None: the first request starts everything.
    Nothing,
}

impl Scenario {
    /// Works a choice out.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name that does not exist, [`Error::NotReproducible`],
    /// [`Error::Baselines`] or [`Error::Conflict`] for failure modes that do not go together,
    /// [`Error::Setting`] for a setting that does not exist.
    pub fn compose(catalogue: &Catalogue, choice: &Choice) -> Result<Self> {
        let armed = choice
            .failures
            .iter()
            .map(|name| find(catalogue, name))
            .collect::<Result<Vec<_>>>()?;
        let baseline = choose_baseline(choice, &armed)?;
        let wanted = wanted_profile(&armed)?;
        let profile = choice.profile.as_deref().or(wanted);
        let profile = Profile::load(profile.unwrap_or(&baseline.profile))?;
        refuse_contradictions(&armed)?;
        let mut overlays = vec![Overlay {
            origin: "the settings given".to_owned(),
            set: choice.set.clone(),
        }];
        overlays.extend(armed.iter().map(|a| Overlay {
            origin: a.name.clone(),
            set: a.reproduce.set.clone(),
        }));
        let state = overlay::apply_all(&baseline.state, &overlays)?;
        let persona = merge_personas(&armed)?;
        Ok(Self {
            baseline,
            profile,
            state,
            armed,
            persona,
        })
    }

    /// How much time the history takes, with some to spare for the requests in it.
    ///
    /// # Errors
    /// [`Error::NotReproducible`] if a step names no length of time.
    pub fn span(&self) -> Result<Duration> {
        let mut span = Duration::ZERO;
        for (name, step) in self.steps() {
            span = span.saturating_add(match step {
                Step::Advance { by } => length(name, by)?,
                Step::Enroll { times } | Step::Request { times } => {
                    Duration::from_secs(60).saturating_mul(*times)
                }
                Step::Poll {} => Duration::from_secs(60),
                Step::Start {}
                | Step::Recycle {}
                | Step::Decide { .. }
                | Step::Replace { .. }
                | Step::Challenge { .. }
                | Step::Set { .. } => Duration::from_secs(2),
            });
        }
        Ok(span)
    }

    fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        self.armed
            .iter()
            .flat_map(|a| a.reproduce.steps.iter().map(|s| (a.name.as_str(), s)))
    }

    /// Plays the history; `now` moves on with it.
    ///
    /// # Errors
    /// [`Error::Setting`] if a step sets what does not exist. That devices fail is no error.
    pub fn play(&self, d: &mut Deployment, history: History, now: &mut UnixTime) -> Result<()> {
        if history == History::Nothing {
            return Ok(());
        }
        for (name, step) in self.steps() {
            play_step(d, step, &self.persona, name, now)?;
            if history == History::UntilStart && matches!(step, Step::Start {}) {
                break;
            }
        }
        Ok(())
    }
}

/// Plays one step with devices that do as `persona` says; `now` moves on with it.
///
/// # Errors
/// [`Error::Setting`] if it sets what does not exist, [`Error::NotReproducible`] if it names no
/// length of time.
pub fn play_step(
    d: &mut Deployment,
    step: &Step,
    persona: &Persona,
    origin: &str,
    now: &mut UnixTime,
) -> Result<()> {
    match step {
        Step::Start {} => *now = now.plus(d.start(*now)),
        Step::Recycle {} => d.recycle(*now),
        Step::Advance { by } => *now = now.plus(length(origin, by)?),
        Step::Enroll { times } => {
            for _ in 0..*times {
                *now = now.plus(device::enroll(d, persona, *now)?);
            }
        }
        Step::Request { times } => {
            for _ in 0..*times {
                *now = now.plus(device::request(d, persona, *now)?);
            }
        }
        Step::Poll {} => *now = now.plus(device::poll(d, persona, *now)?),
        Step::Decide { issue } => {
            d.resolve_pending(*issue);
        }
        Step::Challenge { kind } => {
            // that there is none to be had is a part of some histories
            match d.issue_challenge(challenge_kind(origin, kind.as_deref())?, *now) {
                Ok(_) | Err(Error::NoChallenge(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Step::Replace { profile } => d.replace_server(Profile::load(profile)?, *now),
        Step::Set { set } => d.set(set, origin, *now)?,
    }
    Ok(())
}

fn challenge_kind(origin: &str, kind: Option<&str>) -> Result<ChallengeKind> {
    match kind.unwrap_or("correct") {
        "correct" | "static" => Ok(ChallengeKind::Correct),
        "wrong" => Ok(ChallengeKind::Wrong),
        "used" => Ok(ChallengeKind::Used),
        "expired" => Ok(ChallengeKind::Expired),
        "lost" => Ok(ChallengeKind::Lost),
        "missing" => Ok(ChallengeKind::Missing),
        other => Err(Error::NotReproducible {
            id: origin.to_owned(),
            reason: format!("\"{other}\" is no sort of challenge password"),
        }),
    }
}

fn length(origin: &str, text: &str) -> Result<Duration> {
    seconds(text)
        .and_then(|s| u64::try_from(s).ok())
        .map(Duration::from_secs)
        .ok_or_else(|| Error::NotReproducible {
            id: origin.to_owned(),
            reason: format!("\"{text}\" is no length of time"),
        })
}

/// The failure mode, or variant, of a name.
fn find(catalogue: &Catalogue, name: &str) -> Result<Armed> {
    let (id, variant) = match name.split_once('.') {
        Some((id, variant)) => (id, Some(variant)),
        None => (name, None),
    };
    let unknown = |kind, nearest| Error::Unknown {
        kind,
        name: name.to_owned(),
        nearest,
    };
    let mode: &FailureMode = catalogue.mode(id).ok_or_else(|| {
        unknown(
            "failure mode",
            nearest(id, catalogue.modes().map(|m| m.id.as_str())),
        )
    })?;
    let reproduce = match variant {
        None => mode.reproduce.as_ref(),
        Some(variant) => mode
            .variants
            .iter()
            .find(|v| v.name == variant)
            .ok_or_else(|| {
                let names = mode.variants.iter().map(|v| v.name.as_str());
                unknown(
                    "variant",
                    nearest(variant, names).map(|v| format!("{id}.{v}")),
                )
            })?
            .reproduce
            .as_ref(),
    };
    let reproduce = reproduce.cloned().ok_or_else(|| Error::NotReproducible {
        id: name.to_owned(),
        reason: "the catalogue does not say how to bring it about".to_owned(),
    })?;
    Ok(Armed {
        name: name.to_owned(),
        reproduce,
    })
}

/// The server profile that failure modes need, if they agree.
fn wanted_profile(armed: &[Armed]) -> Result<Option<&str>> {
    let mut wanted: Option<(&Armed, &str)> = None;
    for mode in armed {
        let Some(profile) = mode.reproduce.profile.as_deref() else {
            continue;
        };
        match wanted {
            Some((first, theirs)) if theirs != profile => {
                return Err(Error::Conflict {
                    field: "the server profile".to_owned(),
                    first: first.name.clone(),
                    second: mode.name.clone(),
                });
            }
            _ => wanted = Some((mode, profile)),
        }
    }
    Ok(wanted.map(|(_, profile)| profile))
}

/// The baseline that was asked for, else the richest that a failure mode needs.
fn choose_baseline(choice: &Choice, armed: &[Armed]) -> Result<Baseline> {
    if let Some(name) = &choice.baseline {
        return Baseline::load(name);
    }
    let mut chosen: Option<(&Armed, Baseline)> = None;
    for candidate in armed {
        let needed = Baseline::load(candidate.reproduce.baseline.as_str())?;
        chosen = match chosen {
            None => Some((candidate, needed)),
            Some((by, have)) if have.covers(&needed.name) => Some((by, have)),
            Some((_, have)) if needed.covers(&have.name) => Some((candidate, needed)),
            Some((by, have)) => {
                return Err(Error::Baselines {
                    first: by.name.clone(),
                    first_baseline: have.name,
                    second: candidate.name.clone(),
                    second_baseline: needed.name,
                });
            }
        };
    }
    match chosen {
        Some((_, baseline)) => Ok(baseline),
        None => Baseline::load(baseline::DEFAULT),
    }
}

/// Two failure modes must not want one field to end up with different values, be it set at the
/// beginning or by a step.
fn refuse_contradictions(armed: &[Armed]) -> Result<()> {
    let mut last: BTreeMap<String, (&str, toml::Value)> = BTreeMap::new();
    for mode in armed {
        let mut own = overlay::leaves(&mode.reproduce.set);
        for step in &mode.reproduce.steps {
            if let Step::Set { set } = step {
                own.extend(overlay::leaves(set));
            }
        }
        for (field, value) in own {
            match last.get(&field) {
                Some((first, theirs)) if *theirs != value => {
                    return Err(Error::Conflict {
                        field,
                        first: (*first).to_owned(),
                        second: mode.name.clone(),
                    });
                }
                _ => {
                    last.insert(field, (&mode.name, value));
                }
            }
        }
    }
    Ok(())
}

fn unreadable(reason: String) -> Error {
    Error::Data {
        what: "the client of a failure mode".into(),
        reason,
    }
}

fn merge_personas(armed: &[Armed]) -> Result<Persona> {
    let mut merged = toml::Table::new();
    let mut set_by: BTreeMap<String, &str> = BTreeMap::new();
    for mode in armed {
        let own = fields(&mode.reproduce.client)?;
        for (field, value) in own {
            if let (Some(first), Some(theirs)) = (set_by.get(&field), merged.get(&field))
                && *theirs != value
            {
                return Err(Error::Conflict {
                    field: format!("the client's {field}"),
                    first: (*first).to_owned(),
                    second: mode.name.clone(),
                });
            }
            set_by.insert(field.clone(), &mode.name);
            merged.insert(field, value);
        }
    }
    persona(merged)
}

/// What clients do when some failure modes are mended: as their fixes say, except where one that
/// is still armed says otherwise.
///
/// # Errors
/// [`Error::Data`] if a word of a fix means nothing.
pub(crate) fn persona_after<'a>(
    mended: &[Persona],
    armed: impl Iterator<Item = &'a Armed>,
) -> Result<Persona> {
    let mut merged = toml::Table::new();
    for client in mended.iter().chain(armed.map(|a| &a.reproduce.client)) {
        merged.extend(fields(client)?);
    }
    persona(merged)
}

fn fields(persona: &Persona) -> Result<toml::Table> {
    toml::Table::try_from(persona).map_err(|e| unreadable(e.to_string()))
}

fn persona(fields: toml::Table) -> Result<Persona> {
    let persona: Persona = fields
        .try_into()
        .map_err(|e: toml::de::Error| unreadable(e.to_string()))?;
    device::Behaviour::of(&persona)?;
    Ok(persona)
}
