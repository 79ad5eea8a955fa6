//! Microsoft Entra application proxy.

use serde::{Deserialize, Serialize};

use super::Service;

/// The application that publishes NDES, and its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppProxy {
    /// Whether NDES is published by the proxy at all.
    pub present: bool,
    /// The connector inside the network.
    pub connector: Connector,
    /// The pre-authentication of the published application.
    pub preauthentication: Preauthentication,
    /// Where the connector sends requests to.
    pub internal_url: String,
    /// How long the proxy waits for the back end, in seconds (85 by default, 180 if "long").
    pub backend_timeout_s: u64,
}

impl Default for AppProxy {
    fn default() -> Self {
        Self {
            present: false,
            connector: Connector::default(),
            preauthentication: Preauthentication::default(),
            internal_url: format!("http://{}/", crate::names::NDES_HOST),
            backend_timeout_s: 85,
        }
    }
}

/// The connector's Windows service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connector {
    /// Whether the service runs.
    pub service: Service,
}

/// Who has to sign in before a request is passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preauthentication {
    /// Nobody: what SCEP needs.
    #[default]
    Passthrough,
    /// A user at Microsoft Entra ID.
    EntraId,
}
