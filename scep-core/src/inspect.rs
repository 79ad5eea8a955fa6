//! Explains one message, certificate or request to a human being.
//!
//! Takes what a support engineer has in hand: DER, BER, PEM, base64, a percent-encoded `message=`
//! value, a whole URL or a log line with one.

mod input;
mod outline;
mod report;
mod signed_structure;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use input::{Encoding, unwrap_input};
pub use outline::{OutlineLine, outline};
pub use report::{CertificateSummary, Kind, RecipientSummary, Report, SignatureVerdict};

use crate::asn1::{first_inner_tag, tag};
use crate::cms::{ContentInfo, EnvelopedData, Openers, Recipient, SignedData, algorithm};
use crate::crypto::{CryptoProvider, PrivateKey, RandomSource};
use crate::deviation;
use crate::error::Check;
use crate::limits::Limits;
use crate::message::{ChallengePassword, IssuerAndSerialNumber, IssuerAndSubject, SignedMessage};
use crate::oid;
use crate::policy::AlgorithmPolicy;
use crate::x509::{Certificate, pem};
use crate::{Error, Result};

/// How many envelopes may lie in each other: SCEP has one, and whoever has the public key can make
/// any number.
const MAX_NESTING: usize = 4;

/// What an inspection may use beyond the input.
#[derive(Clone, Default)]
pub struct Aids {
    /// Private keys that may open envelopes.
    pub keys: Vec<Arc<dyn PrivateKey>>,
    /// Certificates that may have signed, such as a GetCACert result.
    pub certificates: Vec<Certificate>,
    /// Challenge passwords that may open envelopes.
    pub passwords: Vec<ChallengePassword>,
}

impl core::fmt::Debug for Aids {
    /// Leaves keys and passwords out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Aids")
            .field("keys", &self.keys.len())
            .field("certificates", &self.certificates)
            .field("passwords", &self.passwords.len())
            .finish()
    }
}

/// Inspects an input of any of the forms that [`unwrap_input`] takes.
///
/// # Errors
/// If it is nothing that this crate knows; [`outline`] may still show its parts.
pub fn inspect(
    provider: &dyn CryptoProvider,
    input: &[u8],
    aids: &Aids,
    rng: &mut dyn RandomSource,
) -> Result<Report> {
    let (encoding, blocks) = unwrap_input(input)?;
    let mut reports = Vec::new();
    for block in &blocks {
        reports.push(inspect_der(provider, block, aids, rng, 0)?);
    }
    let mut reports = reports.into_iter();
    let mut report = reports
        .next()
        .ok_or_else(|| Error::malformed(crate::error::Layer::Asn1, "the input is empty"))?;
    for further in reports {
        report.certificates.extend(further.certificates);
    }
    match encoding {
        Encoding::Binary => {}
        wrapped if report.was_ber => report.encoding = format!("{wrapped}, BER inside"),
        wrapped => report.encoding = format!("{wrapped}"),
    }
    report.octets = input.len();
    Ok(report)
}

/// Inspects BER or DER.
fn inspect_der(
    provider: &dyn CryptoProvider,
    input: &[u8],
    aids: &Aids,
    rng: &mut dyn RandomSource,
    nesting: usize,
) -> Result<Report> {
    let limits = Limits::DEFAULT;
    if nesting > MAX_NESTING {
        return Err(Error::TooLarge {
            what: "the number of envelopes in each other",
            limit: MAX_NESTING,
        });
    }
    let mut report = match shape(input) {
        Shape::ContentInfo => content_info(provider, input, aids, &limits, rng, nesting),
        Shape::Signed => signed_structure::inspect(provider, input, aids, &limits),
        Shape::Other => Err(Error::malformed(
            crate::error::Layer::Asn1,
            "ASN.1, but no CMS message, certificate, certification request or CRL (a private key, a \
             PKCS#12 file?)",
        )),
        // a CMS decode of what is no ASN.1 says best what it is instead
        Shape::NotAsn1 => ContentInfo::decode(input, &limits).and_then(|_| {
            Err(Error::malformed(
                crate::error::Layer::Asn1,
                "this is nothing that is known here",
            ))
        }),
    }?;
    report.encoding = if report.was_ber { "BER" } else { "DER" }.into();
    report.octets = input.len();
    Ok(report)
}

/// The families of structures, by their first inner tag.
enum Shape {
    ContentInfo,
    Signed,
    Other,
    NotAsn1,
}

fn shape(input: &[u8]) -> Shape {
    match (input.first(), first_inner_tag(input)) {
        (Some(&tag::SEQUENCE), Some(tag::OID)) => Shape::ContentInfo,
        (Some(&tag::SEQUENCE), Some(tag::SEQUENCE)) => Shape::Signed,
        (Some(&tag::SEQUENCE), _) => Shape::Other,
        _ => Shape::NotAsn1,
    }
}

fn content_info(
    provider: &dyn CryptoProvider,
    input: &[u8],
    aids: &Aids,
    limits: &Limits,
    rng: &mut dyn RandomSource,
    nesting: usize,
) -> Result<Report> {
    let info = ContentInfo::decode(input, limits)?;
    let mut report = match info.content_type() {
        oid::ENVELOPED_DATA | oid::AUTH_ENVELOPED_DATA => {
            let mut report = Report::new(Kind::EnvelopedData);
            envelope(provider, input, aids, limits, rng, nesting, &mut report);
            report
        }
        oid::SIGNED_DATA => match SignedMessage::decode_prefix(input, limits) {
            Ok(message) => pki_message(provider, message, aids, limits, rng, nesting),
            Err(error) => {
                let data = SignedData::from_content_info(&info, "SignedData", limits)?;
                if data.signers.is_empty() {
                    certs_only(&data)
                } else {
                    other_signed_data(provider, &data, &error, aids, limits, rng, nesting)
                }
            }
        },
        other => {
            return Err(Error::malformed(
                crate::error::Layer::Cms,
                format!(
                    "a CMS message of type {}, which SCEP does not use",
                    algorithm::describe(other)
                ),
            ));
        }
    };
    report.was_ber = info.was_ber();
    if info.was_ber() {
        report.deviations.note(
            deviation::BER_ENCODING,
            "sent as BER; strict DER readers refuse it",
        );
    }
    if info.trailing() > 0 {
        let text = format!("{} octets follow the message", info.trailing());
        report.deviations.note(deviation::TRAILING_OCTETS, text);
    }
    Ok(report)
}

fn certs_only(data: &SignedData<'_>) -> Report {
    let kind = if data.certificates.is_empty() && !data.crls.is_empty() {
        Kind::CrlOnly
    } else {
        Kind::CertsOnly
    };
    let mut report = Report::new(kind);
    report.certificates = summaries(&data.certificates);
    if !data.other_certificates.is_empty() {
        report.deviations.note(
            deviation::ILLEGIBLE_CERTIFICATES,
            format!(
                "{} members of certificates are no legible certificate",
                data.other_certificates.len()
            ),
        );
    }
    report
}

/// A message that breaks a rule of SCEP is still worth showing.
fn other_signed_data(
    provider: &dyn CryptoProvider,
    data: &SignedData<'_>,
    error: &Error,
    aids: &Aids,
    limits: &Limits,
    rng: &mut dyn RandomSource,
    nesting: usize,
) -> Report {
    let mut report = Report::new(Kind::PkiMessage);
    report.certificates = summaries(&data.certificates);
    let text = format!("not a pkiMessage: {error}");
    report.deviations.note(deviation::NOT_A_PKI_MESSAGE, text);
    if let Some(signer) = data.signers.first() {
        report.signer = Some(format!("{}", signer.signer));
        report.digest = Some(algorithm::describe(signer.digest_algorithm.algorithm));
    }
    report.content_len = data.content.map(<[u8]>::len);
    if let Some(content) = data.content.filter(|content| content.len() > 1) {
        envelope(provider, content, aids, limits, rng, nesting, &mut report);
    }
    report
}

fn summaries(certificates: &[Certificate]) -> Vec<CertificateSummary> {
    certificates.iter().map(CertificateSummary::of).collect()
}

fn pki_message(
    provider: &dyn CryptoProvider,
    message: SignedMessage,
    aids: &Aids,
    limits: &Limits,
    rng: &mut dyn RandomSource,
    nesting: usize,
) -> Report {
    let mut report = Report::new(Kind::PkiMessage);
    report.certificates = summaries(message.certificates());
    report.signer = Some(format!("{}", message.signer_id()));
    let signer_info = message.signer_info();
    report.digest = Some(signer_info.digest_algorithm.digest().map_or_else(
        |_| algorithm::describe(signer_info.digest_algorithm.algorithm),
        |digest| format!("{digest}"),
    ));
    report.attributes = Some(message.attributes().clone());
    report.content_len = message.content().map(<[u8]>::len);
    if let Some(content) = message.content()
        && content.len() > 1
    {
        envelope(provider, content, aids, limits, rng, nesting, &mut report);
    }
    report.deviations.extend(message.deviations());
    report.signature = match message.verify(provider, &AlgorithmPolicy::LEGACY, &aids.certificates)
    {
        Ok(verified) => {
            report.deviations.extend(verified.message().deviations());
            Some(SignatureVerdict::Valid {
                signer: format!("{}", verified.signer().subject()),
            })
        }
        Err(Error::NotAuthentic {
            check: Check::SignerKnown,
            what,
        }) => Some(SignatureVerdict::NotChecked { why: what }),
        Err(Error::NotAuthentic { what, .. }) => Some(SignatureVerdict::Wrong { why: what }),
        Err(other) => Some(SignatureVerdict::NotChecked {
            why: format!("{other}"),
        }),
    };
    weak_algorithms(&mut report);
    report
}

/// Fills in what an EnvelopedData says; what cannot be read is noted, since the message around it
/// is worth showing anyway.
fn envelope(
    provider: &dyn CryptoProvider,
    input: &[u8],
    aids: &Aids,
    limits: &Limits,
    rng: &mut dyn RandomSource,
    nesting: usize,
    report: &mut Report,
) {
    let enveloped = match EnvelopedData::decode(input, limits) {
        Ok(enveloped) => enveloped,
        Err(error) => {
            report.deviations.note(
                deviation::ENVELOPE_ILLEGIBLE,
                format!("the content: {error}"),
            );
            return;
        }
    };
    if enveloped.trailing > 0 {
        let text = format!("{} octets follow the envelope", enveloped.trailing);
        report
            .deviations
            .note(deviation::TRAILING_OCTETS_IN_CONTENT, text);
    }
    if enveloped.authentication.is_some() {
        report.deviations.note(
            deviation::AUTHENTICATED_ENVELOPE,
            "the content is an AuthEnvelopedData, which RFC 8894 does not know",
        );
    }
    if enveloped.content.content_type != oid::DATA {
        let text = format!(
            "the encrypted content is labelled {}, not data",
            algorithm::describe(enveloped.content.content_type)
        );
        report
            .deviations
            .note(deviation::ENVELOPE_CONTENT_TYPE, text);
    }
    if enveloped.was_ber {
        report
            .deviations
            .note(deviation::BER_ENVELOPE, "the envelope is BER, not DER");
    }
    let content_algorithm = &enveloped.content.algorithm;
    report.cipher = Some(content_algorithm.content_cipher().map_or_else(
        |_| algorithm::describe(content_algorithm.algorithm),
        |(cipher, _)| format!("{cipher}"),
    ));
    report.recipients = enveloped
        .recipients
        .iter()
        .map(|recipient| match recipient {
            Recipient::KeyTrans(info) => RecipientSummary {
                id: format!("{}", info.id),
                algorithm: info.algorithm.key_transport().map_or_else(
                    |_| algorithm::describe(info.algorithm.algorithm),
                    |transport| format!("{transport}"),
                ),
            },
            Recipient::Password(info) => RecipientSummary {
                id: "the challenge password".into(),
                algorithm: info.describe(),
            },
            Recipient::Other(tag) => RecipientSummary {
                id: format!("kind 0x{tag:02x}"),
                algorithm: "unknown".into(),
            },
        })
        .collect();
    let opened = aids
        .keys
        .iter()
        .find_map(|key| enveloped.open_by_trying(provider, key.as_ref(), rng).ok())
        .or_else(|| {
            let by_password = Openers {
                keys: &[],
                passwords: &aids.passwords,
            };
            enveloped.open(provider, by_password, limits, rng).ok()
        });
    if let Some(content) = &opened {
        let inner = message_data(content).map_or_else(
            || inspect_der(provider, content, aids, rng, nesting + 1),
            Ok,
        );
        match inner {
            Ok(inner) => report.content = Some(alloc::boxed::Box::new(inner)),
            Err(error) => {
                report.deviations.note(
                    deviation::CONTENT_ILLEGIBLE,
                    format!("messageData: {error}"),
                );
            }
        }
    } else if !aids.keys.is_empty() || !aids.passwords.is_empty() {
        report.not_opened = Some("none of the keys and passwords given opens the envelope".into());
    }
}

/// messageData that only names something: of a CertPoll, GetCert or GetCRL.
fn message_data(content: &[u8]) -> Option<Report> {
    if let Ok(names) = IssuerAndSubject::from_der(content) {
        let mut report = Report::new(Kind::IssuerAndSubject);
        report.issuer = Some(format!("{}", names.issuer));
        report.subject = Some(format!("{}", names.subject));
        return Some(report);
    }
    let id = IssuerAndSerialNumber::from_der(content).ok()?;
    let mut report = Report::new(Kind::IssuerAndSerialNumber);
    report.issuer = Some(format!("{}", id.issuer));
    report.serial = Some(
        id.serial
            .iter()
            .map(|octet| format!("{octet:02X}"))
            .collect(),
    );
    Some(report)
}

fn weak_algorithms(report: &mut Report) {
    if report.cipher.as_deref() == Some("DES-CBC") {
        report
            .deviations
            .note(deviation::CIPHER_DES, "single DES: broken");
    }
    match report.digest.as_deref() {
        Some("MD5") => report.deviations.note(deviation::DIGEST_MD5, "MD5: broken"),
        Some("SHA-1") => report
            .deviations
            .note(deviation::DIGEST_SHA1, "SHA-1: weak"),
        _ => {}
    }
}

/// Reads private keys out of a PEM or DER file.
///
/// # Errors
/// `Malformed` if there is none.
pub fn private_key_der(input: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    if let Ok(text) = core::str::from_utf8(input)
        && text.contains("-----BEGIN")
    {
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
        let block = pem::blocks(text)?
            .into_iter()
            .find(|block| labels.contains(&block.label.as_str()))
            .ok_or_else(|| {
                Error::malformed(
                    crate::error::Layer::Key,
                    "the PEM text holds no unencrypted PRIVATE KEY block (encrypted keys: convert with \
                     `openssl pkcs8 -nocrypt`)",
                )
            })?;
        return Ok(zeroize::Zeroizing::new(block.der));
    }
    Ok(zeroize::Zeroizing::new(input.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Name;

    #[test]
    fn message_data_that_only_names_something_is_told_by_its_form() {
        let name = |text| Name::from_rfc4514(text).unwrap();
        let poll = IssuerAndSubject {
            issuer: name("CN=CA"),
            subject: name("CN=device"),
        };
        let report = message_data(&poll.to_der()).unwrap();
        assert_eq!(report.kind, Kind::IssuerAndSubject);
        assert_eq!(report.subject.as_deref(), Some("CN=device"));
        let query = IssuerAndSerialNumber {
            issuer: name("CN=CA"),
            serial: alloc::vec![0x0a, 0xff],
        };
        let report = message_data(&query.to_der()).unwrap();
        assert_eq!(report.kind, Kind::IssuerAndSerialNumber);
        assert_eq!(report.serial.as_deref(), Some("0AFF"));
        assert!(message_data(&[0x30, 0x00]).is_none());
    }
}
