//! A scenario's client, for those who play it with a SCEP client of their own.

use scep_core::UnixTime;
use scep_core::client::Signer;
use scep_core::http::ServerRequest;
use scep_core::x509::Name;
use scep_failures::catalogue::Persona;

use crate::deployment::Deployment;
use crate::device::{self, Behaviour};
use crate::error::Result;

/// Makes of a PKIOperation of a well-behaved client what this one sends: `url` with its query, and
/// `body`.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) if the persona means nothing.
pub fn spoil(persona: &Persona, method: &str, url: &mut String, body: &mut Vec<u8>) -> Result<()> {
    let behaviour = Behaviour::of(persona)?;
    let Some((base, query)) = url.split_once('?') else {
        return Ok(());
    };
    let operation = persona.operation.as_deref().unwrap_or("PKIOperation");
    let Ok(ServerRequest::PkiOperation { message }) =
        ServerRequest::from_http(method, Some(query), body)
    else {
        return Ok(());
    };
    let message = device::as_sent(&behaviour, message);
    *url = if method == "POST" {
        *body = message;
        format!("{base}?operation={operation}")
    } else {
        let text = device::in_query(&behaviour, &message);
        format!("{base}?operation={operation}&message={text}")
    };
    Ok(())
}

/// Body of GetCACert as the persona's client remembers it; `None` if it goes by what the server
/// answers.
///
/// # Errors
/// As [`spoil`], and [`Error::Pki`](crate::Error::Pki) if a certificate cannot be made.
pub fn remembered_bundle(
    d: &mut Deployment,
    persona: &Persona,
    now: UnixTime,
) -> Result<Option<Vec<u8>>> {
    let behaviour = Behaviour::of(persona)?;
    if behaviour.encrypts_as_it_should() {
        return Ok(None);
    }
    device::remembered_bundle(d, &behaviour, now).map(Some)
}

/// The certificate and key with which the persona's client signs, if they are those of another CA or
/// have expired.
///
/// # Errors
/// As [`remembered_bundle`].
pub fn strange_signer(
    d: &mut Deployment,
    persona: &Persona,
    subject: &Name,
    now: UnixTime,
) -> Result<Option<Signer>> {
    let behaviour = Behaviour::of(persona)?;
    device::strange_signer(d, &behaviour, subject, now)
}
