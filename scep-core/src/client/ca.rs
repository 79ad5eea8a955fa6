//! The CA that a transaction trusts, and whose certificates it takes.

use alloc::format;
use alloc::vec::Vec;

use super::session::Session;
use super::{CaTrust, ServerParams};
use crate::ca_certificates::{CaCertificates, CaRoles};
use crate::crypto::CryptoProvider;
use crate::deviation::{self, Deviations};
use crate::error::Check;
use crate::x509::Certificate;
use crate::{Error, Result, UnixTime};

/// The CA, by the trusted ones among the certificates of GetCACert.
#[derive(Clone, Debug)]
pub(super) struct Ca {
    pub(super) roles: CaRoles,
    /// The trusted certificates of GetCACert.
    pub(super) certificates: Vec<Certificate>,
    /// Those of the next CA, if it is the one to issue.
    pub(super) next: Vec<Certificate>,
}

impl CaTrust {
    /// Those of the certificates that are trusted by themselves.
    pub(super) fn anchors(
        &self,
        provider: &dyn CryptoProvider,
        all: &CaCertificates,
    ) -> Result<Vec<Certificate>> {
        match self {
            Self::Certificate(certificate) => Ok(alloc::vec![(**certificate).clone()]),
            Self::Sha256(pin) => {
                let mut anchors = Vec::new();
                for certificate in all.as_slice() {
                    if certificate.sha256(provider)? == *pin {
                        anchors.push(certificate.clone());
                    }
                }
                Ok(anchors)
            }
            Self::FirstSeen => Ok(all.as_slice().to_vec()),
        }
    }
}

impl Ca {
    /// Judges a reply to GetCACert. Of what lies between the anchor and the certificates that are
    /// chosen, everything is valid now, or it would not vouch for them.
    pub(super) fn from_response(
        body: &[u8],
        server: &ServerParams,
        provider: &dyn CryptoProvider,
        deviations: &mut Deviations,
        now: UnixTime,
    ) -> Result<Self> {
        let all = CaCertificates::from_response(body)?;
        let anchors = server.trust.anchors(provider, &all)?;
        let trusted = all.anchored(provider, &server.policy, &anchors, now)?;
        if trusted.as_slice().len() < all.as_slice().len() {
            deviations.note(
                deviation::UNRELATED_CERTIFICATES,
                format!(
                    "{} certificates of the reply do not belong to the trusted CA",
                    all.as_slice().len() - trusted.as_slice().len()
                ),
            );
        }
        let ca = Self::new(current(trusted.as_slice(), now), server)?;
        check_dates(&ca.roles, now)?;
        Ok(ca)
    }

    /// The CA of certificates that are trusted already.
    pub(super) fn new(certificates: Vec<Certificate>, server: &ServerParams) -> Result<Self> {
        let roles = choose(&certificates, server)?;
        Ok(Self {
            roles,
            certificates,
            next: Vec::new(),
        })
    }

    /// The same CA where the next one is to issue (section 5.1): by the recipient of a request the
    /// server knows which is meant. Nothing says who signs the reply, so both may.
    pub(super) fn with_next(
        mut self,
        next: Vec<Certificate>,
        server: &ServerParams,
    ) -> Result<Self> {
        if next.is_empty() {
            return Ok(self);
        }
        let roles = choose(&next, server)?;
        self.roles.why.push(format!(
            "{} is the next CA, and is to issue the certificate",
            roles.issuing_ca.subject()
        ));
        self.roles.why.extend(roles.why);
        self.roles.signing.extend(roles.signing);
        self.roles.issuing_ca = roles.issuing_ca;
        self.roles.encryption = roles.encryption;
        self.roles.ra_is_assumed |= roles.ra_is_assumed;
        self.next = next;
        Ok(self)
    }

    /// All certificates that are trusted.
    pub(super) fn trusted(&self) -> Vec<Certificate> {
        self.certificates
            .iter()
            .chain(&self.next)
            .cloned()
            .collect()
    }

    /// Who may have issued what a reply holds: the trusted CAs, and those that chain to them among
    /// the certificates of the reply.
    pub(super) fn issuers(
        &self,
        session: &Session,
        others: &[Certificate],
        now: UnixTime,
    ) -> Vec<Certificate> {
        // only CAs are anchors: what an RA (or a device) signed is no certificate of this CA
        let mut anchors = self.trusted();
        anchors.retain(|c| c.may_issue() || *c == self.roles.issuing_ca);
        let set = CaCertificates::new(anchors.iter().chain(others).cloned().collect());
        let (provider, policy) = (session.provider(), &session.server().policy);
        // a self-issued CA certificate of old form cannot anchor a chain, but may have signed directly
        match set.anchored(provider, policy, &anchors, now) {
            Ok(chained) => chained
                .as_slice()
                .iter()
                .filter(|c| c.may_issue())
                .cloned()
                .collect(),
            Err(_) => anchors,
        }
    }

    /// A certificate must come from the CA that is trusted, by way of the certificates of the reply.
    pub(super) fn check_issued(
        &self,
        session: &Session,
        certificate: &Certificate,
        others: &[Certificate],
        now: UnixTime,
    ) -> Result<()> {
        let issuers = self.issuers(session, others, now);
        let signed = issuers
            .iter()
            .any(|ca| certificate.is_issued_by(session.provider(), ca));
        if let Some(scheme) = certificate.signature_scheme() {
            session.server().policy.accept_signature(scheme)?;
        }
        if signed {
            return Ok(());
        }
        Err(Error::not_authentic(
            Check::Issuer,
            format!(
                "the issued certificate was not signed by the CA that is trusted: its issuer is {}",
                certificate.issuer()
            ),
        ))
    }
}

/// Who does what, if it need not be assumed where that is not wanted.
fn choose(certificates: &[Certificate], server: &ServerParams) -> Result<CaRoles> {
    let roles = CaCertificates::new(certificates.to_vec()).choose()?;
    if roles.ra_is_assumed && !server.assume_ra {
        return Err(Error::not_authentic(
            Check::Recipient,
            format!(
                "{} has no extended key usage that says it is an RA, and no other certificate can be \
                 encrypted to",
                roles.encryption.subject()
            ),
        ));
    }
    Ok(roles)
}

/// The certificates without those of a CA that are not valid now, where another of its name is: a CA
/// that is being renewed shows both. Of an RA both count, since its two certificates share a name.
fn current(certificates: &[Certificate], now: UnixTime) -> Vec<Certificate> {
    let replaced = |c: &Certificate| {
        let renewed = |other: &Certificate| {
            other.is_ca() && other.is_valid_at(now) && other.subject().matches(c.subject())
        };
        c.is_ca() && !c.is_valid_at(now) && certificates.iter().any(renewed)
    };
    certificates
        .iter()
        .filter(|c| !replaced(c))
        .cloned()
        .collect()
}

/// Nothing is encrypted to a certificate that is not valid, nor asked of a CA whose own is not
/// (section 2.2). The choice itself knows no dates: another one would be silently in its place.
fn check_dates(roles: &CaRoles, now: UnixTime) -> Result<()> {
    for (certificate, role) in [
        (&roles.issuing_ca, "the issuing CA's certificate"),
        (
            &roles.encryption,
            "the certificate that requests are encrypted to",
        ),
    ] {
        if certificate.is_valid_at(now) {
            continue;
        }
        let what = if now < certificate.not_before() {
            "is not valid yet"
        } else {
            "has expired"
        };
        return Err(Error::not_authentic(
            Check::Issuer,
            format!(
                "{role}, {} (serial {}), {what}: it is valid from {} to {}, and it is {now} here",
                certificate.subject(),
                certificate.serial_hex(),
                certificate.not_before(),
                certificate.not_after(),
            ),
        ));
    }
    Ok(())
}
