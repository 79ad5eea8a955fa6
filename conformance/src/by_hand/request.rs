//! PKCS #10 (RFC 2986) in parts.

use scep_core::asn1::{tag, write};
use scep_core::cms::algorithm;
use scep_core::crypto::{DigestAlgorithm, PrivateKey, RandomSource, SignatureAlgorithm};
use scep_core::oid;
use scep_core::x509::Name;

/// A certification request before it is signed.
#[derive(Clone, Debug)]
pub struct RequestParts {
    /// version.
    pub version: u32,
    /// subject.
    pub subject: Name,
    /// subjectPKInfo, encoded.
    pub spki: Vec<u8>,
    /// Each attribute, encoded; `None`: the field is absent.
    pub attributes: Option<Vec<Vec<u8>>>,
}

impl RequestParts {
    /// A challengePassword attribute with these encoded values.
    #[must_use]
    pub fn challenge(values: &[Vec<u8>]) -> Vec<u8> {
        write::sequence(&[
            &write::oid(oid::CHALLENGE_PASSWORD),
            &write::tlv(tag::SET, &values.concat()),
        ])
    }

    /// Signs with an RSA key and SHA-256, and encodes.
    ///
    /// # Errors
    /// If the key cannot.
    pub fn sign(
        &self,
        key: &dyn PrivateKey,
        rng: &mut dyn RandomSource,
    ) -> scep_core::Result<Vec<u8>> {
        let attributes = self.attributes.as_ref().map_or_else(Vec::new, |list| {
            write::tlv(tag::context_constructed(0), &list.concat())
        });
        let info = write::sequence(&[
            &write::integer(self.version),
            self.subject.as_der(),
            &self.spki,
            &attributes,
        ]);
        let scheme = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
        let signature = key.sign(scheme, &info, rng)?;
        Ok(write::sequence(&[
            &info,
            &algorithm::signature_identifier(scheme)?,
            &write::bit_string(&signature),
        ]))
    }
}
