//! HTTP/1.1 exchanges on a connection that is there already.

use std::error::Error as _;
use std::io::ErrorKind;
use std::pin::pin;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{
    ACCEPT, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT,
};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use scep_failures::observation::NetworkErrorKind;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{connect, error};
use crate::network::{HttpRequest, HttpResponse, NetworkError, NextRequest};

/// Longest response head that is read, in octets.
const MAX_HEAD: usize = 64 * 1024;

/// Where a URL leads, and what is asked there.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) https: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Value of the `Host` field: without the scheme's own port and without user information.
    host_field: String,
    path_and_query: String,
}

/// What stands in the request line.
#[derive(Clone, Copy)]
pub(super) enum Form<'a> {
    /// Path and query.
    Origin,
    /// The whole URL, for a forward proxy, with what it is to let us in for.
    Absolute(Option<&'a str>),
}

impl Target {
    /// Takes an absolute URL apart and leaves every octet of path and query as it is.
    pub(super) fn parse(url: &str) -> Result<Self, NetworkError> {
        let unusable = |why: String| error(NetworkErrorKind::NameNotFound, why);
        let without_fragment = url.split_once('#').map_or(url, |(before, _)| before);
        let uri: Uri = without_fragment
            .parse()
            .map_err(|e| unusable(format!("not a URL: {e}")))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(unusable("the URL is neither http nor https".into())),
        };
        let host = uri
            .host()
            .ok_or_else(|| unusable("the URL names no host".into()))?;
        let host_field = match uri.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok(Self {
            https,
            port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
            host: host.to_owned(),
            host_field,
            path_and_query: uri
                .path_and_query()
                .map_or_else(|| "/".into(), ToString::to_string),
        })
    }
}

/// Sends the request and reads the whole response; then what `next` makes of it, on the same connection.
pub(super) async fn exchange<S>(
    stream: S,
    target: &Target,
    request: &HttpRequest,
    user_agent: &str,
    form: Form<'_>,
    next: &mut NextRequest<'_>,
) -> Result<HttpResponse, NetworkError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut first = message(target, request, user_agent, form)?;
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_header_size(MAX_HEAD)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|e| http_error(&e))?;

    let mut exchange = pin!(async move {
        loop {
            let response = sender
                .send_request(first)
                .await
                .map_err(|e| (e.is_canceled(), http_error(&e)))?;
            let response = read(response, request.max_body)
                .await
                .map_err(|e| (false, e))?;
            let Some(request) = next(&response) else {
                return Ok(response);
            };
            first = message(target, &request, user_agent, form).map_err(|e| (false, e))?;
            let ready = sender.ready().await;
            ready.map_err(|e| (e.is_canceled(), http_error(&e)))?;
        }
    });
    let mut connection = pin!(connection);
    // why the connection ended, if it ended before the exchange
    let mut broken: Option<NetworkError> = None;
    let mut connected = true;
    let result = loop {
        tokio::select! {
            biased;
            result = &mut exchange => break result,
            end = &mut connection, if connected => {
                connected = false;
                broken = end.err().map(|e| http_error(&e));
            }
        }
    };
    result.map_err(|(canceled, e)| match broken {
        // the connection knows the cause, the request only that it was dropped
        Some(cause) if canceled => cause,
        _ => e,
    })
}

fn message(
    target: &Target,
    request: &HttpRequest,
    user_agent: &str,
    form: Form<'_>,
) -> Result<Request<Full<Bytes>>, NetworkError> {
    let unusable = |e: &dyn std::fmt::Display| {
        error(
            NetworkErrorKind::NotHttp,
            format!("the request cannot be sent: {e}"),
        )
    };
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|e| unusable(&e))?;
    let mut message = Request::new(Full::new(Bytes::from(request.body.clone())));
    let in_line = match form {
        Form::Origin => target.path_and_query.clone(),
        Form::Absolute(_) => format!("http://{}{}", target.host_field, target.path_and_query),
    };
    *message.uri_mut() = in_line.parse().map_err(|e| unusable(&e))?;

    let fields = message.headers_mut();
    let value = |text: &str| HeaderValue::from_str(text).map_err(|e| unusable(&e));
    fields.insert(HOST, value(&target.host_field)?);
    fields.insert(USER_AGENT, value(user_agent)?);
    fields.insert(ACCEPT, HeaderValue::from_static("*/*"));
    if let Form::Absolute(Some(authorization)) = form {
        let mut authorization = value(authorization)?;
        authorization.set_sensitive(true);
        fields.insert(PROXY_AUTHORIZATION, authorization);
    }
    if method != Method::GET {
        fields.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
    }
    let mut given = Vec::new();
    for (name, text) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| unusable(&e))?;
        // the first of a name replaces what is there, further ones stand beside it
        if given.contains(&name) {
            fields.append(name, value(text)?);
        } else {
            fields.insert(&name, value(text)?);
            given.push(name);
        }
    }
    *message.method_mut() = method;
    Ok(message)
}

async fn read(response: Response<Incoming>, max_body: usize) -> Result<HttpResponse, NetworkError> {
    let status = response.status();
    // hyper keeps the phrase only where it is not the standard one
    let reason = match response.extensions().get::<ReasonPhrase>() {
        Some(phrase) => String::from_utf8_lossy(phrase.as_bytes()).into_owned(),
        None => status.canonical_reason().unwrap_or_default().to_owned(),
    };
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), lossless_text(value)))
        .collect();

    let too_long = || {
        error(
            NetworkErrorKind::TooLong,
            format!("the body has more than {max_body} octets"),
        )
    };
    let mut incoming = response.into_body();
    if incoming.size_hint().lower() > u64::try_from(max_body).unwrap_or(u64::MAX) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|e| http_error(&e))?;
        if let Some(data) = frame.data_ref() {
            if data.len() > max_body.saturating_sub(body.len()) {
                return Err(too_long());
            }
            body.extend_from_slice(data);
        }
    }
    Ok(HttpResponse {
        status: status.as_u16(),
        reason,
        headers,
        body,
    })
}

/// A field value as text: UTF-8 if it is, else octet by octet (ISO 8859-1).
fn lossless_text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value
            .as_bytes()
            .iter()
            .map(|&octet| char::from(octet))
            .collect(),
    }
}

/// Sorts hyper's errors.
fn http_error(e: &hyper::Error) -> NetworkError {
    let mut cause = e.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            if let Some(tls) = io.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
                return error(NetworkErrorKind::TlsFailed, tls.to_string());
            }
            // hyper's own complaints about chunks come as I/O errors too
            let kind = match io.kind() {
                ErrorKind::InvalidInput | ErrorKind::InvalidData => NetworkErrorKind::NotHttp,
                _ => connect::io_kind(io),
            };
            return error(kind, format!("{e}: {io}"));
        }
        cause = inner.source();
    }
    let kind = if e.is_incomplete_message() || e.is_closed() || e.is_canceled() {
        NetworkErrorKind::Closed
    } else if e.is_parse_too_large() {
        NetworkErrorKind::TooLong
    } else {
        // unreadable heads, broken chunks, and octets that came before anything was asked
        NetworkErrorKind::NotHttp
    };
    error(kind, e.to_string())
}
