//! GetCACaps (RFC 8894 section 3.5.2), derived: what is said is what works.

use alloc::vec::Vec;

use super::responder::Responder;
use crate::capabilities::{Capabilities, Capability};
use crate::crypto::{ContentCipher, DigestAlgorithm, RandomSource};
use crate::x509::scheme_for;

impl Responder {
    /// The capabilities that this responder has: an algorithm is named if the policy accepts it from
    /// clients and lets it be answered with, and the provider and the signer's key are able to.
    ///
    /// `GetNextCACert` is not the responder's; [`Service`](super::Service) adds it.
    pub fn capabilities(&self, rng: &mut dyn RandomSource) -> Capabilities {
        let aes = self.ciphers(ContentCipher::Aes128Cbc, rng);
        let des3 = self.ciphers(ContentCipher::DesEde3Cbc, rng);
        let sha256 = self.digests(DigestAlgorithm::Sha256, rng);
        let able = [
            (Capability::Aes, aes),
            (Capability::Des3, des3),
            (Capability::PostPkiOperation, true),
            (Capability::Renewal, !self.config().issuers.is_empty()),
            (Capability::Sha1, self.digests(DigestAlgorithm::Sha1, rng)),
            (Capability::Sha256, sha256),
            (
                Capability::Sha512,
                self.digests(DigestAlgorithm::Sha512, rng),
            ),
            (Capability::ScepStandard, aes && sha256),
        ];
        let named = able.iter().filter(|(_, able)| *able);
        let words: Vec<&str> = named.map(|(capability, _)| capability.keyword()).collect();
        Capabilities::from_words(&words)
    }

    fn ciphers(&self, cipher: ContentCipher, rng: &mut dyn RandomSource) -> bool {
        let config = self.config();
        let (mut key, iv) = (
            alloc::vec![0; cipher.key_len()],
            alloc::vec![0; cipher.iv_len()],
        );
        // not of zeros: triple DES with one key three times is refused by some
        rng.fill(&mut key);
        let works = config.provider.encrypt_content(cipher, &key, &iv, b"works");
        config.policy.accept_cipher(cipher).is_ok()
            && config.policy.may_send_cipher(cipher).is_ok()
            && works.is_ok()
    }

    fn digests(&self, digest: DigestAlgorithm, rng: &mut dyn RandomSource) -> bool {
        let config = self.config();
        let (signer, key) = &config.signer;
        let mut signs = || {
            let scheme = scheme_for(signer.spki_der(), digest).ok()?;
            key.sign(scheme, b"works", rng).ok()
        };
        config.policy.accept_digest(digest).is_ok()
            && config.policy.may_send_digest(digest).is_ok()
            && config.provider.digest(digest, b"works").is_ok()
            && signs().is_some()
    }
}
