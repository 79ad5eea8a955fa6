//! How a CertRep is written (RFC 5652, RFC 8894 sections 3.2.1 and 3.2.2).

use scep_core::asn1::{tag, write};
use scep_core::oid::{self, ObjectIdentifier};

use super::checks;
use crate::by_hand::{Envelope, SignedParts, version_of};
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::Stop;

/// The parts of a granted CertRep.
async fn granted(s: &mut Session<'_>) -> Result<SignedParts, Stop> {
    let (_, _, reply) = s.enrolled().await?;
    SignedParts::read(&reply.http.body).ok_or_else(|| Stop::unlike("a SignedData", "none"))
}

/// Its envelope.
async fn enveloped(s: &mut Session<'_>) -> Result<Envelope, Stop> {
    let parts = granted(s).await?;
    let content = parts.content.unwrap_or_default();
    Envelope::read(&content)
        .ok_or_else(|| Stop::unlike("a ContentInfo with EnvelopedData", "something else"))
}

/// Requires that the value of an attribute has a tag.
fn ensure_tag(parts: &SignedParts, oid: ObjectIdentifier, expected: u8) -> crate::verdict::Outcome {
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

/// Writes the value of an attribute with another tag.
fn retag(parts: &mut SignedParts, oid: ObjectIdentifier, tag: u8) {
    if let Some(mut value) = parts.value(oid) {
        if let Some(first) = value.first_mut() {
            *first = tag;
        }
        parts.set(oid, value);
    }
}

checks! {
    "replies.content-type", Must, ["R-3.2-b", "R-3.2.1-e", "C-d"],
    "eContentType of a reply is id-data, and its contentType attribute says so",
    Flaw::Written(|parts| {
        parts.content_type = oid::ENVELOPED_DATA;
        parts.set(oid::CONTENT_TYPE, write::oid(oid::ENVELOPED_DATA));
    }),
    ["*"],
    |s| {
        let parts = granted(s).await?;
        ensure(parts.content_type == oid::DATA, oid::DATA, parts.content_type)?;
        let said = parts.value(oid::CONTENT_TYPE) == Some(write::oid(oid::DATA));
        ensure(said, "one contentType, id-data", "another one, or none")?;
        ensure(parts.value(oid::MESSAGE_DIGEST).is_some(), "one messageDigest", "none, or several")?;
    }

    "replies.strings", Must, ["R-3.2.1-k", "R-3.2.1-l"],
    "transactionID, messageType and pkiStatus of a reply are PrintableStrings",
    Flaw::Written(|parts| retag(parts, oid::TRANSACTION_ID, tag::UTF8_STRING)),
    [],
    |s| {
        let parts = granted(s).await?;
        for oid in [oid::TRANSACTION_ID, oid::MESSAGE_TYPE, oid::PKI_STATUS] {
            ensure_tag(&parts, oid, tag::PRINTABLE_STRING)?;
        }
    }

    "replies.nonces", Must, ["R-3.2.1-n", "R-3.2.1-o"],
    "recipientNonce and, where it is there, senderNonce of a reply are OCTET STRINGs of 16 octets",
    Flaw::Written(|parts| parts.set(oid::SENDER_NONCE, write::octet_string(&[5; 8]))),
    ["messages.sender-nonce"],
    |s| {
        let parts = granted(s).await?;
        ensure_tag(&parts, oid::RECIPIENT_NONCE, tag::OCTET_STRING)?;
        for oid in [oid::RECIPIENT_NONCE, oid::SENDER_NONCE] {
            if let Some(value) = parts.value(oid) {
                ensure(value.len() == 18, "16 octets", value.len().saturating_sub(2))?;
            }
        }
    }

    "replies.fail-info-text", Must, ["R-3.2.1-m"],
    "failInfoText is a UTF8String",
    Flaw::Written(|parts| retag(parts, oid::FAIL_INFO_TEXT, tag::PRINTABLE_STRING)),
    [],
    |s| {
        let reply = super::failures::failure(s).await?.1;
        let parts = SignedParts::read(&reply.http.body)
            .filter(|parts| parts.value(oid::FAIL_INFO_TEXT).is_some())
            .ok_or_else(|| Stop::NotApplicable("FAILURE has no failInfoText".into()))?;
        ensure_tag(&parts, oid::FAIL_INFO_TEXT, tag::UTF8_STRING)?;
    }

    "replies.attributes-once", Must, ["R-3.2.1-p", "R-3.2.1-j"],
    "Each attribute of SCEP is there once in a reply, signed and with one value",
    Flaw::Written(|parts| {
        let status = write::sequence(&[
            &write::oid(oid::PKI_STATUS),
            &write::tlv(tag::SET, &write::tlv(tag::PRINTABLE_STRING, b"0")),
        ]);
        parts.change_attributes(|attributes| {
            attributes.push(status.clone());
            attributes.sort();
        });
    }),
    ["*"],
    |s| {
        let parts = granted(s).await?;
        for oid in [oid::TRANSACTION_ID, oid::MESSAGE_TYPE, oid::PKI_STATUS, oid::RECIPIENT_NONCE] {
            let name = oid::name(oid).unwrap_or_default();
            ensure(parts.value(oid).is_some(), format!("one value of {name}"), format!("{} attributes", parts.values(oid).len()))?;
        }
    }

    "replies.sorted", Must, ["C-c"],
    "The signed attributes of a reply are sorted, as DER has it",
    Flaw::Written(|parts| parts.change_attributes(|attributes| attributes.reverse())),
    [],
    |s| {
        let parts = granted(s).await?;
        let attributes = parts.signers.first().and_then(|signer| signer.attributes.clone());
        let sorted = attributes.is_some_and(|attributes| attributes.is_sorted());
        ensure(sorted, "sorted attributes", "another order")?;
    }

    "replies.versions", Must, ["C-a", "C-b"],
    "The versions of SignedData and SignerInfo fit how the signer is named",
    Flaw::Written(|parts| parts.version = 3),
    [],
    |s| {
        let parts = granted(s).await?;
        for signer in &parts.signers {
            let by_name = signer.sid.first() == Some(&tag::SEQUENCE);
            let expected = if by_name { 1 } else { 3 };
            ensure(signer.version == expected, format!("SignerInfo version {expected}"), signer.version)?;
            ensure(parts.version == expected, format!("SignedData version {expected}"), parts.version)?;
        }
    }

    "replies.digest-algorithms", Should, ["C-g"],
    "digestAlgorithms of a reply lists the signer's",
    Flaw::Written(|parts| parts.digest_algorithms.clear()),
    [],
    |s| {
        let parts = granted(s).await?;
        for signer in &parts.signers {
            let listed = parts.digest_algorithms.contains(&signer.digest_algorithm);
            ensure(listed, "the signer's digestAlgorithm", format!("{} others", parts.digest_algorithms.len()))?;
        }
    }

    "replies.one-signer", Must, ["C-i"],
    "A reply has one signer",
    Flaw::Written(|parts| if let Some(first) = parts.signers.first().cloned() { parts.signers.push(first); }),
    ["*"],
    |s| {
        let parts = granted(s).await?;
        ensure(parts.signers.len() == 1, "1", parts.signers.len())?;
    }

    "replies.envelope", Must, ["R-3-a", "R-3.1-a", "R-3.2.2-a"],
    "The content of a granted reply is a ContentInfo with EnvelopedData",
    Flaw::Reply(|parts| if let Some(plain) = parts.plain.take() { parts.content = Some(plain); }),
    ["*"],
    |s| {
        let envelope = enveloped(s).await?;
        ensure(envelope.info_type == oid::ENVELOPED_DATA, oid::ENVELOPED_DATA, envelope.info_type)?;
    }

    "replies.envelope-content-type", Must, ["R-3.2.2-b"],
    "contentType within the envelope is id-data",
    Flaw::Enveloped(|envelope| envelope.content_type = oid::SIGNED_DATA),
    [],
    |s| {
        let envelope = enveloped(s).await?;
        ensure(envelope.content_type == oid::DATA, oid::DATA, envelope.content_type)?;
    }

    "replies.envelope-version", Must, ["C-j"],
    "The version of the envelope fits its recipients",
    Flaw::Enveloped(|envelope| envelope.version = 2),
    [],
    |s| {
        let envelope = enveloped(s).await?;
        let versions = envelope.recipients.iter().map(|info| match info.first() {
            Some(&tag::SEQUENCE) => version_of(info).unwrap_or_default(),
            // PasswordRecipientInfo, and whatever else there is
            _ => 3,
        });
        let expected = versions.max().unwrap_or_default();
        ensure(envelope.version == expected, format!("version {expected}"), envelope.version)?;
    }
}
