//! Names in the simulated organisation. Facts of the lab, in one place.

/// The NDES server.
pub const NDES_HOST: &str = "ndes.lab.example";
/// The web server that publishes CRLs.
pub const PKI_HOST: &str = "pki.lab.example";
/// The name under which the application proxy publishes NDES.
pub const PROXY_HOST: &str = "scep.lab.example";
/// What the published name is an alias of.
pub const PROXY_CNAME: &str = "scep-lab.msappproxy.net";
/// An old web server of the organisation.
pub const OLD_WEB_HOST: &str = "www.lab.example";
/// What every application of the proxy has below its name.
pub const PROXY_DOMAIN: &str = ".msappproxy.net";
/// The captive portal of the network that a client is in.
pub const PORTAL_HOST: &str = "portal.guest.example";
/// File name of the CA that issued the certificate of the TLS binding.
pub const TLS_ISSUER_FILE: &str = "Public-Web-Issuing-CA.crt";
/// The account that the SCEP application pool runs as.
pub const SERVICE_ACCOUNT: &str = "svc-ndes";
/// The NetBIOS name of the domain.
pub const DOMAIN: &str = "LAB";
/// The computer name in event logs.
pub const COMPUTER: &str = "NDES.lab.example";
/// The administrator who may fetch challenge passwords from the NDES admin page.
pub const ADMIN_USER: &str = "LAB\\ndes-admin";
/// That administrator's password; the deployment is a test server.
pub const ADMIN_PASSWORD: &str = "ndes-admin";
/// What that administrator's browser sends with a Kerberos ticket for the host.
pub const ADMIN_TICKET: &str = "Negotiate bGFiLXRpY2tldA==";
/// Configuration string of the issuing CA.
pub const CA_CONFIG: &str = "CA01.lab.example\\Lab Issuing CA";
/// The SCEP application pool.
pub const SCEP_POOL: &str = "SCEP";
/// Path of the SCEP URL.
pub const SCEP_PATH: &str = "/certsrv/mscep/mscep.dll";
/// Path of the NDES admin page.
pub const ADMIN_PATH: &str = "/certsrv/mscep_admin/";
/// File name of the issuing CA's CRL at the distribution point.
pub const CRL_FILE: &str = "Lab-Issuing-CA.crl";
/// File name of the CRL by the key that the issuing CA got when it was renewed.
pub const RENEWED_CRL_FILE: &str = "Lab-Issuing-CA(1).crl";
/// File name of the issuing CA's delta CRL.
pub const DELTA_CRL_FILE: &str = "Lab-Issuing-CA+.crl";
/// File name of the root CA's CRL at the distribution point.
pub const ROOT_CRL_FILE: &str = "Lab-Root-CA.crl";
