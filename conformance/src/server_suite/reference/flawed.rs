//! Requests looked at without judging them, and replies that are made otherwise.

use scep_client::network::HttpRequest;
use scep_core::asn1::write;
use scep_core::cms::{EnvelopedData, Openers, SealTo};
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyTransport, SignatureAlgorithm};
use scep_core::limits::Limits;
use scep_core::message::{MessageBuilder, MessageType, PkiStatus, SenderNonce, SignedMessage};
use scep_core::x509::CertificationRequest;
use scep_core::{cms, oid};
use std::sync::Arc;

use super::{Reference, digest_of};
use crate::by_hand::{Parts, Peek, Signature, SignedParts};

impl Reference {
    pub(super) fn peek<'a>(&'a self, http: &'a HttpRequest) -> Peek<'a> {
        let keys = [(self.ca.certificate.clone(), Arc::clone(&self.ca.key))];
        let mut random = self.random.clone();
        let (ca, provider) = (&self.ca.certificate, self.provider.as_ref());
        Peek::at(http, ca, Openers::keys(&keys), provider, &mut random)
    }

    /// The certificate for a request, or PENDING, without any of the checks.
    pub(super) fn without_checks(
        &self,
        peek: &Peek<'_>,
        pending: bool,
    ) -> scep_core::Result<Vec<u8>> {
        let misuse = |what: &str| scep_core::Error::Misuse(what.to_owned());
        let message = peek.message.as_ref().ok_or_else(|| misuse("no message"))?;
        let signer = peek.signer.as_ref().ok_or_else(|| misuse("no signer"))?;
        let attributes = message.attributes();
        let mut random = self.random.clone();
        let mut builder = MessageBuilder::new(
            MessageType::CertRep,
            attributes.transaction_id.clone(),
            self.ca.certificate.clone(),
        );
        builder.sender_nonce = Some(SenderNonce::random(&mut random));
        builder.recipient_nonce = attributes.sender_nonce.as_ref().map(SenderNonce::echoed);
        if pending {
            builder.pki_status = Some(PkiStatus::Pending);
        } else {
            builder.pki_status = Some(PkiStatus::Success);
            let csr = peek.csr.as_ref();
            let subject = csr.map_or(signer.subject(), CertificationRequest::subject);
            let spki = csr.map_or(signer.spki_der(), CertificationRequest::spki_der);
            let certificate = self.certify(&self.ca, subject, spki, Vec::new())?;
            let plain = cms::certs_only(&[certificate]);
            builder.envelope = Some(cms::seal(
                self.provider.as_ref(),
                SealTo::Certificate(signer, KeyTransport::RsaPkcs1v15),
                ContentCipher::Aes128Cbc,
                &plain,
                &mut random,
            )?);
        }
        builder.sign(self.provider.as_ref(), self.ca.key.as_ref(), &mut random)
    }

    /// A reply after [`Flaw::Reply`].
    pub(super) fn rebuilt(
        &self,
        request: &Peek<'_>,
        reply: &[u8],
        change: fn(&mut Parts<'_>),
    ) -> scep_core::Result<Vec<u8>> {
        let limits = Limits::DEFAULT;
        let message = SignedMessage::decode(reply, &limits)?;
        let receiver = request
            .signer
            .clone()
            .unwrap_or_else(|| self.ca.certificate.clone());
        let mut random = self.random.clone();
        let of_cms = [oid::CONTENT_TYPE, oid::MESSAGE_DIGEST];
        let attributes = message.signer_info().attributes.iter();
        let mut parts = Parts {
            attributes: attributes
                .filter(|a| !of_cms.contains(&a.oid))
                .cloned()
                .collect(),
            content: message.content().map(<[u8]>::to_vec),
            plain: None,
            receiver: receiver.clone(),
            signer: self.ca.clone(),
            certificates: message.certificates().to_vec(),
            cipher: ContentCipher::Aes128Cbc,
            digest: DigestAlgorithm::Sha256,
            stranger: &self.stranger,
            ca: &self.ca,
        };
        if let Some(content) = &parts.content
            && let Ok(envelope) = EnvelopedData::decode(content, &limits)
        {
            let keys = [&self.devices.device, &self.devices.other]
                .map(|key| (receiver.clone(), Arc::clone(key)));
            let fitting = keys
                .iter()
                .filter(|(c, key)| c.spki_der() == key.spki_der());
            let fitting: Vec<_> = fitting.cloned().collect();
            let opened = envelope.open(
                self.provider.as_ref(),
                Openers::keys(&fitting),
                &limits,
                &mut random,
            );
            parts.plain = opened.ok().map(|plain| plain.to_vec());
        }
        change(&mut parts);
        let provider = self.provider.as_ref();
        parts
            .into_signed(provider, &mut random)?
            .encode(&mut random)
    }

    /// A reply after [`Flaw::Written`].
    pub(super) fn rewritten(
        &self,
        reply: &[u8],
        change: impl FnOnce(&mut SignedParts),
    ) -> Option<Vec<u8>> {
        let mut parts = SignedParts::read(reply)?;
        change(&mut parts);
        for signer in &mut parts.signers {
            let scheme = SignatureAlgorithm::RsaPkcs1v15(digest_of(signer)?);
            signer.signature = Signature::Made(Arc::clone(&self.ca.key), scheme);
        }
        parts.encode(&mut self.random.clone()).ok()
    }

    /// Puts another content into a reply, with its digest.
    pub(super) fn with_content(&self, parts: &mut SignedParts, content: Vec<u8>) {
        let digest = parts.signers.first().and_then(digest_of);
        let digest = digest.unwrap_or(DigestAlgorithm::Sha256);
        if let Ok(hash) = self.provider.digest(digest, &content) {
            parts.set(oid::MESSAGE_DIGEST, write::octet_string(&hash));
        }
        parts.content = Some(content);
    }
}
