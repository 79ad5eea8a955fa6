//! A capture: all observations of a diagnosis in a file, without secrets, for another day.

mod har;
mod traffic;

use std::path::Path;

use scep_core::cms::{EnvelopedData, Recipient};
use scep_core::limits::Limits;
use scep_core::message::SignedMessage;
use scep_failures::observation::{HttpFacts, Observations, Outcome, Probe};
use scep_failures::{Catalogue, Diagnosis, classify};
use serde::{Deserialize, Serialize};

use crate::observer::hides_message;
use crate::{Error, Result, base64, file, redact};

pub use traffic::redact_text;

/// A capture file.
///
/// Secrets are removed when it is made, and again when it is loaded: user information and messages
/// in URLs, cookies, authorization, challenge passwords on an open NDES admin page and in lines of
/// server logs, and envelopes that are keyed by a password (RFC 5652 section 6.2.4), which could be
/// guessed offline. Requests are never in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Capture {
    /// `scep-capture/1`.
    pub schema: String,
    /// Who made it.
    pub tool: String,
    /// What was seen.
    pub observations: Observations,
}

impl Capture {
    /// Version of the format.
    pub const SCHEMA: &str = "scep-capture/1";

    /// A capture of `observations`.
    #[must_use]
    pub fn new(observations: &Observations) -> Self {
        let mut observations = observations.clone();
        clean(&mut observations);
        Self {
            schema: Self::SCHEMA.into(),
            tool: concat!("scep ", env!("CARGO_PKG_VERSION")).into(),
            observations,
        }
    }

    /// Reads a capture file, or an HTTP archive (HAR), as browsers save them.
    ///
    /// # Errors
    /// `File` if it cannot be read, `Format` if it is neither a capture of this version nor an archive
    /// that holds an exchange with a SCEP server.
    pub fn load(path: &Path) -> Result<Self> {
        Self::from_json(path, &file::read(path)?)
    }

    /// The JSON schema of a capture file.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Reads a capture or an archive from a text that came from `path` (or whatever an error is to name).
    ///
    /// # Errors
    /// `Format`, as [`load`](Self::load).
    pub fn from_json(path: &Path, text: &str) -> Result<Self> {
        if har::is_archive(text) {
            return Ok(Self::new(&har::read(path, text)?));
        }
        let mut capture: Self = file::from_json(path, text, Self::SCHEMA)?;
        clean(&mut capture.observations);
        Ok(capture)
    }

    /// Writes a capture file, whole or not at all.
    ///
    /// # Errors
    /// `File` if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        file::write_json(path, self)
    }

    /// The capture as JSON.
    ///
    /// # Errors
    /// `Misuse` if it cannot be put into JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|e| Error::misuse(e.to_string()))
    }

    /// The diagnosis that these observations give today.
    #[must_use]
    pub fn diagnose(&self, catalogue: &Catalogue) -> Diagnosis {
        classify(catalogue, &self.observations)
    }
}

fn clean(observations: &mut Observations) {
    observations.url = redact::url(&observations.url, true);
    for observation in &mut observations.items {
        let mut page = false;
        if let Probe::Http { purpose, url, .. } = &mut observation.probe {
            *url = redact::url(url, hides_message(*purpose));
            page = crate::observer::is_page(*purpose);
        }
        if let Outcome::Response(facts) = &mut observation.outcome {
            clean_response(facts, page);
        }
    }
    for record in &mut observations.logs {
        record.text = redact::log_text(&record.text);
    }
}

fn clean_response(facts: &mut HttpFacts, page: bool) {
    for (name, value) in &mut facts.headers {
        *value = redact::header(name, value);
    }
    let Some(mut body) = base64::decode(&facts.body) else {
        return;
    };
    if keyed_by_password(&body) {
        facts.body.clear();
    } else if page {
        redact::challenge_passwords(&mut body);
        facts.body = base64::encode(&body);
    }
}

/// Whether a pkiMessage's envelope can be opened with a password.
fn keyed_by_password(body: &[u8]) -> bool {
    let limits = Limits::DEFAULT;
    let Ok(message) = SignedMessage::decode_prefix(body, &limits) else {
        return false;
    };
    let Some(content) = message.content() else {
        return false;
    };
    EnvelopedData::decode(content, &limits).is_ok_and(|envelope| {
        envelope
            .recipients
            .iter()
            .any(|recipient| matches!(recipient, Recipient::Password(_)))
    })
}
