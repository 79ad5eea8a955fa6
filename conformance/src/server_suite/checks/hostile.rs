//! What nobody in his right mind sends. A server refuses it, and goes on.

use scep_core::asn1::{tag, write};
use scep_core::cms::{Attribute, algorithm};
use scep_core::crypto::KeyTransport;
use scep_core::oid;

use super::checks;
use crate::by_hand::{Envelope, SignedParts, key_transport_info, password_info};
use crate::server_suite::craft::Request;
use crate::server_suite::flaw::Answer;
use crate::server_suite::session::not_run;
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::{Outcome, Stop};

/// Sends octets that are no message, and sees that the server is still there.
async fn survives(s: &mut Session<'_>, octets: Vec<u8>) -> Outcome {
    let response = s.post(octets).await?;
    let granted = response.status == 200 && response.body.is_empty();
    ensure(
        response.status != 500 && response.status != 502 && !granted,
        "a refusal",
        format!("HTTP {}, {} octets", response.status, response.body.len()),
    )?;
    s.capabilities().await.map(|_| ())
}

/// A request of a well-behaved device, in parts.
async fn usual(s: &mut Session<'_>) -> Result<(Request, SignedParts), Stop> {
    let wish = s.wish().await?;
    let request = s.pkcs_req(&wish).await?;
    let parts = s.parts(&request)?;
    Ok((request, parts))
}

/// Requires an answer, and that the server is still there.
async fn answered(s: &mut Session<'_>, request: &Request, parts: &SignedParts) -> Outcome {
    let message = s.written(parts)?;
    s.answered_octets(message, request).await?;
    s.capabilities().await.map(|_| ())
}

/// As [`answered`], to a request whose envelope is written otherwise.
async fn enveloped(s: &mut Session<'_>, change: impl FnOnce(&mut Envelope)) -> Outcome {
    let wish = s.wish().await?;
    let mut request = s.pkcs_req(&wish).await?;
    let (mut envelope, _) = s.envelope(&request)?;
    change(&mut envelope);
    request.content = Some(envelope.encode());
    s.answered(&request).await?;
    s.capabilities().await.map(|_| ())
}

/// Requires that a request is refused whose envelope is written otherwise; the change is told how the
/// server's certificate is named.
async fn refused(
    s: &mut Session<'_>,
    why: &str,
    change: impl FnOnce(&mut Envelope, &[u8]),
) -> Outcome {
    let wish = s.wish().await?;
    let mut request = s.pkcs_req(&wish).await?;
    let (mut envelope, _) = s.envelope(&request)?;
    change(
        &mut envelope,
        &request.recipient.issuer_and_serial().to_der(),
    );
    request.content = Some(envelope.encode());
    let message = s.encode(&request)?;
    s.declined_octets(message, &request, why).await?;
    s.capabilities().await.map(|_| ())
}

/// RSAES-OAEP with a number for its parameters.
fn bad_oaep() -> Vec<u8> {
    write::algorithm(oid::RSAES_OAEP, &write::integer(7))
}

/// A way to damage an envelope.
#[derive(Clone, Copy)]
pub(super) struct Damage {
    /// For the transactionID; all have the same length.
    pub(super) tag: &'static str,
    /// In words.
    pub(super) name: &'static str,
}

/// What a server must not tell apart. The last two concern what was decrypted.
pub(super) const DAMAGES: [Damage; 4] = [
    Damage {
        tag: "-1",
        name: "a key that RSA does not decrypt to anything",
    },
    Damage {
        tag: "-2",
        name: "a key for another cipher",
    },
    Damage {
        tag: "-3",
        name: "a content with wrong padding",
    },
    Damage {
        tag: "-4",
        name: "a content that is no certification request",
    },
];

/// An envelope that is damaged so.
pub(super) fn damaged(s: &Session<'_>, request: &Request, way: Damage) -> Result<Vec<u8>, Stop> {
    let (mut envelope, key) = s.envelope(request)?;
    let provider = s.provider();
    let recipient = &request.recipient;
    let id = recipient.issuer_and_serial().to_der();
    let transport = KeyTransport::RsaPkcs1v15;
    let identifier = algorithm::key_transport_identifier(transport);
    match way.tag {
        "-1" => {
            // a number below every modulus of 2048 bits
            let mut random = s.octets(256);
            if let Some(first) = random.first_mut() {
                *first = 1;
            }
            envelope.recipients = vec![key_transport_info(&id, &identifier, &random)];
        }
        "-2" => {
            let wrapped =
                provider.wrap_cek(recipient.spki_der(), transport, &[7; 24], &mut s.random());
            envelope.recipients = vec![key_transport_info(
                &id,
                &identifier,
                &wrapped.map_err(not_run)?,
            )];
        }
        "-3" => {
            envelope = envelope
                .with_padding(provider.as_ref(), &key, &request.plain, 0xfe)
                .map_err(not_run)?;
        }
        _ => {
            let plain = vec![0x5c; request.plain.len()];
            envelope = envelope
                .with_padding(
                    provider.as_ref(),
                    &key,
                    &plain,
                    16 - u8::try_from(plain.len() % 16).unwrap_or_default(),
                )
                .map_err(not_run)?;
        }
    }
    Ok(envelope.encode())
}

checks! {
    "hostile.nothing", Robustness, [],
    "A PKIOperation without content is refused",
    Flaw::When(|peek| peek.http.body.is_empty() && peek.http.method == "POST", Answer::Status(500)),
    [],
    |s| { survives(s, Vec::new()).await?; }

    "hostile.garbage", Robustness, [],
    "Random octets are refused",
    Flaw::When(|peek| peek.http.body.len() == 2000, Answer::Status(500)),
    [],
    |s| {
        let octets = s.octets(2000);
        survives(s, octets).await?;
    }

    "hostile.truncated", Robustness, [],
    "A message that is cut off is refused",
    Flaw::When(|peek| peek.message.is_none() && peek.http.body.starts_with(&[0x30, 0x82])
        && peek.http.body.len() > 1200 && peek.http.body.len() < 1700, Answer::Status(500)),
    [],
    |s| {
        let wish = s.wish().await?;
        let request = s.pkcs_req(&wish).await?;
        let mut message = s.encode(&request)?;
        message.truncate(1500);
        survives(s, message).await?;
    }

    "hostile.deep", Security, [],
    "Ten thousand nested sequences are refused",
    Flaw::When(|peek| peek.http.body.starts_with(&[0x30, 0x80, 0x30, 0x80, 0x30, 0x80]), Answer::Status(500)),
    [],
    |s| {
        // indefinite lengths: two octets for each level
        let octets = [0x30, 0x80].repeat(10_000);
        survives(s, octets.into_iter().chain([0, 0].repeat(10_000)).collect()).await?;
    }

    "hostile.length", Security, [],
    "A length of four gigabytes is refused",
    Flaw::When(|peek| peek.http.body.starts_with(&[0x30, 0x84, 0xff]), Answer::Status(500)),
    [],
    |s| { survives(s, vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x06, 0x09]).await?; }

    "hostile.wrong-type", Robustness, [],
    "A ContentInfo of another type than SignedData is refused",
    Flaw::When(|peek| peek.message.is_none() && peek.http.body.len() < 40 && peek.http.body.len() > 16,
        Answer::Status(500)),
    ["hostile.empty-set"],
    |s| {
        let data = write::sequence(&[
            &write::oid(oid::DATA),
            &write::tlv(tag::context_constructed(0), &write::octet_string(b"hello")),
        ]);
        survives(s, data).await?;
    }

    "hostile.empty-set", Robustness, [],
    "A SignedData without signers is refused as a request",
    Flaw::When(|peek| peek.message.is_none() && peek.http.body.len() < 64
        && peek.http.body.len() >= 36, Answer::Status(500)),
    [],
    |s| { survives(s, scep_core::cms::certs_only(&[])).await?; }

    "hostile.large", Robustness, [],
    "A message of eight megabytes is refused",
    Flaw::When(|peek| peek.http.body.len() > 4_000_000, Answer::Empty),
    [],
    |s| {
        // a body that is cut off, or a connection that is closed before all was sent, is a refusal too
        match s.post(vec![0x30; 8 << 20]).await {
            Ok(response) => {
                let refused = response.status != 500 && response.status != 200;
                ensure(refused, "a refusal", format!("HTTP {}", response.status))?;
            }
            Err(Stop::Unlike { .. }) => {}
            Err(other) => return Err(other),
        }
        s.capabilities().await?;
    }

    "hostile.many-certificates", Security, [],
    "A request with five hundred certificates is served or refused",
    Flaw::When(|peek| peek.written(|parts| parts.certificates.len() > 400), Answer::Status(500)),
    [],
    |s| {
        let (request, mut parts) = usual(s).await?;
        let own = parts.certificates.clone();
        parts.certificates = own.into_iter().cycle().take(500).collect();
        answered(s, &request, &parts).await?;
    }

    "hostile.many-recipients", Security, [],
    "An envelope with two thousand recipients is served or refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.recipients.len() > 1000), Answer::Status(500)),
    [],
    |s| {
        enveloped(s, |envelope| {
            let own = envelope.recipients.clone();
            envelope.recipients = own.into_iter().cycle().take(2000).collect();
        }).await?;
    }

    "hostile.many-attributes", Security, [],
    "A request with two thousand signed attributes is served or refused",
    Flaw::When(|peek| peek.written(|parts| parts.signers.iter().any(|signer| {
        signer.attributes.as_ref().is_some_and(|attributes| attributes.len() > 1000)
    })), Answer::Status(500)),
    [],
    |s| {
        let (request, mut parts) = usual(s).await?;
        let attribute = Attribute::new(oid::SIGNING_TIME, write::tlv(tag::UTC_TIME, b"260101000000Z")).to_der();
        parts.change_attributes(|attributes| {
            attributes.extend(std::iter::repeat_n(attribute.clone(), 2000));
        });
        answered(s, &request, &parts).await?;
    }

    "hostile.attribute-without-value", Security, [],
    "A request whose transactionID has no value is refused",
    Flaw::When(|peek| peek.written(|parts| parts.values(oid::TRANSACTION_ID).iter().any(Vec::is_empty)), Answer::Status(500)),
    [],
    |s| {
        let (request, mut parts) = usual(s).await?;
        parts.remove(oid::TRANSACTION_ID);
        let empty = Attribute { oid: oid::TRANSACTION_ID, values: Vec::new() }.to_der();
        parts.change_attributes(|attributes| attributes.push(empty.clone()));
        let message = s.written(&parts)?;
        s.declined_octets(message, &request, "its transactionID is empty").await?;
    }

    "hostile.attribute-of-another-type", Security, [],
    "A request whose messageDigest and nonce are numbers is refused",
    Flaw::When(|peek| peek.written(|parts| parts.value(oid::MESSAGE_DIGEST) == Some(write::integer(7))), Answer::Status(500)),
    [],
    |s| {
        let (request, mut parts) = usual(s).await?;
        parts.set(oid::MESSAGE_DIGEST, write::integer(7));
        parts.set(oid::SENDER_NONCE, write::integer(7));
        let message = s.written(&parts)?;
        s.declined_octets(message, &request, "a number is no digest").await?;
    }

    "hostile.no-digest-algorithms", Security, ["C-g"],
    "A request whose digestAlgorithms is empty is served or refused",
    Flaw::When(|peek| peek.written(|parts| parts.digest_algorithms.is_empty() && parts.signers.len() == 1), Answer::Status(500)),
    [],
    |s| {
        let (request, mut parts) = usual(s).await?;
        parts.digest_algorithms.clear();
        answered(s, &request, &parts).await?;
    }

    "hostile.oaep-parameters", Security, [],
    "An envelope whose RSAES-OAEP parameters are of the wrong type is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.recipients.iter().any(|info| {
        let algorithm = bad_oaep();
        info.windows(algorithm.len()).any(|part| part == algorithm)
    })), Answer::Status(500)),
    [],
    |s| {
        refused(s, "its parameters are none", |envelope, recipient| {
            envelope.recipients = vec![key_transport_info(recipient, &bad_oaep(), &[0x5c; 256])];
        }).await?;
    }

    "hostile.cipher-parameters", Security, [],
    "An envelope whose IV is absent, or of 1000 octets, is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.algorithm == write::algorithm(oid::AES_128_CBC, &[])), Answer::Status(500)),
    [],
    |s| {
        for parameters in [Vec::new(), write::octet_string(&[7; 1000])] {
            let algorithm = write::algorithm(oid::AES_128_CBC, &parameters);
            refused(s, "it has no IV", |envelope, _| envelope.algorithm = algorithm).await?;
        }
    }

    "hostile.authenticated-parameters", Security, [],
    "An AuthEnvelopedData whose nonce has 1000 octets is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.info_type == oid::AUTH_ENVELOPED_DATA), Answer::Status(500)),
    [],
    |s| {
        refused(s, "its nonce is none", |envelope, _| {
            envelope.info_type = oid::AUTH_ENVELOPED_DATA;
            let parameters = write::sequence(&[&write::octet_string(&[7; 1000]), &write::integer(16)]);
            envelope.algorithm = write::algorithm(oid::AES_128_GCM, &parameters);
            envelope.rest = write::octet_string(&[0; 16]);
        }).await?;
    }

    "hostile.password-recipient", Security, ["C-m"],
    "A PasswordRecipientInfo whose key is too short, or that wants two thousand million iterations, is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.recipients.iter().any(|info| {
        *info == password_info(1000, &[1, 2, 3])
    })), Answer::Status(500)),
    [],
    |s| {
        for info in [
            password_info(1000, &[1, 2, 3]),
            password_info(1000, &[0x5c; 32]),
            password_info(2_000_000_000, &[0x5c; 32]),
        ] {
            refused(s, "nobody can open it", |envelope, _| {
                envelope.version = 3;
                envelope.recipients = vec![info];
            }).await?;
        }
    }

    "hostile.unknown-recipient", Security, [],
    "An envelope with recipients of kinds that SCEP does not have is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.recipients.iter().any(|info| info.first() == Some(&0xa4))), Answer::Status(500)),
    [],
    |s| {
        for info in [
            // [1] key agreement, [2] key-encryption key, [4] whatever
            write::tlv(tag::context_constructed(1), &write::integer(3)),
            write::tlv(tag::context_constructed(2), &write::integer(4)),
            write::concat(tag::context_constructed(4), &[&write::oid(oid::DATA), write::NULL]),
        ] {
            refused(s, "nobody can open it", |envelope, _| envelope.recipients = vec![info]).await?;
        }
    }

    "hostile.no-ciphertext", Security, [],
    "An envelope with nothing in it, or with half a block, is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.ciphertext.is_none()), Answer::Status(500)),
    [],
    |s| {
        for ciphertext in [None, Some(Vec::new()), Some(vec![0x5c; 8]), Some(vec![0x5c; 24])] {
            refused(s, "there is nothing to decrypt", |envelope, _| envelope.ciphertext = ciphertext).await?;
        }
    }

    "hostile.key-length", Security, [],
    "An envelope whose encrypted key has another length than the server's is refused",
    Flaw::When(|peek| peek.enveloped(|envelope| envelope.recipients.iter().any(|info| info.len() < 200
        && info.first() == Some(&0x30))), Answer::Status(500)),
    [],
    |s| {
        let transport = algorithm::key_transport_identifier(KeyTransport::RsaPkcs1v15);
        for length in [0, 16, 255, 257, 4096] {
            let key = vec![0x5c; length];
            refused(s, "its key is none", |envelope, recipient| {
                envelope.recipients = vec![key_transport_info(recipient, &transport, &key)];
            }).await?;
        }
    }

    "hostile.uniform", Security, ["R-7.2-b", "C-m", "C-n"],
    "Whatever is wrong inside an envelope is answered alike: status, type, length, failInfo and text",
    Flaw::When(|peek| !peek.opened && peek.transaction_id().ends_with("-3"), Answer::Status(400)),
    [],
    |s| {
        let mut answers = Vec::new();
        for way in DAMAGES {
            let wish = s.wish().await?;
            let mut request = s.pkcs_req(&wish).await?;
            request.content = Some(damaged(s, &request, way)?);
            // which of them it is stands in the open: the server gains nothing by it
            request.transaction_id.push_str(way.tag);
            let message = s.encode(&request)?;
            let response = s.post(message).await?;
            let parts = SignedParts::read(&response.body);
            let value = |oid| parts.as_ref().and_then(|parts| parts.value(oid));
            answers.push((
                response.status,
                response.header("content-type").map(str::to_owned),
                response.body.len(),
                value(oid::FAIL_INFO),
                value(oid::FAIL_INFO_TEXT),
            ));
        }
        let first = answers.first().cloned();
        for (answer, way) in answers.iter().zip(DAMAGES) {
            let alike = first.as_ref() == Some(answer);
            ensure(alike, "the same answer to all", format!("another one to {}", way.name))?;
        }
    }
}
