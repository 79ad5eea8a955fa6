//! What the device management tells devices.

use serde::{Deserialize, Serialize};

/// The SCEP URL in the profile that devices get; empty parts are those of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceProfile {
    /// Host name.
    pub host: String,
    /// Path.
    pub path: String,
}
