//! The CAs of the cases: who issues, who decrypts, who signs, and what GetCACert says of them.

use std::sync::Arc;

use scep_client::random::SharedRandom;
use scep_core::UnixTime;
use scep_core::crypto::{CryptoProvider, DigestAlgorithm, KeyType, PrivateKey};
use scep_core::oid;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage, Name};

use crate::server_suite::Identity;

/// A day, in seconds.
pub(super) const DAY: i64 = 86_400;

/// Keys, a library, a clock: what CAs are made of.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The crypto library.
    pub provider: Arc<dyn CryptoProvider>,
    /// Randomness.
    pub random: SharedRandom,
    /// RSA keys: of the CA that is trusted, of what stands below it (two), and of a stranger.
    pub keys: [Arc<dyn PrivateKey>; 4],
    /// Now.
    pub now: UnixTime,
}

/// A CA as clients see it.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What the client trusts.
    pub anchor: Certificate,
    /// Who issues.
    pub issuing: Identity,
    /// Whom requests may be encrypted to.
    pub decrypters: Vec<Identity>,
    /// Who signs replies.
    pub signer: Identity,
    /// What GetCACert gives.
    pub bundle: Vec<Certificate>,
    /// Somebody who has nothing to do with it.
    pub stranger: Identity,
}

/// The key usages of a CA that leaves SCEP to others.
fn ca_usages() -> KeyUsage {
    KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN
}

/// Gives a certificate another key usage.
pub(super) fn set_usage(certificate: &mut CertificateBuilder, usage: KeyUsage) {
    certificate.extensions.retain(|e| e.oid != oid::KEY_USAGE);
    certificate.extensions.push(Extension::key_usage(usage));
}

/// The key usages of a CA that does everything itself.
fn all_usages() -> KeyUsage {
    KeyUsage::KEY_CERT_SIGN
        | KeyUsage::CRL_SIGN
        | KeyUsage::DIGITAL_SIGNATURE
        | KeyUsage::KEY_ENCIPHERMENT
}

impl Pki {
    /// With new keys.
    ///
    /// # Errors
    /// If the provider makes none.
    pub fn generate(
        provider: Arc<dyn CryptoProvider>,
        random: SharedRandom,
        now: UnixTime,
    ) -> scep_core::Result<Self> {
        let mut rng = random.clone();
        let mut key = || {
            let pkcs8 = provider.generate_private_key(KeyType::Rsa(2048), &mut rng)?;
            provider.load_private_key(&pkcs8)
        };
        let keys = [key()?, key()?, key()?, key()?];
        Ok(Self {
            provider,
            random,
            keys,
            now,
        })
    }

    /// A certificate that is valid for ten years; `change` makes it otherwise.
    ///
    /// # Errors
    /// If a name or a key cannot be used.
    pub fn certify(
        &self,
        name: &str,
        key: &Arc<dyn PrivateKey>,
        issuer: Option<&Identity>,
        change: impl FnOnce(&mut CertificateBuilder),
    ) -> scep_core::Result<Identity> {
        let subject = Name::from_rfc4514(name)?;
        let id = self
            .provider
            .digest(DigestAlgorithm::Sha1, key.spki_der())?;
        let mut serial = vec![0x30; 8];
        scep_core::crypto::RandomSource::fill(
            &mut self.random.clone(),
            serial.get_mut(1..).unwrap_or_default(),
        );
        let issuer_name = issuer.map_or(&subject, |issuer| issuer.certificate.subject());
        let mut builder = CertificateBuilder {
            serial,
            issuer: issuer_name.clone(),
            subject: subject.clone(),
            not_before: UnixTime(self.now.0 - 30 * DAY),
            not_after: UnixTime(self.now.0 + 3650 * DAY),
            spki: key.spki_der().to_vec(),
            extensions: vec![
                Extension::basic_constraints(true, None),
                Extension::key_usage(all_usages()),
                Extension::subject_key_identifier(&id),
            ],
        };
        change(&mut builder);
        let signer = issuer.map_or(key, |issuer| &issuer.key);
        let digest = DigestAlgorithm::Sha256;
        let certificate = builder.sign(signer.as_ref(), digest, &mut self.random.clone())?;
        Ok(Identity {
            certificate,
            key: Arc::clone(key),
        })
    }

    /// A CA that is trusted and does everything itself.
    ///
    /// # Errors
    /// If a key cannot be used.
    pub fn single(&self) -> scep_core::Result<Layout> {
        self.trusted(all_usages())
    }

    /// A CA that is trusted, with these key usages.
    fn trusted(&self, usage: KeyUsage) -> scep_core::Result<Layout> {
        let [first, .., last] = &self.keys;
        let ca = self.certify("CN=Suite CA", first, None, |ca| set_usage(ca, usage))?;
        let stranger = self.certify("CN=Stranger", last, None, |_| ())?;
        Ok(Layout {
            anchor: ca.certificate.clone(),
            bundle: vec![ca.certificate.clone()],
            decrypters: vec![ca.clone()],
            signer: ca.clone(),
            issuing: ca,
            stranger,
        })
    }

    /// A subordinate CA below the one that is trusted; `change` makes its certificate otherwise.
    ///
    /// # Errors
    /// If a key cannot be used.
    pub fn chain(&self, change: impl FnOnce(&mut CertificateBuilder)) -> scep_core::Result<Layout> {
        let [_, second, ..] = &self.keys;
        let single = self.trusted(ca_usages())?;
        let below = self.certify("CN=Suite Issuing CA", second, Some(&single.issuing), change)?;
        Ok(Layout {
            bundle: vec![below.certificate.clone(), single.anchor.clone()],
            decrypters: vec![below.clone()],
            signer: below.clone(),
            issuing: below,
            ..single
        })
    }

    /// A CA with two RA certificates as NDES has them, one that signs and one that decrypts; `change` makes both
    /// otherwise.
    ///
    /// # Errors
    /// If a key cannot be used.
    pub fn ra(&self, change: impl Fn(&mut CertificateBuilder)) -> scep_core::Result<Layout> {
        let [_, second, third, _] = &self.keys;
        let single = self.trusted(ca_usages())?;
        let ra = |name, key, usage| {
            self.certify(name, key, Some(&single.issuing), |certificate| {
                let agent = Extension::extended_key_usage(&[oid::MS_CERTIFICATE_REQUEST_AGENT]);
                certificate.extensions = vec![Extension::key_usage(usage), agent];
                change(certificate);
            })
        };
        let signer = ra("CN=Suite RA, OU=signs", second, KeyUsage::DIGITAL_SIGNATURE)?;
        let decrypter = ra(
            "CN=Suite RA, OU=decrypts",
            third,
            KeyUsage::KEY_ENCIPHERMENT,
        )?;
        Ok(Layout {
            bundle: vec![
                signer.certificate.clone(),
                decrypter.certificate.clone(),
                single.anchor.clone(),
            ],
            decrypters: vec![decrypter],
            signer,
            ..single
        })
    }

    /// A CA with an EC key, which cannot decrypt.
    ///
    /// # Errors
    /// If the provider makes no such key.
    pub fn ec(&self) -> scep_core::Result<Layout> {
        let single = self.single()?;
        let mut rng = self.random.clone();
        let key = self
            .provider
            .generate_private_key(KeyType::EcP256, &mut rng)?;
        let key = self.provider.load_private_key(&key)?;
        let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::DIGITAL_SIGNATURE;
        let ca = self.certify("CN=Suite EC CA", &key, None, |certificate| {
            set_usage(certificate, usage);
        })?;
        Ok(Layout {
            anchor: ca.certificate.clone(),
            bundle: vec![ca.certificate.clone()],
            decrypters: Vec::new(),
            signer: ca.clone(),
            issuing: ca,
            ..single
        })
    }
}
