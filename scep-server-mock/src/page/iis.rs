//! Pages of IIS: short error pages for remote clients, detailed ones, and the welcome page.

use crate::hresult::Hresult;
use crate::wire::Response;

/// The `Server` field of Windows Server 2016 and later.
pub(crate) const SERVER: &str = "Microsoft-IIS/10.0";

/// An HTTP error of IIS: `404.15` is status 404, substatus 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HttpError {
    pub(crate) status: u16,
    pub(crate) substatus: u16,
    /// Last column but one of the IIS log.
    pub(crate) win32: Hresult,
    /// What a detailed page says in its title after the number.
    pub(crate) phrase: &'static str,
    /// The IIS module that refuses.
    pub(crate) module: &'static str,
}

impl HttpError {
    pub(crate) const fn new(
        status: u16,
        substatus: u16,
        phrase: &'static str,
        module: &'static str,
    ) -> Self {
        Self {
            status,
            substatus,
            win32: Hresult::OK,
            phrase,
            module,
        }
    }

    pub(crate) const fn win32(self, win32: Hresult) -> Self {
        Self { win32, ..self }
    }

    /// The page, short or detailed.
    pub(crate) fn page(self, detailed: bool, url: &str) -> Response {
        if detailed {
            self.detailed(url)
        } else {
            self.short()
        }
    }

    /// What remote clients see by default. The status decides everything: the substatus stays on
    /// the server.
    fn short(self) -> Response {
        let (reason, title, sentence, length) = match self.status {
            400 => (
                "Bad Request",
                "400 - Bad Request.",
                "The server cannot make sense of this request.",
                1200,
            ),
            401 => (
                "Unauthorized",
                "401 - Unauthorized: Access is denied due to invalid credentials.",
                "This page needs a sign-in, and the credentials of the request do not suffice for it.",
                1293,
            ),
            403 => (
                "Forbidden",
                "403 - Forbidden: Access is denied.",
                "The credentials of the request do not permit a look at this page.",
                1233,
            ),
            404 => (
                "Not Found",
                "404 - File or directory not found.",
                "There is nothing under this name, or it has moved, or it is away for a while.",
                1245,
            ),
            405 => (
                "Method Not Allowed",
                "405 - HTTP verb used to access this page is not allowed.",
                "The page exists, but not for a request of this method.",
                1293,
            ),
            413 => (
                "Request Entity Too Large",
                "413 - Request Entity Too Large.",
                "The body of the request is larger than this server reads.",
                1224,
            ),
            _ => (
                "Internal Server Error",
                "500 - Internal server error.",
                "The resource failed on the server, so there is nothing to show.",
                1208,
            ),
        };
        let body = short_page(title, sentence, length);
        Response::new(self.status, reason, "text/html", body.into_bytes()).with("Server", SERVER)
    }

    fn detailed(self, url: &str) -> Response {
        let Self {
            status,
            substatus,
            win32,
            phrase,
            module,
        } = self;
        let short = self.short();
        let url = escape(url);
        let body = format!(
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\"> \r\n\
             <html xmlns=\"http://www.w3.org/1999/xhtml\"> \r\n<head> \r\n\
             <title>IIS 10.0 Detailed Error - {status}.{substatus} - {phrase}</title> \r\n\
             <style type=\"text/css\">body{{margin:0;font-size:.7em;font-family:Verdana,sans-serif}}</style> \r\n</head> \r\n\
             <body> \r\n<div id=\"content\"> \r\n\
             <div class=\"content-container\"><h3>HTTP Error {status}.{substatus} - {phrase}</h3></div> \r\n\
             <fieldset><h4>Detailed Error Information:</h4> \r\n<table> \r\n\
             <tr><th>Module</th><td>{module}</td></tr> \r\n\
             <tr><th>Error Code</th><td>{win32}</td></tr> \r\n\
             <tr><th>Requested URL</th><td>{url}</td></tr> \r\n\
             </table></fieldset> \r\n</div> \r\n</body> \r\n</html> \r\n"
        );
        Response::new(
            status,
            &short.reason,
            "text/html; charset=utf-8",
            body.into_bytes(),
        )
        .with("Server", SERVER)
    }
}

fn escape(text: &str) -> String {
    text.chars().take(256).fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
        out
    })
}

/// The page, filled up to `length` octets by blanks in its style sheet: where our sentence is
/// shorter than the original's, the length still is what a client sees in the field.
fn short_page(title: &str, sentence: &str, length: usize) -> String {
    let page = |padding: &str| {
        format!(
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\r\n\
             <html xmlns=\"http://www.w3.org/1999/xhtml\">\r\n<head>\r\n\
             <meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\"/>\r\n\
             <title>{title}</title>\r\n<style type=\"text/css\">\r\n<!--\r\n\
             body{{margin:0;font-size:.7em;font-family:Verdana,sans-serif;background:#EEE}}\r\n\
             fieldset{{padding:0 15px 10px}}\r\nh1{{font-size:2.4em;margin:0;color:#FFF}}\r\n\
             h2{{font-size:1.7em;margin:0;color:#C00}}\r\nh3{{font-size:1.2em;margin:10px 0 0;color:#000}}\r\n\
             #header{{width:96%;padding:6px 2%;color:#FFF;background-color:#555}}\r\n\
             #content{{margin:0 0 0 2%}}\r\n{padding}-->\r\n</style>\r\n</head>\r\n<body>\r\n\
             <div id=\"header\"><h1>Server Error</h1></div>\r\n<div id=\"content\">\r\n\
             \x20<div class=\"content-container\"><fieldset>\r\n  <h2>{title}</h2>\r\n\
             \x20 <h3>{sentence}</h3>\r\n </fieldset></div>\r\n</div>\r\n</body>\r\n</html>\r\n"
        )
    };
    let missing = length.saturating_sub(page("").len());
    page(&" ".repeat(missing))
}

/// What `GET /` of a fresh server shows.
pub(crate) fn welcome() -> Response {
    let body = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\r\n\
        <html xmlns=\"http://www.w3.org/1999/xhtml\">\r\n<head>\r\n\
        <meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\" />\r\n\
        <title>IIS Windows Server</title>\r\n</head>\r\n<body>\r\n\
        <div id=\"container\"><img src=\"iisstart.png\" alt=\"IIS\" width=\"960\" height=\"600\" /></div>\r\n\
        </body>\r\n</html>\r\n";
    Response::new(200, "OK", "text/html", body.into()).with("Server", SERVER)
}

/// What a site shows in place of errors, with the status of a page that is there.
pub(crate) fn error_page_of_the_site() -> Response {
    let body = "<!DOCTYPE html>\r\n<html>\r\n<head>\r\n<title>Something went wrong</title>\r\n</head>\r\n\
        <body>\r\n<h1>Sorry</h1>\r\n<p>This did not work.</p>\r\n</body>\r\n</html>\r\n";
    Response::new(200, "OK", "text/html", body.into()).with("Server", SERVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_pages_have_the_lengths_seen_in_the_field_and_hide_the_substatus() {
        for (status, length) in [(401, 1293), (403, 1233), (404, 1245), (500, 1208)] {
            let page = HttpError::new(status, 15, "x", "y").page(false, "/");
            assert_eq!(page.body.len(), length, "{status}");
            let text = String::from_utf8(page.body).unwrap();
            assert!(text.contains(&format!("<title>{status} - ")) && !text.contains(".15"));
        }
    }

    #[test]
    fn a_detailed_page_shows_substatus_and_code_and_quotes_the_url_safely() {
        let page = HttpError::new(500, 0, "Internal Server Error", "IsapiModule")
            .win32(Hresult::E_FAIL)
            .page(true, "/<script>");
        let text = String::from_utf8(page.body).unwrap();
        assert!(text.contains("IIS 10.0 Detailed Error - 500.0 - Internal Server Error"));
        assert!(text.contains("0x80004005") && !text.contains("<script>"));
    }
}
