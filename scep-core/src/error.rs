//! The one error type of this crate; its arms say whose fault it was.

use alloc::string::String;

use crate::message::{FailInfo, PkiStatus};

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What went wrong, sorted by culprit.
///
/// The sentences are meant for an administrator: they name the rule and where it was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not what they should be: the peer (or something in between) damaged them,
    /// or they never were SCEP.
    #[error("{layer}: {what}{}", At(*.position))]
    Malformed {
        /// The station of the pipeline that could not read on.
        layer: Layer,
        /// Which rule was broken, as a sentence without a final stop.
        what: String,
        /// Octet offset in the input of that layer, where one is known.
        position: Option<usize>,
    },

    /// The message was understood, and breaks a rule of the protocol.
    #[error("{rule} (RFC 8894 section {section})")]
    PeerMisbehaved {
        /// The rule that was broken, with what was seen.
        rule: String,
        /// Section of RFC 8894 that states it.
        section: &'static str,
    },

    /// A signature, digest or decryption did not come out right.
    #[error("{what}")]
    NotAuthentic {
        /// Which check failed.
        check: Check,
        /// What that means, as a sentence without a final stop.
        what: String,
    },

    /// The peer answered in due form: no.
    #[error("the server refused: pkiStatus {status}{}", Refused(.fail_info.as_ref(), .text.as_deref(), *.hresult))]
    PeerRefused {
        /// `pkiStatus` of the reply.
        status: PkiStatus,
        /// `failInfo` of the reply.
        fail_info: Option<FailInfo>,
        /// `failInfoText` of the reply.
        text: Option<String>,
        /// Microsoft's HRESULT attribute (1.3.6.1.4.1.311.21.33).
        hresult: Option<i32>,
    },

    /// Well-formed, but this provider or this version cannot do it.
    #[error("{algorithm} is not supported by {provider}")]
    Unsupported {
        /// The algorithm or feature.
        algorithm: String,
        /// Who cannot do it.
        provider: &'static str,
    },

    /// Understood and possible, but the algorithm policy in force forbids it.
    #[error("{algorithm} is refused by the algorithm policy \"{policy}\"")]
    ForbiddenByPolicy {
        /// The algorithm.
        algorithm: String,
        /// Name of the policy.
        policy: &'static str,
    },

    /// A bound of [`crate::limits::Limits`] was exceeded.
    #[error("{what} exceeds the limit of {limit}")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// The bound.
        limit: usize,
    },

    /// The caller asked for something that cannot be.
    #[error("{0}")]
    Misuse(String),
}

/// A check of authenticity that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Check {
    /// The signature fits the octets and the key.
    Signature,
    /// The messageDigest attribute fits the content.
    MessageDigest,
    /// The certificate that the SignerInfo names is known.
    SignerKnown,
    /// The signer is one who may sign this.
    SignerTrusted,
    /// The content is encrypted to us.
    Recipient,
    /// The content can be decrypted. One and the same whatever is wrong behind the encryption.
    Decryption,
    /// A certificate or CRL comes from the CA that is trusted.
    Issuer,
}

/// A station of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Layer {
    /// BER or DER.
    Asn1,
    /// A certificate, certification request or CRL.
    X509,
    /// A private or public key.
    Key,
    /// SignedData or EnvelopedData (RFC 5652).
    Cms,
    /// The pkiMessage and its attributes (RFC 8894 section 3).
    Message,
    /// The HTTP mapping (RFC 8894 section 4).
    Http,
}

impl core::fmt::Display for Layer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Asn1 => "ASN.1",
            Self::X509 => "X.509",
            Self::Key => "key",
            Self::Cms => "CMS",
            Self::Message => "SCEP message",
            Self::Http => "HTTP",
        })
    }
}

/// ` at byte 17`, or nothing.
struct At(Option<usize>);

impl core::fmt::Display for At {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(position) => write!(f, " at byte {position}"),
            None => Ok(()),
        }
    }
}

/// The details of a refusal, each where present.
struct Refused<'a>(Option<&'a FailInfo>, Option<&'a str>, Option<i32>);

impl core::fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if let Some(info) = self.0 {
            write!(f, ", failInfo {info}")?;
        }
        if let Some(hresult) = self.2 {
            write!(f, ", Windows error 0x{hresult:08X}")?;
        }
        if let Some(text) = self.1 {
            write!(f, ", \"{}\"", Foreign(text))?;
        }
        Ok(())
    }
}

/// A peer's text in a sentence of ours: without control characters, and not too long.
pub(crate) struct Foreign<'a>(pub(crate) &'a str);

impl core::fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        use core::fmt::Write as _;
        for c in self.0.chars().take(256) {
            f.write_char(if c.is_control() { '\u{fffd}' } else { c })?;
        }
        if self.0.chars().nth(256).is_some() {
            f.write_str("…")
        } else {
            Ok(())
        }
    }
}

impl Error {
    #[cold]
    pub(crate) fn malformed(layer: Layer, what: impl Into<String>) -> Self {
        Self::Malformed {
            layer,
            what: what.into(),
            position: None,
        }
    }

    #[cold]
    pub(crate) fn malformed_at(layer: Layer, what: impl Into<String>, position: usize) -> Self {
        Self::Malformed {
            layer,
            what: what.into(),
            position: Some(position),
        }
    }

    #[cold]
    pub(crate) fn rule(section: &'static str, rule: impl Into<String>) -> Self {
        Self::PeerMisbehaved {
            rule: rule.into(),
            section,
        }
    }

    #[cold]
    pub(crate) fn not_authentic(check: Check, what: impl Into<String>) -> Self {
        Self::NotAuthentic {
            check,
            what: what.into(),
        }
    }

    #[cold]
    pub(crate) fn unsupported(algorithm: impl Into<String>, provider: &'static str) -> Self {
        Self::Unsupported {
            algorithm: algorithm.into(),
            provider,
        }
    }

    /// The octet offset of the fault in the input, where one is known.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self {
            Self::Malformed { position, .. } => *position,
            _ => None,
        }
    }

    /// The same error seen from an outer value: its position moves by `offset`.
    #[must_use]
    pub(crate) fn nested_at(mut self, offset: usize) -> Self {
        if let Self::Malformed {
            position: Some(position),
            ..
        } = &mut self
        {
            *position += offset;
        }
        self
    }

    /// The same error attributed to an outer layer, if it was a plain ASN.1 error.
    #[must_use]
    pub(crate) fn in_layer(mut self, outer: Layer) -> Self {
        if let Self::Malformed { layer, .. } = &mut self
            && *layer == Layer::Asn1
        {
            *layer = outer;
        }
        self
    }
}
