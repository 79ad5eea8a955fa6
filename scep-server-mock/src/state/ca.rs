//! The issuing CA, its template, and the distribution of its CRL.

use serde::{Deserialize, Serialize};

use super::{Period, Service};

/// The issuing CA (AD CS).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ca {
    /// Whether `CertSvc` runs.
    pub service: Service,
    /// Whether port 135 and the dynamic RPC ports can be reached from the NDES server.
    pub rpc_reachable: bool,
    /// The certificate template that NDES asks for.
    pub template: Template,
    /// How often the CA's host has been restarted since the history began.
    pub restarts: u32,
    /// How often its certificate has been renewed with a new key since the history began.
    pub renewals: u32,
}

impl Default for Ca {
    fn default() -> Self {
        Self {
            service: Service::Running,
            rpc_reachable: true,
            template: Template::default(),
            restarts: 0,
            renewals: 0,
        }
    }
}

/// A certificate template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// Its name, as in the registry of NDES.
    pub name: String,
    /// Whether the CA issues certificates of it.
    pub published: bool,
    /// Accounts with the Enroll permission.
    pub enroll: Vec<String>,
    /// Whether a certificate manager must approve each request.
    pub manager_approval: bool,
    /// Smallest RSA key, in bits.
    pub min_key_bits: usize,
    /// Term of the certificates.
    pub valid_for: Period,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            name: "IPSECIntermediateOffline".to_owned(),
            published: true,
            enroll: vec![crate::names::SERVICE_ACCOUNT.to_owned()],
            manager_approval: false,
            min_key_bits: 1024,
            valid_for: Period::days(365),
        }
    }
}

/// The issuing CA's base CRL and the web server that its CDP names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crl {
    /// Whether the file lies at the distribution point.
    pub published: bool,
    /// Whether the distribution point answers, for anybody.
    pub http_reachable: bool,
    /// From thisUpdate to nextUpdate.
    pub validity: Period,
    /// How long before the deployment's history begins the CRL that lies there was issued.
    pub issued_ago: Period,
    /// The delta CRL.
    pub delta: DeltaCrl,
}

impl Default for Crl {
    fn default() -> Self {
        Self {
            published: true,
            http_reachable: true,
            validity: Period::days(7),
            issued_ago: Period::days(1),
            delta: DeltaCrl::default(),
        }
    }
}

/// The issuing CA's delta CRL, which lies beside the base CRL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeltaCrl {
    /// Whether the CA makes one, and names it in its base CRL.
    pub enabled: bool,
    /// Whether new ones get to the distribution point.
    pub published: bool,
    /// From thisUpdate to nextUpdate.
    pub validity: Period,
}

impl Default for DeltaCrl {
    fn default() -> Self {
        Self {
            enabled: false,
            published: true,
            validity: Period::days(1),
        }
    }
}

/// The offline root's CRL, which somebody publishes by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RootCrl {
    /// Whether it is still being published.
    pub published: bool,
    /// From thisUpdate to nextUpdate.
    pub validity: Period,
    /// How long before the deployment's history begins the CRL that lies there was issued.
    pub issued_ago: Period,
}

impl Default for RootCrl {
    fn default() -> Self {
        Self {
            published: true,
            validity: Period::days(180),
            issued_ago: Period::days(1),
        }
    }
}
