//! What is known of real servers: what to send to them, and what not to believe. All of it is data, in
//! `servers.toml`.

use std::sync::OnceLock;

use scep_core::capabilities::Capability;
use scep_core::client::{EnrollmentParams, MethodChoice, RenewalStyle, ServerParams};
use scep_core::crypto::PublicKeyAlgorithm;
use scep_core::policy::AlgorithmPolicy;
use serde::Deserialize;

use crate::error::{Error, Result};

/// A server of which something is known.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Server {
    /// Its name on the command line.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Algorithms to send and to accept.
    pub policy: AlgorithmPolicy,
    /// GET or POST.
    pub method: MethodChoice,
    /// Which message asks for a renewal.
    pub renewal: RenewalStyle,
    /// Whether it is asked for GetCACaps at all.
    pub asks_capabilities: bool,
    /// What is not believed of its GetCACaps.
    pub disbelieved: Vec<Capability>,
    /// What it can do though it does not say so.
    pub assumed: Vec<Capability>,
    /// Whether it serves RSA keys only.
    pub rsa_only: bool,
    /// What else there is to know.
    pub note: Option<String>,
}

#[derive(Deserialize)]
struct File {
    server: Vec<Entry>,
}

/// A server as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    title: String,
    #[serde(default)]
    policy: PolicyName,
    #[serde(default)]
    method: MethodChoice,
    #[serde(default)]
    renewal: RenewalName,
    #[serde(default = "yes")]
    asks_capabilities: bool,
    #[serde(default)]
    disbelieved: Vec<String>,
    #[serde(default)]
    assumed: Vec<String>,
    #[serde(default)]
    rsa_only: bool,
    note: Option<String>,
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PolicyName {
    #[default]
    Rfc8894,
    Ndes,
    Legacy,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RenewalName {
    #[default]
    ByCapabilities,
    RenewalReq,
    PkcsReq,
}

impl Server {
    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Server>> = OnceLock::new();
        ALL.get_or_init(|| {
            // a test reads the file, so it can be read
            let file = toml::from_str(include_str!("servers.toml"));
            let file = file.unwrap_or(File { server: Vec::new() });
            file.server.into_iter().map(Self::from).collect()
        })
    }

    /// The server of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|server| server.name == name)
    }

    /// Refuses a key that it is known not to serve, before a challenge password is spent on it.
    ///
    /// # Errors
    /// [`Misuse`](crate::Error::Misuse), with the kind of key, or if `spki` is no SubjectPublicKeyInfo.
    pub fn serves_key(&self, spki: &[u8]) -> Result<()> {
        let kind = PublicKeyAlgorithm::of_spki(spki).map_err(|e| Error::misuse(e.to_string()))?;
        if self.rsa_only && !matches!(kind, PublicKeyAlgorithm::Rsa { .. }) {
            return Err(Error::misuse(format!(
                "{} serves RSA keys only, and this one is {kind}",
                self.title
            )));
        }
        Ok(())
    }

    /// Puts what is known into the parameters of a transaction.
    pub fn apply(&self, params: &mut ServerParams) {
        params.policy = self.policy;
        params.method = self.method;
        params.asks_capabilities = self.asks_capabilities;
        params.disbelieved.clone_from(&self.disbelieved);
        params.assumed.clone_from(&self.assumed);
    }

    /// The same for an enrollment, which may be a renewal.
    pub fn apply_to_enrollment(&self, params: &mut EnrollmentParams) {
        self.apply(&mut params.server);
        if let Some(renewal) = &mut params.renewal {
            renewal.style = self.renewal;
        }
    }
}

impl From<Entry> for Server {
    fn from(entry: Entry) -> Self {
        let capabilities = |words: &[String]| {
            let words = words.iter();
            words
                .filter_map(|word| Capability::from_keyword(word))
                .collect()
        };
        Self {
            policy: match entry.policy {
                PolicyName::Rfc8894 => AlgorithmPolicy::RFC8894,
                PolicyName::Ndes => AlgorithmPolicy::NDES,
                PolicyName::Legacy => AlgorithmPolicy::LEGACY,
            },
            method: entry.method,
            renewal: match entry.renewal {
                RenewalName::ByCapabilities => RenewalStyle::ByCapabilities,
                RenewalName::RenewalReq => RenewalStyle::RenewalReq,
                RenewalName::PkcsReq => RenewalStyle::PkcsReq,
            },
            asks_capabilities: entry.asks_capabilities,
            disbelieved: capabilities(&entry.disbelieved),
            assumed: capabilities(&entry.assumed),
            rsa_only: entry.rsa_only,
            name: entry.name,
            title: entry.title,
            note: entry.note,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_knows_its_words() {
        let file: File = toml::from_str(include_str!("servers.toml")).unwrap();
        for entry in &file.server {
            for word in entry.disbelieved.iter().chain(&entry.assumed) {
                assert!(Capability::from_keyword(word).is_some(), "{word}");
            }
        }
        assert_eq!(Server::all().len(), file.server.len());
        let ndes = Server::find("ndes").unwrap();
        assert_eq!(ndes.assumed, [Capability::Aes]);
        assert_eq!(ndes.renewal, RenewalStyle::PkcsReq);
        assert!(Server::find("auto").is_none());
    }
}
