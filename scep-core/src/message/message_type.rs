//! `messageType` (RFC 8894 section 3.2.1.2).

use alloc::string::String;
use core::fmt;

use crate::error::Foreign;

/// The operation a pkiMessage performs, a decimal number in a PrintableString.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// 3: response to any request.
    CertRep,
    /// 17: request for a certificate, authenticated by an existing one.
    RenewalReq,
    /// 19: request for a certificate.
    PkcsReq,
    /// 20: asks for the state of a pending request.
    #[doc(alias = "GetCertInitial")]
    CertPoll,
    /// 21: asks for an issued certificate.
    GetCert,
    /// 22: asks for a CRL.
    GetCrl,
    /// Anything else; outside RFC 8894, never acted upon.
    Other(String),
}

impl MessageType {
    /// Reads the attribute's text.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "3" => Self::CertRep,
            "17" => Self::RenewalReq,
            "19" => Self::PkcsReq,
            "20" => Self::CertPoll,
            "21" => Self::GetCert,
            "22" => Self::GetCrl,
            other => Self::Other(other.into()),
        }
    }

    /// The attribute's text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Self::CertRep => "3",
            Self::RenewalReq => "17",
            Self::PkcsReq => "19",
            Self::CertPoll => "20",
            Self::GetCert => "21",
            Self::GetCrl => "22",
            Self::Other(text) => text,
        }
    }

    /// The RFC's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CertRep => "CertRep",
            Self::RenewalReq => "RenewalReq",
            Self::PkcsReq => "PKCSReq",
            Self::CertPoll => "CertPoll",
            Self::GetCert => "GetCert",
            Self::GetCrl => "GetCRL",
            Self::Other(_) => "unknown",
        }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), Foreign(self.as_text()))
    }
}
