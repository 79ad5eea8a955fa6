//! Where the certificate comes from that signed a request (RFC 8894 section 2.3).

use crate::UnixTime;
use crate::crypto::CryptoProvider;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;

/// Where the signer's certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignerStanding {
    /// This CA issued it, and it is valid: it may renew.
    Issued,
    /// This CA issued it, and it has expired.
    Expired,
    /// This CA issued it, and it is not valid yet.
    NotYetValid,
    /// This CA issued it, and revoked it.
    Revoked,
    /// Issuer and subject are one by name, and this CA did not sign it: made by the client for the
    /// request. Its own signature is not checked, and nothing follows from it: what proves the key is
    /// the signature of the message, and by RFC 8894 section 2.4 such a certificate authorises nobody.
    SelfSigned,
    /// Somebody else's.
    Foreign,
}

impl SignerStanding {
    /// Judges by signature and dates; revocation is the authority's to know.
    pub(super) fn of(
        signer: &Certificate,
        issuers: &[Certificate],
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        now: UnixTime,
    ) -> Self {
        let issued_here = signer.is_signed_acceptably(policy)
            && issuers
                .iter()
                .any(|issuer| signer.is_issued_by(provider, issuer));
        // a CA renews elsewhere, and is nobody's client
        if !issued_here || signer.may_issue() {
            return if signer.is_self_issued() {
                Self::SelfSigned
            } else {
                Self::Foreign
            };
        }
        if now < signer.not_before() {
            Self::NotYetValid
        } else if signer.not_after() < now {
            Self::Expired
        } else {
            Self::Issued
        }
    }
}

impl core::fmt::Display for SignerStanding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Issued => "issued by this CA and valid",
            Self::Expired => "issued by this CA, but expired",
            Self::NotYetValid => "issued by this CA, but not valid yet",
            Self::Revoked => "issued by this CA, but revoked",
            Self::SelfSigned => "self-signed",
            Self::Foreign => "not issued by this CA",
        })
    }
}
