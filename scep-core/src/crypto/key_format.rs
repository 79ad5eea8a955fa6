//! What kind of private key a DER file holds, told before a crypto library reads it.

use crate::asn1::{Reader, tag};
use crate::cms::algorithm::AlgorithmIdentifier;
use crate::error::Layer;
use crate::{Error, Result, oid};

use super::PublicKeyAlgorithm;

/// The kind of key in PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 appendix A.1.2) or SEC 1 (RFC 5915) DER.
/// Of an RSA key the size is not told: zero.
///
/// # Errors
/// `Malformed` if it is none of them.
pub(super) fn private_key_algorithm(der: &[u8]) -> Result<PublicKeyAlgorithm> {
    parse(der).map_err(|_| {
        Error::malformed(
            Layer::Key,
            "the private key is neither PKCS#8 nor PKCS#1 nor SEC 1 DER (an encrypted key has to be \
             decrypted first)",
        )
    })
}

fn parse(der: &[u8]) -> Result<PublicKeyAlgorithm> {
    const RSA: PublicKeyAlgorithm = PublicKeyAlgorithm::Rsa { bits: 0 };
    let mut fields = Reader::new(der)
        .expect(tag::SEQUENCE, "private key")?
        .reader();
    fields.expect(tag::INTEGER, "version")?;
    match fields.peek() {
        // PKCS#8: an AlgorithmIdentifier follows
        Some(tag::SEQUENCE) => {
            let identifier = AlgorithmIdentifier::from_tlv(&fields.next("privateKeyAlgorithm")?)?;
            Ok(match identifier.algorithm {
                oid::RSA_ENCRYPTION => RSA,
                oid::ED25519 => PublicKeyAlgorithm::Ed25519,
                oid::EC_PUBLIC_KEY => curve(
                    Reader::new(&identifier.parameters)
                        .expect(tag::OID, "curve")?
                        .oid()?,
                ),
                other => PublicKeyAlgorithm::Other(other),
            })
        }
        // PKCS#1: the modulus follows
        Some(tag::INTEGER) => Ok(RSA),
        // SEC 1: the private key, then the curve
        _ => {
            fields.expect(tag::OCTET_STRING, "privateKey")?;
            let parameters = fields.expect(tag::context_constructed(0), "parameters")?;
            Ok(curve(parameters.reader().expect(tag::OID, "curve")?.oid()?))
        }
    }
}

fn curve(oid: const_oid::ObjectIdentifier) -> PublicKeyAlgorithm {
    match oid {
        oid::P_256 => PublicKeyAlgorithm::EcP256,
        oid::P_384 => PublicKeyAlgorithm::EcP384,
        other => PublicKeyAlgorithm::Other(other),
    }
}
