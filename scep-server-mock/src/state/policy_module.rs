//! The Intune policy module, the certificate registration point, and the stores they rely on.

use serde::{Deserialize, Serialize};

use super::{Authentication, CertificateState};

/// The policy module of the old Intune certificate connector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyModule {
    /// Whether it is registered below `MSCEP\Modules`.
    pub installed: bool,
    /// The certificate registration point on the same server.
    pub crp: Crp,
    /// The client certificate that the module shows to the registration point.
    pub client_certificate: CertificateState,
}

/// The web application `CertificateRegistrationSvc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crp {
    /// Its IIS authentication; the module brings a client certificate, no Windows account.
    pub authentication: Authentication,
}

/// Certificate stores of the NDES server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Windows {
    /// Subjects of CA certificates that somebody put into Trusted Root Certification Authorities.
    /// That of the lab's issuing CA stands for its certificate; other names for CAs below the
    /// lab's root.
    pub root_store_intermediates: Vec<String>,
}
