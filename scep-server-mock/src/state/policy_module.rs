//! The Intune policy module, the certificate registration point, and the stores they rely on.

use serde::{Deserialize, Serialize};

use super::{Authentication, CertificateState, Period};

/// The policy module of the old Intune certificate connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyModule {
    /// Whether it is registered below `MSCEP\Modules`.
    pub installed: bool,
    /// Whether its DLL lies where the registration says.
    pub dll_present: bool,
    /// `NDESCertThumbprint`: which certificate the module looks for.
    pub thumbprint: Thumbprint,
    /// The certificate registration point on the same server.
    pub crp: Crp,
    /// The client certificate that the module shows to the registration point.
    pub client_certificate: CertificateState,
}

impl Default for PolicyModule {
    fn default() -> Self {
        Self {
            installed: false,
            dll_present: true,
            thumbprint: Thumbprint::default(),
            crp: Crp::default(),
            client_certificate: CertificateState::default(),
        }
    }
}

/// Which certificate `NDESCertThumbprint` names.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Thumbprint {
    /// The one in use.
    #[default]
    Current,
    /// The one before it was renewed.
    Previous,
}

/// The web application `CertificateRegistrationSvc`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Crp {
    /// Its IIS authentication; the module brings a client certificate, no Windows account.
    pub authentication: Authentication,
    /// How its web site stands.
    pub site: CrpSite,
    /// Whether its pool's account may write to `C:\Windows\Temp`, where ASP.NET compiles.
    pub temp_writable: bool,
}

impl Default for Crp {
    fn default() -> Self {
        Self {
            authentication: Authentication::default(),
            site: CrpSite::default(),
            temp_writable: true,
        }
    }
}

/// How the web site of the registration point stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum CrpSite {
    /// It runs, and its TLS certificate has the server's own name.
    #[default]
    Running,
    /// It is stopped.
    Stopped,
    /// Its TLS certificate has the public name only.
    PublicNameOnly,
}

/// Certificate stores of the NDES server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Windows {
    /// Subjects of CA certificates that somebody put into Trusted Root Certification Authorities.
    /// That of the lab's issuing CA stands for its certificate; other names for CAs below the
    /// lab's root.
    pub root_store_intermediates: Vec<String>,
    /// `netsh winhttp show proxy`, as SYSTEM and the service accounts have it.
    pub winhttp_proxy: WinhttpProxy,
    /// How far the machine's clock is ahead.
    pub clock_ahead: Period,
}

/// The machine's proxy for services.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WinhttpProxy {
    /// Direct access, which is right here.
    #[default]
    Direct,
    /// A proxy that does not exist any more.
    Gone,
}
