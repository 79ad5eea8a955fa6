//! Probes of how else to ask: under the other paths of NDES, and with a CA identifier.
//!
//! Where the path that was given is not found, a spelling mistake and an extension that request filtering
//! denies look alike otherwise. Where it works, devices may still ask under the other one: Intune's go to
//! `mscep.dll/pkiclient.exe`, some administrators enter `mscep.dll`.

use scep_core::capabilities::Capabilities;
use scep_core::http::Operation;
use scep_failures::observation::Purpose;

use super::run::Run;

/// What Windows' clients send.
const ANY_CA: &str = "SCEP Authority";

impl Run<'_> {
    /// Asks for the capabilities elsewhere, until somebody gives them; where they are known, under the
    /// other of the two usual paths only.
    pub(super) async fn other_paths(&mut self) {
        let paths = match self.capabilities_status {
            Some(200) => self.target.twin.clone().into_iter().collect(),
            Some(403 | 404) => self.target.other_paths.clone(),
            _ => Vec::new(),
        };
        for url in paths {
            let url = Operation::GetCaCaps.url(&url, self.options.ca_identifier.as_deref());
            let response = self.get(Purpose::OtherPath, &url).await;
            let found = response
                .is_some_and(|r| r.status == 200 && !Capabilities::parse(&r.body).is_empty());
            if found {
                break;
            }
        }
    }

    /// Asks with a CA identifier, where none was given: a server with several CAs may want one, and
    /// most servers take any.
    pub(super) async fn other_identifier(&mut self) {
        let unclear = matches!(self.capabilities_status, Some(200 | 400 | 404));
        if !unclear || self.options.ca_identifier.is_some() {
            return;
        }
        let url = Operation::GetCaCaps.url(&self.target.base, Some(ANY_CA));
        self.get(Purpose::OtherIdentifier, &url).await;
    }
}
