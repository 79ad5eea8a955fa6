//! Requests and responses as the layers see them, and what can happen instead of a response.

use std::time::Duration;

use scep_core::UnixTime;

/// `http` or `https`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Without TLS.
    #[default]
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// The port that a URL of this scheme means if it names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// One HTTP request on its way in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// How it came.
    pub scheme: Scheme,
    /// The `Host` field, without port.
    pub host: String,
    /// The path as sent, percent-encoding untouched.
    pub path: String,
    /// The query as sent, without `?`.
    pub query: Option<String>,
    /// Header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Address of the client.
    pub peer: String,
    /// Number of the connection that it came by; 0 for none.
    pub connection: u64,
}

impl std::fmt::Debug for Request {
    /// Leaves out what may be secret: credentials and messages.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("path", &self.path)
            .field("query_len", &self.query.as_ref().map(String::len))
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A GET of an absolute `http` or `https` URL; `None` if it is not one.
    #[must_use]
    pub fn get(url: &str) -> Option<Self> {
        let (scheme, rest) = if let Some(rest) = url.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            (Scheme::Https, url.strip_prefix("https://")?)
        };
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(split)?;
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Some(Self {
            method: "GET".to_owned(),
            scheme,
            host: authority
                .rsplit_once(':')
                .map_or(authority, |(host, _)| host)
                .to_owned(),
            path: if path.is_empty() {
                "/".to_owned()
            } else {
                path.to_owned()
            },
            query,
            headers: Vec::new(),
            body: Vec::new(),
            peer: "192.0.2.200".to_owned(),
            connection: 0,
        })
    }

    /// A POST to an absolute URL; `None` if it is not one.
    #[must_use]
    pub fn post(url: &str, content_type: &str, body: Vec<u8>) -> Option<Self> {
        let mut request = Self::get(url)?;
        request.method = "POST".to_owned();
        request
            .headers
            .push(("content-type".to_owned(), content_type.to_owned()));
        request
            .headers
            .push(("content-length".to_owned(), body.len().to_string()));
        request.body = body;
        Some(request)
    }

    /// The first value of a header field; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Path and query as they stand in the request line.
    #[must_use]
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

/// An HTTP response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Header fields in order, names as a server writes them.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with a body and its type.
    #[must_use]
    pub fn new(status: u16, reason: &str, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body,
        }
    }

    /// Adds a header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The first value of a header field, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A response.
    Response(Response),
    /// The port is closed: RST.
    Refused,
    /// Nothing, until the client gives up.
    Silence,
    /// The connection is cut without a response.
    Reset,
}

impl Outcome {
    /// The response, if there is one.
    #[must_use]
    pub const fn response(&self) -> Option<&Response> {
        match self {
            Self::Response(response) => Some(response),
            _ => None,
        }
    }

    /// Status of the response; 0 if there is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response().map_or(0, |r| r.status)
    }
}

/// A part of the deployment that can answer a request.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The network on the client's side.
    ClientNetwork,
    /// Microsoft Entra application proxy.
    AppProxy,
    /// Another reverse proxy or load balancer.
    FrontEnd,
    /// The TLS binding.
    Tls,
    /// The kernel's HTTP server.
    HttpSys,
    /// IIS.
    Iis,
    /// NDES.
    Ndes,
    /// The Intune policy module.
    PolicyModule,
    /// The issuing CA.
    Ca,
    /// The CRL distribution point.
    Crl,
}

/// One request's way through the layers: when it started, how long it has taken, who answered.
#[derive(Clone, Debug)]
pub(crate) struct Transit {
    start: UnixTime,
    /// Time spent so far.
    pub(crate) spent: Duration,
    /// Number of the request, which log records carry.
    pub(crate) activity: u64,
    /// The layer that answered.
    pub(crate) answered_by: Option<Layer>,
    /// What was found inside, for the journal.
    pub(crate) decoded: Option<crate::journal::Decoded>,
    /// What no log tells, for the journal.
    pub(crate) notes: Vec<String>,
    /// The worker process went down over the request.
    pub(crate) crashed: bool,
    /// A challenge password was not accepted.
    pub(crate) challenge_refused: bool,
}

impl Transit {
    pub(crate) fn new(start: UnixTime, activity: u64) -> Self {
        Self {
            start,
            spent: Duration::ZERO,
            activity,
            answered_by: None,
            decoded: None,
            notes: Vec::new(),
            crashed: false,
            challenge_refused: false,
        }
    }

    /// The time by the deployment's clock.
    pub(crate) fn now(&self) -> UnixTime {
        self.start.plus(self.spent)
    }

    /// Lets time pass.
    pub(crate) fn spend_ms(&mut self, ms: u64) {
        self.spent = self.spent.saturating_add(Duration::from_millis(ms));
    }

    /// Records who answers; the first call (the layer that is reached last) wins.
    pub(crate) fn answer(&mut self, layer: Layer, response: Response) -> Outcome {
        self.answered_by.get_or_insert(layer);
        Outcome::Response(response)
    }

    /// Records who ends the exchange without a response.
    pub(crate) fn end(&mut self, layer: Layer, outcome: Outcome) -> Outcome {
        self.answered_by.get_or_insert(layer);
        outcome
    }
}
