//! Makes certificates (RFC 5280 section 4.1).

use alloc::vec::Vec;

use super::{Certificate, Extension, Name, ToBeSigned};
use crate::asn1::{tag, write};
use crate::crypto::{DigestAlgorithm, PrivateKey, RandomSource};
use crate::{Result, UnixTime};

/// The fields of a version 3 certificate that is to be signed.
#[derive(Clone, Debug)]
pub struct CertificateBuilder {
    /// Magnitude of the serial number, big-endian.
    pub serial: Vec<u8>,
    /// issuer.
    pub issuer: Name,
    /// subject.
    pub subject: Name,
    /// Start of the validity.
    pub not_before: UnixTime,
    /// End of the validity.
    pub not_after: UnixTime,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// Extensions, in order.
    pub extensions: Vec<Extension>,
}

impl CertificateBuilder {
    /// Signs with the issuer's key.
    ///
    /// # Errors
    /// If the key cannot sign so.
    pub fn sign(
        &self,
        issuer_key: &dyn PrivateKey,
        digest: DigestAlgorithm,
        rng: &mut dyn RandomSource,
    ) -> Result<Certificate> {
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
    ) -> Result<ToBeSigned<Certificate>> {
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            write::tlv(
                tag::context_constructed(3),
                &Extension::list_to_der(&self.extensions),
            )
        };
        let tbs = |identifier: &[u8]| {
            write::sequence(&[
                &write::tlv(tag::context_constructed(0), &write::integer(2)),
                &write::unsigned_integer(&self.serial),
                identifier,
                self.issuer.as_der(),
                &write::sequence(&[&write::time(self.not_before), &write::time(self.not_after)]),
                self.subject.as_der(),
                &self.spki,
                &extensions,
            ])
        };
        ToBeSigned::new(issuer_spki, digest, tbs, Certificate::from_der)
    }
}
