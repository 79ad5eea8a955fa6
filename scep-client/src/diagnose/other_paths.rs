//! Probes of how else to ask: of the other paths under which NDES answers, where the one that was given is not found: a path
//! with a spelling mistake, and an extension that request filtering denies, look alike otherwise.

use scep_core::capabilities::Capabilities;
use scep_core::http::Operation;
use scep_failures::observation::Purpose;

use super::run::Run;

/// What Windows' clients send.
const ANY_CA: &str = "SCEP Authority";

impl Run<'_> {
    /// Asks for the capabilities elsewhere, until somebody gives them.
    pub(super) async fn other_paths(&mut self) {
        if !matches!(self.capabilities_status, Some(403 | 404)) {
            return;
        }
        for url in self.target.other_paths.clone() {
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
        let unclear = matches!(self.capabilities_status, Some(400 | 404));
        if !unclear || self.options.ca_identifier.is_some() {
            return;
        }
        let url = Operation::GetCaCaps.url(&self.target.base, Some(ANY_CA));
        self.get(Purpose::OtherIdentifier, &url).await;
    }
}
