//! What is asked for (RFC 8894 section 3.3.1, PKCS #10).

use scep_core::asn1::{tag, write};
use scep_core::crypto::PublicKeyAlgorithm;
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::Name;

use super::checks;
use crate::by_hand::RequestParts;
use crate::server_suite::flaw::Answer;
use crate::server_suite::session::{Wish, not_run};
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::Stop;

/// An RSA key of 1024 bits, which is too short since 2013.
const SHORT_KEY: &[u8] = include_bytes!("../../../keys/rsa-1024.p8");

/// A wish, and a certification request for it in parts.
async fn parts(s: &Session<'_>) -> Result<(Wish, RequestParts), Stop> {
    let wish = s.wish().await?;
    let password = wish
        .challenge
        .as_ref()
        .map_or("", |password| password.expose());
    let challenge = RequestParts::challenge(&[write::directory_string(password)]);
    let parts = RequestParts {
        version: 0,
        subject: wish.subject.clone(),
        spki: wish.key.spki_der().to_vec(),
        attributes: Some(vec![challenge]),
    };
    Ok((wish, parts))
}

/// The message for it.
async fn message(
    s: &mut Session<'_>,
    wish: &Wish,
    parts: &RequestParts,
) -> Result<crate::server_suite::craft::Request, Stop> {
    let mut request = s.pkcs_req(wish).await?;
    request.plain = parts
        .sign(wish.key.as_ref(), &mut s.random())
        .map_err(not_run)?;
    Ok(request)
}

/// An attribute of Windows: the version of the operating system.
fn os_version() -> Vec<u8> {
    let oid = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.13.2.3");
    let value = write::tlv(tag::IA5_STRING, b"10.0.22631.2");
    write::sequence(&[&write::oid(oid), &write::tlv(tag::SET, &value)])
}

checks! {
    "csr.no-subject", Robustness, ["R-3.3.1-b"],
    "A request without a subject is served or refused",
    Flaw::When(|peek| peek.asks(|csr| csr.subject().is_empty()), Answer::Status(500)),
    [],
    |s| {
        let (wish, mut parts) = parts(s).await?;
        parts.subject = Name::empty();
        let request = message(s, &wish, &parts).await?;
        s.answered(&request).await?;
    }

    "csr.no-key", Must, ["R-3.3.1-c"],
    "A request whose public key is none is refused",
    Flaw::When(|peek| peek.plain.as_ref().is_some_and(|plain| {
        plain.windows(8).any(|part| part == b"no key!!")
    }), Answer::Grant),
    [],
    |s| {
        let (wish, mut parts) = parts(s).await?;
        parts.spki = write::sequence(&[
            &write::algorithm(oid::RSA_ENCRYPTION, write::NULL),
            &write::bit_string(b"no key!!"),
        ]);
        let request = message(s, &wish, &parts).await?;
        s.refused(&request, "there is nothing to certify").await?;
    }

    "csr.version", Robustness, ["P-a"],
    "A request of version 1, where PKCS #10 knows 0 only, is served or refused",
    Flaw::When(|peek| peek.plain.as_ref().is_some_and(|plain| {
        plain.windows(3).take(12).any(|part| part == [2, 1, 1])
    }), Answer::Status(500)),
    [],
    |s| {
        let (wish, mut parts) = parts(s).await?;
        parts.version = 1;
        let request = message(s, &wish, &parts).await?;
        s.answered(&request).await?;
    }

    "csr.no-attributes", Robustness, ["P-b"],
    "A request that lacks the field for attributes is understood or refused",
    Flaw::When(|peek| peek.transaction_id().ends_with("-BARE"), Answer::Status(500)),
    [],
    |s| {
        let (wish, mut parts) = parts(s).await?;
        parts.attributes = None;
        let mut request = message(s, &wish, &parts).await?;
        request.transaction_id.push_str("-BARE");
        s.answered(&request).await?;
    }

    "csr.other-attributes", Robustness, ["P-i"],
    "A request with attributes of Windows is served",
    Flaw::When(|peek| peek.plain.as_ref().is_some_and(|plain| {
        plain.windows(12).any(|part| part == b"10.0.22631.2")
    }), Answer::Status(400)),
    [],
    |s| {
        let (wish, mut parts) = parts(s).await?;
        parts.attributes.get_or_insert_default().push(os_version());
        let request = message(s, &wish, &parts).await?;
        s.granted(&request).await?;
    }

    "csr.short-key", Security, ["R-7.1-a"],
    "A request for an RSA key of 1024 bits gets no certificate",
    Flaw::When(|peek| peek.asks(|csr| {
        PublicKeyAlgorithm::of_spki(csr.spki_der()) == Ok(PublicKeyAlgorithm::Rsa { bits: 1024 })
    }), Answer::Grant),
    [],
    |s| {
        let mut wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        wish.key = s.provider().load_private_key(SHORT_KEY).map_err(not_run)?;
        request.plain = s.csr(&wish)?;
        let granted = s.answered(&request).await?.is_some_and(|reply| reply.granted());
        ensure(!granted, "no SUCCESS", "SUCCESS")?;
    }

    "csr.challenge-strings", Must, ["P-f"],
    "A challenge password is understood in whatever string type it is written",
    Flaw::Rules(|rules| rules.reads_two_strings = true),
    [],
    |s| {
        for string in [
            tag::PRINTABLE_STRING,
            tag::UTF8_STRING,
            tag::TELETEX_STRING,
            tag::IA5_STRING,
            tag::BMP_STRING,
            tag::UNIVERSAL_STRING,
        ] {
            let (wish, mut parts) = parts(s).await?;
            let password = wish.challenge.as_ref().map_or("", |password| password.expose());
            let octets: Vec<u8> = match string {
                tag::BMP_STRING => password.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                tag::UNIVERSAL_STRING => password.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
                _ => password.as_bytes().to_vec(),
            };
            parts.attributes = Some(vec![RequestParts::challenge(&[write::tlv(string, &octets)])]);
            let request = message(s, &wish, &parts).await?;
            let reply = s.ask(&request).await?;
            ensure(reply.granted(), format!("SUCCESS with a string of tag {string:#04x}"), reply.says())?;
        }
    }

    "csr.two-challenges", Must, ["P-d"],
    "A challengePassword with two values is refused",
    Flaw::When(|peek| peek.plain.as_ref().is_some_and(|plain| {
        plain.windows(13).any(|part| part == b"a second one!")
    }), Answer::Grant),
    [],
    |s| {
        let (wish, mut parts) = parts(s).await?;
        let password = wish.challenge.as_ref().map_or("", |password| password.expose());
        parts.attributes = Some(vec![RequestParts::challenge(&[
            write::directory_string(password),
            write::tlv(tag::UTF8_STRING, b"a second one!"),
        ])]);
        let request = message(s, &wish, &parts).await?;
        s.refused(&request, "nobody knows which of the two counts").await?;
    }

    "csr.long-challenge", Must, ["P-d"],
    "A wrong challengePassword of 3000 octets is refused",
    Flaw::When(|peek| peek.asks(|csr| csr.challenge_password().is_some_and(|c| c.expose().len() > 2000)),
        Answer::Empty),
    [],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = Some(scep_core::message::ChallengePassword::new("x".repeat(3000)));
        let request = s.pkcs_req(&wish).await?;
        s.refused(&request, "that is no password of this server").await?;
    }

    "csr.empty-challenge", Security, ["R-2.4-i"],
    "An empty challengePassword gets no certificate",
    Flaw::When(|peek| peek.asks(|csr| csr.challenge_password().is_some_and(|c| c.expose().is_empty())),
        Answer::Grant),
    [],
    |s| {
        let mut wish = s.wish().await?;
        wish.challenge = Some(scep_core::message::ChallengePassword::new(""));
        let request = s.pkcs_req(&wish).await?;
        let granted = s.answered(&request).await?.is_some_and(|reply| reply.granted());
        ensure(!granted, "no SUCCESS", "SUCCESS")?;
    }
}
