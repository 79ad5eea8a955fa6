//! Certificates that the issuing CA makes out of requests.

use scep_core::UnixTime;
use scep_core::crypto::{CryptoProvider, DigestAlgorithm, RandomSource};
use scep_core::oid;
use scep_core::x509::{Certificate, CertificateBuilder, CertificationRequest, Extension};

use super::{Pki, serial};
use crate::error::Result;
use crate::state::Template;

/// Makes the certificate that `template` makes of `request`: the subject as asked for, of the
/// extensions only subjectAltName and keyUsage.
pub(crate) fn issue(
    pki: &Pki,
    template: &Template,
    request: &CertificationRequest,
    now: UnixTime,
    provider: &dyn CryptoProvider,
    rng: &mut dyn RandomSource,
) -> Result<Certificate> {
    let ca = &pki.issuing_ca.certificate;
    let mut extensions: Vec<Extension> = request
        .extensions()
        .iter()
        .filter(|e| e.oid == oid::SUBJECT_ALT_NAME || e.oid == oid::KEY_USAGE)
        .cloned()
        .collect();
    extensions.push(Extension::extended_key_usage(&[oid::CLIENT_AUTH]));
    let key_id = provider.digest(DigestAlgorithm::Sha1, request.spki_der())?;
    extensions.push(Extension::subject_key_identifier(&key_id));
    if let Some(id) = ca.subject_key_identifier() {
        extensions.push(Extension::authority_key_identifier(&id));
    }
    extensions.push(Extension::crl_distribution_points(&[pki.crl_url()]));
    // AD CS sets the start ten minutes back, for clocks that are slow.
    let not_before = now.minus(std::time::Duration::from_secs(600));
    let builder = CertificateBuilder {
        serial: serial(rng),
        issuer: ca.subject().clone(),
        subject: request.subject().clone(),
        not_before,
        not_after: not_before
            .plus(template.valid_for.duration())
            .min(ca.not_after()),
        spki: request.spki_der().to_vec(),
        extensions,
    };
    Ok(builder.sign(
        pki.issuing_ca.key.key.as_ref(),
        DigestAlgorithm::Sha256,
        rng,
    )?)
}
