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
