//! Making EnvelopedData and AuthEnvelopedData.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::algorithm;
use super::content_info::content_info;
use super::password_recipient::PasswordRecipient;
use crate::Result;
use crate::asn1::{Parts, tag, write};
use crate::crypto::{ContentCipher, CryptoProvider, KeyTransport, RandomSource};
use crate::message::ChallengePassword;
use crate::oid;
use crate::x509::Certificate;

/// To whom a content is to be encrypted.
#[derive(Clone, Copy)]
pub enum SealTo<'a> {
    /// To the key of a certificate.
    Certificate(&'a Certificate, KeyTransport),
    /// To whoever knows the challenge password, for keys that cannot be encrypted to.
    Password(&'a ChallengePassword),
}

impl core::fmt::Debug for SealTo<'_> {
    /// Leaves the password out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Certificate(certificate, transport) => {
                write!(f, "Certificate({certificate:?}, {transport:?})")
            }
            Self::Password(_) => f.write_str("Password"),
        }
    }
}

/// A content-encryption key that is already encrypted to its recipient: what is left can not fail
/// for reasons that lie with the recipient.
pub struct ContentKey {
    cek: Zeroizing<Vec<u8>>,
    cipher: ContentCipher,
    recipient_info: Vec<u8>,
    version: u32,
}

impl core::fmt::Debug for ContentKey {
    /// Leaves the key out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ContentKey")
            .field("cipher", &self.cipher)
            .finish_non_exhaustive()
    }
}

impl ContentKey {
    /// Makes a fresh key and encrypts it.
    ///
    /// # Errors
    /// If the provider lacks an algorithm, or the certificate's key cannot transport keys.
    pub fn new(
        provider: &dyn CryptoProvider,
        to: SealTo<'_>,
        cipher: ContentCipher,
        rng: &mut dyn RandomSource,
    ) -> Result<Self> {
        let mut cek = Zeroizing::new(alloc::vec![0; cipher.key_len()]);
        rng.fill(&mut cek);
        let (recipient_info, version) = match to {
            SealTo::Certificate(certificate, transport) => {
                let wrapped = provider.wrap_cek(certificate.spki_der(), transport, &cek, rng)?;
                let info = write::sequence(&[
                    &write::integer(0),
                    &certificate.issuer_and_serial().to_der(),
                    &algorithm::key_transport_identifier(transport),
                    &write::octet_string(&wrapped),
                ]);
                (info, 0)
            }
            SealTo::Password(password) => {
                let info = PasswordRecipient::wrap(provider, password, cipher, &cek, rng)?;
                (info, 3)
            }
        };
        Ok(Self {
            cek,
            cipher,
            recipient_info,
            version,
        })
    }

    /// Encrypts the content and encodes the ContentInfo.
    ///
    /// # Errors
    /// If the provider lacks the cipher.
    pub fn seal(
        &self,
        provider: &dyn CryptoProvider,
        plaintext: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let cipher = self.cipher;
        let mut iv = alloc::vec![0; cipher.iv_len()];
        rng.fill(&mut iv);
        let (ciphertext, mac) = if cipher.is_authenticated() {
            let mut sealed =
                provider.encrypt_authenticated(cipher, &self.cek, &iv, &[], plaintext)?;
            let tag = sealed.split_off(sealed.len().saturating_sub(16));
            (sealed, write::octet_string(&tag))
        } else {
            let sealed = provider.encrypt_content(cipher, &self.cek, &iv, plaintext)?;
            (sealed, Vec::new())
        };
        // RFC 5083: the version of an AuthEnvelopedData is always 0
        let (content_type, version) = if cipher.is_authenticated() {
            (oid::AUTH_ENVELOPED_DATA, 0)
        } else {
            (oid::ENVELOPED_DATA, self.version)
        };
        let encrypted = Parts::new()
            .then(&ciphertext)
            .within(tag::context(0))
            .after(algorithm::content_cipher_identifier(cipher, &iv))
            .after(write::oid(oid::DATA))
            .within(tag::SEQUENCE);
        let enveloped = encrypted
            .after(write::tlv(tag::SET, &self.recipient_info))
            .after(write::integer(version))
            .then(mac)
            .within(tag::SEQUENCE);
        Ok(content_info(content_type, enveloped).encode())
    }
}

/// Encrypts `plaintext` and encodes the ContentInfo.
///
/// # Errors
/// If the provider lacks an algorithm, or the certificate's key cannot transport keys.
pub fn seal(
    provider: &dyn CryptoProvider,
    to: SealTo<'_>,
    cipher: ContentCipher,
    plaintext: &[u8],
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    ContentKey::new(provider, to, cipher, rng)?.seal(provider, plaintext, rng)
}
