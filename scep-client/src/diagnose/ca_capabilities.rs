//! Probe of GetCACaps.

use scep_core::http::Operation;
use scep_failures::observation::Purpose;

use super::run::Run;

impl Run<'_> {
    pub(super) async fn ca_capabilities(&mut self) {
        let url = self.operation_url(Operation::GetCaCaps);
        let response = self.get(Purpose::GetCaCaps, &url).await;
        self.capabilities_status = response.as_ref().map(|r| r.status);
        self.capabilities = response.filter(|r| r.status == 200);
    }
}
