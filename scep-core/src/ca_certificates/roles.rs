//! Who does what among a CA's certificates (RFC 8894 sections 2.2 and 4.2).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::CaCertificates;
use crate::crypto::PublicKeyAlgorithm;
use crate::x509::{Certificate, KeyUsage};
use crate::{Error, Result, oid};

/// Who does what among a CA's certificates, and why it was chosen so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaRoles {
    /// The CA that will issue.
    pub issuing_ca: Certificate,
    /// Who may sign a CertRep: RAs with digitalSignature, and the issuing CA.
    pub signing: Vec<Certificate>,
    /// Whom to encrypt requests to.
    pub encryption: Certificate,
    /// Whether a certificate whose extended key usage does not say so was taken for an RA's, since no
    /// other would do: any device that has such a certificate of the same CA could pose as the RA.
    pub ra_is_assumed: bool,
    /// The reasons, one sentence each, without final stop; the last is that of the recipient.
    pub why: Vec<String>,
}

impl CaCertificates {
    /// Chooses the issuing CA, who may sign replies, and whom to encrypt to.
    ///
    /// * An RA certificate is one that is no CA certificate and has the extended key usage of an RA
    ///   (Certificate Request Agent, cmcRA). A device's certificate from the same CA must not become
    ///   an RA because somebody put it into the reply. NDES has two RA certificates, told apart by
    ///   keyUsage.
    /// * The issuing CA is the one that issued the RA certificates; without any, the CA that
    ///   issued no other CA in the set. Of several with that name the newest counts.
    /// * Requests are encrypted to an RA with keyEncipherment, the one that lives longest; without
    ///   any RA, to the issuing CA. Where no key is one that can be encrypted to (EC, Ed25519), that
    ///   is the issuing CA too, and requests to it are encrypted with the challenge password (RFC
    ///   8894 section 3.1).
    /// * RFC 8894 asks for no extended key usage, and some RAs have none. A certificate without any,
    ///   or with anyExtendedKeyUsage alone, which says no more, is taken for an RA's only if there is
    ///   no RA that says so and the issuing CA cannot be encrypted to;
    ///   [`ra_is_assumed`](CaRoles::ra_is_assumed) then tells. Nobody signs GetCACert, so where
    ///   devices have such certificates, whoever leaves the RA's out of a reply can put one in their
    ///   place: refuse it there ([`ServerParams::assume_ra`](crate::client::ServerParams)).
    /// * An extended key usage that cannot be read is that of no RA.
    ///
    /// # Errors
    /// `PeerMisbehaved` if there is no CA certificate, or RSA keys only whose certificates do not
    /// allow to encrypt to them.
    pub fn choose(&self) -> Result<CaRoles> {
        let mut why = Vec::new();
        if let [only] = self.0.as_slice() {
            if !only.may_issue() && !only.is_self_issued() {
                return Err(Error::rule(
                    "4.2.1.1",
                    format!(
                        "the server's only certificate, {}, is no CA certificate",
                        only.subject()
                    ),
                ));
            }
            why.push(format!(
                "{} is the only certificate, so it issues, signs and decrypts",
                only.subject()
            ));
            note_password(only, &mut why);
            return Ok(CaRoles {
                issuing_ca: only.clone(),
                signing: self.0.clone(),
                encryption: only.clone(),
                ra_is_assumed: false,
                why,
            });
        }
        let (cas, others): (Vec<&Certificate>, Vec<&Certificate>) =
            self.0.iter().partition(|c| c.is_ca());
        let of_kind = |kind: RaMark| {
            let members = others.iter().copied();
            members.filter(|c| ra_mark(c) == kind).collect::<Vec<_>>()
        };
        why.extend(of_kind(RaMark::Other).iter().map(|c| {
            format!(
                "{} (serial {}) is not for an RA, by its extended key usage",
                c.subject(),
                c.serial_hex()
            )
        }));
        let mut ras = of_kind(RaMark::Ra);
        let unmarked = of_kind(RaMark::None);
        let ra_is_assumed = ras.is_empty()
            && unmarked.iter().any(|c| enciphers(c))
            && !issuing_ca(&cas, &unmarked, &mut Vec::new()).is_ok_and(|ca| enciphers(&ca));
        if ra_is_assumed {
            ras.clone_from(&unmarked);
        }
        why.extend(unmarked.iter().map(|c| {
            let taken = if ra_is_assumed {
                "is taken for an RA certificate, since nothing else can be encrypted to"
            } else {
                "is not taken for an RA certificate"
            };
            format!(
                "{} (serial {}) says by no extended key usage what it is for, and {taken}",
                c.subject(),
                c.serial_hex()
            )
        }));
        let issuing_ca = issuing_ca(&cas, &ras, &mut why)?;
        let mut signing: Vec<Certificate> = ras
            .iter()
            .filter(|c| allows(c, KeyUsage::DIGITAL_SIGNATURE))
            .map(|c| (*c).clone())
            .collect();
        why.extend(signing.iter().map(|c| {
            format!(
                "{} (serial {}) is an RA certificate that may sign replies",
                c.subject(),
                c.serial_hex()
            )
        }));
        // a renewed CA has two certificates, and may sign with either key
        signing.extend(
            cas.iter()
                .filter(|c| c.subject().matches(issuing_ca.subject()))
                .map(|c| (*c).clone()),
        );
        let encryption = encryption(&issuing_ca, &ras, &mut why)?;
        Ok(CaRoles {
            issuing_ca,
            signing,
            encryption,
            ra_is_assumed,
            why,
        })
    }
}

/// Whether keyUsage, if there is one, allows this.
fn allows(certificate: &Certificate, wanted: KeyUsage) -> bool {
    certificate
        .key_usage()
        .is_none_or(|usage| usage.contains(wanted))
}

/// Whether its key is one that can be encrypted to at all, whatever it is meant for.
fn can_encrypt(certificate: &Certificate) -> bool {
    certificate
        .public_key_algorithm()
        .is_ok_and(PublicKeyAlgorithm::can_encrypt)
}

/// Whether one may encrypt to it.
fn enciphers(certificate: &Certificate) -> bool {
    can_encrypt(certificate) && allows(certificate, KeyUsage::KEY_ENCIPHERMENT)
}

/// Says so where requests have to be encrypted with the challenge password.
fn note_password(recipient: &Certificate, why: &mut Vec<String>) {
    if let Ok(algorithm) = recipient.public_key_algorithm()
        && !algorithm.can_encrypt()
    {
        why.push(format!(
            "nothing can be encrypted to the key of {} ({algorithm}), so requests are encrypted with the \
             challenge password",
            recipient.subject()
        ));
    }
}

/// Whom requests are encrypted to.
fn encryption(
    issuing_ca: &Certificate,
    ras: &[&Certificate],
    why: &mut Vec<String>,
) -> Result<Certificate> {
    let ra = ras
        .iter()
        .copied()
        .filter(|c| enciphers(c))
        .max_by_key(|c| c.not_after());
    if let Some(ra) = ra {
        why.push(format!(
            "{} (serial {}) is an RA certificate with keyEncipherment, so requests are encrypted to it",
            ra.subject(),
            ra.serial_hex()
        ));
        return Ok(ra.clone());
    }
    if !can_encrypt(issuing_ca) && !ras.iter().any(|c| can_encrypt(c)) {
        note_password(issuing_ca, why);
    } else if ras.is_empty() {
        why.push(format!(
            "there is no RA certificate, so requests are encrypted to {}",
            issuing_ca.subject()
        ));
    } else if enciphers(issuing_ca) {
        why.push(format!(
            "no RA certificate has keyEncipherment, but {} has, so requests are encrypted to it",
            issuing_ca.subject()
        ));
    } else {
        return Err(Error::rule(
            "4.2.1.2",
            "none of the server's certificates has keyEncipherment, so nothing can be encrypted to it",
        ));
    }
    Ok(issuing_ca.clone())
}

/// What a certificate says by its extended key usage of being an RA's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RaMark {
    /// That it is.
    Ra,
    /// Nothing: there is none, or it is for anything.
    None,
    /// That it is for something else, or it cannot be read.
    Other,
}

fn ra_mark(certificate: &Certificate) -> RaMark {
    let of_ra = [oid::MS_CERTIFICATE_REQUEST_AGENT, oid::CMC_RA];
    let purposes = certificate.extended_key_usages();
    if certificate.extension(oid::EXTENDED_KEY_USAGE).is_none() {
        RaMark::None
    } else if purposes.iter().any(|purpose| of_ra.contains(purpose)) {
        RaMark::Ra
    } else if purposes.contains(&oid::ANY_EXTENDED_KEY_USAGE) {
        RaMark::None
    } else {
        RaMark::Other
    }
}

/// Whether `issuer` is named as the issuer, by name and, where both have them, by key identifier.
fn names_issuer(certificate: &Certificate, issuer: &Certificate) -> bool {
    let by_key = match (
        certificate.authority_key_identifier(),
        issuer.subject_key_identifier(),
    ) {
        (Some(authority), Some(subject)) => authority == subject,
        _ => true,
    };
    by_key && certificate.issuer().matches(issuer.subject())
}

fn issuing_ca(
    cas: &[&Certificate],
    ras: &[&Certificate],
    why: &mut Vec<String>,
) -> Result<Certificate> {
    let of_ras = cas
        .iter()
        .filter(|ca| ras.iter().any(|ra| names_issuer(ra, ca)));
    if let Some(issuer) = of_ras.max_by_key(|ca| ca.not_before()) {
        why.push(format!(
            "{} issued the RA certificates, so it is the issuing CA",
            issuer.subject()
        ));
        return Ok((*issuer).clone());
    }
    let lowest = cas.iter().filter(|ca| {
        !cas.iter()
            .any(|other| !other.subject().matches(ca.subject()) && names_issuer(other, ca))
    });
    match lowest
        .max_by_key(|ca| ca.not_before())
        .or_else(|| cas.first())
    {
        Some(ca) => {
            why.push(format!(
                "{} issued no other CA in the reply, so it is the issuing CA",
                ca.subject()
            ));
            Ok((*ca).clone())
        }
        None => Err(Error::rule(
            "4.2.1.2",
            "the server's reply holds no CA certificate",
        )),
    }
}
