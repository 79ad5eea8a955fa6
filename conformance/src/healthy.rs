//! A subject for the server suite that needs nothing else: the mock, in this process, on virtual time.

use std::sync::Arc;
use std::time::Duration;

use scep_client::random::SharedRandom;
use scep_core::crypto::CryptoProvider;
use scep_core::message::ChallengePassword;
use scep_server_mock::MockNdes;

use crate::closed_loop::START;
use crate::loopback::Loopback;
use crate::server_suite::{Challenges, Keys, Subject};

/// A deployment in which nothing is wrong, and the suite's devices.
pub struct Healthy {
    network: Loopback,
    keys: Keys,
    provider: Arc<dyn CryptoProvider>,
}

impl std::fmt::Debug for Healthy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Healthy").finish_non_exhaustive()
    }
}

impl Healthy {
    /// The mock with this profile.
    ///
    /// # Errors
    /// In words, if there is no such profile.
    pub fn new(
        profile: &str,
        provider: Arc<dyn CryptoProvider>,
        keys: Keys,
    ) -> Result<Self, String> {
        let state = "ndes.registry.password_max = 1000"
            .parse()
            .map_err(|e| format!("{e}"))?;
        let host = MockNdes::builder()
            .with_seed(1)
            .with_profile(profile)
            // many checks do not use up the password that they fetch
            .with_state(state)
            .in_memory(START)
            .map_err(|e| e.to_string())?;
        Ok(Self {
            network: Loopback::new(host).map_err(|e| e.to_string())?,
            keys,
            provider,
        })
    }

    /// It, for the suite.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            network: &self.network,
            url: self.network.host().scep_url(),
            ca_sha256: None,
            challenges: self,
            provider: Arc::clone(&self.provider),
            keys: &self.keys,
            random: SharedRandom::default(),
            expired: None,
            patience: Duration::from_secs(30),
            check_patience: Duration::from_secs(600),
        }
    }
}

#[async_trait::async_trait]
impl Challenges for Healthy {
    async fn next(&self) -> Option<ChallengePassword> {
        self.network.host().issue_challenge().ok().flatten()
    }
}
