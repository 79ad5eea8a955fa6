//! rasn-cms reads the newer kinds of envelopes that we write as we do: AuthEnvelopedData, and recipients
//! who know a password.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::{TestCa, TestRandom, provider};
use rasn_cms::{EncryptedContentInfo, RecipientIdentifier, RecipientInfo};
use scep_core::cms::{ContentInfo, EnvelopedData, Openers, Recipient, SealTo, SignerId, seal};
use scep_core::crypto::{ContentCipher, KeyTransport};
use scep_core::limits::Limits;
use scep_core::message::ChallengePassword;

const LIMITS: Limits = Limits::DEFAULT;
const CONTENT: &[u8] = b"messageData, longer than one block of any cipher";

/// The ContentInfo's content, by rasn, and its type.
fn content(der: &[u8]) -> (String, Vec<u8>) {
    let info: rasn_cms::ContentInfo = rasn::der::decode(der).unwrap();
    let arcs: Vec<String> = info.content_type.iter().map(u32::to_string).collect();
    (arcs.join("."), info.content.as_bytes().to_vec())
}

fn compare_recipient(theirs: &RecipientInfo, ours: &Recipient) {
    match (theirs, ours) {
        (RecipientInfo::KeyTransRecipientInfo(theirs), Recipient::KeyTrans(ours)) => {
            let RecipientIdentifier::IssuerAndSerialNumber(id) = &theirs.rid else {
                panic!("{:?}", theirs.rid)
            };
            let SignerId::IssuerAndSerial(our_id) = &ours.id else {
                panic!("{}", ours.id)
            };
            assert_eq!(
                rasn::der::encode(&id.issuer).unwrap(),
                our_id.issuer.as_der()
            );
            assert_eq!(theirs.encrypted_key.as_ref(), ours.encrypted_key);
        }
        (RecipientInfo::PasswordRecipientInfo(theirs), Recipient::Password(ours)) => {
            assert_eq!(theirs.encrypted_eey.as_ref(), ours.encrypted_key);
            let derivation = theirs.key_derivation_algorithm.as_ref().unwrap();
            let our_derivation = ours.key_derivation.as_ref().unwrap();
            for (theirs, ours) in [
                (derivation, our_derivation),
                (&theirs.key_encryption_algorithm, &ours.algorithm),
            ] {
                let arcs: Vec<String> = theirs.algorithm.iter().map(u32::to_string).collect();
                assert_eq!(arcs.join("."), ours.algorithm.to_string());
                let parameters = theirs.parameters.as_ref().unwrap();
                assert_eq!(parameters.as_bytes(), ours.parameters);
            }
        }
        (theirs, ours) => panic!("{theirs:?} and {ours:?}"),
    }
}

fn compare_content(theirs: &EncryptedContentInfo, ours: &EnvelopedData<'_>) {
    let algorithm = &theirs.content_encryption_algorithm;
    let arcs: Vec<String> = algorithm.algorithm.iter().map(u32::to_string).collect();
    assert_eq!(arcs.join("."), ours.content.algorithm.algorithm.to_string());
    let parameters = algorithm.parameters.as_ref().unwrap();
    assert_eq!(parameters.as_bytes(), ours.content.algorithm.parameters);
    let ciphertext = theirs.encrypted_content.as_ref().unwrap();
    assert_eq!(ciphertext.as_ref(), ours.content.ciphertext.as_ref());
}

#[test]
fn every_kind_of_envelope_to_every_kind_of_recipient() {
    let ca = TestCa::rfc8894();
    let password = ChallengePassword::new("correct horse battery staple");
    for cipher in [
        ContentCipher::DesEde3Cbc,
        ContentCipher::Aes128Cbc,
        ContentCipher::Aes256Cbc,
        ContentCipher::Aes128Gcm,
        ContentCipher::Aes192Gcm,
        ContentCipher::Aes256Gcm,
    ] {
        for to in [
            SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15),
            SealTo::Certificate(&ca.ra, KeyTransport::OAEP_DEFAULT),
            SealTo::Password(&password),
        ] {
            let mut rng = TestRandom(5);
            let der = seal(provider(), to, cipher, CONTENT, &mut rng).unwrap();
            let info = ContentInfo::decode(&der, &LIMITS).unwrap();
            let ours = EnvelopedData::decode(&der, &LIMITS).unwrap();
            let (content_type, inner) = content(&der);
            assert_eq!(content_type, info.content_type().to_string());
            let (recipients, again) = match &ours.authentication {
                Some(authentication) => {
                    let theirs: rasn_cms::AuthEnvelopedData = rasn::der::decode(&inner).unwrap();
                    assert_eq!(theirs.mac.as_ref(), authentication.mac);
                    assert!(theirs.auth_attrs.is_none() && authentication.attributes.is_empty());
                    compare_content(&theirs.auth_encrypted_content_info, &ours);
                    let again = rasn::der::encode(&theirs).unwrap();
                    (theirs.recipient_infos, again)
                }
                None => {
                    let theirs: rasn_cms::EnvelopedData = rasn::der::decode(&inner).unwrap();
                    compare_content(&theirs.encrypted_content_info, &ours);
                    let again = rasn::der::encode(&theirs).unwrap();
                    (theirs.recipient_infos, again)
                }
            };
            assert_eq!(again, inner, "{cipher}: what rasn writes of what it read");
            let recipients = recipients.to_vec();
            assert_eq!((recipients.len(), ours.recipients.len()), (1, 1));
            compare_recipient(recipients[0], &ours.recipients[0]);
        }
    }
}

/// And what rasn writes, we open.
#[test]
fn an_envelope_that_rasn_encoded_anew_is_opened() {
    let password = ChallengePassword::new("correct horse battery staple");
    for cipher in [ContentCipher::Aes128Cbc, ContentCipher::Aes256Gcm] {
        let to = SealTo::Password(&password);
        let der = seal(provider(), to, cipher, CONTENT, &mut TestRandom(6)).unwrap();
        let info: rasn_cms::ContentInfo = rasn::der::decode(&der).unwrap();
        let encoded = rasn::der::encode(&info).unwrap();
        let openers = Openers {
            keys: &[],
            passwords: std::slice::from_ref(&password),
        };
        let envelope = EnvelopedData::decode(&encoded, &LIMITS).unwrap();
        let opened = envelope.open(provider(), openers, &LIMITS, &mut TestRandom(1));
        assert_eq!(opened.unwrap().as_slice(), CONTENT);
    }
}
