//! Baselines: named topologies, each with the server profile that belongs to it.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::overlay;
use crate::state::State;

const FILES: [(&str, &str); 7] = [
    ("ndes-plain", include_str!("../baselines/ndes-plain.toml")),
    ("ndes-tls", include_str!("../baselines/ndes-tls.toml")),
    ("third-party", include_str!("../baselines/third-party.toml")),
    ("intune", include_str!("../baselines/intune.toml")),
    (
        "intune-cloud",
        include_str!("../baselines/intune-cloud.toml"),
    ),
    (
        "intune-reverse-proxy",
        include_str!("../baselines/intune-reverse-proxy.toml"),
    ),
    (
        "intune-app-proxy",
        include_str!("../baselines/intune-app-proxy.toml"),
    ),
];

/// The baseline that is used when nobody names one.
pub const DEFAULT: &str = "ndes-plain";

/// A named, healthy deployment.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub title: String,
    /// The name of the server profile that belongs to it.
    pub profile: String,
    /// The state of the deployment.
    pub state: State,
    /// This baseline and those it extends, nearest first.
    pub lineage: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    extends: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    set: toml::Table,
}

/// Names of all baselines.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

impl Baseline {
    /// The baseline of that name.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none.
    pub fn load(name: &str) -> Result<Self> {
        let text = FILES
            .iter()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, text)| *text)
            .ok_or_else(|| Error::Unknown {
                kind: "baseline",
                name: name.to_owned(),
                nearest: nearest(name, names()),
            })?;
        let data = |reason: String| Error::Data {
            what: format!("baseline {name}"),
            reason,
        };
        let file: File = toml::from_str(text).map_err(|e| data(e.to_string()))?;
        let parent = file.extends.as_deref().map(Self::load).transpose()?;
        let base = parent
            .as_ref()
            .map_or_else(State::default, |p| p.state.clone());
        let mut lineage = vec![name.to_owned()];
        lineage.extend(parent.iter().flat_map(|p| p.lineage.clone()));
        Ok(Self {
            name: name.to_owned(),
            title: file.title,
            profile: file
                .profile
                .or_else(|| parent.map(|p| p.profile))
                .ok_or_else(|| data("no profile".into()))?,
            state: overlay::apply(&base, &file.set, name)?,
            lineage,
        })
    }

    /// Whether a failure mode made for `other` can be armed on this baseline.
    #[must_use]
    pub fn covers(&self, other: &str) -> bool {
        self.lineage.iter().any(|name| name == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_load_and_the_richer_covers_the_plainer() {
        for name in names() {
            let baseline = Baseline::load(name).unwrap();
            crate::profile::Profile::load(&baseline.profile).unwrap();
        }
        let proxied = Baseline::load("intune-app-proxy").unwrap();
        assert!(proxied.state.app_proxy.present && proxied.state.policy_module.installed);
        assert!(proxied.covers("ndes-plain") && !proxied.covers("ndes-tls"));
    }

    #[test]
    fn a_typing_error_is_answered_with_the_nearest_name() {
        let error = Baseline::load("ndes-plane").unwrap_err().to_string();
        assert!(error.contains("did you mean \"ndes-plain\""), "{error}");
    }
}
