//! Enrollments whose message is made before the clock starts.

use std::sync::Arc;
use std::time::Duration;

use scep_client::Network;
use scep_client::network::{HttpRequest, HttpResponse};
use scep_client::random::SharedRandom;
use scep_core::UnixTime;
use scep_core::client::{CaTrust, Enrollment, EnrollmentParams, Next, Request, Response, Signer};
use scep_core::crypto::{CryptoProvider, DigestAlgorithm, KeyType};
use scep_core::http::Operation;
use scep_core::message::ChallengePassword;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Name;
use tokio::time::Instant;

use super::Outcome;
use crate::failure::{Failure, Result};

/// What all enrollments have in common.
pub(super) struct Plan {
    pub(super) url: String,
    pub(super) trust: CaTrust,
    pub(super) policy: AlgorithmPolicy,
    pub(super) reuse_keys: bool,
    pub(super) timeout: Duration,
    pub(super) provider: Arc<dyn CryptoProvider>,
}

/// An enrollment that has to be sent, and its reply read.
pub(super) struct Prepared {
    enrollment: Enrollment,
    request: Request,
    timeout: Duration,
    random: SharedRandom,
}

impl Plan {
    /// Asks the server who it is, once, and makes a message for each password.
    pub(super) async fn prepare(
        &self,
        network: &dyn Network,
        passwords: Vec<Option<ChallengePassword>>,
    ) -> Result<Vec<Prepared>> {
        let random = SharedRandom::default();
        let mut known: Vec<(Operation, HttpResponse)> = Vec::new();
        let mut shared: Option<Signer> = None;
        let mut all = Vec::with_capacity(passwords.len());
        for (n, password) in passwords.into_iter().enumerate() {
            let signer = match &shared {
                Some(signer) if self.reuse_keys => signer.clone(),
                _ => self.signer(network.now(), &random)?,
            };
            let key = Arc::clone(signer.key());
            let subject = Name::from_rfc4514(&format!("CN=load-{n}"));
            let subject = subject.map_err(|e| Failure::local(e.to_string()))?;
            let mut params =
                EnrollmentParams::new(self.url.as_str(), self.trust.clone(), key, subject);
            if self.reuse_keys {
                // a signature less for each
                params.self_signed = Some(signer.clone());
            }
            shared = Some(signer);
            params.server.policy = self.policy;
            params.challenge = password;
            let enrollment = Enrollment::new(Arc::clone(&self.provider), params);
            all.push(
                self.message(network, enrollment, &mut known, &random)
                    .await?,
            );
        }
        Ok(all)
    }

    /// A key, and a certificate that it signs for itself.
    fn signer(&self, now: UnixTime, random: &SharedRandom) -> Result<Signer> {
        let bad = |e: scep_core::Error| Failure::local(e.to_string());
        let mut random = random.clone();
        let made = self
            .provider
            .generate_private_key(KeyType::Rsa(2048), &mut random)
            .and_then(|key| self.provider.load_private_key(&key))
            .map_err(bad)?;
        let subject = Name::from_rfc4514("CN=load").map_err(bad)?;
        let digest = DigestAlgorithm::Sha256;
        Signer::self_signed(made, &subject, digest, now, &mut random).map_err(bad)
    }

    /// Goes as far as the message.
    async fn message(
        &self,
        network: &dyn Network,
        mut enrollment: Enrollment,
        known: &mut Vec<(Operation, HttpResponse)>,
        random: &SharedRandom,
    ) -> Result<Prepared> {
        let bad = |e: scep_core::Error| Failure::bad(e.to_string());
        loop {
            let now = network.now();
            let next = enrollment.next(now, &mut random.clone()).map_err(bad)?;
            let Next::Send(request) = next else {
                return Err(Failure::bad("there is nothing to send"));
            };
            if request.operation == Operation::PkiOperation {
                return Ok(Prepared {
                    enrollment,
                    request,
                    timeout: self.timeout,
                    random: random.clone(),
                });
            }
            let before = known
                .iter()
                .find(|(operation, _)| *operation == request.operation);
            let response = match before {
                Some((_, response)) => response.clone(),
                None => {
                    let response = network.exchange(&http(&request, self.timeout)).await;
                    let response = response.map_err(|e| Failure::bad(e.to_string()))?;
                    known.push((request.operation, response.clone()));
                    response
                }
            };
            enrollment
                .on_response(&taken(&response), now, &mut random.clone())
                .map_err(bad)?;
        }
    }
}

impl Prepared {
    /// Sends the message and reads the reply, as a client does: the signature is verified, the
    /// envelope opened, the certificate checked.
    pub(super) async fn enroll(mut self, network: &dyn Network) -> Outcome {
        let began = Instant::now();
        let result = network.exchange(&http(&self.request, self.timeout)).await;
        let took = began.elapsed();
        let response = match result {
            Ok(response) => response,
            Err(e) => return (took, Err(format!("{:?}", e.kind))),
        };
        let now = network.now();
        let read = self
            .enrollment
            .on_response(&taken(&response), now, &mut self.random);
        if let Err(e) = read {
            let why = match response.status {
                200 => e.to_string(),
                status => format!("HTTP {status}"),
            };
            return (took, Err(why));
        }
        let outcome = match self.enrollment.next(now, &mut self.random) {
            Ok(Next::Issued(_)) => Ok(()),
            Ok(Next::Refused(refusal)) => {
                let info = refusal.fail_info.as_ref();
                Err(info.map_or_else(|| "FAILURE".to_owned(), |info| format!("FAILURE, {info}")))
            }
            Ok(Next::WaitUntil(_)) => Err("PENDING".to_owned()),
            Ok(_) => Err("no decision".to_owned()),
            Err(e) => Err(e.to_string()),
        };
        (took, outcome)
    }
}

fn http(request: &Request, timeout: Duration) -> HttpRequest {
    let content_type = request
        .content_type
        .map(|value| ("content-type".into(), value.into()));
    HttpRequest {
        method: request.method.as_str().into(),
        headers: content_type.into_iter().collect(),
        body: request.body.clone(),
        timeout,
        ..HttpRequest::get(request.url.clone())
    }
}

fn taken(response: &HttpResponse) -> Response<'_> {
    Response {
        status: response.status,
        content_type: response.header("content-type"),
        body: &response.body,
    }
}
