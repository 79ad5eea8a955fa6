//! The deployment's settings: what an administrator could set, or a certificate could contain.
//!
//! Never an outcome. There is no `ndes_fails`: NDES fails because its RA certificate has expired,
//! and the page that a client then sees follows from that. Every field has the value of a healthy
//! NDES without Intune by [`Default`].

use serde::{Deserialize, Serialize};

mod app_proxy;
mod ca;
mod certificate;
mod client_network;
mod device_profile;
mod dns;
mod front_end;
mod http_sys;
mod iis;
mod intune;
mod load;
mod ndes;
mod period;
mod policy_module;
mod third_party;
mod tls;

pub use app_proxy::{AppProxy, Connector, Egress, Preauthentication};
pub use ca::{Ca, CertificateDigest, Crl, DeltaCrl, MinimumDigest, RootCrl, Template};
pub use certificate::{CertificateIssuer, CertificateState, KeyKind, KeyProvider, Purpose};
pub use client_network::{ClientNetwork, EgressProxy, NetworkPath};
pub use device_profile::{DeviceProfile, TrustedRoot};
pub use dns::{Dns, DnsRecord};
pub use front_end::{FrontEnd, FrontEndKind, HealthProbe, WafRule};
pub use http_sys::HttpSys;
pub use iis::{
    AdminApplication, Authentication, ClientCertificates, Configuration, ErrorResponseMode, Iis,
    InjectedModule, IpRestrictions, Kerberos, MscepApplication, PoolState, RequestFiltering,
    ScepPool, Site, WindowsSchemes,
};
pub use intune::{ConnectorKind, Intune, IntuneConnector, ScepProfile};
pub use load::Load;
pub use ndes::{Challenge, ChallengeMode, Ndes, Registry, ServiceAccount};
pub use period::Period;
pub use policy_module::{Crp, CrpSite, PolicyModule, Thumbprint, Windows, WinhttpProxy};
pub use third_party::{AppService, EndEntity, ThirdParty};
pub use tls::{Tls, TlsChain, TlsIssuer, TlsVersions};

/// Every setting of the simulated deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// What the device management tells devices.
    pub device_profile: DeviceProfile,
    /// What lies between the client and the published name.
    pub client_network: ClientNetwork,
    /// The published name in DNS.
    pub dns: Dns,
    /// A reverse proxy or load balancer, if the deployment is published by one.
    pub front_end: FrontEnd,
    /// Microsoft Entra application proxy, if the deployment is published by it.
    pub app_proxy: AppProxy,
    /// The TLS binding that clients meet.
    pub tls: Tls,
    /// Registry values of the kernel's HTTP server.
    pub http_sys: HttpSys,
    /// IIS: request filtering, authentication, the SCEP application pool.
    pub iis: Iis,
    /// NDES itself: account, RA certificates, registry.
    pub ndes: Ndes,
    /// The Intune policy module and the certificate registration point (old connector).
    pub policy_module: PolicyModule,
    /// Microsoft Intune, and its connector on the NDES server.
    pub intune: Intune,
    /// Stores of the NDES server's Windows.
    pub windows: Windows,
    /// The issuing CA.
    pub ca: Ca,
    /// The issuing CA's CRL and the web server that publishes it.
    pub crl: Crl,
    /// The root CA's CRL, at the same place.
    pub root_crl: RootCrl,
    /// What other devices send at the same time.
    pub load: Load,
    /// Where devices get their challenge passwords from.
    pub challenge: Challenge,
    /// What a server of another vendor has to do with, if the profile is one.
    pub third_party: ThirdParty,
}

/// Whether a service or pool runs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// It runs.
    #[default]
    Running,
    /// It is stopped.
    Stopped,
}

impl Service {
    /// Whether it runs.
    #[must_use]
    pub fn is_running(self) -> bool {
        self == Self::Running
    }
}
