//! Which digest and cipher a request is sent with (RFC 8894 section 3.5.2).

use crate::capabilities::{Capabilities, Capability};
use crate::crypto::{ContentCipher, DigestAlgorithm};
use crate::policy::AlgorithmPolicy;
use crate::{Error, Result};

/// The best digest and cipher that the server names and the policy allows: SHA-256 and AES-128-CBC
/// where they are offered.
pub(super) fn choose(
    capabilities: &Capabilities,
    policy: &AlgorithmPolicy,
) -> Result<(DigestAlgorithm, ContentCipher)> {
    let digest = if capabilities.has(Capability::Sha256) {
        DigestAlgorithm::Sha256
    } else if capabilities.has(Capability::Sha512) {
        DigestAlgorithm::Sha512
    } else if policy.may_send_digest(DigestAlgorithm::Sha1).is_ok() {
        DigestAlgorithm::Sha1
    } else if capabilities.has(Capability::Sha1) {
        // it says SHA-1 and nothing better: sending SHA-256 would be refused
        return Err(Error::ForbiddenByPolicy {
            algorithm: "the server offers SHA-1 only, which".into(),
            policy: policy.name,
        });
    } else {
        DigestAlgorithm::Sha256
    };
    let cipher = if capabilities.has(Capability::Aes) {
        ContentCipher::Aes128Cbc
    } else {
        ContentCipher::DesEde3Cbc
    };
    policy.may_send_digest(digest)?;
    policy.may_send_cipher(cipher)?;
    Ok((digest, cipher))
}
