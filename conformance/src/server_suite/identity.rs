//! Keys and certificates of the devices that the suite plays.

use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::crypto::{
    CryptoProvider, DigestAlgorithm, KeyType, PrivateKey, PublicKeyAlgorithm, RandomSource,
};
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage, Name};

/// A certificate with its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: Arc<dyn PrivateKey>,
}

/// Two RSA keys of devices.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The device's.
    pub device: Arc<dyn PrivateKey>,
    /// Its next one, or somebody else's.
    pub other: Arc<dyn PrivateKey>,
}

impl Keys {
    /// New keys: a real CA must not certify published ones.
    ///
    /// # Errors
    /// If the provider cannot make them.
    pub fn generate(
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> scep_core::Result<Self> {
        let mut one = || {
            let pkcs8 = provider.generate_private_key(KeyType::Rsa(2048), rng)?;
            provider.load_private_key(&pkcs8)
        };
        Ok(Self {
            device: one()?,
            other: one()?,
        })
    }

    /// Keys from PKCS #8.
    ///
    /// # Errors
    /// If they are none.
    pub fn load(
        provider: &dyn CryptoProvider,
        device: &[u8],
        other: &[u8],
    ) -> scep_core::Result<Self> {
        Ok(Self {
            device: provider.load_private_key(device)?,
            other: provider.load_private_key(other)?,
        })
    }
}

/// A day, in seconds.
const DAY: i64 = 86_400;

impl Identity {
    /// A self-signed certificate for a key, as clients make for a first request.
    ///
    /// # Errors
    /// If the key cannot sign.
    pub fn self_signed(
        key: &Arc<dyn PrivateKey>,
        subject: &Name,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> scep_core::Result<Self> {
        let builder = Self::builder(key.as_ref(), subject, now);
        Ok(Self {
            certificate: builder.sign(key.as_ref(), DigestAlgorithm::Sha256, rng)?,
            key: Arc::clone(key),
        })
    }

    /// The fields of such a certificate.
    pub(crate) fn builder(
        key: &dyn PrivateKey,
        subject: &Name,
        now: UnixTime,
    ) -> CertificateBuilder {
        let mut usage = KeyUsage::DIGITAL_SIGNATURE;
        let kind = PublicKeyAlgorithm::of_spki(key.spki_der());
        if kind.is_ok_and(PublicKeyAlgorithm::can_encrypt) {
            usage = usage | KeyUsage::KEY_ENCIPHERMENT;
        }
        CertificateBuilder {
            serial: vec![1],
            issuer: subject.clone(),
            subject: subject.clone(),
            not_before: UnixTime(now.0 - DAY),
            not_after: UnixTime(now.0 + 30 * DAY),
            spki: key.spki_der().to_vec(),
            extensions: vec![Extension::key_usage(usage)],
        }
    }

    /// A certificate by a CA of nobody: its name is the one given, its key is `ca_key`.
    ///
    /// # Errors
    /// If the key cannot sign.
    pub fn certified(
        key: &Arc<dyn PrivateKey>,
        subject: &Name,
        (issuer, ca_key): (&Name, &dyn PrivateKey),
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> scep_core::Result<Self> {
        let certificate = CertificateBuilder {
            serial: vec![0x5c, 0xe9],
            issuer: issuer.clone(),
            ..Self::builder(key.as_ref(), subject, now)
        }
        .sign(ca_key, DigestAlgorithm::Sha256, rng)?;
        Ok(Self {
            certificate,
            key: Arc::clone(key),
        })
    }
}
