//! Enrolls a key that this program does not have: an HSM, a TPM or a key service signs and decrypts.
//!
//! `cargo run --example key_elsewhere`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod by_hand;
mod key_holder;
mod private_key;

use std::sync::Arc;

use key_holder::KeyHolder;
use scep_client::enroll::{EnrollOptions, Outcome, enroll};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::client::{CaTrust, EnrollmentParams};
use scep_core::crypto::default_provider;
use scep_core::x509::Name;
use scep_server_mock::MockNdes;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ndes = MockNdes::start().await?;
    let [root, _issuing] = ndes.ca_certificates();
    let key = Arc::new(KeyHolder::start()?);

    // whoever implements `PrivateKey` enrolls; each order is carried out where the key is
    let trust = CaTrust::Certificate(Box::new(root.clone()));
    let subject = Name::from_rfc4514("CN=router-01,O=Contoso")?;
    let mut params = EnrollmentParams::new(ndes.url(), trust, key.clone(), subject);
    params.challenge = ndes.issue_challenge()?;
    let network = HyperNetwork::new(TrustStore::system());
    let done = enroll(
        &network,
        default_provider(),
        params,
        &EnrollOptions::default(),
    )
    .await?;
    if let Outcome::Issued(issued) = done.outcome {
        println!("issued: {}", issued.certificate.subject());
    }

    // where a signature takes its time, messages are made in two steps, and nothing blocks
    let message = by_hand::pkcs_req(&key, &ndes).await?;
    println!("made by hand: {} octets", message.len());
    Ok(())
}
