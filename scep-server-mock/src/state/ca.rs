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
}

impl Default for Ca {
    fn default() -> Self {
        Self {
            service: Service::Running,
            rpc_reachable: true,
            template: Template::default(),
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
}

impl Default for Crl {
    fn default() -> Self {
        Self {
            published: true,
            http_reachable: true,
            validity: Period::days(7),
            issued_ago: Period::days(1),
        }
    }
}
