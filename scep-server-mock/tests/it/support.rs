//! A client for tests, and short ways to look at a deployment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::client::{
    CaTrust, Enrollment, EnrollmentParams, Issued, Next, Refusal, TransactionIdChoice,
};
use scep_core::client::{Method, Response as ClientResponse};
use scep_core::crypto::{PrivateKey, SystemRandom, default_provider};
use scep_core::message::ChallengePassword;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Name;
use scep_failures::observation::LogRecord;
use scep_server_mock::memory::Failure;
use scep_server_mock::wire::{Request, Response};
use scep_server_mock::{Builder, Deployment, MemoryHost, MockNdes};

/// 2026-11-25T12:00:00Z
pub(crate) const START: UnixTime = UnixTime(1_795_608_000);
pub(crate) const TIMEOUT: Duration = Duration::from_secs(300);
pub(crate) const SCEP: &str = "/certsrv/mscep/mscep.dll";

pub(crate) fn builder() -> Builder {
    MockNdes::builder().with_seed(1)
}

/// A healthy deployment of a baseline.
pub(crate) fn baseline(name: &str) -> MemoryHost {
    builder().with_baseline(name).in_memory(START).unwrap()
}

/// A healthy baseline with other settings.
pub(crate) fn with_state(name: &str, set: &str) -> MemoryHost {
    builder()
        .with_baseline(name)
        .with_state(set.parse().unwrap())
        .in_memory(START)
        .unwrap()
}

pub(crate) fn set(host: &MemoryHost, set: &str) {
    let set = set.parse().unwrap();
    host.with_deployment(|d, now| d.set(&set, "test", now))
        .unwrap();
}

pub(crate) fn recycle(host: &MemoryHost) {
    host.with_deployment(Deployment::recycle);
}

pub(crate) fn days(n: u64) -> Duration {
    Duration::from_secs(n * 86_400)
}

/// The host part of the published URL, with its scheme.
pub(crate) fn origin(host: &MemoryHost) -> String {
    let url = host.scep_url();
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://{}", rest.split('/').next().unwrap())
}

pub(crate) fn send(host: &MemoryHost, request: &Request) -> Result<Response, Failure> {
    let address = host.resolve(&request.host)?.addresses[0];
    let address = SocketAddr::new(address, request.scheme.default_port());
    host.exchange(address, request, TIMEOUT)
}

/// GET of a path of the published host.
pub(crate) fn get(host: &MemoryHost, target: &str) -> Result<Response, Failure> {
    send(
        host,
        &Request::get(&format!("{}{target}", origin(host))).unwrap(),
    )
}

pub(crate) fn caps(host: &MemoryHost) -> Result<Response, Failure> {
    get(host, &format!("{SCEP}?operation=GetCACaps"))
}

pub(crate) fn status(result: &Result<Response, Failure>) -> u16 {
    result.as_ref().map_or(0, |response| response.status)
}

pub(crate) fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

pub(crate) fn server(response: &Response) -> &str {
    response.header("server").unwrap_or_default()
}

/// Numbers of the events of a log, in order, from record `from` on.
pub(crate) fn event_ids(host: &MemoryHost, log: &str) -> Vec<u32> {
    host.log_records()
        .iter()
        .filter(|r| r.log == log)
        .map(|r| r.event_id)
        .collect()
}

pub(crate) fn records(host: &MemoryHost, log: &str) -> Vec<LogRecord> {
    host.log_records()
        .into_iter()
        .filter(|r| r.log == log)
        .collect()
}

/// NDES events as `(id, code)`.
pub(crate) fn ndes_events(host: &MemoryHost) -> Vec<(u32, String)> {
    records(host, "application")
        .into_iter()
        .filter(|r| r.source.ends_with("NetworkDeviceEnrollmentService"))
        .map(|r| (r.event_id, r.code))
        .collect()
}

pub(crate) fn device_key() -> Arc<dyn PrivateKey> {
    default_provider()
        .load_private_key(include_bytes!("../../keys/device-2.p8"))
        .unwrap()
}

/// How an enrollment ended.
#[derive(Debug)]
pub(crate) enum End {
    Issued(Box<Issued>),
    Refused(Refusal),
    Pending,
    /// No usable answer: status (0 if none) and reason.
    Failed(u16, String),
}

impl End {
    pub(crate) fn issued(self) -> Issued {
        match self {
            Self::Issued(issued) => *issued,
            other => panic!("not issued: {other:?}"),
        }
    }

    pub(crate) fn refused(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }
}

pub(crate) fn params(host: &MemoryHost, challenge: Option<ChallengePassword>) -> EnrollmentParams {
    let [root, _] = host.with(|s| s.deployment().ca_certificates());
    let mut params = EnrollmentParams::new(
        host.scep_url(),
        CaTrust::Certificate(Box::new(root)),
        device_key(),
        Name::from_rfc4514("CN=test-device,O=Lab").unwrap(),
    );
    params.challenge = challenge;
    params.server.policy = AlgorithmPolicy::NDES;
    params.transaction_id = TransactionIdChoice::Random;
    params
}

/// Enrolls with a good challenge password.
pub(crate) fn enroll(host: &MemoryHost) -> End {
    let challenge = host.issue_challenge().unwrap();
    enroll_with(host, params(host, challenge))
}

pub(crate) fn enroll_with(host: &MemoryHost, params: EnrollmentParams) -> End {
    run(host, &mut Enrollment::new(default_provider(), params))
}

/// Runs an enrollment until it ends or waits.
pub(crate) fn run(host: &MemoryHost, enrollment: &mut Enrollment) -> End {
    let mut rng = SystemRandom;
    loop {
        let wanted = match enrollment.next(host.now(), &mut rng).unwrap() {
            Next::Send(request) => request,
            Next::WaitUntil(_) | Next::GaveUp(_) => return End::Pending,
            Next::Issued(issued) => return End::Issued(issued),
            Next::Refused(refusal) => return End::Refused(*refusal),
        };
        let mut request = match wanted.method {
            Method::Get => Request::get(&wanted.url).unwrap(),
            Method::Post => {
                let content_type = wanted.content_type.unwrap_or_default();
                Request::post(&wanted.url, content_type, wanted.body).unwrap()
            }
        };
        request.headers.push(("user-agent".into(), "test".into()));
        let response = match send(host, &request) {
            Ok(response) => response,
            Err(failure) => return End::Failed(0, format!("{failure:?}")),
        };
        let answer = ClientResponse {
            status: response.status,
            content_type: response.header("content-type"),
            body: &response.body,
        };
        if let Err(error) = enrollment.on_response(&answer, host.now(), &mut rng) {
            return End::Failed(response.status, error.to_string());
        }
    }
}

/// A signed PKCSReq as a client would send it, with the URL it would go to.
pub(crate) fn pki_message(host: &MemoryHost, params: EnrollmentParams) -> Vec<u8> {
    let good = host.with(|s| s.deployment().last_good());
    let mut enrollment = Enrollment::new(default_provider(), params);
    let mut rng = SystemRandom;
    let now = host.now();
    for (content_type, body) in [
        ("text/plain", good.capabilities.as_bytes()),
        (good.content_type, &good.ca_certificates[..]),
    ] {
        enrollment.next(now, &mut rng).unwrap();
        let response = ClientResponse {
            status: 200,
            content_type: Some(content_type),
            body,
        };
        enrollment.on_response(&response, now, &mut rng).unwrap();
    }
    match enrollment.next(now, &mut rng).unwrap() {
        Next::Send(request) => request.body,
        other => panic!("{other:?}"),
    }
}
