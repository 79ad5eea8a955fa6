//! How the small client reads a CertRep: every look at it can be left out.

use scep_client::network::HttpResponse;
use scep_core::asn1::{Reader, tag, write};
use scep_core::ca_certificates::CaRoles;
use scep_core::cms::algorithm::AlgorithmIdentifier;
use scep_core::cms::{self, EnvelopedData, Openers};
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::limits::Limits;
use scep_core::message::IssuerAndSerialNumber;
use scep_core::oid;
use scep_core::x509::Certificate;

use super::{Answer, Halt, Reading, ReferenceClient, Request, Result, Target};
use crate::by_hand::{Signature, SignedParts, SignerParts};

fn ensure(so: bool, why: &str) -> Result<()> {
    if so { Ok(()) } else { Err(why.into()) }
}

fn algorithm(encoded: &[u8]) -> Result<AlgorithmIdentifier> {
    let tlv = Reader::new(encoded).next("an algorithm")?;
    Ok(AlgorithmIdentifier::from_tlv(&tlv)?)
}

impl ReferenceClient<'_> {
    pub(super) fn reply(
        &self,
        response: &HttpResponse,
        request: &Request,
        roles: &CaRoles,
        target: &Target,
    ) -> Result<Answer> {
        let parts = SignedParts::read(&response.body).ok_or("that is no SignedData")?;
        self.read(&Reading {
            http: Some(response),
            reply: Some(&parts),
            ..Reading::default()
        })?;
        self.signature(&parts, roles, request, target)?;
        let text = |oid| {
            let value = parts.value(oid)?;
            let text = Reader::new(&value)
                .expect(tag::PRINTABLE_STRING, "text")
                .ok()?;
            String::from_utf8(text.value.to_vec()).ok()
        };
        ensure(
            self.lax.any_type || text(oid::MESSAGE_TYPE).as_deref() == Some("3"),
            "its messageType is not 3",
        )?;
        let id = text(oid::TRANSACTION_ID);
        let same = id.as_deref() == Some(request.transaction_id.as_str());
        ensure(self.lax.any_id || same, "its transactionID is another one")?;
        let nonce = write::octet_string(&request.sender_nonce);
        let own = parts.value(oid::RECIPIENT_NONCE) == Some(nonce);
        ensure(
            self.lax.any_nonce || own,
            "its recipientNonce is another one",
        )?;
        match text(oid::PKI_STATUS).as_deref() {
            Some("0") => {}
            Some("3") if !self.lax.any_status => return Ok(Answer::Pending),
            _ if self.lax.any_status && parts.content.is_some() => {}
            Some("3") => return Ok(Answer::Pending),
            Some("2") => return Err("FAILURE".into()),
            _ => return Err("its pkiStatus is none".into()),
        }
        self.certificate(&parts, request, roles)?;
        Ok(Answer::Issued)
    }

    /// Whether one of the CA's signed the message, with its attributes.
    fn signature(
        &self,
        parts: &SignedParts,
        roles: &CaRoles,
        request: &Request,
        target: &Target,
    ) -> Result<()> {
        let signer = match parts.signers.as_slice() {
            [one] => one,
            [first, ..] if self.lax.two_signers => first,
            [] if self.lax.unsigned => return Ok(()),
            _ => return Err("it has not one signer".into()),
        };
        ensure(
            self.lax.any_content_type || parts.content_type == oid::DATA,
            "its eContentType is not data",
        )?;
        let sent = parts.certificates.iter();
        let sent: Vec<Certificate> = sent.filter_map(|c| Certificate::from_der(c).ok()).collect();
        let known = roles.signing.iter().chain([&target.ca]);
        let mut candidates = known.chain(&sent);
        let named = candidates.find(|candidate| names(signer, candidate));
        let certificate = named.ok_or("its signer is not there")?;
        let trusted = roles.signing.contains(certificate) || *certificate == target.ca;
        ensure(self.lax.any_signer || trusted, "its signer is a stranger")?;
        ensure(
            self.lax.any_signer || *certificate != request.signer.certificate,
            "it is signed by this client",
        )?;
        let digest = algorithm(&signer.digest_algorithm)?.digest()?;
        ensure(
            self.lax.md5 || digest != DigestAlgorithm::Md5,
            "it is signed with MD5",
        )?;
        let Some(attributes) = &signer.attributes else {
            return ensure(self.lax.unsigned, "its attributes are not signed");
        };
        let content_type = parts.value(oid::CONTENT_TYPE) == Some(write::oid(oid::DATA));
        ensure(
            self.lax.any_content_type || content_type,
            "its contentType is not data",
        )?;
        let content = parts.content.as_deref().unwrap_or_default();
        let hash = self.provider().digest(digest, content)?;
        let same = parts.value(oid::MESSAGE_DIGEST) == Some(write::octet_string(&hash));
        ensure(self.lax.any_digest || same, "its messageDigest is false")?;
        let scheme = algorithm(&signer.signature_algorithm)?.signature(Some(digest))?;
        let octets = match &signer.signature {
            Signature::Octets(octets) => octets.as_slice(),
            Signature::Made(..) => return Err("it was not sent".into()),
        };
        let signed = write::tlv(tag::SET, &attributes.concat());
        let mut sorted = attributes.clone();
        sorted.sort();
        let sorted = write::tlv(tag::SET, &sorted.concat());
        let spki = certificate.spki_der();
        let right = [signed, sorted]
            .iter()
            .any(|signed| self.provider().verify(spki, scheme, signed, octets).is_ok());
        ensure(self.lax.any_signature || right, "its signature is wrong")
    }

    /// Looks for the certificate that was asked for.
    fn certificate(&self, parts: &SignedParts, request: &Request, roles: &CaRoles) -> Result<()> {
        let content = parts.content.as_deref().unwrap_or_default();
        let limits = Limits::DEFAULT;
        let bundle = match cms::certs_only_certificates(content, &limits) {
            Ok(certificates) if self.lax.bare => certificates,
            _ => match self.opened(content, request) {
                Ok(plain) => {
                    self.read(&Reading {
                        plain: Some(&plain),
                        ..Reading::default()
                    })?;
                    match cms::certs_only_certificates(&plain, &limits) {
                        Err(_) if self.lax.no_certificate => return Ok(()),
                        bundle => bundle?,
                    }
                }
                Err(_) if self.lax.no_certificate => return Ok(()),
                Err(halt) => return Err(halt),
            },
        };
        self.read(&Reading {
            reply: Some(parts),
            certificates: Some(&bundle),
            ..Reading::default()
        })?;
        let key = request.signer.key.spki_der();
        let own = bundle
            .iter()
            .find(|certificate| certificate.spki_der() == key);
        let found = match own {
            Some(own) => own,
            None if self.lax.no_certificate => return Ok(()),
            None if self.lax.any_key => bundle.first().ok_or("there is none")?,
            None => return Err("there is no certificate for its key".into()),
        };
        let issued = found.is_issued_by(self.provider(), &roles.issuing_ca);
        let known = issued || self.lax.any_certificate_issuer || self.lax.any_key;
        ensure(known, "its certificate is signed by a stranger")
    }

    fn opened(&self, content: &[u8], request: &Request) -> Result<Vec<u8>> {
        let limits = Limits::DEFAULT;
        let envelope = EnvelopedData::decode(content, &limits)?;
        let (cipher, _) = envelope.cipher()?;
        ensure(
            self.lax.des || cipher != ContentCipher::DesCbc,
            "it is encrypted in single DES",
        )?;
        let keys = [(
            request.signer.certificate.clone(),
            std::sync::Arc::clone(&request.signer.key),
        )];
        let passwords: Vec<_> = request.password.iter().cloned().collect();
        let openers = Openers {
            keys: &keys,
            passwords: &passwords,
        };
        let mut random = self.pki.random.clone();
        let opened = envelope.open(self.provider(), openers, &limits, &mut random);
        opened.map(|plain| plain.to_vec()).map_err(Halt::from)
    }
}

/// Whether a SignerInfo names a certificate.
fn names(signer: &SignerParts, certificate: &Certificate) -> bool {
    let named = IssuerAndSerialNumber::from_der(&signer.sid);
    let by_name = named.is_ok_and(|id| {
        id.serial == certificate.serial() && id.issuer.matches(certificate.issuer())
    });
    let by_id = certificate
        .subject_key_identifier()
        .is_some_and(|id| signer.sid == write::tlv(tag::context(0), &id));
    by_name || by_id
}
