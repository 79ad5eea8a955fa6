//! The published name in DNS.

use serde::{Deserialize, Serialize};

/// DNS as clients see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dns {
    /// What the published name leads to.
    pub published_name: DnsRecord,
}

/// What a name leads to.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DnsRecord {
    /// To where it should: the server, or by CNAME the application proxy.
    #[default]
    Right,
    /// It does not exist.
    Missing,
    /// Its name servers fail.
    ServerFailure,
    /// To a web server that has nothing to do with it.
    Elsewhere,
}
