//! Certificates that the issuing CA makes out of requests.

use scep_core::UnixTime;
use scep_core::asn1::{Reader, tag, write};
use scep_core::crypto::{CryptoProvider, DigestAlgorithm, RandomSource};
use scep_core::oid;
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequest, Extension, KeyUsage, Name,
};

use super::{Pki, serial};
use crate::error::Result;
use crate::state::Ca;

/// Makes the certificate that the CA makes of `request`: the subject as asked for, or as its template
/// of subjects has it; of the extensions only subjectAltName, from which a security identifier may be denied,
/// and keyUsage.
pub(crate) fn issue(
    pki: &Pki,
    settings: &Ca,
    denies_security_identifiers: bool,
    request: &CertificationRequest,
    now: UnixTime,
    provider: &dyn CryptoProvider,
    rng: &mut dyn RandomSource,
) -> Result<Certificate> {
    let ca = &pki.issuing_ca.certificate;
    let mut extensions: Vec<Extension> = request
        .extensions()
        .iter()
        .filter(|e| e.oid == oid::SUBJECT_ALT_NAME)
        .filter_map(|e| {
            without_uris(e, |uri| {
                settings.drops_san_uris || (denies_security_identifiers && names_one(uri))
            })
        })
        .collect();
    // A template for devices gives nobody the key usage of a CA, whatever is asked for; who asks for
    // none gets the template's.
    let of_a_ca = [KeyUsage::KEY_CERT_SIGN, KeyUsage::CRL_SIGN];
    let asked = request.key_usage();
    let usage = asked.filter(|usage| !of_a_ca.iter().any(|bit| usage.contains(*bit)));
    let of_template = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
    extensions.push(Extension::key_usage(usage.unwrap_or(of_template)));
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
        subject: subject(request.subject(), &settings.subject_template)?,
        not_before,
        not_after: not_before
            .plus(settings.template.valid_for.duration())
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

/// A subject with the attributes of the CA's template only, in its order.
fn subject(asked: &Name, template: &[String]) -> Result<Name> {
    if template.is_empty() {
        return Ok(asked.clone());
    }
    let text = asked.to_string();
    let parts: Vec<&str> = text.split(',').collect();
    let kept: Vec<&str> = template
        .iter()
        .flat_map(|kind| {
            parts
                .iter()
                .filter(move |part| part.split('=').next() == Some(kind.as_str()))
        })
        .copied()
        .collect();
    Ok(Name::from_rfc4514(&kept.join(","))?)
}

/// Whether a URI is that by which Microsoft writes a security identifier (KB5014754).
fn names_one(uri: &[u8]) -> bool {
    uri.windows(5)
        .any(|part| part.eq_ignore_ascii_case(b":sid:"))
}

/// A subjectAltName without some of its URIs; nothing if it has no other name.
fn without_uris(extension: &Extension, dropped: impl Fn(&[u8]) -> bool) -> Option<Extension> {
    /// `uniformResourceIdentifier [6]`
    const URI: u8 = tag::context(6);
    let mut names = Reader::new(&extension.value)
        .expect(tag::SEQUENCE, "GeneralNames")
        .ok()?
        .reader();
    let mut kept = Vec::new();
    while names.peek().is_some() {
        let name = names.next("GeneralName").ok()?;
        if name.tag != URI || !dropped(name.value) {
            kept.push(name.raw);
        }
    }
    (!kept.is_empty()).then(|| Extension {
        value: write::sequence(&kept),
        ..extension.clone()
    })
}
