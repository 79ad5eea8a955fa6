//! IIS: request filtering, client certificates, authentication, and which application answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::text;
use crate::names;
use crate::page::iis::{self as page, HttpError};
use crate::state::{Authentication, Iis};
use crate::wire::{Layer, Outcome, Request, Response, Scheme, Transit};

/// What a handler came up with.
pub(crate) enum Handled {
    /// A response of the application.
    Response(Response),
    /// An error, whose page IIS writes.
    Error(HttpError),
    /// The worker process is gone.
    Crashed,
}

const NOT_FOUND: HttpError = HttpError::new(404, 0, "Not Found", "IIS Web Core");
const URL_TOO_LONG: HttpError = HttpError::new(404, 14, "Not Found", "RequestFilteringModule");
const QUERY_TOO_LONG: HttpError = HttpError::new(404, 15, "Not Found", "RequestFilteringModule");
const BODY_TOO_LONG: HttpError = HttpError::new(404, 13, "Not Found", "RequestFilteringModule");
const METHOD_NOT_ALLOWED: HttpError = HttpError::new(405, 0, "Method Not Allowed", "IIS Web Core");
const ENTITY_TOO_LARGE: HttpError =
    HttpError::new(413, 0, "Request Entity Too Large", "IIS Web Core");
const SIGN_IN: HttpError = HttpError::new(401, 2, "Unauthorized", "IIS Web Core").win32(Hresult(5));
const WRONG_CREDENTIALS: HttpError =
    HttpError::new(401, 1, "Unauthorized", "WindowsAuthenticationModule").win32(Hresult(1326));
const CLIENT_CERTIFICATE_REQUIRED: HttpError =
    HttpError::new(403, 7, "Forbidden", "IIS Web Core").win32(Hresult(64));

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(2);
    let mut user = "-";
    let handled = match refused_by_limits(&d.state.iis, request) {
        Some(error) => Handled::Error(error),
        None => dispatch(d, t, request, &mut user),
    };
    let (response, substatus, win32) = match handled {
        Handled::Response(response) => (with_server(response), 0, Hresult::OK),
        Handled::Error(error) => {
            let page = error.page(d.state.iis.detailed_errors, &request.path);
            (challenge(page, error), error.substatus, error.win32)
        }
        // Nobody is left to write a line into the IIS log.
        Handled::Crashed => return t.end(Layer::Ndes, Outcome::Reset),
    };
    let now = t.now();
    let status = (response.status, substatus, win32);
    d.log(
        t,
        text::iis(now, request, user, status, t.spent.as_millis()),
    );
    t.answer(Layer::Iis, response)
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
            match authenticate(request) {
                Err(error) => Handled::Error(error),
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
            if d.state.iis.mscep.authentication == Authentication::Windows {
                match authenticate(request) {
                    Err(error) => return Handled::Error(error),
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

/// Windows authentication. Negotiate and NTLM are offered; what the mock can check is Basic, so
/// that a script can be the lab's administrator.
fn authenticate(request: &Request) -> Result<&'static str, HttpError> {
    let given = request.header("authorization").ok_or(SIGN_IN)?;
    let basic = given.strip_prefix("Basic ").ok_or(WRONG_CREDENTIALS)?;
    let decoded = STANDARD
        .decode(basic.trim())
        .map_err(|_| WRONG_CREDENTIALS)?;
    let expected = format!("{}:{}", names::ADMIN_USER, names::ADMIN_PASSWORD);
    if decoded == expected.as_bytes() {
        Ok(names::ADMIN_USER)
    } else {
        Err(WRONG_CREDENTIALS)
    }
}

fn challenge(page: Response, error: HttpError) -> Response {
    if error.status == 401 {
        page.with("WWW-Authenticate", "Negotiate")
            .with("WWW-Authenticate", "NTLM")
    } else {
        page
    }
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
