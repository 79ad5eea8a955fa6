//! A request, as far as its reply depends on it.

use crate::cms::{ContentKey, SealTo};
use crate::crypto::{ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, RandomSource};
use crate::message::{ChallengePassword, ScepAttributes, VerifiedMessage};
use crate::x509::{Certificate, Name};
use crate::{Error, Result};

pub(super) struct Asked<'a> {
    pub(super) attributes: &'a ScepAttributes,
    pub(super) digest: DigestAlgorithm,
    /// To whom the reply goes; `None` if the signature is not right.
    pub(super) signer: Option<&'a Certificate>,
    /// The content cipher of the request.
    pub(super) cipher: Option<ContentCipher>,
    /// The key transport of the request; `None` also if it was encrypted with a password.
    pub(super) transport: Option<KeyTransport>,
    pub(super) reply_key: ReplyKey,
    pub(super) subject: Option<Name>,
}

impl<'a> Asked<'a> {
    pub(super) const fn unverified(
        attributes: &'a ScepAttributes,
        digest: DigestAlgorithm,
    ) -> Self {
        Self {
            attributes,
            digest,
            signer: None,
            cipher: None,
            transport: None,
            reply_key: ReplyKey::None,
            subject: None,
        }
    }

    pub(super) const fn of(verified: &'a VerifiedMessage) -> Self {
        let mut asked = Self::unverified(verified.attributes(), verified.digest());
        asked.signer = Some(verified.signer());
        asked
    }
}

/// How the content of a reply will be encrypted.
pub(super) enum ReplyKey {
    /// Not known, so there can be no content.
    None,
    /// To the signer's key; the encryption of the content key is done.
    Sealed(ContentKey),
    /// With the challenge password of the transaction, which may have to be found in the request
    /// first. The key is derived only when there is something to encrypt: it costs.
    Password(ContentCipher, Option<ChallengePassword>),
}

impl ReplyKey {
    pub(super) const fn is_password(&self) -> bool {
        matches!(self, Self::Password(..))
    }

    /// Takes the challenge password of a request over, where one is needed.
    pub(super) fn take_challenge(&mut self, challenge: Option<&ChallengePassword>) -> Result<()> {
        let Self::Password(_, known) = self else {
            return Ok(());
        };
        if let Some(challenge) = challenge.filter(|c| !c.is_empty()) {
            *known = Some(challenge.clone());
        }
        if known.is_some() {
            Ok(())
        } else {
            Err(no_password())
        }
    }

    pub(super) fn seal(
        &self,
        provider: &dyn CryptoProvider,
        content: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<alloc::vec::Vec<u8>> {
        match self {
            Self::Sealed(key) => key.seal(provider, content, rng),
            Self::Password(cipher, Some(challenge)) => {
                let to = SealTo::Password(challenge);
                ContentKey::new(provider, to, *cipher, rng)?.seal(provider, content, rng)
            }
            Self::Password(_, None) => Err(no_password()),
            Self::None => Err(Error::Misuse(
                "a reply with content needs a request that was opened".into(),
            )),
        }
    }
}

/// RFC 8894 section 3.1 leaves no way to encrypt such a reply, and in clear it must not go.
pub(super) fn no_password() -> Error {
    Error::rule(
        "3.1",
        "nothing can be encrypted to the signer's key, and there is no challenge password to encrypt with \
         instead",
    )
}
