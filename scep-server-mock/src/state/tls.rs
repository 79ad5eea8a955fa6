//! The TLS binding that clients meet.

use serde::{Deserialize, Serialize};

use super::Period;

/// The binding of port 443.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Whether the SCEP URL is `https`.
    pub enabled: bool,
    /// Who issued the certificate.
    pub issuer: TlsIssuer,
    /// How long before the deployment's history begins the certificate was issued.
    pub issued_ago: Period,
    /// Its whole term.
    pub valid_for: Period,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            enabled: false,
            issuer: TlsIssuer::default(),
            issued_ago: Period::days(30),
            valid_for: Period::days(365),
        }
    }
}

/// Who issued the certificate of the binding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsIssuer {
    /// A CA that devices know.
    #[default]
    PublicCa,
    /// A CA of the organisation, whose root the devices do not have.
    PrivateCa,
}
