//! Private keys of the simulated PKI: fixed test keys, or new ones.

use std::sync::Arc;

use scep_core::crypto::{CryptoProvider, KeyType, PrivateKey, RandomSource};

use crate::error::Result;

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
    pub(crate) fn new(
        source: KeySource,
        provider: &dyn CryptoProvider,
        rng: &mut dyn RandomSource,
    ) -> Result<Self> {
        let mut of = |kind: KeyType, fixed: &[u8]| match source {
            KeySource::Fixed => KeyPair::load(provider, fixed),
            KeySource::Fresh => KeyPair::load(provider, &provider.generate_private_key(kind, rng)?),
        };
        // TLS has a dozen certificates, and wants no RSA
        let tls = [
            include_bytes!("../keys/public-tls-root.p8").as_slice(),
            include_bytes!("../keys/private-tls-root.p8"),
            include_bytes!("../keys/tls-server.p8"),
        ];
        let [public_tls_root, private_tls_root, tls_server] =
            tls.map(|fixed| of(KeyType::EcP256, fixed));
        let mut make = |fixed: &[u8]| of(KeyType::Rsa(2048), fixed);
        Ok(Self {
            root: make(include_bytes!("../keys/root.p8"))?,
            issuing_ca: make(include_bytes!("../keys/issuing-ca.p8"))?,
            issuing_ca_renewed: make(include_bytes!("../keys/issuing-ca-renewed.p8"))?,
            ra_signing: make(include_bytes!("../keys/ra-signing.p8"))?,
            ra_encryption: make(include_bytes!("../keys/ra-encryption.p8"))?,
            public_tls_root: public_tls_root?,
            private_tls_root: private_tls_root?,
            tls_server: tls_server?,
            connector: make(include_bytes!("../keys/connector.p8"))?,
            device: make(include_bytes!("../keys/device-1.p8"))?,
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
            ("device", &self.device),
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
            device: of("device")?,
        })
    }
}
