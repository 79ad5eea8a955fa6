//! Makes CRLs (RFC 5280 section 5.1).

use alloc::vec::Vec;

use super::{Crl, Extension, Name, ToBeSigned};
use crate::asn1::{tag, write};
use crate::crypto::{DigestAlgorithm, PrivateKey, RandomSource};
use crate::oid;
use crate::{Result, UnixTime};

/// The fields of a version 2 CRL that is to be signed.
#[derive(Clone, Debug)]
pub struct CrlBuilder {
    /// issuer.
    pub issuer: Name,
    /// thisUpdate.
    pub this_update: UnixTime,
    /// nextUpdate.
    pub next_update: UnixTime,
    /// cRLNumber.
    pub number: u32,
    /// Revoked serial numbers (magnitudes) with their dates.
    pub revoked: Vec<(Vec<u8>, UnixTime)>,
    /// keyIdentifier for authorityKeyIdentifier, if wanted.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// Further crlExtensions, such as freshestCRL or deltaCRLIndicator.
    pub extensions: Vec<Extension>,
}

impl CrlBuilder {
    /// Signs with the issuer's key.
    ///
    /// # Errors
    /// If the key cannot sign so.
    pub fn sign(
        &self,
        issuer_key: &dyn PrivateKey,
        digest: DigestAlgorithm,
        rng: &mut dyn RandomSource,
    ) -> Result<Crl> {
        self.to_be_signed(issuer_key.spki_der(), digest)?
            .sign(issuer_key, rng)
    }

    /// The first of two steps for a key that is held elsewhere: what has to be signed. `issuer_spki`
    /// is the issuer's key (SubjectPublicKeyInfo, DER).
    ///
    /// # Errors
    /// `Unsupported` for a key that does not sign, `Malformed` if `issuer_spki` is no key.
    pub fn to_be_signed(
        &self,
        issuer_spki: &[u8],
        digest: DigestAlgorithm,
    ) -> Result<ToBeSigned<Crl>> {
        let entries: Vec<Vec<u8>> = self
            .revoked
            .iter()
            .map(|(serial, at)| {
                write::sequence(&[&write::unsigned_integer(serial), &write::time(*at)])
            })
            .collect();
        let parts: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        let revoked = if parts.is_empty() {
            Vec::new()
        } else {
            write::sequence(&parts)
        };
        let mut extensions = Vec::new();
        if let Some(id) = &self.authority_key_identifier {
            extensions.push(Extension::authority_key_identifier(id));
        }
        extensions.push(Extension {
            oid: oid::CRL_NUMBER,
            critical: false,
            value: write::integer(self.number),
        });
        extensions.extend(self.extensions.iter().cloned());
        let tbs = |identifier: &[u8]| {
            write::sequence(&[
                &write::integer(1),
                identifier,
                self.issuer.as_der(),
                &write::time(self.this_update),
                &write::time(self.next_update),
                &revoked,
                &write::tlv(
                    tag::context_constructed(0),
                    &Extension::list_to_der(&extensions),
                ),
            ])
        };
        ToBeSigned::new(issuer_spki, digest, tbs, Crl::from_der)
    }
}
