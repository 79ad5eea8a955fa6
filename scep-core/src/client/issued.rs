//! Judging the certificate that was issued (RFC 8894 section 3.3.2.1).

use alloc::format;
use alloc::vec::Vec;

use super::session::Session;
use crate::cms::certs_only_certificates;
use crate::deviation::{self, Deviations};
use crate::x509::Certificate;
use crate::{Error, Result, UnixTime};

/// A certificate was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate for our key.
    pub certificate: Certificate,
    /// The other certificates of the reply, in the order received.
    pub others: Vec<Certificate>,
    /// The trusted certificates of GetCACert, and those of the next CA if it issued.
    pub ca_certificates: Vec<Certificate>,
    /// What was unusual about the replies.
    pub deviations: Deviations,
}

/// Finds the certificate for the key `spki` in the messageData of a SUCCESS; the others follow.
pub(super) fn judge(
    session: &Session,
    message_data: &[u8],
    spki: &[u8],
    deviations: &mut Deviations,
    now: UnixTime,
) -> Result<(Certificate, Vec<Certificate>)> {
    let mut others = certs_only_certificates(message_data, &session.server().limits)?;
    let Some(position) = others.iter().position(|c| c.spki_der() == spki) else {
        return Err(Error::rule(
            "3.3.2.1",
            format!(
                "the reply holds {} certificate(s), but none for our key",
                others.len()
            ),
        ));
    };
    if position > 0 {
        deviations.note(
            deviation::LEAF_NOT_FIRST,
            format!(
                "the issued certificate is number {} in the reply",
                position + 1
            ),
        );
    }
    let certificate = others.remove(position);
    let ca = session.ca()?;
    ca.check_issued(session, &certificate, &others, now)?;
    let by_next = || certificate.verify_issued_by(session.provider(), &ca.roles.issuing_ca);
    if !ca.next.is_empty() && by_next().is_err() {
        deviations.note(
            deviation::ISSUED_BY_CURRENT_CA,
            "the request was encrypted to the next CA, but the current one issued the certificate",
        );
    }
    if !certificate.is_valid_at(now) {
        deviations.note(
            deviation::ISSUED_NOT_VALID_NOW,
            format!(
                "the issued certificate is valid from {} to {}, and it is {now} here",
                certificate.not_before(),
                certificate.not_after(),
            ),
        );
    }
    Ok((certificate, others))
}
