//! Whatever is built reads back as it was meant: every message, with every algorithm.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::samples::TRANSPORTS;
use common::{TestCa, TestRandom, certificate, key, name, provider};
use proptest::prelude::*;
use scep_core::UnixTime;
use scep_core::cms::{
    Openers, SealTo, SignatureOid, certs_only, certs_only_certificates, crl_only, seal,
};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
use scep_core::limits::Limits;
use scep_core::message::{
    ChallengePassword, EmptyContent, FailInfo, IssuerAndSerialNumber, IssuerAndSubject,
    MessageBuilder, MessageType, PkiStatus, RecipientNonce, SenderNonce, SignedMessage,
    TransactionId,
};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{
    CertificationRequest, CertificationRequestBuilder, Extension, GeneralName, KeyUsage,
};

const LIMITS: Limits = Limits::DEFAULT;
const CIPHERS: [ContentCipher; 7] = [
    ContentCipher::Aes128Cbc,
    ContentCipher::Aes192Cbc,
    ContentCipher::Aes256Cbc,
    ContentCipher::DesEde3Cbc,
    ContentCipher::Aes128Gcm,
    ContentCipher::Aes192Gcm,
    ContentCipher::Aes256Gcm,
];
const DIGESTS: [DigestAlgorithm; 3] = [
    DigestAlgorithm::Sha256,
    DigestAlgorithm::Sha384,
    DigestAlgorithm::Sha512,
];
/// Keys that sign; those on a curve with the digest of the curve, whatever is wished for.
const SIGNERS: [(&str, DigestAlgorithm); 5] = [
    ("client", DigestAlgorithm::Sha256),
    ("rsa3072", DigestAlgorithm::Sha256),
    ("p256", DigestAlgorithm::Sha256),
    ("p384", DigestAlgorithm::Sha384),
    ("ed25519", DigestAlgorithm::Sha512),
];

/// What can be chosen freely in a message.
#[derive(Clone, Debug)]
struct Choice {
    signer: (&'static str, DigestAlgorithm),
    digest: DigestAlgorithm,
    cipher: ContentCipher,
    transport: KeyTransport,
    by_password: bool,
    id: String,
    nonce: Vec<u8>,
    signing_time: Option<i64>,
    signature_oid: SignatureOid,
    seed: u64,
}

fn choice() -> impl Strategy<Value = Choice> {
    let algorithms = (
        prop::sample::select(SIGNERS.to_vec()),
        prop::sample::select(DIGESTS.to_vec()),
        prop::sample::select(CIPHERS.to_vec()),
        prop::sample::select(TRANSPORTS.to_vec()),
        prop::bool::weighted(0.1),
    );
    let attributes = (
        "[ -~]{1,64}",
        prop::collection::vec(any::<u8>(), 1..=64),
        prop::option::of(0_i64..4_000_000_000),
        prop::sample::select(vec![SignatureOid::RsaEncryption, SignatureOid::WithDigest]),
        any::<u64>(),
    );
    (algorithms, attributes).prop_map(
        |(
            (signer, digest, cipher, transport, by_password),
            (id, nonce, signing_time, signature_oid, seed),
        )| Choice {
            signer,
            digest,
            cipher,
            transport,
            by_password,
            id,
            nonce,
            signing_time,
            signature_oid,
            seed,
        },
    )
}

/// Builds a message of this type around `data`, reads it back, and gives what was in it.
fn through(
    choice: &Choice,
    message_type: MessageType,
    data: Option<&[u8]>,
    fill: impl FnOnce(&mut MessageBuilder),
) -> (SignedMessage, Option<Vec<u8>>) {
    let ca = TestCa::rfc8894();
    let rng = &mut TestRandom(choice.seed);
    let private = key(choice.signer.0);
    let private = private.as_ref();
    let signer = certificate("CN=s", "CN=s", private, private, 9, Vec::new());
    let password = ChallengePassword::new("Zürich 7");
    let id = TransactionId::new(choice.id.as_str()).unwrap();
    let mut builder = MessageBuilder::new(message_type.clone(), id.clone(), signer.clone());
    let nonce = SenderNonce::from_octets(choice.nonce.clone());
    builder.sender_nonce = Some(nonce.clone());
    builder.digest = choice.digest;
    builder.signature_oid = choice.signature_oid;
    builder.signing_time = choice.signing_time.map(UnixTime);
    builder.envelope = data.map(|data| {
        let to = if choice.by_password {
            SealTo::Password(&password)
        } else {
            SealTo::Certificate(&ca.ra, choice.transport)
        };
        seal(provider(), to, choice.cipher, data, rng).unwrap()
    });
    fill(&mut builder);
    let der = builder.sign(provider(), private, rng).unwrap();

    let message = SignedMessage::decode(&der, &LIMITS).unwrap();
    let attributes = message.attributes();
    assert_eq!(attributes.message_type, message_type);
    assert_eq!(attributes.transaction_id, id);
    assert_eq!(attributes.sender_nonce, Some(nonce));
    assert_eq!(attributes.signing_time, builder.signing_time);
    let odd = message.deviations().as_slice();
    assert!(
        odd.iter()
            .all(|d| matches!(d.id, "nonce-length" | "attribute-string-type")),
        "{odd:?}"
    );
    let policy = AlgorithmPolicy::RFC8894.with_aes_gcm();
    let verified = message.verify(provider(), &policy, &[]).unwrap();
    assert_eq!(*verified.signer(), signer);
    let expected = match choice.signer {
        ("client" | "rsa3072", _) => choice.digest,
        (_, of_the_curve) => of_the_curve,
    };
    assert_eq!(verified.digest(), expected);
    let content = data.map(|_| {
        let keys = [(ca.ra, key("ra"))];
        let passwords = [password];
        let openers = Openers {
            keys: &keys,
            passwords: &passwords,
        };
        let opened = verified
            .open(provider(), &policy, &LIMITS, openers, rng)
            .unwrap();
        assert_eq!(opened.cipher, choice.cipher);
        let transport = (!choice.by_password).then_some(choice.transport);
        assert_eq!(opened.transport, transport);
        opened.content.to_vec()
    });
    (verified.message().clone(), content)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn requests_for_a_certificate(
        choice in choice(),
        renews in any::<bool>(),
        subject in "[A-Za-z0-9 ]{1,30}",
        challenge in prop::option::of("\\PC{1,80}"),
        host in "[a-z]{1,20}",
        requester in prop::sample::select(SIGNERS.to_vec()),
    ) {
        let subject = name(&format!("CN=x{subject}x"));
        let extensions = vec![
            Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE),
            Extension::subject_alt_name(&[GeneralName::Dns(host.clone())]),
        ];
        let built = CertificationRequestBuilder {
            subject: subject.clone(),
            challenge: challenge.as_deref().map(ChallengePassword::new),
            extensions: extensions.clone(),
        }
        .sign(key(requester.0).as_ref(), requester.1, &mut TestRandom(choice.seed))
        .unwrap();
        let message_type = if renews { MessageType::RenewalReq } else { MessageType::PkcsReq };
        let (_, content) = through(&choice, message_type, Some(built.as_der()), |_| {});
        let csr = CertificationRequest::from_der(&content.unwrap()).unwrap();
        csr.verify(provider()).unwrap();
        prop_assert_eq!(csr.subject(), &subject);
        let requester_key = key(requester.0);
        prop_assert_eq!(csr.spki_der(), requester_key.spki_der());
        prop_assert_eq!(csr.challenge_password().map(ChallengePassword::expose), challenge.as_deref());
        prop_assert_eq!(csr.extensions(), extensions.as_slice());
        prop_assert_eq!(csr.subject_alt_names(), vec![format!("dns:{host}")]);
    }

    #[test]
    fn questions(
        choice in choice(),
        what in prop::sample::select(vec![MessageType::CertPoll, MessageType::GetCert, MessageType::GetCrl]),
        issuer in "[A-Za-z0-9]{1,30}",
        subject in "[A-Za-z0-9]{1,30}",
        serial in prop::collection::vec(any::<u8>(), 1..=40),
    ) {
        let (issuer, subject) = (name(&format!("CN={issuer}")), name(&format!("CN={subject}")));
        if what == MessageType::CertPoll {
            let names = IssuerAndSubject { issuer, subject };
            let (_, content) = through(&choice, what, Some(&names.to_der()), |_| {});
            prop_assert_eq!(IssuerAndSubject::from_der(&content.unwrap()).unwrap(), names);
        } else {
            let id = IssuerAndSerialNumber { issuer, serial };
            let (_, content) = through(&choice, what, Some(&id.to_der()), |_| {});
            prop_assert_eq!(IssuerAndSerialNumber::from_der(&content.unwrap()).unwrap(), id);
        }
    }

    #[test]
    fn successes(choice in choice(), count in 1_u8..5, crl in any::<bool>(), nonce in prop::collection::vec(any::<u8>(), 1..=64)) {
        let ca = TestCa::rfc8894();
        let client = key("client");
        let certificates: Vec<_> = (0..count)
            .map(|n| certificate("CN=d", common::CA, client.as_ref(), ca.ca_key.as_ref(), n + 1, Vec::new()))
            .collect();
        let data = if crl { crl_only(ca.crl().as_der()) } else { certs_only(&certificates) };
        let (message, content) = through(&choice, MessageType::CertRep, Some(&data), |b| {
            b.pki_status = Some(PkiStatus::Success);
            b.recipient_nonce = Some(RecipientNonce::from_octets(nonce.clone()));
        });
        prop_assert_eq!(&message.attributes().pki_status, &Some(PkiStatus::Success));
        prop_assert_eq!(&message.attributes().recipient_nonce, &Some(RecipientNonce::from_octets(nonce)));
        let content = content.unwrap();
        prop_assert_eq!(&content, &data);
        if !crl {
            prop_assert_eq!(certs_only_certificates(&content, &LIMITS).unwrap(), certificates);
        }
    }

    #[test]
    fn refusals_and_delays(
        choice in choice(),
        fail_info in 0_u32..20,
        text in prop::option::of("\\PC{0,80}"),
        hresult in prop::option::of(any::<i32>()),
        empty in prop::sample::select(vec![EmptyContent::Absent, EmptyContent::ZeroLength, EmptyContent::OneZeroOctet]),
        pending in any::<bool>(),
    ) {
        let fail_info = FailInfo::from_text(&fail_info.to_string());
        let (message, content) = through(&choice, MessageType::CertRep, None, |b| {
            b.empty_content = empty;
            if pending {
                b.pki_status = Some(PkiStatus::Pending);
            } else {
                b.pki_status = Some(PkiStatus::Failure);
                b.fail_info = Some(fail_info.clone());
                b.fail_info_text = text.clone();
                b.hresult = hresult;
            }
        });
        prop_assert!(content.is_none());
        let octets = match empty {
            EmptyContent::Absent => None,
            EmptyContent::ZeroLength => Some(&[][..]),
            EmptyContent::OneZeroOctet => Some(&[0][..]),
        };
        prop_assert_eq!(message.content(), octets);
        let attributes = message.attributes();
        if pending {
            prop_assert_eq!(&attributes.pki_status, &Some(PkiStatus::Pending));
            prop_assert_eq!(&attributes.fail_info, &None);
        } else {
            prop_assert_eq!(&attributes.pki_status, &Some(PkiStatus::Failure));
            prop_assert_eq!(&attributes.fail_info, &Some(fail_info));
            prop_assert_eq!(&attributes.fail_info_text, &text);
            prop_assert_eq!(attributes.microsoft.hresult, hresult);
        }
    }
}
