//! What matters of a certificate in the NDES server's machine store.

use serde::{Deserialize, Serialize};

use super::Period;

/// A certificate with its private key, in `LocalMachine\My`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateState {
    /// Whether it is there at all.
    pub present: bool,
    /// How long before the deployment's history begins it was issued.
    pub issued_ago: Period,
    /// Its whole term.
    pub valid_for: Period,
    /// Accounts with Read permission on the private key.
    pub key_read: Vec<String>,
    /// Whether the issuing CA has revoked it.
    pub revoked: bool,
    /// What kind of provider keeps the private key.
    pub key_provider: KeyProvider,
    /// What kind of key it is.
    pub key_kind: KeyKind,
    /// Who issued it.
    pub issuer: CertificateIssuer,
    /// Whether it is for what its role needs: Certificate Request Agent for an RA certificate, client
    /// authentication for the policy module's.
    pub purpose: Purpose,
}

/// Where Windows keeps a private key.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum KeyProvider {
    /// A CryptoAPI provider (CSP), the only kind that NDES can use.
    #[default]
    Csp,
    /// A CNG key storage provider (KSP).
    Ksp,
}

/// A kind of key.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// RSA.
    #[default]
    Rsa,
    /// EC on P-256.
    Ec,
}

/// Who issued a certificate of the machine store.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateIssuer {
    /// The CA that NDES is bound to.
    #[default]
    IssuingCa,
    /// Another CA of the organisation.
    OtherCa,
}

/// Whether a certificate is for what its role needs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Its extended key usage says so.
    #[default]
    Right,
    /// Its extended key usage is for servers only.
    ServerOnly,
}

impl Default for CertificateState {
    fn default() -> Self {
        Self {
            present: true,
            issued_ago: Period::days(30),
            valid_for: Period::days(730),
            key_read: vec![crate::names::SERVICE_ACCOUNT.to_owned()],
            revoked: false,
            key_provider: KeyProvider::default(),
            key_kind: KeyKind::default(),
            issuer: CertificateIssuer::default(),
            purpose: Purpose::default(),
        }
    }
}
