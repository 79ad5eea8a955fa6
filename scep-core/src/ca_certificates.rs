//! GetCACert (RFC 8894 section 4.2): the CA's certificates, and who does what among them.

mod roles;

use alloc::format;
use alloc::vec::Vec;

use crate::cms::{certs_only, certs_only_certificates};
use crate::crypto::CryptoProvider;
use crate::error::Check;
use crate::limits::Limits;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;
use crate::{Error, Result, UnixTime, asn1};

pub use roles::CaRoles;

/// The certificates of a GetCACert reply, in the order received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaCertificates(Vec<Certificate>);

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
                    && candidate.is_signed_acceptably(policy)
                    && issuers
                        .iter()
                        .any(|issuer| candidate.is_issued_by(provider, issuer))
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
}
