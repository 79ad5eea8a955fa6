//! Overlays on the state: merging them, and two of them that contradict each other.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::state::State;

/// Settings to be laid over a [`State`], and who asks for them.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// The failure mode or baseline, for messages.
    pub origin: String,
    /// The settings, nested as in [`State`].
    pub set: toml::Table,
}

/// The dotted path of every single setting in `table`, with its value.
#[must_use]
pub fn leaves(table: &toml::Table) -> BTreeMap<String, toml::Value> {
    let mut found = BTreeMap::new();
    collect(table, "", &mut found);
    found
}

fn collect(table: &toml::Table, prefix: &str, found: &mut BTreeMap<String, toml::Value>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            toml::Value::Table(inner) => collect(inner, &path, found),
            leaf => {
                found.insert(path, leaf.clone());
            }
        }
    }
}

/// Lays `set` over `state`.
///
/// # Errors
/// [`Error::Setting`] if a field does not exist or a value does not fit it; the message names
/// `origin`.
pub fn apply(state: &State, set: &toml::Table, origin: &str) -> Result<State> {
    let unfit = |error: &dyn std::fmt::Display| Error::Setting {
        origin: origin.to_owned(),
        reason: error.to_string().trim_end().replace('\n', "; "),
    };
    let mut table = toml::Table::try_from(state).map_err(|e| unfit(&e))?;
    merge(&mut table, set);
    table.try_into().map_err(|e: toml::de::Error| unfit(&e))
}

/// Lays all `overlays` over `base`.
///
/// # Errors
/// [`Error::Conflict`] if two of them give one field different values, and as [`apply`].
pub fn apply_all(base: &State, overlays: &[Overlay]) -> Result<State> {
    let mut set_by: BTreeMap<String, (&str, toml::Value)> = BTreeMap::new();
    let mut state = base.clone();
    for overlay in overlays {
        for (path, value) in leaves(&overlay.set) {
            match set_by.get(&path) {
                Some((other, theirs)) if *theirs != value => {
                    return Err(Error::Conflict {
                        field: path,
                        first: (*other).to_owned(),
                        second: overlay.origin.clone(),
                    });
                }
                _ => {
                    set_by.insert(path, (&overlay.origin, value));
                }
            }
        }
        state = apply(&state, &overlay.set, &overlay.origin)?;
    }
    Ok(state)
}

/// Lays `from` over `into`.
pub(crate) fn merge(into: &mut toml::Table, from: &toml::Table) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(more)) => merge(inner, more),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlay(origin: &str, text: &str) -> Overlay {
        Overlay {
            origin: origin.into(),
            set: text.parse().unwrap(),
        }
    }

    #[test]
    fn an_overlay_changes_what_it_names_and_nothing_else() {
        let base = State::default();
        let state = apply(
            &base,
            &"crl.http_reachable = false".parse().unwrap(),
            "test",
        )
        .unwrap();
        assert!(!state.crl.http_reachable);
        assert_eq!(
            state,
            State {
                crl: state.crl.clone(),
                ..base
            }
        );
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_origin() {
        let error = apply(
            &State::default(),
            &"crl.reachable = false".parse().unwrap(),
            "the-mode",
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("the-mode") && error.contains("reachable"),
            "{error}"
        );
    }

    #[test]
    fn a_contradiction_names_both_and_an_agreement_is_fine() {
        let a = overlay("mode-a", "tls.issuer = \"private-ca\"");
        let same = overlay(
            "mode-b",
            "tls = { issuer = \"private-ca\", enabled = true }",
        );
        let other = overlay("mode-c", "tls.issuer = \"public-ca\"");
        assert!(apply_all(&State::default(), &[a.clone(), same]).is_ok());
        let error = apply_all(&State::default(), &[a, other]).unwrap_err();
        assert!(
            matches!(&error, Error::Conflict { field, first, second }
                if field == "tls.issuer" && first == "mode-a" && second == "mode-c"),
            "{error}"
        );
    }
}
