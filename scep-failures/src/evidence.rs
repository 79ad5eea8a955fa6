//! Evidence: named facts drawn from observations, memory and server logs.
//!
//! A fact is a path such as `get-ca-caps.status`, a value, and the numbers of the observations it
//! rests on. [`table`] says what each path means. One file per source:
//!
//! * [`network`], [`tls`], [`http`] with [`writer`] (who wrote this response?), [`replies`],
//!   [`certificates`], [`crl`], [`clock`], [`memory`], [`logs`].

pub mod certificates;
pub mod clock;
pub mod crl;
pub mod http;
pub mod logs;
pub mod memory;
pub mod network;
pub mod page;
pub mod replies;
pub mod table;
pub mod tls;
pub mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::observation::Observations;

/// The value of a fact.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(i64),
    /// Anything else.
    Text(String),
}

impl Value {
    /// The value that a word looks like.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ => word
                .parse()
                .map_or_else(|_| Self::Text(word.to_owned()), Self::Number),
        }
    }

    /// Equality without regard to case, and of numbers with the text that spells them.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self == other || self.to_string().eq_ignore_ascii_case(&other.to_string())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

macro_rules! from_number {
    ($($number:ty),+) => {$(
        impl From<$number> for Value {
            fn from(value: $number) -> Self {
                Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
            }
        }
    )+};
}
from_number!(u16, u32, u64, usize, i32, i64);

/// One value of a fact, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The value.
    pub value: Value,
    /// Numbers of the observations; empty for logs and memory.
    pub observations: Vec<u32>,
    /// A deduction that could be wrong, not something that was read.
    pub inferred: bool,
}

/// All facts of one diagnosis. A path may have several values, when several observations differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    facts: BTreeMap<String, Vec<Fact>>,
}

impl Facts {
    /// Draws every fact that observations hold.
    #[must_use]
    pub fn from_observations(observations: &Observations) -> Self {
        let mut facts = Self::default();
        network::collect(observations, &mut facts);
        tls::collect(observations, &mut facts);
        http::collect(observations, &mut facts);
        replies::collect(observations, &mut facts);
        certificates::collect(observations, &mut facts);
        memory::collect(observations, &mut facts);
        crl::collect(observations, &mut facts);
        clock::collect(observations, &mut facts);
        logs::collect(observations, &mut facts);
        facts
    }

    /// Adds something that was read.
    pub fn add(&mut self, path: impl Into<String>, value: impl Into<Value>, observations: &[u32]) {
        self.insert(path.into(), value.into(), observations, false);
    }

    /// Adds something that was deduced, and could be wrong.
    pub fn add_inferred(
        &mut self,
        path: impl Into<String>,
        value: impl Into<Value>,
        observations: &[u32],
    ) {
        self.insert(path.into(), value.into(), observations, true);
    }

    fn insert(&mut self, path: String, value: Value, observations: &[u32], inferred: bool) {
        debug_assert!(
            table::lookup(&path).is_some(),
            "fact {path} is not in the table"
        );
        let values = self.facts.entry(path).or_default();
        if let Some(known) = values.iter_mut().find(|known| known.value == value) {
            for n in observations {
                if !known.observations.contains(n) {
                    known.observations.push(*n);
                }
            }
            known.inferred &= inferred;
        } else {
            values.push(Fact {
                value,
                observations: observations.to_vec(),
                inferred,
            });
        }
    }

    /// Every value of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> &[Fact] {
        self.facts.get(path).map_or(&[], Vec::as_slice)
    }

    /// The value of a path, if it has just one.
    #[must_use]
    pub fn only(&self, path: &str) -> Option<&Value> {
        match self.get(path) {
            [fact] => Some(&fact.value),
            _ => None,
        }
    }

    /// Whether a path has this value, among others.
    #[must_use]
    pub fn has(&self, path: &str, value: impl Into<Value>) -> bool {
        let value = value.into();
        self.get(path).iter().any(|fact| fact.value == value)
    }

    /// Every path with its values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Fact])> {
        self.facts
            .iter()
            .map(|(path, values)| (path.as_str(), values.as_slice()))
    }

    /// The facts that may tell deployments apart: neither varying from run to run nor inferred.
    #[must_use]
    pub fn stable(&self) -> BTreeSet<(String, Value)> {
        self.iter()
            .filter(|(path, _)| table::lookup(path).is_some_and(|meaning| !meaning.volatile))
            .flat_map(|(path, values)| {
                values
                    .iter()
                    .filter(|fact| !fact.inferred)
                    .map(move |fact| (path, fact))
            })
            .map(|(path, fact)| (path.to_owned(), fact.value.clone()))
            .collect()
    }

    /// Whether the source that would tell `path` was looked at: then its absence means something.
    #[must_use]
    pub fn source_seen(&self, path: &str) -> bool {
        let prefix = format!("{}.", table::source(path));
        self.facts
            .range(prefix.clone()..)
            .next()
            .is_some_and(|(known, _)| known.starts_with(&prefix))
    }
}
