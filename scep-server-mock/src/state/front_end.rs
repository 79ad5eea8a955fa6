//! A reverse proxy or load balancer in front of NDES that is not Microsoft Entra's.

use serde::{Deserialize, Serialize};

/// What stands in front of NDES.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FrontEnd {
    /// Which product.
    pub kind: FrontEndKind,
    /// Longest URL that it takes, in octets.
    pub max_uri: usize,
    /// Longest body that it takes, in octets.
    pub max_body: usize,
    /// AD FS pre-authentication (Web Application Proxy).
    pub adfs_preauthentication: bool,
    /// Whether it reads the query as an HTML form's, in which `+` is a blank.
    pub decodes_plus: bool,
    /// Whether it passes POST requests on without their body.
    pub strips_body: bool,
    /// Rules of a firewall for web applications.
    pub rules: Vec<WafRule>,
    /// What it asks the back end from time to time.
    pub health_probe: HealthProbe,
    /// Whether it compresses answers, whatever the client takes.
    pub compresses: bool,
    /// Whether it appends a script to answers.
    pub appends_script: bool,
    /// NDES servers behind it.
    pub nodes: u8,
    /// Whether a client gets the same one each time.
    pub sticky: bool,
    /// Whether it answers from a cache what it has seen before.
    pub caches_replies: bool,
}

impl Default for FrontEnd {
    fn default() -> Self {
        Self {
            kind: FrontEndKind::None,
            max_uri: 65_534,
            max_body: 1 << 20,
            adfs_preauthentication: false,
            decodes_plus: false,
            strips_body: false,
            rules: Vec::new(),
            health_probe: HealthProbe::default(),
            compresses: false,
            appends_script: false,
            nodes: 1,
            sticky: true,
            caches_replies: false,
        }
    }
}

/// A product.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FrontEndKind {
    /// Nothing.
    #[default]
    None,
    /// Web Application Proxy of Windows Server 2012 R2.
    WebApplicationProxy,
    /// nginx.
    Nginx,
    /// Apache httpd.
    Apache,
    /// HAProxy.
    Haproxy,
    /// Azure Application Gateway.
    ApplicationGateway,
}

/// A rule of a firewall for web applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WafRule {
    /// No URL with `.exe`.
    ExecutableInPath,
    /// No long base64 in a query, and no body of an unknown type.
    EncodedContent,
}

/// How a load balancer finds out whether a back end is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HealthProbe {
    /// Path and query that it asks for; empty: it does not ask.
    pub target: String,
    /// The status that it takes for well; 0: any.
    pub expected_status: u16,
}
