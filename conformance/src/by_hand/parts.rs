//! A reply before it is encrypted and signed.

use scep_core::cms::{self, Attribute, SealTo};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, RandomSource,
};
use scep_core::x509::Certificate;

use super::SignedParts;
use crate::server_suite::Identity;

/// A reply whose every part can be made otherwise.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The signed attributes, less those of CMS.
    pub attributes: Vec<Attribute>,
    /// eContent.
    pub content: Option<Vec<u8>>,
    /// The inside of the envelope, where there is one.
    pub plain: Option<Vec<u8>>,
    /// To whom it is encrypted.
    pub receiver: Certificate,
    /// Who signs.
    pub signer: Identity,
    /// What is sent along.
    pub certificates: Vec<Certificate>,
    /// How it is encrypted.
    pub cipher: ContentCipher,
    /// With which digest it is signed.
    pub digest: DigestAlgorithm,
    /// Another device.
    pub stranger: &'a Identity,
    /// The CA.
    pub ca: &'a Identity,
}

impl Parts<'_> {
    /// Encrypts, where there is something to encrypt; what is left is to sign and to encode.
    ///
    /// # Errors
    /// If the provider lacks an algorithm.
    pub fn into_signed(
        mut self,
        provider: &dyn CryptoProvider,
        random: &mut dyn RandomSource,
    ) -> scep_core::Result<SignedParts> {
        if let Some(plain) = &self.plain {
            let to = SealTo::Certificate(&self.receiver, KeyTransport::RsaPkcs1v15);
            self.content = Some(cms::seal(provider, to, self.cipher, plain, random)?);
        }
        SignedParts::new(
            provider,
            self.content,
            &self.attributes,
            (&self.signer.certificate, &self.signer.key),
            &self.certificates,
            self.digest,
        )
    }
}
