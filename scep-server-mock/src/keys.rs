//! Private keys of the simulated PKI: fixed test keys, or new ones.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use scep_core::crypto::{CryptoProvider, KeyType, PrivateKey};

use crate::entropy::Entropy;
use crate::error::{Error, Result};

/// Where the keys of a deployment come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// The published test keys in `keys/`: nothing to wait for, nothing to trust.
    #[default]
    Fixed,
    /// New ones: RSA-2048, and P-256 for TLS.
    Fresh,
}

/// A private key that is also needed as PKCS#8 (rustls wants it so).
#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    pub(crate) key: Arc<dyn PrivateKey>,
    pkcs8: Arc<[u8]>,
}

impl KeyPair {
    pub(crate) fn load(provider: &dyn CryptoProvider, pkcs8: &[u8]) -> Result<Self> {
        Ok(Self {
            key: provider.load_private_key(pkcs8)?,
            pkcs8: pkcs8.into(),
        })
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    pub(crate) fn spki(&self) -> &[u8] {
        self.key.spki_der()
    }
}

/// RSA, as NDES wants it.
const RSA: KeyType = KeyType::Rsa(2048);
/// TLS has a dozen certificates, and wants no RSA.
const TLS: KeyType = KeyType::EcP256;

macro_rules! holder {
    ($name:literal, $kind:expr) => {
        (
            $name,
            $kind,
            include_bytes!(concat!("../keys/", $name, ".p8")),
        )
    };
}

/// Each holder with the kind of its key, and the published test key.
const HOLDERS: [(&str, KeyType, &[u8]); 10] = [
    holder!("root", RSA),
    holder!("issuing-ca", RSA),
    holder!("issuing-ca-renewed", RSA),
    holder!("ra-signing", RSA),
    holder!("ra-encryption", RSA),
    holder!("public-tls-root", TLS),
    holder!("private-tls-root", TLS),
    holder!("tls-server", TLS),
    holder!("connector", RSA),
    holder!("device-1", RSA),
];

/// All keys of a deployment, by holder.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) root: KeyPair,
    pub(crate) issuing_ca: KeyPair,
    /// What the issuing CA gets when it is renewed.
    pub(crate) issuing_ca_renewed: KeyPair,
    pub(crate) ra_signing: KeyPair,
    pub(crate) ra_encryption: KeyPair,
    pub(crate) public_tls_root: KeyPair,
    pub(crate) private_tls_root: KeyPair,
    pub(crate) tls_server: KeyPair,
    pub(crate) connector: KeyPair,
    pub(crate) device: KeyPair,
}

impl Keys {
    /// # Errors
    /// [`Error::Crypto`](crate::Error) if the provider cannot load or make a key.
    pub(crate) fn new(
        source: KeySource,
        provider: &dyn CryptoProvider,
        rng: &mut Entropy,
    ) -> Result<Self> {
        match source {
            KeySource::Fixed => {
                let load = |(holder, _, pkcs8)| (holder, KeyPair::load(provider, pkcs8));
                Self::from_map(HOLDERS.into_iter().map(load).collect())
            }
            KeySource::Fresh => Self::generate(provider, rng),
        }
    }

    /// New keys, each on a thread of its own: the RSA ones take a while.
    fn generate(provider: &dyn CryptoProvider, rng: &mut Entropy) -> Result<Self> {
        let made = thread::scope(|scope| {
            let running = HOLDERS.map(|(holder, kind, _)| {
                let mut rng = rng.fork();
                let one = move || {
                    let pkcs8 = provider.generate_private_key(kind, &mut rng)?;
                    KeyPair::load(provider, &pkcs8)
                };
                (holder, scope.spawn(one))
            });
            let join = |(holder, thread): (_, thread::ScopedJoinHandle<'_, _>)| {
                let panicked = |_| Err(missing(holder, "its thread panicked"));
                (holder, thread.join().unwrap_or_else(panicked))
            };
            running.into_iter().map(join).collect()
        });
        Self::from_map(made)
    }

    fn from_map(mut keys: HashMap<&str, Result<KeyPair>>) -> Result<Self> {
        Self::from_holders(|holder| {
            let none = || Err(missing(holder, "nobody made it"));
            keys.remove(holder).unwrap_or_else(none)
        })
    }

    /// Each with the name of its holder.
    pub(crate) const fn by_holder(&self) -> [(&'static str, &KeyPair); 10] {
        [
            ("root", &self.root),
            ("issuing-ca", &self.issuing_ca),
            ("issuing-ca-renewed", &self.issuing_ca_renewed),
            ("ra-signing", &self.ra_signing),
            ("ra-encryption", &self.ra_encryption),
            ("public-tls-root", &self.public_tls_root),
            ("private-tls-root", &self.private_tls_root),
            ("tls-server", &self.tls_server),
            ("connector", &self.connector),
            ("device-1", &self.device),
        ]
    }

    /// Keys that somebody kept by holder.
    pub(crate) fn from_holders(mut of: impl FnMut(&str) -> Result<KeyPair>) -> Result<Self> {
        Ok(Self {
            root: of("root")?,
            issuing_ca: of("issuing-ca")?,
            issuing_ca_renewed: of("issuing-ca-renewed")?,
            ra_signing: of("ra-signing")?,
            ra_encryption: of("ra-encryption")?,
            public_tls_root: of("public-tls-root")?,
            private_tls_root: of("private-tls-root")?,
            tls_server: of("tls-server")?,
            connector: of("connector")?,
            device: of("device-1")?,
        })
    }
}

fn missing(holder: &str, reason: &str) -> Error {
    Error::Data {
        what: format!("the key of {holder}"),
        reason: reason.to_owned(),
    }
}
