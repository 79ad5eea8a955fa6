//! GetNextCACert (RFC 8894 section 4.7): the certificates that a CA will go on with.
//!
//! ```text
//! ContentInfo SignedData, signed by the current CA
//!   eContentType data, eContent = ContentInfo SignedData, degenerate: the next certificates
//!   certificates = the current CA
//! ```

mod reading;

use alloc::format;
use alloc::vec::Vec;

use crate::ca_certificates::CaCertificates;
use crate::cms::{ContentInfo, SignatureOid, SignedData, SignedDataBuilder, certs_only};
use crate::crypto::{CryptoProvider, DigestAlgorithm, PrivateKey, RandomSource};
use crate::deviation::{self, Deviations};
use crate::error::Layer;
use crate::limits::Limits;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;
use crate::{Error, Result, UnixTime};

use reading::{beside_the_content, in_the_content, signed_by, signer_info};

const SECTION: &str = "4.7.1";

/// The certificates that a CA will go on with, as the CA itself said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextCaCertificates {
    next_ca: Certificate,
    certificates: Vec<Certificate>,
    deviations: Deviations,
}

/// Where a moment lies, seen from the validity of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// Before it: the certificate is not valid yet.
    NotYet,
    /// Within it.
    Now,
    /// After it: the certificate has expired.
    Over,
}

impl NextCaCertificates {
    /// Encodes and signs a reply: `next` are the certificates to come, `current` is the CA that still
    /// issues, with its key.
    ///
    /// # Errors
    /// If the provider or the key lacks an algorithm.
    pub fn encode(
        next: &[Certificate],
        current: (&Certificate, &dyn PrivateKey),
        digest: DigestAlgorithm,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let (certificate, key) = current;
        SignedDataBuilder {
            content: Some(certs_only(next)),
            attributes: Vec::new(),
            signer: certificate.clone(),
            certificates: alloc::vec![certificate.clone()],
            digest,
            scheme: None,
            signature_oid: SignatureOid::default(),
        }
        .sign(provider, key, rng)
    }

    /// Reads a reply and checks that the CA signed it, before anything in it is believed. `current`
    /// are the trusted certificates of GetCACert.
    ///
    /// Some servers put the certificates beside the signed content instead of into it, where the
    /// signature does not cover them: anybody can exchange them. They are taken only if they are
    /// signed by the current CA themselves, and bear its name (RFC 4210 section 4.4 calls such a
    /// certificate *new with old*).
    ///
    /// # Errors
    /// `Malformed` if it is no such reply, `NotAuthentic` if it is not signed by the current CA,
    /// `PeerMisbehaved` if it names no next CA, `ForbiddenByPolicy` for an algorithm that `policy`
    /// refuses.
    pub fn from_response(
        body: &[u8],
        current: &CaCertificates,
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        limits: &Limits,
    ) -> Result<Self> {
        let mut deviations = Deviations::default();
        let info = ContentInfo::decode(body, limits)?;
        if info.trailing() > 0 {
            return Err(Error::malformed_at(
                Layer::Cms,
                format!("{} octets follow the message", info.trailing()),
                body.len() - info.trailing(),
            ));
        }
        if info.was_ber() {
            deviations.note(deviation::BER_ENCODING, "sent as BER");
        }
        let data = SignedData::from_content_info(&info, "the next CA certificates", limits)?;
        let signer_info = signer_info(&data, &mut deviations)?;
        let issuing_ca = current.choose()?.issuing_ca;
        let signer = signed_by(signer_info, &data, current, &issuing_ca)?;
        let content = data.content.unwrap_or_default();
        signer_info.verify(provider, policy, content, signer)?;
        let found = if content.is_empty() {
            beside_the_content(&data, signer, provider, policy, &mut deviations)?
        } else {
            in_the_content(content, limits, &mut deviations)?
        };
        Self::without_current(found, current, &issuing_ca, deviations)
    }

    fn without_current(
        mut certificates: Vec<Certificate>,
        current: &CaCertificates,
        issuing_ca: &Certificate,
        mut deviations: Deviations,
    ) -> Result<Self> {
        if certificates.contains(issuing_ca) {
            deviations.note(
                deviation::CURRENT_CA_AMONG_NEXT,
                "the current CA certificate is among the next ones",
            );
        }
        certificates.retain(|c| !current.as_slice().contains(c));
        if certificates.is_empty() {
            return Err(Error::rule(
                SECTION,
                "the reply holds the current CA certificate, and no next one",
            ));
        }
        let next_ca = CaCertificates::new(certificates.clone())
            .choose()?
            .issuing_ca;
        if !next_ca.may_issue() {
            return Err(Error::rule(
                SECTION,
                format!("{} is no CA certificate", next_ca.subject()),
            ));
        }
        Ok(Self {
            next_ca,
            certificates,
            deviations,
        })
    }

    /// The CA that will issue.
    #[must_use]
    pub const fn next_ca(&self) -> &Certificate {
        &self.next_ca
    }

    /// All next certificates, in the order received; those that are in use already are left out.
    #[must_use]
    pub fn as_slice(&self) -> &[Certificate] {
        &self.certificates
    }

    /// What was unusual about the reply.
    #[must_use]
    pub const fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// Whether the next CA's certificate is valid at the time `now`.
    #[must_use]
    pub fn validity_at(&self, now: UnixTime) -> Validity {
        if now < self.next_ca.not_before() {
            Validity::NotYet
        } else if self.next_ca.is_valid_at(now) {
            Validity::Now
        } else {
            Validity::Over
        }
    }
}
