//! What kind of private key a DER file holds, told before a crypto library reads it.

use crate::asn1::{Reader, tag};
use crate::cms::algorithm::AlgorithmIdentifier;
use crate::error::Layer;
use crate::{Error, Result, oid};

use super::PublicKeyAlgorithm;
use super::key_type::bit_len;

/// The kind of key in PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 appendix A.1.2) or SEC 1 (RFC 5915) DER.
/// An RSA key whose modulus cannot be read has zero bits.
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
    let mut fields = Reader::new(der)
        .expect(tag::SEQUENCE, "private key")?
        .reader();
    fields.expect(tag::INTEGER, "version")?;
    match fields.peek() {
        // PKCS#8: an AlgorithmIdentifier follows
        Some(tag::SEQUENCE) => {
            let identifier = AlgorithmIdentifier::from_tlv(&fields.next("privateKeyAlgorithm")?)?;
            Ok(match identifier.algorithm {
                oid::RSA_ENCRYPTION => rsa(fields.expect(tag::OCTET_STRING, "privateKey")?.value),
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
        Some(tag::INTEGER) => Ok(rsa(der)),
        // SEC 1: the private key, then the curve
        _ => {
            fields.expect(tag::OCTET_STRING, "privateKey")?;
            let parameters = fields.expect(tag::context_constructed(0), "parameters")?;
            Ok(curve(parameters.reader().expect(tag::OID, "curve")?.oid()?))
        }
    }
}

/// An RSAPrivateKey, as large as its modulus.
fn rsa(der: &[u8]) -> PublicKeyAlgorithm {
    let modulus = || -> Result<&[u8]> {
        let mut fields = Reader::new(der)
            .expect(tag::SEQUENCE, "RSAPrivateKey")?
            .reader();
        fields.expect(tag::INTEGER, "version")?;
        Ok(fields.expect(tag::INTEGER, "modulus")?.value)
    };
    let bits = modulus().map_or(0, bit_len);
    PublicKeyAlgorithm::Rsa { bits }
}

fn curve(oid: const_oid::ObjectIdentifier) -> PublicKeyAlgorithm {
    match oid {
        oid::P_256 => PublicKeyAlgorithm::EcP256,
        oid::P_384 => PublicKeyAlgorithm::EcP384,
        other => PublicKeyAlgorithm::Other(other),
    }
}
