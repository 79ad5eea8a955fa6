//! This project's own client, as it is checked in this process.

use std::sync::Arc;
use std::time::Duration;

use scep_client::Network;
use scep_client::enroll::{EnrollOptions, Outcome, enroll};
use scep_core::client::{CaTrust, EnrollmentParams};
use scep_core::crypto::{CryptoProvider, PrivateKey};
use scep_core::message::ChallengePassword;
use scep_core::x509::Name;

use super::{Client, End, Target};

/// `scep-client`.
pub struct OwnClient<'n> {
    /// How it reaches the cases.
    pub network: &'n dyn Network,
    /// The crypto library.
    pub provider: Arc<dyn CryptoProvider>,
    /// Its key.
    pub key: Arc<dyn PrivateKey>,
    /// How long it polls.
    pub wait: Duration,
}

impl std::fmt::Debug for OwnClient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnClient").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Client for OwnClient<'_> {
    fn name(&self) -> String {
        "scep-client".to_owned()
    }

    async fn enroll(&self, target: &Target) -> End {
        let subject = match Name::from_rfc4514("CN=device-1,O=Suite") {
            Ok(subject) => subject,
            Err(e) => return End::Refused(e.to_string()),
        };
        let trust = CaTrust::Certificate(Box::new(target.ca.clone()));
        let key = Arc::clone(&self.key);
        let mut params = EnrollmentParams::new(target.url.as_str(), trust, key, subject);
        params.challenge = Some(ChallengePassword::new(target.challenge.as_str()));
        let mut options = EnrollOptions::default();
        options.wait = self.wait;
        let provider = Arc::clone(&self.provider);
        match enroll(self.network, provider, params, &options).await {
            Ok(enrolled) => match enrolled.outcome {
                Outcome::Issued(_) => End::Accepted,
                Outcome::Pending(_) => End::Refused("still pending".to_owned()),
                Outcome::Refused(refusal) => End::Refused(format!("{:?}", refusal.fail_info)),
            },
            Err(failed) => {
                let source = std::error::Error::source(&failed);
                End::Refused(source.map_or_else(|| failed.to_string(), ToString::to_string))
            }
        }
    }
}
