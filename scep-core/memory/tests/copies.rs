//! How often the octets of a large message are copied.

#[allow(dead_code, reason = "made for other inputs as well")]
#[path = "../../benches/hostile/inputs/parts.rs"]
mod parts;

use std::sync::Arc;
use std::time::Duration;

use parts::{Signed, envelope, indefinite};
use scep_core::UnixTime;
use scep_core::asn1::write::octet_string;
use scep_core::cms::{EnvelopedData, Openers, SealTo, seal};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PrivateKey, RandomSource,
    RustCrypto,
};
use scep_core::limits::Limits;
use scep_core::message::{MessageBuilder, MessageType, SenderNonce, SignedMessage, TransactionId};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, CertificateBuilder, Name};
use scep_core_memory::measure;

/// Octets of the body.
const BODY: usize = 1_000_000;
/// What a message may take besides its body.
const SMALL: usize = 16 << 10;
/// What segments take that have to be joined: a few octets each.
const SEGMENTS: usize = 64 * BODY / 1000;
/// What a message may take besides its body where RSA is used, which allocates much.
const RSA: usize = 600 << 10;

const LIMITS: Limits = Limits::DEFAULT;

/// Repeatable octets: a linear congruential generator, which tests may use and nobody else.
struct TestRandom(u64);

impl RandomSource for TestRandom {
    fn fill(&mut self, out: &mut [u8]) {
        for octet in out {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
            self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
            *octet = self.0.to_be_bytes()[0];
        }
    }
}

fn identity() -> (Certificate, Arc<dyn PrivateKey>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/keys/client.der");
    let key = RustCrypto.load_private_key(&std::fs::read(path).unwrap());
    let key = key.unwrap();
    let now = UnixTime(1_790_000_000);
    let certificate = CertificateBuilder {
        serial: vec![1],
        issuer: Name::from_rfc4514("CN=one").unwrap(),
        subject: Name::from_rfc4514("CN=one").unwrap(),
        not_before: now,
        not_after: now.plus(Duration::from_secs(3600)),
        spki: key.spki_der().to_vec(),
        extensions: Vec::new(),
    };
    let certificate = certificate.sign(key.as_ref(), DigestAlgorithm::Sha256, &mut TestRandom(1));
    (certificate.unwrap(), key)
}

/// An envelope around the body, and a message around the envelope.
fn message() -> (Vec<u8>, Vec<u8>) {
    let (certificate, _) = identity();
    let to = SealTo::Certificate(&certificate, KeyTransport::RsaPkcs1v15);
    let (cipher, body) = (ContentCipher::Aes128Cbc, vec![7; BODY]);
    let envelope = seal(&RustCrypto, to, cipher, &body, &mut TestRandom(2)).unwrap();
    (sign(builder(envelope.clone())), envelope)
}

fn builder(envelope: Vec<u8>) -> MessageBuilder {
    let id = TransactionId::new("large").unwrap();
    let mut builder = MessageBuilder::new(MessageType::CertRep, id, identity().0);
    builder.sender_nonce = Some(SenderNonce::from_octets(vec![1; 16]));
    builder.envelope = Some(envelope);
    builder
}

fn sign(builder: MessageBuilder) -> Vec<u8> {
    let key = identity().1;
    builder
        .sign(&RustCrypto, key.as_ref(), &mut TestRandom(3))
        .unwrap()
}

/// The body in segments of 1000 octets.
fn segments() -> Vec<u8> {
    let segment = octet_string(&[7; 1000]);
    segment.repeat(BODY / 1000)
}

#[test]
fn a_message_is_copied_once_when_it_is_decoded() {
    let (message, envelope) = message();
    let (decoded, usage) = measure(|| SignedMessage::decode(&message, &LIMITS).unwrap());
    assert_eq!(decoded.content(), Some(&envelope[..]));
    assert!((BODY..BODY + SMALL).contains(&usage.total), "{usage:?}");
}

#[test]
fn a_message_in_ber_is_copied_once_when_it_becomes_der() {
    let message = Signed {
        content: indefinite(0x24, 1, &segments()),
        ..Signed::default()
    };
    let message = message.encode();
    let (decoded, usage) = measure(|| SignedMessage::decode(&message, &LIMITS).unwrap());
    assert_eq!(decoded.content(), Some(&[7; BODY][..]));
    let expected = BODY..BODY + SMALL + SEGMENTS;
    assert!(expected.contains(&usage.total), "{usage:?}");
}

#[test]
fn a_message_is_not_copied_when_it_is_verified_and_once_when_it_is_decrypted() {
    let (message, _) = message();
    let decoded = SignedMessage::decode(&message, &LIMITS).unwrap();
    let policy = &AlgorithmPolicy::RFC8894;
    let (verified, usage) = measure(|| decoded.verify(&RustCrypto, policy, &[]).unwrap());
    assert!(usage.total < RSA, "{usage:?}");
    let (envelope, usage) = measure(|| verified.envelope(&LIMITS).unwrap());
    assert!(usage.total < SMALL, "{usage:?}");
    drop(envelope);
    let keys = [identity()];
    let (opened, usage) = measure(|| {
        let openers = Openers::keys(&keys);
        let opened = verified.open(&RustCrypto, policy, &LIMITS, openers, &mut TestRandom(4));
        opened.unwrap()
    });
    assert_eq!(opened.content.len(), BODY);
    assert!((BODY..BODY + RSA).contains(&usage.total), "{usage:?}");
}

#[test]
fn an_envelope_is_not_copied_when_it_is_decoded() {
    let (_, envelope) = message();
    let (decoded, usage) = measure(|| EnvelopedData::decode(&envelope, &LIMITS).unwrap());
    assert!(decoded.content.ciphertext.len() > BODY);
    assert!(usage.total < SMALL, "{usage:?}");
}

#[test]
fn an_envelope_in_ber_is_copied_once_when_it_becomes_der() {
    let envelope = envelope(&[], &indefinite(0xa0, 1, &segments()));
    let (decoded, usage) = measure(|| EnvelopedData::decode(&envelope, &LIMITS).unwrap());
    assert_eq!(decoded.content.ciphertext.len(), BODY);
    let expected = BODY..BODY + SMALL + SEGMENTS;
    assert!(expected.contains(&usage.total), "{usage:?}");
}

#[test]
fn a_message_is_copied_twice_when_it_is_built() {
    let (_, envelope) = message();
    let (builder, key) = (builder(envelope), identity().1);
    let mut rng = TestRandom(3);
    let (_, usage) = measure(|| builder.sign(&RustCrypto, key.as_ref(), &mut rng));
    assert!(
        (2 * BODY..2 * BODY + RSA).contains(&usage.total),
        "{usage:?}"
    );

    let (certificate, _) = identity();
    let (body, cipher) = (vec![7; BODY], ContentCipher::Aes128Cbc);
    let to = SealTo::Certificate(&certificate, KeyTransport::RsaPkcs1v15);
    let (_, usage) = measure(|| seal(&RustCrypto, to, cipher, &body, &mut rng));
    // the ciphertext, and the message around it
    assert!(
        (2 * BODY..2 * BODY + RSA).contains(&usage.total),
        "{usage:?}"
    );
}
