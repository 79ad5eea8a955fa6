//! Certificate revocation lists (RFC 5280 section 5.1), as received.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::signed::Signed;
use super::{Certificate, Extension, Name, pem};
use crate::asn1::{Reader, decode_time, tag};
use crate::crypto::{CryptoProvider, SignatureAlgorithm};
use crate::error::Layer;
use crate::oid;
use crate::{Error, Result, UnixTime};

/// A CRL: the received octets, and what they say.
#[derive(Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    issuer: Name,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    signature_scheme: Option<SignatureAlgorithm>,
    revoked: Vec<RevokedCertificate>,
    extensions: Vec<Extension>,
}

/// One entry of a CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Content octets of the serial number, as received.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub revoked_at: UnixTime,
}

impl Crl {
    /// Reads a DER CRL, or a PEM one, as some distribution points serve it.
    ///
    /// # Errors
    /// `Malformed` with the octet where it breaks.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        if der.starts_with(b"-----BEGIN")
            && let Ok(text) = core::str::from_utf8(der)
            && let Some(block) = pem::blocks(text)?
                .into_iter()
                .find(|b| b.label == "X509 CRL")
        {
            return Self::parse(&block.der);
        }
        Self::parse(der)
    }

    fn parse(der: &[u8]) -> Result<Self> {
        let signed = Signed::from_der(der, "CRL")?;
        let fields = Reader::new_at(signed.tbs, signed.tbs_offset)
            .expect(tag::SEQUENCE, "tbsCertList")?
            .reader();
        let read = |mut fields: Reader<'_>| -> Result<Self> {
            fields.optional(tag::INTEGER, "version")?;
            fields.expect(tag::SEQUENCE, "signature")?;
            let issuer = fields.expect(tag::SEQUENCE, "issuer")?;
            let this_update = decode_time(&fields.next("thisUpdate")?)?;
            let next_update = match fields.peek() {
                Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => {
                    Some(decode_time(&fields.next("nextUpdate")?)?)
                }
                _ => None,
            };
            let revoked = match fields.optional(tag::SEQUENCE, "revokedCertificates")? {
                Some(list) => list.reader().list(usize::MAX, "", |entries| {
                    let mut entry = entries
                        .expect(tag::SEQUENCE, "revoked certificate")?
                        .reader();
                    let serial = entry
                        .expect(tag::INTEGER, "userCertificate")?
                        .value
                        .to_vec();
                    let revoked_at = decode_time(&entry.next("revocationDate")?)?;
                    Ok(RevokedCertificate { serial, revoked_at })
                })?,
                None => Vec::new(),
            };
            let extensions = match fields.optional(tag::context_constructed(0), "crlExtensions")? {
                Some(explicit) => Extension::list_from_tlv(
                    &explicit.reader().expect(tag::SEQUENCE, "crlExtensions")?,
                )?,
                None => Vec::new(),
            };
            Ok(Self {
                der: der.to_vec(),
                issuer: Name::from_der(issuer.raw)?,
                this_update,
                next_update,
                signature_scheme: signed.scheme.clone().ok(),
                revoked,
                extensions,
            })
        };
        read(fields).map_err(|e| e.in_layer(Layer::X509))
    }

    /// The received octets.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// issuer.
    #[must_use]
    pub const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// thisUpdate.
    #[must_use]
    pub const fn this_update(&self) -> UnixTime {
        self.this_update
    }

    /// nextUpdate.
    #[must_use]
    pub const fn next_update(&self) -> Option<UnixTime> {
        self.next_update
    }

    /// The scheme that the issuer signed with, if it is one that is known.
    #[must_use]
    pub const fn signature_scheme(&self) -> Option<SignatureAlgorithm> {
        self.signature_scheme
    }

    /// Whether the CRL's time is over.
    #[must_use]
    pub fn is_expired_at(&self, now: UnixTime) -> bool {
        self.next_update.is_some_and(|next| next < now)
    }

    /// The entries, in order.
    #[must_use]
    pub fn revoked(&self) -> &[RevokedCertificate] {
        &self.revoked
    }

    /// Whether a serial number (content octets of the INTEGER) is listed.
    #[must_use]
    pub fn is_revoked(&self, serial: &[u8]) -> bool {
        self.revoked.iter().any(|entry| entry.serial == serial)
    }

    /// cRLNumber, content octets.
    #[must_use]
    pub fn number(&self) -> Option<Vec<u8>> {
        let extension = self.extensions.iter().find(|e| e.oid == oid::CRL_NUMBER)?;
        Reader::new(&extension.value)
            .expect(tag::INTEGER, "cRLNumber")
            .ok()
            .map(|n| n.value.to_vec())
    }

    /// URIs of the delta CRLs that this CRL names (freshestCRL).
    #[must_use]
    pub fn freshest_crls(&self) -> Vec<String> {
        let extension = self.extensions.iter().find(|e| e.oid == oid::FRESHEST_CRL);
        extension
            .and_then(|e| Extension::distribution_point_uris(&e.value).ok())
            .unwrap_or_default()
    }

    /// Checks that `issuer` signed this CRL (names and signature).
    ///
    /// # Errors
    /// `NotAuthentic` if not.
    pub fn verify_issued_by(
        &self,
        provider: &dyn CryptoProvider,
        issuer: &Certificate,
    ) -> Result<()> {
        if !self.issuer.matches(issuer.subject()) {
            return Err(Error::not_authentic(
                crate::error::Check::Issuer,
                alloc::format!(
                    "the CRL is issued by {}, not by {}",
                    self.issuer,
                    issuer.subject()
                ),
            ));
        }
        Signed::from_der(&self.der, "CRL")?.verify(provider, issuer.spki_der(), "CRL")
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {} entries)", self.issuer, self.revoked.len())
    }
}
