//! The way from the client to the published name.

use serde::{Deserialize, Serialize};

/// The network on the client's side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientNetwork {
    /// What happens to packets for the published port.
    pub path: NetworkPath,
    /// Whether a captive portal takes every request until somebody has signed in at it.
    pub captive_portal: bool,
    /// The forward proxy to the Internet.
    pub egress_proxy: EgressProxy,
    /// Whether a firewall takes TLS apart, with certificates of its own.
    pub tls_inspection: bool,
}

/// What happens to packets for the published port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkPath {
    /// They arrive.
    #[default]
    Open,
    /// A firewall drops them.
    Filtered,
    /// The port is closed: RST.
    Refused,
    /// The connection stands, and is cut as soon as something is sent.
    Reset,
    /// The connection stands, and nothing comes back: something takes it and drops what follows.
    Silent,
}

/// The forward proxy between a client and the Internet.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EgressProxy {
    /// There is none, or it lets SCEP pass.
    #[default]
    Open,
    /// It wants a user to sign in, which SYSTEM cannot.
    Authenticating,
}
