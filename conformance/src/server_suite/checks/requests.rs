//! Requests that are written in unusual ways, and such as no server may take (RFC 5652, RFC 8894
//! section 3.2).

use std::sync::Arc;

use scep_core::asn1::{tag, write};
use scep_core::cms::{Attribute, SignerId, algorithm};
use scep_core::crypto::{DigestAlgorithm, KeyTransport, KeyType, PublicKeyAlgorithm};
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::{Extension, Name};

use super::checks;
use crate::by_hand::Peek;
use crate::by_hand::{self, Signature, SignedParts, key_transport_info};
use crate::server_suite::craft::Request;
use crate::server_suite::flaw::Answer;
use crate::server_suite::session::{Wish, not_run};
use crate::server_suite::{Flaw, Identity, Session, ensure};
use crate::verdict::{Outcome, Stop};

/// A request of a well-behaved device, in parts.
async fn usual(s: &mut Session<'_>) -> Result<(Wish, Request, SignedParts), Stop> {
    let wish = s.wish().await?;
    let request = s.pkcs_req(&wish).await?;
    let parts = s.parts(&request)?;
    Ok((wish, request, parts))
}

/// Requires that a message gets a certificate.
async fn served(s: &mut Session<'_>, message: Vec<u8>, request: &Request) -> Outcome {
    let reply = s.ask_octets(message, request).await?;
    ensure(reply.granted(), "SUCCESS", reply.says())
}

/// Requires that a request that was rewritten is refused.
async fn refused_when(
    s: &mut Session<'_>,
    why: &str,
    change: impl FnOnce(&mut SignedParts),
) -> Outcome {
    let (_, request, mut parts) = usual(s).await?;
    change(&mut parts);
    let message = s.written(&parts)?;
    s.refused_octets(message, &request, why).await.map(|_| ())
}

/// Puts an attribute among those that are not signed.
fn unsign(parts: &mut SignedParts, oid: ObjectIdentifier) {
    if let Some(value) = parts.value(oid) {
        parts.remove(oid);
        for signer in &mut parts.signers {
            signer
                .unsigned
                .push(Attribute::new(oid, value.clone()).to_der());
        }
    }
}

/// A name whose strings are of another type.
fn restrung(name: &Name) -> Name {
    let der = by_hand::restrung(name.as_der());
    Name::from_der(&der).unwrap_or_else(|_| name.clone())
}

/// Whether a message's first recipient is named so.
fn recipient_has(peek: &Peek<'_>, octets: &[u8]) -> bool {
    peek.enveloped(|envelope| {
        let first = envelope.recipients.first();
        first.is_some_and(|info| info.windows(octets.len()).any(|part| part == octets))
    })
}

fn one(parts: &SignedParts) -> bool {
    parts.signers.len() == 1
}

checks! {
    // ---------------------------------------------------------------- what has to be served

    "requests.ber", Must, ["C-s", "C-e"],
    "A request in BER, with indefinite lengths and its content in parts, is served",
    Flaw::When(|peek| peek.message.is_some() && peek.http.body.starts_with(&[0x30, 0x80]), Answer::Status(400)),
    [],
    |s| {
        let (_, request, parts) = usual(s).await?;
        let message = scep_server_mock::with_indefinite_lengths(&s.written(&parts)?);
        served(s, message, &request).await?;
    }

    "requests.signature-algorithm", Must, ["C-h"],
    "A request whose signatureAlgorithm is sha256WithRSAEncryption, with or without NULL, is served",
    Flaw::When(|peek| peek.written(|parts| parts.signers.iter().any(|signer| {
        signer.signature_algorithm == write::algorithm(oid::SHA_256_WITH_RSA, &[])
    })), Answer::Status(400)),
    [],
    |s| {
        for parameters in [write::NULL, &[]] {
            let (_, request, mut parts) = usual(s).await?;
            for signer in &mut parts.signers {
                signer.signature_algorithm = write::algorithm(oid::SHA_256_WITH_RSA, parameters);
                signer.digest_algorithm = write::algorithm(oid::SHA_256, parameters);
                parts.digest_algorithms = vec![signer.digest_algorithm.clone()];
            }
            let message = s.written(&parts)?;
            served(s, message, &request).await?;
        }
    }

    "requests.unsorted", Robustness, ["C-c"],
    "A request whose signed attributes are in another order than DER's is served",
    Flaw::When(|peek| peek.verifies && peek.message.as_ref().is_some_and(|m| !m.signer_info().attributes_are_sorted()),
        Answer::Status(400)),
    [],
    |s| {
        let (_, request, mut parts) = usual(s).await?;
        parts.change_attributes(|attributes| attributes.reverse());
        let message = s.written(&parts)?;
        served(s, message, &request).await?;
    }

    "requests.signer-by-key-id", Robustness, ["C-a", "C-b"],
    "A request that names its signer by key identifier is served",
    Flaw::When(|peek| peek.message.as_ref().is_some_and(|m| matches!(m.signer_id(), SignerId::KeyIdentifier(_))),
        Answer::Status(400)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.signer = s.self_signed(&wish, |certificate| {
            certificate.extensions.push(Extension::subject_key_identifier(&[0x5c; 20]));
        })?;
        request.certificates = vec![request.signer.certificate.clone()];
        let mut parts = s.parts(&request)?;
        parts.version = 3;
        for signer in &mut parts.signers {
            signer.version = 3;
            signer.sid = write::tlv(tag::context(0), &[0x5c; 20]);
        }
        let message = s.written(&parts)?;
        served(s, message, &request).await?;
    }

    "requests.recipient-by-key-id", Robustness, ["C-k"],
    "A request that names its recipient by key identifier is served",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.version == 2), Answer::Status(400)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        let id = request.recipient.subject_key_identifier().ok_or_else(|| {
            Stop::NotApplicable("the server's certificate has no subject key identifier".into())
        })?;
        let (mut envelope, key) = s.envelope(&request)?;
        let transport = KeyTransport::RsaPkcs1v15;
        let provider = s.provider();
        let wrapped = provider.wrap_cek(request.recipient.spki_der(), transport, &key, &mut s.random());
        envelope.version = 2;
        envelope.recipients = vec![key_transport_info(
            &write::tlv(tag::context(0), &id),
            &algorithm::key_transport_identifier(transport),
            &wrapped.map_err(not_run)?,
        )];
        request.content = Some(envelope.encode());
        s.granted(&request).await?;
    }

    "requests.restrung-recipient", Robustness, ["X-e"],
    "A request that writes the name of its recipient's issuer in another string type is served",
    Flaw::When(|peek| peek.opened && !recipient_has(peek, peek.ca.issuer().as_der())
        && peek.enveloped(|envelope| envelope.version == 0) && peek.transaction_id().ends_with("-RESTRUNG"),
        Answer::Status(400)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        let name = request.recipient.issuer().clone();
        let other = restrung(&name);
        if other.as_der() == name.as_der() {
            return Err(Stop::NotApplicable("the issuer's name has no string with a sibling".into()));
        }
        request.transaction_id.push_str("-RESTRUNG");
        let (mut envelope, key) = s.envelope(&request)?;
        let transport = KeyTransport::RsaPkcs1v15;
        let provider = s.provider();
        let wrapped = provider.wrap_cek(request.recipient.spki_der(), transport, &key, &mut s.random());
        let mut id = request.recipient.issuer_and_serial();
        id.issuer = other;
        envelope.recipients = vec![key_transport_info(
            &id.to_der(),
            &algorithm::key_transport_identifier(transport),
            &wrapped.map_err(not_run)?,
        )];
        request.content = Some(envelope.encode());
        s.granted(&request).await?;
    }

    "requests.two-recipients", Robustness, ["C-o"],
    "A request that is encrypted to somebody else and to the server is served",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.recipients.len() == 2), Answer::Status(400)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        let (mut envelope, key) = s.envelope(&request)?;
        let transport = KeyTransport::RsaPkcs1v15;
        let other = &request.signer.certificate;
        let provider = s.provider();
        let wrapped = provider.wrap_cek(other.spki_der(), transport, &key, &mut s.random());
        envelope.recipients.insert(0, key_transport_info(
            &other.issuer_and_serial().to_der(),
            &algorithm::key_transport_identifier(transport),
            &wrapped.map_err(not_run)?,
        ));
        request.content = Some(envelope.encode());
        s.granted(&request).await?;
    }

    "requests.oaep", Robustness, [],
    "A request whose content key is encrypted with RSAES-OAEP, as Windows does, is served",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.recipients.iter().any(|info| {
        let oaep = write::oid(oid::RSAES_OAEP);
        info.windows(oaep.len()).any(|part| part == oaep)
    })) && peek.opened, Answer::Status(400)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.transport = KeyTransport::OAEP_DEFAULT;
        s.granted(&request).await?;
    }

    "requests.other-certificates", Robustness, ["R-2.3-l"],
    "A request that sends other certificates along, its signer's last, is served",
    Flaw::When(|peek| peek.written(|parts| parts.certificates.len() == 3), Answer::Status(400)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        let all = s.ca().await?;
        let before = all.as_slice().iter().cycle().take(2).cloned();
        request.certificates = before.chain([request.signer.certificate.clone()]).collect();
        s.granted(&request).await?;
    }

    "requests.unknown-certificate", Robustness, ["C-r"],
    "A request with a certificate of a kind that nobody knows beside its signer's is served",
    Flaw::When(|peek| peek.written(|parts| parts.certificates.iter().any(|c| c.starts_with(&[0xa3]))),
        Answer::Status(400)),
    [],
    |s| {
        let (_, request, mut parts) = usual(s).await?;
        let format = write::oid(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.99999.1"));
        // [3] OtherCertificateFormat
        parts.certificates.insert(0, write::concat(tag::context_constructed(3), &[&format, write::NULL]));
        let message = s.written(&parts)?;
        served(s, message, &request).await?;
    }

    "requests.aes-256", Robustness, ["R-3.5.2-r"],
    "A request in AES-256 is answered in AES, or refused",
    Flaw::When(|peek| peek.cipher == Some(scep_core::crypto::ContentCipher::Aes256Cbc), Answer::Status(500)),
    [],
    |s| {
        use scep_core::crypto::ContentCipher;
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.cipher = ContentCipher::Aes256Cbc;
        if let Some(reply) = s.answered(&request).await?.filter(crate::server_suite::reply::Reply::granted) {
            let cipher = reply.inside()?.cipher;
            let aes = matches!(cipher, ContentCipher::Aes128Cbc | ContentCipher::Aes256Cbc);
            ensure(aes, "AES", cipher)?;
        }
    }

    "requests.ec-key", Must, ["R-3.1-d"],
    "The reply to a client whose key cannot decrypt is encrypted with its challenge password",
    Flaw::When(|peek| peek.is_signed_by(|signer| {
        PublicKeyAlgorithm::of_spki(signer.spki_der()).is_ok_and(|kind| !kind.can_encrypt())
    }), Answer::Status(400)),
    [],
    |s| {
        let mut wish = s.wish().await?;
        let provider = s.provider();
        let key = provider.generate_private_key(KeyType::EcP256, &mut s.random()).map_err(not_run)?;
        wish.key = provider.load_private_key(&key).map_err(not_run)?;
        let request = s.pkcs_req(&wish).await?;
        let reply = s.granted(&request).await?;
        reply.certificate_for(wish.key.spki_der())?;
    }

    "requests.ec-ca", Must, ["R-3.1-c", "C-l"],
    "If the CA's key cannot decrypt, a request that is encrypted with the challenge password is served",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.version == 3), Answer::Status(400)),
    ["*"],
    |s| {
        let recipient = s.roles().await?.encryption;
        let kind = PublicKeyAlgorithm::of_spki(recipient.spki_der()).map_err(not_run)?;
        if kind.can_encrypt() {
            return Err(Stop::NotApplicable(format!("the CA's key decrypts ({kind})")));
        }
        s.enrolled().await?;
    }

    // ---------------------------------------------------------------- what may be served or refused

    "requests.unusual-id", Robustness, ["R-3.2.1.1-a", "R-3.2.1.1-c"],
    "A transactionID with an underscore comes back as it was, or is refused",
    Flaw::When(|peek| peek.transaction_id().contains('_'), Answer::Status(500)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.transaction_id.insert(8, '_');
        if let Some(reply) = s.answered(&request).await? {
            let id = reply.attributes.transaction_id.as_str();
            ensure(id == request.transaction_id, &request.transaction_id, id)?;
        }
    }

    "requests.utf8-id", Robustness, ["R-3.2.1-k"],
    "A transactionID as UTF8String is understood, or refused",
    Flaw::When(|peek| peek.written(|parts| {
        parts.value(oid::TRANSACTION_ID).is_some_and(|id| id.first() == Some(&tag::UTF8_STRING))
    }), Answer::Status(500)),
    [],
    |s| {
        let (_, request, mut parts) = usual(s).await?;
        parts.set(oid::TRANSACTION_ID, write::tlv(tag::UTF8_STRING, request.transaction_id.as_bytes()));
        let message = s.written(&parts)?;
        s.answered_octets(message, &request).await?;
    }

    "requests.no-sender-nonce", Robustness, ["R-3.2.1-c"],
    "A request without senderNonce is served or refused",
    Flaw::When(one_without_nonce, Answer::Status(500)),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.without.push(oid::SENDER_NONCE);
        s.answered(&request).await?;
    }

    // ---------------------------------------------------------------- what must not be served

    "requests.no-signed-attributes", Must, ["R-3.2-f"],
    "A request without signed attributes is refused",
    Flaw::When(|peek| peek.written(|parts| parts.signers.iter().any(|signer| {
        signer.attributes.is_none() && signer.unsigned.is_empty()
    })), Answer::Empty),
    [],
    |s| {
        refused_when(s, "nothing says that this was signed as a message", |parts| {
            for signer in &mut parts.signers {
                signer.attributes = None;
            }
        }).await?;
    }

    "requests.unsigned-attributes", Must, ["R-3.2.1-j"],
    "A request whose messageType and transactionID are not signed is refused",
    Flaw::When(|peek| peek.written(|parts| parts.signers.iter().any(|signer| signer.unsigned.len() == 2)),
        Answer::Empty),
    [],
    |s| {
        refused_when(s, "its attributes are not signed", |parts| {
            unsign(parts, oid::MESSAGE_TYPE);
            unsign(parts, oid::TRANSACTION_ID);
        }).await?;
    }

    "requests.enveloped-content-type", Must, ["R-3.2-b"],
    "A request whose eContentType is not id-data is refused",
    Flaw::When(|peek| peek.written(|parts| parts.content_type == oid::ENVELOPED_DATA), Answer::Empty),
    [],
    |s| {
        refused_when(s, "its eContentType is envelopedData", |parts| {
            parts.content_type = oid::ENVELOPED_DATA;
            parts.set(oid::CONTENT_TYPE, write::oid(oid::ENVELOPED_DATA));
        }).await?;
    }

    "requests.other-content-type", Must, ["C-d"],
    "A request whose contentType attribute is not its eContentType is refused",
    Flaw::When(|peek| peek.written(|parts| parts.content_type == oid::DATA
        && parts.value(oid::CONTENT_TYPE) == Some(write::oid(oid::SIGNED_DATA))), Answer::Empty),
    [],
    |s| {
        refused_when(s, "its contentType attribute is false", |parts| {
            parts.set(oid::CONTENT_TYPE, write::oid(oid::SIGNED_DATA));
        }).await?;
    }

    "requests.other-digest", Must, ["C-d", "C-e"],
    "A request whose messageDigest is not that of its content is refused",
    Flaw::When(|peek| peek.written(|parts| parts.value(oid::MESSAGE_DIGEST)
        == Some(write::octet_string(&[0x5c; 32]))), Answer::Grant),
    [],
    |s| {
        refused_when(s, "its messageDigest is false", |parts| {
            parts.set(oid::MESSAGE_DIGEST, write::octet_string(&[0x5c; 32]));
        }).await?;
    }

    "requests.attribute-twice", Must, ["R-3.2.1-p"],
    "A request with two transactionIDs, or with one that has two values, is refused",
    Flaw::When(|peek| peek.written(|parts| parts.values(oid::TRANSACTION_ID).len() == 2
        || parts.values(oid::TRANSACTION_ID).iter().any(|values| values.len() == 2)), Answer::Empty),
    [],
    |s| {
        let other = write::tlv(tag::PRINTABLE_STRING, b"ANOTHER-ID");
        refused_when(s, "it has two transactionIDs", |parts| {
            let another = Attribute::new(oid::TRANSACTION_ID, other.clone()).to_der();
            parts.change_attributes(|attributes| {
                attributes.push(another.clone());
                attributes.sort();
            });
        }).await?;
        refused_when(s, "its transactionID has two values", |parts| {
            let first = parts.value(oid::TRANSACTION_ID).unwrap_or_default();
            parts.remove(oid::TRANSACTION_ID);
            let both = Attribute { oid: oid::TRANSACTION_ID, values: vec![first, other.clone()] }.to_der();
            parts.change_attributes(|attributes| {
                attributes.push(both.clone());
                attributes.sort();
            });
        }).await?;
    }

    "requests.type-as-integer", Must, ["R-3.2.1-l"],
    "A request whose messageType is an INTEGER, or has a leading zero, is refused",
    Flaw::When(|peek| peek.written(|parts| parts.value(oid::MESSAGE_TYPE).is_some_and(|value| {
        value == write::integer(19) || value.ends_with(b"019")
    })), Answer::Empty),
    [],
    |s| {
        for value in [write::integer(19), write::tlv(tag::PRINTABLE_STRING, b"019")] {
            refused_when(s, "its messageType is not \"19\"", |parts| {
                parts.set(oid::MESSAGE_TYPE, value);
            }).await?;
        }
    }

    "requests.two-signers", Must, ["C-i"],
    "A request with two signers is refused",
    Flaw::When(|peek| peek.written(|parts| parts.signers.len() == 2), Answer::Empty),
    [],
    |s| {
        let other = Arc::clone(&s.keys().other);
        refused_when(s, "it has two signers", |parts| {
            if let Some(mut second) = parts.signers.first().cloned() {
                let scheme = scep_core::crypto::SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
                second.signature = Signature::Made(other, scheme);
                parts.signers.push(second);
            }
        }).await?;
    }

    "requests.no-signer-info", Must, ["C-i"],
    "A request without a signer is refused",
    Flaw::When(|peek| peek.written(|parts| parts.signers.is_empty() && parts.content.is_some()), Answer::Empty),
    [],
    |s| {
        refused_when(s, "nobody signed it", |parts| parts.signers.clear()).await?;
    }

    "requests.only-enveloped", Must, ["R-3.2-a"],
    "An envelope without a signature around it is refused",
    Flaw::When(|peek| peek.parts.is_none() && by_hand::Envelope::read(&peek.http.body).is_some_and(|envelope| {
        envelope.recipients.len() == 1 && envelope.info_type == oid::ENVELOPED_DATA
    }), Answer::Empty),
    [],
    |s| {
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let (envelope, _) = s.envelope(&request)?;
        s.refused_octets(envelope.encode(), &request, "nobody signed it").await?;
    }

    "requests.in-the-clear", Must, ["R-3.1-f"],
    "A PKCSReq whose certification request is not encrypted is refused",
    Flaw::When(|peek| peek.message.as_ref().and_then(scep_core::message::SignedMessage::content)
        .is_some_and(|content| scep_core::x509::CertificationRequest::from_der(content).is_ok()), Answer::Grant),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.content = Some(request.plain.clone());
        s.refused(&request, "its challenge password stands in the open").await?;
    }

    "requests.behind", Must, ["C-t"],
    "A message with something behind it is served or refused, and does not break anything",
    Flaw::When(|peek| peek.http.body.ends_with(b"-- behind --"), Answer::Status(500)),
    [],
    |s| {
        let (_, request, parts) = usual(s).await?;
        let mut message = s.written(&parts)?;
        message.extend(b"-- behind --");
        s.answered_octets(message, &request).await?;
    }

    "requests.same-id", Must, ["R-3.2.1.1-b", "R-4.4-e"],
    "Two devices that chose the same transactionID get a certificate each",
    Flaw::Rules(|rules| rules.locks_ids = true),
    [],
    |s| {
        let (_, first, _) = s.enrolled().await?;
        let mut wish = s.wish().await?;
        wish.key = Arc::clone(&s.keys().other);
        let mut request = s.pkcs_req(&wish).await?;
        request.transaction_id.clone_from(&first.transaction_id);
        let reply = s.granted(&request).await?;
        reply.certificate_for(wish.key.spki_der())?;
    }

    "requests.signer-issued-nowhere", Robustness, ["R-2.3-g"],
    "A PKCSReq that is signed with a certificate of another CA is served or refused",
    Flaw::When(|peek| peek.message_type() == "19" && peek.is_signed_by(|signer| {
        !signer.is_self_issued() && signer.issuer() != peek.ca.subject()
    }), Answer::Status(500)),
    [],
    |s| {
        let wish = s.wish().await?;
        let ca = Name::from_rfc4514("CN=Some Other CA").map_err(not_run)?;
        let other = Arc::clone(&s.keys().other);
        let signer = Identity::certified(&wish.key, &wish.subject, (&ca, other.as_ref()), s.now(), &mut s.random())
            .map_err(not_run)?;
        let plain = s.csr(&wish)?;
        let request = s.request("19", signer, plain).await?;
        s.answered(&request).await?;
    }
}

fn one_without_nonce(peek: &Peek<'_>) -> bool {
    peek.written(|parts| {
        one(parts)
            && parts.content.is_some()
            && parts.values(oid::SENDER_NONCE).is_empty()
            && parts.value(oid::TRANSACTION_ID).is_some()
    })
}
