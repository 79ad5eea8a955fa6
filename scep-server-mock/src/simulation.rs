//! A deployment with its scenario: what can be armed and healed while it runs.

use scep_core::UnixTime;
use scep_core::message::ChallengePassword;
use scep_failures::Catalogue;
use scep_failures::catalogue::Persona;

use crate::challenge::ChallengeKind;
use crate::deployment::{Deployment, Parts};
use crate::device::Behaviour;
use crate::error::{Error, Result};
use crate::scenario::{Choice, History, Scenario, persona_after, play_step};
use crate::script::{Phase, Progress};

/// Where a scenario's history lies in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins now, and time moves on with it: for virtual time.
    Begins,
    /// It ends now: for a real clock, which nobody can push.
    Ends,
}

/// A deployment, the scenario that it is in, and the catalogue that scenarios come from.
#[derive(Debug)]
pub struct Simulation {
    catalogue: Catalogue,
    choice: Choice,
    scenario: Scenario,
    deployment: Deployment,
    anchor: Anchor,
    history: History,
    /// What the clients of healed failure modes do since, oldest first.
    mended: Vec<Persona>,
    /// The script that is played, if one is.
    script: Option<Progress>,
}

impl Simulation {
    /// Sets a deployment up, arms what was chosen and plays the history. `now` moves on to when it
    /// ends.
    ///
    /// # Errors
    /// As [`Scenario::compose`] and [`Deployment::new`].
    pub fn new(
        catalogue: Catalogue,
        choice: Choice,
        parts: Parts,
        anchor: Anchor,
        history: History,
        now: &mut UnixTime,
    ) -> Result<Self> {
        let scenario = Scenario::compose(&catalogue, &choice)?;
        let mut at = begin(&scenario, anchor, *now)?;
        let mut deployment =
            Deployment::new(parts, scenario.profile.clone(), scenario.state.clone(), at)?;
        scenario.play(&mut deployment, history, &mut at)?;
        *now = at.max(*now);
        Ok(Self {
            catalogue,
            choice,
            scenario,
            deployment,
            anchor,
            history,
            mended: Vec::new(),
            script: None,
        })
    }

    /// A deployment that another run has left, with what was chosen then.
    ///
    /// # Errors
    /// As [`Scenario::compose`].
    pub(crate) fn resume(
        catalogue: Catalogue,
        choice: Choice,
        deployment: Deployment,
        anchor: Anchor,
        history: History,
    ) -> Result<Self> {
        let scenario = Scenario::compose(&catalogue, &choice)?;
        Ok(Self {
            catalogue,
            choice,
            scenario,
            deployment,
            anchor,
            history,
            mended: Vec::new(),
            script: None,
        })
    }

    /// What was chosen.
    pub(crate) const fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Plays the phases of a script from `now` on. The first one is armed already.
    pub(crate) fn play_script(&mut self, phases: Vec<Phase>, now: UnixTime) {
        self.script = Some(Progress::new(phases, now));
    }

    /// Whether a phase would begin now.
    pub(crate) fn script_is_due(&self, now: UnixTime) -> bool {
        let mut script = self.script.clone();
        script
            .as_mut()
            .is_some_and(|script| script.due(now).is_some())
    }

    /// A request to the SCEP server comes, or only time has passed: the next phase of the script may
    /// begin. Its failures have their history behind them then; a phase that cannot be armed is noted
    /// in the journal, and the one before it goes on.
    pub(crate) fn turn(&mut self, is_request: bool, now: &mut UnixTime) {
        let Some(script) = &mut self.script else {
            return;
        };
        let next = if is_request {
            script.request(*now)
        } else {
            script.due(*now)
        };
        let Some(failures) = next else {
            return;
        };
        let text = if failures.is_empty() {
            "script: all is well from here on".to_owned()
        } else {
            format!("script: {} from here on", failures.join(", "))
        };
        let choice = Choice {
            failures,
            ..self.choice.clone()
        };
        let text = match self.change(choice, now) {
            Ok(()) => text,
            Err(error) => format!("{text}, but {error}"),
        };
        self.deployment.note(text, *now);
    }

    /// The deployment.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The deployment, to send requests to it.
    pub const fn deployment_mut(&mut self) -> &mut Deployment {
        &mut self.deployment
    }

    /// The scenario.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The catalogue.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Names of what is armed.
    #[must_use]
    pub fn armed(&self) -> &[String] {
        &self.choice.failures
    }

    /// What clients do otherwise than well-behaved ones.
    #[must_use]
    pub const fn persona(&self) -> &Persona {
        &self.scenario.persona
    }

    /// Arms a failure mode (`id`, or `id.variant`) besides those that are armed. A new history
    /// begins; the CAs stay what they are.
    ///
    /// # Errors
    /// As [`Scenario::compose`]; nothing has changed then.
    pub fn arm(&mut self, name: &str, now: &mut UnixTime) -> Result<()> {
        let mut choice = self.choice.clone();
        if !choice.failures.iter().any(|armed| armed == name) {
            choice.failures.push(name.to_owned());
        }
        self.change(choice, now)
    }

    /// Takes a failure mode away as if it had never been armed: a new history begins.
    ///
    /// # Errors
    /// [`Error::Unknown`] if it is not armed.
    pub fn disarm(&mut self, name: &str, now: &mut UnixTime) -> Result<()> {
        let mut choice = self.choice.clone();
        self.position(name)?;
        choice.failures.retain(|armed| armed != name);
        self.change(choice, now)
    }

    /// Mends a failure mode as an administrator would: by the steps of its fix, one after the
    /// other, on the deployment as it is.
    ///
    /// # Errors
    /// [`Error::Unknown`] if it is not armed.
    pub fn heal(&mut self, name: &str, now: &mut UnixTime) -> Result<()> {
        let position = self.position(name)?;
        let (id, variant) = name.split_once('.').unwrap_or((name, ""));
        let (steps, client) = self
            .catalogue
            .mode(id)
            .map(|mode| {
                let variant = mode.variants.iter().find(|v| v.name == variant);
                let fix = variant.and_then(|v| v.fix.as_ref()).unwrap_or(&mode.fix);
                (fix.steps.clone(), fix.client.clone())
            })
            .unwrap_or_default();
        let armed = self.scenario.armed.iter().filter(|a| a.name != name);
        // Whoever remains armed keeps its client; the healed one's does as its fix says.
        let mended: Vec<Persona> = self.mended.iter().cloned().chain(client).collect();
        let persona = persona_after(&mended, armed)?;
        for step in &steps {
            play_step(&mut self.deployment, step, &persona, name, now)?;
        }
        self.choice.failures.remove(position);
        self.scenario.armed.retain(|armed| armed.name != name);
        self.scenario.persona = persona;
        self.mended = mended;
        Ok(())
    }

    /// Back to the healthy baseline.
    ///
    /// # Errors
    /// [`Error::Pki`] if certificates cannot be made.
    pub fn reset(&mut self, now: &mut UnixTime) -> Result<()> {
        let choice = Choice {
            failures: Vec::new(),
            ..self.choice.clone()
        };
        self.change(choice, now)?;
        self.deployment.clear_records();
        Ok(())
    }

    fn position(&self, name: &str) -> Result<usize> {
        self.choice
            .failures
            .iter()
            .position(|armed| armed == name)
            .ok_or_else(|| Error::Unknown {
                kind: "armed failure mode",
                name: name.to_owned(),
                nearest: self.choice.failures.first().cloned(),
            })
    }

    pub(crate) fn change(&mut self, choice: Choice, now: &mut UnixTime) -> Result<()> {
        let scenario = Scenario::compose(&self.catalogue, &choice)?;
        let mut at = begin(&scenario, self.anchor, *now)?;
        self.deployment
            .rebuild(scenario.profile.clone(), scenario.state.clone(), at)?;
        self.choice = choice;
        self.scenario = scenario;
        self.mended.clear();
        self.scenario
            .play(&mut self.deployment, self.history, &mut at)?;
        *now = at.max(*now);
        Ok(())
    }

    /// A challenge password as the scenario's client comes with one: of its kind, and written as it
    /// writes them.
    ///
    /// # Errors
    /// [`Error::NoChallenge`] if there is none to be had.
    pub fn issue_challenge(&mut self, now: UnixTime) -> Result<Option<ChallengePassword>> {
        let kind = self.challenge_kind();
        let string = Behaviour::of(&self.scenario.persona)?.challenge_string;
        let challenge = self.deployment.issue_challenge(kind, now)?;
        Ok(challenge.map(|challenge| match string {
            Some(string) => challenge.written_as(string),
            None => challenge,
        }))
    }

    /// The kind of challenge password that the scenario's client comes with.
    #[must_use]
    pub fn challenge_kind(&self) -> ChallengeKind {
        // Composing a scenario has seen to it that the word means something.
        let word = self.scenario.persona.challenge.as_deref();
        word.and_then(|word| ChallengeKind::from_word(word).ok())
            .unwrap_or_default()
    }
}

fn begin(scenario: &Scenario, anchor: Anchor, now: UnixTime) -> Result<UnixTime> {
    Ok(match anchor {
        Anchor::Begins => now,
        Anchor::Ends => now.minus(scenario.span()?),
    })
}
