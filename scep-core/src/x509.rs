//! Certificates, certification requests and CRLs, kept as the octets that were received.
//!
//! Signatures are verified over those octets; nothing is re-encoded. Reading is tolerant (X.509 v1,
//! serial numbers of any length, odd string types), because SCEP clients really send such
//! certificates to sign with.

mod certificate;
mod certificate_builder;
mod crl;
mod crl_builder;
mod csr;
mod csr_builder;
mod extension;
mod key_usage;
mod name;
mod name_text;
pub mod pem;
mod signed;

pub use certificate::Certificate;
pub use certificate_builder::CertificateBuilder;
pub use crl::{Crl, RevokedCertificate};
pub use crl_builder::CrlBuilder;
pub use csr::CertificationRequest;
pub use csr_builder::CertificationRequestBuilder;
pub use extension::{Extension, GeneralName};
pub use key_usage::KeyUsage;
pub use name::Name;
pub use signed::ToBeSigned;
pub(crate) use signed::scheme_for;
