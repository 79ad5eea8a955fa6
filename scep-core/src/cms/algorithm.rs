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

    /// The content cipher and its IV (nonce, in GCM).
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
        let iv = if cipher.is_authenticated() {
            // GCMParameters (RFC 5084 section 3.2); the length of the tag shows by itself
            Reader::new(&self.parameters)
                .expect(tag::SEQUENCE, "GCMParameters")
                .and_then(|p| p.reader().expect(tag::OCTET_STRING, "aes-nonce"))
        } else {
            Reader::new(&self.parameters)
                .expect(tag::OCTET_STRING, "IV of the content encryption algorithm")
        }
        .map_err(|e| e.in_layer(Layer::Cms))?;
        if iv.value.len() != cipher.iv_len() {
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
                format!("key transport algorithm {}", describe(other)),
                "SCEP",
            )),
        }
    }

    /// The signature scheme. `rsaEncryption`, which most SCEP senders write, takes its digest from
    /// the SignerInfo, where there is one.
    ///
    /// # Errors
    /// `Unsupported` for another algorithm, `Malformed` if its parameters are broken.
    pub fn signature(&self, digest: Option<DigestAlgorithm>) -> Result<SignatureAlgorithm> {
        signature_algorithm(self.algorithm, &self.parameters, digest)
    }
}

/// The scheme of a signatureAlgorithm.
pub(crate) fn signature_algorithm(
    algorithm: ObjectIdentifier,
    parameters: &[u8],
    digest: Option<DigestAlgorithm>,
) -> Result<SignatureAlgorithm> {
    if let Some(named) = DigestAlgorithm::from_rsa_signature_oid(algorithm) {
        return Ok(SignatureAlgorithm::RsaPkcs1v15(named));
    }
    if let Some(named) = DigestAlgorithm::from_ecdsa_oid(algorithm) {
        return Ok(SignatureAlgorithm::Ecdsa(named));
    }
    match (algorithm, digest) {
        (oid::RSASSA_PSS, _) => pss(parameters).map_err(|e| e.in_layer(Layer::Cms)),
        (oid::ED25519, _) => Ok(SignatureAlgorithm::Ed25519),
        (oid::RSA_ENCRYPTION, Some(digest)) => Ok(SignatureAlgorithm::RsaPkcs1v15(digest)),
        (oid::EC_PUBLIC_KEY, Some(digest)) => Ok(SignatureAlgorithm::Ecdsa(digest)),
        _ => Err(Error::unsupported(
            format!("signature algorithm {}", describe(algorithm)),
            "SCEP",
        )),
    }
}

/// The explicitly tagged fields that OAEP and PSS parameters share: `[0]` hash, `[1]` MGF1 with its
/// hash; both SHA-1 by default.
fn hashes(fields: &mut Reader<'_>) -> Result<(DigestAlgorithm, DigestAlgorithm)> {
    let (mut digest, mut mgf_digest) = (DigestAlgorithm::Sha1, DigestAlgorithm::Sha1);
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
    Ok((digest, mgf_digest))
}

/// RSAES-OAEP-params (RFC 8017 appendix A.2.1); absent or empty means SHA-1 twice.
fn oaep(parameters: &[u8]) -> Result<KeyTransport> {
    if parameters.is_empty() || parameters == write::NULL {
        return Ok(KeyTransport::OAEP_DEFAULT);
    }
    let mut fields = Reader::new(parameters)
        .expect(tag::SEQUENCE, "RSAES-OAEP-params")?
        .reader();
    let (digest, mgf_digest) = hashes(&mut fields)?;
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

/// RSASSA-PSS-params (RFC 8017 appendix A.2.3).
fn pss(parameters: &[u8]) -> Result<SignatureAlgorithm> {
    let mut fields = Reader::new(parameters)
        .expect(tag::SEQUENCE, "RSASSA-PSS-params")?
        .reader();
    let (digest, mgf_digest) = hashes(&mut fields)?;
    let mut integer = |n, what, default| match fields.optional(tag::context_constructed(n), what)? {
        Some(explicit) => explicit
            .reader()
            .expect(tag::INTEGER, what)?
            .small_integer(),
        None => Ok(default),
    };
    let salt_len = integer(2, "saltLength", 20)?;
    if integer(3, "trailerField", 1)? != 1 {
        return Err(Error::unsupported("RSA PSS with another trailer", "SCEP"));
    }
    Ok(SignatureAlgorithm::RsaPss {
        digest,
        mgf_digest,
        salt_len: usize::try_from(salt_len).unwrap_or(usize::MAX),
    })
}

/// The `[0]` and `[1]` of OAEP and PSS parameters.
fn write_hashes(digest: DigestAlgorithm, mgf_digest: DigestAlgorithm) -> Vec<u8> {
    let hash = write::tlv(tag::context_constructed(0), &digest_identifier(digest));
    let mgf1 = write::algorithm(oid::MGF1, &digest_identifier(mgf_digest));
    [hash, write::tlv(tag::context_constructed(1), &mgf1)].concat()
}

/// AlgorithmIdentifier of a key transport.
#[must_use]
pub fn key_transport_identifier(transport: KeyTransport) -> Vec<u8> {
    match transport {
        KeyTransport::RsaPkcs1v15 => write::algorithm(oid::RSA_ENCRYPTION, write::NULL),
        KeyTransport::OAEP_DEFAULT => write::algorithm(oid::RSAES_OAEP, &write::sequence(&[])),
        KeyTransport::RsaOaep { digest, mgf_digest } => write::algorithm(
            oid::RSAES_OAEP,
            &write::sequence(&[&write_hashes(digest, mgf_digest)]),
        ),
    }
}

/// AlgorithmIdentifier of a content cipher.
#[must_use]
pub fn content_cipher_identifier(cipher: ContentCipher, iv: &[u8]) -> Vec<u8> {
    let iv = write::octet_string(iv);
    if cipher.is_authenticated() {
        let parameters = write::sequence(&[&iv, &write::integer(16)]);
        write::algorithm(cipher.oid(), &parameters)
    } else {
        write::algorithm(cipher.oid(), &iv)
    }
}

/// AlgorithmIdentifier of a digest, with NULL parameters. RFC 5754 section 2 would leave them out for
/// SHA-2, and has everybody accept both; NDES, OpenSSL and CryptoAPI write NULL, and old decoders
/// compare octets. Both are read.
#[must_use]
pub fn digest_identifier(digest: DigestAlgorithm) -> Vec<u8> {
    write::algorithm(digest.oid(), write::NULL)
}

/// AlgorithmIdentifier of the digest that goes with a signature scheme in a SignerInfo. Ed25519
/// wants it without parameters (RFC 8419 section 3.1).
#[must_use]
pub fn message_digest_identifier(scheme: SignatureAlgorithm) -> Vec<u8> {
    match scheme {
        SignatureAlgorithm::Ed25519 => write::algorithm(scheme.digest().oid(), &[]),
        _ => digest_identifier(scheme.digest()),
    }
}

/// AlgorithmIdentifier of a signature scheme.
///
/// # Errors
/// `Unsupported` for a digest that ECDSA has no identifier with.
pub fn signature_identifier(scheme: SignatureAlgorithm) -> Result<Vec<u8>> {
    match scheme {
        SignatureAlgorithm::RsaPkcs1v15(digest) => {
            Ok(write::algorithm(digest.rsa_signature_oid(), write::NULL))
        }
        SignatureAlgorithm::RsaPss {
            digest,
            mgf_digest,
            salt_len,
        } => {
            let salt_len = u32::try_from(salt_len).unwrap_or(u32::MAX);
            let salt = write::tlv(tag::context_constructed(2), &write::integer(salt_len));
            let parameters = write::sequence(&[&write_hashes(digest, mgf_digest), &salt]);
            Ok(write::algorithm(oid::RSASSA_PSS, &parameters))
        }
        SignatureAlgorithm::Ecdsa(digest) => digest
            .ecdsa_oid()
            .map(|oid| write::algorithm(oid, &[]))
            .ok_or_else(|| Error::unsupported(format!("{scheme}"), "SCEP")),
        SignatureAlgorithm::Ed25519 => Ok(write::algorithm(oid::ED25519, &[])),
    }
}

/// An OID with its name, where it has one.
pub(crate) fn describe(oid: ObjectIdentifier) -> alloc::string::String {
    match oid::name(oid) {
        Some(name) => format!("{oid} ({})", name.to_ascii_lowercase().replace('_', "-")),
        None => format!("{oid}"),
    }
}
