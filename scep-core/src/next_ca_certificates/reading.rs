//! The parts of a GetNextCACert reply.

use alloc::format;
use alloc::vec::Vec;

use super::SECTION;
use crate::ca_certificates::CaCertificates;
use crate::cms::{ContentInfo, SignedData, SignerInfo, algorithm};
use crate::crypto::CryptoProvider;
use crate::deviation::{self, Deviations};
use crate::error::Check;
use crate::limits::Limits;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;
use crate::{Error, Result, oid};

/// The one signature. Without signed attributes it could be that of another message (see RFC 8894
/// section 3.2.1).
pub(super) fn signer_info<'a>(
    data: &'a SignedData<'_>,
    deviations: &mut Deviations,
) -> Result<&'a SignerInfo> {
    let signer_info = match data.signers.as_slice() {
        [one] => one,
        [] => {
            return Err(Error::not_authentic(
                Check::Signature,
                "the next CA certificates are not signed, so anybody may have sent them",
            ));
        }
        several => {
            return Err(Error::rule(
                SECTION,
                format!(
                    "the current CA signs the next certificates once, these have {} signatures",
                    several.len()
                ),
            ));
        }
    };
    // a CertRep of a CA that signs for itself has the same signer, and says nothing about a next CA
    let of_scep = [oid::MESSAGE_TYPE, oid::TRANSACTION_ID, oid::PKI_STATUS];
    if signer_info
        .attributes
        .iter()
        .any(|a| of_scep.contains(&a.oid))
    {
        return Err(Error::rule(
            SECTION,
            "this is a CertRep, and no answer to GetNextCACert",
        ));
    }
    if data.content_type != oid::DATA {
        return Err(Error::rule(
            SECTION,
            format!(
                "the eContentType is {}, not data",
                algorithm::describe(data.content_type)
            ),
        ));
    }
    if !signer_info.has_signed_attributes() {
        return Err(Error::rule(
            SECTION,
            "the signature has no signed attributes",
        ));
    }
    signer_info.check_content_type(deviations)?;
    Ok(signer_info)
}

/// The trusted certificate of the current CA by whose key the signature claims to be made. Nobody
/// else may say who follows the CA, not even its RA.
pub(super) fn signed_by<'a>(
    signer_info: &SignerInfo,
    data: &SignedData<'_>,
    current: &'a CaCertificates,
    issuing_ca: &Certificate,
) -> Result<&'a Certificate> {
    let claimed = signer_info.find_signer(current.as_slice().iter().chain(&data.certificates))?;
    // a renewed CA has several certificates
    let mut of_ca = current.as_slice().iter().filter(|c| {
        (*c == issuing_ca || c.may_issue()) && c.subject().matches(issuing_ca.subject())
    });
    of_ca
        .find(|c| c.spki_der() == claimed.spki_der())
        .ok_or_else(|| {
            Error::not_authentic(
                Check::SignerTrusted,
                format!(
                    "the next CA certificates are signed by {}, which is not the current CA, {}",
                    claimed.subject(),
                    issuing_ca.subject()
                ),
            )
        })
}

/// The certificates inside of what was signed.
pub(super) fn in_the_content(
    content: &[u8],
    limits: &Limits,
    deviations: &mut Deviations,
) -> Result<Vec<Certificate>> {
    if let Ok(bare) = Certificate::from_der(content) {
        deviations.note(
            deviation::BARE_NEXT_CA_CERTIFICATE,
            "the next CA certificate stands alone, not in a degenerate SignedData",
        );
        return Ok(alloc::vec![bare]);
    }
    let info = ContentInfo::decode(content, limits)?;
    let data = SignedData::from_content_info(&info, "the next CA certificates", limits)?;
    if !data.signers.is_empty() {
        deviations.note(
            deviation::SIGNED_INSIDE,
            "the inner SignedData is signed too; that signature is ignored",
        );
    }
    if data.certificates.is_empty() {
        return Err(Error::rule(SECTION, "the reply holds no certificate"));
    }
    Ok(data.certificates)
}

/// The certificates beside the signed content, as far as the current CA signed each.
pub(super) fn beside_the_content(
    data: &SignedData<'_>,
    current: &Certificate,
    provider: &dyn CryptoProvider,
    policy: &AlgorithmPolicy,
    deviations: &mut Deviations,
) -> Result<Vec<Certificate>> {
    deviations.note(
        deviation::NEXT_CA_CERTIFICATES_OUTSIDE,
        "the next CA certificates are beside the signed content, not in it",
    );
    let certificates = data.certificates.iter();
    let found: Vec<Certificate> = certificates
        .filter(|c| {
            c.subject().matches(current.subject())
                && c.is_signed_acceptably(policy)
                && c.is_issued_by(provider, current)
        })
        .cloned()
        .collect();
    if found.is_empty() {
        return Err(Error::not_authentic(
            Check::Issuer,
            format!(
                "the server put {} certificate(s) beside the signed content instead of into it, where the \
                 signature does not cover them, and none of them is signed by the current CA itself",
                data.certificates.len()
            ),
        ));
    }
    Ok(found)
}
