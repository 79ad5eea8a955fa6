//! IIS: request filtering, authentication, client certificates, the SCEP application pool.

use serde::{Deserialize, Serialize};

use super::Period;

/// The web server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Iis {
    /// Request filtering of the site.
    pub request_filtering: RequestFiltering,
    /// `uploadReadAheadSize`: how much of a body is read before a client certificate is
    /// negotiated, in octets.
    pub upload_read_ahead_size: usize,
    /// Whether IIS asks for a client certificate after it has seen the request (TLS only).
    pub negotiate_client_certificate: bool,
    /// Whether remote clients get detailed error pages.
    pub detailed_errors: bool,
    /// The application `CertSrv/mscep`.
    pub mscep: MscepApplication,
    /// The application pool NDES runs in.
    pub scep_pool: ScepPool,
}

impl Default for Iis {
    fn default() -> Self {
        Self {
            request_filtering: RequestFiltering::default(),
            upload_read_ahead_size: 49_152,
            negotiate_client_certificate: false,
            detailed_errors: false,
            mscep: MscepApplication::default(),
            scep_pool: ScepPool::default(),
        }
    }
}

/// `system.webServer/security/requestFiltering/requestLimits`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestFiltering {
    /// `maxQueryString` in octets (Windows' default: 2048).
    pub max_query_string: usize,
    /// `maxUrl` in octets (Windows' default: 4096).
    pub max_url: usize,
    /// `maxAllowedContentLength` in octets.
    pub max_allowed_content_length: usize,
}

impl Default for RequestFiltering {
    fn default() -> Self {
        Self {
            max_query_string: 65_534,
            max_url: 65_534,
            max_allowed_content_length: 30_000_000,
        }
    }
}

/// The application `CertSrv/mscep`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MscepApplication {
    /// Who may send requests.
    pub authentication: Authentication,
}

/// An authentication scheme of IIS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// Anybody.
    #[default]
    Anonymous,
    /// Windows accounts (Negotiate, NTLM).
    Windows,
}

/// The application pool `SCEP`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScepPool {
    /// Whether an administrator has it started.
    pub state: PoolState,
    /// `processModel.loadUserProfile`.
    pub load_user_profile: bool,
    /// `processModel.idleTimeout`: the worker process ends after so long without a request. Zero:
    /// never.
    pub idle_timeout: Period,
    /// `recycling.periodicRestart.time`. Zero: never.
    pub periodic_restart: Period,
}

impl Default for ScepPool {
    fn default() -> Self {
        Self {
            state: PoolState::default(),
            load_user_profile: true,
            idle_timeout: Period::default(),
            periodic_restart: Period::default(),
        }
    }
}

/// What an administrator has made of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolState {
    /// Started.
    #[default]
    Started,
    /// Stopped.
    Stopped,
}
