//! The HTTP mapping (RFC 8894 section 4), without HTTP: URLs, queries, content types.

mod date;
mod media_type;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::Layer;
use crate::{Error, Result};

pub use date::{format_date, parse_date};
pub(crate) use media_type::is_media_type;

/// Content type of a pkiMessage, both ways.
pub const CT_PKI_MESSAGE: &str = "application/x-pki-message";
/// Content type of a GetCACert reply that is one certificate.
pub const CT_CA_CERT: &str = "application/x-x509-ca-cert";
/// Content type of a GetCACert reply that is a bundle.
pub const CT_CA_RA_CERT: &str = "application/x-x509-ca-ra-cert";
/// Content type of a GetNextCACert reply.
pub const CT_NEXT_CA_CERT: &str = "application/x-x509-next-ca-cert";

/// Content type of a GetCACaps reply, and of errors.
pub const CT_TEXT: &str = "text/plain";

/// Longest GET query that a server reads, in octets.
const MAX_QUERY: usize = 1 << 20;

/// The value of `operation=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// GetCACaps.
    GetCaCaps,
    /// GetCACert.
    GetCaCert,
    /// GetNextCACert.
    GetNextCaCert,
    /// PKIOperation.
    PkiOperation,
}

/// What may stay as it is in a query value; everything else, `+ / =` above all, is escaped.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Operation {
    /// The operation's name in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetCaCaps => "GetCACaps",
            Self::GetCaCert => "GetCACert",
            Self::GetNextCaCert => "GetNextCACert",
            Self::PkiOperation => "PKIOperation",
        }
    }

    /// The URL of this operation at a SCEP server; `message` is a CA identifier, or a message.
    #[must_use]
    pub fn url(self, base: &str, message: Option<&str>) -> String {
        let separator = if base.contains('?') { '&' } else { '?' };
        let mut url = format!("{base}{separator}operation={}", self.name());
        if let Some(message) = message {
            url.push_str("&message=");
            url.extend(utf8_percent_encode(message, QUERY_VALUE));
        }
        url
    }
}

impl core::fmt::Display for Operation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// The URL of a PKIOperation by GET.
#[must_use]
pub fn pki_operation_get_url(base: &str, message: &[u8]) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(message);
    Operation::PkiOperation.url(base, Some(&encoded))
}

/// A request as a server understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerRequest {
    /// GetCACaps, with the CA identifier if one was given.
    GetCaCaps {
        /// CA identifier.
        message: Option<String>,
    },
    /// GetCACert, with the CA identifier if one was given.
    GetCaCert {
        /// CA identifier.
        message: Option<String>,
    },
    /// GetNextCACert, with the CA identifier if one was given.
    GetNextCaCert {
        /// CA identifier.
        message: Option<String>,
    },
    /// PKIOperation with its message.
    PkiOperation {
        /// The pkiMessage, not decoded.
        message: Vec<u8>,
    },
}

impl ServerRequest {
    /// Reads a request: method, query as it stands in the request line, body.
    ///
    /// Tolerant where clients differ: parameters in any order, further parameters, an operation in
    /// any case, and a GET message in standard or URL-safe base64, with or without padding, with
    /// line breaks, and with `+` escaped, not escaped, or turned into a blank on the way.
    ///
    /// # Errors
    /// `Malformed` that names what is missing or broken; an unknown operation is `Unsupported`.
    pub fn from_http(method: &str, query: Option<&str>, body: &[u8]) -> Result<Self> {
        let query = query.unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(Error::TooLarge {
                what: "the query",
                limit: MAX_QUERY,
            });
        }
        let post = method.eq_ignore_ascii_case("POST");
        let operation = match parameter(query, "operation") {
            Some(name) => decode(name)?.into_owned(),
            None if post && !body.is_empty() => Operation::PkiOperation.name().to_string(),
            None => {
                return Err(Error::malformed(
                    Layer::Http,
                    "the query has no operation= parameter",
                ));
            }
        };
        let message = parameter(query, "message");
        let identifier = || {
            message
                .map(decode)
                .transpose()
                .map(|m| m.map(Cow::into_owned))
        };
        match operation.to_ascii_lowercase().as_str() {
            "getcacaps" => Ok(Self::GetCaCaps {
                message: identifier()?,
            }),
            "getcacert" => Ok(Self::GetCaCert {
                message: identifier()?,
            }),
            "getnextcacert" => Ok(Self::GetNextCaCert {
                message: identifier()?,
            }),
            "pkioperation" if post => {
                if body.is_empty() {
                    return Err(Error::malformed(Layer::Http, "the POST has no body"));
                }
                Ok(Self::PkiOperation {
                    message: body.to_vec(),
                })
            }
            "pkioperation" => {
                let message = message.ok_or_else(|| {
                    Error::malformed(Layer::Http, "PKIOperation by GET has no message=")
                })?;
                Ok(Self::PkiOperation {
                    message: decode_message(message)?,
                })
            }
            _ => Err(Error::unsupported(
                format!("operation \"{operation}\""),
                "SCEP",
            )),
        }
    }
}

/// The raw value of a query parameter, its name in any case.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Undoes percent-encoding, once, and leaves `+` alone.
fn decode(value: &str) -> Result<Cow<'_, str>> {
    percent_decode_str(value)
        .decode_utf8()
        .map_err(|_| Error::malformed(Layer::Http, "a query parameter is no UTF-8"))
}

/// A GET message's octets.
///
/// # Errors
/// `Malformed` if it is no base64.
pub fn decode_message(value: &str) -> Result<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    let decoded: Vec<u8> = percent_decode_str(value).collect();
    let cleaned: Vec<u8> = decoded
        .iter()
        .filter(|octet| !matches!(octet, b'\r' | b'\n' | b'\t'))
        .map(|octet| match octet {
            // a framework took `+` for a blank; a URL-safe alphabet has no + and /
            b' ' | b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    if cleaned.is_empty() {
        return Err(Error::malformed(
            Layer::Http,
            "the message= parameter is empty",
        ));
    }
    ENGINE.decode(&cleaned).map_err(|e| match e {
        base64::DecodeError::InvalidByte(at, octet) => Error::malformed_at(
            Layer::Http,
            format!("the message= parameter is no base64: octet 0x{octet:02x}"),
            at,
        ),
        other => Error::malformed(
            Layer::Http,
            format!("the message= parameter is no base64: {other}"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const OCTETS: [u8; 5] = [0x30, 0xfb, 0xff, 0xfe, 0x3e];

    fn get(message: &str) -> Result<ServerRequest> {
        ServerRequest::from_http(
            "GET",
            Some(&format!("operation=PKIOperation&message={message}")),
            b"",
        )
    }

    #[test]
    fn our_own_get_url_is_escaped_and_reads_back() {
        let url = pki_operation_get_url("http://h/scep", &OCTETS);
        let (_, query) = url.split_once('?').unwrap();
        assert!(
            !query.contains(['+', '/']) && !query.ends_with('='),
            "{query}"
        );
        let request = ServerRequest::from_http("GET", Some(query), b"").unwrap();
        assert_eq!(
            request,
            ServerRequest::PkiOperation {
                message: OCTETS.to_vec()
            }
        );
    }

    #[test]
    fn every_way_of_writing_base64_is_read() {
        let want = ServerRequest::PkiOperation {
            message: OCTETS.to_vec(),
        };
        for message in [
            "MPv//j4=",
            "MPv//j4",
            "MPv%2F%2Fj4%3D",
            "MPv__j4",
            "MPv/%0A/j4%3D%0A",
        ] {
            assert_eq!(get(message).unwrap(), want, "{message}");
        }
        // + raw, escaped, and as the blank that a framework made of it
        for message in ["+/8=", "%2B/8=", "%20/8="] {
            assert_eq!(
                get(message).unwrap(),
                ServerRequest::PkiOperation {
                    message: vec![0xfb, 0xff]
                }
            );
        }
    }

    #[test]
    fn order_and_further_parameters_do_not_matter() {
        let request =
            ServerRequest::from_http("GET", Some("message=x&foo=1&OPERATION=getcacert"), b"")
                .unwrap();
        assert_eq!(
            request,
            ServerRequest::GetCaCert {
                message: Some("x".into())
            }
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let err = |r: Result<ServerRequest>| r.unwrap_err().to_string();
        assert!(err(get("%%%")).contains("base64"));
        assert!(err(ServerRequest::from_http("GET", None, b"")).contains("operation="));
        assert!(
            err(ServerRequest::from_http(
                "GET",
                Some("operation=GetCACerts"),
                b""
            ))
            .contains("GetCACerts")
        );
        assert!(
            err(ServerRequest::from_http(
                "POST",
                Some("operation=PKIOperation"),
                b""
            ))
            .contains("no body")
        );
    }
}
