//! Making SignedData with one signer (RFC 5652 section 5), in one step or in two.

use alloc::vec::Vec;

use super::algorithm;
use super::content_info::content_info;
use super::signer_info::Attribute;
use crate::Result;
use crate::asn1::{Parts, tag, write};
use crate::crypto::{
    CryptoProvider, DigestAlgorithm, PrivateKey, RandomSource, SignatureAlgorithm,
};
use crate::oid;
use crate::x509::{Certificate, scheme_for};

/// How signatureAlgorithm is written for RSA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureOid {
    /// `rsaEncryption`: what most clients expect.
    #[default]
    RsaEncryption,
    /// `sha256WithRSAEncryption` and its siblings.
    WithDigest,
}

/// The parts of a SignedData with one signer, of content type data.
#[derive(Clone, Debug)]
pub struct SignedDataBuilder {
    /// eContent; `None`: absent.
    pub content: Option<Vec<u8>>,
    /// Signed attributes beyond contentType and messageDigest.
    pub attributes: Vec<Attribute>,
    /// Whose key signs.
    pub signer: Certificate,
    /// Certificates to send along.
    pub certificates: Vec<Certificate>,
    /// The digest to sign with an RSA key; others have their own ([`SignatureAlgorithm::for_key`]).
    pub digest: DigestAlgorithm,
    /// The scheme to sign with, where it shall not follow from the key and the digest.
    pub scheme: Option<SignatureAlgorithm>,
    /// How signatureAlgorithm is written.
    pub signature_oid: SignatureOid,
}

impl SignedDataBuilder {
    /// Signs and encodes the ContentInfo.
    ///
    /// # Errors
    /// If the provider or the key lacks an algorithm.
    pub fn sign(
        self,
        provider: &dyn CryptoProvider,
        key: &dyn PrivateKey,
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let unsigned = self.to_be_signed(provider)?;
        let signature = key.sign(unsigned.algorithm(), unsigned.octets(), rng)?;
        Ok(unsigned.with_signature(&signature))
    }

    /// The first of two steps for a key that is held elsewhere: what has to be signed.
    ///
    /// # Errors
    /// If the provider lacks the digest, or the signer's key does not sign.
    pub fn to_be_signed(self, provider: &dyn CryptoProvider) -> Result<ToBeSigned> {
        let scheme = match self.scheme {
            Some(scheme) => scheme,
            None => scheme_for(self.signer.spki_der(), self.digest)?,
        };
        let content = self.content.as_deref().unwrap_or_default();
        let digest = provider.digest(scheme.digest(), content)?;
        let mut encoded = alloc::vec![
            Attribute::new(oid::CONTENT_TYPE, write::oid(oid::DATA)).to_der(),
            Attribute::new(oid::MESSAGE_DIGEST, write::octet_string(&digest)).to_der(),
        ];
        encoded.extend(self.attributes.iter().map(Attribute::to_der));
        let signature_algorithm = match (scheme, self.signature_oid) {
            (SignatureAlgorithm::RsaPkcs1v15(_), SignatureOid::RsaEncryption) => {
                write::algorithm(oid::RSA_ENCRYPTION, write::NULL)
            }
            _ => algorithm::signature_identifier(scheme)?,
        };
        Ok(ToBeSigned {
            attributes: write::set_of(tag::SET, encoded),
            content: self.content,
            certificates: self.certificates,
            signer: self.signer.issuer_and_serial().to_der(),
            scheme,
            signature_algorithm,
        })
    }
}

/// A SignedData that lacks only its signature.
#[derive(Clone, Debug)]
pub struct ToBeSigned {
    attributes: Vec<u8>,
    content: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
    signer: Vec<u8>,
    scheme: SignatureAlgorithm,
    signature_algorithm: Vec<u8>,
}

impl ToBeSigned {
    /// The octets to sign.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.attributes
    }

    /// How to sign them.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.scheme
    }

    /// The second step: the encoded ContentInfo.
    #[must_use]
    pub fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        let digest = algorithm::message_digest_identifier(self.scheme);
        // signedAttrs are sent under [0] IMPLICIT, and signed as the SET OF they are
        let mut attributes = self.attributes.clone();
        if let Some(first) = attributes.first_mut() {
            *first = tag::context_constructed(0);
        }
        let signer_info = write::sequence(&[
            &write::integer(1),
            &self.signer,
            &digest,
            &attributes,
            &self.signature_algorithm,
            &write::octet_string(signature),
        ]);
        let content = match &self.content {
            Some(octets) => Parts::new()
                .then(octets)
                .within(tag::OCTET_STRING)
                .within(tag::context_constructed(0)),
            None => Parts::new(),
        };
        let certificates = match self.certificates.as_slice() {
            [] => Parts::new(),
            list => list
                .iter()
                .fold(Parts::new(), |set, c| set.then(c.as_der()))
                .within(tag::context_constructed(0)),
        };
        let signed_data = content
            .after(write::oid(oid::DATA))
            .within(tag::SEQUENCE)
            .after(write::tlv(tag::SET, &digest))
            .after(write::integer(1))
            .then_all(certificates)
            .then(write::tlv(tag::SET, &signer_info))
            .within(tag::SEQUENCE);
        content_info(oid::SIGNED_DATA, signed_data).encode()
    }
}
