//! What every transaction is told about the server.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::capabilities::Capability;
use crate::limits::Limits;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;

/// Where the server is, how its CA is recognised, and how to talk to it.
#[derive(Clone, Debug)]
pub struct ServerParams {
    /// The SCEP URL without query.
    pub url: String,
    /// CA identifier, sent as `message=` of GetCACert and GetCACaps.
    pub ca_identifier: Option<String>,
    /// How the CA is recognised.
    pub trust: CaTrust,
    /// Algorithms to send and to accept.
    pub policy: AlgorithmPolicy,
    /// GET or POST for PKIOperation.
    pub method: MethodChoice,
    /// Whether a certificate whose extended key usage does not say so may be taken for the RA's, where
    /// nothing else can be encrypted to ([`CaRoles::ra_is_assumed`](crate::ca_certificates::CaRoles));
    /// the deviation `ra-is-assumed` is noted then. Refuse it at a CA that issues certificates without
    /// extended key usage to devices: a forged reply could have one of theirs in the RA's place.
    pub assume_ra: bool,
    /// Whether it is asked for GetCACaps at all: there are old ones that cut the connection.
    pub asks_capabilities: bool,
    /// What is not believed of its GetCACaps.
    pub disbelieved: Vec<Capability>,
    /// What it can do though its GetCACaps does not say so.
    pub assumed: Vec<Capability>,
    /// Bounds on what is read.
    pub limits: Limits,
}

impl ServerParams {
    /// A server with the defaults: RFC 8894 algorithms, method by capabilities.
    #[must_use]
    pub fn new(url: impl Into<String>, trust: CaTrust) -> Self {
        Self {
            url: url.into(),
            ca_identifier: None,
            trust,
            policy: AlgorithmPolicy::RFC8894,
            method: MethodChoice::default(),
            assume_ra: true,
            asks_capabilities: true,
            disbelieved: Vec::new(),
            assumed: Vec::new(),
            limits: Limits::DEFAULT,
        }
    }
}

/// How the CA is recognised (RFC 8894 section 2.2).
#[derive(Clone, Debug)]
pub enum CaTrust {
    /// SHA-256 fingerprint of the certificate of the CA: the root, or the issuing CA.
    Sha256([u8; 32]),
    /// The CA's certificate itself.
    Certificate(Box<Certificate>),
    /// Whatever the server presents first: open to anyone in the middle.
    FirstSeen,
}

/// GET or POST for PKIOperation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum MethodChoice {
    /// POST if the server says `POSTPKIOperation` (or `SCEPStandard`), else GET.
    #[default]
    ByCapabilities,
    /// Always GET.
    Get,
    /// Always POST.
    Post,
}
