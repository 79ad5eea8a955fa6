//! Who opens an envelope: the recipient that is one of ours, and what opens it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::enveloped_data::{EnvelopedData, undecipherable};
use super::password_recipient::PasswordRecipient;
use super::recipient::Recipient;
use crate::Result;
use crate::crypto::{ContentCipher, CryptoProvider, KeyTransport, PrivateKey, RandomSource};
use crate::limits::Limits;
use crate::message::ChallengePassword;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;

/// What may open an envelope.
#[derive(Clone, Copy, Default)]
pub struct Openers<'a> {
    /// Private keys, with the certificates by which senders name them.
    pub keys: &'a [(Certificate, Arc<dyn PrivateKey>)],
    /// Passwords, for a PasswordRecipientInfo.
    pub passwords: &'a [ChallengePassword],
}

impl<'a> Openers<'a> {
    /// Keys, and no password.
    #[must_use]
    pub const fn keys(keys: &'a [(Certificate, Arc<dyn PrivateKey>)]) -> Self {
        Self {
            keys,
            passwords: &[],
        }
    }

    /// Which of these the recipient is, if any.
    pub(super) fn find(self, recipient: &'a Recipient) -> Result<Option<With<'a>>> {
        Ok(match recipient {
            Recipient::KeyTrans(info) => {
                let ours = self
                    .keys
                    .iter()
                    .find(|(certificate, _)| info.id.names(certificate));
                match ours {
                    Some((certificate, key)) => Some(With::Key {
                        certificate,
                        key: key.as_ref(),
                        transport: info.algorithm.key_transport()?,
                        encrypted_key: &info.encrypted_key,
                    }),
                    None => None,
                }
            }
            Recipient::Password(info) if !self.passwords.is_empty() => {
                info.check()?;
                Some(With::Passwords(info, self.passwords))
            }
            Recipient::Password(_) | Recipient::Other(_) => None,
        })
    }
}

impl core::fmt::Debug for Openers<'_> {
    /// Leaves keys and passwords out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Openers")
            .field("keys", &self.keys.len())
            .field("passwords", &self.passwords.len())
            .finish()
    }
}

/// Who of us can open an envelope: found once, from what stands in clear, before anything is
/// decrypted.
pub struct Opener<'a> {
    pub(super) envelope: &'a EnvelopedData<'a>,
    pub(super) cipher: ContentCipher,
    pub(super) iv: Vec<u8>,
    pub(super) with: With<'a>,
}

/// What opens it.
pub(super) enum With<'a> {
    Key {
        certificate: &'a Certificate,
        key: &'a dyn PrivateKey,
        transport: KeyTransport,
        encrypted_key: &'a [u8],
    },
    Passwords(&'a PasswordRecipient, &'a [ChallengePassword]),
}

impl<'a> Opener<'a> {
    /// The content cipher.
    #[must_use]
    pub const fn cipher(&self) -> ContentCipher {
        self.cipher
    }

    /// How the content-encryption key was encrypted; `None`: with a password.
    #[must_use]
    pub const fn transport(&self) -> Option<KeyTransport> {
        match self.with {
            With::Key { transport, .. } => Some(transport),
            With::Passwords(..) => None,
        }
    }

    /// The certificate whose key opens it; `None`: a password does.
    #[must_use]
    pub const fn certificate(&self) -> Option<&'a Certificate> {
        match self.with {
            With::Key { certificate, .. } => Some(certificate),
            With::Passwords(..) => None,
        }
    }

    /// Refuses what the policy does not allow.
    pub(crate) fn accepted_by(self, policy: &AlgorithmPolicy) -> Result<Self> {
        policy.accept_cipher(self.cipher)?;
        if let Some(transport) = self.transport() {
            policy.accept_transport(transport)?;
        }
        Ok(self)
    }

    /// Decrypts the content.
    ///
    /// # Errors
    /// `NotAuthentic` if decryption failed: one and the same for every cause after RSA.
    pub fn open(
        &self,
        provider: &dyn CryptoProvider,
        limits: &Limits,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let (cipher, iv) = (self.cipher, &self.iv);
        match self.with {
            With::Key {
                key,
                transport,
                encrypted_key,
                ..
            } => {
                let cek = key.decrypt_cek(transport, encrypted_key, cipher.key_len(), rng)?;
                self.envelope.decrypt(provider, cipher, iv, &cek)
            }
            With::Passwords(info, passwords) => {
                // what all passwords together may cost
                let count = u32::try_from(passwords.len().max(1)).unwrap_or(u32::MAX);
                let limits = &Limits {
                    pbkdf2_iterations: limits.pbkdf2_iterations / count,
                    ..*limits
                };
                for password in passwords {
                    let cek = info.unwrap(provider, password, cipher.key_len(), limits)?;
                    if let Some(cek) = cek
                        && let Ok(content) = self.envelope.decrypt(provider, cipher, iv, &cek)
                    {
                        return Ok(content);
                    }
                }
                Err(undecipherable())
            }
        }
    }
}

impl core::fmt::Debug for Opener<'_> {
    /// Leaves keys and passwords out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Opener")
            .field("cipher", &self.cipher)
            .field("transport", &self.transport())
            .field("certificate", &self.certificate())
            .finish_non_exhaustive()
    }
}
