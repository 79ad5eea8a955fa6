//! Certificates, certification requests and CRLs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Aids;
use super::report::{CertificateSummary, Kind, Report, SignatureVerdict};
use crate::asn1::{Reader, tag, transcode};
use crate::crypto::CryptoProvider;
use crate::deviation;
use crate::error::Layer;
use crate::limits::Limits;
use crate::x509::{Certificate, CertificationRequest, Crl};
use crate::{Error, Result};

/// Alternative names that are shown.
const MAX_NAMES: usize = 100;

/// A certificate, certification request or CRL: all are `SEQUENCE { SEQUENCE …, algorithm, BIT STRING }`.
pub(super) fn inspect(
    provider: &dyn CryptoProvider,
    input: &[u8],
    aids: &Aids,
    limits: &Limits,
) -> Result<Report> {
    let transcoded = transcode(input, limits)?;
    let der = &transcoded.der;
    let mut report = match kind_of_signed(der) {
        Some(Kind::CertificationRequest) => {
            let csr = CertificationRequest::from_der(der)?;
            let mut report = Report::new(Kind::CertificationRequest);
            report.subject = Some(format!("{}", csr.subject()));
            report.has_challenge = Some(csr.challenge_password().is_some());
            report.challenge_type = csr.challenge_tag().map(|t| tag::name(t).into_owned());
            names(&mut report, csr.alternative_names(MAX_NAMES));
            report.signature = Some(match csr.verify(provider) {
                Ok(()) => SignatureVerdict::Valid {
                    signer: format!("{}", csr.subject()),
                },
                Err(Error::NotAuthentic { what, .. }) => SignatureVerdict::Wrong { why: what },
                Err(other) => SignatureVerdict::NotChecked {
                    why: format!("{other}"),
                },
            });
            report
        }
        Some(Kind::Crl) => {
            let crl = Crl::from_der(der)?;
            let mut report = Report::new(Kind::Crl);
            report.issuer = Some(format!("{}", crl.issuer()));
            report.not_before = Some(crl.this_update());
            report.not_after = crl.next_update();
            report
        }
        Some(_) => {
            let certificate = Certificate::from_der(der)?;
            let mut report = Report::new(Kind::Certificate);
            report.subject = Some(format!("{}", certificate.subject()));
            report.issuer = Some(format!("{}", certificate.issuer()));
            report.not_before = Some(certificate.not_before());
            report.not_after = Some(certificate.not_after());
            names(&mut report, certificate.alternative_names(MAX_NAMES));
            report.certificates = alloc::vec![CertificateSummary::of(&certificate)];
            let issuer = aids
                .certificates
                .iter()
                .chain(core::iter::once(&certificate))
                .find(|c| certificate.issuer().matches(c.subject()));
            report.signature =
                issuer.map(
                    |issuer| match certificate.verify_issued_by(provider, issuer) {
                        Ok(()) => SignatureVerdict::Valid {
                            signer: format!("{}", issuer.subject()),
                        },
                        Err(Error::NotAuthentic { what, .. }) => {
                            SignatureVerdict::Wrong { why: what }
                        }
                        Err(other) => SignatureVerdict::NotChecked {
                            why: format!("{other}"),
                        },
                    },
                );
            report
        }
        None => {
            return Err(Error::malformed(
                Layer::X509,
                "neither a certificate nor a certification request nor a CRL",
            ));
        }
    };
    report.was_ber = transcoded.was_ber();
    if report.was_ber {
        report.deviations.note(
            deviation::BER_ENCODING,
            "encoded as BER, where only DER is allowed",
        );
    }
    if transcoded.used < input.len() {
        let text = format!("{} octets follow", input.len() - transcoded.used);
        report.deviations.note(deviation::TRAILING_OCTETS, text);
    }
    Ok(report)
}

fn names(report: &mut Report, (names, count): (Vec<String>, usize)) {
    if names.len() < count {
        let text = format!(
            "{count} alternative names, of which {} are shown",
            names.len()
        );
        report.deviations.note(deviation::MANY_NAMES, text);
    }
    report.subject_alt_names = names;
}

/// Tells by the fields of the to-be-signed part: a certificate has a serial number and a validity,
/// a request a version 0 and a key, a CRL a time in third or fourth place.
fn kind_of_signed(der: &[u8]) -> Option<Kind> {
    let mut fields = Reader::new(der)
        .expect(tag::SEQUENCE, "frame")
        .ok()?
        .reader()
        .expect(tag::SEQUENCE, "tbs")
        .ok()?
        .reader();
    let mut tags = Vec::new();
    while tags.len() < 5 && !fields.is_empty() {
        tags.push(fields.next("field").ok()?.tag);
    }
    match tags.as_slice() {
        [0xa0, tag::INTEGER, ..]
        | [
            tag::INTEGER,
            tag::SEQUENCE,
            tag::SEQUENCE,
            tag::SEQUENCE,
            ..,
        ] => Some(Kind::Certificate),
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE]
        | [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, 0xa0, ..] => {
            Some(Kind::CertificationRequest)
        }
        [
            tag::SEQUENCE,
            tag::SEQUENCE,
            tag::UTC_TIME | tag::GENERALIZED_TIME,
            ..,
        ]
        | [
            tag::INTEGER,
            tag::SEQUENCE,
            tag::SEQUENCE,
            tag::UTC_TIME | tag::GENERALIZED_TIME,
            ..,
        ] => Some(Kind::Crl),
        _ => None,
    }
}
