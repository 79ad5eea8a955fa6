//! A CA, the one that is to follow it, and what the first says of the second.

use std::time::Duration;

use scep_core::ca_certificates::CaCertificates;
use scep_core::cms::{SignatureOid, SignedDataBuilder};
use scep_core::crypto::{DigestAlgorithm, PrivateKey};
use scep_core::limits::Limits;
use scep_core::next_ca_certificates::NextCaCertificates;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage};
use scep_core::{Result, UnixTime};

use super::hand::HandServer;
use super::{CA, NOW, TestRandom, key, name, provider};

pub const CAPS: &str = "AES\nGetNextCACert\nSHA-256\n";
pub const YEAR: Duration = Duration::from_secs(86_400 * 365);

pub fn server() -> HandServer {
    let mut server = HandServer::new(key("ca"));
    server.capabilities = CAPS.into();
    server
}

/// A CA certificate of the same name for the key `subject_key`, signed by `issuer_key`.
pub fn ca_certificate(subject_key: &str, issuer_key: &str, from: UnixTime) -> Certificate {
    CertificateBuilder {
        serial: vec![2],
        issuer: name(CA),
        subject: name(CA),
        not_before: from,
        not_after: from.plus(YEAR),
        spki: key(subject_key).spki_der().to_vec(),
        extensions: vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
        ],
    }
    .sign(
        key(issuer_key).as_ref(),
        DigestAlgorithm::Sha256,
        &mut TestRandom(5),
    )
    .unwrap()
}

/// The next CA, with a new key and self-signed; valid from the day after tomorrow.
pub fn next() -> Certificate {
    ca_certificate("ra", "ra", NOW.plus(Duration::from_secs(86_400 * 2)))
}

pub fn encode(next: &[Certificate], current: &Certificate, key: &dyn PrivateKey) -> Vec<u8> {
    let digest = DigestAlgorithm::Sha256;
    let rng = &mut TestRandom(6);
    NextCaCertificates::encode(next, (current, key), digest, provider(), rng).unwrap()
}

pub fn good(server: &HandServer, next: &[Certificate]) -> Vec<u8> {
    encode(next, &server.ca, server.ca_key.as_ref())
}

pub fn from_response(server: &HandServer, body: &[u8]) -> Result<NextCaCertificates> {
    NextCaCertificates::from_response(
        body,
        &CaCertificates::new(vec![server.ca.clone()]),
        provider(),
        &AlgorithmPolicy::RFC8894,
        &Limits::DEFAULT,
    )
}

/// Any SignedData, signed by the CA.
pub fn signed(
    server: &HandServer,
    content: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
) -> Vec<u8> {
    SignedDataBuilder {
        content,
        attributes: Vec::new(),
        signer: server.ca.clone(),
        certificates,
        digest: DigestAlgorithm::Sha256,
        scheme: None,
        signature_oid: SignatureOid::default(),
    }
    .sign(provider(), server.ca_key.as_ref(), &mut TestRandom(7))
    .unwrap()
}
