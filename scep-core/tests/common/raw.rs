//! A signed message written field by field, for what no builder would write.

use std::sync::Arc;

use scep_core::asn1::{tag, write};
use scep_core::crypto::{DigestAlgorithm, PrivateKey, SignatureAlgorithm};
use scep_core::oid;
use scep_core::x509::Certificate;

use super::samples;
use super::{TestRandom, provider};

pub struct Raw {
    pub signer: Certificate,
    pub key: Arc<dyn PrivateKey>,
    /// Encoded, in the order in which they are sent.
    pub attributes: Vec<Vec<u8>>,
    /// Whether they are signed in the order of DER, and not as sent.
    pub signed_as_sorted: bool,
    pub unsigned: Vec<Vec<u8>>,
    /// Parameters of the digestAlgorithm.
    pub digest_parameters: &'static [u8],
    /// How often the SignerInfo is there.
    pub signer_infos: usize,
}

impl Raw {
    /// A request of the test device without content, and with the attributes that it must have.
    pub fn request() -> Self {
        let (signer, key) = samples::device();
        let digest = provider().digest(DigestAlgorithm::Sha256, b"").unwrap();
        Self {
            signer,
            key,
            attributes: vec![
                attribute(oid::CONTENT_TYPE, &[write::oid(oid::DATA)]),
                attribute(oid::MESSAGE_DIGEST, &[write::octet_string(&digest)]),
                attribute(oid::MESSAGE_TYPE, &[printable("19")]),
                attribute(oid::TRANSACTION_ID, &[printable("T-1")]),
                attribute(oid::SENDER_NONCE, &[write::octet_string(&[9; 16])]),
            ],
            signed_as_sorted: false,
            unsigned: Vec::new(),
            digest_parameters: write::NULL,
            signer_infos: 1,
        }
    }

    pub fn to_der(&self) -> Vec<u8> {
        let concat = |tag, parts: &[Vec<u8>]| {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            write::concat(tag, &parts)
        };
        let signed = if self.signed_as_sorted {
            write::set_of(tag::SET, self.attributes.clone())
        } else {
            concat(tag::SET, &self.attributes)
        };
        let scheme = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
        let signature = self.key.sign(scheme, &signed, &mut TestRandom(1)).unwrap();
        let digest = write::algorithm(DigestAlgorithm::Sha256.oid(), self.digest_parameters);
        let unsigned = if self.unsigned.is_empty() {
            Vec::new()
        } else {
            concat(tag::context_constructed(1), &self.unsigned)
        };
        let signer_info = write::sequence(&[
            &write::integer(1),
            &self.signer.issuer_and_serial().to_der(),
            &digest,
            &concat(tag::context_constructed(0), &self.attributes),
            &write::algorithm(oid::RSA_ENCRYPTION, write::NULL),
            &write::octet_string(&signature),
            &unsigned,
        ]);
        let signed_data = write::sequence(&[
            &write::integer(1),
            &write::tlv(tag::SET, &digest),
            &write::sequence(&[&write::oid(oid::DATA)]),
            &write::tlv(tag::context_constructed(0), self.signer.as_der()),
            &concat(tag::SET, &vec![signer_info; self.signer_infos]),
        ]);
        write::sequence(&[
            &write::oid(oid::SIGNED_DATA),
            &write::tlv(tag::context_constructed(0), &signed_data),
        ])
    }
}

pub fn attribute(oid: oid::ObjectIdentifier, values: &[Vec<u8>]) -> Vec<u8> {
    write::sequence(&[&write::oid(oid), &write::set_of(tag::SET, values.to_vec())])
}

pub fn printable(text: &str) -> Vec<u8> {
    write::tlv(tag::PRINTABLE_STRING, text.as_bytes())
}
