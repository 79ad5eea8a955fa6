//! Decoders that others wrote read the same in our messages as we do.
#![allow(
    clippy::type_complexity,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::collections::BTreeMap;

use common::ber::{parse, to_ber};
use common::samples::{self, Shape};
use common::{TestCa, TestRandom, key, provider, throwaway};
use scep_core::cms::SignatureOid;
use scep_core::cms::{ContentInfo, EnvelopedData, Recipient, SignedData, SignerId, seal};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
use scep_core::limits::Limits;
use scep_core::message::MessageType;

const LIMITS: Limits = Limits::DEFAULT;

/// What a SignedData says, in nobody's types.
#[derive(Debug, Default, PartialEq, Eq)]
struct Signed {
    content_type: String,
    content: Option<Vec<u8>>,
    /// Sorted, because some decoders sort.
    certificates: Vec<Vec<u8>>,
    signers: Vec<Signer>,
}

#[derive(Debug, PartialEq, Eq)]
struct Signer {
    issuer: Vec<u8>,
    serial: Vec<u8>,
    digest: String,
    algorithm: String,
    signature: Vec<u8>,
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
}

/// What an EnvelopedData says.
#[derive(Debug, PartialEq, Eq)]
struct Enveloped {
    /// Issuer, serial number, algorithm, encrypted key.
    recipients: Vec<(Vec<u8>, Vec<u8>, String, Vec<u8>)>,
    content_type: String,
    cipher: String,
    parameters: Vec<u8>,
    ciphertext: Vec<u8>,
}

mod ours {
    use super::*;

    fn id(id: &SignerId) -> (Vec<u8>, Vec<u8>) {
        match id {
            SignerId::IssuerAndSerial(id) => (id.issuer.as_der().to_vec(), id.serial.clone()),
            other => panic!("{other}"),
        }
    }

    pub(super) fn signed(input: &[u8]) -> Signed {
        let info = ContentInfo::decode(input, &LIMITS).unwrap();
        let data = SignedData::from_content_info(&info, "test", &Limits::DEFAULT).unwrap();
        let mut certificates: Vec<Vec<u8>> = data
            .certificates
            .iter()
            .map(|c| c.as_der().to_vec())
            .collect();
        certificates.sort();
        let signers = data.signers.iter().map(|signer| {
            let (issuer, serial) = id(&signer.signer);
            let attributes = signer.attributes.iter();
            Signer {
                issuer,
                serial,
                digest: signer.digest_algorithm.algorithm.to_string(),
                algorithm: signer.signature_algorithm.algorithm.to_string(),
                signature: signer.signature.clone(),
                attributes: attributes
                    .map(|a| (a.oid.to_string(), a.values.clone()))
                    .collect(),
            }
        });
        Signed {
            content_type: data.content_type.to_string(),
            content: data.content.map(<[u8]>::to_vec),
            certificates,
            signers: signers.collect(),
        }
    }

    pub(super) fn enveloped(input: &[u8]) -> Enveloped {
        let data = EnvelopedData::decode(input, &LIMITS).unwrap();
        let recipients = data.recipients.iter().map(|recipient| match recipient {
            Recipient::KeyTrans(info) => {
                let (issuer, serial) = id(&info.id);
                let algorithm = info.algorithm.algorithm.to_string();
                (issuer, serial, algorithm, info.encrypted_key.clone())
            }
            other => panic!("{other:?}"),
        });
        Enveloped {
            recipients: recipients.collect(),
            content_type: data.content.content_type.to_string(),
            cipher: data.content.algorithm.algorithm.to_string(),
            parameters: data.content.algorithm.parameters.clone(),
            ciphertext: data.content.ciphertext.to_vec(),
        }
    }
}

mod by_rasn {
    use super::*;
    use rasn::types::{Integer, ObjectIdentifier};
    use rasn_cms::{CertificateChoices, RecipientIdentifier, RecipientInfo, SignerIdentifier};

    fn dotted(oid: &ObjectIdentifier) -> String {
        let arcs: Vec<String> = oid.iter().map(u32::to_string).collect();
        arcs.join(".")
    }

    /// The content octets of an INTEGER.
    fn octets(integer: &Integer) -> Vec<u8> {
        rasn::der::encode(integer).unwrap()[2..].to_vec()
    }

    pub(super) fn signed(input: &[u8]) -> Signed {
        let info: rasn_cms::ContentInfo = rasn::ber::decode(input).unwrap();
        assert_eq!(dotted(&info.content_type), "1.2.840.113549.1.7.2");
        let data: rasn_cms::SignedData = rasn::ber::decode(info.content.as_bytes()).unwrap();
        let mut certificates: Vec<Vec<u8>> = Vec::new();
        if let Some(set) = &data.certificates {
            for choice in set.to_vec() {
                let CertificateChoices::Certificate(certificate) = choice else {
                    panic!("{choice:?}")
                };
                certificates.push(rasn::der::encode(certificate).unwrap());
            }
        }
        certificates.sort();
        let signers = data.signer_infos.to_vec().into_iter().map(|signer| {
            let SignerIdentifier::IssuerAndSerialNumber(id) = &signer.sid else {
                panic!("{:?}", signer.sid)
            };
            let mut attributes = BTreeMap::new();
            for attribute in signer.signed_attrs.as_ref().unwrap().to_vec() {
                let values = attribute.values.to_vec().into_iter();
                let values = values.map(|value| value.as_bytes().to_vec()).collect();
                attributes.insert(dotted(&attribute.r#type), values);
            }
            Signer {
                issuer: rasn::der::encode(&id.issuer).unwrap(),
                serial: octets(&id.serial_number),
                digest: dotted(&signer.digest_algorithm.algorithm),
                algorithm: dotted(&signer.signature_algorithm.algorithm),
                signature: signer.signature.to_vec(),
                attributes,
            }
        });
        Signed {
            content_type: dotted(&data.encap_content_info.content_type),
            content: data.encap_content_info.content.as_ref().map(|c| c.to_vec()),
            certificates,
            signers: signers.collect(),
        }
    }

    pub(super) fn enveloped(input: &[u8]) -> Enveloped {
        let info: rasn_cms::ContentInfo = rasn::ber::decode(input).unwrap();
        let data: rasn_cms::EnvelopedData = rasn::ber::decode(info.content.as_bytes()).unwrap();
        let recipients = data.recipient_infos.to_vec().into_iter().map(|recipient| {
            let RecipientInfo::KeyTransRecipientInfo(info) = recipient else {
                panic!("{recipient:?}")
            };
            let RecipientIdentifier::IssuerAndSerialNumber(id) = &info.rid else {
                panic!("{:?}", info.rid)
            };
            (
                rasn::der::encode(&id.issuer).unwrap(),
                octets(&id.serial_number),
                dotted(&info.key_encryption_algorithm.algorithm),
                info.encrypted_key.to_vec(),
            )
        });
        let content = &data.encrypted_content_info;
        let algorithm = &content.content_encryption_algorithm;
        let parameters = algorithm.parameters.as_ref().unwrap();
        Enveloped {
            recipients: recipients.collect(),
            content_type: dotted(&content.content_type),
            cipher: dotted(&algorithm.algorithm),
            parameters: parameters.as_bytes().to_vec(),
            ciphertext: content.encrypted_content.as_ref().unwrap().to_vec(),
        }
    }
}

mod by_cms {
    use super::*;
    use cms::cert::CertificateChoices;
    use cms::enveloped_data::{RecipientIdentifier, RecipientInfo};
    use cms::signed_data::SignerIdentifier;
    use der::asn1::OctetStringRef;
    use der::{Decode, Encode};

    pub(super) fn signed(input: &[u8]) -> Signed {
        let info = cms::content_info::ContentInfo::from_der(input).unwrap();
        assert_eq!(info.content_type.to_string(), "1.2.840.113549.1.7.2");
        let data: cms::signed_data::SignedData = info.content.decode_as().unwrap();
        let choices = data.certificates.iter().flat_map(|set| set.0.iter());
        let mut certificates: Vec<Vec<u8>> = choices
            .map(|choice| match choice {
                CertificateChoices::Certificate(certificate) => certificate.to_der().unwrap(),
                CertificateChoices::Other(other) => panic!("{other:?}"),
            })
            .collect();
        certificates.sort();
        let signers = data.signer_infos.0.iter().map(|signer| {
            let SignerIdentifier::IssuerAndSerialNumber(id) = &signer.sid else {
                panic!("{:?}", signer.sid)
            };
            let mut attributes = BTreeMap::new();
            for attribute in signer.signed_attrs.as_ref().unwrap().iter() {
                let values = attribute
                    .values
                    .iter()
                    .map(|v| v.to_der().unwrap())
                    .collect();
                attributes.insert(attribute.oid.to_string(), values);
            }
            Signer {
                issuer: id.issuer.to_der().unwrap(),
                serial: id.serial_number.as_bytes().to_vec(),
                digest: signer.digest_alg.oid.to_string(),
                algorithm: signer.signature_algorithm.oid.to_string(),
                signature: signer.signature.as_bytes().to_vec(),
                attributes,
            }
        });
        let content = data.encap_content_info.econtent.as_ref();
        let octets = |any: &der::Any| {
            any.decode_as::<&OctetStringRef>()
                .unwrap()
                .as_bytes()
                .to_vec()
        };
        Signed {
            content_type: data.encap_content_info.econtent_type.to_string(),
            content: content.map(octets),
            certificates,
            signers: signers.collect(),
        }
    }

    pub(super) fn enveloped(input: &[u8]) -> Enveloped {
        let info = cms::content_info::ContentInfo::from_der(input).unwrap();
        assert_eq!(info.content_type.to_string(), "1.2.840.113549.1.7.3");
        let data: cms::enveloped_data::EnvelopedData = info.content.decode_as().unwrap();
        let recipients = data.recip_infos.0.iter().map(|recipient| {
            let RecipientInfo::Ktri(info) = recipient else {
                panic!("{recipient:?}")
            };
            let RecipientIdentifier::IssuerAndSerialNumber(id) = &info.rid else {
                panic!("{:?}", info.rid)
            };
            (
                id.issuer.to_der().unwrap(),
                id.serial_number.as_bytes().to_vec(),
                info.key_enc_alg.oid.to_string(),
                info.enc_key.as_bytes().to_vec(),
            )
        });
        let content = &data.encrypted_content;
        let parameters = content.content_enc_alg.parameters.as_ref().unwrap();
        Enveloped {
            recipients: recipients.collect(),
            content_type: content.content_type.to_string(),
            cipher: content.content_enc_alg.oid.to_string(),
            parameters: parameters.to_der().unwrap(),
            ciphertext: content
                .encrypted_content
                .as_ref()
                .unwrap()
                .as_bytes()
                .to_vec(),
        }
    }
}

/// The older crate, on version 0.7 of `der`.
mod by_pkcs7 {
    use super::*;
    use der07::{Decode, Encode};
    use pkcs7::ContentInfo;
    use pkcs7::certificate_choices::CertificateChoices;
    use pkcs7::signer_info::SignerIdentifier;

    pub(super) fn signed(input: &[u8]) -> Signed {
        let info = ContentInfo::from_der(input).unwrap();
        let ContentInfo::SignedData(data) = &info else {
            panic!("{info:?}")
        };
        let choices = data.certificates.iter().flat_map(|set| set.iter());
        let mut certificates: Vec<Vec<u8>> = choices
            .map(|choice| match choice {
                CertificateChoices::Certificate(certificate) => certificate.to_der().unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        certificates.sort();
        let signers = data.signer_infos.iter().map(|signer| {
            let SignerIdentifier::IssuerAndSerialNumber(id) = &signer.sid else {
                panic!("{:?}", signer.sid)
            };
            let mut attributes = BTreeMap::new();
            for attribute in signer.signed_attributes.as_ref().unwrap().iter() {
                let values = attribute
                    .values
                    .iter()
                    .map(|v| v.to_der().unwrap())
                    .collect();
                attributes.insert(attribute.oid.to_string(), values);
            }
            Signer {
                issuer: id.name.to_der().unwrap(),
                serial: id.serial_number.as_bytes().to_vec(),
                digest: signer.digest_algorithm.oid.to_string(),
                algorithm: signer.signature_algorithm.oid.to_string(),
                signature: signer.signature.as_bytes().to_vec(),
                attributes,
            }
        });
        let content = data.encap_content_info.e_content;
        Signed {
            content_type: data.encap_content_info.e_content_type.to_string(),
            content: content.map(|any| any.value().to_vec()),
            certificates,
            signers: signers.collect(),
        }
    }
}

#[test]
fn four_decoders_agree_on_every_message() {
    let mut messages = samples::all();
    let shape = Shape {
        digest: DigestAlgorithm::Sha512,
        signature_oid: SignatureOid::WithDigest,
        ..Shape::default()
    };
    messages.extend(samples::requests(&TestCa::rfc8894(), shape));
    assert_eq!(messages.len(), 18);
    for (what, der) in &messages {
        let ours = ours::signed(der);
        assert_eq!(ours.signers.len(), 1);
        assert!(ours.signers[0].attributes.len() >= 4, "{what}");
        assert_eq!(by_rasn::signed(der), ours, "rasn-cms, {what}");
        assert_eq!(by_cms::signed(der), ours, "cms, {what}");
        assert_eq!(by_pkcs7::signed(der), ours, "pkcs7, {what}");
        if let Some(envelope) = ours.content.filter(|content| content.len() > 1) {
            let ours = ours::enveloped(&envelope);
            assert_eq!(by_rasn::enveloped(&envelope), ours, "rasn-cms, {what}");
            assert_eq!(by_cms::enveloped(&envelope), ours, "cms, {what}");
        }
    }
}

#[test]
fn decoders_agree_on_messages_signed_with_keys_of_other_kinds() {
    let ca = TestCa::rfc8894();
    for kind in ["p256", "p384", "ed25519"] {
        let private = key(kind);
        let content = throwaway::csr(private.as_ref(), Some("secret"));
        let envelope = throwaway::to_ra(&ca, &content);
        let der = throwaway::message(MessageType::PkcsReq, envelope, private.as_ref());
        let ours = ours::signed(&der);
        assert_eq!(by_rasn::signed(&der), ours, "rasn-cms, {kind}");
        assert_eq!(by_cms::signed(&der), ours, "cms, {kind}");
        assert_eq!(by_pkcs7::signed(&der), ours, "pkcs7, {kind}");
    }
}

/// Encoders that sort every SET write the same octets: what we emit is DER, not merely BER.
#[test]
fn typed_encoders_write_our_messages_anew_to_the_octet() {
    use der::{Decode, Encode};
    for (what, der) in samples::all() {
        let typed = cms::content_info::ContentInfo::from_der(&der).unwrap();
        let inner = typed.content.to_der().unwrap();
        let data = cms::signed_data::SignedData::from_der(&inner).unwrap();
        assert_eq!(data.to_der().unwrap(), inner, "cms, {what}");
        let data: rasn_cms::SignedData = rasn::der::decode(&inner).unwrap();
        assert_eq!(rasn::der::encode(&data).unwrap(), inner, "rasn-cms, {what}");
        let Some(envelope) = ours::signed(&der).content.filter(|c| c.len() > 1) else {
            continue;
        };
        let typed = cms::content_info::ContentInfo::from_der(&envelope).unwrap();
        let inner = typed.content.to_der().unwrap();
        let data = cms::enveloped_data::EnvelopedData::from_der(&inner).unwrap();
        assert_eq!(data.to_der().unwrap(), inner, "cms, {what}");
    }
}

#[test]
fn three_decoders_agree_on_every_envelope() {
    let ca = TestCa::rfc8894();
    for cipher in [
        ContentCipher::DesCbc,
        ContentCipher::DesEde3Cbc,
        ContentCipher::Aes128Cbc,
        ContentCipher::Aes192Cbc,
        ContentCipher::Aes256Cbc,
    ] {
        for transport in [KeyTransport::RsaPkcs1v15, KeyTransport::OAEP_DEFAULT] {
            let mut rng = TestRandom(1);
            let envelope = seal(
                provider(),
                scep_core::cms::SealTo::Certificate(&ca.ra, transport),
                cipher,
                b"messageData",
                &mut rng,
            );
            let envelope = envelope.unwrap();
            let ours = ours::enveloped(&envelope);
            assert_eq!(ours.recipients[0].1, ca.ra.serial());
            assert_eq!(by_rasn::enveloped(&envelope), ours);
            assert_eq!(by_cms::enveloped(&envelope), ours);
        }
    }
}

#[test]
fn certs_only_messages_hold_the_same_certificates() {
    let ca = TestCa::rfc8894();
    let bundle = ca.bundle();
    let ours = ours::signed(&bundle);
    assert_eq!(ours.certificates.len(), 2);
    assert_eq!((ours.content.as_ref(), ours.signers.len()), (None, 0));
    assert_eq!(by_rasn::signed(&bundle), ours);
    assert_eq!(by_cms::signed(&bundle), ours);
    assert_eq!(by_pkcs7::signed(&bundle), ours);
}

#[test]
fn certificates_and_requests_survive_a_typed_decoder() {
    use der::{Decode, Encode};
    let ca = TestCa::rfc8894();
    let (device, _) = samples::device();
    for certificate in [&ca.ca, &ca.ra, &device] {
        let typed = x509_cert::Certificate::from_der(certificate.as_der()).unwrap();
        assert_eq!(typed.to_der().unwrap(), certificate.as_der());
        let tbs = typed.tbs_certificate();
        assert_eq!(tbs.serial_number().as_bytes(), certificate.serial());
        assert_eq!(tbs.subject().to_string(), certificate.subject().to_string());
        let spki = tbs.subject_public_key_info().to_der().unwrap();
        assert_eq!(spki, certificate.spki_der());
        let extensions = tbs.extensions().map_or(0, Vec::len);
        assert_eq!(extensions, certificate.extensions().len());
        let rasn: rasn_pkix::Certificate = rasn::der::decode(certificate.as_der()).unwrap();
        assert_eq!(rasn::der::encode(&rasn).unwrap(), certificate.as_der());
    }
    let csr = samples::csr();
    let typed = x509_cert::request::CertReq::from_der(csr.as_der()).unwrap();
    assert_eq!(typed.to_der().unwrap(), csr.as_der());
    assert_eq!(typed.info.attributes.len(), 2);
    let crl = ca.crl();
    let typed = <x509_cert::crl::CertificateList>::from_der(crl.as_der()).unwrap();
    assert_eq!(typed.to_der().unwrap(), crl.as_der());
    let revoked = typed.tbs_cert_list.revoked_certificates.unwrap();
    let serials: Vec<&[u8]> = revoked.iter().map(|r| r.serial_number.as_bytes()).collect();
    let ours: Vec<&[u8]> = crl.revoked().iter().map(|r| r.serial.as_slice()).collect();
    assert_eq!(serials, ours);
}

/// Leaves out what rasn keeps as the BER octets that came: the values of type ANY.
fn without_any(mut signed: Signed) -> Signed {
    signed.certificates.clear();
    for signer in &mut signed.signers {
        signer.issuer.clear();
        signer.attributes.values_mut().for_each(Vec::clear);
    }
    signed
}

#[test]
fn a_ber_decoder_reads_ber_as_we_do() {
    for (what, der) in samples::all() {
        let tree = parse(&der);
        for seed in 0..20 {
            let ber = to_ber(&tree, &mut TestRandom(seed));
            let (theirs, ours) = (by_rasn::signed(&ber), ours::signed(&ber));
            assert_eq!(without_any(theirs), without_any(ours), "{what}");
        }
    }
    let ca = TestCa::rfc8894();
    let (cipher, transport) = (ContentCipher::Aes128Cbc, KeyTransport::RsaPkcs1v15);
    let der = seal(
        provider(),
        scep_core::cms::SealTo::Certificate(&ca.ra, transport),
        cipher,
        &[7; 99],
        &mut TestRandom(1),
    );
    let tree = parse(&der.unwrap());
    for seed in 0..100 {
        let ber = to_ber(&tree, &mut TestRandom(seed));
        let (theirs, ours) = (by_rasn::enveloped(&ber), ours::enveloped(&ber));
        assert_eq!(theirs.ciphertext, ours.ciphertext);
        assert_eq!(theirs.recipients[0].3, ours.recipients[0].3);
    }
}
