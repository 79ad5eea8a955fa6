//! The classifier: facts against clues.
//!
//! 1. Draw the facts ([`Facts`]).
//! 2. Keep the symptoms whose `must` clues all hold and whose `excludes` do not. A clue that was
//!    not looked at does not hold: nothing is guessed.
//! 3. Of the failures take the one at the earliest broken stage, then the one of which more clues
//!    hold, then the one with the more common cause. Healthy is what no failure speaks against.
//! 4. Rank the symptom's failure modes by logs, memory and their own clues.
//!
//! Without any probe, the logs alone are asked which modes leave such records.

mod footprint;
mod from_logs;
mod handover;
mod matching;
mod next_check;
mod not_proven;
mod rank;
mod records;
mod seen;

use std::cmp::Reverse;

use matching::{Fit, Held, fit};

use crate::catalogue::{
    Catalogue, FailureMode, Prevalence, Provenance, Symptom, SymptomKind, View,
};
use crate::diagnosis::{
    Confidence, Diagnosis, Evidence, Finding, Named, Outcome, SCHEMA, SetAside,
};
use crate::evidence::{Facts, table};
use crate::observation::Observations;

/// Names what observations show.
#[must_use]
pub fn classify(catalogue: &Catalogue, observations: &Observations) -> Diagnosis {
    let facts = Facts::from_observations(observations);
    let view = View {
        level: observations.level,
        memory: observations.memory.is_some(),
        logs: !observations.logs.is_empty(),
    };
    let case = Case {
        catalogue,
        observations,
        facts: &facts,
        view,
    };
    let fitting = case.fitting();
    let failures = case.in_order(&fitting, &[SymptomKind::Failure, SymptomKind::NotScep]);
    let found = case.in_order(&fitting, &[SymptomKind::Finding]);
    let healthy = case.healthy(&found);
    let (outcome, chosen) = match (failures.first(), healthy) {
        (Some(first), _) if first.symptom.kind == SymptomKind::NotScep => {
            (Outcome::NotScep, Some(first.clone()))
        }
        (Some(first), _) => (Outcome::Failure, Some(first.clone())),
        (None, Some(healthy)) => (
            Outcome::Healthy,
            Some(found.first().cloned().unwrap_or(healthy)),
        ),
        (None, None) if case.something_else_answers() => (Outcome::NotScep, None),
        (None, None) => (Outcome::Unrecognized, None),
    };
    let rivals = failures.get(1..).unwrap_or_default();
    let mut set_aside = Vec::new();
    let mut failure_modes = Vec::new();
    if let Some(chosen) = &chosen {
        let ranked = rank::rank(&case, chosen.symptom);
        failure_modes = ranked.modes;
        set_aside = ranked.set_aside;
        set_aside.extend(rivals.iter().map(|rival| rival.set_aside(chosen)));
    }
    if outcome != Outcome::Healthy {
        let explained: Vec<String> = set_aside.iter().map(|aside| aside.id.clone()).collect();
        set_aside.extend(case.near_misses(&fitting, &explained));
    }
    let findings = found
        .iter()
        .map(|matched| Finding {
            symptom: matched.named(),
            failure_modes: rank::rank(&case, matched.symptom).modes,
            confidence: matched.confidence(&[]),
        })
        .collect();
    let mut diagnosis = Diagnosis {
        schema: SCHEMA.to_owned(),
        tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        url: observations.url.clone(),
        started: scep_core::UnixTime(observations.started).to_string(),
        outcome,
        symptom: chosen.as_ref().map(Matched::named),
        failure_modes,
        confidence: chosen.as_ref().map(|chosen| chosen.confidence(rivals)),
        set_aside,
        next_check: None,
        handover: None,
        findings,
        not_proven: not_proven::not_proven(
            &case,
            outcome,
            chosen.as_ref().map(|chosen| chosen.symptom),
        ),
        evidence: chosen
            .as_ref()
            .map_or_else(|| case.what_matters(), Matched::evidence),
        observations: observations
            .items
            .iter()
            .map(|item| seen::seen(item, &facts))
            .collect(),
        footprint: footprint::footprint(observations),
    };
    if observations.items.is_empty()
        && let Some(found) = from_logs::from_logs(&case)
    {
        diagnosis.outcome = Outcome::Failure;
        diagnosis.symptom = Some(Named {
            id: found.symptom.id.clone(),
            title: found.symptom.title.clone(),
        });
        diagnosis.confidence = Some(found.confidence);
        diagnosis.failure_modes = found.modes;
        diagnosis.evidence = found.evidence;
    }
    if diagnosis.outcome == Outcome::Failure {
        diagnosis.next_check = next_check::next_check(&case, &diagnosis.failure_modes);
        diagnosis.handover = handover::handover(&case, &diagnosis);
    }
    diagnosis
}

/// Everything that one diagnosis draws upon.
struct Case<'a> {
    catalogue: &'a Catalogue,
    observations: &'a Observations,
    facts: &'a Facts,
    view: View,
}

/// A symptom whose clues hold.
#[derive(Clone)]
struct Matched<'a> {
    symptom: &'a Symptom,
    must: Vec<Held<'a>>,
    helps: Vec<Held<'a>>,
}

impl<'a> Case<'a> {
    fn fitting(&self) -> Vec<Matched<'a>> {
        self.catalogue
            .symptoms()
            .filter_map(|symptom| match fit(self.facts, &symptom.clues) {
                Fit::Fits { must, helps } => Some(Matched {
                    symptom,
                    must,
                    helps,
                }),
                Fit::Excluded(_) | Fit::Fails(_) | Fit::Unknown => None,
            })
            .collect()
    }

    fn in_order(&self, fitting: &[Matched<'a>], kinds: &[SymptomKind]) -> Vec<Matched<'a>> {
        let mut matched: Vec<Matched<'a>> = fitting
            .iter()
            .filter(|matched| kinds.contains(&matched.symptom.kind))
            .cloned()
            .collect();
        matched.sort_by_key(|matched| {
            (
                matched.symptom.stage,
                Reverse(matched.must.len()),
                Reverse(matched.helps.len()),
                self.most_common(matched.symptom),
                &matched.symptom.id,
            )
        });
        matched
    }

    fn most_common(&self, symptom: &Symptom) -> Option<Prevalence> {
        self.catalogue
            .modes_of(&symptom.id)
            .map(|mode| mode.prevalence)
            .min()
    }

    /// The healthy symptom that nothing speaks against but what findings explain.
    fn healthy(&self, findings: &[Matched<'a>]) -> Option<Matched<'a>> {
        let explained = |fact: &str| {
            findings
                .iter()
                .any(|finding| finding.must.iter().any(|held| held.hint.clue.fact == fact))
        };
        self.catalogue
            .symptoms()
            .filter(|symptom| symptom.kind == SymptomKind::Healthy)
            .find_map(|symptom| {
                let must = matching::all_hold(self.facts, &symptom.clues.must)?;
                let helps = matching::those_that_hold(self.facts, &symptom.clues.helps);
                let against = matching::those_that_hold(self.facts, &symptom.clues.excludes);
                let healthy = against.iter().all(|held| explained(&held.hint.clue.fact));
                healthy.then_some(Matched {
                    symptom,
                    must,
                    helps,
                })
            })
    }

    /// Symptoms that nearly fit, with the clue that speaks against each; without those of which a
    /// mode was set aside already.
    fn near_misses(&self, fitting: &[Matched<'a>], explained: &[String]) -> Vec<SetAside> {
        let fits = |symptom: &Symptom| {
            fitting
                .iter()
                .any(|matched| matched.symptom.id == symptom.id)
        };
        let known = |symptom: &Symptom| {
            self.catalogue
                .modes_of(&symptom.id)
                .any(|mode| explained.contains(&mode.id))
        };
        self.catalogue
            .symptoms()
            .filter(|symptom| matches!(symptom.kind, SymptomKind::Failure | SymptomKind::NotScep))
            .filter(|symptom| !fits(symptom) && !known(symptom))
            .filter_map(|symptom| {
                let held = matching::those_that_hold(self.facts, &symptom.clues.must).len();
                let because = match fit(self.facts, &symptom.clues) {
                    Fit::Excluded(held) => held.sentence(),
                    Fit::Fails(hint) if held * 2 >= symptom.clues.must.len() => {
                        matching::against(self.facts, hint)
                    }
                    Fit::Fits { .. } | Fit::Fails(_) | Fit::Unknown => return None,
                };
                Some(SetAside {
                    id: symptom.id.clone(),
                    because,
                })
            })
            .collect()
    }

    /// Both operations are answered by something that is no SCEP server: well, but with a page; by a web
    /// server of which it is known that it does not have NDES in it; or not in HTTP at all, as by a port
    /// that speaks TLS.
    fn something_else_answers(&self) -> bool {
        ["get-ca-caps", "get-ca-cert"].iter().all(|operation| {
            let is =
                |name: &str, value: &str| self.facts.has(&format!("{operation}.{name}"), value);
            let status = |status: u16| {
                self.facts.only(&format!("{operation}.status")) == Some(&status.into())
            };
            let a_page = status(200)
                && self.facts.only(&format!("{operation}.valid")) == Some(&false.into());
            let refused = status(400) || status(404) || status(405);
            let a_web_server = refused && (is("writer", "nginx") || is("writer", "apache"));
            a_page || a_web_server || is("outcome", "not-http")
        })
    }

    /// Facts to show when nothing fits: what came of each exchange, where that says anything.
    fn what_matters(&self) -> Vec<Evidence> {
        const NAMES: &[&str] = &[
            "outcome",
            "status",
            "writer",
            "server",
            "title",
            "verdict",
            "reply",
            "fail-info",
            "hresult",
            "valid",
        ];
        self.facts
            .iter()
            .filter(|(path, _)| {
                path.starts_with("log.")
                    || path
                        .rsplit('.')
                        .next()
                        .is_some_and(|name| NAMES.contains(&name))
            })
            // what both operations share was said with each of them
            .filter(|(path, _)| !path.starts_with("scep."))
            .flat_map(|(path, values)| values.iter().map(move |fact| (path, fact)))
            .filter(|(_, fact)| {
                !["response", "connected", "resolved", "unknown"]
                    .contains(&fact.value.to_string().as_str())
            })
            .map(|(path, fact)| matching::evidence(path, fact, None))
            .collect()
    }

    /// Whether a mode's look in this view is one of the catalogue's symptoms of that id.
    fn shows(&self, mode: &FailureMode, symptom: &Symptom) -> bool {
        mode.all_looks().any(|looks| {
            matches!(looks.at(self.view), crate::catalogue::Look::Symptom(id) if *id == symptom.id)
        })
    }
}

impl<'a> Matched<'a> {
    fn named(&self) -> Named {
        Named {
            id: self.symptom.id.clone(),
            title: self.symptom.title.clone(),
        }
    }

    /// See [`Confidence`] for what the words mean.
    fn confidence(&self, rivals: &[Self]) -> Confidence {
        let rival = rivals.iter().any(|rival| {
            rival.symptom.stage == self.symptom.stage
                && rival.must.len() >= self.must.len()
                && !self.symptom.also_possible.contains(&rival.symptom.id)
        });
        let inferred = self.symptom.provenance == Provenance::Inferred
            || self.must.iter().any(Held::is_inferred);
        match (rival, inferred) {
            (true, _) => Confidence::Low,
            (false, true) => Confidence::Medium,
            (false, false) => Confidence::High,
        }
    }

    fn set_aside(&self, chosen: &Self) -> SetAside {
        let because = if self.symptom.stage == chosen.symptom.stage {
            format!(
                "it fits too, but `{}` says more of what was seen",
                chosen.symptom.id
            )
        } else {
            format!(
                "it fits too, but stage {} ({}) comes before it",
                chosen.symptom.stage.number(),
                chosen.symptom.stage.title()
            )
        };
        SetAside {
            id: self.symptom.id.clone(),
            because,
        }
    }

    fn evidence(&self) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        for held in self.must.iter().chain(&self.helps) {
            for fact in &held.facts {
                let item =
                    matching::evidence(&held.hint.clue.fact, fact, held.hint.because.as_deref());
                let volatile = table::lookup(&item.fact).is_some_and(|meaning| meaning.volatile);
                if !volatile && !evidence.contains(&item) {
                    evidence.push(item);
                }
            }
        }
        evidence
    }
}
