//! `scep mock --data`: what happens when the process is killed in the middle of its work.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scep_client::enroll::{EnrollOptions, Outcome, enroll};
use scep_client::net::{HyperNetwork, TrustStore};
use scep_core::client::{CaTrust, EnrollmentParams, TransactionIdChoice};
use scep_core::crypto::{KeyType, PrivateKey, SystemRandom, default_provider};
use scep_core::message::ChallengePassword;
use scep_core::x509::Name;

use crate::support::Mock;

/// How often it is killed.
const ROUNDS: u64 = 8;
/// How many certificates it issues at least before that.
const EACH: usize = 3;

/// Enrolls again and again, and notes the serial number of everything that came.
async fn load(url: String, key: Arc<dyn PrivateKey>, got: Arc<Mutex<BTreeSet<String>>>) {
    let network = HyperNetwork::new(TrustStore::empty());
    loop {
        let subject = Name::from_rfc4514("CN=device").unwrap();
        let mut params = EnrollmentParams::new(&url, CaTrust::FirstSeen, Arc::clone(&key), subject);
        params.challenge = Some(ChallengePassword::new("one for all"));
        params.transaction_id = TransactionIdChoice::Random;
        let options = EnrollOptions::default();
        let done = enroll(&network, default_provider(), params, &options).await;
        match done.map(|done| done.outcome) {
            Ok(Outcome::Issued(issued)) => {
                got.lock().unwrap().insert(issued.certificate.serial_hex());
            }
            Ok(other) => panic!("{other:?}"),
            // it has been killed
            Err(_) => return,
        }
    }
}

#[test]
fn a_mock_that_is_killed_at_work_loses_no_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("lab");
    let password = folder.path().join("password.txt");
    std::fs::write(&password, "one for all\n").unwrap();
    let arguments = [
        "--data",
        data.to_str().unwrap(),
        "--profile",
        "plain",
        "--challenge",
        &format!("static:{}", password.display()),
    ];
    let provider = default_provider();
    let der = provider
        .generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)
        .unwrap();
    let key = provider.load_private_key(&der).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let got = Arc::new(Mutex::new(BTreeSet::new()));
    let mut pin = None;
    for round in 0..ROUNDS {
        let mock = Mock::start(&arguments);
        let same = pin.get_or_insert_with(|| mock.pin().to_owned());
        assert_eq!(mock.pin(), same, "the CA is the same");
        let kept: Vec<serde_json::Value> =
            serde_json::from_str(&mock.control("GET", "/issued", "")).unwrap();
        let kept: BTreeSet<String> = kept
            .iter()
            .map(|issued| issued["serial"].as_str().unwrap().to_owned())
            .collect();
        let lost: Vec<String> = got.lock().unwrap().difference(&kept).cloned().collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} of {}", kept.len());
        let url = mock.url().to_owned();
        let work = runtime.spawn(load(url, Arc::clone(&key), Arc::clone(&got)));
        // it is at work, however slow this machine is; then another moment each time
        let before = got.lock().unwrap().len();
        while got.lock().unwrap().len() < before + EACH {
            assert!(!work.is_finished(), "round {round}: nothing is issued");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(round * 7));
        drop(mock);
        runtime.block_on(work).unwrap();
    }
}
