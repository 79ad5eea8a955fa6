//! A PKCSReq in two steps each: what is to be signed, then the signature, whenever it comes.

use std::time::Duration;

use scep_core::cms::{SealTo, seal};
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, SystemRandom, default_provider,
};
use scep_core::message::{MessageBuilder, MessageType, SenderNonce, TransactionId};
use scep_core::x509::{CertificateBuilder, CertificationRequestBuilder, Name};
use scep_core::{Result, UnixTime};
use scep_server_mock::MockNdes;

use crate::key_holder::KeyHolder;

pub(crate) async fn pkcs_req(key: &KeyHolder, ndes: &MockNdes) -> Result<Vec<u8>> {
    let (provider, rng, digest) = (
        default_provider(),
        &mut SystemRandom,
        DigestAlgorithm::Sha256,
    );
    let subject = Name::from_rfc4514("CN=router-02")?;

    let request = CertificationRequestBuilder {
        subject: subject.clone(),
        challenge: None,
        extensions: Vec::new(),
    };
    let unsigned = request.to_be_signed(key.spki_der(), digest)?;
    let signature = key
        .sign_async(unsigned.algorithm(), unsigned.octets())
        .await?;
    let request = unsigned.with_signature(&signature)?;

    let signer = CertificateBuilder {
        serial: vec![1],
        issuer: subject.clone(),
        subject,
        not_before: UnixTime::now(),
        not_after: UnixTime::now().plus(Duration::from_secs(86_400)),
        spki: key.spki_der().to_vec(),
        extensions: Vec::new(),
    };
    let unsigned = signer.to_be_signed(key.spki_der(), digest)?;
    let signature = key
        .sign_async(unsigned.algorithm(), unsigned.octets())
        .await?;
    let signer = unsigned.with_signature(&signature)?;

    let [_root, issuing] = ndes.ca_certificates();
    let to = SealTo::Certificate(&issuing, KeyTransport::RsaPkcs1v15);
    let cipher = ContentCipher::Aes128Cbc;
    let envelope = seal(provider.as_ref(), to, cipher, request.as_der(), rng)?;
    let id = TransactionId::random(rng);
    let mut message = MessageBuilder::new(MessageType::PkcsReq, id, signer);
    message.sender_nonce = Some(SenderNonce::random(rng));
    message.envelope = Some(envelope);
    let unsigned = message.to_be_signed(provider.as_ref())?;
    let signature = key
        .sign_async(unsigned.algorithm(), unsigned.octets())
        .await?;
    Ok(unsigned.with_signature(&signature))
}
