//! Enrolls a certificate at a SCEP server.
//!
//! `cargo run --example enroll`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use scep_client::enroll::{EnrollOptions, Outcome, enroll};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::client::{CaTrust, EnrollmentParams};
use scep_core::crypto::{KeyType, SystemRandom, default_provider};
use scep_core::x509::Name;
use scep_server_mock::MockNdes;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // in the field this is somebody's NDES; here it is a simulated one on a free port
    let ndes = MockNdes::start().await?;
    let [root, _issuing] = ndes.ca_certificates();

    // the key that is to be certified; keep it before anything is sent
    let provider = default_provider();
    let pkcs8 = provider.generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)?;
    let key = provider.load_private_key(&pkcs8)?;

    // SCEP has no way to know the right CA but to be told: by its certificate, or its fingerprint
    let trust = CaTrust::Sha256(root.sha256(provider.as_ref())?);
    let subject = Name::from_rfc4514("CN=printer-01,O=Contoso")?;
    let mut params = EnrollmentParams::new(ndes.url(), trust, key, subject);
    params.challenge = ndes.issue_challenge()?;

    let network = HyperNetwork::new(TrustStore::system());
    let done = enroll(&network, provider, params, &EnrollOptions::default()).await?;
    match done.outcome {
        Outcome::Issued(issued) => {
            let certificate = &issued.certificate;
            println!("issued: {}", certificate.subject());
            println!("by:     {}", certificate.issuer());
            println!("serial: {}", certificate.serial_hex());
        }
        // to be saved with `state.save(path)`, and polled another day
        Outcome::Pending(state) => println!("pending: {}", state.transaction.transaction_id),
        Outcome::Refused(refusal) => return Err(format!("refused: {:?}", refusal.fail_info).into()),
    }
    println!("{} exchanges", done.observations.items.len());
    Ok(())
}
