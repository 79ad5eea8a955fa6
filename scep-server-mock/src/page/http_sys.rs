//! Error pages of the kernel's HTTP server (`Microsoft-HTTPAPI/2.0`).

use crate::wire::Response;

/// What HTTP.sys answers itself: status, phrase of the page, sentence of the page, reason in its log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    reason: &'static str,
    heading: &'static str,
    sentence: &'static str,
    /// The last but one column of the HTTPERR log.
    pub(crate) log_reason: &'static str,
}

/// The pool is off, switched off by Windows after crashes.
pub(crate) const POOL_CRASHED: Refusal = Refusal {
    status: 503,
    reason: "Service Unavailable",
    heading: "Service Unavailable",
    sentence: "The service is unavailable.",
    log_reason: "AppOffline",
};
/// The pool is off: stopped by somebody, or its identity cannot log on.
pub(crate) const POOL_DISABLED: Refusal = Refusal {
    log_reason: "Disabled",
    ..POOL_CRASHED
};
/// The pool's queue is full.
pub(crate) const QUEUE_FULL: Refusal = Refusal {
    log_reason: "QueueFull",
    ..POOL_CRASHED
};
/// A segment of the path is too long, or holds what may not be in a URL.
pub(crate) const INVALID_URL: Refusal = Refusal {
    status: 400,
    reason: "Bad Request",
    heading: "Bad Request - Invalid URL",
    sentence: "The request URL is invalid.",
    log_reason: "URL",
};
/// No site has a binding for the host name.
pub(crate) const INVALID_HOST: Refusal = Refusal {
    status: 400,
    reason: "Bad Request",
    heading: "Bad Request - Invalid Hostname",
    sentence: "The request hostname is invalid.",
    log_reason: "Hostname",
};
/// No site is there, or it is stopped.
pub(crate) const NO_SITE: Refusal = Refusal {
    status: 404,
    reason: "Not Found",
    heading: "Not Found",
    sentence: "The requested resource is not found.",
    log_reason: "NotFound",
};
/// The URL is longer than `MaxFieldLength`.
pub(crate) const URL_TOO_LONG: Refusal = Refusal {
    status: 414,
    reason: "URI Too Long",
    heading: "Request-URI Too Long",
    sentence: "The request URL is too long.",
    log_reason: "URL_Length",
};
/// Request line and header fields are longer than `MaxRequestBytes`.
pub(crate) const REQUEST_TOO_LONG: Refusal = Refusal {
    status: 400,
    reason: "Bad Request",
    heading: "Bad Request - Request Too Long",
    sentence: "The size of the request headers is too long.",
    log_reason: "RequestLength",
};
/// One header field is longer than `MaxFieldLength`.
pub(crate) const FIELD_TOO_LONG: Refusal = Refusal {
    log_reason: "FieldLength",
    ..REQUEST_TOO_LONG
};
/// A POST without a length.
pub(crate) const LENGTH_REQUIRED: Refusal = Refusal {
    status: 411,
    reason: "Length Required",
    heading: "Length Required",
    sentence: "The request must be chunked or have a content length.",
    log_reason: "LengthRequired",
};

impl Refusal {
    pub(crate) fn page(self) -> Response {
        let Self {
            status,
            reason,
            heading,
            sentence,
            ..
        } = self;
        // The title repeats the heading only up to its dash.
        let title = heading.split(" - ").next().unwrap_or(heading);
        let body = format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n\
             <HTML><HEAD><TITLE>{title}</TITLE>\r\n\
             <META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n\
             <BODY><h2>{heading}</h2>\r\n\
             <hr><p>HTTP Error {status}. {sentence}</p>\r\n\
             </BODY></HTML>\r\n"
        );
        Response::new(
            status,
            reason,
            "text/html; charset=us-ascii",
            body.into_bytes(),
        )
        .with("Server", "Microsoft-HTTPAPI/2.0")
        .with("Connection", "close")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_the_lengths_seen_in_the_field() {
        for (refusal, length) in [
            (POOL_CRASHED, 326),
            (URL_TOO_LONG, 329),
            (REQUEST_TOO_LONG, 346),
            (LENGTH_REQUIRED, 344),
            (INVALID_URL, 324),
            (INVALID_HOST, 334),
            (NO_SITE, 315),
        ] {
            assert_eq!(refusal.page().body.len(), length, "{refusal:?}");
        }
    }
}
