//! IIS: request filtering, authentication, client certificates, the SCEP application pool.

use serde::{Deserialize, Serialize};

use super::{Period, Service};

/// The web server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// `httpErrors/responseMode`.
    pub error_response_mode: ErrorResponseMode,
    /// `urlCompression/doDynamicCompression`, for clients that did not ask for it, too.
    pub dynamic_compression: bool,
    /// Whether an outbound rule of URL Rewrite appends a script to every answer.
    pub outbound_rule_appends_script: bool,
    /// Whether `W3SVC` runs.
    pub service: Service,
    /// The web site that everything lies in.
    pub site: Site,
    /// The application `CertSrv/mscep`.
    pub mscep: MscepApplication,
    /// The application `CertSrv/mscep_admin`.
    pub mscep_admin: AdminApplication,
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
            error_response_mode: ErrorResponseMode::default(),
            dynamic_compression: false,
            outbound_rule_appends_script: false,
            service: Service::Running,
            site: Site::default(),
            mscep: MscepApplication::default(),
            mscep_admin: AdminApplication::default(),
            scep_pool: ScepPool::default(),
        }
    }
}

/// `httpErrors/responseMode`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorResponseMode {
    /// IIS' own page, with the status of the error.
    #[default]
    File,
    /// A page of the site is shown in place of it, which has status 200.
    ExecuteUrl,
}

/// `system.webServer/security/requestFiltering/requestLimits`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequestFiltering {
    /// `maxQueryString` in octets (Windows' default: 2048).
    pub max_query_string: usize,
    /// `maxUrl` in octets (Windows' default: 4096).
    pub max_url: usize,
    /// `maxAllowedContentLength` in octets.
    pub max_allowed_content_length: usize,
    /// `allowDoubleEscaping`.
    pub allow_double_escaping: bool,
    /// `fileExtensions` that are not allowed, such as `.dll`.
    pub denied_extensions: Vec<String>,
    /// `denyUrlSequences`.
    pub denied_sequences: Vec<String>,
    /// `verbs` that are not allowed, such as `POST`.
    pub denied_verbs: Vec<String>,
}

impl Default for RequestFiltering {
    fn default() -> Self {
        Self {
            max_query_string: 65_534,
            max_url: 65_534,
            max_allowed_content_length: 30_000_000,
            allow_double_escaping: false,
            denied_extensions: Vec::new(),
            denied_sequences: Vec::new(),
            denied_verbs: Vec::new(),
        }
    }
}

/// The web site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// Whether it is started.
    pub state: Service,
    /// The host name of its bindings; empty: any.
    pub host_name: String,
}

/// The application `CertSrv/mscep`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MscepApplication {
    /// Whether the role was configured, so that the application is there.
    pub present: bool,
    /// Who may send requests.
    pub authentication: Authentication,
    /// Whether ISAPI and CGI Restrictions allow mscep.dll.
    pub isapi_allowed: bool,
    /// Its `web.config`, and what it inherits.
    pub configuration: Configuration,
    /// Whether `ExtensionlessUrlHandler-ISAPI-4.0_64bit` stands before `StaticFile`, as the set-up of
    /// the certificate enrolment web services leaves it.
    pub extensionless_handler_first: bool,
    /// Whether it wants TLS.
    pub require_ssl: bool,
    /// Whether it wants a client certificate.
    pub client_certificate: ClientCertificates,
    /// IP Address and Domain Restrictions, and Dynamic IP Restrictions.
    pub ip_restrictions: IpRestrictions,
}

impl Default for MscepApplication {
    fn default() -> Self {
        Self {
            present: true,
            authentication: Authentication::default(),
            isapi_allowed: true,
            configuration: Configuration::default(),
            extensionless_handler_first: false,
            require_ssl: false,
            client_certificate: ClientCertificates::default(),
            ip_restrictions: IpRestrictions::default(),
        }
    }
}

/// The configuration of an application.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Configuration {
    /// It can be read.
    #[default]
    Valid,
    /// It is not well-formed.
    Malformed,
    /// It has a section that is locked above.
    LockedSection,
}

/// Whether an application wants client certificates.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificates {
    /// No.
    #[default]
    Ignore,
    /// It takes them.
    Accept,
    /// Without one there is no access.
    Require,
}

/// Who may send requests, by address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IpRestrictions {
    /// Addresses that may not, as text.
    pub denied: Vec<String>,
    /// Most requests of one address in five seconds; zero: no bound.
    pub max_requests: usize,
}

/// The application `CertSrv/mscep_admin`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminApplication {
    /// What its Windows authentication offers.
    pub schemes: WindowsSchemes,
    /// Whether a Kerberos ticket for the host name can be decrypted: the service principal name is
    /// registered for the pool's account, or kernel-mode authentication uses its credentials.
    pub kerberos_works: Kerberos,
}

/// Schemes of Windows authentication.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WindowsSchemes {
    /// Negotiate and NTLM, Windows' default.
    #[default]
    NegotiateAndNtlm,
    /// NTLM only.
    NtlmOnly,
    /// The default, and Basic.
    WithBasic,
}

/// The service principal name of the pool's account.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kerberos {
    /// It is registered rightly.
    #[default]
    Registered,
    /// It is missing, or registered for another account.
    WrongPrincipal,
}

/// An authentication scheme of IIS.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// Anybody.
    #[default]
    Anonymous,
    /// Windows accounts (Negotiate, NTLM).
    Windows,
}

/// The application pool `SCEP`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// A DLL of another product in the worker process, such as one of endpoint protection.
    pub injected_module: InjectedModule,
    /// `queueLength`: requests that wait for the worker process, at most.
    pub queue_length: usize,
}

impl Default for ScepPool {
    fn default() -> Self {
        Self {
            state: PoolState::default(),
            load_user_profile: true,
            idle_timeout: Period::default(),
            periodic_restart: Period::default(),
            injected_module: InjectedModule::default(),
            queue_length: 1000,
        }
    }
}

/// What somebody else's DLL does in the worker process.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum InjectedModule {
    /// There is none.
    #[default]
    None,
    /// It runs over the end of a buffer when a request has a body.
    Faulty,
}

/// What an administrator has made of a pool.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PoolState {
    /// Started.
    #[default]
    Started,
    /// Stopped.
    Stopped,
}
