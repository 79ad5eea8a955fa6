//! Finds out from outside what is wrong with a SCEP server.
//!
//! `cargo run --example diagnose`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use scep_client::diagnose::{DiagnoseOptions, diagnose};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::crypto::default_provider;
use scep_failures::Catalogue;
use scep_server_mock::MockNdes;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // a deployment whose NDES crashed so often that Windows has switched its pool off
    let ndes = MockNdes::builder()
        .with_failure("httpsys-503-pool-stopped")
        .start()
        .await?;

    // the default is read-only: no request for a certificate is sent
    let network = HyperNetwork::new(TrustStore::system());
    let report = diagnose(
        &network,
        default_provider(),
        Catalogue::builtin(),
        &ndes.url(),
        &DiagnoseOptions::default(),
    )
    .await?;

    let diagnosis = &report.diagnosis;
    let symptom = diagnosis.symptom.as_ref().ok_or("nothing was recognized")?;
    println!("{}: {}", symptom.id, symptom.title);
    for evidence in &diagnosis.evidence {
        println!("  because {} {:?}", evidence.text, evidence.observations);
    }
    // what looks the same from outside is told apart by one check each
    for mode in &diagnosis.failure_modes {
        println!("  {}. {}: {}", mode.rank, mode.id, mode.decided_by);
    }
    println!("{} requests were sent", diagnosis.footprint.requests);
    Ok(())
}
