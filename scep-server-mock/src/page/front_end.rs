//! Error pages of reverse proxies and load balancers: their marks are facts, the sentences ours.

use crate::state::FrontEndKind;
use crate::wire::Response;

/// A URL that is too long.
pub(crate) fn uri_too_long(kind: FrontEndKind) -> Response {
    match kind {
        FrontEndKind::Haproxy => error(kind, 400, "Bad Request", "Bad request"),
        _ => error(kind, 414, "Request-URI Too Large", "Request-URI Too Large"),
    }
}

/// A body that is too large.
pub(crate) fn body_too_large(kind: FrontEndKind) -> Response {
    error(
        kind,
        413,
        "Request Entity Too Large",
        "Request Entity Too Large",
    )
}

/// No back end is well.
pub(crate) fn no_back_end(kind: FrontEndKind) -> Response {
    match kind {
        FrontEndKind::ApplicationGateway | FrontEndKind::Nginx => bad_gateway(kind),
        _ => error(kind, 503, "Service Unavailable", "Service Unavailable"),
    }
}

/// The back end does not answer.
pub(crate) fn bad_gateway(kind: FrontEndKind) -> Response {
    error(kind, 502, "Bad Gateway", "Bad Gateway")
}

/// The way to the sign-in page of AD FS.
pub(crate) fn adfs_sign_in(host: &str) -> Response {
    let location = format!(
        "https://sts.lab.example/adfs/ls/?version=1.0&action=signin&realm=urn%3aAppProxy%3acom&returnUrl=https%3a%2f%2f{host}"
    );
    Response {
        status: 307,
        reason: "Temporary Redirect".to_owned(),
        headers: vec![("Location".to_owned(), location)],
        body: Vec::new(),
    }
}

/// A rule has caught the request.
pub(crate) fn blocked(number: u64) -> Response {
    let body = format!(
        "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. \
         Support ID: {:019}</body></html>",
        7_000_000_000_000_000_000_u64.saturating_add(number)
    );
    Response::new(403, "Forbidden", "text/html; charset=utf-8", body.into())
}

fn error(kind: FrontEndKind, status: u16, reason: &str, title: &str) -> Response {
    let (server, body) = match kind {
        FrontEndKind::Nginx => (
            Some("nginx"),
            format!(
                "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n\
                 <center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx</center>\r\n\
                 </body>\r\n</html>\r\n"
            ),
        ),
        FrontEndKind::Apache => (
            Some("Apache/2.4.57 (Debian)"),
            format!(
                "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
                 <title>{status} {title}</title>\n</head><body>\n<h1>{title}</h1>\n</body></html>\n"
            ),
        ),
        FrontEndKind::ApplicationGateway => (
            Some("Microsoft-Azure-Application-Gateway/v2"),
            format!(
                "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n\
                 <center><h1>{status} {title}</h1></center>\r\n<hr>\
                 <center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n"
            ),
        ),
        // HAProxy has no Server field, and the shortest of pages.
        FrontEndKind::Haproxy | FrontEndKind::WebApplicationProxy | FrontEndKind::None => (
            None,
            format!(
                "<html><body><h1>{status} {title}</h1>\n{}\n</body></html>\n",
                if status == 503 {
                    "No server is available to handle this request."
                } else {
                    "Your browser sent an invalid request."
                }
            ),
        ),
    };
    let response = Response::new(status, reason, "text/html", body.into());
    match server {
        Some(server) => response.with("Server", server),
        None => response,
    }
}
