//! The way from the client to the published name.

use serde::{Deserialize, Serialize};

/// The network on the client's side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientNetwork {
    /// What happens to packets for the published port.
    pub path: NetworkPath,
}

/// What happens to packets for the published port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkPath {
    /// They arrive.
    #[default]
    Open,
    /// A firewall drops them.
    Filtered,
    /// The port is closed: RST.
    Refused,
}
