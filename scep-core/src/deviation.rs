//! Everything unusual that was understood.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A departure from RFC 8894 or DER that did not hinder understanding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Stable id, such as `ber-encoding`.
    pub id: &'static str,
    /// Section of RFC 8894 (or another RFC, by name) that says how it should be.
    pub section: &'static str,
    /// What was seen, as a sentence without a final stop.
    pub text: String,
}

/// The deviations of one message, in the order in which they were met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// Notes one; the same id is noted once.
    pub fn note(&mut self, id: &'static str, section: &'static str, text: impl ToString) {
        if !self.0.iter().any(|known| known.id == id) {
            self.0.push(Deviation {
                id,
                section,
                text: text.to_string(),
            });
        }
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Deviation] {
        &self.0
    }

    /// Whether one with this id was noted.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|known| known.id == id)
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Self) {
        for deviation in &other.0 {
            self.note(deviation.id, deviation.section, &deviation.text);
        }
    }
}
