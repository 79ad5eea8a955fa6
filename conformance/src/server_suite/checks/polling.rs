//! Requests that wait for an operator (RFC 8894 sections 3.3.3 and 4.4).

use scep_core::message::{IssuerAndSubject, PkiStatus};
use scep_core::x509::Name;

use super::checks;
use crate::server_suite::craft::Request;
use crate::server_suite::flaw::Answer;
use crate::server_suite::reply::Reply;
use crate::server_suite::session::{Wish, not_run};
use crate::server_suite::{Flaw, Identity, Session, ensure};
use crate::verdict::{Outcome, Stop};

/// How often a pending request is asked after before an operator is taken to be away.
const POLLS: usize = 3;

/// A request that nothing speaks for, if the server leaves such to an operator.
async fn pending(s: &mut Session<'_>) -> Result<(Wish, Request, Reply), Stop> {
    let mut wish = s.wish().await?;
    wish.challenge = None;
    let request = s.pkcs_req(&wish).await?;
    match s.answered(&request).await? {
        Some(reply) if reply.attributes.pki_status == Some(PkiStatus::Pending) => {
            Ok((wish, request, reply))
        }
        _ => Err(Stop::NotApplicable(
            "a request without a challenge password is not left to an operator".into(),
        )),
    }
}

/// A CertPoll for a pending request.
async fn poll(s: &mut Session<'_>, wish: &Wish, pending: &Request) -> Result<Request, Stop> {
    let issuer = s.roles().await?.issuing_ca.subject().clone();
    let subject = wish.subject.clone();
    let plain = IssuerAndSubject { issuer, subject }.to_der();
    let mut request = s.request("20", pending.signer.clone(), plain).await?;
    request.transaction_id.clone_from(&pending.transaction_id);
    Ok(request)
}

/// The answer once an operator has agreed.
async fn agreed(s: &mut Session<'_>, wish: &Wish, pending: &Request) -> Result<Reply, Stop> {
    for _ in 0..POLLS {
        let poll = poll(s, wish, pending).await?;
        let reply = s.ask(&poll).await?;
        knows(&reply)?;
        if reply.granted() {
            return Ok(reply);
        }
    }
    Err(Stop::NotApplicable(
        "no operator agreed while this check ran".into(),
    ))
}

fn knows(reply: &Reply) -> Outcome {
    let status = reply.attributes.pki_status.as_ref();
    let known = matches!(status, Some(PkiStatus::Pending | PkiStatus::Success));
    ensure(known, "PENDING, or SUCCESS", reply.says())
}

checks! {
    "polling.pending", Must, ["R-2.4-j", "R-2.9-c", "R-3-b", "R-3.3.2.3-a", "R-4.3.1-c"],
    "PENDING has no pkcsPKIEnvelope and no failInfo",
    Flaw::Written(|parts| if parts.value(scep_core::oid::PKI_STATUS).is_some_and(|status| status.ends_with(b"3")) {
        parts.set(scep_core::oid::FAIL_INFO, scep_core::asn1::write::tlv(0x13, b"2"));
    }),
    [],
    |s| {
        let (_, _, reply) = pending(s).await?;
        let length = reply.content.as_ref().map_or(0, Vec::len);
        ensure(reply.content.is_none(), "no eContent", format!("{length} octets"))?;
        ensure(reply.attributes.fail_info.is_none(), "no failInfo", reply.says())?;
    }

    "polling.answered", Must, ["R-3.3.3-d", "R-4.4-b", "R-4.4.1-a", "R-3.2.1.5-f"],
    "A CertPoll for a pending request is answered PENDING or SUCCESS, with the nonce of the CertPoll",
    Flaw::When(|peek| peek.message_type() == "20" && peek.verifies
        && !peek.transaction_id().ends_with("-UNKNOWN"), Answer::Status(400)),
    ["polling.granted", "polling.two", "polling.repeated"],
    |s| {
        let (wish, request, _) = pending(s).await?;
        let poll = poll(s, &wish, &request).await?;
        let reply = s.ask(&poll).await?;
        knows(&reply)?;
        let nonce = reply.attributes.recipient_nonce.as_ref();
        let same = nonce.is_some_and(|nonce| nonce.as_octets() == poll.sender_nonce);
        ensure(same, "the nonce of the CertPoll", nonce.map_or("none", |_| "another one"))?;
        let id = reply.attributes.transaction_id.as_str();
        ensure(id == request.transaction_id, &request.transaction_id, id)?;
    }

    "polling.granted", Must, ["R-2.4-j", "R-4.3.1-a"],
    "Once an operator has agreed, a CertPoll gets the certificate for the key of the request",
    Flaw::Rules(|rules| rules.other_key_for_polls = true),
    ["polling.repeated", "polling.two"],
    |s| {
        let (wish, request, _) = pending(s).await?;
        let reply = agreed(s, &wish, &request).await?;
        reply.certificate_for(wish.key.spki_der())?;
    }

    "polling.repeated", Robustness, ["R-5.2-h"],
    "A CertPoll for what was granted already gets the same certificate again",
    Flaw::Rules(|rules| rules.forgets_issued = true),
    ["polling.two"],
    |s| {
        let (wish, request, _) = pending(s).await?;
        let first = agreed(s, &wish, &request).await?;
        let serial = first.certificate_for(wish.key.spki_der())?.serial_hex();
        let poll = poll(s, &wish, &request).await?;
        let again = s.granted(&poll).await?;
        let second = again.certificate_for(wish.key.spki_der())?.serial_hex();
        ensure(serial == second, serial, second)?;
    }

    "polling.other-names", Robustness, ["R-3.3.3-b", "R-3.3.3-c"],
    "A CertPoll with other names in it is answered by its transactionID, or refused",
    Flaw::When(|peek| peek.message_type() == "20" && peek.plain.as_ref().is_some_and(|plain| {
        plain.windows(8).any(|part| part == b"somebody")
    }), Answer::Status(500)),
    [],
    |s| {
        let (wish, request, _) = pending(s).await?;
        let mut poll = poll(s, &wish, &request).await?;
        let name = Name::from_rfc4514("CN=somebody").map_err(not_run)?;
        poll.plain = IssuerAndSubject { issuer: name.clone(), subject: name }.to_der();
        s.answered(&poll).await?;
    }

    "polling.no-names", Robustness, ["R-3.3.3-a"],
    "A CertPoll without IssuerAndSubject is answered by its transactionID, or refused",
    Flaw::When(|peek| peek.message_type() == "20" && peek.plain.as_deref() == Some(b"who?"), Answer::Status(500)),
    [],
    |s| {
        let (wish, request, _) = pending(s).await?;
        let mut poll = poll(s, &wish, &request).await?;
        poll.plain = b"who?".to_vec();
        s.answered(&poll).await?;
    }

    "polling.other-key", Security, [],
    "A CertPoll that somebody else signed does not get what is pending",
    Flaw::When(|peek| peek.message_type() == "20" && peek.is_signed_by(|signer| {
        signer.subject().common_name().is_some_and(|name| name.ends_with("-thief"))
    }), Answer::Grant),
    [],
    |s| {
        let (wish, request, _) = pending(s).await?;
        for _ in 0..POLLS {
            let mut poll = poll(s, &wish, &request).await?;
            let name = wish.subject.common_name().unwrap_or_default();
            let thief = Name::from_rfc4514(&format!("CN={name}-thief")).map_err(not_run)?;
            poll.signer = Identity::self_signed(&s.keys().other, &thief, s.now(), &mut s.random())
                .map_err(not_run)?;
            poll.certificates = vec![poll.signer.certificate.clone()];
            let granted = s.answered(&poll).await?.is_some_and(|reply| reply.granted());
            ensure(!granted, "no SUCCESS", "SUCCESS")?;
        }
    }

    "polling.two", Must, ["R-4.4-e", "R-3.2.1.1-b"],
    "Two pending requests of one device are kept apart by their transactionIDs",
    Flaw::Rules(|rules| rules.gives_any_pending = true),
    [],
    |s| {
        let (first_wish, first, _) = pending(s).await?;
        let (second_wish, second, _) = pending(s).await?;
        for _ in 0..POLLS {
            for (wish, request) in [(&first_wish, &first), (&second_wish, &second)] {
                let poll = poll(s, wish, request).await?;
                let reply = s.ask(&poll).await?;
                knows(&reply)?;
                if reply.granted() {
                    let certificate = reply.certificate_for(wish.key.spki_der())?;
                    ensure(certificate.subject().matches(&wish.subject), &wish.subject, certificate.subject())?;
                }
            }
        }
    }

    "polling.unknown", Must, ["R-2.5-i", "R-3.3.3-d", "R-4.4-c"],
    "A CertPoll for a transaction that does not exist is refused",
    Flaw::When(|peek| peek.message_type() == "20" && peek.transaction_id().ends_with("-UNKNOWN"), Answer::Pending),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut like = s.pkcs_req(&wish).await?;
        like.transaction_id.push_str("-UNKNOWN");
        let poll = poll(s, &wish, &like).await?;
        s.refused(&poll, "nothing is pending").await?;
    }
}
