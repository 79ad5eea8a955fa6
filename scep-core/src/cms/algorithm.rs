//! AlgorithmIdentifiers (RFC 5280 section 4.1.1.2), as peers write them.

use alloc::format;
use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use crate::asn1::{Reader, Tlv, tag, write};
use crate::crypto::{ContentCipher, DigestAlgorithm, KeyTransport, SignatureAlgorithm};
use crate::error::Layer;
use crate::oid;
use crate::{Error, Result};

/// An AlgorithmIdentifier taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier {
    /// algorithm.
    pub algorithm: ObjectIdentifier,
    /// The encoded parameters; empty if absent.
    pub parameters: Vec<u8>,
}

impl AlgorithmIdentifier {
    /// Reads the content of a SEQUENCE (or of an implicitly tagged one).
    ///
    /// # Errors
    /// `Malformed` if it is none.
    pub fn from_tlv(tlv: &Tlv<'_>) -> Result<Self> {
        let mut fields = tlv.reader();
        let algorithm = fields
            .expect(tag::OID, "algorithm of an AlgorithmIdentifier")?
            .oid()?;
        Ok(Self {
            algorithm,
            parameters: fields.rest().to_vec(),
        })
    }

    /// The digest, if it names one that is known.
    ///
    /// # Errors
    /// `Unsupported` if not.
    pub fn digest(&self) -> Result<DigestAlgorithm> {
        DigestAlgorithm::from_oid(self.algorithm).ok_or_else(|| {
            Error::unsupported(format!("digest algorithm {}", self.algorithm), "SCEP")
        })
    }

    /// The content cipher and its IV.
    ///
    /// # Errors
    /// `Unsupported` for another cipher, `Malformed` if the IV is missing or of wrong length.
    pub fn content_cipher(&self) -> Result<(ContentCipher, Vec<u8>)> {
        let cipher = ContentCipher::from_oid(self.algorithm).ok_or_else(|| {
            Error::unsupported(
                format!("content encryption algorithm {}", self.algorithm),
                "SCEP",
            )
        })?;
        let iv = Reader::new(&self.parameters)
            .expect(tag::OCTET_STRING, "IV of the content encryption algorithm")
            .map_err(|e| e.in_layer(Layer::Cms))?;
        if iv.value.len() != cipher.block_len() {
            return Err(Error::malformed(
                Layer::Cms,
                format!("the IV of {cipher} has {} octets", iv.value.len()),
            ));
        }
        Ok((cipher, iv.value.to_vec()))
    }

    /// The key transport.
    ///
    /// # Errors
    /// `Unsupported` for another algorithm, `Malformed` if its parameters are broken.
    pub fn key_transport(&self) -> Result<KeyTransport> {
        match self.algorithm {
            oid::RSA_ENCRYPTION => Ok(KeyTransport::RsaPkcs1v15),
            oid::RSAES_OAEP => oaep(&self.parameters).map_err(|e| e.in_layer(Layer::Cms)),
            other => Err(Error::unsupported(
                format!("key transport algorithm {other}"),
                "SCEP",
            )),
        }
    }
}

/// RSAES-OAEP-params (RFC 8017 appendix A.2.1); absent or empty means SHA-1 twice.
fn oaep(parameters: &[u8]) -> Result<KeyTransport> {
    let (mut digest, mut mgf_digest) = (DigestAlgorithm::Sha1, DigestAlgorithm::Sha1);
    if parameters.is_empty() || parameters == write::NULL {
        return Ok(KeyTransport::OAEP_DEFAULT);
    }
    let mut fields = Reader::new(parameters)
        .expect(tag::SEQUENCE, "RSAES-OAEP-params")?
        .reader();
    if let Some(hash) = fields.optional(tag::context_constructed(0), "hashAlgorithm")? {
        let identifier = hash.reader().expect(tag::SEQUENCE, "hashAlgorithm")?;
        digest = AlgorithmIdentifier::from_tlv(&identifier)?.digest()?;
    }
    if let Some(mgf) = fields.optional(tag::context_constructed(1), "maskGenAlgorithm")? {
        let identifier = AlgorithmIdentifier::from_tlv(
            &mgf.reader().expect(tag::SEQUENCE, "maskGenAlgorithm")?,
        )?;
        if identifier.algorithm != oid::MGF1 {
            return Err(Error::unsupported(
                format!("mask generation {}", identifier.algorithm),
                "SCEP",
            ));
        }
        let inner = Reader::new(&identifier.parameters).expect(tag::SEQUENCE, "hash of MGF1")?;
        mgf_digest = AlgorithmIdentifier::from_tlv(&inner)?.digest()?;
    }
    if let Some(source) = fields.optional(tag::context_constructed(2), "pSourceAlgorithm")? {
        let identifier = AlgorithmIdentifier::from_tlv(
            &source.reader().expect(tag::SEQUENCE, "pSourceAlgorithm")?,
        )?;
        if identifier.parameters != [tag::OCTET_STRING, 0] {
            return Err(Error::unsupported("OAEP with a label", "SCEP"));
        }
    }
    Ok(KeyTransport::RsaOaep { digest, mgf_digest })
}

/// AlgorithmIdentifier of a key transport.
pub(crate) fn key_transport_identifier(transport: KeyTransport) -> Vec<u8> {
    match transport {
        KeyTransport::RsaPkcs1v15 => write::algorithm(oid::RSA_ENCRYPTION, write::NULL),
        KeyTransport::OAEP_DEFAULT => write::algorithm(oid::RSAES_OAEP, &write::sequence(&[])),
        KeyTransport::RsaOaep { digest, mgf_digest } => {
            let hash = write::tlv(tag::context_constructed(0), &digest_identifier(digest));
            let mgf1 = write::algorithm(oid::MGF1, &digest_identifier(mgf_digest));
            let mgf = write::tlv(tag::context_constructed(1), &mgf1);
            write::algorithm(oid::RSAES_OAEP, &write::sequence(&[&hash, &mgf]))
        }
    }
}

/// AlgorithmIdentifier of a digest, with NULL parameters.
pub(crate) fn digest_identifier(digest: DigestAlgorithm) -> Vec<u8> {
    write::algorithm(digest.oid(), write::NULL)
}

/// The scheme of a signatureAlgorithm. `rsaEncryption`, which most SCEP senders write, takes its
/// digest from the SignerInfo.
pub(crate) fn signature_algorithm(
    algorithm: ObjectIdentifier,
    _parameters: &[u8],
    digest: Option<DigestAlgorithm>,
) -> Result<SignatureAlgorithm> {
    if let Some(named) = DigestAlgorithm::from_rsa_signature_oid(algorithm) {
        return Ok(SignatureAlgorithm::RsaPkcs1v15(named));
    }
    match (algorithm, digest) {
        (oid::RSA_ENCRYPTION, Some(digest)) => Ok(SignatureAlgorithm::RsaPkcs1v15(digest)),
        _ => Err(Error::unsupported(
            format!("signature algorithm {}", describe(algorithm)),
            "SCEP",
        )),
    }
}

/// An OID with its name, where it has one.
pub(crate) fn describe(oid: ObjectIdentifier) -> alloc::string::String {
    match oid::name(oid) {
        Some(name) => format!("{oid} ({})", name.to_ascii_lowercase().replace('_', "-")),
        None => format!("{oid}"),
    }
}
