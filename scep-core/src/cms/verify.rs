//! Checking the signature of a SignerInfo (RFC 5652 section 5.6).

use alloc::format;
use alloc::vec::Vec;

use super::algorithm;
use super::signer_info::{SignerInfo, only_value};
use crate::asn1::{Reader, tag};
use crate::crypto::{CryptoProvider, DigestAlgorithm, SignatureAlgorithm};
use crate::deviation::{self, Deviations};
use crate::error::Check;
use crate::policy::AlgorithmPolicy;
use crate::x509::Certificate;
use crate::{Error, Result, oid};

/// What the check of a signature found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// The digest that was signed.
    pub(crate) digest: DigestAlgorithm,
    /// Whether the attributes were signed in another order than they were sent in.
    pub(crate) sorted: bool,
}

impl SignerInfo {
    /// Finds the signer's certificate by what this SignerInfo says.
    pub(crate) fn find_signer<'c>(
        &self,
        candidates: impl IntoIterator<Item = &'c Certificate>,
    ) -> Result<&'c Certificate> {
        candidates
            .into_iter()
            .find(|certificate| self.signer.names(certificate))
            .ok_or_else(|| {
                Error::not_authentic(
                    Check::SignerKnown,
                    format!(
                        "the signer's certificate ({}) is neither in the message nor known",
                        self.signer
                    ),
                )
            })
    }

    /// Checks messageDigest over the content, then the signature over the attributes, as received
    /// and, if they were not in order, as DER sorts them.
    pub(crate) fn verify(
        &self,
        provider: &dyn CryptoProvider,
        policy: &AlgorithmPolicy,
        content: &[u8],
        signer: &Certificate,
    ) -> Result<Verified> {
        let digest = self.digest_algorithm.digest()?;
        policy.accept_digest(digest)?;
        let scheme = self.signature_algorithm.signature(Some(digest))?;
        policy.accept_signature(scheme)?;
        policy.accept_key(signer.spki_der())?;
        // One digest for content and attributes (RFC 5652 section 5.4): a signer of two, of which one is
        // weak, must not pass for one of the other. Ed25519 has its own inside, whatever the content's.
        if scheme != SignatureAlgorithm::Ed25519 && scheme.digest() != digest {
            return Err(Error::rule(
                "3.2",
                format!("the digestAlgorithm is {digest}, but the signature is {scheme}"),
            ));
        }
        self.check_digest(provider, digest, content)?;
        let wrong = || {
            Error::not_authentic(
                Check::Signature,
                format!(
                    "the signature is wrong: {} did not sign these attributes",
                    signer.subject()
                ),
            )
        };
        let verify = |octets: Option<Vec<u8>>| {
            let octets = octets.ok_or_else(wrong)?;
            provider.verify(signer.spki_der(), scheme, &octets, &self.signature)
        };
        match verify(self.signed_octets_as_received()) {
            Ok(()) => Ok(Verified {
                digest,
                sorted: false,
            }),
            Err(Error::NotAuthentic { .. }) if !self.attributes_are_sorted() => {
                verify(self.signed_octets_sorted()).map_err(|_| wrong())?;
                Ok(Verified {
                    digest,
                    sorted: true,
                })
            }
            Err(Error::NotAuthentic { .. }) => Err(wrong()),
            Err(other) => Err(other),
        }
    }

    /// contentType must be id-data where it is present; a few old servers leave it out.
    pub(crate) fn check_content_type(&self, deviations: &mut Deviations) -> Result<()> {
        let Some(value) = only_value(&self.attributes, oid::CONTENT_TYPE, "contentType")? else {
            deviations.note(
                deviation::CONTENT_TYPE_ABSENT,
                "the contentType attribute is missing",
            );
            return Ok(());
        };
        let content_type = Reader::new(value)
            .expect(tag::OID, "contentType attribute")?
            .oid()?;
        if content_type == oid::DATA {
            return Ok(());
        }
        Err(Error::rule(
            "3.2",
            format!(
                "the contentType attribute is {}, not data",
                algorithm::describe(content_type)
            ),
        ))
    }

    /// Compares the messageDigest attribute with the digest of the content.
    fn check_digest(
        &self,
        provider: &dyn CryptoProvider,
        digest: DigestAlgorithm,
        content: &[u8],
    ) -> Result<()> {
        let stated = only_value(&self.attributes, oid::MESSAGE_DIGEST, "messageDigest")?
            .ok_or_else(|| Error::rule("3.2.1", "the message has no messageDigest attribute"))?;
        let stated = Reader::new(stated)
            .expect(tag::OCTET_STRING, "messageDigest")?
            .value;
        if stated == provider.digest(digest, content)? {
            Ok(())
        } else {
            Err(Error::not_authentic(
                Check::MessageDigest,
                "the messageDigest attribute does not fit the content: the content was changed",
            ))
        }
    }
}
