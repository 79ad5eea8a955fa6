//! Who wrote this response? The first question of any diagnosis: a 503 of HTTP.sys, of a load
//! balancer and of a cloud proxy have nothing in common but the number.

use super::page::{Page, Shape};

/// Whose words a response is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Writer {
    /// HTTP.sys, the HTTP listener of the Windows kernel: IIS never saw the request.
    HttpSys,
    /// IIS: an error page or a static page of it.
    Iis,
    /// NDES (mscep.dll).
    Mscep,
    /// A SCEP service that does not look like NDES.
    ScepServer,
    /// Microsoft Entra application proxy.
    EntraAppProxy,
    /// The Entra sign-in redirect, without the marks of the application proxy.
    EntraSignIn,
    /// AD FS, as Web Application Proxy redirects to it.
    Adfs,
    /// ASP.NET Core's host filter, which imitates HTTP.sys.
    KestrelHostFilter,
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
    /// Apache httpd.
    Apache,
    /// Azure Application Gateway.
    AzureApplicationGateway,
    /// Azure App Service, in place of an application.
    AzureAppService,
    /// Cloudflare.
    Cloudflare,
    /// AWS's connector for SCEP.
    AwsConnector,
    /// A firewall for web applications.
    WebApplicationFirewall,
    /// A forward proxy between the client and the Internet.
    ForwardProxy,
    /// Some page that asks for a password.
    SignInPage,
    /// Nobody we know.
    Unknown,
}

impl Writer {
    /// The word for facts and clues.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpSys => "http-sys",
            Self::Iis => "iis",
            Self::Mscep => "mscep",
            Self::ScepServer => "scep-server",
            Self::EntraAppProxy => "entra-app-proxy",
            Self::EntraSignIn => "entra-sign-in",
            Self::Adfs => "adfs",
            Self::KestrelHostFilter => "kestrel-host-filter",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Apache => "apache",
            Self::AzureApplicationGateway => "azure-application-gateway",
            Self::AzureAppService => "azure-app-service",
            Self::Cloudflare => "cloudflare",
            Self::AwsConnector => "aws-connector",
            Self::WebApplicationFirewall => "waf",
            Self::ForwardProxy => "forward-proxy",
            Self::SignInPage => "sign-in-page",
            Self::Unknown => "unknown",
        }
    }

    /// The name for a reader.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::HttpSys => "HTTP.sys",
            Self::Iis => "IIS",
            Self::Mscep => "NDES",
            Self::ScepServer => "a SCEP service",
            Self::EntraAppProxy => "Entra application proxy",
            Self::EntraSignIn => "Entra sign-in",
            Self::Adfs => "AD FS",
            Self::KestrelHostFilter => "ASP.NET Core",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Apache => "Apache",
            Self::AzureApplicationGateway => "Azure Application Gateway",
            Self::AzureAppService => "Azure App Service",
            Self::Cloudflare => "Cloudflare",
            Self::AwsConnector => "AWS Connector for SCEP",
            Self::WebApplicationFirewall => "a web application firewall",
            Self::ForwardProxy => "a forward proxy",
            Self::SignInPage => "a sign-in page",
            Self::Unknown => "somebody unknown",
        }
    }
}

/// The answer, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Who wrote it.
    pub writer: Writer,
    /// False if one mark alone speaks for it, or if the mark is not known from a real response.
    pub certain: bool,
    /// The mark.
    pub because: &'static str,
}

const fn certain(writer: Writer, because: &'static str) -> Option<Identified> {
    Some(Identified {
        writer,
        certain: true,
        because,
    })
}

const fn likely(writer: Writer, because: &'static str) -> Option<Identified> {
    Some(Identified {
        writer,
        certain: false,
        because,
    })
}

/// Decides who wrote a response. Pages are judged by their shape first, as proxies pass bodies on
/// and header fields can be switched off.
#[must_use]
pub fn identify(page: &Page<'_>) -> Identified {
    [
        redirects,
        named_errors,
        scep_answers,
        http_sys,
        iis_pages,
        front_ends,
        app_proxy_pages,
        by_server_field,
    ]
    .iter()
    .find_map(|rule| rule(page))
    .unwrap_or(Identified {
        writer: Writer::Unknown,
        certain: false,
        because: "no known mark",
    })
}

fn redirects(page: &Page<'_>) -> Option<Identified> {
    if !(300..400).contains(&page.http.status) {
        return None;
    }
    let (host, path) = page.location()?;
    if [
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
    ]
    .contains(&host.as_str())
    {
        return if page.through_app_proxy() {
            certain(
                Writer::EntraAppProxy,
                "redirect to the Entra sign-in page, marked by the application proxy",
            )
        } else {
            certain(Writer::EntraSignIn, "redirect to the Entra sign-in page")
        };
    }
    if path.to_ascii_lowercase().starts_with("/adfs/ls") {
        return certain(Writer::Adfs, "redirect to /adfs/ls");
    }
    None
}

fn named_errors(page: &Page<'_>) -> Option<Identified> {
    if page.header("x-amzn-errortype").is_some() || page.header("x-amzn-errormessage").is_some() {
        return certain(Writer::AwsConnector, "header field x-amzn-ErrorType");
    }
    if page.http.status == 407 {
        return certain(
            Writer::ForwardProxy,
            "status 407 comes from a forward proxy only",
        );
    }
    None
}

fn is_iis(page: &Page<'_>) -> bool {
    page.server()
        .to_ascii_lowercase()
        .starts_with("microsoft-iis/")
}

fn scep_answers(page: &Page<'_>) -> Option<Identified> {
    if !page.is_success() {
        return None;
    }
    let media_type = page.media_type();
    let scep_type = matches!(
        media_type.as_str(),
        "application/x-pki-message"
            | "application/x-x509-ca-cert"
            | "application/x-x509-ca-ra-cert"
    );
    let shape = page.shape();
    if page
        .title()
        .is_some_and(|title| title.eq_ignore_ascii_case("Network Device Enrollment Service"))
    {
        return certain(
            Writer::Mscep,
            "page titled Network Device Enrollment Service",
        );
    }
    if (scep_type && shape == Shape::Der)
        || (shape == Shape::Text && super::http::is_capability_list(page))
    {
        return if is_iis(page) {
            certain(Writer::Mscep, "a SCEP answer, served by IIS")
        } else if page.through_app_proxy() {
            likely(Writer::Mscep, "a SCEP answer through the application proxy")
        } else if page.body.windows(NDES_RA.len()).any(|part| part == NDES_RA) {
            likely(
                Writer::Mscep,
                "a registration authority named as those of NDES are",
            )
        } else {
            certain(Writer::ScepServer, "a SCEP answer")
        };
    }
    if shape == Shape::Empty && media_type.is_empty() && is_iis(page) {
        return likely(
            Writer::Mscep,
            "an empty answer without Content-Type, served by IIS",
        );
    }
    None
}

/// What set-up of NDES puts at the end of the names of its registration authorities.
const NDES_RA: &[u8] = b"-MSCEP-RA";

/// Octets of the pages of HTTP.sys, where known.
const HTTP_SYS_LENGTHS: &[(u16, &[u64])] = &[
    (503, &[326]),
    (400, &[346, 324, 334]),
    (414, &[329]),
    (404, &[315]),
    (411, &[344]),
];

fn http_sys(page: &Page<'_>) -> Option<Identified> {
    let server = page.server().to_ascii_lowercase();
    let shaped = page.lower.contains("//dtd html 4.01//en\"\"http:")
        || page.lower.contains("//dtd html 4.01//en\" \"http:");
    let shaped = shaped && page.lower.contains("<hr><p>http error ");
    if server == "kestrel" && (shaped || page.lower.contains("</ head >")) {
        return certain(
            Writer::KestrelHostFilter,
            "the page of HTTP.sys, imitated by Kestrel",
        );
    }
    let http_api = server.starts_with("microsoft-httpapi/");
    let length = page.http.body_len;
    let known_length = HTTP_SYS_LENGTHS
        .iter()
        .any(|(status, lengths)| *status == page.http.status && lengths.contains(&length));
    match (shaped, http_api) {
        (true, true) => certain(
            Writer::HttpSys,
            "the page of HTTP.sys, and Server: Microsoft-HTTPAPI",
        ),
        (true, false) if known_length => {
            certain(Writer::HttpSys, "the page of HTTP.sys, in its exact length")
        }
        (true, false) => likely(Writer::HttpSys, "a page shaped as those of HTTP.sys"),
        (false, true) => likely(Writer::HttpSys, "Server: Microsoft-HTTPAPI"),
        (false, false) => None,
    }
}

fn iis_pages(page: &Page<'_>) -> Option<Identified> {
    if page.shape() != Shape::Html {
        return None;
    }
    let title = page.title().unwrap_or_default();
    let status = page.http.status.to_string();
    if title.starts_with("IIS ") && title.contains("Detailed Error") {
        return certain(Writer::Iis, "IIS' detailed error page");
    }
    let server_error =
        page.lower.contains("<h1>server error</h1>") && title.starts_with(&format!("{status} - "));
    if server_error {
        return certain(Writer::Iis, "IIS' own error page");
    }
    if title.starts_with("IIS Windows") {
        return certain(Writer::Iis, "IIS' welcome page");
    }
    if is_iis(page) {
        return likely(Writer::Iis, "Server: Microsoft-IIS, with an HTML page");
    }
    None
}

fn app_proxy_pages(page: &Page<'_>) -> Option<Identified> {
    let text = page.lower.contains("corporate app can");
    if text && page.through_app_proxy() {
        return certain(
            Writer::EntraAppProxy,
            "the application proxy's page and its header fields",
        );
    }
    if text {
        return likely(Writer::EntraAppProxy, "the application proxy's page");
    }
    if page.through_app_proxy() && page.http.status >= 400 && !is_iis(page) {
        return if app_proxy_status(page).is_some() {
            certain(
                Writer::EntraAppProxy,
                "the application proxy's header fields and status text",
            )
        } else {
            likely(
                Writer::EntraAppProxy,
                "the application proxy's header fields, and none of IIS",
            )
        };
    }
    None
}

/// The status text on a page of the application proxy.
#[must_use]
pub fn app_proxy_status(page: &Page<'_>) -> Option<&'static str> {
    [
        "GatewayTimeout",
        "BadGateway",
        "Forbidden",
        "InternalServerError",
        "NotFound",
    ]
    .into_iter()
    .find(|word| page.text.contains(word))
}

fn front_ends(page: &Page<'_>) -> Option<Identified> {
    let server = page.server().to_ascii_lowercase();
    if server.starts_with("microsoft-azure-application-gateway") {
        return certain(
            Writer::AzureApplicationGateway,
            "Server: Microsoft-Azure-Application-Gateway",
        );
    }
    if server == "cloudflare" && page.header("cf-ray").is_some() && page.http.status >= 400 {
        return certain(Writer::Cloudflare, "Server: cloudflare and CF-RAY");
    }
    if page.lower.contains("<center>nginx") {
        return certain(Writer::Nginx, "nginx' page");
    }
    if page
        .lower
        .contains("no server is available to handle this request")
        || page.lower.contains("your browser sent an invalid request.")
    {
        return certain(Writer::Haproxy, "HAProxy's page");
    }
    if page.lower.contains("<address>apache") {
        return certain(Writer::Apache, "Apache's page");
    }
    let number = ["support id", "reference id", "incident id", "event id:"];
    if page.http.status >= 400
        && page.shape() == Shape::Html
        && !is_iis(page)
        && number.iter().any(|words| page.lower.contains(words))
    {
        return likely(
            Writer::WebApplicationFirewall,
            "a page that refuses, with a number to tell the operator",
        );
    }
    if page.lower.contains("cannot download zip") {
        return certain(
            Writer::AzureAppService,
            "Azure's words for a package that cannot be fetched",
        );
    }
    if page.lower.contains("this web app is stopped") {
        return certain(
            Writer::AzureAppService,
            "Azure's page for a stopped application",
        );
    }
    None
}

fn by_server_field(page: &Page<'_>) -> Option<Identified> {
    let server = page.server().to_ascii_lowercase();
    if is_iis(page) {
        return likely(Writer::Iis, "Server: Microsoft-IIS");
    }
    if page.shape() == Shape::Html && page.lower.contains("type=\"password\"") {
        return likely(Writer::SignInPage, "a page that asks for a password");
    }
    for (prefix, writer) in [
        ("nginx", Writer::Nginx),
        ("apache", Writer::Apache),
        ("cloudflare", Writer::Cloudflare),
    ] {
        if server.starts_with(prefix) && page.http.status >= 400 {
            return likely(writer, "header field Server");
        }
    }
    None
}
