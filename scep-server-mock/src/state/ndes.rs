//! NDES: service account, RA certificates, registry, challenge passwords.

use serde::{Deserialize, Serialize};

use super::CertificateState;

/// The Network Device Enrollment Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceAccount {
    /// Locked out after too many wrong passwords.
    pub locked: bool,
    /// Its password has expired.
    pub password_expired: bool,
}

impl ServiceAccount {
    /// Whether a domain controller lets it log on.
    #[must_use]
    pub const fn can_log_on(&self) -> bool {
        !self.locked && !self.password_expired
    }
}

/// Registry values below `MSCEP`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            enforce_password: true,
            use_single_password: false,
            password_max: 5,
            password_validity_min: 60,
        }
    }
}

/// Where devices get their challenge passwords from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Challenge {
    /// The source.
    pub mode: ChallengeMode,
}

/// A source of challenge passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
