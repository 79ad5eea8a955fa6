//! Probe of GetCACert: several times and from every address, because nodes may differ.

use scep_core::ca_certificates::CaCertificates;
use scep_core::http::Operation;
use scep_failures::observation::Purpose;

use super::run::Run;

impl Run<'_> {
    pub(super) async fn ca_certificates(&mut self) {
        let url = self.operation_url(Operation::GetCaCert);
        let nodes = self.reachable.clone();
        // several times also where there is one address: a load balancer may stand behind it
        let asks = self.options.ca_certificate_asks.max(1).max(nodes.len());
        for ask in 0..asks {
            let node = nodes.get(ask % nodes.len().max(1)).copied();
            let response = self.get_from(Purpose::GetCaCert, &url, node).await;
            let usable = response
                .filter(|r| r.status == 200)
                .filter(|r| CaCertificates::from_response(&r.body).is_ok());
            if self.ca_certificates.is_none() {
                self.ca_certificates = usable;
            }
            // asking a server that fails again and again would show the same
            if self.ca_certificates.is_none() && nodes.len() <= 1 {
                break;
            }
        }
    }
}
