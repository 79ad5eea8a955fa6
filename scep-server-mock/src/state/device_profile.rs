//! What the device management tells devices.

use serde::{Deserialize, Serialize};

/// The SCEP URL in the profile that devices get; empty parts are those of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceProfile {
    /// Host name.
    pub host: String,
    /// Path.
    pub path: String,
    /// The certificate in the trusted certificate profile.
    pub trusted_root: TrustedRoot,
}

/// The certificate in the trusted certificate profile that a SCEP profile refers to.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TrustedRoot {
    /// One of those that GetCACert gives.
    #[default]
    Right,
    /// That of another CA.
    Other,
}
