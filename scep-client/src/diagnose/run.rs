//! The order of the probes, and what one leaves for the next.

use std::net::SocketAddr;
use std::sync::Arc;

use scep_core::crypto::{CryptoProvider, PrivateKey};
use scep_core::http::Operation;
use scep_failures::Level;
use scep_failures::observation::{Memory, Observations, Probe, Purpose};

use super::options::DiagnoseOptions;
use super::target::Target;
use crate::network::{HttpRequest, HttpResponse, Network, NetworkError};
use crate::observer::{Observer, hides_message};
use crate::{Error, Result, base64, redact};

/// A diagnosis under way. Each probe is a method, in a file of its own.
pub(super) struct Run<'a> {
    pub(super) options: &'a DiagnoseOptions,
    pub(super) provider: Arc<dyn CryptoProvider>,
    pub(super) target: Target,
    pub(super) observer: Observer<'a>,
    /// Addresses that have answered so far.
    pub(super) reachable: Vec<SocketAddr>,
    /// Why no HTTP exchange with the server makes sense.
    pub(super) blocked: Option<String>,
    /// Status of the response to GetCACaps.
    pub(super) capabilities_status: Option<u16>,
    /// A GetCACaps response with status 200.
    pub(super) capabilities: Option<HttpResponse>,
    /// A GetCACert response that holds certificates.
    pub(super) ca_certificates: Option<HttpResponse>,
    /// The key that was made for requests.
    pub(super) key: Option<Arc<dyn PrivateKey>>,
    /// What did not work on this side, and does not end the diagnosis.
    pub(super) local_errors: Vec<Error>,
}

/// What a run leaves.
pub(super) struct Seen {
    pub(super) observations: Observations,
    pub(super) local_errors: Vec<Error>,
}

/// Runs all probes that the level allows.
pub(super) async fn run(
    network: &dyn Network,
    provider: Arc<dyn CryptoProvider>,
    url: &str,
    options: &DiagnoseOptions,
) -> Result<Seen> {
    let target = Target::parse(url)?;
    if options.level >= Level::Enroll && options.enroll.is_none() {
        return Err(Error::misuse(
            "an enrollment needs to be told what to ask for",
        ));
    }
    let mut observer = Observer::new(network, &target.base, options.level, &*options.watch)
        .tampering(options.tamper.as_deref());
    let mut local_errors = Vec::new();
    if let Some(store) = &options.memory {
        match store.load(&target.base) {
            Ok(remembered) => observer.observations_mut().memory = remembered,
            Err(e) => local_errors.push(e),
        }
    }
    observer.observations_mut().logs.clone_from(&options.logs);

    let mut run = Run {
        options,
        provider,
        target,
        observer,
        reachable: Vec::new(),
        blocked: None,
        capabilities_status: None,
        capabilities: None,
        ca_certificates: None,
        key: None,
        local_errors,
    };
    let addresses = run.resolve().await;
    run.connect(&addresses).await;
    run.tls().await;
    run.first_look().await;
    run.other_paths().await;
    run.other_identifier().await;
    run.ca_certificates().await;
    run.remember();
    run.crls().await;
    run.long_url().await;
    if options.level >= Level::Request {
        run.pki_operations().await?;
    }
    if options.level >= Level::Enroll {
        run.enrollment().await?;
    }
    Ok(Seen {
        observations: run.observer.into_observations(),
        local_errors: run.local_errors,
    })
}

impl Run<'_> {
    /// The last observation is one without which nothing further works.
    pub(super) fn block(&mut self, e: &NetworkError) {
        let n = self.observer.observations().items.len();
        self.blocked = Some(format!("needs [{n}], but {e}"));
    }

    /// Notes that a probe is left out because of what blocks.
    pub(super) fn skip(&mut self, probe: Probe) {
        let reason = self.blocked.clone().unwrap_or_default();
        self.observer.skip(probe, reason);
    }

    /// Notes that a GET is left out because of what blocks.
    pub(super) fn skip_get(&mut self, purpose: Purpose, url: &str) {
        self.skip(Probe::Http {
            purpose,
            method: "GET".into(),
            url: redact::url(url, hides_message(purpose)),
        });
    }

    /// A URL of this server's operation, with the CA identifier if there is one.
    pub(super) fn operation_url(&self, operation: Operation) -> String {
        operation.url(&self.target.base, self.options.ca_identifier.as_deref())
    }

    /// GET from the first address that answers.
    pub(super) async fn get(&mut self, purpose: Purpose, url: &str) -> Option<HttpResponse> {
        let address = self.reachable.first().copied();
        if self.blocked.is_some() {
            self.skip_get(purpose, url);
            return None;
        }
        let request = self.request(HttpRequest::get(url), address);
        self.observer.http(purpose, &request).await.ok()
    }

    /// The bounds of a diagnosis; it looks behind a bad certificate.
    pub(super) fn request(&self, request: HttpRequest, address: Option<SocketAddr>) -> HttpRequest {
        HttpRequest {
            address,
            timeout: self.options.timeouts.http,
            max_body: self.options.max_body,
            require_trusted_tls: false,
            ..request
        }
    }

    /// Remembers a healthy look.
    fn remember(&mut self) {
        let (Some(store), Some(capabilities), Some(certificates)) = (
            &self.options.memory,
            &self.capabilities,
            &self.ca_certificates,
        ) else {
            return;
        };
        let memory = Memory {
            taken: self.observer.network().now().0,
            ca_certificates: base64::encode(&certificates.body),
            capabilities: String::from_utf8_lossy(&capabilities.body).into_owned(),
        };
        if let Err(e) = store.save(&self.target.base, &memory) {
            self.local_errors.push(e);
        }
    }
}
