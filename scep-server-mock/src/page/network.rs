//! What others answer in a client's network: a captive portal, a forward proxy, an old web server.

use crate::names;
use crate::wire::Response;

/// The way to the sign-in page of a captive portal.
pub(crate) fn captive_portal() -> Response {
    Response {
        status: 302,
        reason: "Found".to_owned(),
        headers: vec![
            (
                "Location".to_owned(),
                format!("http://{}/login", names::PORTAL_HOST),
            ),
            ("Cache-Control".to_owned(), "no-store".to_owned()),
        ],
        body: Vec::new(),
    }
}

/// A forward proxy that wants a user to sign in.
pub(crate) fn proxy_sign_in() -> Response {
    let body = "<html><head><title>Proxy authentication required</title></head>\
        <body><h1>407</h1><p>This proxy asks users to sign in.</p></body></html>\n";
    Response::new(
        407,
        "Proxy Authentication Required",
        "text/html",
        body.into(),
    )
    .with("Proxy-Authenticate", "Negotiate")
    .with("Proxy-Authenticate", "NTLM")
    .with("Via", "1.1 proxy.lab.example")
    .with("Connection", "close")
}

/// An old web server: it has a page, and knows nothing of SCEP.
pub(crate) fn old_web_server(path: &str) -> Response {
    let response = if path == "/" {
        let body = "<!DOCTYPE html><html><head><title>Lab Inc.</title></head>\
            <body><h1>Welcome</h1></body></html>\n";
        Response::new(200, "OK", "text/html", body.into())
    } else {
        let body = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
            <title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n\
            <p>Nothing lies under this URL.</p>\n</body></html>\n";
        Response::new(
            404,
            "Not Found",
            "text/html; charset=iso-8859-1",
            body.into(),
        )
    };
    response.with("Server", "Apache/2.4.57 (Debian)")
}
