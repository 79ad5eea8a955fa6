//! The two providers against each other: what one makes, the other takes.
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

use common::{TestRandom, key_der};
use scep_core::Error;
use scep_core::crypto::{
    AwsLcRs, ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, KeyType, PrivateKey,
    RandomSource, RustCrypto, SignatureAlgorithm,
};

use DigestAlgorithm::{Md5, Sha1, Sha224, Sha256, Sha384, Sha512};

/// Both orders of the two.
const PAIRS: [[&dyn CryptoProvider; 2]; 2] = [[&RustCrypto, &AwsLcRs], [&AwsLcRs, &RustCrypto]];

const CBC: [ContentCipher; 5] = [
    ContentCipher::DesCbc,
    ContentCipher::DesEde3Cbc,
    ContentCipher::Aes128Cbc,
    ContentCipher::Aes192Cbc,
    ContentCipher::Aes256Cbc,
];

const GCM: [ContentCipher; 3] = [
    ContentCipher::Aes128Gcm,
    ContentCipher::Aes192Gcm,
    ContentCipher::Aes256Gcm,
];

fn load(provider: &dyn CryptoProvider, name: &str) -> Arc<dyn PrivateKey> {
    provider.load_private_key(&key_der(name)).unwrap()
}

fn pss(digest: DigestAlgorithm, salt_len: usize) -> SignatureAlgorithm {
    SignatureAlgorithm::RsaPss {
        digest,
        mgf_digest: digest,
        salt_len,
    }
}

fn oaep(digest: DigestAlgorithm, mgf_digest: DigestAlgorithm) -> KeyTransport {
    KeyTransport::RsaOaep { digest, mgf_digest }
}

/// A repeatable key of this length, none of whose parts are alike.
fn octets(len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    TestRandom(11).fill(&mut out);
    out
}

fn lacks<T: std::fmt::Debug>(outcome: Result<T, Error>, algorithm: &str) {
    let expected = Error::Unsupported {
        algorithm: algorithm.into(),
        provider: AwsLcRs.name(),
    };
    assert_eq!(outcome.unwrap_err(), expected);
}

#[test]
fn digests_and_derived_keys_are_the_same() {
    for data in [&b""[..], b"abc", &[7; 1000]] {
        for digest in [Sha1, Sha224, Sha256, Sha384, Sha512] {
            assert_eq!(
                RustCrypto.digest(digest, data),
                AwsLcRs.digest(digest, data)
            );
        }
        for digest in [Sha1, Sha256, Sha384, Sha512] {
            for (iterations, len) in [(1, 0), (1, 16), (2, 32), (1000, 99)] {
                let [one, other] = PAIRS[0].map(|provider| {
                    let derived = provider.derive_key(digest, data, b"salt", iterations, len);
                    derived.unwrap().to_vec()
                });
                assert_eq!(one, other, "{digest}");
            }
        }
    }
    for provider in PAIRS[0] {
        let never = provider.derive_key(Sha256, b"", b"", 0, 1).unwrap_err();
        assert!(matches!(never, Error::Misuse(_)), "{never}");
    }
    lacks(AwsLcRs.digest(Md5, b""), "MD5");
    let sha224 = AwsLcRs.derive_key(Sha224, b"", b"", 1, 1);
    lacks(sha224, "PBKDF2 with SHA-224");
}

/// Schemes that both sign with, by key.
fn schemes(name: &str) -> Vec<SignatureAlgorithm> {
    match name {
        "p256" => vec![SignatureAlgorithm::Ecdsa(Sha256)],
        "p384" => vec![SignatureAlgorithm::Ecdsa(Sha384)],
        "ed25519" => vec![SignatureAlgorithm::Ed25519],
        _ => [Sha256, Sha384, Sha512]
            .into_iter()
            .flat_map(|digest| {
                let salt_len = digest.output_len();
                [
                    SignatureAlgorithm::RsaPkcs1v15(digest),
                    pss(digest, salt_len),
                ]
            })
            .collect(),
    }
}

#[test]
fn what_one_signs_the_other_verifies() {
    let mut rng = TestRandom(1);
    for name in ["ca", "rsa3072", "rsa4096", "p256", "p384", "ed25519"] {
        for [one, other] in PAIRS {
            let private = load(one, name);
            assert_eq!(private.spki_der(), load(other, name).spki_der());
            for scheme in schemes(name) {
                let signature = private.sign(scheme, b"message", &mut rng).unwrap();
                let verify = |provider: &dyn CryptoProvider, message, signature: &[u8]| {
                    provider.verify(private.spki_der(), scheme, message, signature)
                };
                verify(other, b"message", &signature).unwrap();
                verify(one, b"message", &signature).unwrap();
                let mut damaged = signature.clone();
                damaged[signature.len() / 2] ^= 1;
                let longer = [&signature[..], &[0]].concat();
                for bad in [
                    verify(other, b"massage", &signature),
                    verify(other, b"message", &damaged),
                    verify(other, b"message", &longer),
                    verify(other, b"message", &[]),
                ] {
                    assert!(matches!(bad, Err(Error::NotAuthentic { .. })), "{scheme}");
                }
            }
        }
    }
}

#[test]
fn aws_lc_verifies_more_than_it_signs() {
    let mut rng = TestRandom(1);
    let mut cases = vec![("ca", SignatureAlgorithm::RsaPkcs1v15(Sha1))];
    for salt_len in [0, 20, 48, 190] {
        cases.push(("ca", pss(Sha256, salt_len)));
    }
    for digest in [Sha1, Sha384, Sha512] {
        cases.push(("p256", SignatureAlgorithm::Ecdsa(digest)));
    }
    for digest in [Sha256, Sha512] {
        cases.push(("p384", SignatureAlgorithm::Ecdsa(digest)));
    }
    for (name, scheme) in cases {
        let private = load(&RustCrypto, name);
        let signature = private.sign(scheme, b"message", &mut rng).unwrap();
        AwsLcRs
            .verify(private.spki_der(), scheme, b"message", &signature)
            .unwrap();
        let refused = load(&AwsLcRs, name).sign(scheme, b"message", &mut rng);
        lacks(
            refused,
            &match (name, scheme) {
                ("p256", _) => format!("signing by {scheme} on EC P-256"),
                ("p384", _) => format!("signing by {scheme} on EC P-384"),
                (_, SignatureAlgorithm::RsaPss { salt_len, .. }) => {
                    format!(
                        "signing by {scheme}, MGF1 with SHA-256 and a salt of {salt_len} octets"
                    )
                }
                _ => format!("signing by {scheme}"),
            },
        );
    }
    // a salt of another length than announced is a wrong signature
    let private = load(&AwsLcRs, "ca");
    let signature = private.sign(pss(Sha256, 32), b"message", &mut rng).unwrap();
    for salt_len in [0, 31, 33, 70_000] {
        let wrong = AwsLcRs.verify(
            private.spki_der(),
            pss(Sha256, salt_len),
            b"message",
            &signature,
        );
        assert!(
            matches!(wrong, Err(Error::NotAuthentic { .. })),
            "{salt_len}"
        );
    }
}

#[test]
fn schemes_that_aws_lc_lacks() {
    let mut rng = TestRandom(1);
    let verify = |name: &str, scheme| {
        let spki = load(&RustCrypto, name).spki_der().to_vec();
        AwsLcRs.verify(&spki, scheme, b"", b"")
    };
    for digest in [Md5, Sha224] {
        let scheme = SignatureAlgorithm::RsaPkcs1v15(digest);
        lacks(verify("ca", scheme), &format!("verifying {scheme}"));
        let refused = load(&AwsLcRs, "ca").sign(scheme, b"", &mut rng);
        lacks(refused, &format!("signing by {scheme}"));
        let scheme = SignatureAlgorithm::Ecdsa(digest);
        lacks(
            verify("p256", scheme),
            &format!("verifying {scheme} on EC P-256"),
        );
    }
    lacks(
        verify("p384", SignatureAlgorithm::Ecdsa(Sha1)),
        "verifying ECDSA with SHA-1 on EC P-384",
    );
    let two_digests = SignatureAlgorithm::RsaPss {
        digest: Sha256,
        mgf_digest: Sha1,
        salt_len: 32,
    };
    lacks(
        verify("ca", two_digests),
        "verifying RSA PSS with SHA-256, MGF1 with SHA-1 and a salt of 32 octets",
    );
    // a scheme of another kind of key is nobody's
    for provider in PAIRS[0] {
        let private = load(provider, "ca");
        let wrong = private.sign(SignatureAlgorithm::Ed25519, b"", &mut rng);
        let expected = Error::Unsupported {
            algorithm: "Ed25519 with an RSA key".into(),
            provider: provider.name(),
        };
        assert_eq!(wrong.unwrap_err(), expected);
    }
}

#[test]
fn a_small_rsa_key_is_for_verifying_only() {
    let mut rng = TestRandom(3);
    let der = RustCrypto
        .generate_private_key(KeyType::Rsa(1024), &mut rng)
        .unwrap();
    let private = RustCrypto.load_private_key(&der).unwrap();
    let spki = private.spki_der();
    for digest in [Sha1, Sha256, Sha384, Sha512] {
        let scheme = SignatureAlgorithm::RsaPkcs1v15(digest);
        let signature = private.sign(scheme, b"message", &mut rng).unwrap();
        let verified = AwsLcRs.verify(spki, scheme, b"message", &signature);
        if digest == Sha384 {
            let what = "verifying RSA PKCS#1 v1.5 with SHA-384 by a key of 1024 bits";
            lacks(verified, what);
        } else {
            verified.unwrap();
        }
    }
    lacks(AwsLcRs.load_private_key(&der), "an RSA key of 1024 bits");
    lacks(
        AwsLcRs.wrap_cek(spki, KeyTransport::RsaPkcs1v15, &[1; 16], &mut rng),
        "encryption to an RSA key of 1024 bits",
    );
    for bits in [1024, 2049, 16384] {
        lacks(
            AwsLcRs.generate_private_key(KeyType::Rsa(bits), &mut rng),
            &format!("making an RSA key of {bits} bits"),
        );
    }
}

#[test]
fn what_one_wraps_the_other_unwraps() {
    let mut rng = TestRandom(1);
    for [one, other] in PAIRS {
        for name in ["ca", "rsa3072"] {
            let private = load(other, name);
            for transport in [
                KeyTransport::RsaPkcs1v15,
                KeyTransport::OAEP_DEFAULT,
                oaep(Sha256, Sha256),
                oaep(Sha384, Sha384),
                oaep(Sha512, Sha512),
            ] {
                for len in [8, 16, 24, 32] {
                    let cek = octets(len);
                    let wrapped = one.wrap_cek(private.spki_der(), transport, &cek, &mut rng);
                    let wrapped = wrapped.unwrap();
                    let unwrapped = private.decrypt_cek(transport, &wrapped, len, &mut rng);
                    assert_eq!(*unwrapped.unwrap(), cek, "{transport}");
                }
            }
        }
    }
    let private = load(&AwsLcRs, "ca");
    for (digest, mgf_digest) in [(Sha256, Sha1), (Sha224, Sha224), (Md5, Md5)] {
        let transport = oaep(digest, mgf_digest);
        let what = format!("RSA OAEP with {digest} and MGF1 with {mgf_digest}");
        let wrapped = AwsLcRs.wrap_cek(private.spki_der(), transport, &[1; 16], &mut rng);
        lacks(wrapped, &what);
        let unwrapped = private.decrypt_cek(transport, &[1; 256], 16, &mut rng);
        lacks(unwrapped, &what);
    }
    for name in ["p256", "p384", "ed25519"] {
        let private = load(&AwsLcRs, name);
        let transport = KeyTransport::RsaPkcs1v15;
        for outcome in [
            private
                .decrypt_cek(transport, &[1; 256], 16, &mut rng)
                .map(|_| ()),
            AwsLcRs
                .wrap_cek(private.spki_der(), transport, &[1; 16], &mut rng)
                .map(|_| ()),
        ] {
            assert!(matches!(outcome, Err(Error::Unsupported { .. })));
        }
    }
}

#[test]
fn content_is_encrypted_to_the_same_octets() {
    for len in [0, 1, 7, 8, 15, 16, 17, 1000] {
        let plain = octets(len);
        for cipher in CBC {
            let (key, iv) = (octets(cipher.key_len()), octets(cipher.iv_len()));
            let [one, other] = PAIRS[0].map(|p| p.encrypt_content(cipher, &key, &iv, &plain));
            assert_eq!(one, other, "{cipher}");
            let opened = AwsLcRs.decrypt_content(cipher, &key, &iv, &one.unwrap());
            assert_eq!(*opened.unwrap(), plain);
            let mut blocks = PAIRS[0].map(|provider| {
                let mut blocks = plain.clone();
                let outcome = provider.encrypt_blocks(cipher, &key, &iv, &mut blocks);
                outcome.map(|()| blocks)
            });
            assert_eq!(blocks[0], blocks[1], "{cipher}, {len}");
            if let Ok(blocks) = &mut blocks[0] {
                AwsLcRs.decrypt_blocks(cipher, &key, &iv, blocks).unwrap();
                assert_eq!(*blocks, plain);
            }
        }
        for cipher in GCM {
            let (key, nonce) = (octets(cipher.key_len()), octets(cipher.iv_len()));
            for associated in [&b""[..], b"attributes"] {
                let [one, other] = PAIRS[0]
                    .map(|p| p.encrypt_authenticated(cipher, &key, &nonce, associated, &plain));
                assert_eq!(one, other, "{cipher}");
                let sealed = one.unwrap();
                let (content, tag) = sealed.split_at(len);
                let opened =
                    AwsLcRs.decrypt_authenticated(cipher, &key, &nonce, associated, content, tag);
                assert_eq!(*opened.unwrap(), plain);
                let mut wrong = tag.to_vec();
                wrong[0] ^= 1;
                let [one, other] = PAIRS[0].map(|p| {
                    p.decrypt_authenticated(cipher, &key, &nonce, associated, content, &wrong)
                });
                assert_eq!(one.unwrap_err(), other.unwrap_err());
                let short = AwsLcRs.decrypt_authenticated(
                    cipher,
                    &key,
                    &nonce,
                    associated,
                    content,
                    &tag[..12],
                );
                lacks(short, &format!("{cipher} with a tag of 12 octets"));
            }
        }
    }
}

/// Of every failure, the two speak alike.
#[test]
fn errors_are_the_same() {
    let mut rng = TestRandom(1);
    let spki = load(&RustCrypto, "ca").spki_der().to_vec();
    let even = {
        // the last octet of the modulus stands before the exponent, 02 03 01 00 01
        let mut even = spki.clone();
        let at = even.len() - 6;
        even[at] &= 0xfe;
        even
    };
    let scheme = SignatureAlgorithm::RsaPkcs1v15(Sha256);
    let aes = ContentCipher::Aes128Cbc;
    let mut errors = PAIRS[0].map(|provider| {
        let private = load(provider, "ca");
        let misuse = [
            provider.encrypt_content(aes, &[1; 15], &[1; 16], b"x"),
            provider.encrypt_content(aes, &[1; 16], &[1; 12], b"x"),
            provider.encrypt_content(ContentCipher::Aes128Gcm, &[1; 16], &[1; 12], b"x"),
            provider.encrypt_authenticated(aes, &[1; 16], &[1; 16], b"", b"x"),
            provider.encrypt_authenticated(ContentCipher::Aes128Gcm, &[1; 16], &[1; 16], b"", b""),
        ];
        let mut errors: Vec<Error> = misuse.into_iter().map(Result::unwrap_err).collect();
        for blocks in [&mut [1; 15][..], &mut [1; 17]] {
            errors.push(
                provider
                    .encrypt_blocks(aes, &[1; 16], &[1; 16], blocks)
                    .unwrap_err(),
            );
            errors.push(
                provider
                    .decrypt_blocks(aes, &[1; 16], &[1; 16], blocks)
                    .unwrap_err(),
            );
        }
        for ciphertext in [&[][..], &[1; 15], &[1; 16]] {
            let opened = provider.decrypt_content(aes, &[1; 16], &[1; 16], ciphertext);
            errors.push(opened.unwrap_err());
        }
        let opened = provider.decrypt_content(aes, &[1; 15], &[1; 16], &[1; 16]);
        errors.push(opened.unwrap_err());
        for (spki, scheme) in [
            (&spki[..], scheme),
            (&spki[1..], scheme),
            (&spki[..100], scheme),
            (&spki, SignatureAlgorithm::Ed25519),
            (&spki, SignatureAlgorithm::Ecdsa(Sha256)),
        ] {
            let verified = provider.verify(spki, scheme, b"message", &[1; 256]);
            errors.push(verified.unwrap_err());
        }
        for ciphertext in [&[1; 255][..], &[], &[1; 257]] {
            let short = private.decrypt_cek(KeyTransport::RsaPkcs1v15, ciphertext, 16, &mut rng);
            errors.push(short.unwrap_err());
        }
        for der in [&[][..], &key_der("ca")[..99], &key_der("p256")[1..], b"key"] {
            errors.push(provider.load_private_key(der).unwrap_err());
        }
        errors
    });
    let [one, other] = &mut errors;
    assert_eq!(one, other);
    // the reason is the library's here
    for provider in PAIRS[0] {
        let unusable = provider.verify(&even, scheme, b"", b"").unwrap_err();
        assert!(matches!(unusable, Error::Malformed { .. }), "{unusable}");
    }
}

#[test]
fn des_keys_that_aws_lc_takes_for_weak() {
    let ede =
        |a: u8, b: u8, c: u8| [octets(7), vec![a], octets(7), vec![b], octets(7), vec![c]].concat();
    for (cipher, key) in [
        (ContentCipher::DesCbc, vec![1; 8]),
        (ContentCipher::DesCbc, vec![0xfe; 8]),
        (ContentCipher::DesEde3Cbc, ede(1, 1, 2)),
        (ContentCipher::DesEde3Cbc, ede(1, 2, 2)),
        // two keys in 24 octets
        (ContentCipher::DesEde3Cbc, ede(1, 2, 1)),
    ] {
        let what = format!("{cipher} with a weak or repeated key");
        let sealed = RustCrypto
            .encrypt_content(cipher, &key, &[1; 8], b"plain")
            .unwrap();
        lacks(
            AwsLcRs.encrypt_content(cipher, &key, &[1; 8], b"plain"),
            &what,
        );
        lacks(
            AwsLcRs.decrypt_content(cipher, &key, &[1; 8], &sealed),
            &what,
        );
        let mut blocks = sealed.clone();
        lacks(
            AwsLcRs.decrypt_blocks(cipher, &key, &[1; 8], &mut blocks),
            &what,
        );
        lacks(
            AwsLcRs.encrypt_blocks(cipher, &key, &[1; 8], &mut blocks),
            &what,
        );
        assert_eq!(blocks, sealed, "what is refused is not touched");
    }
}

#[test]
fn keys_of_one_are_keys_of_the_other() {
    let mut rng = TestRandom(5);
    for [one, other] in PAIRS {
        for key_type in [
            KeyType::Rsa(2048),
            KeyType::EcP256,
            KeyType::EcP384,
            KeyType::Ed25519,
        ] {
            let der = one.generate_private_key(key_type, &mut rng).unwrap();
            let [a, b] = [one, other].map(|p| p.load_private_key(&der).unwrap());
            assert_eq!(a.spki_der(), b.spki_der(), "{key_type}");
        }
    }
}

/// Counts what is asked of it.
struct Counted(usize);

impl RandomSource for Counted {
    fn fill(&mut self, out: &mut [u8]) {
        self.0 += out.len();
        out.fill(0x5a);
    }
}

/// As the documentation of the provider says.
#[test]
fn aws_lc_uses_our_random_octets_for_the_substitute_key_only() {
    let mut rng = Counted(0);
    let private = load(&AwsLcRs, "ca");
    let wrapped = AwsLcRs
        .wrap_cek(
            private.spki_der(),
            KeyTransport::RsaPkcs1v15,
            &[1; 16],
            &mut rng,
        )
        .unwrap();
    let scheme = SignatureAlgorithm::RsaPkcs1v15(Sha256);
    private.sign(scheme, b"message", &mut rng).unwrap();
    AwsLcRs
        .generate_private_key(KeyType::EcP256, &mut rng)
        .unwrap();
    assert_eq!(rng.0, 0);
    // made whether it is needed or not
    for (ciphertext, expected) in [(wrapped, [1; 16]), (vec![9; 256], [0x5a; 16])] {
        for transport in [KeyTransport::RsaPkcs1v15, KeyTransport::OAEP_DEFAULT] {
            rng.0 = 0;
            let cek = private
                .decrypt_cek(transport, &ciphertext, 16, &mut rng)
                .unwrap();
            if transport == KeyTransport::RsaPkcs1v15 {
                assert_eq!(**cek, expected);
            }
            assert_eq!(rng.0, 16);
        }
    }
}

/// For a key of small order there are signatures that fit any message: here R is the neutral element and
/// S is 0. Neither provider takes one.
#[test]
fn no_provider_takes_an_ed25519_key_of_small_order() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2)
            .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    };
    let near_p = |first: &str| format!("{first}{}7f", "ff".repeat(30));
    let mut signature = vec![0; 64];
    signature[0] = 1;
    for point in [
        "00".repeat(32),
        format!("01{}", "00".repeat(31)),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".into(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".into(),
        near_p("ec"),
        near_p("ed"),
        near_p("ee"),
    ] {
        for sign in [0, 0x80] {
            let mut key = hex(&point);
            key[31] |= sign;
            let mut spki = hex("302a300506032b6570032100");
            spki.extend(&key);
            // a key of order 8 fits one message in eight
            for (provider, message) in PAIRS[0]
                .into_iter()
                .flat_map(|p| (0..64).map(move |m| (p, [m])))
            {
                let verdict =
                    provider.verify(&spki, SignatureAlgorithm::Ed25519, &message, &signature);
                assert!(verdict.is_err(), "{point} at {}", provider.name());
            }
        }
    }
}
