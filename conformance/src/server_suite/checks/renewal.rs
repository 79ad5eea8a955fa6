//! RenewalReq (RFC 8894 sections 2.3 and 2.5).

use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::x509::Name;

use super::checks;
use crate::server_suite::craft::Request;
use crate::server_suite::flaw::Answer;
use crate::server_suite::session::Wish;
use crate::server_suite::{Flaw, Identity, Session, ensure};
use crate::verdict::Stop;

/// An enrolled device that asks for the next certificate: with a new key, signed with the old one.
pub(super) async fn renewal(s: &mut Session<'_>) -> Result<(Wish, Request), Stop> {
    s.offers("Renewal").await?;
    unlisted(s).await
}

/// The same, whether or not the server says that it renews.
pub(super) async fn unlisted(s: &mut Session<'_>) -> Result<(Wish, Request), Stop> {
    let (wish, _, reply) = s.enrolled().await?;
    let certificate = reply.certificate_for(wish.key.spki_der())?.clone();
    let next = Wish {
        challenge: None,
        key: Arc::clone(&s.keys().other),
        ..wish.clone()
    };
    let signer = Identity {
        certificate,
        key: wish.key,
    };
    let plain = s.csr(&next)?;
    let request = s.request("17", signer, plain).await?;
    Ok((next, request))
}

checks! {
    "renewal.granted", Must, ["R-2.3-f", "R-3.5.2-f"],
    "If Renewal is listed, a RenewalReq that is signed with a valid certificate is served",
    Flaw::When(|peek| peek.message_type() == "17", Answer::Status(400)),
    ["renewal.reply-to-old-key", "renewal.without-challenge", "renewal.other-subject"],
    |s| {
        let (next, request) = renewal(s).await?;
        let reply = s.granted(&request).await?;
        reply.certificate_for(next.key.spki_der())?;
    }

    "renewal.reply-to-old-key", Must, ["R-2.3-n"],
    "The new certificate is encrypted to the key of the old one",
    Flaw::Reply(|parts| {
        // what a server does that takes the key of the request instead
        if parts.plain.is_some() && !parts.receiver.is_self_issued() {
            parts.receiver = parts.stranger.certificate.clone();
        }
    }),
    ["queries.get-cert", "queries.get-crl", "queries.crl-form", "renewal.granted"],
    |s| {
        let (_, request) = renewal(s).await?;
        let reply = s.granted(&request).await?;
        reply.inside()?;
    }

    "renewal.without-challenge", Robustness, ["R-2.4-e"],
    "A renewal needs no challenge password",
    Flaw::When(
        |peek| peek.message_type() == "17"
            && peek.csr.as_ref().is_some_and(|csr| csr.challenge_password().is_none()),
        Answer::Status(403),
    ),
    ["renewal.granted", "renewal.reply-to-old-key", "renewal.other-subject"],
    |s| {
        let (_, request) = renewal(s).await?;
        s.granted(&request).await?;
    }

    "renewal.self-signed", Security, ["R-2.4-i"],
    "A RenewalReq that is signed with a self-signed certificate is refused",
    Flaw::When(
        |peek| peek.message_type() == "17"
            && peek.signer.as_ref().is_some_and(scep_core::x509::Certificate::is_self_issued),
        Answer::Grant,
    ),
    [],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = None;
        let mut request = s.pkcs_req(&wish).await?;
        "17".clone_into(&mut request.message_type);
        s.refused(&request, "a self-signed certificate authorises nobody").await?;
    }

    "renewal.foreign", Security, ["R-2.3-h"],
    "A RenewalReq that is signed with a certificate of another CA is refused",
    Flaw::When(
        |peek| peek.message_type() == "17" && peek.signer.as_ref().is_some_and(|signer| {
            !signer.is_self_issued() && signer.issuer() != peek.ca.subject()
        }),
        Answer::Grant,
    ),
    [],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = None;
        let ca = Name::from_rfc4514("CN=Some Other CA").map_err(|e| Stop::NotRun(e.to_string()))?;
        let other = Arc::clone(&s.keys().other);
        let signer = Identity::certified(&wish.key, &wish.subject, (&ca, other.as_ref()), s.now(), &mut s.random())
            .map_err(|e| Stop::NotRun(e.to_string()))?;
        let plain = s.csr(&wish)?;
        let request = s.request("17", signer, plain).await?;
        s.refused(&request, "another CA vouches for nobody here").await?;
    }

    "renewal.forged", Security, ["R-2.3-h", "R-2.4-i"],
    "A RenewalReq that is signed with a certificate which only names this CA as its issuer is refused",
    Flaw::When(
        |peek| peek.message_type() == "17" && peek.signer.as_ref().is_some_and(|signer| {
            signer.issuer() == peek.ca.subject()
                && !signer.is_issued_by(&scep_core::crypto::RustCrypto, peek.ca)
        }),
        Answer::Grant,
    ),
    [],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = None;
        let ca = s.roles().await?.issuing_ca;
        let other = Arc::clone(&s.keys().other);
        let signer = Identity::certified(&wish.key, &wish.subject, (ca.subject(), other.as_ref()), s.now(), &mut s.random())
            .map_err(|e| Stop::NotRun(e.to_string()))?;
        let plain = s.csr(&wish)?;
        let request = s.request("17", signer, plain).await?;
        s.refused(&request, "the CA has not signed that certificate").await?;
    }

    "renewal.other-subject", Security, [],
    "A renewal for somebody else's name does not get it",
    Flaw::When(
        |peek| peek.message_type() == "17" && peek.csr.as_ref().is_some_and(|csr| {
            peek.signer.as_ref().is_some_and(|signer| !signer.subject().matches(csr.subject()))
        }),
        Answer::Grant,
    ),
    [],
    |s| {
        let (mut next, mut request) = renewal(s).await?;
        next.subject = s.name()?;
        request.plain = s.csr(&next)?;
        let reply = s.ask(&request).await?;
        if reply.granted() {
            let certificate = reply.certificate_for(next.key.spki_der())?;
            let taken = certificate.subject().matches(&next.subject);
            ensure(!taken, "a refusal, or the old name", certificate.subject())?;
        }
    }

    "renewal.wrong-key", Must, ["R-2.3-j", "R-2.3-n"],
    "A RenewalReq that names a certificate and is signed with another key is refused",
    Flaw::When(|peek| peek.message_type() == "17" && !peek.verifies, Answer::Grant),
    [],
    |s| {
        let (_, mut request) = renewal(s).await?;
        request.signer.key = Arc::clone(&s.keys().other);
        s.refused(&request, "the signature is not that of the certificate").await?;
    }

    "renewal.same-key", Robustness, ["R-2.5-e"],
    "A renewal that keeps its key is served or refused",
    Flaw::When(
        |peek| peek.message_type() == "17" && peek.verifies && peek.asks(|csr| {
            peek.is_signed_by(|signer| signer.spki_der() == csr.spki_der() && signer.is_valid_at(UnixTime(1_795_608_000))
                && signer.is_issued_by(&scep_core::crypto::RustCrypto, peek.ca))
        }),
        Answer::Status(500),
    ),
    [],
    |s| {
        let (mut next, mut request) = renewal(s).await?;
        next.key = Arc::clone(&s.keys().device);
        request.plain = s.csr(&next)?;
        s.answered(&request).await?;
    }

    "renewal.expired", Security, ["R-2.3-h"],
    "A RenewalReq that is signed with a certificate which has expired is refused",
    Flaw::When(
        |peek| peek.message_type() == "17" && peek.is_signed_by(|signer| {
            signer.not_after() < UnixTime(1_795_608_000)
        }),
        Answer::Grant,
    ),
    [],
    |s| {
        s.offers("Renewal").await?;
        let signer = s.expired().ok_or_else(|| {
            Stop::NotApplicable("no certificate of this server that has expired was given".into())
        })?;
        let wish = Wish {
            subject: signer.certificate.subject().clone(),
            challenge: None,
            extensions: Vec::new(),
            key: Arc::clone(&s.keys().device),
        };
        let plain = s.csr(&wish)?;
        let request = s.request("17", signer, plain).await?;
        s.refused(&request, "its certificate has expired").await?;
    }

    "renewal.used-challenge", Robustness, ["R-2.4-g"],
    "A renewal that repeats the challenge password of its first request is served or refused",
    Flaw::When(
        |peek| peek.message_type() == "17" && peek.verifies
            && peek.asks(|csr| csr.challenge_password().is_some()),
        Answer::Status(500),
    ),
    [],
    |s| {
        s.offers("Renewal").await?;
        let (wish, _, reply) = s.enrolled().await?;
        let certificate = reply.certificate_for(wish.key.spki_der())?.clone();
        let signer = Identity { certificate, key: Arc::clone(&wish.key) };
        let next = Wish { key: Arc::clone(&s.keys().other), ..wish };
        let plain = s.csr(&next)?;
        let request = s.request("17", signer, plain).await?;
        s.answered(&request).await?;
    }
}
