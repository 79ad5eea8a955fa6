//! IIS: request filtering, client certificates, authentication, and which application answers.

mod windows_authentication;

use crate::deployment::Deployment;
use crate::gzip;
use crate::hresult::Hresult;
use crate::log::text;
use crate::page::iis::{self as page, HttpError};
use crate::state::{Authentication, ClientCertificates, Configuration, ErrorResponseMode, Iis};
use crate::wire::{Layer, Outcome, Request, Response, Scheme, Transit};

/// What a handler came up with.
pub(crate) enum Handled {
    /// A response of the application.
    Response(Response),
    /// An error, whose page IIS writes.
    Error(HttpError),
    /// Windows authentication goes on with this.
    Continue(String),
    /// The worker process is gone.
    Crashed,
    /// The connection is closed without an answer.
    Closed,
}

const SEQUENCE_DENIED: HttpError = HttpError::new(404, 5, "Not Found", "RequestFilteringModule");
const VERB_DENIED: HttpError = HttpError::new(404, 6, "Not Found", "RequestFilteringModule");
const EXTENSION_DENIED: HttpError = HttpError::new(404, 7, "Not Found", "RequestFilteringModule");
const DOUBLE_ESCAPED: HttpError = HttpError::new(404, 11, "Not Found", "RequestFilteringModule");
const ISAPI_RESTRICTED: HttpError =
    HttpError::new(404, 2, "Not Found", "IsapiModule").win32(Hresult(1260));
const SSL_REQUIRED: HttpError =
    HttpError::new(403, 4, "Forbidden", "IIS Web Core").win32(Hresult(5));
const ADDRESS_DENIED: HttpError = HttpError::new(403, 6, "Forbidden", "IpRestrictionModule");
const TOO_MANY_REQUESTS: HttpError =
    HttpError::new(403, 502, "Forbidden", "DynamicIpRestrictionModule");
const CONFIGURATION_MALFORMED: HttpError =
    HttpError::new(500, 19, "Internal Server Error", "IIS Web Core").win32(Hresult(0x8007_000D));
const SECTION_LOCKED: HttpError =
    HttpError::new(500, 19, "Internal Server Error", "IIS Web Core").win32(Hresult(0x8007_0021));
const NOT_FOUND: HttpError = HttpError::new(404, 0, "Not Found", "IIS Web Core");
const URL_TOO_LONG: HttpError = HttpError::new(404, 14, "Not Found", "RequestFilteringModule");
const QUERY_TOO_LONG: HttpError = HttpError::new(404, 15, "Not Found", "RequestFilteringModule");
const BODY_TOO_LONG: HttpError = HttpError::new(404, 13, "Not Found", "RequestFilteringModule");
const METHOD_NOT_ALLOWED: HttpError = HttpError::new(405, 0, "Method Not Allowed", "IIS Web Core");
const ENTITY_TOO_LARGE: HttpError =
    HttpError::new(413, 0, "Request Entity Too Large", "IIS Web Core");
const CLIENT_CERTIFICATE_REQUIRED: HttpError =
    HttpError::new(403, 7, "Forbidden", "IIS Web Core").win32(Hresult(64));

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(2);
    let mut user = "-";
    let refused =
        filtered(&d.state.iis, request).or_else(|| refused_by_limits(&d.state.iis, request));
    let handled = match refused {
        Some(error) => Handled::Error(error),
        None => dispatch(d, t, request, &mut user),
    };
    let (response, substatus, win32) = match handled {
        Handled::Response(response) => (with_server(response), 0, Hresult::OK),
        Handled::Error(error)
            if d.state.iis.error_response_mode == ErrorResponseMode::ExecuteUrl =>
        {
            (page::error_page_of_the_site(), error.substatus, error.win32)
        }
        Handled::Error(error) => {
            let page = error.page(d.state.iis.detailed_errors, &request.path);
            let schemes = d.state.iis.mscep_admin.schemes;
            let page = if error.status == 401 {
                windows_authentication::offer(page, schemes)
            } else {
                page
            };
            (page, error.substatus, error.win32)
        }
        Handled::Continue(token) => {
            let error = windows_authentication::IN_THE_MIDDLE;
            let page = error.page(d.state.iis.detailed_errors, &request.path);
            let page = page.with("WWW-Authenticate", token);
            (page, error.substatus, error.win32)
        }
        // Nobody is left to write a line into the IIS log.
        Handled::Crashed | Handled::Closed => return t.end(Layer::Ndes, Outcome::Reset),
    };
    let response = of_version(d, rewritten(d, response));
    let now = t.now();
    let status = (response.status, substatus, win32);
    d.log(
        t,
        text::iis(now, request, user, status, t.spent.as_millis()),
    );
    t.answer(Layer::Iis, response)
}

/// What modules of IIS make of an answer.
fn rewritten(d: &Deployment, mut response: Response) -> Response {
    if d.state.iis.outbound_rule_appends_script {
        let script = b"<html><script src=\"/statistics.js\"></script></html>";
        response.body.extend_from_slice(script);
    }
    if d.state.iis.dynamic_compression && response.status == 200 {
        response.body = gzip::compress(&response.body);
        response = response.with("Content-Encoding", "gzip");
    }
    response
}

/// The version of IIS that comes with the profile's Windows.
fn of_version(d: &Deployment, mut response: Response) -> Response {
    for (name, value) in &mut response.headers {
        if name == "Server" && value == page::SERVER {
            value.clone_from(&d.profile.server);
        }
    }
    response
}

/// What request filtering refuses by its rules.
fn filtered(iis: &Iis, request: &Request) -> Option<HttpError> {
    let rules = &iis.request_filtering;
    let path = request.path.to_ascii_lowercase();
    let query = request.query.as_deref().unwrap_or_default();
    let verb = |denied: &String| denied.eq_ignore_ascii_case(&request.method);
    if rules.denied_verbs.iter().any(verb) {
        return Some(VERB_DENIED);
    }
    if rules
        .denied_sequences
        .iter()
        .any(|sequence| path.contains(&sequence.to_ascii_lowercase()))
    {
        return Some(SEQUENCE_DENIED);
    }
    // The extension of the file, and of what is appended to it.
    let extension = |denied: &String| {
        path.split('/')
            .any(|segment| segment.ends_with(&denied.to_ascii_lowercase()))
    };
    if rules.denied_extensions.iter().any(extension) {
        return Some(EXTENSION_DENIED);
    }
    // What changes when it is decoded a second time was encoded twice.
    let escaped_twice = path.contains("%25") || query.contains("%25") || path.contains('+');
    (escaped_twice && !rules.allow_double_escaping).then_some(DOUBLE_ESCAPED)
}

/// What the settings of the SCEP application refuse, in the order in which IIS looks at them.
fn refused_by_application(d: &mut Deployment, t: &Transit, request: &Request) -> Option<HttpError> {
    let mscep = &d.state.iis.mscep;
    if !mscep.present {
        return Some(NOT_FOUND);
    }
    if let Some(error) = unreadable_configuration(mscep.configuration) {
        return Some(error);
    }
    let restrictions = &mscep.ip_restrictions;
    if restrictions.denied.contains(&request.peer) {
        return Some(ADDRESS_DENIED);
    }
    if mscep.require_ssl && request.scheme == Scheme::Http {
        return Some(SSL_REQUIRED);
    }
    // No client of the simulation brings a certificate.
    if mscep.client_certificate == ClientCertificates::Require {
        return Some(if request.scheme == Scheme::Http {
            SSL_REQUIRED
        } else {
            CLIENT_CERTIFICATE_REQUIRED
        });
    }
    let isapi_allowed = mscep.isapi_allowed;
    let most = restrictions.max_requests;
    if most > 0 && d.recent_requests.count(&request.peer, t.now()) > most {
        return Some(TOO_MANY_REQUESTS);
    }
    (!isapi_allowed).then_some(ISAPI_RESTRICTED)
}

const fn unreadable_configuration(configuration: Configuration) -> Option<HttpError> {
    match configuration {
        Configuration::Valid => None,
        Configuration::Malformed => Some(CONFIGURATION_MALFORMED),
        Configuration::LockedSection => Some(SECTION_LOCKED),
    }
}

fn refused_by_limits(iis: &Iis, request: &Request) -> Option<HttpError> {
    let limits = &iis.request_filtering;
    if request.path.len() > limits.max_url {
        Some(URL_TOO_LONG)
    } else if request
        .query
        .as_ref()
        .is_some_and(|q| q.len() > limits.max_query_string)
    {
        Some(QUERY_TOO_LONG)
    } else if request.body.len() > limits.max_allowed_content_length {
        Some(BODY_TOO_LONG)
    } else if iis.negotiate_client_certificate
        && request.scheme == Scheme::Https
        && request.body.len() > iis.upload_read_ahead_size
    {
        // To ask for a certificate in the middle of a request, IIS must hold the body so long.
        Some(ENTITY_TOO_LARGE)
    } else {
        None
    }
}

fn dispatch(
    d: &mut Deployment,
    t: &mut Transit,
    request: &Request,
    user: &mut &'static str,
) -> Handled {
    let path = request.path.to_ascii_lowercase();
    match path.as_str() {
        "/" => Handled::Response(page::welcome()),
        "/certsrv/mscep_admin" | "/certsrv/mscep_admin/" | "/certsrv/mscep_admin/mscep.dll" => {
            // The broken file lies above both applications.
            if let Some(error) = unreadable_configuration(d.state.iis.mscep.configuration) {
                return Handled::Error(error);
            }
            match windows_authentication::authenticate(d, t, request) {
                Err(refused) => refused.into(),
                Ok(name) => {
                    *user = name;
                    if path == "/certsrv/mscep_admin" {
                        Handled::Response(to_slash_form(request))
                    } else {
                        super::ndes::admin(d, t)
                    }
                }
            }
        }
        scep if is_scep_url(scep) && !is_served_method(&request.method) => {
            Handled::Error(METHOD_NOT_ALLOWED)
        }
        scep if is_scep_url(scep) => {
            if let Some(error) = refused_by_application(d, t, request) {
                return Handled::Error(error);
            }
            if d.state.iis.mscep.authentication == Authentication::Windows {
                match windows_authentication::authenticate(d, t, request) {
                    Err(refused) => return refused.into(),
                    Ok(name) => *user = name,
                }
            }
            super::ndes::handle(d, t, request)
        }
        crp if d.state.policy_module.installed
            && crp.starts_with("/certificateregistrationsvc/") =>
        {
            Handled::Error(CLIENT_CERTIFICATE_REQUIRED)
        }
        _ => Handled::Error(NOT_FOUND),
    }
}

/// The handler mapping of the ISAPI extension.
fn is_served_method(method: &str) -> bool {
    ["GET", "HEAD", "POST"]
        .iter()
        .any(|served| served.eq_ignore_ascii_case(method))
}

/// The application's root, the ISAPI extension, and whatever is appended to it.
fn is_scep_url(path: &str) -> bool {
    matches!(
        path,
        "/certsrv/mscep" | "/certsrv/mscep/" | "/certsrv/mscep/mscep.dll"
    ) || path.starts_with("/certsrv/mscep/mscep.dll/")
}

fn to_slash_form(request: &Request) -> Response {
    let location = format!(
        "{}://{}{}/",
        if request.scheme == Scheme::Https {
            "https"
        } else {
            "http"
        },
        request.header("host").unwrap_or(&request.host),
        request.path
    );
    let body = "<head><title>Document Moved</title></head>\r\n<body><h1>Object Moved</h1></body>";
    Response::new(
        301,
        "Moved Permanently",
        "text/html; charset=UTF-8",
        body.into(),
    )
    .with("Location", location)
}

fn with_server(response: Response) -> Response {
    if response.header("server").is_some() {
        response
    } else {
        response.with("Server", page::SERVER)
    }
}
