//! The frame that certificates, requests and CRLs share: `SEQUENCE { tbs, algorithm, BIT STRING }`.

use alloc::format;
use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use crate::asn1::{Reader, tag, write};
use crate::cms::algorithm;
use crate::crypto::{
    CryptoProvider, DigestAlgorithm, PrivateKey, RandomSource, SignatureAlgorithm,
};
use crate::error::Layer;
use crate::{Error, Result};

/// The parts of a signed value, as views.
pub(super) struct Signed<'a> {
    pub(super) tbs: &'a [u8],
    pub(super) tbs_offset: usize,
    pub(super) algorithm: ObjectIdentifier,
    pub(super) parameters: &'a [u8],
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
            parameters,
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
        let scheme = algorithm::signature_algorithm(self.algorithm, self.parameters, None)?;
        provider
            .verify(spki, scheme, self.tbs, self.signature)
            .map_err(|e| match e {
                Error::NotAuthentic { .. } => {
                    Error::not_authentic(format!("the signature of the {what} is wrong"))
                }
                other => other,
            })
    }
}

/// AlgorithmIdentifier of an RSA signature with this digest.
pub(super) fn signature_identifier(digest: DigestAlgorithm) -> Vec<u8> {
    write::algorithm(digest.rsa_signature_oid(), write::NULL)
}

/// Signs a to-be-signed part and frames it.
pub(super) fn sign(
    tbs: &[u8],
    key: &dyn PrivateKey,
    digest: DigestAlgorithm,
    rng: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    let signature = key.sign(SignatureAlgorithm::RsaPkcs1v15(digest), tbs, rng)?;
    Ok(write::sequence(&[
        tbs,
        &signature_identifier(digest),
        &write::bit_string(&signature),
    ]))
}
