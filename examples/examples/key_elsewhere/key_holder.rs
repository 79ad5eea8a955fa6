//! A key that never leaves its holder: here a thread, in the field an HSM or a key service.

use std::sync::mpsc::{Sender, channel};

use scep_core::crypto::{
    KeyTransport, KeyType, SignatureAlgorithm, SystemRandom, default_provider,
};
use scep_core::{Error, Result};
use tokio::sync::oneshot;

type Callback = Box<dyn FnOnce(Result<Vec<u8>>) + Send>;

pub(crate) enum Order {
    Sign(SignatureAlgorithm, Vec<u8>),
    Decrypt(KeyTransport, Vec<u8>, usize),
}

/// What the program has of the key: its public half, and a way to give orders.
pub(crate) struct KeyHolder {
    pub(crate) spki: Vec<u8>,
    orders: Sender<(Order, Callback)>,
}

impl KeyHolder {
    pub(crate) fn start() -> Result<Self> {
        let provider = default_provider();
        let pkcs8 = provider.generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)?;
        let key = provider.load_private_key(&pkcs8)?;
        let (spki, (orders, inbox)) = (key.spki_der().to_vec(), channel::<(Order, Callback)>());
        std::thread::spawn(move || {
            for (order, callback) in inbox {
                callback(match order {
                    Order::Sign(how, octets) => key.sign(how, &octets, &mut SystemRandom),
                    Order::Decrypt(how, octets, len) => key
                        .decrypt_cek(how, &octets, len, &mut SystemRandom)
                        .map(|cek| cek.to_vec()),
                });
            }
        });
        Ok(Self { spki, orders })
    }

    /// Signs without blocking the caller's thread.
    pub(crate) async fn sign_async(
        &self,
        how: SignatureAlgorithm,
        octets: &[u8],
    ) -> Result<Vec<u8>> {
        let (done, answer) = oneshot::channel();
        let callback: Callback = Box::new(|result| drop(done.send(result)));
        let _ = self
            .orders
            .send((Order::Sign(how, octets.to_vec()), callback));
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    pub(crate) fn wait_for(&self, order: Order) -> Result<Vec<u8>> {
        let (done, answer) = channel();
        let callback: Callback = Box::new(move |result| drop(done.send(result)));
        let _ = self.orders.send((order, callback));
        answer.recv().unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Error {
    Error::Misuse("the key holder is gone".into())
}
