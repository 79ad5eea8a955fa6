//! NDES: service account, RA certificates, registry, challenge passwords.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CertificateState;

/// The Network Device Enrollment Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ndes {
    /// The identity of the SCEP application pool.
    pub service_account: ServiceAccount,
    /// The MSCEP-RA certificate that signs (Exchange Enrollment Agent (Offline request)).
    pub ra_signing: CertificateState,
    /// The MSCEP-RA certificate that decrypts (CEP Encryption).
    pub ra_encryption: CertificateState,
    /// `HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP`.
    pub registry: Registry,
}

/// A domain account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceAccount {
    /// Locked out after too many wrong passwords.
    pub locked: bool,
    /// Its password has expired.
    pub password_expired: bool,
    /// Disabled by an administrator.
    pub disabled: bool,
    /// Whether it is in the local group `IIS_IUSRS`, directly or through another group.
    pub in_iis_iusrs: bool,
    /// Whether it, or `IIS_IUSRS`, has the right "Impersonate a client after authentication".
    pub impersonate_right: bool,
    /// Whether it may log on as a batch job, as the identity of a pool does.
    pub batch_logon_right: bool,
}

impl Default for ServiceAccount {
    fn default() -> Self {
        Self {
            locked: false,
            password_expired: false,
            disabled: false,
            in_iis_iusrs: true,
            impersonate_right: true,
            batch_logon_right: true,
        }
    }
}

impl ServiceAccount {
    /// Whether a domain controller lets it log on.
    #[must_use]
    pub const fn can_log_on(&self) -> bool {
        !self.locked && !self.password_expired && !self.disabled
    }
}

/// Registry values below `MSCEP`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Registry {
    /// `EnforcePassword`: a request needs a challenge password.
    pub enforce_password: bool,
    /// `UseSinglePassword`: one password for all, for ever.
    pub use_single_password: bool,
    /// `PasswordMax`: how many unused passwords are kept.
    pub password_max: usize,
    /// `PasswordValidity` in minutes.
    pub password_validity_min: u64,
    /// `CacheRequest` in minutes: so long NDES answers a repeated transaction with the certificate
    /// that it got.
    pub cache_request_min: u64,
    /// `GeneralPurposeTemplate`: the template that NDES asks the CA for; empty: the one that the CA
    /// issues.
    pub general_purpose_template: String,
    /// Values that should be there and are not, such as `EnforcePassword`.
    pub missing_values: Vec<String>,
    /// Whether the service account may write below the key, as it must to keep a single password.
    pub writable: bool,
}

impl Registry {
    /// `CacheRequest`.
    #[must_use]
    pub const fn cache_request(&self) -> Duration {
        Duration::from_secs(self.cache_request_min.saturating_mul(60))
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            enforce_password: true,
            use_single_password: false,
            password_max: 5,
            password_validity_min: 60,
            cache_request_min: 20,
            general_purpose_template: String::new(),
            missing_values: Vec::new(),
            writable: true,
        }
    }
}

/// Where devices get their challenge passwords from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Challenge {
    /// The source.
    pub mode: ChallengeMode,
}

/// A source of challenge passwords.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ChallengeMode {
    /// The NDES admin page, a new one each time.
    #[default]
    Otp,
    /// The NDES admin page, always the same one.
    Static,
    /// Microsoft Intune, signed for one device and one subject.
    Intune,
}
