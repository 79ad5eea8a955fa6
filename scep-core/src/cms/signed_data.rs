//! SignedData (RFC 5652 section 5), decoded without losing an octet.

use alloc::format;
use alloc::vec::Vec;

use super::content_info::{ContentInfo, content_info};
use super::signer_info::SignerInfo;
use crate::asn1::{Parts, Reader, tag, write};
use crate::error::Layer;
use crate::limits::Limits;
use crate::oid;
use crate::x509::Certificate;
use crate::{Error, Result};

/// A SignedData.
///
/// ```text
/// SignedData ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo,
///   certificates [0] OPTIONAL, crls [1] OPTIONAL, signerInfos SET }
/// ```
#[derive(Clone, Debug)]
pub struct SignedData<'a> {
    /// eContentType.
    pub content_type: const_oid::ObjectIdentifier,
    /// The octets of eContent, joined; `None` if eContent is absent.
    pub content: Option<&'a [u8]>,
    /// Where [`content`](Self::content) begins in the DER of the ContentInfo.
    pub(crate) content_offset: usize,
    /// Certificates that could be read, in the order received.
    pub certificates: Vec<Certificate>,
    /// Whether the certificates field was present at all.
    pub has_certificates: bool,
    /// Members of the certificates field that are no legible X.509 certificate, as received.
    pub other_certificates: Vec<Vec<u8>>,
    /// CRLs, encoded, in the order received.
    pub crls: Vec<Vec<u8>>,
    /// signerInfos.
    pub signers: Vec<SignerInfo>,
}

impl<'a> SignedData<'a> {
    /// Reads the content of a ContentInfo of type SignedData.
    ///
    /// # Errors
    /// `Malformed` with the octet where it breaks, `TooLarge` beyond `limits`.
    pub fn from_content_info(
        info: &'a ContentInfo<'_>,
        what: &str,
        limits: &Limits,
    ) -> Result<Self> {
        let content = info.expect(oid::SIGNED_DATA, what)?;
        Self::parse(Reader::new_at(content, info.content_offset()), limits)
            .map_err(|e| e.in_layer(Layer::Cms))
    }

    fn parse(mut input: Reader<'a>, limits: &Limits) -> Result<Self> {
        let mut fields = input.expect(tag::SEQUENCE, "SignedData")?.reader();
        fields.expect(tag::INTEGER, "version of SignedData")?;
        fields.expect(tag::SET, "digestAlgorithms")?;
        let mut encapsulated = fields.expect(tag::SEQUENCE, "encapContentInfo")?.reader();
        let content_type = encapsulated.expect(tag::OID, "eContentType")?.oid()?;
        let mut content_offset = 0;
        let content = match encapsulated.optional(tag::context_constructed(0), "eContent")? {
            Some(explicit) => {
                let mut inner = explicit.reader();
                let octets = inner.expect(tag::OCTET_STRING, "eContent")?;
                inner.finish("eContent")?;
                content_offset = octets.offset + octets.raw.len() - octets.value.len();
                Some(octets.value)
            }
            None => None,
        };
        encapsulated.finish("encapContentInfo")?;
        let mut certificates = Vec::new();
        let mut other_certificates = Vec::new();
        let set = fields.optional(tag::context_constructed(0), "certificates")?;
        if let Some(set) = set {
            let mut members = set.reader();
            while !members.is_empty() {
                let member = members.next("certificate")?;
                if certificates.len() + other_certificates.len() >= limits.certificates {
                    return Err(Error::TooLarge {
                        what: "the number of certificates",
                        limit: limits.certificates,
                    });
                }
                match Certificate::from_der(member.raw) {
                    Ok(certificate) if member.tag == tag::SEQUENCE => {
                        certificates.push(certificate);
                    }
                    _ => other_certificates.push(member.raw.to_vec()),
                }
            }
        }
        let crls = match fields.optional(tag::context_constructed(1), "crls")? {
            Some(set) => set
                .reader()
                .list(limits.members, "the number of CRLs", |members| {
                    Ok(members.next("CRL")?.raw.to_vec())
                })?,
            None => Vec::new(),
        };
        let infos = fields.expect(tag::SET, "signerInfos")?.reader();
        let signers = infos.list(limits.members, "the number of signers", |infos| {
            SignerInfo::from_tlv(&infos.expect(tag::SEQUENCE, "SignerInfo")?, limits)
        })?;
        fields.finish("SignedData")?;
        Ok(Self {
            content_type,
            content,
            content_offset,
            certificates,
            has_certificates: set.is_some(),
            other_certificates,
            crls,
            signers,
        })
    }
}

/// Encodes a degenerate certs-only SignedData (RFC 8894 section 3.4), in the order given.
///
/// DER would sort this set. Clients take the first certificate for the leaf, and every other
/// writer of certs-only messages keeps the order too, so this one does.
#[must_use]
pub fn certs_only(certificates: &[Certificate]) -> Vec<u8> {
    let members = certificates
        .iter()
        .fold(Parts::new(), |set, c| set.then(c.as_der()));
    degenerate(if certificates.is_empty() {
        members
    } else {
        members.within(tag::context_constructed(0))
    })
}

/// Encodes a degenerate SignedData that holds one CRL (RFC 8894 section 3.3.4).
#[must_use]
pub fn crl_only(crl: &[u8]) -> Vec<u8> {
    degenerate(Parts::new().then(crl).within(tag::context_constructed(1)))
}

/// A SignedData without content and signers around a certificates or crls field.
fn degenerate(field: Parts<'_>) -> Vec<u8> {
    let signed_data = field
        .after(write::sequence(&[&write::oid(oid::DATA)]))
        .after(write::tlv(tag::SET, &[]))
        .after(write::integer(1))
        .then(write::tlv(tag::SET, &[]))
        .within(tag::SEQUENCE);
    content_info(oid::SIGNED_DATA, signed_data).encode()
}

/// Reads the certificates of a degenerate SignedData.
///
/// # Errors
/// `Malformed` if it is none, or holds no legible certificate.
pub fn certs_only_certificates(input: &[u8], limits: &Limits) -> Result<Vec<Certificate>> {
    let info = ContentInfo::decode(input, limits)?;
    let signed_data = SignedData::from_content_info(&info, "the certificate bundle", limits)?;
    if signed_data.certificates.is_empty() {
        let unreadable = signed_data.other_certificates.len();
        return Err(Error::malformed(
            Layer::Cms,
            if unreadable == 0 {
                "the certificate bundle holds no certificate".into()
            } else {
                format!(
                    "the certificate bundle holds {unreadable} members, none of them a legible certificate"
                )
            },
        ));
    }
    Ok(signed_data.certificates)
}
