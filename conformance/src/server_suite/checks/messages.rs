//! What a CertRep looks like (RFC 8894 sections 3.1 and 3.2), and by which algorithms.

use scep_core::asn1::{tag, write};
use scep_core::cms::Attribute;
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::message::{EmptyContent, MessageType, PkiStatus};
use scep_core::oid;
use scep_core::server::{CipherChoice, DigestChoice, Echo, SenderNonceStyle};

use super::checks;
use crate::by_hand::Parts;
use crate::server_suite::flaw::Answer;
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::{Outcome, Stop};

fn replace(parts: &mut Parts<'_>, oid: oid::ObjectIdentifier, value: Vec<u8>) {
    parts.attributes.retain(|attribute| attribute.oid != oid);
    parts.attributes.push(Attribute::new(oid, value));
}

fn printable(text: &str) -> Vec<u8> {
    write::tlv(tag::PRINTABLE_STRING, text.as_bytes())
}

/// An enrollment with other algorithms; by what they are, by what is answered.
async fn with(
    s: &mut Session<'_>,
    cipher: ContentCipher,
    digest: DigestAlgorithm,
) -> Result<crate::server_suite::reply::Reply, Stop> {
    let wish = s.wish().await?;
    let mut request = s.pkcs_req(&wish).await?;
    request.cipher = cipher;
    request.digest = digest;
    s.granted(&request).await
}

/// A request that no server of this RFC takes.
async fn not_with(
    s: &mut Session<'_>,
    cipher: ContentCipher,
    digest: DigestAlgorithm,
    why: &str,
) -> Outcome {
    let wish = s.wish().await?;
    let mut request = s.pkcs_req(&wish).await?;
    request.cipher = cipher;
    request.digest = digest;
    s.refused(&request, why).await.map(|_| ())
}

checks! {
    "messages.type", Must, ["R-3.2.1.2-a", "R-3.2.1.2-b", "R-3.3-a"],
    "messageType of a reply is 3 (CertRep)",
    Flaw::Reply(|parts| replace(parts, oid::MESSAGE_TYPE, printable("19"))),
    [],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        let seen = reply.attributes.message_type;
        ensure(seen == MessageType::CertRep, "3", seen.as_text())?;
    }

    "messages.status", Must, ["R-3.2.1-f", "R-3.3.1-e", "R-3.3.3-e", "R-3.3.4-b", "R-3.2.1.3-a", "R-3.2.1.3-b"],
    "A reply has a pkiStatus of 0, 2 or 3",
    Flaw::Reply(|parts| replace(parts, oid::PKI_STATUS, printable("1"))),
    ["*"],
    |s| {
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let reply = s.ask(&request).await?;
        let known = matches!(
            reply.attributes.pki_status,
            Some(PkiStatus::Success | PkiStatus::Failure | PkiStatus::Pending)
        );
        ensure(known, "pkiStatus 0, 2 or 3", reply.says())?;
    }

    "messages.transaction-id", Must, ["R-3.2.1-a", "R-3.2.1.1-d"],
    "A reply has the transactionID of the request",
    Flaw::Config(|config| config.style.echo = Echo::HalfTransactionId),
    ["concurrency.devices", "polling.answered", "requests.unusual-id"],
    |s| {
        let (_, request, reply) = s.enrolled().await?;
        let seen = reply.attributes.transaction_id.as_str();
        ensure(seen == request.transaction_id, &request.transaction_id, seen)?;
    }

    "messages.recipient-nonce", Must, ["R-3.2.1-i", "R-3.2.1.5-c"],
    "recipientNonce of a reply is senderNonce of the request",
    Flaw::Config(|config| config.style.echo = Echo::OtherNonce),
    ["failures.nonces", "messages.nonce-lengths", "concurrency.devices", "polling.answered"],
    |s| {
        let (_, request, reply) = s.enrolled().await?;
        let nonce = reply.attributes.recipient_nonce.as_ref();
        let same = nonce.is_some_and(|nonce| nonce.as_octets() == request.sender_nonce);
        ensure(same, "the octets that were sent", nonce.map_or("none", |_| "others"))?;
    }

    "messages.nonce-lengths", Robustness, ["R-3.2.1.5-c"],
    "A senderNonce of 8 or 32 octets comes back as it was",
    Flaw::Reply(|parts| {
        let long = parts.attributes.iter().any(|a| {
            a.oid == oid::RECIPIENT_NONCE && a.values.iter().any(|value| value.len() != 18)
        });
        if long { replace(parts, oid::RECIPIENT_NONCE, write::octet_string(&[0; 16])); }
    }),
    [],
    |s| {
        for length in [8, 32] {
            let wish = s.wish().await?;
            let mut request = s.pkcs_req(&wish).await?;
            request.sender_nonce = s.octets(length);
            let reply = s.ask(&request).await?;
            let nonce = reply.attributes.recipient_nonce.as_ref();
            let same = nonce.is_some_and(|nonce| nonce.as_octets() == request.sender_nonce);
            ensure(same, format!("the {length} octets that were sent"), "others")?;
        }
    }

    "messages.sender-nonce", Should, ["R-3.2.1-d", "R-3.2.1.5-a"],
    "A reply has a senderNonce of its own, of 16 octets",
    Flaw::Config(|config| config.style.sender_nonce = SenderNonceStyle::Absent),
    ["messages.sender-nonce-fresh"],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        let length = reply.attributes.sender_nonce.as_ref().map(|nonce| nonce.as_octets().len());
        ensure(length == Some(16), "16 octets", length.map_or("none".into(), |n| n.to_string()))?;
    }

    "messages.sender-nonce-fresh", Should, ["R-3.2.1.5-a", "R-3.2.1.5-b"],
    "senderNonce of a reply is not that of the request",
    Flaw::Config(|config| config.style.sender_nonce = SenderNonceStyle::Copied),
    [],
    |s| {
        let (_, request, reply) = s.enrolled().await?;
        let nonce = reply.attributes.sender_nonce.as_ref();
        let fresh = nonce.is_some_and(|nonce| nonce.as_octets() != request.sender_nonce);
        ensure(fresh, "a fresh nonce", nonce.map_or("none", |_| "a copy"))?;
    }

    "messages.no-fail-info", Must, ["R-3.2.1.3-c"],
    "SUCCESS has no failInfo",
    Flaw::Reply(|parts| if parts.plain.is_some() {
        replace(parts, oid::FAIL_INFO, printable("2"));
    }),
    [],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        ensure(reply.attributes.fail_info.is_none(), "no failInfo", reply.says())?;
    }

    "messages.signer", Must, ["R-3.1-e"],
    "A reply is signed by the CA or its RA",
    Flaw::Reply(|parts| {
        parts.signer = parts.stranger.clone();
        parts.certificates = vec![parts.stranger.certificate.clone()];
    }),
    ["*"],
    |s| {
        s.enrolled().await?;
    }

    "messages.encrypted-to-signer", Must, ["R-2.3-m", "R-3.1-b"],
    "The certificate is encrypted to the key that signed the request",
    Flaw::Reply(|parts| parts.receiver = parts.ca.certificate.clone()),
    ["*"],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        reply.inside()?;
    }

    "messages.aes", Must, ["R-2.9-e", "R-3.5.2-b"],
    "A request in AES-128 is answered in AES-128",
    Flaw::Config(|config| config.style.cipher = CipherChoice::Fixed(ContentCipher::DesEde3Cbc)),
    ["requests.aes-256"],
    |s| {
        s.offers("AES").await?;
        let reply = with(s, ContentCipher::Aes128Cbc, DigestAlgorithm::Sha256).await?;
        let cipher = reply.inside()?.cipher;
        ensure(cipher == ContentCipher::Aes128Cbc, "AES-128-CBC", cipher)?;
    }

    "messages.des3", Must, ["R-3.5.2-c"],
    "If DES3 is listed, a request in triple DES is served",
    Flaw::When(|peek| peek.cipher == Some(ContentCipher::DesEde3Cbc), Answer::Status(400)),
    [],
    |s| {
        s.offers("DES3").await?;
        with(s, ContentCipher::DesEde3Cbc, DigestAlgorithm::Sha256).await?;
    }

    "messages.sha-256", Must, ["R-2.9-f", "R-3.5.2-h"],
    "A request with SHA-256 is answered with SHA-256",
    Flaw::Config(|config| config.style.digest = DigestChoice::Fixed(DigestAlgorithm::Sha512)),
    [],
    |s| {
        s.offers("SHA-256").await?;
        let reply = with(s, ContentCipher::Aes128Cbc, DigestAlgorithm::Sha256).await?;
        ensure(reply.digest == DigestAlgorithm::Sha256, "SHA-256", reply.digest)?;
    }

    "messages.sha-512", Must, ["R-3.5.2-i"],
    "If SHA-512 is listed, a request with it is served",
    Flaw::When(|peek| peek.digest == Some(DigestAlgorithm::Sha512), Answer::Status(400)),
    [],
    |s| {
        s.offers("SHA-512").await?;
        with(s, ContentCipher::Aes128Cbc, DigestAlgorithm::Sha512).await?;
    }

    "messages.sha-1", Must, ["R-3.5.2-g"],
    "A request with SHA-1 is served if SHA-1 is listed, and else served or refused",
    Flaw::When(|peek| peek.digest == Some(DigestAlgorithm::Sha1), Answer::Status(500)),
    [],
    |s| {
        let listed = s.offers("SHA-1").await.is_ok();
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.digest = DigestAlgorithm::Sha1;
        if listed {
            s.granted(&request).await?;
        } else {
            let message = s.encode(&request)?;
            let response = s.post(message).await?;
            ensure(response.status < 500, "an answer, or 4xx", format!("HTTP {}", response.status))?;
        }
    }

    "messages.single-des", Must, ["R-2.9-j"],
    "A request in single DES is refused",
    Flaw::When(|peek| peek.cipher == Some(ContentCipher::DesCbc), Answer::Grant),
    ["failures.bad-algorithm"],
    |s| {
        not_with(s, ContentCipher::DesCbc, DigestAlgorithm::Sha256, "single DES is not supported").await?;
    }

    "messages.md5", Must, ["R-2.9-k"],
    "A request that is signed with MD5 is refused",
    Flaw::When(|peek| peek.digest == Some(DigestAlgorithm::Md5), Answer::Grant),
    [],
    |s| {
        not_with(s, ContentCipher::Aes128Cbc, DigestAlgorithm::Md5, "MD5 is not supported").await?;
    }

    "messages.empty-failure", Must, ["R-3-b", "R-3.2-e", "R-3.3.2.2-c", "C-f"],
    "FAILURE has no pkcsPKIEnvelope",
    Flaw::Config(|config| config.style.empty_content = EmptyContent::OneZeroOctet),
    ["polling.pending"],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = Some(scep_core::message::ChallengePassword::new("not this one"));
        let request = s.pkcs_req(&wish).await?;
        let reply = s.ask(&request).await?;
        if reply.attributes.pki_status != Some(PkiStatus::Failure) {
            return Err(Stop::NotApplicable("a wrong challenge password is not refused".into()));
        }
        let length = reply.content.as_ref().map(Vec::len);
        ensure(length.is_none(), "no eContent", format!("{} octets", length.unwrap_or(0)))?;
    }
}
