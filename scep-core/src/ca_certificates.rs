//! GetCACert (RFC 8894 section 4.2): the CA's certificates, and who does what among them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cms::{certs_only, certs_only_certificates};
use crate::crypto::CryptoProvider;
use crate::error::Check;
use crate::limits::Limits;
use crate::policy::AlgorithmPolicy;
use crate::x509::{Certificate, KeyUsage};
use crate::{Error, Result, UnixTime, asn1, oid};

/// The certificates of a GetCACert reply, in the order received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaCertificates(Vec<Certificate>);

/// Who does what among a CA's certificates, and why it was chosen so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaRoles {
    /// The CA that will issue.
    pub issuing_ca: Certificate,
    /// Who may sign a CertRep: RAs with digitalSignature, and the issuing CA.
    pub signing: Vec<Certificate>,
    /// Whom to encrypt requests to.
    pub encryption: Certificate,
    /// The reasons, one sentence each, without final stop.
    pub why: Vec<String>,
}

impl CaCertificates {
    /// Reads a reply: one certificate, or a degenerate SignedData. Which of both is told by the
    /// octets, because servers mislabel them.
    ///
    /// # Errors
    /// `Malformed` if it is neither.
    pub fn from_response(body: &[u8]) -> Result<Self> {
        let limits = Limits::DEFAULT;
        match asn1::first_inner_tag(body) {
            Some(asn1::tag::SEQUENCE) => {
                let transcoded = asn1::transcode(body, &limits)?;
                if transcoded.used < body.len() {
                    return Err(Error::malformed_at(
                        crate::error::Layer::X509,
                        format!(
                            "{} octets follow the certificate",
                            body.len() - transcoded.used
                        ),
                        transcoded.used,
                    ));
                }
                Ok(Self(alloc::vec![Certificate::from_der(&transcoded.der)?]))
            }
            _ => Ok(Self(certs_only_certificates(body, &limits)?)),
        }
    }

    /// Certificates from elsewhere.
    #[must_use]
    pub const fn new(certificates: Vec<Certificate>) -> Self {
        Self(certificates)
    }

    /// All of them, in the order received.
    #[must_use]
    pub fn as_slice(&self) -> &[Certificate] {
        &self.0
    }

    /// The degenerate SignedData that a server with more than one certificate answers.
    #[must_use]
    pub fn to_bundle(&self) -> Vec<u8> {
        certs_only(&self.0)
    }

    /// Those that chain to one of `anchors` at the time `now`, and the anchors themselves.
    ///
    /// A link counts if the issuer may issue (a CA certificate with keyCertSign, within its validity),
    /// the names fit, the algorithm is acceptable to `policy` and the signature is right.
    ///
    /// # Errors
    /// `NotAuthentic` if no anchor may issue, or none is in the set or signed a member of it.
    pub fn anchored(
        &self,
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        anchors: &[Certificate],
        now: UnixTime,
    ) -> Result<Self> {
        let may_issue = |c: &&Certificate| c.may_issue() && c.is_valid_at(now);
        let mut issuers: Vec<Certificate> = anchors.iter().filter(may_issue).cloned().collect();
        if issuers.is_empty() {
            return Err(Error::not_authentic(
                Check::Issuer,
                match anchors.first() {
                    None => "none of the server's certificates is the CA that you trust".into(),
                    Some(anchor) => format!(
                        "{} cannot be trusted as a CA: it is no CA certificate, or not valid now (it is valid \
                     from {} to {})",
                        anchor.subject(),
                        anchor.not_before(),
                        anchor.not_after()
                    ),
                },
            ));
        }
        let mut trusted: Vec<Certificate> = anchors.to_vec();
        let mut reached = self.0.iter().any(|c| anchors.contains(c));
        loop {
            let next = self.0.iter().find(|candidate| {
                !trusted.contains(candidate)
                    && candidate
                        .signature_scheme()
                        .is_some_and(|scheme| policy.accept_signature(scheme).is_ok())
                    && issuers.iter().any(|issuer| {
                        candidate.issuer().matches(issuer.subject())
                            && candidate.verify_issued_by(provider, issuer).is_ok()
                    })
            });
            let Some(next) = next else { break };
            if may_issue(&next) {
                issuers.push(next.clone());
            }
            trusted.push(next.clone());
            reached = true;
        }
        if !reached {
            return Err(Error::not_authentic(
                Check::Issuer,
                "none of the server's certificates is, or was issued by, the CA that you trust",
            ));
        }
        let mut members: Vec<Certificate> = self
            .0
            .iter()
            .filter(|c| trusted.contains(c))
            .cloned()
            .collect();
        members.extend(anchors.iter().filter(|a| !self.0.contains(a)).cloned());
        Ok(Self(members))
    }

    /// Chooses the issuing CA, who may sign replies, and whom to encrypt to.
    ///
    /// * An RA certificate is one that is no CA certificate and, if it has extended key usages, has
    ///   one of an RA (Certificate Request Agent, cmcRA, any). A device's certificate from the same
    ///   CA must not become an RA because somebody put it into the reply. NDES has two RA
    ///   certificates, told apart by keyUsage.
    /// * The issuing CA is the one that issued the RA certificates; without any, the CA that
    ///   issued no other CA in the set. Of several with that name the newest counts.
    /// * Requests are encrypted to an RA with keyEncipherment, the one that lives longest; without
    ///   any RA, to the issuing CA.
    ///
    /// # Errors
    /// `PeerMisbehaved` if there is no CA certificate, or only RA certificates that cannot be
    /// encrypted to.
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
            return Ok(CaRoles {
                issuing_ca: only.clone(),
                signing: self.0.clone(),
                encryption: only.clone(),
                why,
            });
        }
        let (cas, others): (Vec<&Certificate>, Vec<&Certificate>) =
            self.0.iter().partition(|c| c.is_ca());
        let (ras, strangers): (Vec<&Certificate>, Vec<&Certificate>) =
            others.into_iter().partition(|c| may_be_ra(c));
        why.extend(strangers.iter().map(|c| {
            format!(
                "{} (serial {}) is not for an RA, by its extended key usage",
                c.subject(),
                c.serial_hex()
            )
        }));
        let issuing_ca = issuing_ca(&cas, &ras, &mut why)?;
        let usage =
            |c: &Certificate, wanted| c.key_usage().is_none_or(|usage| usage.contains(wanted));
        let mut signing: Vec<Certificate> = ras
            .iter()
            .filter(|c| usage(c, KeyUsage::DIGITAL_SIGNATURE))
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
        let ra = ras
            .iter()
            .filter(|c| usage(c, KeyUsage::KEY_ENCIPHERMENT))
            .max_by_key(|c| c.not_after());
        let encryption = match ra {
            Some(ra) => {
                why.push(format!(
                    "{} (serial {}) is an RA certificate with keyEncipherment, so requests are encrypted to it",
                    ra.subject(),
                    ra.serial_hex()
                ));
                (*ra).clone()
            }
            None if ras.is_empty() => {
                why.push(format!(
                    "there is no RA certificate, so requests are encrypted to {}",
                    issuing_ca.subject()
                ));
                issuing_ca.clone()
            }
            None if usage(&issuing_ca, KeyUsage::KEY_ENCIPHERMENT) => {
                why.push(format!(
                    "no RA certificate has keyEncipherment, but {} has, so requests are encrypted to it",
                    issuing_ca.subject()
                ));
                issuing_ca.clone()
            }
            None => {
                return Err(Error::rule(
                    "4.2.1.2",
                    "none of the server's certificates has keyEncipherment, so nothing can be encrypted to it",
                ));
            }
        };
        Ok(CaRoles {
            issuing_ca,
            signing,
            encryption,
            why,
        })
    }
}

/// Whether the extended key usages, if there are any, allow an RA.
fn may_be_ra(certificate: &Certificate) -> bool {
    let purposes = certificate.extended_key_usages();
    let of_ra = [
        oid::MS_CERTIFICATE_REQUEST_AGENT,
        oid::CMC_RA,
        oid::ANY_EXTENDED_KEY_USAGE,
    ];
    purposes.is_empty() || purposes.iter().any(|purpose| of_ra.contains(purpose))
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
