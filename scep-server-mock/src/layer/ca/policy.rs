//! What the issuing CA checks before it issues: permissions, template, the enrollment agent's
//! certificate, names, key and signature of the request.

use scep_core::crypto::DigestAlgorithm;
use scep_core::x509::{CertificationRequest, Name};

use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::names;
use crate::state::MinimumDigest;
use crate::wire::Transit;

/// Longest commonName, in characters (ub-common-name of X.520).
const MAX_COMMON_NAME: usize = 64;

/// # Errors
/// The code with which the CA refuses.
pub(super) fn check(
    d: &Deployment,
    t: &Transit,
    request: &CertificationRequest,
) -> Result<(), Hresult> {
    permissions(d)?;
    agent(d, t)?;
    names_of(d, request)?;
    let template = &d.state.ca.template;
    if rsa_bits(request.spki_der()).is_some_and(|bits| bits < template.min_key_bits) {
        return Err(Hresult::KEY_LENGTH);
    }
    let weak = request.signature_scheme().is_some_and(|scheme| {
        matches!(
            scheme.digest(),
            DigestAlgorithm::Md5 | DigestAlgorithm::Sha1
        )
    });
    if weak && d.state.ca.minimum_digest == MinimumDigest::Sha256 {
        return Err(Hresult::WEAK_SIGNATURE);
    }
    Ok(())
}

fn permissions(d: &Deployment) -> Result<(), Hresult> {
    let ca = &d.state.ca;
    let held_by_ndes = |accounts: &[String]| {
        accounts
            .iter()
            .any(|account| account == names::SERVICE_ACCOUNT)
    };
    if !held_by_ndes(&ca.request_permission) {
        return Err(Hresult::ENROLL_DENIED);
    }
    let wanted = &d.state.ndes.registry.general_purpose_template;
    let known = wanted.is_empty() || *wanted == ca.template.name;
    if !ca.template.published || !known {
        return Err(Hresult::UNSUPPORTED_CERT_TYPE);
    }
    if !held_by_ndes(&ca.template.enroll) {
        return Err(Hresult::TEMPLATE_DENIED);
    }
    Ok(())
}

/// NDES signs its request to the CA as an enrollment agent.
fn agent(d: &Deployment, t: &Transit) -> Result<(), Hresult> {
    let Some(agent) = d.pool.ndes().and_then(|ndes| ndes.agent.as_ref()) else {
        return Ok(());
    };
    if !agent.is_valid_at(t.now()) {
        return Err(Hresult::CERT_E_EXPIRED);
    }
    if !d.state.ca.crl_reachable {
        return Err(Hresult::CRYPT_E_REVOCATION_OFFLINE);
    }
    let revoked = d.revoked();
    if revoked.iter().any(|(serial, _)| serial == agent.serial()) {
        return Err(Hresult::CRYPT_E_REVOKED);
    }
    Ok(())
}

fn names_of(d: &Deployment, request: &CertificationRequest) -> Result<(), Hresult> {
    let subject = request.subject();
    let too_long = subject
        .common_name()
        .is_some_and(|cn| cn.chars().count() > MAX_COMMON_NAME);
    let none = subject.is_empty() && request.subject_alt_names().is_empty();
    if too_long || none {
        return Err(Hresult::BAD_REQUEST_SUBJECT);
    }
    let permitted = &d.state.ca.permitted_subjects;
    let within = |tree: &String| {
        Name::from_rfc4514(tree).is_ok_and(|tree| subject.to_string().ends_with(&tree.to_string()))
    };
    if !permitted.is_empty() && !permitted.iter().any(within) {
        return Err(Hresult::INVALID_NAME);
    }
    Ok(())
}

/// Bits of an RSA modulus, to the next eight: enough to compare with a template's minimum.
pub(crate) fn rsa_bits(spki: &[u8]) -> Option<usize> {
    use scep_core::asn1::{Reader, tag};
    let mut fields = Reader::new(spki)
        .expect(tag::SEQUENCE, "SubjectPublicKeyInfo")
        .ok()?
        .reader();
    fields.expect(tag::SEQUENCE, "algorithm").ok()?;
    let bits = fields.expect(tag::BIT_STRING, "key").ok()?;
    let key = bits.value.get(1..)?;
    let mut key = Reader::new(key)
        .expect(tag::SEQUENCE, "RSAPublicKey")
        .ok()?
        .reader();
    let modulus = key.expect(tag::INTEGER, "modulus").ok()?.value;
    let significant = modulus.iter().skip_while(|octet| **octet == 0).count();
    Some(significant * 8)
}
