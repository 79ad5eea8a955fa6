//! The pkiMessage that a device sends.

use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::asn1::write;
use scep_core::ca_certificates::CaCertificates;
use scep_core::capabilities::{Capabilities, Capability};
use scep_core::client::Signer;
use scep_core::cms::{SealTo, seal};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, KeyType, PrivateKey, RandomSource as _,
};
use scep_core::message::{
    ChallengePassword, IssuerAndSubject, MessageBuilder, SenderNonce, TransactionId,
};
use scep_core::oid::ObjectIdentifier;
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequestBuilder, Extension, KeyUsage, Name,
};

use super::behaviour::{Behaviour, Damage, MessageKind, Recipient, SignedBy};
use super::streaming;
use crate::deployment::{Deployment, LastGood};
use crate::error::Result;
use crate::pki::Identity;

/// Length of a device's message that is not padded, in octets, more or less.
const USUAL_LEN: usize = 2_600;
const IA5_STRING: u8 = 0x16;
/// `netscape-comment`, an extension that holds text.
const NETSCAPE_COMMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113730.1.13");
/// A day.
const DAY: Duration = Duration::from_secs(86_400);

/// A message, and what its sender has to remember.
pub(super) struct Composed {
    pub(super) octets: Vec<u8>,
    pub(super) transaction: TransactionId,
    pub(super) signer: Signer,
    /// The key that is to be certified.
    pub(super) subject_key: Arc<dyn PrivateKey>,
}

/// Makes the message; `now` is the time by the device's clock.
pub(super) fn compose(
    d: &mut Deployment,
    behaviour: &Behaviour,
    known: &LastGood,
    challenge: Option<ChallengePassword>,
    now: UnixTime,
) -> Result<Composed> {
    let (digest, cipher) = algorithms(behaviour, known);
    let subject = Name::from_rfc4514(&behaviour.subject)?;
    let subject_key = key(d, behaviour)?;
    let signer = signer(d, behaviour, &subject, &subject_key, digest, now)?;
    let transaction = match &d.device.transaction {
        Some(last) if behaviour.repeats_transaction || behaviour.kind == MessageKind::CertPoll => {
            last.clone()
        }
        _ => TransactionId::random(&mut d.rng),
    };
    let data = match behaviour.kind {
        MessageKind::PkcsReq | MessageKind::RenewalReq => {
            let builder = CertificationRequestBuilder {
                subject,
                challenge: challenge.map(|c| match behaviour.challenge_string {
                    Some(string) => c.written_as(string),
                    None => c,
                }),
                extensions: extensions(behaviour),
            };
            let request = builder.sign(subject_key.as_ref(), digest, &mut d.rng)?;
            request.as_der().to_vec()
        }
        MessageKind::CertPoll => IssuerAndSubject {
            issuer: d.pki.issuing_ca.certificate.subject().clone(),
            subject,
        }
        .to_der(),
        MessageKind::GetCert | MessageKind::GetCrl => match &d.device.enrolled {
            Some(enrolled) => enrolled.certificate().issuer_and_serial().to_der(),
            None => d.pki.issuing_ca.certificate.issuer_and_serial().to_der(),
        },
    };
    let recipient = recipient(d, behaviour.recipient, known, now)?;
    let provider = Arc::clone(&d.provider);
    let to = SealTo::Certificate(&recipient, KeyTransport::RsaPkcs1v15);
    let envelope = seal(provider.as_ref(), to, cipher, &data, &mut d.rng)?;
    let mut builder = MessageBuilder::new(
        behaviour.kind.message_type(),
        transaction.clone(),
        signer.certificate().clone(),
    );
    builder.digest = digest;
    builder.sender_nonce = Some(SenderNonce::random(&mut d.rng));
    builder.envelope = Some(envelope);
    let message = builder.sign(provider.as_ref(), signer.key().as_ref(), &mut d.rng)?;
    Ok(Composed {
        octets: as_sent(behaviour, message),
        transaction,
        signer,
        subject_key,
    })
}

/// What the persona insists on, else the best that the server says it can.
fn algorithms(behaviour: &Behaviour, known: &LastGood) -> (DigestAlgorithm, ContentCipher) {
    let capabilities = Capabilities::parse(known.capabilities.as_bytes());
    let digest = if capabilities.has(Capability::Sha256) {
        DigestAlgorithm::Sha256
    } else {
        DigestAlgorithm::Sha1
    };
    let cipher = if capabilities.has(Capability::Aes) {
        ContentCipher::Aes128Cbc
    } else {
        ContentCipher::DesEde3Cbc
    };
    (
        behaviour.digest.unwrap_or(digest),
        behaviour.cipher.unwrap_or(cipher),
    )
}

/// The key to be certified: the device's own, or one of another kind.
fn key(d: &mut Deployment, behaviour: &Behaviour) -> Result<Arc<dyn PrivateKey>> {
    if behaviour.key_type == KeyType::Rsa(2048) {
        return Ok(Arc::clone(&d.pki.device_key().key));
    }
    let pkcs8 = d
        .provider
        .generate_private_key(behaviour.key_type, &mut d.rng)?;
    Ok(d.provider.load_private_key(&pkcs8)?)
}

fn extensions(behaviour: &Behaviour) -> Vec<Extension> {
    let mut extensions = Vec::new();
    if !behaviour.subject_alt_names.is_empty() {
        extensions.push(Extension::subject_alt_name(&behaviour.subject_alt_names));
    }
    // What makes messages of real devices long is text in extensions; that of this one means nothing.
    if let Some(padding) = behaviour.message_len.and_then(|n| n.checked_sub(USUAL_LEN)) {
        let comment = write::tlv(IA5_STRING, &vec![b' '; padding]);
        extensions.push(Extension {
            oid: NETSCAPE_COMMENT,
            critical: false,
            value: comment,
        });
    }
    extensions
}

fn signer(
    d: &mut Deployment,
    behaviour: &Behaviour,
    subject: &Name,
    key: &Arc<dyn PrivateKey>,
    digest: DigestAlgorithm,
    now: UnixTime,
) -> Result<Signer> {
    // Who polls has to sign as it did before.
    if behaviour.kind == MessageKind::CertPoll
        && let Some(signer) = &d.device.signer
    {
        return Ok(signer.clone());
    }
    let earlier = match (behaviour.signer, &d.device.enrolled) {
        (SignedBy::Previous, Some(enrolled)) => return Ok(enrolled.clone()),
        (SignedBy::SelfSigned | SignedBy::Previous, _) => {
            let key = Arc::clone(key);
            return Ok(Signer::self_signed(key, subject, digest, now, &mut d.rng)?);
        }
        (SignedBy::Expired, _) => {
            let ca = d.pki.issuing_ca.clone();
            certificate_of(d, &ca, subject, key.spki_der(), now.minus(DAY * 400))?
        }
        (SignedBy::OtherCa, _) => {
            let ca = d.pki.private_tls_root.clone();
            certificate_of(d, &ca, subject, key.spki_der(), now.minus(DAY * 30))?
        }
    };
    Ok(Signer::new(earlier, Arc::clone(key))?)
}

/// Certificate and key of a client that signs with what it should not.
pub(crate) fn strange_signer(
    d: &mut Deployment,
    behaviour: &Behaviour,
    subject: &Name,
    now: UnixTime,
) -> Result<Option<Signer>> {
    if !matches!(behaviour.signer, SignedBy::Expired | SignedBy::OtherCa) {
        return Ok(None);
    }
    let key = Arc::clone(&d.pki.device_key().key);
    signer(d, behaviour, subject, &key, DigestAlgorithm::Sha256, now).map(Some)
}

/// A certificate that a CA issued then for a year.
fn certificate_of(
    d: &mut Deployment,
    ca: &Identity,
    subject: &Name,
    spki: &[u8],
    issued: UnixTime,
) -> Result<Certificate> {
    let mut serial = vec![0; 16];
    d.rng.fill(&mut serial);
    let builder = CertificateBuilder {
        serial,
        issuer: ca.certificate.subject().clone(),
        subject: subject.clone(),
        not_before: issued,
        not_after: issued.plus(DAY * 365),
        spki: spki.to_vec(),
        extensions: vec![Extension::key_usage(
            KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT,
        )],
    };
    Ok(builder.sign(ca.key.key.as_ref(), DigestAlgorithm::Sha256, &mut d.rng)?)
}

fn recipient(
    d: &mut Deployment,
    wanted: Recipient,
    known: &LastGood,
    now: UnixTime,
) -> Result<Certificate> {
    let ca = d.pki.issuing_ca.certificate.clone();
    if wanted == Recipient::Stale {
        // Of an earlier term; its key is not the server's any more.
        let issuer = d.pki.issuing_ca.clone();
        let subject = Name::from_rfc4514("CN=NDES-MSCEP-RA")?;
        let spki = d.pki.device_key().spki().to_vec();
        return certificate_of(d, &issuer, &subject, &spki, now.minus(DAY * 360));
    }
    let roles = CaCertificates::from_response(&known.ca_certificates)
        .and_then(|certificates| certificates.choose())
        .ok();
    Ok(match (wanted, roles) {
        (Recipient::RaEncryption, Some(roles)) => roles.encryption,
        (Recipient::RaSigning, Some(roles)) => roles.signing.into_iter().next().unwrap_or(ca),
        _ => ca,
    })
}

/// What a client goes by that encrypts to somebody else than it should.
pub(crate) fn remembered_bundle(
    d: &mut Deployment,
    behaviour: &Behaviour,
    now: UnixTime,
) -> Result<Vec<u8>> {
    let known = d.last_good();
    let recipient = recipient(d, behaviour.recipient, &known, now)?;
    let mut certificates = vec![recipient];
    for ca in d.ca_certificates().into_iter().rev() {
        if !certificates.contains(&ca) {
            certificates.push(ca);
        }
    }
    Ok(CaCertificates::new(certificates).to_bundle())
}

/// What arrives of the message.
pub(crate) fn as_sent(behaviour: &Behaviour, mut message: Vec<u8>) -> Vec<u8> {
    match behaviour.damage {
        Damage::None => {}
        Damage::Garbage => {
            // No ASN.1 element begins so.
            if let Some(first) = message.first_mut() {
                *first = 0;
            }
        }
        Damage::Truncated => message.truncate(message.len() / 2),
        Damage::Ber => message = streaming::indefinite(&message),
    }
    message
}
