//! The TLS binding that clients meet.

use serde::{Deserialize, Serialize};

use super::Period;

/// The binding of port 443.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Whether the SCEP URL is `https`.
    pub enabled: bool,
    /// Who issued the certificate.
    pub issuer: TlsIssuer,
    /// Whether a CA below the root issued it.
    pub via_intermediate: bool,
    /// What the server sends along.
    pub chain: TlsChain,
    /// DNS names in the certificate; empty: those that are published.
    pub names: Vec<String>,
    /// Whether a certificate with its key is bound to the port at all.
    pub certificate_bound: bool,
    /// The versions of TLS that Schannel speaks.
    pub versions: TlsVersions,
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
            via_intermediate: false,
            chain: TlsChain::default(),
            names: Vec::new(),
            certificate_bound: true,
            versions: TlsVersions::default(),
            issued_ago: Period::days(30),
            valid_for: Period::days(365),
        }
    }
}

/// Who issued the certificate of the binding.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TlsIssuer {
    /// A CA that devices know.
    #[default]
    PublicCa,
    /// A CA of the organisation, whose root the devices do not have.
    PrivateCa,
}

/// Which certificates a server sends.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TlsChain {
    /// All but the root.
    #[default]
    Complete,
    /// Its own only.
    LeafOnly,
}

/// Versions of TLS.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    Modern,
    /// 1.3 only.
    Tls13Only,
    /// 1.0 only, as an old server speaks it.
    Tls10Only,
}
