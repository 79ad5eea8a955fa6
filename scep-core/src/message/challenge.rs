//! The challenge password (RFC 8894 section 2.4, PKCS #9 challengePassword).

use alloc::string::String;
use alloc::vec::Vec;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::asn1::{tag, write};

/// A challenge password: a secret, so it has no `Debug`, no `Display`, and is erased when dropped.
#[derive(Clone)]
#[allow(
    missing_debug_implementations,
    reason = "a secret must not be printable by accident"
)]
pub struct ChallengePassword(Zeroizing<String>, Option<ChallengeString>);

/// The string types that a challengePassword is written in (a DirectoryString, PKCS #9), as far as
/// clients use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeString {
    /// PrintableString, which NDES insists on.
    Printable,
    /// UTF8String.
    Utf8,
    /// BMPString: UTF-16.
    Bmp,
}

impl ChallengePassword {
    /// Takes the password over.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(Zeroizing::new(password.into()), None)
    }

    /// The same, to be written in this string type. By default it is a PrintableString where it fits,
    /// else a UTF8String.
    #[must_use]
    pub fn written_as(mut self, string: ChallengeString) -> Self {
        self.1 = Some(string);
        self
    }

    /// As the attribute's value.
    pub(crate) fn to_der(&self) -> Zeroizing<Vec<u8>> {
        let text = self.expose();
        Zeroizing::new(match self.1 {
            None => write::directory_string(text),
            Some(ChallengeString::Printable) => write::tlv(tag::PRINTABLE_STRING, text.as_bytes()),
            Some(ChallengeString::Utf8) => write::tlv(tag::UTF8_STRING, text.as_bytes()),
            Some(ChallengeString::Bmp) => {
                let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
                write::tlv(tag::BMP_STRING, &units)
            }
        })
    }

    /// The secret itself. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is empty, and so known to everybody: nothing may be encrypted with it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in constant time (for equal lengths).
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// Whether every character fits a PrintableString, which is what NDES expects.
    #[must_use]
    pub fn is_printable_string(&self) -> bool {
        self.0.bytes().all(crate::asn1::is_printable)
    }
}
