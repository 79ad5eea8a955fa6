//! Probe of TLS, on every address that accepts connections. Only for https.

use scep_core::x509::Certificate;
use scep_failures::observation::{Probe, Purpose, TlsFacts, TlsVerdict};

use super::run::Run;
use crate::base64;
use crate::network::HttpRequest;

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
        let mut broken: Option<TlsFacts> = None;
        let addresses = std::mem::take(&mut self.reachable);
        let server = (server_name.as_str(), self.target.port);
        let timeout = self.options.timeouts.tls;
        let results = self.observer.tls_all(&addresses, server, timeout).await;
        let proxied = self.observer.network().proxy().is_some();
        for (&address, result) in addresses.iter().zip(results) {
            match result {
                Ok(facts) => {
                    secured.push(address);
                    if facts.verdict == Some(TlsVerdict::UnknownIssuer) {
                        broken.get_or_insert(facts);
                    }
                }
                Err(_) if proxied => secured.push(address),
                Err(e) => failed = Some(e),
            }
        }
        self.reachable = secured;
        if self.reachable.is_empty()
            && let Some(e) = failed
        {
            self.block(&e);
        }
        if let Some(facts) = broken {
            self.issuer_certificate(&facts).await;
        }
    }

    /// A server may have sent too little: fetches the certificate that its last one names as its
    /// issuer, as desktop browsers do and devices do not, and sees whether the chain is trusted then.
    async fn issuer_certificate(&mut self, facts: &TlsFacts) {
        let mut chain: Vec<Vec<u8>> = facts
            .chain
            .iter()
            .filter_map(|text| base64::decode(text))
            .collect();
        let last = chain.last().and_then(|der| Certificate::from_der(der).ok());
        let url = last
            .iter()
            .filter(|certificate| !certificate.is_self_issued())
            .flat_map(Certificate::ca_issuers)
            .find(|url| url.to_ascii_lowercase().starts_with("http://"));
        let Some(url) = url else { return };
        if let Some(reason) = self.off_limits(&url) {
            let probe = Probe::Http {
                purpose: Purpose::IssuerCertificate,
                method: "GET".into(),
                url,
            };
            self.observer.skip(probe, reason);
            return;
        }
        let request = self.request(HttpRequest::get(&url), None);
        let Ok(response) = self
            .observer
            .http(Purpose::IssuerCertificate, &request)
            .await
        else {
            return;
        };
        let Ok(issuer) = Certificate::from_der(&response.body) else {
            return;
        };
        chain.push(issuer.as_der().to_vec());
        let network = self.observer.network();
        let completes = network.judge(&chain, &self.target.host).is_none();
        self.observer.judged(completes);
    }
}
