//! PENDING, and how a client asks again (RFC 8894 sections 2.5, 3.3.3 and 4.4).

use scep_core::http::Operation;
use scep_core::message::IssuerAndSubject;
use scep_core::oid;

use super::checks;
use crate::client_suite::{Case, Flaw, Seen};
use crate::server_suite::ensure;
use crate::verdict::Stop;

/// Twice PENDING, then the certificate.
fn twice(case: &mut Case) {
    case.statuses = &["3", "3"];
}

/// The messages after the first.
fn polls<'s>(seen: &'s Seen<'_>) -> Result<Vec<crate::by_hand::Peek<'s>>, Stop> {
    let mut messages = seen.messages();
    if messages.len() < 2 {
        return Err(Stop::NotApplicable("the client does not ask again".into()));
    }
    messages.remove(0);
    Ok(messages)
}

checks! {
    "pending.then-success", Must, ["R-2.5-f", "R-2.5.1-e", "R-4.3.1-c", "R-4.3.1-d", "R-4.4.1-a", "R-2.9-c", "R-3.3.3-d"],
    "After PENDING a client asks again until it has its certificate",
    Accept * 1, |case| { twice(case); }, |_| {},
    Flaw::Picky(|reading| reading.value(oid::PKI_STATUS).ends_with(b"3")),
    []

    "pending.types", Must, ["R-2.5-f", "R-2.5-h", "R-3.2.1.2-b"],
    "It asks with CertPoll (20), after one PKCSReq",
    Any * 1, |case| { twice(case); },
    |seen| {
        let types: Vec<String> = seen.messages().iter().map(|peek| peek.message_type().to_owned()).collect();
        polls(seen)?;
        let right = types.iter().enumerate().all(|(n, kind)| kind == if n == 0 { "19" } else { "20" });
        ensure(right, "19, 20, 20", types.join(", "))?;
    },
    Flaw::Lax(|lax| lax.polls_with_19 = true), ["pending.data"]

    "pending.id", Must, ["R-3.2.1.1-d", "R-4.4-b"],
    "It asks with the transactionID of the request",
    Any * 1, |case| { twice(case); },
    |seen| {
        let first = seen.first()?.transaction_id().to_owned();
        for poll in polls(seen)? {
            ensure(poll.transaction_id() == first, &first, poll.transaction_id())?;
        }
    },
    Flaw::Lax(|lax| lax.polls_with_new_id = true), ["pending.then-success"]

    "pending.nonce", Must, ["R-3.2.1-c", "R-3.2.1.5-a"],
    "It asks with another senderNonce each time",
    Any * 1, |case| { twice(case); },
    |seen| {
        polls(seen)?;
        let messages = seen.messages();
        let nonces = messages.iter().filter_map(|peek| peek.parts.as_ref()?.value(oid::SENDER_NONCE));
        let nonces: Vec<Vec<u8>> = nonces.collect();
        let distinct: std::collections::BTreeSet<_> = nonces.iter().collect();
        ensure(distinct.len() == nonces.len(), "another nonce each time", "the same again")?;
    },
    Flaw::Lax(|lax| lax.repeats_nonce = true), ["pending.other-nonce"]

    "pending.data", Must, ["R-3.3.3-a", "R-3.3.3-b", "R-3.3.3-c", "R-3.3.3-e", "R-3.2-d"],
    "A CertPoll holds the names of the CA and of the request",
    Any * 1, |case| { twice(case); },
    |seen| {
        let subject = seen.first()?.csr.map(|csr| csr.subject().clone());
        for poll in polls(seen)? {
            let names = IssuerAndSubject::from_der(poll.plain.as_deref().unwrap_or_default());
            let names = names.map_err(|_| Stop::unlike("an IssuerAndSubject", "something else"))?;
            let ca = seen.issuing_ca().subject();
            ensure(names.issuer.matches(ca), ca, &names.issuer)?;
            let same = subject.as_ref().is_some_and(|subject| names.subject.matches(subject));
            ensure(same, "the subject of the request", &names.subject)?;
        }
    },
    Flaw::Lax(|lax| lax.polls_with_wrong_names = true), []

    "pending.operation", Must, ["R-4.4-a"],
    "It asks as it sent the request: by POST, with operation=PKIOperation",
    Any * 1, |case| { twice(case); },
    |seen| {
        polls(seen)?;
        for heard in seen.of(Operation::PkiOperation) {
            ensure(heard.method == "POST", "POST", &heard.method)?;
        }
    },
    Flaw::Lax(|lax| lax.uses_get = true),
    ["enrollment.by-post", "capabilities.standard-only", "capabilities.lines", "capabilities.case"]

    "pending.then-failure", Must, ["R-2.5.1-c", "R-4.4-d"],
    "FAILURE after PENDING is a refusal",
    Refuse * 1, |case| {
        case.statuses = &["3"];
        case.last_status = "2";
    }, |_| {},
    Flaw::Lax(|lax| lax.pending_is_enough = true),
    ["pending.for-ever", "pending.with-certificate", "pending.other-nonce"]

    "pending.for-ever", Must, ["R-2.5.1-f", "R-4.4-d"],
    "A client that is told to wait for ever gives up, without a certificate",
    Refuse * 1, |case| { case.last_status = "3"; }, |_| {},
    Flaw::Lax(|lax| lax.polls_for_ever = true), ["pending.with-certificate"]

    "pending.with-certificate", Security, ["R-3.2-e"],
    "PENDING is no success even with a certificate in it",
    Refuse * 1, |case| {
        case.reply = |parts| {
            parts.attributes.retain(|attribute| attribute.oid != oid::PKI_STATUS);
            let pending = scep_core::asn1::write::tlv(scep_core::asn1::tag::PRINTABLE_STRING, b"3");
            parts.attributes.push(scep_core::cms::Attribute::new(oid::PKI_STATUS, pending));
        };
    }, |_| {},
    Flaw::Lax(|lax| lax.any_status = true), ["replies.no-status", "replies.status-1", "replies.status-4", "failures.with-certificate"]

    "pending.other-nonce", Must, ["R-3.2.1.5-f"],
    "A reply to a CertPoll with the nonce of the request before it is refused",
    Refuse * 1, |case| {
        case.statuses = &["3"];
        case.echoes_first_nonce = true;
    }, |_| {},
    Flaw::Lax(|lax| lax.any_nonce = true), ["replies.other-nonce", "replies.no-nonce"]
}
