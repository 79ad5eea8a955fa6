//! The key holder as the library sees it: something that signs and decrypts.

use scep_core::Result;
use scep_core::crypto::{KeyTransport, PrivateKey, RandomSource, SignatureAlgorithm, Zeroizing};

use crate::key_holder::{KeyHolder, Order};

impl PrivateKey for KeyHolder {
    fn spki_der(&self) -> &[u8] {
        &self.spki
    }
    fn sign(
        &self,
        how: SignatureAlgorithm,
        octets: &[u8],
        _: &mut dyn RandomSource,
    ) -> Result<Vec<u8>> {
        self.wait_for(Order::Sign(how, octets.to_vec()))
    }
    fn decrypt_cek(
        &self,
        how: KeyTransport,
        octets: &[u8],
        len: usize,
        _: &mut dyn RandomSource,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.wait_for(Order::Decrypt(how, octets.to_vec(), len))
            .map(Zeroizing::new)
    }
}
