//! What matters of a certificate in the NDES server's machine store.

use serde::{Deserialize, Serialize};

use super::Period;

/// A certificate with its private key, in `LocalMachine\My`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Default for CertificateState {
    fn default() -> Self {
        Self {
            present: true,
            issued_ago: Period::days(30),
            valid_for: Period::days(730),
            key_read: vec![crate::names::SERVICE_ACCOUNT.to_owned()],
            revoked: false,
        }
    }
}
