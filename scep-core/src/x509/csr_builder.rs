//! Makes certification requests (PKCS #10, RFC 2986).

use alloc::vec::Vec;

use super::{CertificationRequest, Extension, Name, ToBeSigned};
use crate::Result;
use crate::asn1::{tag, write};
use crate::crypto::{DigestAlgorithm, PrivateKey, RandomSource};
use crate::message::ChallengePassword;
use crate::oid;

/// What a certification request asks for.
#[derive(Clone)]
pub struct CertificationRequestBuilder {
    /// subject.
    pub subject: Name,
    /// challengePassword, if any.
    pub challenge: Option<ChallengePassword>,
    /// Extensions to ask for.
    pub extensions: Vec<Extension>,
}

impl CertificationRequestBuilder {
    /// Signs with the key that is to be certified.
    ///
    /// # Errors
    /// If the key cannot sign so.
    pub fn sign(
        &self,
        key: &dyn PrivateKey,
        digest: DigestAlgorithm,
        rng: &mut dyn RandomSource,
    ) -> Result<CertificationRequest> {
        self.to_be_signed(key.spki_der(), digest)?.sign(key, rng)
    }

    /// The first of two steps for a key that is held elsewhere: what has to be signed. `spki` is the
    /// key that is to be certified (SubjectPublicKeyInfo, DER).
    ///
    /// # Errors
    /// `Unsupported` for a key that does not sign, `Malformed` if `spki` is no key.
    pub fn to_be_signed(
        &self,
        spki: &[u8],
        digest: DigestAlgorithm,
    ) -> Result<ToBeSigned<CertificationRequest>> {
        let mut attributes = Vec::new();
        if let Some(challenge) = &self.challenge {
            attributes.push(write::sequence(&[
                &write::oid(oid::CHALLENGE_PASSWORD),
                &write::tlv(tag::SET, &challenge.to_der()),
            ]));
        }
        if !self.extensions.is_empty() {
            attributes.push(write::sequence(&[
                &write::oid(oid::EXTENSION_REQUEST),
                &write::tlv(tag::SET, &Extension::list_to_der(&self.extensions)),
            ]));
        }
        let info = write::sequence(&[
            &write::integer(0),
            self.subject.as_der(),
            spki,
            &write::set_of(tag::context_constructed(0), attributes),
        ]);
        ToBeSigned::new(spki, digest, |_| info, CertificationRequest::from_der)
    }
}

impl core::fmt::Debug for CertificationRequestBuilder {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CertificationRequestBuilder")
            .field("subject", &self.subject)
            .field("has_challenge", &self.challenge.is_some())
            .field("extensions", &self.extensions)
            .finish()
    }
}
