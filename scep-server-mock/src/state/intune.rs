//! Microsoft Intune: the SCEP profile that challenges are made for, and the connector.

use serde::{Deserialize, Serialize};

/// Intune as far as NDES sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Intune {
    /// The certificate connector.
    pub connector: IntuneConnector,
    /// The SCEP profile.
    pub profile: ScepProfile,
}

/// The certificate connector on the NDES server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntuneConnector {
    /// Which one.
    pub kind: ConnectorKind,
    /// Whether `NDESConnector\\SigningCertificate` is in the registry: by it the registration point
    /// knows that a challenge is Intune's.
    pub signing_certificate: bool,
    /// Whether the certificate is there to which Intune encrypts challenges.
    pub encryption_certificate: bool,
    /// Whether the connector reaches Intune.
    pub cloud_reachable: bool,
}

impl Default for IntuneConnector {
    fn default() -> Self {
        Self {
            kind: ConnectorKind::default(),
            signing_certificate: true,
            encryption_certificate: true,
            cloud_reachable: true,
        }
    }
}

/// Which connector it is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectorKind {
    /// The one before 2021, with a certificate registration point in IIS.
    #[default]
    RegistrationPoint,
    /// The Certificate Connector for Microsoft Intune, which asks the cloud about each challenge.
    Cloud,
}

/// What the SCEP profile says that a request must ask for. Empty: whatever it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScepProfile {
    /// The subject.
    pub subject: String,
    /// Subject alternative names, as `DNS:...` and the like.
    pub subject_alt_names: Vec<String>,
    /// Bits of an RSA key; 0: any.
    pub key_bits: usize,
    /// Whether the profile is still assigned to the device.
    pub targeted: bool,
}

impl Default for ScepProfile {
    fn default() -> Self {
        Self {
            subject: String::new(),
            subject_alt_names: Vec::new(),
            key_bits: 0,
            targeted: true,
        }
    }
}
