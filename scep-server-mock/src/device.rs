//! Devices that enroll in a scenario's history: honest SCEP clients inside the simulation.

use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::client::{
    CaTrust, Enrollment, EnrollmentParams, MethodChoice, Next, Response, TransactionIdChoice,
};
use scep_core::http::{CT_PKI_MESSAGE, Operation};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Name;

use crate::challenge::ChallengeKind;
use crate::deployment::Deployment;
use crate::error::Result;
use crate::names;
use crate::wire::{Outcome, Request};

/// What a device has for a challenge password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// A good one, if the deployment hands one out.
    Challenge,
    /// One that was never issued.
    WrongChallenge,
}

/// One device tries to enroll; that it fails is no error. Says how long it took.
///
/// The device knows capabilities and CA certificates from before, as a device does that tries
/// again, and so sends its PKIOperation even while GetCACert fails.
///
/// # Errors
/// [`Error::Pki`](crate::Error::Pki) if the request cannot be made.
pub(crate) fn enroll(d: &mut Deployment, knowledge: Knowledge, now: UnixTime) -> Result<Duration> {
    let kind = match knowledge {
        Knowledge::Challenge => ChallengeKind::Correct,
        Knowledge::WrongChallenge => ChallengeKind::Wrong,
    };
    let known = d.last_good();
    let url = published_url(d);
    let [root, _] = d.ca_certificates();
    let mut params = EnrollmentParams::new(
        url,
        CaTrust::Certificate(Box::new(root)),
        Arc::clone(&d.pki.device_key().key),
        Name::from_rfc4514("CN=device.lab.example")?,
    );
    params.challenge = d.issue_challenge(kind, now).ok().flatten();
    params.server.policy = AlgorithmPolicy::NDES;
    params.server.method = MethodChoice::Post;
    let mut rng = d.rng.clone();
    params.transaction_id = TransactionIdChoice::Random;
    let mut enrollment = Enrollment::new(Arc::clone(&d.provider), params);
    let mut elapsed = Duration::ZERO;
    // Two questions from memory, one request: whatever comes then ends the attempt.
    while let Next::Send(wanted) = enrollment.next(now.plus(elapsed), &mut rng)? {
        let body = match wanted.operation {
            Operation::GetCaCaps => known.capabilities.clone().into_bytes(),
            Operation::GetCaCert | Operation::GetNextCaCert => known.ca_certificates.clone(),
            Operation::PkiOperation => {
                let request = Request::post(&wanted.url, CT_PKI_MESSAGE, wanted.body);
                let Some(mut request) = request else { break };
                request
                    .headers
                    .push(("user-agent".to_owned(), "lab-device/1.0".to_owned()));
                request.peer = "192.0.2.201".to_owned();
                let exchange = d.handle(&request, now.plus(elapsed));
                elapsed += match exchange.outcome {
                    Outcome::Silence => Duration::from_secs(30),
                    _ => exchange.elapsed,
                };
                break;
            }
        };
        let content_type = match wanted.operation {
            Operation::GetCaCaps => "text/plain",
            _ => known.content_type,
        };
        let response = Response {
            status: 200,
            content_type: Some(content_type),
            body: &body,
        };
        if enrollment
            .on_response(&response, now.plus(elapsed), &mut rng)
            .is_err()
        {
            break;
        }
    }
    Ok(elapsed)
}

/// The SCEP URL that devices are given.
pub(crate) fn published_url(d: &Deployment) -> String {
    let scheme = if d.state.tls.enabled { "https" } else { "http" };
    let host = if d.state.app_proxy.present {
        names::PROXY_HOST
    } else {
        names::NDES_HOST
    };
    format!("{scheme}://{host}{}", names::SCEP_PATH)
}
