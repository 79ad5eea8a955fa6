//! Probes of name resolution and of TCP, on every address that the name has.

use std::net::SocketAddr;

use scep_failures::observation::Probe;

use super::run::Run;

impl Run<'_> {
    /// Resolves the host name; gives its addresses.
    pub(super) async fn resolve(&mut self) -> Vec<SocketAddr> {
        let (host, timeout) = (self.target.host.clone(), self.options.timeouts.resolve);
        match self.observer.resolve(&host, timeout).await {
            Ok(found) => {
                let with_port = |&ip| SocketAddr::new(ip, self.target.port);
                found.addresses.iter().map(with_port).collect()
            }
            Err(e) => {
                self.block(&e);
                Vec::new()
            }
        }
    }

    /// Connects to every address, and remembers which of them answered.
    pub(super) async fn connect(&mut self, addresses: &[SocketAddr]) {
        if addresses.is_empty() {
            let address = format!("{}:{}", self.target.host, self.target.port);
            self.skip(Probe::Connect { address });
            return;
        }
        let mut failed = None;
        for &address in addresses.iter().take(self.options.max_addresses) {
            match self
                .observer
                .connect(address, self.options.timeouts.connect)
                .await
            {
                Ok(()) => self.reachable.push(address),
                Err(e) => failed = Some(e),
            }
        }
        if self.reachable.is_empty()
            && let Some(e) = failed
        {
            self.block(&e);
        }
    }
}
