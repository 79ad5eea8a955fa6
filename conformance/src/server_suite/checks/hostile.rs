//! What nobody in his right mind sends. A server refuses it, and goes on.

use scep_core::asn1::{tag, write};

use super::checks;
use crate::server_suite::flaw::Answer;
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::Outcome;

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
    Flaw::When(|peek| peek.http.body.len() > 20_000, Answer::Status(500)),
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
            &write::oid(scep_core::oid::DATA),
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

    "hostile.wrong-padding", Security, [],
    "A damaged content key and a damaged content are refused alike",
    Flaw::When(|peek| !peek.opened && peek.message.as_ref().is_some_and(|message| {
        message.attributes().transaction_id.as_str().ends_with("-CONTENT")
    }), Answer::Status(400)),
    [],
    |s| {
        let mut answers = Vec::new();
        for damaged in [false, true] {
            let wish = s.wish().await?;
            let mut request = s.pkcs_req(&wish).await?;
            let provider = s.provider();
            let mut content = scep_core::cms::seal(
                provider.as_ref(),
                scep_core::cms::SealTo::Certificate(&request.recipient, request.transport),
                request.cipher,
                &request.plain,
                &mut s.random(),
            ).map_err(|e| crate::verdict::Stop::NotRun(e.to_string()))?;
            // the last octet belongs to the content; the key of the content stands in the first half
            let at = if damaged { content.len().saturating_sub(1) } else { content.len().min(300) };
            if let Some(octet) = content.get_mut(at) {
                *octet ^= 0x55;
            }
            // which of the two it is stands in the open: the server gains nothing by it
            request.transaction_id.push_str(if damaged { "-CONTENT" } else { "-KEY" });
            request.content = Some(content);
            let message = s.encode(&request)?;
            let response = s.post(message).await?;
            answers.push((response.status, response.header("content-type").map(str::to_owned)));
        }
        ensure(answers.first() == answers.last(), "the same answer to both", format!("{answers:?}"))?;
    }
}
