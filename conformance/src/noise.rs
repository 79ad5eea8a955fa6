//! A front end that changes what does not matter: a diagnosis must not be led astray by it.

use std::net::SocketAddr;
use std::time::Duration;

use scep_client::Network;
use scep_client::network::{HttpRequest, HttpResponse, NetworkError, Resolution};
use scep_core::UnixTime;
use scep_failures::observation::{TlsFacts, TlsVerdict};

use crate::loopback::Loopback;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noise {
    /// The field Server names something else.
    OtherServer,
    /// There is no field Server.
    NoServer,
    /// The pages of IIS and NDES are in German.
    Localised,
    /// HTTP/1.0: no reason phrase that could be relied upon, no length, the connection is closed.
    Http10,
    /// Bodies are sent in chunks.
    Chunked,
    /// Names of fields in lower case, in another order.
    Reordered,
    /// Cookies of a load balancer, fields of security scanners.
    MoreFields,
}

impl Noise {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::OtherServer,
        Self::NoServer,
        Self::Localised,
        Self::Http10,
        Self::Chunked,
        Self::Reordered,
        Self::MoreFields,
    ];

    /// In words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OtherServer => "another name in `Server`",
            Self::NoServer => "no `Server`",
            Self::Localised => "pages in German",
            Self::Http10 => "HTTP/1.0",
            Self::Chunked => "bodies in chunks",
            Self::Reordered => "fields in another order",
            Self::MoreFields => "cookies and other fields",
        }
    }

    fn change(self, response: &mut HttpResponse) {
        let fields = &mut response.headers;
        let mut add = |name: &str, value: &str| fields.push((name.into(), value.into()));
        match self {
            Self::OtherServer => {
                for (name, value) in fields {
                    if name == "server" {
                        "gateway".clone_into(value);
                    }
                }
            }
            Self::NoServer => fields.retain(|(name, _)| name != "server"),
            Self::Localised => translate(response),
            Self::Http10 => {
                fields.retain(|(name, _)| name != "content-length" && name != "keep-alive");
                fields.push(("connection".into(), "close".into()));
                response.reason.clear();
            }
            Self::Chunked => {
                add("transfer-encoding", "chunked");
                fields.retain(|(name, _)| name != "content-length");
            }
            Self::Reordered => fields.reverse(),
            Self::MoreFields => {
                add("set-cookie", "ARRAffinity=5c1; Path=/; HttpOnly");
                add("set-cookie", "lb=node2; Path=/");
                add("strict-transport-security", "max-age=31536000");
                add("x-frame-options", "SAMEORIGIN");
                add("x-request-id", "5f1c0d0e");
            }
        }
    }
}

/// Titles and headings of IIS and NDES as a German system has them; numbers and structure stay.
const GERMAN: [(&str, &str); 8] = [
    (
        "File or directory not found.",
        "Datei oder Verzeichnis nicht gefunden.",
    ),
    ("Internal server error.", "Interner Serverfehler."),
    (
        "Forbidden: Access is denied.",
        "Verboten: Zugriff verweigert.",
    ),
    (
        "Unauthorized: Access is denied due to invalid credentials.",
        "Nicht autorisiert: Zugriff aufgrund ung\u{fc}ltiger Anmeldeinformationen verweigert.",
    ),
    ("Server Error", "Serverfehler"),
    (
        "Detailed Error Information:",
        "Detaillierte Fehlerinformationen:",
    ),
    (
        "Network Device Enrollment Service",
        "Registrierungsdienst f\u{fc}r Netzwerkger\u{e4}te",
    ),
    (
        "The enrollment challenge password is:",
        "Das Kennwort f\u{fc}r die Registrierung lautet:",
    ),
];

fn translate(response: &mut HttpResponse) {
    let wide = response.body.get(1) == Some(&0);
    let text = if wide {
        let units = response.body.chunks_exact(2);
        let units: Vec<u16> = units
            .filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes))
            .collect();
        String::from_utf16_lossy(&units)
    } else {
        match String::from_utf8(response.body.clone()) {
            Ok(text) => text,
            // no page
            Err(_) => return,
        }
    };
    // HTTP.sys speaks English everywhere
    if text.contains("//DTD HTML 4.01//EN") {
        return;
    }
    let mut german = text.clone();
    for (from, to) in GERMAN {
        german = german.replace(from, to);
    }
    if german == text {
        return;
    }
    response.body = if wide {
        german.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else {
        german.into_bytes()
    };
    for (name, value) in &mut response.headers {
        if name == "content-length" {
            *value = response.body.len().to_string();
        }
    }
}

/// A network whose answers pass through such a front end.
#[derive(Debug)]
pub struct Noisy<'a> {
    inner: &'a Loopback,
    noise: Noise,
}

impl<'a> Noisy<'a> {
    /// Puts noise in front of a simulation.
    #[must_use]
    pub const fn new(inner: &'a Loopback, noise: Noise) -> Self {
        Self { inner, noise }
    }
}

#[async_trait::async_trait]
impl Network for Noisy<'_> {
    fn now(&self) -> UnixTime {
        self.inner.now()
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.inner.sleep(duration).await;
    }

    async fn resolve(&self, host: &str, timeout: Duration) -> Result<Resolution, NetworkError> {
        self.inner.resolve(host, timeout).await
    }

    async fn connect(&self, address: SocketAddr, timeout: Duration) -> Result<(), NetworkError> {
        self.inner.connect(address, timeout).await
    }

    async fn tls_facts(
        &self,
        address: SocketAddr,
        server_name: &str,
        timeout: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        self.inner.tls_facts(address, server_name, timeout).await
    }

    fn judge(&self, chain: &[Vec<u8>], server_name: &str) -> Option<TlsVerdict> {
        self.inner.judge(chain, server_name)
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError> {
        let mut response = self.inner.exchange(request).await?;
        self.noise.change(&mut response);
        Ok(response)
    }
}
