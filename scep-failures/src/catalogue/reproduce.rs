//! How a failure mode is brought about in the simulated deployment: state and history, never outcomes.

use serde::{Deserialize, Serialize};

/// How to bring a deployment into a failure mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reproduce {
    /// The healthy deployment to begin with.
    pub baseline: Baseline,
    /// Server profile, where it is not the baseline's: another version or product answers.
    pub profile: Option<String>,
    /// Laid over the baseline's state before anything is started.
    #[serde(default)]
    pub set: toml::Table,
    /// What happens then. The remembered look of the memory level is taken after `start`.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What the client does otherwise than a well-behaved one.
    #[serde(default)]
    pub client: Persona,
}

/// Name of a healthy deployment: topology and server profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Baseline(String);

impl Baseline {
    /// Every name there is:
    ///
    /// - `ndes-plain`: NDES alone, one-time challenge passwords, no proxy, http;
    /// - `ndes-tls`: the same behind a TLS binding;
    /// - `intune`: NDES with the Intune policy module and the older connector, http;
    /// - `intune-cloud`: NDES with the policy module and the connector that asks the cloud, http;
    /// - `intune-reverse-proxy`: `intune` behind nginx, http;
    /// - `intune-app-proxy`: `intune` behind Microsoft Entra application proxy;
    /// - `third-party`: a server of another vendor, which the profile names.
    pub const NAMES: &'static [&'static str] = &[
        "ndes-plain",
        "ndes-tls",
        "intune",
        "intune-cloud",
        "intune-reverse-proxy",
        "intune-app-proxy",
        "third-party",
    ];

    /// The word in catalogue and command line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Baseline {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if Self::NAMES.contains(&name.as_str()) {
            Ok(Self(name))
        } else {
            let names = Self::NAMES.join(", ");
            Err(format!("no baseline is called `{name}`; there are {names}"))
        }
    }
}

impl From<Baseline> for String {
    fn from(baseline: Baseline) -> Self {
        baseline.0
    }
}

/// One step of a deployment's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// IIS and the SCEP worker process come up; NDES itself starts with the first request.
    Start {},
    /// The SCEP pool is recycled: a new worker process, NDES starts again.
    Recycle {},
    /// Time passes.
    Advance {
        /// How much: `45d`, `90m`, `8h`, `30s`.
        by: String,
    },
    /// Devices enrol, with whatever success.
    Enroll {
        /// How many.
        #[serde(default = "once")]
        times: u32,
    },
    /// Devices send a well-formed request with a wrong challenge password.
    Request {
        /// How many.
        #[serde(default = "once")]
        times: u32,
    },
    /// Devices ask again for what is pending.
    Poll {},
    /// The CA's administrator decides on all pending requests.
    Decide {
        /// Whether they are granted.
        issue: bool,
    },
    /// Someone fetches a challenge password.
    Challenge {
        /// Which: the words of [`Persona::challenge`]. Without it, the client's.
        kind: Option<String>,
    },
    /// Another version or product takes the SCEP server's place.
    Replace {
        /// Its server profile.
        profile: String,
    },
    /// Someone changes the deployment.
    Set {
        /// Laid over the state.
        set: toml::Table,
    },
}

const fn once() -> u32 {
    1
}

/// What a client does otherwise than a well-behaved one. What is absent is done well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Persona {
    /// The challenge password: `correct`, `wrong`, `used`, `expired`, `missing`, `static`.
    pub challenge: Option<String>,
    /// Its string type: `printable`, `utf8`, `bmp`.
    pub challenge_encoding: Option<String>,
    /// `GET` or `POST`.
    pub method: Option<String>,
    /// Path of the SCEP URL, such as `/`.
    pub path: Option<String>,
    /// Scheme of the SCEP URL.
    pub scheme: Option<String>,
    /// Host name that is asked for, where it is not the deployment's.
    pub host: Option<String>,
    /// Spelling of the operation.
    pub operation: Option<String>,
    /// Value of `message` for GetCACaps and GetCACert.
    pub ca_identifier: Option<String>,
    /// Octets to which the message is padded.
    pub message_len: Option<u32>,
    /// What is sent instead of a message: `garbage`, `truncated`, `ber`, `unsorted`.
    pub message: Option<String>,
    /// How base64 is put into the query: `percent`, `raw`, `url-safe`, `newlines`, `twice`.
    pub base64: Option<String>,
    /// Key of the request: `rsa:2048`, `ec:p256`.
    pub key_type: Option<String>,
    /// Digest: `sha256`, `sha1`, `md5`.
    pub digest: Option<String>,
    /// Cipher of the envelope: `aes128`, `des3`, `des`.
    pub cipher: Option<String>,
    /// Whom the envelope is for: `ra-encryption`, `ra-signing`, `ca`, `stale`.
    pub recipient: Option<String>,
    /// messageType, in RFC 8894's words: `PKCSReq`, `RenewalReq`, `GetCRL`.
    pub message_type: Option<String>,
    /// Whose key signs the message: `self`, `previous`, `expired`, `other-ca`.
    pub signer: Option<String>,
    /// transactionID: `new`, `repeated`.
    pub transaction_id: Option<String>,
    /// How often the same is sent.
    pub times: Option<u32>,
    /// Subject of the request.
    pub subject: Option<String>,
    /// Subject alternative names of the request.
    pub subject_alt_names: Option<Vec<String>>,
    /// How far the client's clock is off: `9h`, `-2d`.
    pub clock_offset: Option<String>,
    /// Version of HTTP: `1.0`, `1.1`.
    pub http_version: Option<String>,
    /// Value of Accept-Encoding.
    pub accept_encoding: Option<String>,
    /// What the client takes for trustworthy: `public`, `public-and-root`, `old-root`.
    pub trust: Option<String>,
    /// Versions of TLS that it offers.
    pub tls_versions: Option<Vec<String>>,
    /// Whether it has a certificate for TLS: `none`, `valid`, `expired`, `untrusted`, `revoked`.
    pub tls_certificate: Option<String>,
    /// Where it stands: `internet`, `inside`, `guest`.
    pub network: Option<String>,
}

/// Seconds of a duration such as `45d`, `8h`, `90m`, `30s`; negative with a leading `-`.
#[must_use]
pub fn seconds(duration: &str) -> Option<i64> {
    let (sign, digits) = duration
        .strip_prefix('-')
        .map_or((1, duration), |rest| (-1, rest));
    let (number, unit) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return None,
    };
    number
        .parse::<i64>()
        .ok()?
        .checked_mul(unit)?
        .checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations() {
        assert_eq!(seconds("45d"), Some(45 * 86_400));
        assert_eq!(seconds("-2h"), Some(-7_200));
        assert_eq!(seconds("90m"), Some(5_400));
        assert_eq!(seconds("12"), None);
        assert_eq!(seconds("d"), None);
        assert_eq!(seconds("1w"), None);
    }
}
