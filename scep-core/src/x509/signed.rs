//! The frame that certificates, requests and CRLs share: `SEQUENCE { tbs, algorithm, BIT STRING }`.

use alloc::format;
use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use crate::asn1::{Reader, tag, write};
use crate::cms::algorithm;
use crate::crypto::{
    CryptoProvider, DigestAlgorithm, PrivateKey, PublicKeyAlgorithm, RandomSource,
    SignatureAlgorithm,
};
use crate::error::{Check, Layer};
use crate::{Error, Result};

/// The parts of a signed value, as views.
pub(super) struct Signed<'a> {
    pub(super) tbs: &'a [u8],
    pub(super) tbs_offset: usize,
    pub(super) algorithm: ObjectIdentifier,
    /// The scheme, if it is one that is known.
    pub(super) scheme: Result<SignatureAlgorithm>,
    pub(super) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(super) fn from_der(der: &'a [u8], what: &str) -> Result<Self> {
        let mut outer = Reader::new(der);
        let frame = outer
            .expect(tag::SEQUENCE, what)
            .map_err(|e| e.in_layer(Layer::X509))?;
        outer.finish(what).map_err(|e| e.in_layer(Layer::X509))?;
        Self::fields(frame.reader(), what).map_err(|e| e.in_layer(Layer::X509))
    }

    fn fields(mut fields: Reader<'a>, what: &str) -> Result<Self> {
        let tbs = fields.expect(tag::SEQUENCE, &format!("to-be-signed part of the {what}"))?;
        let mut identifier = fields.expect(tag::SEQUENCE, "signatureAlgorithm")?.reader();
        let algorithm = identifier.expect(tag::OID, "signatureAlgorithm")?.oid()?;
        let parameters = identifier.rest();
        let bits = fields.expect(tag::BIT_STRING, "signature")?;
        fields.finish(what)?;
        let [0, signature @ ..] = bits.value else {
            return Err(Error::malformed_at(
                Layer::X509,
                "the signature has unused bits",
                bits.offset,
            ));
        };
        Ok(Self {
            tbs: tbs.raw,
            tbs_offset: tbs.offset,
            algorithm,
            scheme: algorithm::signature_algorithm(algorithm, parameters, None),
            signature,
        })
    }

    /// Verifies the signature over the received octets.
    pub(super) fn verify(
        &self,
        provider: &dyn CryptoProvider,
        spki: &[u8],
        what: &str,
    ) -> Result<()> {
        provider
            .verify(spki, self.scheme.clone()?, self.tbs, self.signature)
            .map_err(|e| match e {
                Error::NotAuthentic { .. } => Error::not_authentic(
                    Check::Signature,
                    format!("the signature of the {what} is wrong"),
                ),
                other => other,
            })
    }
}

/// The scheme that this crate signs with, for a key (SubjectPublicKeyInfo, DER) and a digest.
pub(crate) fn scheme_for(spki: &[u8], digest: DigestAlgorithm) -> Result<SignatureAlgorithm> {
    let key = PublicKeyAlgorithm::of_spki(spki)?;
    SignatureAlgorithm::for_key(key, digest)
        .ok_or_else(|| Error::unsupported(format!("signing with a key of type {key}"), "SCEP"))
}

/// A certificate, request or CRL that lacks only its signature: for a key that is held elsewhere.
#[derive(Clone)]
pub struct ToBeSigned<T> {
    tbs: Vec<u8>,
    scheme: SignatureAlgorithm,
    identifier: Vec<u8>,
    read: fn(&[u8]) -> Result<T>,
}

impl<T> ToBeSigned<T> {
    /// `tbs` is made with the AlgorithmIdentifier of the scheme, which some of these contain.
    pub(super) fn new(
        spki: &[u8],
        digest: DigestAlgorithm,
        tbs: impl FnOnce(&[u8]) -> Vec<u8>,
        read: fn(&[u8]) -> Result<T>,
    ) -> Result<Self> {
        let scheme = scheme_for(spki, digest)?;
        let identifier = algorithm::signature_identifier(scheme)?;
        Ok(Self {
            tbs: tbs(&identifier),
            scheme,
            identifier,
            read,
        })
    }

    /// The octets to sign.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.tbs
    }

    /// How to sign them.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.scheme
    }

    /// The whole, with its signature.
    ///
    /// # Errors
    /// `Malformed` if what was built cannot be read back.
    pub fn with_signature(&self, signature: &[u8]) -> Result<T> {
        (self.read)(&write::sequence(&[
            &self.tbs,
            &self.identifier,
            &write::bit_string(signature),
        ]))
    }

    /// Both steps, with a key in reach.
    pub(super) fn sign(&self, key: &dyn PrivateKey, rng: &mut dyn RandomSource) -> Result<T> {
        self.with_signature(&key.sign(self.scheme, &self.tbs, rng)?)
    }
}

impl<T> core::fmt::Debug for ToBeSigned<T> {
    /// Leaves the octets out: those of a request hold the challenge password.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ToBeSigned")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
