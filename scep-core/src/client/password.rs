//! Where the challenge password stands in for a key that cannot be encrypted to (RFC 8894 section
//! 3.1).
//!
//! | CA key | signer's key | request | reply |
//! |---|---|---|---|
//! | RSA | RSA | to the CA's key | to the signer's key |
//! | RSA | EC | to the CA's key | by the challenge password |
//! | EC | RSA | by the challenge password | to the signer's key |
//! | EC | EC | by the challenge password | by the challenge password |

use alloc::format;

use crate::cms::SealTo;
use crate::crypto::{KeyTransport, PublicKeyAlgorithm};
use crate::message::ChallengePassword;
use crate::x509::Certificate;
use crate::{Error, Result};

/// The challenge password, if it may serve as a key: an empty one is known to everybody.
pub(super) fn usable(challenge: Option<&ChallengePassword>) -> Option<&ChallengePassword> {
    challenge.filter(|challenge| !challenge.is_empty())
}

/// To whom a request is encrypted.
pub(super) fn seal_to<'a>(
    recipient: &'a Certificate,
    challenge: Option<&'a ChallengePassword>,
) -> Result<SealTo<'a>> {
    let algorithm = recipient.public_key_algorithm()?;
    if algorithm.can_encrypt() {
        return Ok(SealTo::Certificate(recipient, KeyTransport::RsaPkcs1v15));
    }
    usable(challenge).map(SealTo::Password).ok_or_else(|| {
        Error::Misuse(format!(
            "nothing can be encrypted to the key of {} ({algorithm}), and there is no challenge password \
             to encrypt with instead",
            recipient.subject()
        ))
    })
}

/// Refuses a request whose reply could not be encrypted, before it is sent: a server would refuse
/// it, or issue a certificate that nobody can read.
pub(super) fn check_reply(spki: &[u8], challenge: Option<&ChallengePassword>) -> Result<()> {
    let algorithm = PublicKeyAlgorithm::of_spki(spki)?;
    if algorithm.can_encrypt() || usable(challenge).is_some() {
        return Ok(());
    }
    Err(Error::Misuse(format!(
        "the server can encrypt nothing to the key that signs the request ({algorithm}), so it encrypts \
         its reply with the challenge password, and there is none: give one, or use an RSA key"
    )))
}
