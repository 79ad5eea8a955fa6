//! Probes of name resolution and of TCP, on every address that the name has.

use std::net::SocketAddr;

use scep_failures::observation::Probe;

use super::run::Run;

impl Run<'_> {
    /// Resolves the host name, or that of the forward proxy; gives its addresses.
    pub(super) async fn resolve(&mut self) -> Vec<SocketAddr> {
        let timeout = self.options.timeouts.resolve;
        let (host, port) = self.next_hop();
        match self.observer.resolve(&host, timeout).await {
            Ok(found) => {
                let with_port = |&ip| SocketAddr::new(ip, port);
                found.addresses.iter().map(with_port).collect()
            }
            Err(e) => {
                self.block(&e);
                Vec::new()
            }
        }
    }

    /// Whoever connections are made to.
    fn next_hop(&self) -> (String, u16) {
        let proxy = self.observer.network().proxy();
        proxy.unwrap_or_else(|| (self.target.host.clone(), self.target.port))
    }

    /// Connects to every address at once, and remembers which of them answered.
    pub(super) async fn connect(&mut self, addresses: &[SocketAddr]) {
        if addresses.is_empty() {
            let (host, port) = self.next_hop();
            let address = format!("{host}:{port}");
            self.skip(Probe::Connect { address });
            return;
        }
        let most = addresses.len().min(self.options.max_addresses);
        let addresses = addresses.get(..most).unwrap_or(addresses);
        let timeout = self.options.timeouts.connect;
        let results = self.observer.connect_all(addresses, timeout).await;
        let mut failed = None;
        for (address, result) in addresses.iter().zip(results) {
            match result {
                Ok(()) => self.reachable.push(*address),
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
