//! Keys and certificates for tests.

use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::crypto::{
    CryptoProvider, DigestAlgorithm, KeyType, PrivateKey, SystemRandom, default_provider,
};
use scep_core::x509::{Certificate, CertificateBuilder, Extension, GeneralName, KeyUsage, Name};

/// 2026-01-01T00:00:00Z: before, the certificates of [`Identity::issue`] are not valid yet.
pub(crate) const BEGIN: UnixTime = UnixTime(1_767_225_600);
/// 2036-01-01T00:00:00Z: after, they have expired.
pub(crate) const END: UnixTime = UnixTime(2_082_758_400);

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: Certificate,
    pub(crate) key: Arc<dyn PrivateKey>,
    pub(crate) pkcs8: Vec<u8>,
}

pub(crate) fn provider() -> Arc<dyn CryptoProvider> {
    default_provider()
}

pub(crate) fn new_key() -> (Arc<dyn PrivateKey>, Vec<u8>) {
    let pkcs8 = provider()
        .generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)
        .unwrap();
    (provider().load_private_key(&pkcs8).unwrap(), pkcs8.to_vec())
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_rfc4514(text).unwrap()
}

impl Identity {
    /// A root CA.
    pub(crate) fn root(subject: &str) -> Self {
        let (key, pkcs8) = new_key();
        let usage = KeyUsage::KEY_CERT_SIGN
            | KeyUsage::CRL_SIGN
            | KeyUsage::DIGITAL_SIGNATURE
            | KeyUsage::KEY_ENCIPHERMENT;
        let certificate = CertificateBuilder {
            serial: vec![1],
            issuer: name(subject),
            subject: name(subject),
            not_before: BEGIN,
            not_after: END,
            spki: key.spki_der().to_vec(),
            extensions: vec![
                Extension::basic_constraints(true, None),
                Extension::key_usage(usage),
            ],
        }
        .sign(key.as_ref(), DigestAlgorithm::Sha256, &mut SystemRandom)
        .unwrap();
        Self {
            certificate,
            key,
            pkcs8,
        }
    }

    /// A certificate for `spki`, signed by this one.
    pub(crate) fn certify(
        &self,
        serial: u8,
        subject: Name,
        spki: &[u8],
        extensions: Vec<Extension>,
    ) -> Certificate {
        CertificateBuilder {
            serial: vec![serial],
            issuer: self.certificate.subject().clone(),
            subject,
            not_before: BEGIN,
            not_after: END,
            spki: spki.to_vec(),
            extensions,
        }
        .sign(
            self.key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut SystemRandom,
        )
        .unwrap()
    }

    /// A certificate with a new key for a TLS server.
    pub(crate) fn tls_server(&self, host: &str) -> Self {
        let (key, pkcs8) = new_key();
        let names = Extension::subject_alt_name(&[GeneralName::Dns(host.into())]);
        let usage = Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE);
        let certificate = self.certify(
            2,
            name(&format!("CN={host}")),
            key.spki_der(),
            vec![names, usage],
        );
        Self {
            certificate,
            key,
            pkcs8,
        }
    }
}
