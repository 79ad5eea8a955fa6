//! NDES: an ISAPI extension in the worker process of the SCEP pool.

use std::time::Duration;

use scep_core::asn1::{Reader, tag, write};
use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::DigestAlgorithm;
use scep_core::http::{CT_CA_CERT, CT_CA_RA_CERT, ServerRequest};
use scep_core::oid;
use scep_core::x509::Certificate;

use super::iis::Handled;
use super::{policy_module, worker};
use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::ndes as event;
use crate::names;
use crate::page::iis::HttpError;
use crate::page::ndes::{self as page, Admin};
use crate::profile::{Answered, Base64Reading, Hosting, Undecodable, UnknownOperation};
use crate::runtime::pool::NdesService;
use crate::state::{ChallengeMode, ConnectorKind, InjectedModule};
use crate::wire::{Layer, Request, Response, Transit};

mod authority;
mod pki_operation;
mod ra_selection;
mod startup;

const FORBIDDEN: HttpError = HttpError::new(403, 0, "Forbidden", "IsapiModule");
const BAD_REQUEST: HttpError = HttpError::new(400, 0, "Bad Request", "IsapiModule");
const NO_SUCH_CA: HttpError = HttpError::new(404, 0, "Not Found", "IsapiModule");
const FAILED: HttpError = HttpError::new(500, 0, "Internal Server Error", "IsapiModule");

/// Answers a request to the SCEP URL.
pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Handled {
    t.spend_ms(3);
    let parsed = parsed(d, request);
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
    serve(d, t, request, parsed)
}

/// Answers a request to a SCEP server that is not NDES.
pub(crate) fn answer(d: &mut Deployment, t: &mut Transit, request: &Request) -> Handled {
    t.spend_ms(3);
    let parsed = parsed(d, request);
    serve(d, t, request, parsed)
}

/// The service of a SCEP server that is not NDES, with its keys.
pub(crate) fn of_another_vendor(d: &mut Deployment) -> NdesService {
    startup::without_windows(d)
}

fn parsed(d: &Deployment, request: &Request) -> Result<ServerRequest, scep_core::Error> {
    // A server that reads the standard alphabet only sees no base64 in another one.
    let broken = match d.profile.base64 {
        Base64Reading::Tolerant => false,
        Base64Reading::Strict => has_other_alphabet(request),
        Base64Reading::Unbroken => has_other_alphabet(request) || has_line_breaks(request),
    };
    let query = if broken {
        Some("operation=PKIOperation&message=!")
    } else {
        request.query.as_deref()
    };
    ServerRequest::from_http(&request.method, query, &request.body)
}

fn serve(
    d: &mut Deployment,
    t: &mut Transit,
    request: &Request,
    parsed: Result<ServerRequest, scep_core::Error>,
) -> Handled {
    let is_pki_operation =
        matches!(parsed, Ok(ServerRequest::PkiOperation { .. })) || names_pki_operation(request);
    let handled = match parsed {
        Ok(ServerRequest::GetCaCaps { ref message } | ServerRequest::GetCaCert { ref message })
            if d.profile.needs_ca_identifier
                && message.as_deref().unwrap_or_default().is_empty() =>
        {
            Handled::Error(NO_SUCH_CA)
        }
        Ok(ServerRequest::GetCaCaps { .. }) => match d.profile.get_ca_caps {
            Answered::Well => Handled::Response(Response::new(
                200,
                "OK",
                "text/plain",
                d.profile.capabilities_text().into_bytes(),
            )),
            Answered::Empty => nothing(),
            Answered::Closed => Handled::Closed,
        },
        Ok(ServerRequest::GetCaCert { .. }) => Handled::Response(ca_certificates(d)),
        Ok(ServerRequest::PkiOperation { message }) => {
            let by_post = request.method.eq_ignore_ascii_case("POST");
            let answered = if by_post {
                d.profile.post
            } else {
                d.profile.get
            };
            match answered {
                Answered::Well => pki_operation::handle(d, t, &message),
                Answered::Empty => nothing(),
                Answered::Closed => Handled::Closed,
            }
        }
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

/// Whether a message by GET is in another alphabet than that of RFC 4648 section 4.
fn has_other_alphabet(request: &Request) -> bool {
    message_by_get(request).any(|value| value.contains(['-', '_', ' ']) || value.contains("%20"))
}

/// Whether a message by GET is broken into lines.
fn has_line_breaks(request: &Request) -> bool {
    message_by_get(request).any(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("%0a") || value.contains("%0d")
    })
}

fn message_by_get(request: &Request) -> impl Iterator<Item = &str> {
    let query = request.query.as_deref().unwrap_or_default();
    let pairs = names_pki_operation(request).then(|| query.split('&'));
    pairs
        .into_iter()
        .flatten()
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| key.eq_ignore_ascii_case("message"))
        .map(|(_, value)| value)
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
        Undecodable::EmptyOk => nothing(),
        Undecodable::BadRequest => Handled::Error(BAD_REQUEST),
    }
}

/// 200 without content type and content.
fn nothing() -> Handled {
    Handled::Response(Response {
        status: 200,
        reason: "OK".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    })
}

/// An error of the service, by its status.
const fn by_status(status: u16) -> HttpError {
    match status {
        400 => BAD_REQUEST,
        401 => HttpError::new(401, 0, "Unauthorized", "IsapiModule"),
        404 => NO_SUCH_CA,
        _ => FAILED,
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
    let (mut content_type, mut body) = bundle(certificates);
    let settings = &d.profile.bundle;
    if settings.other_type {
        content_type = if content_type == CT_CA_CERT {
            CT_CA_RA_CERT
        } else {
            CT_CA_CERT
        };
    }
    if settings.empty_content {
        body = certificates_with_empty_content(&body);
    }
    if settings.ber {
        body = crate::device::indefinite(&body);
    }
    Response::new(200, "OK", content_type, body)
}

/// A degenerate SignedData with a content of no octets (RFC 5652 section 5.2 lets it be absent).
fn certificates_with_empty_content(bundle: &[u8]) -> Vec<u8> {
    let absent = write::sequence(&[&write::oid(oid::DATA)]);
    let content = write::concat(tag::context_constructed(0), &[&write::octet_string(b"")]);
    let empty = write::sequence(&[&write::oid(oid::DATA), &content]);
    rebuilt(bundle, &absent, &empty).unwrap_or_else(|| bundle.to_vec())
}

/// ContentInfo, `[0]` and SignedData around the same elements, one of which is exchanged.
fn rebuilt(bundle: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    let info = Reader::new(bundle).next("a ContentInfo").ok()?;
    let mut info = info.reader();
    let kind = info.next("contentType").ok()?;
    let content = info.next("content").ok()?;
    let signed_data = content.reader().next("a SignedData").ok()?;
    let mut elements = signed_data.reader();
    let mut inside = Vec::new();
    while elements.peek().is_some() {
        let element = elements.next("an element").ok()?;
        inside.extend_from_slice(if element.raw == from { to } else { element.raw });
    }
    let signed_data = write::tlv(tag::SEQUENCE, &inside);
    let content = write::tlv(tag::context_constructed(0), &signed_data);
    Some(write::sequence(&[kind.raw, &content]))
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
    // Servers of other vendors have one challenge password for all here.
    d.profile.hosting != Hosting::Iis
        || d.state.ndes.registry.use_single_password
        || d.state.challenge.mode == ChallengeMode::Static
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
