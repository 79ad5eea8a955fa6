//! Who signs a request (RFC 8894 section 2.3).

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::crypto::{DigestAlgorithm, PrivateKey, PublicKeyAlgorithm, RandomSource};
use crate::x509::{Certificate, CertificateBuilder, Extension, KeyUsage, Name};
use crate::{Error, Result, UnixTime};

/// How long a self-signed certificate lives: long enough for a manual approval.
const LIFE: Duration = Duration::from_secs(365 * 86_400);
/// How far its notBefore lies in the past, for servers whose clock is behind.
const BACKDATE: Duration = Duration::from_secs(3600);

/// A certificate with its key: requests are signed by it, and their replies are encrypted to it.
#[derive(Clone)]
pub struct Signer {
    certificate: Certificate,
    key: Arc<dyn PrivateKey>,
    chain: Vec<Certificate>,
}

impl Signer {
    /// A certificate that one has, and its key.
    ///
    /// # Errors
    /// `Misuse` if the certificate is for another key.
    pub fn new(certificate: Certificate, key: Arc<dyn PrivateKey>) -> Result<Self> {
        if certificate.spki_der() != key.spki_der() {
            return Err(Error::Misuse(format!(
                "the key is not that of the certificate of {}",
                certificate.subject()
            )));
        }
        Ok(Self {
            certificate,
            key,
            chain: Vec::new(),
        })
    }

    /// The self-signed certificate of a client that has no other (section 2.3). Its keyUsage is
    /// digitalSignature, and keyEncipherment if one can encrypt to the key.
    ///
    /// # Errors
    /// If the key cannot sign so.
    pub fn self_signed(
        key: Arc<dyn PrivateKey>,
        subject: &Name,
        digest: DigestAlgorithm,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Self> {
        let mut serial = alloc::vec![0; 16];
        rng.fill(&mut serial);
        let usage = if PublicKeyAlgorithm::of_spki(key.spki_der())?.can_encrypt() {
            KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT
        } else {
            KeyUsage::DIGITAL_SIGNATURE
        };
        let certificate = CertificateBuilder {
            serial,
            issuer: subject.clone(),
            subject: subject.clone(),
            not_before: now.minus(BACKDATE),
            not_after: now.plus(LIFE),
            spki: key.spki_der().to_vec(),
            extensions: alloc::vec![Extension::key_usage(usage)],
        }
        .sign(key.as_ref(), digest, rng)?;
        Ok(Self {
            certificate,
            key,
            chain: Vec::new(),
        })
    }

    /// The same with certificates to send along: its CA, and the CAs above (section 2.3).
    #[must_use]
    pub fn with_chain(mut self, chain: Vec<Certificate>) -> Self {
        self.chain = chain;
        self
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &Arc<dyn PrivateKey> {
        &self.key
    }

    /// The certificates that are sent along with it, itself first.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        let mut all = alloc::vec![self.certificate.clone()];
        all.extend(self.chain.iter().cloned());
        all
    }
}

impl core::fmt::Debug for Signer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Signer")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}
