//! A provider that hands on what it cannot do.
#![cfg(all(feature = "rustcrypto", feature = "aws-lc-rs"))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::sync::Arc;

use common::samples::{self, Shape};
use common::{TestCa, TestRandom, key_der};
use scep_core::crypto::{
    AwsLcRs, ContentCipher, CryptoProvider, DigestAlgorithm, Fallback, KeyTransport, KeyType,
    PrivateKey, RandomSource, RustCrypto, SignatureAlgorithm,
};
use scep_core::limits::Limits;
use scep_core::message::{MessageType, PkiStatus, SignedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_core::server::{ReplyStyle, Responder};
use scep_core::{Error, Result};
use zeroize::Zeroizing;

const SHA_1: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha1);
const SHA_256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);

fn both() -> Fallback {
    Fallback::new(Arc::new(AwsLcRs), Arc::new(RustCrypto))
}

#[test]
fn the_second_does_what_the_first_lacks() {
    let both = both();
    let mut rng = TestRandom(1);
    let md5 = both.digest(DigestAlgorithm::Md5, b"abc");
    assert_eq!(md5, RustCrypto.digest(DigestAlgorithm::Md5, b"abc"));
    let derived = both.derive_key(DigestAlgorithm::Sha224, b"p", b"s", 2, 16);
    let expected = RustCrypto.derive_key(DigestAlgorithm::Sha224, b"p", b"s", 2, 16);
    assert_eq!(derived, expected);

    // a key that the first cannot load
    let small = both
        .generate_private_key(KeyType::Rsa(1024), &mut rng)
        .unwrap();
    let private = both.load_private_key(&small).unwrap();
    let transport = KeyTransport::RsaPkcs1v15;
    let wrapped = both
        .wrap_cek(private.spki_der(), transport, &[7; 16], &mut rng)
        .unwrap();
    let cek = private.decrypt_cek(transport, &wrapped, 16, &mut rng);
    assert_eq!(**cek.unwrap(), [7; 16]);

    // one that it can, for what it cannot do with it
    let private = both.load_private_key(&key_der("ca")).unwrap();
    for scheme in [
        SHA_1,
        SHA_256,
        SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Md5),
    ] {
        let signature = private.sign(scheme, b"message", &mut rng).unwrap();
        both.verify(private.spki_der(), scheme, b"message", &signature)
            .unwrap();
    }
    let transport = KeyTransport::RsaOaep {
        digest: DigestAlgorithm::Sha256,
        mgf_digest: DigestAlgorithm::Sha1,
    };
    let wrapped = both
        .wrap_cek(private.spki_der(), transport, &[7; 16], &mut rng)
        .unwrap();
    let cek = private.decrypt_cek(transport, &wrapped, 16, &mut rng);
    assert_eq!(**cek.unwrap(), [7; 16]);

    // a tag of twelve octets, a weak key
    let cipher = ContentCipher::Aes128Gcm;
    let sealed = both
        .encrypt_authenticated(cipher, &[1; 16], &[2; 12], b"a", b"plain")
        .unwrap();
    let (content, tag) = (&sealed[..5], &sealed[5..17]);
    let opened = both.decrypt_authenticated(cipher, &[1; 16], &[2; 12], b"a", content, tag);
    assert_eq!(**opened.unwrap(), b"plain"[..]);
    let cipher = ContentCipher::DesCbc;
    let sealed = both
        .encrypt_content(cipher, &[1; 8], &[1; 8], b"plain")
        .unwrap();
    let opened = both.decrypt_content(cipher, &[1; 8], &[1; 8], &sealed);
    assert_eq!(**opened.unwrap(), b"plain"[..]);
    let mut blocks = *b"8 octets";
    both.encrypt_blocks(cipher, &[1; 8], &[1; 8], &mut blocks)
        .unwrap();
    assert_ne!(blocks, *b"8 octets");
    both.decrypt_blocks(cipher, &[1; 8], &[1; 8], &mut blocks)
        .unwrap();
    assert_eq!(blocks, *b"8 octets");
}

#[test]
fn what_both_lack_is_said_by_the_second() {
    let private = both().load_private_key(&key_der("p256")).unwrap();
    let md5 = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Md5);
    let error = private.sign(md5, b"", &mut TestRandom(1)).unwrap_err();
    assert_eq!(
        error,
        Error::Unsupported {
            algorithm: "ECDSA with MD5".into(),
            provider: RustCrypto.name(),
        }
    );
}

/// Must not be asked, except for keys, of which it has none.
#[derive(Debug)]
struct Forbidden;

impl CryptoProvider for Forbidden {
    fn name(&self) -> &'static str {
        "nobody"
    }

    fn digest(&self, _: DigestAlgorithm, _: &[u8]) -> Result<Vec<u8>> {
        panic!("the second was asked")
    }

    fn verify(&self, _: &[u8], _: SignatureAlgorithm, _: &[u8], _: &[u8]) -> Result<()> {
        panic!("the second was asked")
    }

    fn load_private_key(&self, _: &[u8]) -> Result<Arc<dyn PrivateKey>> {
        Err(Error::Unsupported {
            algorithm: "a key".into(),
            provider: self.name(),
        })
    }

    fn generate_private_key(
        &self,
        _: KeyType,
        _: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        panic!("the second was asked")
    }

    fn wrap_cek(
        &self,
        _: &[u8],
        _: KeyTransport,
        _: &[u8],
        _: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        panic!("the second was asked")
    }

    fn encrypt_content(&self, _: ContentCipher, _: &[u8], _: &[u8], _: &[u8]) -> Result<Vec<u8>> {
        panic!("the second was asked")
    }

    fn decrypt_content(
        &self,
        _: ContentCipher,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        panic!("the second was asked")
    }
}

#[test]
fn the_second_is_not_asked_for_anything_else() {
    let provider = Fallback::new(Arc::new(AwsLcRs), Arc::new(Forbidden));
    let mut rng = TestRandom(1);
    provider.digest(DigestAlgorithm::Sha256, b"").unwrap();
    let private = provider.load_private_key(&key_der("ca")).unwrap();
    let signature = private.sign(SHA_256, b"message", &mut rng).unwrap();
    let spki = private.spki_der();
    provider
        .verify(spki, SHA_256, b"message", &signature)
        .unwrap();
    // a wrong signature or padding is no reason to ask somebody else
    let wrong = provider.verify(spki, SHA_256, b"massage", &signature);
    assert!(matches!(wrong, Err(Error::NotAuthentic { .. })));
    let aes = ContentCipher::Aes128Cbc;
    let opened = provider.decrypt_content(aes, &[1; 16], &[1; 16], &[1; 16]);
    assert!(matches!(opened, Err(Error::NotAuthentic { .. })));
    let misuse = provider.encrypt_content(aes, &[1; 15], &[1; 16], b"");
    assert!(matches!(misuse, Err(Error::Misuse(_))));
    let broken = provider.load_private_key(b"key");
    assert!(matches!(broken, Err(Error::Malformed { .. })));
    // without a second key, the first one's word stands
    let error = private.sign(SHA_1, b"", &mut rng).unwrap_err();
    assert!(error.to_string().contains(AwsLcRs.name()), "{error}");
}

/// A responder whose keys and algorithms are this provider's.
fn responder(ca: &TestCa, provider: Arc<dyn CryptoProvider>) -> Responder {
    let mut config = ca.responder.config().clone();
    let private = provider.load_private_key(&key_der("ra")).unwrap();
    config.signer.1 = Arc::clone(&private);
    config.decrypters = vec![(ca.ra.clone(), private)];
    config.provider = provider;
    Responder::new(config)
}

#[test]
fn a_legacy_request_is_answered_in_kind() {
    let shape = Shape {
        cipher: ContentCipher::DesCbc,
        digest: DigestAlgorithm::Md5,
        ..Shape::default()
    };
    let mut ca = TestCa::new(ReplyStyle::RFC8894, AlgorithmPolicy::LEGACY);
    ca.responder = responder(&ca, Arc::new(both()));
    let csr = samples::csr();
    let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), shape);
    let reply = ca.respond(&message).unwrap();
    assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
    assert_eq!(digest_of(&reply.der), DigestAlgorithm::Md5);
}

/// The digest of a request is mirrored where it can be; the certificate must not get lost for it.
#[test]
fn a_digest_that_cannot_be_mirrored_is_replaced() {
    let shape = Shape {
        digest: DigestAlgorithm::Sha1,
        ..Shape::default()
    };
    let providers: [(Arc<dyn CryptoProvider>, _); 2] = [
        (Arc::new(both()), DigestAlgorithm::Sha1),
        (Arc::new(AwsLcRs), DigestAlgorithm::Sha256),
    ];
    for (provider, expected) in providers {
        let mut ca = TestCa::new(ReplyStyle::RFC8894, AlgorithmPolicy::NDES);
        ca.responder = responder(&ca, provider);
        let csr = samples::csr();
        let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), shape);
        let reply = ca.respond(&message).unwrap();
        assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
        assert_eq!(digest_of(&reply.der), expected);
    }
}

fn digest_of(message: &[u8]) -> DigestAlgorithm {
    let decoded = SignedMessage::decode(message, &Limits::DEFAULT).unwrap();
    decoded.signer_info().digest_algorithm.digest().unwrap()
}
