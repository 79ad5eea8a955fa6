//! GetCACert (RFC 8894 section 4.2): the CA's certificates, and who does what among them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cms::{certs_only, certs_only_certificates};
use crate::crypto::CryptoProvider;
use crate::limits::Limits;
use crate::x509::{Certificate, KeyUsage};
use crate::{Error, Result, asn1};

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
        let first_inner_tag = asn1::transcode(body, &limits).ok().and_then(|transcoded| {
            let mut outer = asn1::Reader::new(&transcoded.der);
            outer
                .expect(asn1::tag::SEQUENCE, "GetCACert reply")
                .ok()?
                .reader()
                .peek()
        });
        match first_inner_tag {
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

    /// Those that chain to one of `anchors` by signatures within this set.
    ///
    /// # Errors
    /// `NotAuthentic` if no anchor is in the set or signed a member of it.
    pub fn anchored(&self, provider: &dyn CryptoProvider, anchors: &[Certificate]) -> Result<Self> {
        let mut trusted: Vec<Certificate> = self
            .0
            .iter()
            .filter(|c| anchors.contains(c))
            .cloned()
            .collect();
        let mut issuers: Vec<Certificate> = anchors.to_vec();
        loop {
            let next = self.0.iter().find(|candidate| {
                !trusted.contains(candidate)
                    && issuers.iter().any(|issuer| {
                        candidate.issuer().matches(issuer.subject())
                            && candidate.verify_issued_by(provider, issuer).is_ok()
                    })
            });
            let Some(next) = next else { break };
            if next.is_ca() {
                issuers.push(next.clone());
            }
            trusted.push(next.clone());
        }
        if trusted.is_empty() {
            return Err(Error::not_authentic(
                "none of the server's certificates is, or was issued by, the CA that you trust",
            ));
        }
        Ok(Self(
            self.0
                .iter()
                .filter(|c| trusted.contains(c))
                .cloned()
                .collect(),
        ))
    }

    /// Chooses the issuing CA, who may sign replies, and whom to encrypt to.
    ///
    /// * An RA certificate is one that is no CA certificate. NDES has two, told apart by keyUsage.
    /// * The issuing CA is the one that issued the RA certificates; without any, the CA that
    ///   issued no other CA in the set.
    /// * Requests are encrypted to an RA with keyEncipherment, the one that lives longest; without
    ///   any RA, to the issuing CA.
    ///
    /// # Errors
    /// `PeerMisbehaved` if there is no CA certificate, or only RA certificates that cannot be
    /// encrypted to.
    pub fn choose(&self) -> Result<CaRoles> {
        let mut why = Vec::new();
        if let [only] = self.0.as_slice() {
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
        let (cas, ras): (Vec<&Certificate>, Vec<&Certificate>) =
            self.0.iter().partition(|c| c.is_ca());
        let issuing_ca = self.issuing_ca(&cas, &ras, &mut why)?;
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
        signing.push(issuing_ca.clone());
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

    fn issuing_ca(
        &self,
        cas: &[&Certificate],
        ras: &[&Certificate],
        why: &mut Vec<String>,
    ) -> Result<Certificate> {
        if let Some(issuer) = ras.iter().find_map(|ra| {
            cas.iter()
                .find(|ca| ra.issuer().matches(ca.subject()))
                .map(|ca| (*ca).clone())
        }) {
            why.push(format!(
                "{} issued the RA certificates, so it is the issuing CA",
                issuer.subject()
            ));
            return Ok(issuer);
        }
        let lowest = cas.iter().find(|ca| {
            !cas.iter()
                .any(|other| other != *ca && other.issuer().matches(ca.subject()))
        });
        match lowest.or_else(|| cas.first()) {
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
}
