//! Error pages of SCEP servers that are not NDES: their marks are facts, the sentences ours.

use crate::profile::Hosting;
use crate::wire::Response;

/// An error in the words of the server's kind.
pub(crate) fn error(hosting: Hosting, status: u16, sentence: &str) -> Response {
    let reason = reason(status);
    match hosting {
        Hosting::Text | Hosting::Iis => {
            let body = format!("{sentence}\n");
            Response::new(status, reason, "text/plain; charset=utf-8", body.into())
                .with("X-Content-Type-Options", "nosniff")
        }
        Hosting::Json => {
            let body = format!("{{\"status\":{status},\"message\":\"{sentence}\"}}\n");
            Response::new(status, reason, "application/json", body.into())
        }
        Hosting::Servlet => {
            let body = format!(
                "<html><head><title>Error</title></head><body>{status} - {reason}</body></html>"
            );
            Response::new(status, reason, "text/html;charset=UTF-8", body.into())
        }
        Hosting::Apache => {
            let body = format!(
                "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
                 <title>{status} {reason}</title>\n</head><body>\n<h1>{reason}</h1>\n\
                 <p>{sentence}</p>\n</body></html>\n"
            );
            Response::new(status, reason, "text/html; charset=iso-8859-1", body.into())
        }
        Hosting::AppService => {
            let body =
                format!("{{\"type\":\"about:blank\",\"title\":\"{reason}\",\"status\":{status}}}");
            Response::new(status, reason, "application/problem+json", body.into())
        }
        Hosting::Aws => Response::new(status, reason, "application/octet-stream", Vec::new())
            .with("x-amzn-ErrorType", "ValidationException")
            .with("x-amzn-ErrorMessage", sentence),
    }
}

/// What Azure answers in place of an application that is stopped.
pub(crate) fn app_stopped() -> Response {
    let body = "<!DOCTYPE html>\r\n<html>\r\n<head>\r\n\
        <title>Web App - Unavailable</title>\r\n</head>\r\n<body>\r\n\
        <h1>Error 403 - This web app is stopped.</h1>\r\n\
        <p>Its administrator can start it in the portal.</p>\r\n</body>\r\n</html>\r\n";
    Response::new(403, "Site Disabled", "text/html", body.into())
}

/// What Azure answers if the package of the application cannot be fetched.
pub(crate) fn no_package() -> Response {
    let body = "Cannot download ZIP";
    Response::new(503, "Service Unavailable", "text/plain", body.into())
}

const fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
