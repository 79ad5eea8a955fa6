//! The challenge password (RFC 8894 section 2.4, PKCS #9 challengePassword).

use alloc::string::String;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A challenge password: a secret, so it has no `Debug`, no `Display`, and is erased when dropped.
#[derive(Clone)]
#[allow(
    missing_debug_implementations,
    reason = "a secret must not be printable by accident"
)]
pub struct ChallengePassword(Zeroizing<String>);

impl ChallengePassword {
    /// Takes the password over.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(Zeroizing::new(password.into()))
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
