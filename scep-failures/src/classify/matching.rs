//! Clues against facts. A clue holds, fails, or was not looked at.

use crate::catalogue::Provenance;
use crate::catalogue::clue::{Clue, Clues, Hint, Test};
use crate::diagnosis::Evidence;
use crate::evidence::{Fact, Facts, Value, table};

/// What facts say of one clue.
enum Answer<'a> {
    /// It holds, by these facts.
    Holds(Vec<&'a Fact>),
    /// It was looked at, and does not hold.
    Fails,
    /// Nobody looked.
    Unknown,
}

/// A clue that holds.
#[derive(Clone)]
pub(super) struct Held<'a> {
    pub(super) hint: &'a Hint,
    pub(super) facts: Vec<&'a Fact>,
}

/// How a set of clues fits.
pub(super) enum Fit<'a> {
    /// Every `must` holds, no `excludes` does.
    Fits {
        must: Vec<Held<'a>>,
        helps: Vec<Held<'a>>,
    },
    /// This one of `excludes` holds.
    Excluded(Held<'a>),
    /// This `must` fails.
    Fails(&'a Hint),
    /// Nothing fails, and a `must` was not looked at.
    Unknown,
}

fn answer<'a>(facts: &'a Facts, clue: &Clue) -> Answer<'a> {
    let values = facts.get(&clue.fact);
    if values.is_empty() {
        return match (facts.source_seen(&clue.fact), &clue.test) {
            (true, Test::Absent) => Answer::Holds(Vec::new()),
            (true, _) => Answer::Fails,
            (false, _) => Answer::Unknown,
        };
    }
    let passing: Vec<&Fact> = values
        .iter()
        .filter(|fact| clue.test.passes(&fact.value))
        .collect();
    let enough = match clue.test {
        Test::IsNot(_) => passing.len() == values.len(),
        _ => !passing.is_empty(),
    };
    if enough {
        Answer::Holds(passing)
    } else {
        Answer::Fails
    }
}

fn held<'a>(facts: &'a Facts, hint: &'a Hint) -> Option<Held<'a>> {
    match answer(facts, &hint.clue) {
        Answer::Holds(facts) => Some(Held { hint, facts }),
        Answer::Fails | Answer::Unknown => None,
    }
}

/// Every one of these, if every one holds.
pub(super) fn all_hold<'a>(facts: &'a Facts, hints: &'a [Hint]) -> Option<Vec<Held<'a>>> {
    hints.iter().map(|hint| held(facts, hint)).collect()
}

/// Those of these that hold.
pub(super) fn those_that_hold<'a>(facts: &'a Facts, hints: &'a [Hint]) -> Vec<Held<'a>> {
    hints.iter().filter_map(|hint| held(facts, hint)).collect()
}

/// How clues fit.
pub(super) fn fit<'a>(facts: &'a Facts, clues: &'a Clues) -> Fit<'a> {
    let mut unknown = false;
    let mut must = Vec::new();
    for hint in &clues.must {
        match answer(facts, &hint.clue) {
            Answer::Holds(facts) => must.push(Held { hint, facts }),
            Answer::Fails => return Fit::Fails(hint),
            Answer::Unknown => unknown = true,
        }
    }
    if unknown {
        return Fit::Unknown;
    }
    if let Some(excluding) = clues.excludes.iter().find_map(|hint| held(facts, hint)) {
        return Fit::Excluded(excluding);
    }
    Fit::Fits {
        must,
        helps: those_that_hold(facts, &clues.helps),
    }
}

impl Held<'_> {
    /// Whether it rests on a deduction.
    pub(super) fn is_inferred(&self) -> bool {
        self.hint.provenance == Some(Provenance::Inferred)
            || (!self.facts.is_empty() && self.facts.iter().all(|fact| fact.inferred))
    }

    /// The clue in words, with its observations.
    pub(super) fn sentence(&self) -> String {
        let mut numbers: Vec<u32> = self
            .facts
            .iter()
            .flat_map(|fact| fact.observations.iter().copied())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let text = self.hint.because.clone().unwrap_or_else(|| {
            let values: Vec<String> = self
                .facts
                .iter()
                .map(|fact| fact.value.to_string())
                .collect();
            if values.is_empty() {
                self.hint.clue.to_string()
            } else {
                format!("{} = {}", self.hint.clue.fact, values.join(", "))
            }
        });
        with_numbers(text, &numbers)
    }
}

/// What speaks against a clue, in words.
pub(super) fn against(facts: &Facts, hint: &Hint) -> String {
    let values = facts.get(&hint.clue.fact);
    let mut numbers: Vec<u32> = values
        .iter()
        .flat_map(|fact| fact.observations.iter().copied())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let found = if values.is_empty() {
        "it is not there".to_owned()
    } else {
        format!(
            "it is {}",
            values
                .iter()
                .map(|fact| fact.value.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        )
    };
    with_numbers(format!("it would show `{}`; {found}", hint.clue), &numbers)
}

fn with_numbers(mut text: String, numbers: &[u32]) -> String {
    for (place, n) in numbers.iter().enumerate() {
        text.push_str(if place == 0 { " [" } else { "][" });
        text.push_str(&n.to_string());
    }
    if !numbers.is_empty() {
        text.push(']');
    }
    text
}

/// A fact as evidence.
pub(super) fn evidence(path: &str, fact: &Fact, because: Option<&str>) -> Evidence {
    let text = because.map(str::to_owned).or_else(|| {
        let meaning = table::lookup(path)?;
        let what = meaning.text.split(':').next().unwrap_or_default();
        Some(match (what.strip_prefix("whether "), &fact.value) {
            (Some(what), Value::Bool(value)) => {
                let value = if *value { "yes" } else { "no" };
                format!("{}: {what}: {value}", meaning.source)
            }
            // "name resolution: name resolution: resolved" says nothing more
            _ if path.ends_with(".outcome") => format!("{}: {}", meaning.source, fact.value),
            _ => format!("{}: {what}: {}", meaning.source, fact.value),
        })
    });
    Evidence {
        fact: path.to_owned(),
        value: fact.value.clone(),
        text: text.unwrap_or_else(|| format!("{path} = {}", fact.value)),
        observations: fact.observations.clone(),
        inferred: fact.inferred,
    }
}
