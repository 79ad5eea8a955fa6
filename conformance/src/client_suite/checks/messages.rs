//! The pkiMessage that a client sends (RFC 8894 sections 2.3, 3.1 and 3.2, RFC 5652).

use std::collections::BTreeSet;

use scep_core::asn1::{tag, write};
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::{KeyUsage, Name};

use super::checks;
use crate::by_hand::{Envelope, Peek, SignedParts, version_of};
use crate::client_suite::{Flaw, Seen};
use crate::server_suite::ensure;
use crate::verdict::{Outcome, Stop};

/// The parts of the first message.
fn parts(seen: &Seen<'_>) -> Result<SignedParts, Stop> {
    let none = || Stop::unlike("a SignedData", "something else");
    seen.first()?.parts.ok_or_else(none)
}

/// Its envelope.
fn envelope(seen: &Seen<'_>) -> Result<Envelope, Stop> {
    let content = parts(seen)?.content.unwrap_or_default();
    let none = || Stop::unlike("a ContentInfo with EnvelopedData", "something else");
    Envelope::read(&content).ok_or_else(none)
}

/// The certificate that signed it.
fn with_signer(
    seen: &Seen<'_>,
    look: impl FnOnce(&Peek<'_>, &scep_core::x509::Certificate) -> Outcome,
) -> Outcome {
    let first = seen.first()?;
    match &first.signer {
        Some(signer) => look(&first, signer),
        None => Err(Stop::unlike("the certificate of its signer", "none")),
    }
}

/// Values of an attribute over all messages, as they are encoded.
fn values(seen: &Seen<'_>, oid: ObjectIdentifier) -> Vec<Vec<u8>> {
    let messages = seen.messages();
    let parts = messages.iter().filter_map(|peek| peek.parts.as_ref());
    parts.filter_map(|parts| parts.value(oid)).collect()
}

/// Requires that there are two of something, and that they differ.
fn all_different(values: &[Vec<u8>], what: &str) -> Outcome {
    if values.len() < 2 {
        return Err(Stop::NotApplicable(
            "the client did not send two messages".into(),
        ));
    }
    let distinct: BTreeSet<_> = values.iter().collect();
    ensure(
        distinct.len() == values.len(),
        format!("another {what} each time"),
        "the same again",
    )
}

fn tagged(parts: &SignedParts, oid: ObjectIdentifier, expected: u8) -> Outcome {
    let value = parts.value(oid).unwrap_or_default();
    let name = oid::name(oid).unwrap_or_default();
    ensure(
        value.first() == Some(&expected),
        format!("{name} with tag {expected:#04x}"),
        value
            .first()
            .map_or_else(|| "none".to_owned(), |tag| format!("{tag:#04x}")),
    )
}

checks! {
    "messages.structure", Must, ["R-3-a", "R-3.1-a", "R-3.1-f", "R-3.2-a", "R-3.2-c", "R-3.2.2-a", "R-2.5-a"],
    "A message is a SignedData around an EnvelopedData around a certification request",
    Any * 1, |_| {},
    |seen| {
        let envelope = envelope(seen)?;
        ensure(envelope.info_type == oid::ENVELOPED_DATA, "EnvelopedData", envelope.info_type)?;
        let first = seen.first()?;
        ensure(first.csr.is_some(), "a certification request in it", if first.opened { "something else" } else { "what the CA's key does not open" })?;
    },
    Flaw::Sends(|request| request.content = Some(request.plain.clone())), ["*"]

    "messages.content-type", Must, ["R-3.2-b", "R-3.2.1-e", "C-d"],
    "eContentType is id-data, and the contentType attribute says so, beside one messageDigest",
    Any * 1, |_| {},
    |seen| {
        let parts = parts(seen)?;
        ensure(parts.content_type == oid::DATA, oid::DATA, parts.content_type)?;
        let said = parts.value(oid::CONTENT_TYPE) == Some(write::oid(oid::DATA));
        ensure(said, "one contentType, id-data", "another one, or none")?;
        ensure(parts.value(oid::MESSAGE_DIGEST).is_some(), "one messageDigest", "none, or several")?;
    },
    Flaw::Written(|parts| {
        parts.content_type = oid::ENVELOPED_DATA;
        parts.set(oid::CONTENT_TYPE, write::oid(oid::ENVELOPED_DATA));
    }), ["*"]

    "messages.attributes", Must, ["R-3.2-f", "R-3.2.1-a", "R-3.2.1-b", "R-3.2.1-c", "R-3.2.1-j", "R-3.2.1-o", "R-3.2.1-p", "R-3.2.1.2-a", "R-3.3-a", "R-3.3.1-e", "R-3.2.1.1-a"],
    "transactionID, messageType and senderNonce are there once, signed, with one value",
    Any * 1, |_| {},
    |seen| {
        let parts = parts(seen)?;
        for oid in [oid::TRANSACTION_ID, oid::MESSAGE_TYPE, oid::SENDER_NONCE] {
            let name = oid::name(oid).unwrap_or_default();
            ensure(parts.value(oid).is_some(), format!("one value of {name}"), format!("{} attributes", parts.values(oid).len()))?;
        }
    },
    Flaw::Written(|parts| parts.remove(oid::SENDER_NONCE)), ["*"]

    "messages.types", Must, ["R-3.2.1-k", "R-3.2.1-l"],
    "transactionID and messageType are PrintableStrings",
    Any * 1, |_| {},
    |seen| {
        let parts = parts(seen)?;
        tagged(&parts, oid::TRANSACTION_ID, tag::PRINTABLE_STRING)?;
        tagged(&parts, oid::MESSAGE_TYPE, tag::PRINTABLE_STRING)?;
    },
    Flaw::Written(|parts| if let Some(mut id) = parts.value(oid::TRANSACTION_ID) {
        if let Some(first) = id.first_mut() { *first = tag::UTF8_STRING; }
        parts.set(oid::TRANSACTION_ID, id);
    }), []

    "messages.nonce", Must, ["R-3.2.1-n"],
    "senderNonce is an OCTET STRING of 16 octets",
    Any * 1, |_| {},
    |seen| {
        let parts = parts(seen)?;
        tagged(&parts, oid::SENDER_NONCE, tag::OCTET_STRING)?;
        let length = parts.value(oid::SENDER_NONCE).map_or(0, |value| value.len().saturating_sub(2));
        ensure(length == 16, "16 octets", length)?;
    },
    Flaw::Sends(|request| request.sender_nonce.truncate(8)), []

    "messages.nonce-fresh", Must, ["R-3.2.1-c", "R-3.2.1.5-a"],
    "Two messages have two nonces",
    Any * 2, |_| {},
    |seen| { all_different(&values(seen, oid::SENDER_NONCE), "senderNonce")?; },
    Flaw::Sends(|request| request.sender_nonce.fill(7)), ["pending.nonce", "pending.other-nonce"]

    "messages.id-unique", Must, ["R-3.2.1.1-b"],
    "Two enrollments have two transactionIDs",
    Any * 2, |_| {},
    |seen| { all_different(&values(seen, oid::TRANSACTION_ID), "transactionID")?; },
    Flaw::Sends(|request| "MY-TRANSACTION".clone_into(&mut request.transaction_id)), []

    "messages.id-characters", Must, ["R-3.2.1.1-c"],
    "transactionID has characters of a PrintableString only",
    Any * 1, |_| {},
    |seen| {
        let id = parts(seen)?.value(oid::TRANSACTION_ID).unwrap_or_default();
        let text = id.get(2..).unwrap_or_default();
        let fits = |c: &u8| c.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(c);
        let odd = text.iter().find(|c| !fits(c));
        ensure(odd.is_none(), "letters, digits and '()+,-./:=?", format!("{:?}", odd.copied().map(char::from)))?;
    },
    Flaw::Sends(|request| request.transaction_id.push('_')), []

    "messages.type", Must, ["R-2.3-d"],
    "messageType of a first request is 19 (PKCSReq)",
    Any * 1, |_| {},
    |seen| {
        let first = seen.first()?;
        ensure(first.message_type() == "19", "19", first.message_type())?;
    },
    Flaw::Sends(|request| "17".clone_into(&mut request.message_type)), ["pending.types", "capabilities.renewal"]

    "messages.sorted", Must, ["C-c"],
    "The signed attributes are sorted, as DER has it",
    Any * 1, |_| {},
    |seen| {
        let attributes = parts(seen)?.signers.first().and_then(|signer| signer.attributes.clone());
        ensure(attributes.is_some_and(|attributes| attributes.is_sorted()), "sorted attributes", "another order")?;
    },
    Flaw::Written(|parts| parts.change_attributes(|attributes| attributes.reverse())), []

    "messages.versions", Must, ["C-a", "C-b"],
    "The versions of SignedData and SignerInfo fit how the signer is named",
    Any * 1, |_| {},
    |seen| {
        let parts = parts(seen)?;
        for signer in &parts.signers {
            let expected = if signer.sid.first() == Some(&tag::SEQUENCE) { 1 } else { 3 };
            ensure(signer.version == expected, format!("SignerInfo version {expected}"), signer.version)?;
            ensure(parts.version == expected, format!("SignedData version {expected}"), parts.version)?;
        }
    },
    Flaw::Written(|parts| parts.version = 3), []

    "messages.one-signer", Must, ["C-i"],
    "A message has one signer",
    Any * 1, |_| {},
    |seen| {
        let signers = parts(seen)?.signers.len();
        ensure(signers == 1, "1", signers)?;
    },
    Flaw::Written(|parts| if let Some(first) = parts.signers.first().cloned() { parts.signers.push(first); }), ["*"]

    "messages.digest-algorithms", Should, ["C-g"],
    "digestAlgorithms lists the signer's",
    Any * 1, |_| {},
    |seen| {
        let parts = parts(seen)?;
        for signer in &parts.signers {
            let listed = parts.digest_algorithms.contains(&signer.digest_algorithm);
            ensure(listed, "the signer's digestAlgorithm", format!("{} others", parts.digest_algorithms.len()))?;
        }
    },
    Flaw::Written(|parts| parts.digest_algorithms.clear()), []

    "messages.signer-certificate", Must, ["R-2.3-k", "R-2.3-l"],
    "The certificate of the signer is sent along",
    Any * 1, |_| {},
    |seen| { with_signer(seen, |_, _| Ok(()))?; },
    Flaw::Sends(|request| request.certificates.clear()), ["*"]

    "messages.signature", Must, ["R-2.3-j", "R-3.1-e", "C-h", "C-e"],
    "A message is signed with the key of that certificate",
    Any * 1, |_| {},
    |seen| { with_signer(seen, |peek, _| ensure(peek.verifies, "a signature that is right", "one that is not"))?; },
    Flaw::Signed(|parts| for signer in &mut parts.signers {
        if let crate::by_hand::Signature::Octets(octets) = &mut signer.signature
            && let Some(last) = octets.last_mut() { *last ^= 1; }
    }), ["messages.sha-256", "capabilities.standard-only"]

    "messages.self-signed", Must, ["R-2.3-a"],
    "A first request is signed with a self-signed certificate",
    Any * 1, |_| {},
    |seen| {
        with_signer(seen, |_, signer| {
            let own = signer.is_self_issued() && signer.is_issued_by(seen.provider(), signer);
            ensure(own, "a self-signed certificate", format!("one by {}", signer.issuer()))
        })?;
    },
    Flaw::SelfSigned(|certificate| {
        if let Ok(name) = Name::from_rfc4514("CN=Somebody") { certificate.issuer = name; }
    }), []

    "messages.self-signed-usage", Must, ["R-2.3-b"],
    "keyUsage of the self-signed certificate has digitalSignature and, as its key is RSA, keyEncipherment",
    Any * 1, |_| {},
    |seen| {
        with_signer(seen, |_, signer| {
            let usage = signer.key_usage();
            let both = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
            let fits = usage.is_some_and(|usage| usage.contains(both));
            ensure(fits, "both", usage.map_or_else(|| "no keyUsage".to_owned(), |usage| usage.names().join(", ")))
        })?;
    },
    Flaw::SelfSigned(|certificate| certificate.extensions.clear()), []

    "messages.self-signed-subject", Should, ["R-2.3-c"],
    "The self-signed certificate has the subject and the key of the request",
    Any * 1, |_| {},
    |seen| {
        with_signer(seen, |peek, signer| {
            let csr = peek.csr.as_ref().ok_or_else(|| Stop::unlike("a certification request", "none"))?;
            ensure(signer.subject().matches(csr.subject()), csr.subject(), signer.subject())?;
            ensure(signer.spki_der() == csr.spki_der(), "the key of the request", "another one")
        })?;
    },
    Flaw::SelfSigned(|certificate| if let Ok(name) = Name::from_rfc4514("CN=SCEP SIGNER") {
        certificate.subject = name.clone();
        certificate.issuer = name;
    }), ["pending.data"]

    "messages.recipient", Must, ["R-3.1-b", "C-k"],
    "A message is encrypted to the CA, and to nobody else",
    Any * 1, |_| {},
    |seen| {
        let envelope = envelope(seen)?;
        let ours: Vec<Vec<u8>> = seen.decrypters().map(|c| c.issuer_and_serial().to_der()).collect();
        for info in &envelope.recipients {
            let named = ours.iter().any(|id| info.windows(id.len()).any(|part| part == id));
            let by_id = version_of(info) == Some(2);
            ensure(named || by_id, "the CA's certificate", "another one")?;
        }
        ensure(seen.first()?.opened, "what the CA's key opens", "something else")?;
    },
    Flaw::Sends(|request| request.recipient = request.signer.certificate.clone()), ["*"]

    "messages.envelope-version", Must, ["C-j"],
    "The version of the envelope fits its recipients",
    Any * 1, |_| {},
    |seen| {
        let envelope = envelope(seen)?;
        let versions = envelope.recipients.iter().map(|info| match info.first() {
            Some(&tag::SEQUENCE) => version_of(info).unwrap_or_default(),
            _ => 3,
        });
        let expected = versions.max().unwrap_or_default();
        ensure(envelope.version == expected, format!("version {expected}"), envelope.version)?;
    },
    Flaw::Enveloped(|envelope| envelope.version = 2), []

    "messages.envelope-content-type", Must, ["R-3.2.2-b"],
    "contentType within the envelope is id-data",
    Any * 1, |_| {},
    |seen| {
        let envelope = envelope(seen)?;
        ensure(envelope.content_type == oid::DATA, oid::DATA, envelope.content_type)?;
    },
    Flaw::Enveloped(|envelope| envelope.content_type = oid::SIGNED_DATA), []

    "messages.aes", Should, ["R-2.9-e", "R-3.5.2-b", "R-3.5.2-q", "R-3.5.2-r"],
    "Where AES is listed, a message is encrypted in AES-128-CBC",
    Any * 1, |_| {},
    |seen| {
        let cipher = seen.first()?.cipher;
        ensure(cipher == Some(ContentCipher::Aes128Cbc), "AES-128-CBC", cipher.map_or_else(|| "none".to_owned(), |c| c.to_string()))?;
    },
    Flaw::Sends(|request| request.cipher = ContentCipher::DesEde3Cbc),
    ["capabilities.standard-only", "capabilities.lines", "capabilities.case"]

    "messages.sha-256", Should, ["R-2.9-f", "R-3.5.2-g", "R-3.5.2-h", "R-3.5.2-i", "R-3.5.2-p"],
    "Where SHA-256 is listed, a message is signed with SHA-256, and neither SHA-1 nor SHA-512",
    Any * 1, |_| {},
    |seen| {
        let digest = seen.first()?.digest;
        ensure(digest == Some(DigestAlgorithm::Sha256), "SHA-256", digest.map_or_else(|| "none".to_owned(), |d| d.to_string()))?;
    },
    Flaw::Sends(|request| request.digest = DigestAlgorithm::Sha1), ["capabilities.standard-only", "replies.no-parameters", "replies.signature-algorithm"]
}
