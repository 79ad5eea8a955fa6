//! A SCEP server of another vendor, where one stands in the place of NDES.

use serde::{Deserialize, Serialize};

/// What its administrator has to do with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ThirdParty {
    /// The application in Azure App Service, for servers that run there.
    pub app_service: AppService,
    /// The end entity that a device has at CAs that keep one for each.
    pub end_entity: EndEntity,
    /// Whether the CA is active.
    pub ca_disabled: bool,
}

/// An application in Azure App Service.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AppService {
    /// It runs.
    #[default]
    Running,
    /// Somebody has stopped it.
    Stopped,
    /// Its package cannot be fetched (`WEBSITE_RUN_FROM_PACKAGE`).
    PackageMissing,
}

/// An end entity.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EndEntity {
    /// It waits for its certificate.
    #[default]
    New,
    /// It has got its certificate already.
    Generated,
}
