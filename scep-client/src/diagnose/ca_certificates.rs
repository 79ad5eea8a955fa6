//! More probes of GetCACert: several times and from every address, because nodes may differ.

use scep_core::http::Operation;
use scep_failures::observation::Purpose;

use super::first_look::usable;
use super::run::Run;
use crate::network::HttpRequest;

impl Run<'_> {
    /// The first look has asked the first address once.
    pub(super) async fn ca_certificates(&mut self) {
        let nodes = self.reachable.clone();
        // one operation answered and the other not: perhaps it is now and then
        let mixed = self.capabilities.is_some() != self.ca_certificates.is_some();
        // 503 is what a pool that is off says, and one whose queue is full at the moment
        let unclear = mixed || self.capabilities_status == Some(503);
        // asking a server that fails again and again would show the same
        let in_vain = self.ca_certificates.is_none() && nodes.len() <= 1 && !unclear;
        if self.blocked.is_some() || in_vain {
            return;
        }
        let url = self.operation_url(Operation::GetCaCert);
        // several times also where there is one address: a load balancer may stand behind it
        let usual = self.options.ca_certificate_asks.max(1).max(nodes.len());
        let asks = if unclear { usual * 2 } else { usual };
        let requests = (1..asks)
            .map(|ask| {
                let node = nodes.get(ask % nodes.len().max(1)).copied();
                let request = self.request(HttpRequest::get(&url), node);
                (Purpose::GetCaCert, request)
            })
            .collect();
        let responses = self.observer.http_all(requests).await;
        if self.ca_certificates.is_none() {
            self.ca_certificates = responses.into_iter().flatten().find(usable);
        }
    }
}
