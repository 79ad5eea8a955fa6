//! Who gets a certificate (RFC 8894 section 2.4).

use scep_core::crypto::PublicKeyAlgorithm;
use scep_core::message::ChallengePassword;

use super::checks;
use crate::server_suite::flaw::Answer;
use crate::server_suite::{Flaw, ensure};
use crate::verdict::Stop;

checks! {
    "authorization.wrong-challenge", Security, ["R-2.4-i"],
    "A wrong challenge password gets no certificate",
    Flaw::Rules(|rules| rules.any_challenge = true),
    ["authorization.no-challenge", "authorization.one-time", "renewal.other-subject", "csr.empty-challenge", "csr.long-challenge", "concurrency.one-password"],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = Some(ChallengePassword::new("0000000000000000"));
        let request = s.pkcs_req(&wish).await?;
        let reply = s.ask(&request).await?;
        ensure(!reply.granted(), "no SUCCESS", reply.says())?;
    }

    "authorization.no-challenge", Security, ["R-2.4-d", "R-2.4-i", "R-7.10-b"],
    "A self-signed request without a challenge password gets no certificate",
    Flaw::When(
        |peek| peek.message_type() == "19"
            && peek.csr.as_ref().is_some_and(|csr| csr.challenge_password().is_none()),
        Answer::Grant,
    ),
    [],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = None;
        let request = s.pkcs_req(&wish).await?;
        let reply = s.ask(&request).await?;
        ensure(!reply.granted(), "no SUCCESS", reply.says())?;
    }

    "authorization.one-time", Should, ["R-2.4-b", "R-7.3-b"],
    "A challenge password that was used gets no second certificate",
    Flaw::Rules(|rules| rules.reuses_challenges = true),
    ["concurrency.one-password"],
    |s| {
        let (first, _, _) = s.enrolled().await?;
        let mut second = s.wish().await?;
        second.challenge = first.challenge;
        let request = s.pkcs_req(&second).await?;
        let reply = s.ask(&request).await?;
        ensure(!reply.granted(), "no SUCCESS", reply.says())?;
    }

    "authorization.replay", Security, ["R-3.2.1.5-g"],
    "The same message again does not bring about a second certificate",
    Flaw::Rules(|rules| {
        rules.forgets_replies = true;
        rules.reuses_challenges = true;
    }),
    ["authorization.one-time", "concurrency.one-password", "concurrency.one-message"],
    |s| {
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let message = s.encode(&request)?;
        let first = s.post(message.clone()).await?;
        let first = s.read(first, &request).await?;
        ensure(first.granted(), "SUCCESS", first.says())?;
        let serial = first.certificate_for(wish.key.spki_der())?.serial_hex();
        let again = s.post(message).await?;
        if (400..500).contains(&again.status) {
            return Ok(());
        }
        let again = s.read(again, &request).await?;
        if again.granted() {
            let second = again.certificate_for(wish.key.spki_der())?.serial_hex();
            ensure(serial == second, "the same certificate, or none", "another one")?;
        }
    }

    "authorization.proof-of-possession", Security, ["R-3.3.1-f", "P-c"],
    "A certification request whose own signature is wrong is refused",
    Flaw::When(
        |peek| peek.message_type() == "19" && peek.opened && peek.verifies && peek.asks(|csr| {
            csr.verify(&scep_core::crypto::RustCrypto).is_err()
                && PublicKeyAlgorithm::of_spki(csr.spki_der()) == Ok(PublicKeyAlgorithm::Rsa { bits: 2048 })
        }),
        Answer::Grant,
    ),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        match request.plain.last_mut() {
            Some(last) => *last ^= 1,
            None => return Err(Stop::NotRun("an empty request".into())),
        }
        s.refused(&request, "nobody has shown that the key is theirs").await?;
    }

    "authorization.other-signature", Must, ["R-2.3-j", "R-3.2.1.4-c"],
    "A message that is signed by another key than that of its certificate is refused",
    Flaw::When(|peek| peek.message.is_some() && !peek.verifies, Answer::Grant),
    ["failures.bad-message-check", "renewal.wrong-key", "requests.other-digest"],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.signer.key = std::sync::Arc::clone(&s.keys().other);
        s.refused(&request, "the signature is not that of the certificate").await?;
    }

    "authorization.no-signer", Must, ["R-2.3-k"],
    "A message without the certificate of its signer is refused",
    Flaw::When(
        |peek| peek.message.as_ref().is_some_and(|message| message.certificates().is_empty()),
        Answer::Empty,
    ),
    [],
    |s| {
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.certificates.clear();
        s.refused(&request, "nobody knows whose signature it is").await?;
    }
}
