//! Messages by a client that signs with a key of any kind and a certificate made for the moment.

use scep_core::cms::{SealTo, seal};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, SystemRandom};
use scep_core::message::{
    ChallengePassword, MessageBuilder, MessageType, SenderNonce, TransactionId,
};
use scep_core::x509::CertificationRequestBuilder;

use super::{TestCa, TestRandom, certificate, name, provider};

/// A request for a certificate of this key.
pub fn csr(private: &dyn PrivateKey, challenge: Option<&str>) -> Vec<u8> {
    CertificationRequestBuilder {
        subject: name("CN=e"),
        challenge: challenge.map(ChallengePassword::new),
        extensions: Vec::new(),
    }
    .sign(private, DigestAlgorithm::Sha256, &mut TestRandom(4))
    .unwrap()
    .as_der()
    .to_vec()
}

/// An envelope that the RA of the test CA opens.
pub fn to_ra(ca: &TestCa, content: &[u8]) -> Vec<u8> {
    let to = SealTo::Certificate(&ca.ra, KeyTransport::RsaPkcs1v15);
    let cipher = ContentCipher::Aes128Cbc;
    seal(provider(), to, cipher, content, &mut SystemRandom).unwrap()
}

/// A message around an envelope, by the owner of this key.
pub fn message(message_type: MessageType, envelope: Vec<u8>, private: &dyn PrivateKey) -> Vec<u8> {
    let signer = certificate("CN=e", "CN=e", private, private, 3, Vec::new());
    let id = TransactionId::new("throwaway-1").unwrap();
    let mut builder = MessageBuilder::new(message_type, id, signer);
    builder.sender_nonce = Some(SenderNonce::random(&mut SystemRandom));
    builder.envelope = Some(envelope);
    builder
        .sign(provider(), private, &mut SystemRandom)
        .unwrap()
}
