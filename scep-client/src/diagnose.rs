//! Looks at a SCEP server from outside and says what is wrong with it.
//!
//! Read-only unless told otherwise: [`Level::Request`] sends a signed request with a challenge
//! password that is known to be wrong, [`Level::Enroll`] asks for a certificate. The
//! diagnosis ends with a footprint: what was sent, what was issued, what stays behind on the server.

mod address;
mod ca_certificates;
mod crl;
mod enrollment;
mod first_look;
mod long_url;
mod options;
mod other_paths;
mod pki_operation;
mod run;
mod target;
mod tls;

use std::sync::Arc;

use scep_core::crypto::CryptoProvider;
use scep_core::policy::AlgorithmPolicy;
use scep_failures::observation::Observations;
use scep_failures::{Catalogue, Diagnosis, classify};

use crate::network::Network;
use crate::{Error, Result};

/// A diagnosis reads whatever is in the field, and sends what NDES is known to take.
const POLICY: AlgorithmPolicy = AlgorithmPolicy {
    name: "diagnosis",
    read_digests: AlgorithmPolicy::LEGACY.read_digests,
    read_ciphers: AlgorithmPolicy::LEGACY.read_ciphers,
    ..AlgorithmPolicy::NDES
};

pub use options::{DiagnoseOptions, EnrollProbe, Tamper, Timeouts};
pub use scep_failures::Level;

/// What came out of a diagnosis.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// Everything that was seen.
    pub observations: Observations,
    /// What it means, and what it did to the server.
    pub diagnosis: Diagnosis,
    /// What did not work on this side (the memory's file, say) without ending the diagnosis.
    pub local_errors: Vec<Error>,
}

/// Probes `url`, from cheap to invasive, and classifies what was seen.
///
/// A probe that needs something that is broken is noted as skipped, with the reason. Redirects are
/// noted and never followed.
///
/// # Example: what is wrong with it?
///
/// ```no_run
/// use scep_client::diagnose::{DiagnoseOptions, diagnose};
/// use scep_client::net::{HyperNetwork, TrustStore};
/// use scep_failures::Catalogue;
///
/// # async fn example() -> scep_client::Result<()> {
/// let network = HyperNetwork::new(TrustStore::system());
/// let provider = scep_core::crypto::default_provider();
/// let url = "https://ndes.example/certsrv/mscep/mscep.dll";
/// let options = DiagnoseOptions::default();
/// let report = diagnose(&network, provider, Catalogue::builtin(), url, &options).await?;
/// if let Some(symptom) = report.diagnosis.symptom {
///     println!("{}: {}", symptom.id, symptom.title);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `Misuse` if `url` is not an http or https URL, `Scep` if no key can be made for a request;
/// whatever the server does is not an error but an observation.
pub async fn diagnose(
    network: &dyn Network,
    provider: Arc<dyn CryptoProvider>,
    catalogue: &Catalogue,
    url: &str,
    options: &DiagnoseOptions,
) -> Result<Report> {
    let seen = run::run(network, provider, url, options).await?;
    let diagnosis = classify(catalogue, &seen.observations);
    Ok(Report {
        observations: seen.observations,
        diagnosis,
        local_errors: seen.local_errors,
    })
}
