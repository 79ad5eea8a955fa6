//! A forward proxy: absolute URLs for http, a tunnel (CONNECT, RFC 9110 section 9.3.6) for https.

use std::fmt;

use percent_encoding::percent_decode_str;
use scep_failures::observation::NetworkErrorKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::{connect, error};
use crate::network::{HttpResponse, NetworkError};
use crate::{Error, Result, base64};

/// Longest head of an answer to CONNECT, in octets.
const MAX_HEAD: usize = 16 << 10;

/// Where it is, and who asks.
#[derive(Clone)]
pub struct ForwardProxy {
    host: String,
    port: u16,
    /// Value of `Proxy-Authorization`.
    authorization: Option<String>,
}

impl ForwardProxy {
    /// A proxy by its URL, `http://proxy.example:8080`; user and password in it are sent (Basic).
    ///
    /// # Errors
    /// `Misuse` if it is no http URL.
    pub fn parse(url: &str) -> Result<Self> {
        let whole = if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        };
        let bad = |why: &str| Error::misuse(format!("the URL of the forward proxy {why}"));
        let parsed = Url::parse(&whole).map_err(|e| bad(&e.to_string()))?;
        if parsed.scheme() != "http" {
            return Err(bad("has to begin with http://"));
        }
        let host = parsed.host_str().ok_or_else(|| bad("names no host"))?;
        let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        let authorization = (!parsed.username().is_empty()).then(|| {
            let password = decoded(parsed.password().unwrap_or_default());
            let pair = [decoded(parsed.username()), b":".to_vec(), password].concat();
            format!("Basic {}", base64::encode(&pair))
        });
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: parsed.port().unwrap_or(80),
            authorization,
        })
    }

    /// The proxy that the variables of an environment name for a URL: `https_proxy` or `HTTPS_PROXY`,
    /// `http_proxy` (in lower case only: the other one may come from a request, where this runs behind a
    /// web server), `all_proxy` or `ALL_PROXY`; none for hosts that are in `no_proxy` or `NO_PROXY`.
    ///
    /// # Errors
    /// `Misuse` if a variable names no http URL, or the URL is none.
    pub fn from_environment(
        url: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>> {
        let bad = |e: url::ParseError| Error::misuse(format!("{url}: {e}"));
        let target = Url::parse(url).map_err(bad)?;
        let first = |names: &[&'static str]| {
            let mut found = names
                .iter()
                .filter_map(|name| Some((*name, variable(name)?)));
            found.find(|(_, value)| !value.is_empty())
        };
        let named = match target.scheme() {
            "https" => first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            _ => first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        };
        let Some((name, proxy)) = named else {
            return Ok(None);
        };
        let exempt = first(&["no_proxy", "NO_PROXY"]);
        if exempt.is_some_and(|(_, list)| is_exempt(&target, &list)) {
            return Ok(None);
        }
        let parsed = Self::parse(&proxy);
        parsed
            .map(Some)
            .map_err(|e| Error::misuse(format!("{name}: {e}")))
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// Asks for a tunnel; gives the answer if that is no.
    pub(super) async fn tunnel(
        &self,
        stream: &mut TcpStream,
        host: &str,
        port: u16,
    ) -> Result<Option<HttpResponse>, NetworkError> {
        let io = |e: std::io::Error| error(connect::io_kind(&e), format!("the forward proxy: {e}"));
        let mut ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(authorization) = &self.authorization {
            ask.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
        }
        ask.push_str("\r\n");
        stream.write_all(ask.as_bytes()).await.map_err(io)?;
        let mut head = Vec::new();
        // octet by octet: what comes after the head is the tunnel's
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_HEAD {
                return Err(error(
                    NetworkErrorKind::NotHttp,
                    "the forward proxy's answer does not end",
                ));
            }
            head.push(stream.read_u8().await.map_err(io)?);
        }
        let response = parse_head(&String::from_utf8_lossy(&head)).ok_or_else(|| {
            error(
                NetworkErrorKind::NotHttp,
                "the forward proxy does not speak HTTP",
            )
        })?;
        Ok(Some(response).filter(|r| !(200..300).contains(&r.status)))
    }
}

impl fmt::Debug for ForwardProxy {
    /// Leaves user and password out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardProxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Whether a host is in a list such as `localhost,.example.org,192.0.2.0/24,host:8080`; `*` is all hosts.
fn is_exempt(target: &Url, list: &str) -> bool {
    let host = target.host_str().unwrap_or_default();
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let port = target.port_or_known_default();
    let items = list.split([',', ' ']);
    items.filter(|item| !item.is_empty()).any(|item| {
        let item = item.to_ascii_lowercase();
        if item == "*" {
            return true;
        }
        if let Some((network, length)) = item.split_once('/') {
            return in_network(&host, network, length).unwrap_or(false);
        }
        let (name, wanted) = match item.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') => (name, digits.parse().ok()),
            _ => (item.trim_matches(['[', ']']), None),
        };
        let name = name.trim_start_matches('.');
        let below = host
            .strip_suffix(name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        below && wanted.is_none_or(|wanted| Some(wanted) == port)
    })
}

/// Whether an address is in a network; `None` if it is none.
fn in_network(host: &str, network: &str, length: &str) -> Option<bool> {
    let bits = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(v4) => (32_u32, u128::from(v4.to_bits())),
        std::net::IpAddr::V6(v6) => (128, v6.to_bits()),
    };
    let (width, host) = bits(host.parse().ok()?);
    let (same, network) = bits(network.trim_matches(['[', ']']).parse().ok()?);
    let length: u32 = length.parse().ok()?;
    let apart = width.checked_sub(length)?;
    let differ = (host ^ network).checked_shr(apart).unwrap_or(0);
    Some(width == same && differ == 0)
}

/// Status, reason and header fields; the body of a refusal is not of interest.
fn parse_head(head: &str) -> Option<HttpResponse> {
    let mut lines = head.split("\r\n");
    let mut status_line = lines.next()?.strip_prefix("HTTP/1.")?.splitn(3, ' ');
    let _minor = status_line.next()?;
    Some(HttpResponse {
        status: status_line.next()?.parse().ok()?,
        reason: status_line.next().unwrap_or_default().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_any_form() {
        let proxy = ForwardProxy::parse("http://us%3Aer:p%40ss@proxy.example:3128/").unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
        assert_eq!(
            proxy.authorization(),
            Some(format!("Basic {}", base64::encode(b"us:er:p@ss")).as_str())
        );
        assert!(!format!("{proxy:?}").contains("Basic"));
        let bare = ForwardProxy::parse("proxy.example").unwrap();
        assert_eq!((bare.port(), bare.authorization()), (80, None));
        assert!(ForwardProxy::parse("socks5://x").is_err());
        assert!(ForwardProxy::parse("http://").is_err());
    }

    #[test]
    fn the_environment_names_a_proxy_for_some_hosts() {
        let found = |url: &str, variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let proxy = ForwardProxy::from_environment(url, variable).unwrap();
            proxy.map(|proxy| proxy.host().to_owned())
        };
        let both = [("https_proxy", "http://s:1"), ("http_proxy", "p:2")];
        assert_eq!(found("https://h/", &both).as_deref(), Some("s"));
        assert_eq!(found("http://h/", &both).as_deref(), Some("p"));
        // anybody can send a header field Proxy, which CGI makes this variable of
        assert_eq!(found("http://h/", &[("HTTP_PROXY", "p")]), None);
        let all = [("ALL_PROXY", "p")];
        assert_eq!(found("http://h/", &all).as_deref(), Some("p"));
        assert_eq!(found("http://h/", &[("http_proxy", "")]), None);
        for (exempt, url, through) in [
            ("*", "http://h/", false),
            ("example.org", "http://ndes.example.org/", false),
            (".example.org", "http://ndes.example.org/", false),
            ("example.org", "http://badexample.org/", true),
            ("localhost, 10.0.0.0/8", "http://10.2.3.4/", false),
            ("10.0.0.0/8", "http://11.2.3.4/", true),
            ("10.0.0.0/0", "http://11.2.3.4/", false),
            ("2001:db8::/32", "http://[2001:db8::1]/", false),
            ("2001:db8::1", "http://[2001:db8::1]/", false),
            ("h:8080", "http://h:8080/", false),
            ("h:8080", "http://h/", true),
            ("10.0.0.0/99", "http://10.0.0.1/", true),
        ] {
            let variables = [("http_proxy", "p"), ("no_proxy", exempt)];
            assert_eq!(found(url, &variables).is_some(), through, "{exempt} {url}");
        }
        let bad = ForwardProxy::from_environment("http://h", |_| Some("socks5://x".into()));
        assert!(bad.unwrap_err().to_string().contains("http_proxy"));
    }

    #[test]
    fn heads() {
        let head =
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n\r\n";
        let response = parse_head(head).unwrap();
        assert_eq!(response.status, 407);
        assert_eq!(response.header("proxy-authenticate"), Some("Negotiate"));
        assert!(parse_head("SSH-2.0-x\r\n\r\n").is_none());
        assert_eq!(parse_head("HTTP/1.0 200\r\n\r\n").unwrap().status, 200);
    }
}
