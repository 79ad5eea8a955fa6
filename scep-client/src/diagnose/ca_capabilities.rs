//! Probe of GetCACaps.

use scep_core::http::Operation;
use scep_failures::observation::Purpose;

use super::run::Run;

impl Run<'_> {
    pub(super) async fn ca_capabilities(&mut self) {
        let url = self.operation_url(Operation::GetCaCaps);
        self.capabilities = self
            .get(Purpose::GetCaCaps, &url)
            .await
            .filter(|r| r.status == 200);
    }
}
