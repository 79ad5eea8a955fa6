//! The chain of a certificate: its issuer first, the root last.

use scep_core::x509::Certificate;

/// Issuers of `certificate` among `known`, each the issuer of the one before. Registration authority
/// certificates issue nothing, so they are never in it.
pub(super) fn chain<'a>(
    certificate: &'a Certificate,
    known: &[&'a Certificate],
) -> Vec<&'a Certificate> {
    let mut chain: Vec<&Certificate> = Vec::new();
    let mut last = certificate;
    while !last.is_self_issued() {
        let issuer = known.iter().copied().find(|candidate| {
            candidate.is_ca()
                && candidate.subject().matches(last.issuer())
                && key_ids_agree(last, candidate)
                && *candidate != last
                && !chain.contains(candidate)
        });
        let Some(issuer) = issuer else { break };
        chain.push(issuer);
        last = issuer;
    }
    chain
}

/// Of two CA certificates with one name, that one whose key signed.
fn key_ids_agree(certificate: &Certificate, issuer: &Certificate) -> bool {
    match (
        certificate.authority_key_identifier(),
        issuer.subject_key_identifier(),
    ) {
        (Some(wanted), Some(found)) => wanted == found,
        _ => true,
    }
}
