//! What probes saw: plain data, in the order in which it was seen, fit for a capture file.
//!
//! Nothing is interpreted here. A body is kept as octets, so that a later version of this crate
//! can see more in an old capture than the version that took it.

use serde::{Deserialize, Serialize};

use crate::catalogue::Level;

/// Everything that was looked at in one diagnosis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observations {
    /// The SCEP URL under examination; empty when only logs were given.
    pub url: String,
    /// When it began, in seconds since 1970-01-01T00:00:00Z, by the observer's clock.
    pub started: i64,
    /// How far the probes were allowed to go.
    pub level: Level,
    /// What the probes saw.
    pub items: Vec<Observation>,
    /// The last healthy look at the same URL, if one is remembered.
    pub memory: Option<Memory>,
    /// Lines of server logs that were given.
    pub logs: Vec<LogRecord>,
}

/// One look: a probe and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Number of the observation, from 1; a report refers to it as `[n]`.
    pub n: u32,
    /// What was tried.
    pub probe: Probe,
    /// Milliseconds from the start of the diagnosis to the start of this probe.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Probe {
    /// Resolve the host name.
    Resolve {
        /// The name.
        host: String,
    },
    /// Open a TCP connection.
    Connect {
        /// `address:port`.
        address: String,
    },
    /// Complete a TLS handshake.
    Tls {
        /// `address:port`.
        address: String,
        /// The name sent in SNI and looked for in the certificate.
        server_name: String,
    },
    /// One HTTP exchange.
    Http {
        /// Why it was made.
        purpose: Purpose,
        /// `GET` or `POST`.
        method: String,
        /// The whole URL; a message in the query is replaced by `<n octets>`.
        url: String,
    },
}

/// Why an HTTP exchange was made.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Purpose {
    /// `GET /` of the host.
    Root,
    /// The SCEP URL without an operation.
    BaseUrl,
    /// `operation=GetCACaps`.
    GetCaCaps,
    /// GetCACaps under another path than the one given.
    OtherPath,
    /// GetCACaps with a CA identifier, where none was given.
    OtherIdentifier,
    /// `operation=GetCACert`.
    GetCaCert,
    /// A CRL or delta CRL named by a certificate.
    Crl,
    /// The certificate of a CA that the server's TLS certificate names as its issuer, but that the
    /// server did not send.
    IssuerCertificate,
    /// The NDES admin page, without credentials.
    MscepAdmin,
    /// GetCACaps with a long CA identifier, to find where long URLs break.
    LongUrl,
    /// PKIOperation by POST that carries a signed PKCSReq with a wrong challenge password.
    PkiOperationPost,
    /// PKIOperation by GET that carries a signed PKCSReq with a wrong challenge password.
    PkiOperationGet,
    /// The same by GET with `+` and `/` of the base64 not percent-encoded, as Apple's devices send it.
    PkiOperationGetRaw,
    /// PKIOperation that may be answered with a certificate.
    Enroll,
    /// PKIOperation that asks for a pending request.
    Poll,
}

/// What came of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// The name has addresses.
    Resolved {
        /// The addresses, as text.
        addresses: Vec<String>,
        /// The names on the way, where the resolver tells them.
        cnames: Vec<String>,
    },
    /// The TCP connection stands.
    Connected,
    /// The TLS handshake was completed (with verification put off, so that the chain is seen).
    Secured(TlsFacts),
    /// An HTTP response came.
    Response(HttpFacts),
    /// It failed below HTTP.
    Failed {
        /// How.
        error: NetworkErrorKind,
        /// The operating system's or library's words.
        detail: String,
    },
    /// It was not tried.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// A TLS handshake's facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsFacts {
    /// `TLS 1.2`, `TLS 1.3`.
    pub version: String,
    /// The certificates that the server sent, leaf first, DER in base64.
    pub chain: Vec<String>,
    /// `None` if the chain is trusted for this name by the observer's trust store.
    pub verdict: Option<TlsVerdict>,
    /// Whether the server asked for a client certificate.
    pub client_certificate_requested: bool,
}

/// Why a chain is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TlsVerdict {
    /// The chain ends in an issuer that the observer does not trust.
    UnknownIssuer,
    /// The certificate is for other names.
    NameMismatch,
    /// A certificate has expired.
    Expired,
    /// A certificate is not valid yet.
    NotYetValid,
    /// Anything else.
    Other,
}

/// An HTTP response, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpFacts {
    /// Status code.
    pub status: u16,
    /// Reason phrase, if one came.
    pub reason: String,
    /// Header fields in order, names in lower case; cookies' values removed.
    pub headers: Vec<(String, String)>,
    /// The body, in base64, at most 64 KiB of it.
    pub body: String,
    /// Length of the whole body in octets.
    pub body_len: u64,
    /// What the client made of a CertRep that needs its key, or of a request it can vouch for.
    pub reply: Option<Box<ReplyFacts>>,
    /// Whether the body is the certificate that the chain of a TLS handshake lacked, so that the chain
    /// with it leads to a root that the observer trusts; known for
    /// [`IssuerCertificate`](Purpose::IssuerCertificate) only.
    #[serde(default)]
    pub completes_chain: Option<bool>,
}

/// What only the holder of the transaction's key can say of a PKIOperation reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyFacts {
    /// `pkiStatus` as the transaction understood it: `success`, `failure`, `pending`.
    pub status: Option<String>,
    /// The error, if the reply was not accepted; a sentence.
    pub error: Option<String>,
    /// Serial number of the certificate that was issued, in hexadecimal.
    pub issued_serial: Option<String>,
    /// Whether the request carried a challenge password that was known to be wrong.
    pub wrong_challenge_sent: bool,
    /// Age of the challenge password that was used, in seconds, where it is known.
    pub challenge_age_s: Option<u64>,
    /// Whether the request carried a challenge password at all, where it is known.
    #[serde(default)]
    pub challenge_sent: Option<bool>,
    /// Whether the certificate that was issued has the subject that was asked for.
    #[serde(default)]
    pub subject_kept: Option<bool>,
    /// Whether it has all subject alternative names that were asked for.
    #[serde(default)]
    pub names_kept: Option<bool>,
    /// What the challenge password looked like, where there was one: `intune` (a signed blob), `short`
    /// (as NDES hands them out, or somebody made up).
    #[serde(default)]
    pub challenge_form: Option<String>,
    /// Kind of the key that signed the request: `rsa`, `ec`, `other`.
    #[serde(default)]
    pub signer_key: Option<String>,
    /// Whether the request asked for a renewal.
    #[serde(default)]
    pub renewal: Option<bool>,
    /// Why the reply was not accepted, in a word: `encoding`, `signature`, `signer-unknown`,
    /// `signer-untrusted`, `transaction-id`, `nonce`, `decryption`, `recipient`, `algorithm`, `other`.
    #[serde(default)]
    pub refused_for: Option<String>,
    /// Seconds since the start of the validity of the certificate that was issued.
    #[serde(default)]
    pub certificate_age_s: Option<i64>,
}

/// How something failed below HTTP.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NetworkErrorKind {
    /// The name does not exist.
    NameNotFound,
    /// The resolver failed or did not answer.
    ResolverFailed,
    /// The port answered with RST.
    Refused,
    /// The operating system has no route.
    Unreachable,
    /// Nothing answered in time.
    TimedOut,
    /// The connection was cut without a response.
    Reset,
    /// The connection was closed in due form before a whole response came.
    Closed,
    /// The TLS handshake failed.
    TlsFailed,
    /// What came is not HTTP.
    NotHttp,
    /// The body is longer than the observer reads.
    TooLong,
}

/// The last healthy look at a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// When it was taken, in seconds since 1970.
    pub taken: i64,
    /// Body of GetCACert, in base64.
    pub ca_certificates: String,
    /// Body of GetCACaps.
    pub capabilities: String,
}

/// One line or record of a server log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// Which log: `application`, `system`, `security`, `capi2`, `iis`, `httperr`, `ndes-plugin`,
    /// `intune-connector`, `app-proxy-connector`, `ca`, `device`, `crp-svclog` (trace of the
    /// certificate registration point), `front-end` (load balancer, reverse proxy, firewall), `certutil`
    /// and `netsh` (what these programs print).
    pub log: String,
    /// Event source or provider; empty for text logs.
    pub source: String,
    /// Event id; 0 for text logs.
    pub event_id: u32,
    /// When, in seconds since 1970.
    pub time: i64,
    /// `information`, `warning`, `error`.
    pub severity: String,
    /// A code that the record carries, such as `0x80070057` or `403 16`; empty if none.
    pub code: String,
    /// The text.
    pub text: String,
}
