//! The issuing CA, its template, and the distribution of its CRL.

use serde::{Deserialize, Serialize};

use super::{Period, Service};

/// The issuing CA (AD CS).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ca {
    /// Whether `CertSvc` runs.
    pub service: Service,
    /// Whether port 135 and the dynamic RPC ports can be reached from the NDES server.
    pub rpc_reachable: bool,
    /// The certificate template that NDES asks for.
    pub template: Template,
    /// Accounts with the permission Request Certificates on the CA.
    pub request_permission: Vec<String>,
    /// Whether the CA itself can fetch CRLs.
    pub crl_reachable: bool,
    /// Distinguished names below which subjects have to lie (nameConstraints in its certificate);
    /// empty: anywhere.
    pub permitted_subjects: Vec<String>,
    /// Smallest digest of a request's signature.
    pub minimum_digest: MinimumDigest,
    /// The digest with which its own certificate and those of the lab's CAs are signed.
    pub certificate_digest: CertificateDigest,
    /// How long it takes to answer a request.
    pub latency: Period,
    /// Whether it leaves URIs out of the subjectAltName, as products do that do not know them.
    pub drops_san_uris: bool,
    /// `SubjectTemplate`: the attributes of a subject that it keeps, in its order; empty: all, as
    /// asked for.
    pub subject_template: Vec<String>,
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
            request_permission: vec![crate::names::SERVICE_ACCOUNT.to_owned()],
            crl_reachable: true,
            permitted_subjects: Vec::new(),
            minimum_digest: MinimumDigest::default(),
            certificate_digest: CertificateDigest::default(),
            latency: Period::default(),
            drops_san_uris: false,
            subject_template: Vec::new(),
            restarts: 0,
            renewals: 0,
        }
    }
}

/// The digest in the signature of a CA certificate.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateDigest {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-1, which Apple's devices refuse.
    Sha1,
}

/// Which digests in the signature of a request a CA takes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MinimumDigest {
    /// SHA-1 and better.
    #[default]
    Sha1,
    /// SHA-256 and better.
    Sha256,
}

/// A certificate template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// Its name, as in the registry of NDES.
    pub name: String,
    /// Whether the CA issues certificates of it.
    pub published: bool,
    /// Accounts with the Enroll permission.
    pub enroll: Vec<String>,
    /// Whether the administrator who looks at the NDES admin page has it, too.
    pub admin_may_enroll: bool,
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
            admin_may_enroll: true,
            manager_approval: false,
            min_key_bits: 1024,
            valid_for: Period::days(365),
        }
    }
}

/// The issuing CA's base CRL and the web server that its CDP names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
