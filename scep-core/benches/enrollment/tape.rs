//! A crypto provider that remembers what another one answered, and answers the same again for
//! nothing: what is left of the time is ASN.1, allocation and copying.

use std::sync::{Arc, Mutex, MutexGuard};

use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, KeyType, PrivateKey,
    RandomSource, SignatureAlgorithm,
};
use scep_core::{Error, Result};
use zeroize::Zeroizing;

use super::floor::Rsa;

#[derive(Debug, Default)]
struct State {
    answers: Vec<Vec<u8>>,
    /// The next answer to be played; `None` while recording.
    position: Option<usize>,
    rsa: Rsa,
}

/// The provider, and the keys that it loads.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    real: Arc<dyn CryptoProvider>,
    state: Arc<Mutex<State>>,
}

impl Tape {
    pub(crate) fn new(real: Arc<dyn CryptoProvider>) -> Self {
        Self {
            real,
            state: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Records what `run` asks for, from the beginning.
    pub(crate) fn record(&self, run: impl FnOnce()) -> Rsa {
        *self.state() = State::default();
        run();
        self.state().rsa
    }

    /// Plays from the beginning.
    pub(crate) fn rewind(&self) {
        self.state().position = Some(0);
    }

    fn answer(
        &self,
        count: fn(&mut Rsa),
        real: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let mut state = self.state();
        if let Some(position) = &mut state.position {
            *position += 1;
            let at = *position - 1;
            return Ok(state.answers[at].clone());
        }
        drop(state);
        let answer = real()?;
        let mut state = self.state();
        count(&mut state.rsa);
        state.answers.push(answer.clone());
        Ok(answer)
    }
}

const NO_RSA: fn(&mut Rsa) = |_| {};

impl CryptoProvider for Tape {
    fn name(&self) -> &'static str {
        "a tape"
    }

    fn digest(&self, algorithm: DigestAlgorithm, data: &[u8]) -> Result<Vec<u8>> {
        self.answer(NO_RSA, || self.real.digest(algorithm, data))
    }

    fn verify(
        &self,
        spki: &[u8],
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let real = || self.real.verify(spki, algorithm, message, signature);
        self.answer(|rsa| rsa.verify += 1, || real().map(|()| Vec::new()))
            .map(|_| ())
    }

    fn load_private_key(&self, der: &[u8]) -> Result<Arc<dyn PrivateKey>> {
        Ok(Arc::new(TapeKey {
            real: self.real.load_private_key(der)?,
            tape: self.clone(),
        }))
    }

    fn generate_private_key(
        &self,
        key_type: KeyType,
        _rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        Err(Error::Misuse(format!("no {key_type} key is made here")))
    }

    fn wrap_cek(
        &self,
        spki: &[u8],
        transport: KeyTransport,
        cek: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let real = || self.real.wrap_cek(spki, transport, cek, rng);
        self.answer(|rsa| rsa.encrypt += 1, real)
    }

    fn encrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        let real = || self.real.encrypt_content(cipher, key, iv, plaintext);
        self.answer(NO_RSA, real)
    }

    fn decrypt_content(
        &self,
        cipher: ContentCipher,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let real = || self.real.decrypt_content(cipher, key, iv, ciphertext);
        self.answer(NO_RSA, || real().map(|plain| plain.to_vec()))
            .map(Zeroizing::new)
    }
}

struct TapeKey {
    real: Arc<dyn PrivateKey>,
    tape: Tape,
}

impl PrivateKey for TapeKey {
    fn spki_der(&self) -> &[u8] {
        self.real.spki_der()
    }

    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        rng: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        let real = || self.real.sign(algorithm, message, rng);
        self.tape.answer(|rsa| rsa.sign += 1, real)
    }

    fn decrypt_cek(
        &self,
        transport: KeyTransport,
        ciphertext: &[u8],
        expected_len: usize,
        rng: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let real = || {
            let cek = self
                .real
                .decrypt_cek(transport, ciphertext, expected_len, rng)?;
            Ok(cek.to_vec())
        };
        self.tape
            .answer(|rsa| rsa.decrypt += 1, real)
            .map(Zeroizing::new)
    }
}
