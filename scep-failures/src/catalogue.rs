//! The catalogue: failure modes and symptoms, one TOML file each.
//!
//! `catalogue/<layer>/<id>.toml` holds a [`FailureMode`], `catalogue/symptoms/<id>.toml` a
//! [`Symptom`]. `catalogue/AUTHORING.md` tells how to write one.

pub mod clue;
pub mod level;
pub mod mode;
pub mod reproduce;
pub mod symptom;
mod validate;
pub mod words;

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub use clue::{Clue, Clues, Hint};
pub use level::{Level, Look, Looks, View, Visibility};
pub use mode::{FailureMode, LogEvidence, Variant};
pub use reproduce::{Baseline, Persona, Reproduce, Step};
pub use symptom::{Symptom, SymptomKind};
pub use words::{Kind, Layer, Owner, Prevalence, Provenance, Stage};

use crate::error::{Error, Result};

/// The folder that holds symptoms; every other folder is a layer.
const SYMPTOMS: &str = "symptoms";

/// Name (relative to `catalogue/`) and content of every file, listed by the build script.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalogue_files.rs"));

/// All that is known of how SCEP deployments fail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    modes: BTreeMap<String, FailureMode>,
    symptoms: BTreeMap<String, Symptom>,
}

impl Catalogue {
    /// The catalogue that is part of this crate, parsed once.
    ///
    /// # Panics
    /// Never in a released version: a test parses the same files.
    #[must_use]
    #[expect(
        clippy::panic,
        reason = "the files are compiled in, and a test loads them"
    )]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Catalogue> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Self::from_files(FILES.iter().copied()).unwrap_or_else(|error| panic!("{error}"))
        })
    }

    /// A catalogue from files, given as name relative to the catalogue (`<folder>/<id>.toml`) and content.
    ///
    /// # Errors
    /// [`Error::File`] for the file that is not what it should be, [`Error::Many`] if there are several.
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut catalogue = Self::default();
        let mut errors = Vec::new();
        for (name, content) in files {
            if let Err(error) = catalogue.add(name, content) {
                errors.push(error);
            }
        }
        if errors.is_empty() {
            errors = validate::validate(&catalogue);
        }
        match errors.len() {
            0 => Ok(catalogue),
            1 => Err(errors.remove(0)),
            _ => Err(Error::Many(errors)),
        }
    }

    fn add(&mut self, name: &str, content: &str) -> Result<()> {
        let (folder, id) = name
            .strip_suffix(".toml")
            .and_then(|stem| stem.split_once('/'))
            .ok_or_else(|| {
                Error::file(
                    name,
                    "the name should be <layer>/<id>.toml or symptoms/<id>.toml",
                )
            })?;
        let same_id = |found: &str| {
            if found == id {
                Ok(())
            } else {
                Err(Error::file(
                    name,
                    format!("the id inside is `{found}`; it should be the file's name, `{id}`"),
                ))
            }
        };
        if folder == SYMPTOMS {
            let symptom: Symptom = parse(name, content)?;
            same_id(&symptom.id)?;
            self.symptoms.insert(symptom.id.clone(), symptom);
            return Ok(());
        }
        let mode: FailureMode = parse(name, content)?;
        same_id(&mode.id)?;
        if mode.layer.as_str() != folder {
            return Err(Error::file(
                name,
                format!(
                    "the layer inside is `{}`, the folder `{folder}`",
                    mode.layer
                ),
            ));
        }
        if let Some(other) = self.modes.get(&mode.id) {
            return Err(Error::file(
                name,
                format!("the same id stands in layer `{}` too", other.layer),
            ));
        }
        self.modes.insert(mode.id.clone(), mode);
        Ok(())
    }

    /// Every failure mode, in order of id.
    pub fn modes(&self) -> impl Iterator<Item = &FailureMode> {
        self.modes.values()
    }

    /// Every symptom, in order of id.
    pub fn symptoms(&self) -> impl Iterator<Item = &Symptom> {
        self.symptoms.values()
    }

    /// The failure mode of this id.
    #[must_use]
    pub fn mode(&self, id: &str) -> Option<&FailureMode> {
        self.modes.get(id)
    }

    /// The symptom of this id.
    #[must_use]
    pub fn symptom(&self, id: &str) -> Option<&Symptom> {
        self.symptoms.get(id)
    }

    /// The modes that may show a symptom, in any of their views and variants.
    pub fn modes_of<'a>(&'a self, symptom: &'a str) -> impl Iterator<Item = &'a FailureMode> {
        self.modes().filter(move |mode| mode.may_show(symptom))
    }

    /// The modes whose umbrella is `id`.
    pub fn parts_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a FailureMode> {
        self.modes()
            .filter(move |mode| mode.part_of.as_deref() == Some(id))
    }

    /// The declared partition: what a view shows, and the modes that look so to it.
    #[must_use]
    pub fn partition(&self, view: View) -> BTreeMap<&Look, Vec<&FailureMode>> {
        let mut partition: BTreeMap<&Look, Vec<&FailureMode>> = BTreeMap::new();
        for mode in self.modes().filter(|mode| mode.kind != Kind::Alias) {
            partition.entry(mode.look(view)).or_default().push(mode);
        }
        partition
    }

    /// A catalogue that does not know one symptom: what a diagnosis then says shows whether it guesses.
    #[must_use]
    pub fn without_symptom(&self, id: &str) -> Self {
        let mut rest = self.clone();
        rest.symptoms.remove(id);
        for symptom in rest.symptoms.values_mut() {
            symptom.also_possible.retain(|other| other != id);
        }
        rest
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, content: &str) -> Result<T> {
    toml::from_str(content).map_err(|error| Error::file(name, error.to_string().trim().to_owned()))
}
