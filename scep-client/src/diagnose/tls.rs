//! Probe of TLS, on every address that accepts connections. Only for https.

use scep_failures::observation::Probe;

use super::run::Run;

impl Run<'_> {
    /// Makes a handshake with each address; a chain that is not trusted does not end the
    /// diagnosis, a handshake that fails on every address does.
    pub(super) async fn tls(&mut self) {
        if !self.target.https {
            return;
        }
        let server_name = self.target.host.clone();
        if self.reachable.is_empty() {
            let address = format!("{}:{}", self.target.host, self.target.port);
            self.skip(Probe::Tls {
                address,
                server_name,
            });
            return;
        }
        let mut secured = Vec::new();
        let mut failed = None;
        for &address in &self.reachable {
            match self
                .observer
                .tls(address, &server_name, self.options.timeouts.tls)
                .await
            {
                Ok(_) => secured.push(address),
                Err(e) => failed = Some(e),
            }
        }
        self.reachable = secured;
        if self.reachable.is_empty()
            && let Some(e) = failed
        {
            self.block(&e);
        }
    }
}
