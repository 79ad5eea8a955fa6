//! Messages put together from parts that no honest sender would choose.

use scep_core::asn1::tag;
use scep_core::asn1::write::{self, concat, octet_string, oid, sequence, tlv};
use scep_core::oid;

/// A SignedData, each field as it shall be sent.
pub(crate) struct Signed {
    /// eContent with its tag.
    pub(crate) content: Vec<u8>,
    /// The members of certificates.
    pub(crate) certificates: Vec<u8>,
    /// The members of crls.
    pub(crate) crls: Vec<u8>,
    /// Name and serial number of the signer.
    pub(crate) signer: Vec<u8>,
    /// Signed attributes beyond those that a message must have.
    pub(crate) attributes: Vec<u8>,
    /// SignerInfos beyond the one that a message must have.
    pub(crate) signers: Vec<u8>,
}

impl Default for Signed {
    fn default() -> Self {
        Self {
            content: octet_string(b"content"),
            certificates: Vec::new(),
            crls: Vec::new(),
            signer: sequence(&[&name("signer"), &write::integer(1)]),
            attributes: Vec::new(),
            signers: Vec::new(),
        }
    }
}

impl Signed {
    /// The pkiMessage.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let printable = |text: &str| tlv(tag::PRINTABLE_STRING, text.as_bytes());
        let attributes = [
            attribute(oid::CONTENT_TYPE, &oid(oid::DATA)),
            attribute(oid::MESSAGE_DIGEST, &octet_string(&[1; 32])),
            attribute(oid::MESSAGE_TYPE, &printable("19")),
            attribute(oid::TRANSACTION_ID, &printable("hostile")),
            attribute(oid::SENDER_NONCE, &octet_string(&[2; 16])),
        ]
        .concat();
        let digest = write::algorithm(oid::SHA_256, write::NULL);
        let signer_info = sequence(&[
            &write::integer(1),
            &self.signer,
            &digest,
            &concat(
                tag::context_constructed(0),
                &[&attributes, &self.attributes],
            ),
            &write::algorithm(oid::RSA_ENCRYPTION, write::NULL),
            &octet_string(&[3; 256]),
        ]);
        let content = tlv(tag::context_constructed(0), &self.content);
        let optional = |number, members: &[u8]| match members {
            [] => Vec::new(),
            members => tlv(tag::context_constructed(number), members),
        };
        let signed_data = sequence(&[
            &write::integer(1),
            &tlv(tag::SET, &digest),
            &sequence(&[&oid(oid::DATA), &content]),
            &optional(0, &self.certificates),
            &optional(1, &self.crls),
            &concat(tag::SET, &[&signer_info, &self.signers]),
        ]);
        content_info(oid::SIGNED_DATA, &signed_data)
    }
}

pub(crate) fn content_info(content_type: const_oid::ObjectIdentifier, content: &[u8]) -> Vec<u8> {
    sequence(&[
        &oid(content_type),
        &tlv(tag::context_constructed(0), content),
    ])
}

/// An EnvelopedData with these RecipientInfos and this encryptedContent.
pub(crate) fn envelope(recipients: &[u8], encrypted_content: &[u8]) -> Vec<u8> {
    let cipher = write::algorithm(oid::AES_128_CBC, &octet_string(&[0; 16]));
    let enveloped = sequence(&[
        &write::integer(0),
        &tlv(tag::SET, recipients),
        &sequence(&[&oid(oid::DATA), &cipher, encrypted_content]),
    ]);
    content_info(oid::ENVELOPED_DATA, &enveloped)
}

pub(crate) fn attribute(kind: const_oid::ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), &tlv(tag::SET, value)])
}

/// A name with one attribute.
pub(crate) fn name(text: &str) -> Vec<u8> {
    sequence(&[&rdn(text.as_bytes())])
}

/// One RDN: OU, printable.
pub(crate) fn rdn(text: &[u8]) -> Vec<u8> {
    let unit = [tag::OID, 3, 0x55, 4, 11];
    tlv(
        tag::SET,
        &sequence(&[&unit, &tlv(tag::PRINTABLE_STRING, text)]),
    )
}

/// A certificate with serial number 1, an odd key, and a signature algorithm that nobody knows.
pub(crate) fn certificate(issuer: &[u8], extensions: &[u8]) -> Vec<u8> {
    let time = tlv(tag::UTC_TIME, b"260101000000Z");
    let algorithm = [0x30, 3, tag::OID, 1, 0x2a];
    let explicit = match extensions {
        [] => Vec::new(),
        list => tlv(tag::context_constructed(3), &sequence(&[list])),
    };
    let tbs = sequence(&[
        &[0xa0, 3, tag::INTEGER, 1, 2],
        &write::integer(1),
        &algorithm,
        issuer,
        &sequence(&[&time, &time]),
        issuer,
        &sequence(&[&algorithm, &write::bit_string(&[0])]),
        &explicit,
    ]);
    sequence(&[&tbs, &algorithm, &write::bit_string(&[0])])
}

/// `make` of 0, 1, 2, …, as many as fit into `size` octets.
pub(crate) fn fill(size: usize, mut make: impl FnMut(u32) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(size);
    for n in 0.. {
        let next = make(n);
        if out.len() + next.len() > size {
            break;
        }
        out.extend(next);
    }
    out
}

/// `content` in `levels` constructed values of this tag, each with an indefinite length.
pub(crate) fn indefinite(tag: u8, levels: usize, content: &[u8]) -> Vec<u8> {
    let mut out = [tag, 0x80].repeat(levels);
    out.extend(content);
    out.extend([0, 0].repeat(levels));
    out
}
