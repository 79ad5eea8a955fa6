//! Devices that enroll in a scenario's history: SCEP clients inside the simulation, honest ones and
//! those that do one thing wrong.

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::crypto::DigestAlgorithm;
use scep_failures::catalogue::Persona;

use crate::challenge::{self, ChallengeKind};
use crate::deployment::Deployment;
use crate::error::Result;
use crate::log::device as log;
use crate::names;
use crate::state::TrustedRoot;
use crate::wire::{Outcome, Request};

mod behaviour;
mod message;
mod request;
mod streaming;

pub use streaming::indefinite;

pub(crate) use behaviour::Behaviour;
use behaviour::{MessageKind, Place};
pub(crate) use message::{as_sent, remembered_bundle, strange_signer};
pub(crate) use request::in_query;

/// How long a device waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the lab's device knows from its last attempt.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceMemory {
    /// transactionID of its last request.
    transaction: Option<scep_core::message::TransactionId>,
    /// Who signed that request, which a poll has to repeat.
    signer: Option<scep_core::client::Signer>,
    /// The certificate that it got last, with its key.
    enrolled: Option<scep_core::client::Signer>,
}

/// A device asks for a certificate, as often as its persona says; that it gets none is no error.
/// Says how long it took.
///
/// The device knows capabilities and CA certificates from before, as a device does that tries
/// again, and so sends its PKIOperation even while GetCACert fails.
///
/// # Errors
/// [`Error::Pki`](crate::Error::Pki) if the request cannot be made, [`Error::Data`] if the persona
/// means nothing.
///
/// [`Error::Data`]: crate::Error::Data
pub(crate) fn enroll(d: &mut Deployment, persona: &Persona, now: UnixTime) -> Result<Duration> {
    let behaviour = Behaviour::of(persona)?;
    let mut elapsed = Duration::ZERO;
    for _ in 0..behaviour.times {
        let challenge = challenge::issue(d, behaviour.challenge, now.plus(elapsed))
            .ok()
            .flatten();
        elapsed += send(d, &behaviour, challenge, now.plus(elapsed))?;
    }
    Ok(elapsed)
}

/// A device sends a well-formed request with a challenge password that was never issued.
///
/// # Errors
/// As [`enroll`].
pub(crate) fn request(d: &mut Deployment, persona: &Persona, now: UnixTime) -> Result<Duration> {
    let mut behaviour = Behaviour::of(persona)?;
    behaviour.challenge = ChallengeKind::Wrong;
    let challenge = challenge::issue(d, behaviour.challenge, now).ok().flatten();
    send(d, &behaviour, challenge, now)
}

/// The device asks what has become of its last request.
///
/// # Errors
/// As [`enroll`].
pub(crate) fn poll(d: &mut Deployment, persona: &Persona, now: UnixTime) -> Result<Duration> {
    let mut behaviour = Behaviour::of(persona)?;
    behaviour.kind = MessageKind::CertPoll;
    send(d, &behaviour, None, now)
}

/// One request and its answer.
fn send(
    d: &mut Deployment,
    behaviour: &Behaviour,
    challenge: Option<scep_core::message::ChallengePassword>,
    now: UnixTime,
) -> Result<Duration> {
    if d.state.device_profile.trusted_root == TrustedRoot::Other {
        return Ok(give_up(d, now));
    }
    let known = d.last_good();
    let device_time = behaviour.clock(now);
    let composed = message::compose(d, behaviour, &known, challenge, device_time)?;
    let url = url(d, behaviour);
    let Some(request) = request::to_http(behaviour, &url, &composed.octets) else {
        return Ok(Duration::ZERO);
    };
    let issued_before = d.issued().len();
    let exchange = match behaviour.place {
        Place::Internet => d.handle(&request, now),
        Place::Inside => d.handle_inside(&request, now),
    };
    d.device.transaction = Some(composed.transaction);
    d.device.signer = Some(composed.signer);
    // The device takes what it is given; the CA's database says what that was.
    if let Some(got) = d.issued().get(issued_before..).and_then(<[_]>::last)
        && let Ok(enrolled) =
            scep_core::client::Signer::new(got.certificate.clone(), composed.subject_key)
    {
        d.device.enrolled = Some(enrolled);
    }
    Ok(match exchange.outcome {
        Outcome::Silence => PATIENCE,
        _ => exchange.elapsed,
    })
}

/// A device whose trusted certificate is none of those that GetCACert gives: it stops there.
fn give_up(d: &mut Deployment, now: UnixTime) -> Duration {
    let url = format!("{}?operation=GetCACert&message=device", published_url(d));
    let Some(request) = Request::get(&url) else {
        return Duration::ZERO;
    };
    let exchange = d.handle(&request, now);
    let expected = d
        .provider
        .digest(
            DigestAlgorithm::Sha1,
            d.pki.private_tls_root.certificate.as_der(),
        )
        .unwrap_or_default()
        .iter()
        .fold(String::new(), |hex, octet| hex + &format!("{octet:02X}"));
    let t = d.transit(now);
    d.log(&t, log::thumbprint(&expected));
    d.log(&t, log::wrong_ca_hash());
    exchange.elapsed
}

/// Where the device sends its requests to.
fn url(d: &Deployment, behaviour: &Behaviour) -> String {
    let published = published_url(d);
    let Some(mut wanted) = Request::get(&published) else {
        return published;
    };
    if let Some(host) = &behaviour.host {
        wanted.host.clone_from(host);
    }
    if let Some(path) = &behaviour.path {
        wanted.path.clone_from(path);
    }
    let scheme = match &behaviour.scheme {
        Some(scheme) => scheme,
        None if published.starts_with("https") => "https",
        None => "http",
    };
    format!("{scheme}://{}{}", wanted.host, wanted.path)
}

/// The SCEP URL that devices are given.
pub(crate) fn published_url(d: &Deployment) -> String {
    let scheme = if d.state.tls.enabled { "https" } else { "http" };
    let profile = &d.state.device_profile;
    let host = if !profile.host.is_empty() {
        &profile.host
    } else if d.state.app_proxy.present {
        names::PROXY_HOST
    } else {
        names::NDES_HOST
    };
    let path = if profile.path.is_empty() {
        names::SCEP_PATH
    } else {
        &profile.path
    };
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests;
