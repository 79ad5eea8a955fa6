//! Pages of the Microsoft Entra application proxy.

use crate::names;
use crate::wire::Response;

/// Identifiers of the published application; made up, the same every time.
const APP_ID: &str = "6f2b7a4e-0d43-4d0f-9a55-0c7e1d3b8a10";
const GROUP_ID: &str = "0b1d9c55-7f0a-4f5b-8a3e-6f1f6f8f2b21";
const TENANT_ID: &str = "3c9e2f10-5b7d-4a86-b1c4-2d6a7e8f9012";

/// The error page: `status_code` is the word at its foot (`GatewayTimeout`).
pub(crate) fn error(status: u16, reason: &str, status_code: &str, detail: &str) -> Response {
    let body = format!(
        "<!DOCTYPE html>\r\n<html>\r\n<head>\r\n<meta charset=\"utf-8\" />\r\n\
         <title>This corporate app can't be accessed</title>\r\n</head>\r\n<body>\r\n\
         <h1>This corporate app can't be accessed</h1>\r\n<p>{detail}</p>\r\n\
         <div id=\"footer\">Status Code: {status_code}<br/>Url: https://{host}/</div>\r\n\
         </body>\r\n</html>\r\n",
        host = names::PROXY_HOST
    );
    mark(Response::new(
        status,
        reason,
        "text/html; charset=utf-8",
        body.into_bytes(),
    ))
}

/// The proxy knows no application of this name: its own page, without the marks of one.
pub(crate) fn no_application() -> Response {
    let body = "<!DOCTYPE html>\r\n<html>\r\n<head>\r\n<meta charset=\"utf-8\" />\r\n\
        <title>This corporate app can't be accessed</title>\r\n</head>\r\n<body>\r\n\
        <h1>This corporate app can't be accessed</h1>\r\n<p>No application is published here.</p>\r\n\
        <div id=\"footer\">Status Code: NotFound</div>\r\n</body>\r\n</html>\r\n";
    Response::new(404, "Not Found", "text/html; charset=utf-8", body.into())
}

/// The way to the sign-in page.
pub(crate) fn sign_in(path: &str) -> Response {
    let location = format!(
        "https://login.microsoftonline.com/{TENANT_ID}/oauth2/authorize?response_type=code\
         &client_id={APP_ID}&scope=openid&redirect_uri=https%3a%2f%2f{host}{path}",
        host = names::PROXY_HOST,
        path = path.replace('/', "%2f")
    );
    let response = Response {
        status: 302,
        reason: "Found".to_owned(),
        headers: vec![("Location".to_owned(), location)],
        body: Vec::new(),
    };
    mark(response.with(
        "Set-Cookie",
        "AzureAppProxyAnalyticCookie=1; path=/; secure; HttpOnly",
    ))
}

/// Adds the header fields by which the proxy is known.
pub(crate) fn mark(response: Response) -> Response {
    response
        .with("x-ms-proxy-app-id", APP_ID)
        .with("x-ms-proxy-group-id", GROUP_ID)
        .with("x-ms-proxy-subscription-id", TENANT_ID)
        .with("x-ms-proxy-service-name", "proxy-appproxy-lab-1")
        .with("x-ms-proxy-data-center", "LAB1")
        .with(
            "x-ms-proxy-transaction-id",
            "a0b1c2d3-0000-4000-8000-000000000001",
        )
}
