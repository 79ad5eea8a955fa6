//! NDES: an ISAPI extension in the worker process of the SCEP pool.

use std::time::Duration;

use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::DigestAlgorithm;
use scep_core::http::{CT_CA_CERT, CT_CA_RA_CERT, ServerRequest};
use scep_core::x509::Certificate;

use super::iis::Handled;
use super::{policy_module, worker};
use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::ndes as event;
use crate::names;
use crate::page::iis::HttpError;
use crate::page::ndes::{self as page, Admin};
use crate::profile::{Undecodable, UnknownOperation};
use crate::state::{ChallengeMode, ConnectorKind, InjectedModule};
use crate::wire::{Layer, Request, Response, Transit};

mod authority;
mod pki_operation;
mod ra_selection;
mod startup;

const FORBIDDEN: HttpError = HttpError::new(403, 0, "Forbidden", "IsapiModule");
const BAD_REQUEST: HttpError = HttpError::new(400, 0, "Bad Request", "IsapiModule");
const FAILED: HttpError = HttpError::new(500, 0, "Internal Server Error", "IsapiModule");

/// Answers a request to the SCEP URL.
pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Handled {
    t.spend_ms(3);
    let parsed = ServerRequest::from_http(&request.method, request.query.as_deref(), &request.body);
    // The policy module sits in front of NDES and opens its channel to the registration point as
    // soon as a PKIOperation comes, whether NDES has started or not (inferred: with a module that
    // cannot do so the pool ends in 503 even where NDES itself would refuse to start again).
    let is_pki_operation =
        matches!(parsed, Ok(ServerRequest::PkiOperation { .. })) || names_pki_operation(request);
    if is_pki_operation && d.state.iis.scep_pool.injected_module == InjectedModule::Faulty {
        worker::crash(d, t, &worker::INJECTED_DLL);
        return Handled::Crashed;
    }
    let module = &d.state.policy_module;
    if is_pki_operation
        && module.installed
        && module.dll_present
        && d.state.intune.connector.kind == ConnectorKind::RegistrationPoint
        && policy_module::open_channel(d, t).is_err()
    {
        return Handled::Crashed;
    }
    if let Err(code) = startup::ensure_started(d, t) {
        return failed_to_start(t, code);
    }
    if !d.state.ndes.service_account.impersonate_right {
        return failed_to_start(t, Hresult::BAD_IMPERSONATION_LEVEL);
    }
    let handled = match parsed {
        Ok(ServerRequest::GetCaCaps { .. }) => Handled::Response(Response::new(
            200,
            "OK",
            "text/plain",
            d.profile.capabilities_text().into_bytes(),
        )),
        Ok(ServerRequest::GetCaCert { .. }) => Handled::Response(ca_certificates(d)),
        Ok(ServerRequest::PkiOperation { message }) => pki_operation::handle(d, t, &message),
        Err(error) if is_pki_operation => {
            d.log(t, event::undecodable_http(Hresult::E_INVALIDARG));
            t.decoded.get_or_insert_default().error = Some(error.to_string());
            undecodable(d)
        }
        // No successor of the CA certificate exists, and no profile says that one could be asked for.
        Ok(ServerRequest::GetNextCaCert { .. }) | Err(_) => without_operation(d, request),
    };
    t.answered_by.get_or_insert(Layer::Ndes);
    handled
}

fn failed_to_start(t: &mut Transit, code: Hresult) -> Handled {
    t.answered_by.get_or_insert(Layer::Ndes);
    Handled::Error(FAILED.win32(code))
}

/// Whether the query asks for a PKIOperation, however broken its message.
fn names_pki_operation(request: &Request) -> bool {
    request
        .query
        .as_deref()
        .unwrap_or_default()
        .split('&')
        .any(|pair| {
            pair.split_once('=').is_some_and(|(key, value)| {
                key.eq_ignore_ascii_case("operation") && value.eq_ignore_ascii_case("PKIOperation")
            })
        })
}

/// What a message gets that NDES cannot read.
fn undecodable(d: &Deployment) -> Handled {
    match d.profile.undecodable {
        Undecodable::EmptyOk => Handled::Response(Response {
            status: 200,
            reason: "OK".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }),
        Undecodable::BadRequest => Handled::Error(BAD_REQUEST),
    }
}

/// A request without an operation, or with one that NDES does not know.
fn without_operation(d: &Deployment, request: &Request) -> Handled {
    let named = request
        .query
        .as_deref()
        .is_some_and(|query| !query.is_empty());
    if named && d.profile.unknown_operation == UnknownOperation::BadRequest {
        Handled::Error(BAD_REQUEST)
    } else if d.state.policy_module.installed {
        Handled::Error(FORBIDDEN)
    } else {
        Handled::Response(page::information())
    }
}

fn ca_certificates(d: &Deployment) -> Response {
    let certificates = d
        .pool
        .ndes()
        .map_or(&[][..], |ndes| ndes.certificates.as_slice());
    let (content_type, body) = bundle(certificates);
    Response::new(200, "OK", content_type, body)
}

/// Content type and body of GetCACert.
pub(crate) fn bundle(certificates: &[Certificate]) -> (&'static str, Vec<u8>) {
    match certificates {
        [single] => (CT_CA_CERT, single.as_der().to_vec()),
        many => (
            CT_CA_RA_CERT,
            CaCertificates::new(many.to_vec()).to_bundle(),
        ),
    }
}

/// Answers a request to the admin page, whose caller IIS has authenticated.
pub(crate) fn admin(d: &mut Deployment, t: &mut Transit) -> Handled {
    t.spend_ms(5);
    if let Err(code) = startup::ensure_started(d, t) {
        return failed_to_start(t, code);
    }
    if !d.state.ndes.service_account.impersonate_right {
        return failed_to_start(t, Hresult::BAD_IMPERSONATION_LEVEL);
    }
    t.answered_by.get_or_insert(Layer::Ndes);
    if !d.state.ca.template.published || !d.state.ca.template.admin_may_enroll {
        d.log(t, event::no_password_permission());
        return Handled::Response(Admin::NoPermission.page());
    }
    let ca = d.pki.issuing_ca.certificate.as_der();
    let thumbprint = d
        .provider
        .digest(DigestAlgorithm::Md5, ca)
        .unwrap_or_default()
        .iter()
        .fold(String::new(), |hex, octet| hex + &format!("{octet:02X}"));
    let registry = &d.state.ndes.registry;
    if uses_single_password(d) {
        let password = d.static_challenge.expose().to_owned();
        let page = Admin::Password {
            thumbprint: &thumbprint,
            password: &password,
            minutes: None,
        };
        return Handled::Response(page.page());
    }
    let minutes = registry.password_validity_min;
    let (max, validity, now) = (registry.password_max, password_validity(d), t.now());
    let mut rng = d.rng.clone();
    let issued = d
        .pool
        .ndes_mut()
        .and_then(|ndes| ndes.passwords.issue(max, validity, now, &mut rng));
    Handled::Response(match issued {
        None => Admin::CacheFull.page(),
        Some(password) => Admin::Password {
            thumbprint: &thumbprint,
            password: password.expose(),
            minutes: Some(minutes),
        }
        .page(),
    })
}

fn uses_single_password(d: &Deployment) -> bool {
    d.state.ndes.registry.use_single_password || d.state.challenge.mode == ChallengeMode::Static
}

pub(crate) fn password_validity(d: &Deployment) -> Duration {
    Duration::from_secs(
        d.state
            .ndes
            .registry
            .password_validity_min
            .saturating_mul(60),
    )
}

/// The worker process ends in good order.
pub(crate) fn stop(d: &mut Deployment, t: &Transit) {
    if d.pool
        .worker
        .take()
        .is_some_and(|worker| worker.ndes.is_some())
    {
        d.log(t, event::stopped());
    }
}

/// The page on which a password stands, read as a script would.
pub(crate) fn password_on(page: &[u8]) -> Option<String> {
    let units: Vec<u16> = page
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok())
        .map(u16::from_le_bytes)
        .collect();
    let text = String::from_utf16_lossy(&units);
    let (_, after) = text.split_once("challenge password is: <B> ")?;
    after
        .split_once(" </B>")
        .map(|(password, _)| password.to_owned())
}

/// Credentials of the lab's administrator, for an `Authorization` field.
#[must_use]
pub(crate) fn admin_authorization() -> String {
    use base64::Engine;
    let pair = format!("{}:{}", names::ADMIN_USER, names::ADMIN_PASSWORD);
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}
