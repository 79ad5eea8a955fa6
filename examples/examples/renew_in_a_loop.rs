//! Keeps a certificate fresh: renews it when two thirds of its life are over, with a new key each time.
//!
//! `cargo run --example renew_in_a_loop`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use scep_client::Network as _;
use scep_client::enroll::{EnrollOptions, Outcome, enroll};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::client::{CaTrust, EnrollmentParams, Renewal, Signer};
use scep_core::crypto::{KeyType, SystemRandom, default_provider};
use scep_core::x509::Name;
use scep_server_mock::MockNdes;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ndes = MockNdes::start().await?;
    let [root, _issuing] = ndes.ca_certificates();
    let provider = default_provider();
    let network = HyperNetwork::new(TrustStore::system());
    let trust = CaTrust::Sha256(root.sha256(provider.as_ref())?);
    let subject = Name::from_rfc4514("CN=printer-01,O=Contoso")?;
    let mut current: Option<Signer> = None;

    // a service has no end
    for _ in 0..3 {
        let pkcs8 = provider.generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)?;
        let key = provider.load_private_key(&pkcs8)?;
        let mut params =
            EnrollmentParams::new(ndes.url(), trust.clone(), key.clone(), subject.clone());
        match current.take() {
            // the present certificate speaks for its owner, so no challenge password is needed
            Some(signer) => params.renewal = Some(Renewal::new(signer)),
            None => params.challenge = ndes.issue_challenge()?,
        }
        let done = enroll(
            &network,
            provider.clone(),
            params,
            &EnrollOptions::default(),
        )
        .await?;
        let Outcome::Issued(issued) = done.outcome else {
            return Err("there is no certificate: try again, with the present one".into());
        };
        let certificate = issued.certificate;
        let (from, until) = (certificate.not_before(), certificate.not_after());
        let due = from.plus(until.since(from) * 2 / 3).since(network.now());
        println!(
            "serial {}, due in {} days",
            certificate.serial_hex(),
            due.as_secs() / 86_400
        );
        current = Some(Signer::new(certificate, key)?);
        // tokio::time::sleep(due).await; but an example does not wait for months
    }
    Ok(())
}
