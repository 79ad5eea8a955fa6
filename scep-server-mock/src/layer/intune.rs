//! Microsoft Intune as the judge of challenges.

use scep_core::message::ChallengePassword;
use scep_core::x509::CertificationRequest;

use super::ca::rsa_bits;
use crate::deployment::Deployment;
use crate::runtime::intune::{Asked, Verdict};
use crate::wire::Transit;

/// Compares a request with what its challenge was made for.
pub(crate) fn judge(
    d: &mut Deployment,
    t: &Transit,
    challenge: Option<&ChallengePassword>,
    request: &CertificationRequest,
) -> Verdict {
    let Some(challenge) = challenge else {
        return Verdict::ChallengePasswordMissing;
    };
    let targeted = d.state.intune.profile.targeted;
    let asked = Asked {
        subject: request.subject().to_string(),
        subject_alt_names: request.subject_alt_names(),
        key_bits: rsa_bits(request.spki_der()),
    };
    let (provider, now) = (d.provider.as_ref(), t.now());
    let verdict = d.intune.redeem(provider, &d.pki, challenge, &asked, now);
    if verdict == Verdict::Valid && !targeted {
        return Verdict::ScepProfileNoLongerTargetedToTheClient;
    }
    verdict
}
