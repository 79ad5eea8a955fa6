//! The RSA operations by themselves: on keys that are loaded, through the provider's trait.

use std::hint::black_box;
use std::sync::Arc;

use scep_core::crypto::{DigestAlgorithm, KeyTransport, SignatureAlgorithm, SystemRandom};

use super::lab::{Identity, Lab};
use super::measure::Task;

const SCHEME: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
const TRANSPORT: KeyTransport = KeyTransport::RsaPkcs1v15;
/// About as much as the signed attributes of a message have.
const MESSAGE: [u8; 256] = [0x5a; 256];
const CEK: [u8; 16] = [1; 16];

/// How often an operation uses RSA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rsa {
    pub(crate) verify: u32,
    pub(crate) decrypt: u32,
    pub(crate) sign: u32,
    pub(crate) encrypt: u32,
}

impl Rsa {
    pub(crate) const NONE: Self = Self {
        verify: 0,
        decrypt: 0,
        sign: 0,
        encrypt: 0,
    };
}

impl core::fmt::Display for Rsa {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let counts = [
            (self.verify, "v"),
            (self.decrypt, "d"),
            (self.sign, "s"),
            (self.encrypt, "e"),
        ];
        let words: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count}{what}"))
            .collect();
        f.pad(&words.join(" "))
    }
}

/// The keys of a [`Lab`], each with something to do.
pub(crate) struct Floor<'a> {
    lab: &'a Lab,
    signature: Vec<u8>,
    wrapped: Vec<u8>,
}

impl<'a> Floor<'a> {
    pub(crate) fn new(lab: &'a Lab) -> Self {
        let spki = lab.ra.key.spki_der();
        let wrapped = lab
            .provider
            .wrap_cek(spki, TRANSPORT, &CEK, &mut SystemRandom);
        Self {
            lab,
            signature: sign(&lab.client),
            wrapped: wrapped.unwrap(),
        }
    }

    pub(crate) fn task(&self, name: &str, rsa: Rsa) -> Task<'_> {
        Task::new(name, move || self.run(rsa))
    }

    /// So many operations, in the order of an enrollment, with the keys of one.
    fn run(&self, rsa: Rsa) {
        let (provider, client) = (&self.lab.provider, self.lab.client.key.spki_der());
        for _ in 0..rsa.verify {
            let good = provider.verify(client, SCHEME, &MESSAGE, &self.signature);
            good.unwrap();
        }
        for _ in 0..rsa.encrypt {
            let wrapped = provider.wrap_cek(client, TRANSPORT, &CEK, &mut SystemRandom);
            black_box(wrapped.unwrap());
        }
        for _ in 0..rsa.decrypt {
            let key = Arc::clone(&self.lab.ra.key);
            let cek = key.decrypt_cek(TRANSPORT, &self.wrapped, CEK.len(), &mut SystemRandom);
            assert_eq!(cek.unwrap()[..], CEK);
        }
        let signers = [&self.lab.ca, &self.lab.ra];
        for signer in signers.into_iter().cycle().take(rsa.sign as usize) {
            black_box(sign(signer));
        }
    }
}

fn sign(signer: &Identity) -> Vec<u8> {
    signer
        .key
        .sign(SCHEME, &MESSAGE, &mut SystemRandom)
        .unwrap()
}
