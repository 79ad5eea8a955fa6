//! Microsoft Entra application proxy.

use serde::{Deserialize, Serialize};

use super::Service;

/// The application that publishes NDES, and its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AppProxy {
    /// Whether NDES is published by the proxy at all.
    pub present: bool,
    /// The connector inside the network.
    pub connector: Connector,
    /// The connector group that the application is assigned to.
    pub connector_group: String,
    /// The pre-authentication of the published application.
    pub preauthentication: Preauthentication,
    /// Whether clients bring a token of a signed-in user.
    pub clients_signed_in: bool,
    /// Whether that user is assigned to the application.
    pub user_assigned: bool,
    /// Whether the certificate of the custom domain was uploaded.
    pub custom_certificate: bool,
    /// Where the connector sends requests to. A path in it is the only one that is published.
    pub internal_url: String,
    /// How long the proxy waits for the back end, in seconds (85 by default, 180 if "long").
    pub backend_timeout_s: u64,
}

/// The connector group that every application is assigned to if nobody chooses another.
const DEFAULT_GROUP: &str = "Default";

impl Default for AppProxy {
    fn default() -> Self {
        Self {
            present: false,
            connector: Connector::default(),
            connector_group: DEFAULT_GROUP.to_owned(),
            preauthentication: Preauthentication::default(),
            clients_signed_in: false,
            user_assigned: true,
            custom_certificate: true,
            internal_url: format!("http://{}/", crate::names::NDES_HOST),
            backend_timeout_s: 85,
        }
    }
}

/// The connector's Windows service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Connector {
    /// Whether the service runs.
    pub service: Service,
    /// Its start type: "Automatic (Delayed Start)" comes up minutes after the host.
    pub delayed_start: bool,
    /// How often its host has been restarted since the history began.
    pub restarts: u32,
    /// The connector group that it belongs to.
    pub group: String,
    /// Its way to the cloud.
    pub egress: Egress,
    /// Whether its host can resolve the host name of the internal URL.
    pub resolves_internal_names: bool,
}

impl Default for Connector {
    fn default() -> Self {
        Self {
            service: Service::Running,
            delayed_start: false,
            restarts: 0,
            group: DEFAULT_GROUP.to_owned(),
            egress: Egress::default(),
            resolves_internal_names: true,
        }
    }
}

/// The connector's way to the cloud.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Egress {
    /// It is open.
    #[default]
    Open,
    /// A firewall or proxy blocks it.
    Blocked,
    /// A firewall takes TLS apart, so that the connector's client certificate does not arrive.
    Inspected,
}

/// Who has to sign in before a request is passed on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Preauthentication {
    /// Nobody: what SCEP needs.
    #[default]
    Passthrough,
    /// A user at Microsoft Entra ID.
    EntraId,
}
