//! How a request is refused (RFC 8894 sections 3.2.1.4 and 3.3.2.2), and which have to be.

use scep_core::asn1::{tag, write};
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::message::{ChallengePassword, FailInfo, PkiStatus};
use scep_core::oid;

use super::checks;
use crate::by_hand::Peek;
use crate::server_suite::flaw::Answer;
use crate::server_suite::flaw::set_content_type;
use crate::server_suite::reply::Reply;
use crate::server_suite::{Flaw, Session, ensure, ensure_content_type};
use crate::verdict::{Outcome, Stop};

/// A password that no server has handed out.
const WRONG: &str = "F00DF00DF00DF00D";

/// A FAILURE, if the server refuses a wrong challenge password.
pub(super) async fn failure(s: &mut Session<'_>) -> Result<(Vec<u8>, Reply), Stop> {
    let mut wish = s.wish().await?;
    wish.challenge = Some(ChallengePassword::new(WRONG));
    let request = s.pkcs_req(&wish).await?;
    let reply = s.ask(&request).await?;
    if reply.attributes.pki_status == Some(PkiStatus::Failure) {
        Ok((request.sender_nonce, reply))
    } else {
        Err(Stop::NotApplicable(
            "a wrong challenge password is not refused".into(),
        ))
    }
}

/// A message of a type that the RFC does not have.
async fn unknown_type(s: &mut Session<'_>, message_type: &str) -> Outcome {
    let wish = s.wish().await?;
    let mut request = s.pkcs_req(&wish).await?;
    message_type.clone_into(&mut request.message_type);
    let why = format!("messageType {message_type} does not exist");
    s.refused(&request, &why).await.map(|_| ())
}

/// Whether a message has signed attributes, but none of this type.
fn lacks(peek: &Peek<'_>, oid: oid::ObjectIdentifier) -> bool {
    let other = if oid == oid::MESSAGE_TYPE {
        oid::TRANSACTION_ID
    } else {
        oid::MESSAGE_TYPE
    };
    peek.written(|parts| parts.values(oid).is_empty() && parts.value(other).is_some())
}

checks! {
    "failures.fail-info", Must, ["R-3.2.1-g", "R-3.2.1.3-c", "R-3.2.1.4-a", "R-3.3.2.2-a"],
    "FAILURE has a failInfo from 0 to 4",
    Flaw::Reply(|parts| parts.attributes.retain(|a| a.oid != oid::FAIL_INFO)),
    ["queries.get-cert-unknown", "failures.bad-algorithm", "failures.bad-message-check", "failures.bad-request"],
    |s| {
        let (_, reply) = failure(s).await?;
        let known = reply.attributes.fail_info.as_ref();
        let known = known.is_some_and(|info| !matches!(info, FailInfo::Other(_)));
        ensure(known, "a failInfo from 0 to 4", reply.says())?;
    }

    "failures.nonces", Must, ["R-3.2.1.5-c"],
    "FAILURE has the nonce of the request, too",
    Flaw::Reply(|parts| if parts.content.is_none() {
        parts.attributes.retain(|a| a.oid != oid::RECIPIENT_NONCE);
    }),
    ["polling.answered"],
    |s| {
        let (sent, reply) = failure(s).await?;
        let nonce = reply.attributes.recipient_nonce.as_ref();
        ensure(
            nonce.is_some_and(|nonce| nonce.as_octets() == sent),
            "the octets that were sent",
            nonce.map_or("none", |_| "others"),
        )?;
    }

    "failures.content-type", Must, ["R-4.3.1-b", "R-4.3.1-e"],
    "FAILURE comes with status 200, as application/x-pki-message",
    Flaw::Http(|request, response| if request.method == "POST" && response.body.len() < 2700 {
        set_content_type(response, "text/plain");
    }),
    ["transport.content-type"],
    |s| {
        let (_, reply) = failure(s).await?;
        ensure_content_type(&reply.http, CT_PKI_MESSAGE)?;
    }

    "failures.secret", Security, ["R-2.4-l"],
    "A refusal does not repeat the challenge password",
    Flaw::Rules(|rules| rules.says_challenge = true),
    [],
    |s| {
        let (_, reply) = failure(s).await?;
        let text = reply.attributes.fail_info_text.unwrap_or_default();
        let clear = reply.http.body.windows(WRONG.len()).any(|part| part == WRONG.as_bytes());
        ensure(!text.contains(WRONG) && !clear, "nothing of it", "the password itself")?;
    }

    "failures.type-18", Must, ["R-3.2.1.2-c"],
    "messageType 18 (UpdateReq of an old draft) issues nothing",
    Flaw::When(|peek| peek.message_type() == "18", Answer::Grant),
    [],
    |s| { unknown_type(s, "18").await?; }

    "failures.type-41", Must, ["R-3.2.1.2-c"],
    "messageType 41 issues nothing",
    Flaw::When(|peek| peek.message_type() == "41", Answer::Grant),
    [],
    |s| { unknown_type(s, "41").await?; }

    "failures.type-99", Must, ["R-3.2.1.2-c"],
    "messageType 99 issues nothing",
    Flaw::When(|peek| peek.message_type() == "99", Answer::Grant),
    [],
    |s| { unknown_type(s, "99").await?; }

    "failures.type-3", Must, ["R-3.2.1.2-b"],
    "A CertRep that is sent as a request issues nothing",
    Flaw::When(|peek| peek.message_type() == "3", Answer::Grant),
    [],
    |s| { unknown_type(s, "3").await?; }

    "failures.no-type", Must, ["R-3.2.1-b"],
    "A message without messageType is refused",
    Flaw::When(|peek| lacks(peek, oid::MESSAGE_TYPE), Answer::Empty),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.without.push(oid::MESSAGE_TYPE);
        s.refused(&request, "it has no messageType").await?;
    }

    "failures.no-transaction-id", Must, ["R-3.2.1-a"],
    "A message without transactionID is refused",
    Flaw::When(|peek| lacks(peek, oid::TRANSACTION_ID), Answer::Empty),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.without.push(oid::TRANSACTION_ID);
        s.refused(&request, "it has no transactionID").await?;
    }

    "failures.other-recipient", Must, ["R-3.2-c"],
    "A message that is encrypted to somebody else is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| peek.is_signed_by(|signer| {
        let own = signer.issuer_and_serial().to_der();
        envelope.recipients.len() == 1
            && envelope.recipients.iter().any(|info| info.windows(own.len()).any(|part| part == own))
    })), Answer::Empty),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.recipient = request.signer.certificate.clone();
        s.refused(&request, "the server cannot decrypt it").await?;
    }

    "failures.no-envelope", Must, ["R-3-c", "R-3.2-d"],
    "A PKCSReq whose content is no envelope is refused",
    Flaw::When(
        |peek| peek.message.as_ref().is_some_and(|m| m.content().is_some_and(|c| c.starts_with(b"no "))),
        Answer::Empty,
    ),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.content = Some(b"no envelope".to_vec());
        s.refused(&request, "it has no envelope").await?;
    }

    "failures.no-request", Must, ["R-3.2.2-c", "R-3.3.1-a"],
    "A PKCSReq that holds no certification request is refused",
    Flaw::When(|peek| peek.plain.as_deref() == Some(b"not a request"), Answer::Empty),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.plain = b"not a request".to_vec();
        s.refused(&request, "it holds no certification request").await?;
    }

    "failures.bad-algorithm", Must, ["R-3.2.1.4-b"],
    "FAILURE for an algorithm that is not supported has failInfo 0 (badAlg)",
    Flaw::Reply(|parts| {
        let bad_alg = write::tlv(tag::PRINTABLE_STRING, b"0");
        for attribute in &mut parts.attributes {
            if attribute.oid == oid::FAIL_INFO && attribute.values == [bad_alg.clone()] {
                attribute.values = vec![write::tlv(tag::PRINTABLE_STRING, b"2")];
            }
        }
    }),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.cipher = scep_core::crypto::ContentCipher::DesCbc;
        if let Some(reply) = s.refused(&request, "single DES is not supported").await? {
            ensure(reply.attributes.fail_info == Some(FailInfo::BadAlg), "failInfo 0", reply.says())?;
        }
    }

    "failures.bad-message-check", Must, ["R-3.2.1.4-c"],
    "FAILURE for a signature that is wrong has failInfo 1 (badMessageCheck)",
    Flaw::Reply(|parts| {
        let bad_check = write::tlv(tag::PRINTABLE_STRING, b"1");
        for attribute in &mut parts.attributes {
            if attribute.oid == oid::FAIL_INFO && attribute.values == [bad_check.clone()] {
                attribute.values = vec![write::tlv(tag::PRINTABLE_STRING, b"2")];
            }
        }
    }),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.signer.key = std::sync::Arc::clone(&s.keys().other);
        if let Some(reply) = s.refused(&request, "its signature is wrong").await? {
            let info = reply.attributes.fail_info.as_ref();
            ensure(info == Some(&FailInfo::BadMessageCheck), "failInfo 1", reply.says())?;
        }
    }

    "failures.bad-request", Must, ["R-3.2.1.4-d"],
    "FAILURE for a wrong challenge password has failInfo 2 (badRequest)",
    Flaw::Reply(|parts| {
        let bad_request = write::tlv(tag::PRINTABLE_STRING, b"2");
        for attribute in &mut parts.attributes {
            if attribute.oid == oid::FAIL_INFO && attribute.values == [bad_request.clone()] {
                attribute.values = vec![write::tlv(tag::PRINTABLE_STRING, b"4")];
            }
        }
    }),
    [],
    |s| {
        let (_, reply) = failure(s).await?;
        ensure(reply.attributes.fail_info == Some(FailInfo::BadRequest), "failInfo 2", reply.says())?;
    }
}
