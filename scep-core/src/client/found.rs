//! Judging the answer to a GetCert or GetCRL (RFC 8894 section 3.3.2.1).

use alloc::format;
use alloc::vec::Vec;

use super::Wanted;
use super::session::Session;
use crate::cms::{ContentInfo, SignedData, SignerId, certs_only_certificates};
use crate::deviation::{self, Deviations};
use crate::error::Check;
use crate::message::IssuerAndSerialNumber;
use crate::x509::{Certificate, Crl, KeyUsage};
use crate::{Error, Result, UnixTime};

/// A query was answered.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was asked for.
    pub answer: Answer,
    /// The trusted certificates of GetCACert.
    pub ca_certificates: Vec<Certificate>,
    /// What was unusual about the replies.
    pub deviations: Deviations,
}

/// The answer to a query.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The certificate that was asked for.
    Certificate {
        /// The certificate, issued by the CA that is trusted. Whether it is still valid is not
        /// checked: it may be asked for just because it is not.
        certificate: Certificate,
        /// The other certificates of the reply, in the order received.
        others: Vec<Certificate>,
    },
    /// The newest CRL of the reply, issued by the CA of the certificate that was asked about.
    Crl(Crl),
}

/// Finds what was asked for in the messageData of a SUCCESS.
pub(super) fn judge(
    session: &Session,
    message_data: &[u8],
    wanted: &Wanted,
    deviations: &mut Deviations,
    now: UnixTime,
) -> Result<Answer> {
    match wanted {
        Wanted::Certificate(id) => certificate(session, message_data, id, deviations, now),
        Wanted::Crl(id) => crl(session, message_data, id, deviations, now).map(Answer::Crl),
    }
}

fn certificate(
    session: &Session,
    message_data: &[u8],
    id: &IssuerAndSerialNumber,
    deviations: &mut Deviations,
    now: UnixTime,
) -> Result<Answer> {
    let mut others = certs_only_certificates(message_data, &session.server().limits)?;
    let wanted = SignerId::IssuerAndSerial(id.clone());
    let Some(position) = others.iter().position(|c| wanted.names(c)) else {
        return Err(Error::rule(
            "3.3.2.1",
            format!(
                "the reply holds {} certificate(s), but not the one that was asked for",
                others.len()
            ),
        ));
    };
    if position > 0 {
        deviations.note(
            deviation::LEAF_NOT_FIRST,
            format!(
                "the certificate that was asked for is number {} in the reply",
                position + 1
            ),
        );
    }
    let certificate = others.remove(position);
    let ca = session.ca()?;
    ca.check_issued(session, &certificate, &others, now)?;
    Ok(Answer::Certificate {
        certificate,
        others,
    })
}

fn crl(
    session: &Session,
    message_data: &[u8],
    id: &IssuerAndSerialNumber,
    deviations: &mut Deviations,
    now: UnixTime,
) -> Result<Crl> {
    let limits = &session.server().limits;
    let info = ContentInfo::decode(message_data, limits)?;
    let data = SignedData::from_content_info(&info, "the bundle with the CRL", limits)?;
    if !data.certificates.is_empty() || !data.other_certificates.is_empty() {
        deviations.note(
            deviation::CRL_WITH_CERTIFICATES,
            "the reply to a GetCRL holds certificates beside the CRL",
        );
    }
    if data.crls.len() > 1 {
        deviations.note(
            deviation::SEVERAL_CRLS,
            format!("the reply holds {} CRLs", data.crls.len()),
        );
    }
    let crls: Vec<Crl> = data
        .crls
        .iter()
        .map(|der| Crl::from_der(der))
        .collect::<Result<_>>()?;
    let Some(first) = crls.first() else {
        return Err(Error::rule("4.6.1", "the reply holds no CRL"));
    };
    let issuers = session.ca()?.issuers(session, &data.certificates, now);
    let newest = crls
        .iter()
        .filter(|crl| crl.issuer().matches(&id.issuer))
        .filter_map(|crl| {
            let mut signed = issuers
                .iter()
                .filter(|ca| crl.verify_issued_by(session.provider(), ca).is_ok());
            signed.next().map(|issuer| (crl, issuer))
        })
        .max_by_key(|(crl, _)| crl.this_update());
    let Some((crl, issuer)) = newest else {
        return Err(Error::not_authentic(
            Check::Issuer,
            format!(
                "the CRL was not signed by the CA of the certificate that was asked about ({}), as that is \
                 trusted: its issuer is {}",
                id.issuer,
                first.issuer()
            ),
        ));
    };
    if let Some(scheme) = crl.signature_scheme() {
        session.server().policy.accept_signature(scheme)?;
    }
    note_oddities(crl, issuer, deviations, now);
    Ok(crl.clone())
}

fn note_oddities(crl: &Crl, issuer: &Certificate, deviations: &mut Deviations, now: UnixTime) {
    let usage = issuer.key_usage();
    if usage.is_some_and(|usage| !usage.contains(KeyUsage::CRL_SIGN)) {
        deviations.note(
            deviation::CRL_ISSUER_WITHOUT_CRL_SIGN,
            format!(
                "the keyUsage of {} does not allow to sign CRLs",
                issuer.subject()
            ),
        );
    }
    if crl.is_expired_at(now) || now < crl.this_update() {
        let until = match crl.next_update() {
            Some(next) => format!(" to {next}"),
            None => alloc::string::String::new(),
        };
        deviations.note(
            deviation::CRL_NOT_VALID_NOW,
            format!(
                "the CRL is valid from {}{until}, and it is {now} here",
                crl.this_update()
            ),
        );
    }
}
