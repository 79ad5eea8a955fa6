//! SignedData (RFC 5652 section 5) in parts.

use std::sync::Arc;

use scep_core::asn1::{Reader, tag, write};
use scep_core::cms::{Attribute, ContentInfo, algorithm};
use scep_core::crypto::{
    CryptoProvider, DigestAlgorithm, PrivateKey, PublicKeyAlgorithm, RandomSource,
    SignatureAlgorithm,
};
use scep_core::limits::Limits;
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::Certificate;

/// A SignedData before it is encoded, or after it was decoded.
#[derive(Clone, Debug)]
pub struct SignedParts {
    /// version.
    pub version: u32,
    /// digestAlgorithms, encoded.
    pub digest_algorithms: Vec<Vec<u8>>,
    /// eContentType.
    pub content_type: ObjectIdentifier,
    /// The octets of eContent; `None`: absent.
    pub content: Option<Vec<u8>>,
    /// Members of certificates, encoded; empty: absent.
    pub certificates: Vec<Vec<u8>>,
    /// signerInfos.
    pub signers: Vec<SignerParts>,
}

/// A SignerInfo.
#[derive(Clone, Debug)]
pub struct SignerParts {
    /// version.
    pub version: u32,
    /// sid, encoded.
    pub sid: Vec<u8>,
    /// digestAlgorithm, encoded.
    pub digest_algorithm: Vec<u8>,
    /// Each of signedAttrs, encoded, in the order in which they are sent; `None`: absent.
    pub attributes: Option<Vec<Vec<u8>>>,
    /// signatureAlgorithm, encoded.
    pub signature_algorithm: Vec<u8>,
    /// Each of unsignedAttrs, encoded; empty: absent.
    pub unsigned: Vec<Vec<u8>>,
    /// The signature.
    pub signature: Signature,
}

/// Where a signature comes from.
#[derive(Clone, Debug)]
pub enum Signature {
    /// It is made over what is sent: the attributes in their order or, without attributes, the content.
    Made(Arc<dyn PrivateKey>, SignatureAlgorithm),
    /// It is there already.
    Octets(Vec<u8>),
}

impl SignedParts {
    /// What a correct encoder writes.
    ///
    /// # Errors
    /// If the provider or the key lacks an algorithm.
    pub fn new(
        provider: &dyn CryptoProvider,
        content: Option<Vec<u8>>,
        attributes: &[Attribute],
        (signer, key): (&Certificate, &Arc<dyn PrivateKey>),
        certificates: &[Certificate],
        digest: DigestAlgorithm,
    ) -> scep_core::Result<Self> {
        let kind = PublicKeyAlgorithm::of_spki(key.spki_der())?;
        let scheme = SignatureAlgorithm::for_key(kind, digest)
            .ok_or_else(|| scep_core::Error::Misuse(format!("{kind} does not sign")))?;
        let hash = provider.digest(scheme.digest(), content.as_deref().unwrap_or_default())?;
        let mut all = vec![
            Attribute::new(oid::CONTENT_TYPE, write::oid(oid::DATA)).to_der(),
            Attribute::new(oid::MESSAGE_DIGEST, write::octet_string(&hash)).to_der(),
        ];
        all.extend(attributes.iter().map(Attribute::to_der));
        all.sort();
        let signature_algorithm = match scheme {
            SignatureAlgorithm::RsaPkcs1v15(_) => {
                write::algorithm(oid::RSA_ENCRYPTION, write::NULL)
            }
            _ => algorithm::signature_identifier(scheme)?,
        };
        let digest_algorithm = algorithm::message_digest_identifier(scheme);
        Ok(Self {
            version: 1,
            digest_algorithms: vec![digest_algorithm.clone()],
            content_type: oid::DATA,
            content,
            certificates: certificates.iter().map(|c| c.as_der().to_vec()).collect(),
            signers: vec![SignerParts {
                version: 1,
                sid: signer.issuer_and_serial().to_der(),
                digest_algorithm,
                attributes: Some(all),
                signature_algorithm,
                unsigned: Vec::new(),
                signature: Signature::Made(Arc::clone(key), scheme),
            }],
        })
    }

    /// Takes a message apart, BER or DER; `None` if it is none. Nothing is judged.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<Self> {
        let info = ContentInfo::decode(message, &Limits::DEFAULT).ok()?;
        let content = info.expect(oid::SIGNED_DATA, "a message").ok()?;
        let mut fields = Reader::new(content)
            .expect(tag::SEQUENCE, "SignedData")
            .ok()?
            .reader();
        let version = fields
            .expect(tag::INTEGER, "version")
            .ok()?
            .small_integer()
            .ok()?;
        let digest_algorithms = members(&mut fields.expect(tag::SET, "digests").ok()?.reader())?;
        let mut inner = fields.expect(tag::SEQUENCE, "content").ok()?.reader();
        let content_type = inner.expect(tag::OID, "eContentType").ok()?.oid().ok()?;
        let content = match inner
            .optional(tag::context_constructed(0), "eContent")
            .ok()?
        {
            Some(explicit) => Some(explicit.reader().next("octets").ok()?.value.to_vec()),
            None => None,
        };
        let certificates = match fields.optional(tag::context_constructed(0), "certificates") {
            Ok(Some(set)) => members(&mut set.reader())?,
            Ok(None) => Vec::new(),
            Err(_) => return None,
        };
        let _crls = fields.optional(tag::context_constructed(1), "crls").ok()?;
        let mut infos = fields.expect(tag::SET, "signerInfos").ok()?.reader();
        let mut signers = Vec::new();
        while infos.peek().is_some() {
            signers.push(SignerParts::read(&mut infos)?);
        }
        Some(Self {
            version,
            digest_algorithms,
            content_type,
            content,
            certificates,
            signers,
        })
    }

    /// Signs where that is to be done, and encodes the ContentInfo.
    ///
    /// # Errors
    /// If a key lacks an algorithm.
    pub fn encode(&self, rng: &mut dyn RandomSource) -> scep_core::Result<Vec<u8>> {
        let content = match &self.content {
            Some(octets) => write::tlv(tag::context_constructed(0), &write::octet_string(octets)),
            None => Vec::new(),
        };
        let certificates = match self.certificates.as_slice() {
            [] => Vec::new(),
            list => write::tlv(tag::context_constructed(0), &list.concat()),
        };
        let mut signers = Vec::new();
        for signer in &self.signers {
            signers.extend(signer.encode(self.content.as_deref().unwrap_or_default(), rng)?);
        }
        let signed_data = write::sequence(&[
            &write::integer(self.version),
            &write::tlv(tag::SET, &self.digest_algorithms.concat()),
            &write::sequence(&[&write::oid(self.content_type), &content]),
            &certificates,
            &write::tlv(tag::SET, &signers),
        ]);
        Ok(write::sequence(&[
            &write::oid(oid::SIGNED_DATA),
            &write::tlv(tag::context_constructed(0), &signed_data),
        ]))
    }

    /// Changes the signed attributes of each signer.
    pub fn change_attributes(&mut self, change: impl Fn(&mut Vec<Vec<u8>>)) {
        for signer in &mut self.signers {
            change(signer.attributes.get_or_insert_default());
        }
    }

    /// Puts an attribute with this encoded value in the place of those of its type.
    pub fn set(&mut self, oid: ObjectIdentifier, value: Vec<u8>) {
        let attribute = Attribute::new(oid, value).to_der();
        self.change_attributes(|attributes| {
            attributes.retain(|attribute| !is_of(attribute, oid));
            attributes.push(attribute.clone());
            attributes.sort();
        });
    }

    /// Leaves the attributes of a type out.
    pub fn remove(&mut self, oid: ObjectIdentifier) {
        self.change_attributes(|attributes| attributes.retain(|a| !is_of(a, oid)));
    }

    /// The encoded values of the first signer's signed attributes of a type, of each occurrence.
    #[must_use]
    pub fn values(&self, oid: ObjectIdentifier) -> Vec<Vec<Vec<u8>>> {
        let signer = self.signers.first();
        let attributes = signer.and_then(|signer| signer.attributes.as_ref());
        let of_type = attributes.into_iter().flatten().filter(|a| is_of(a, oid));
        of_type.filter_map(|a| values(a)).collect()
    }

    /// The only encoded value of an attribute, if there is exactly one.
    #[must_use]
    pub fn value(&self, oid: ObjectIdentifier) -> Option<Vec<u8>> {
        match self.values(oid).as_slice() {
            [one] => match one.as_slice() {
                [value] => Some(value.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl SignerParts {
    fn read(infos: &mut Reader<'_>) -> Option<Self> {
        let mut fields = infos.expect(tag::SEQUENCE, "SignerInfo").ok()?.reader();
        let version = fields.expect(tag::INTEGER, "version").ok()?;
        let sid = fields.next("sid").ok()?;
        let digest_algorithm = fields.next("digestAlgorithm").ok()?;
        let attributes = match fields
            .optional(tag::context_constructed(0), "signedAttrs")
            .ok()?
        {
            Some(set) => Some(members(&mut set.reader())?),
            None => None,
        };
        let signature_algorithm = fields.next("signatureAlgorithm").ok()?;
        let signature = fields.next("signature").ok()?;
        let unsigned = match fields
            .optional(tag::context_constructed(1), "unsigned")
            .ok()?
        {
            Some(set) => members(&mut set.reader())?,
            None => Vec::new(),
        };
        Some(Self {
            version: version.small_integer().ok()?,
            sid: sid.raw.to_vec(),
            digest_algorithm: digest_algorithm.raw.to_vec(),
            attributes,
            signature_algorithm: signature_algorithm.raw.to_vec(),
            unsigned,
            signature: Signature::Octets(signature.value.to_vec()),
        })
    }

    fn encode(&self, content: &[u8], rng: &mut dyn RandomSource) -> scep_core::Result<Vec<u8>> {
        let attributes = self.attributes.as_ref().map(|list| list.concat());
        let signature = match &self.signature {
            Signature::Octets(octets) => octets.clone(),
            Signature::Made(key, scheme) => match &attributes {
                Some(attributes) => key.sign(*scheme, &write::tlv(tag::SET, attributes), rng)?,
                None => key.sign(*scheme, content, rng)?,
            },
        };
        let attributes = attributes.map_or_else(Vec::new, |attributes| {
            write::tlv(tag::context_constructed(0), &attributes)
        });
        let unsigned = match self.unsigned.as_slice() {
            [] => Vec::new(),
            list => write::tlv(tag::context_constructed(1), &list.concat()),
        };
        Ok(write::sequence(&[
            &write::integer(self.version),
            &self.sid,
            &self.digest_algorithm,
            &attributes,
            &self.signature_algorithm,
            &write::octet_string(&signature),
            &unsigned,
        ]))
    }
}

/// The version that a structure begins with.
#[must_use]
pub fn version_of(structure: &[u8]) -> Option<u32> {
    let mut fields = Reader::new(structure).next("a structure").ok()?.reader();
    fields
        .expect(tag::INTEGER, "version")
        .ok()?
        .small_integer()
        .ok()
}

fn members(set: &mut Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let mut members = Vec::new();
    while set.peek().is_some() {
        members.push(set.next("a member").ok()?.raw.to_vec());
    }
    Some(members)
}

fn is_of(attribute: &[u8], oid: ObjectIdentifier) -> bool {
    let mut fields = match Reader::new(attribute).expect(tag::SEQUENCE, "attribute") {
        Ok(attribute) => attribute.reader(),
        Err(_) => return false,
    };
    let of = fields.expect(tag::OID, "its type").and_then(|of| of.oid());
    of.is_ok_and(|of| of == oid)
}

fn values(attribute: &[u8]) -> Option<Vec<Vec<u8>>> {
    let outer = Reader::new(attribute)
        .expect(tag::SEQUENCE, "attribute")
        .ok()?;
    let mut fields = outer.reader();
    fields.expect(tag::OID, "its type").ok()?;
    members(&mut fields.expect(tag::SET, "its values").ok()?.reader())
}
