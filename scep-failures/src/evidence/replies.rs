//! Facts of answers to PKIOperation: what the CertRep says, and what the client made of it.

use scep_core::cms::{EnvelopedData, Recipient};
use scep_core::crypto::ContentCipher;
use scep_core::limits::Limits;
use scep_core::message::{FailInfo, PkiStatus, SignedMessage};
use scep_core::oid;

use super::http::{exchanges, sources};
use super::page::{Page, Shape};
use super::{Facts, Value};
use crate::observation::{HttpFacts, Observations, Outcome, ReplyFacts};

pub(super) fn collect(observations: &Observations, facts: &mut Facts) {
    for (observation, purpose, _) in exchanges(observations) {
        let Outcome::Response(http) = &observation.outcome else {
            continue;
        };
        let found = judge(http);
        for source in sources(purpose)
            .iter()
            .filter(|source| is_pki_operation(source))
        {
            for (name, value) in &found {
                facts.add(format!("{source}.{name}"), value.clone(), &[observation.n]);
            }
        }
    }
}

fn is_pki_operation(source: &str) -> bool {
    source.starts_with("pki-operation") || matches!(source, "enroll" | "poll")
}

fn judge(http: &HttpFacts) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    let page = Page::new(http);
    if page.is_success() {
        reply(&page, &mut found);
    }
    if let Some(reply) = &http.reply {
        client_side(reply, &mut found);
    }
    found
}

fn reply(page: &Page<'_>, found: &mut Vec<(&'static str, Value)>) {
    let complete = u64::try_from(page.body.len()).is_ok_and(|kept| kept == page.http.body_len);
    let message = match page.shape() {
        Shape::Empty => return found.push(("reply", "empty".into())),
        Shape::Der if complete => SignedMessage::decode(&page.body, &Limits::DEFAULT),
        Shape::Der => return from_client(page, found),
        Shape::Html | Shape::Json | Shape::Text | Shape::Binary => {
            return found.push(("reply", "not-scep".into()));
        }
    };
    let Ok(message) = message else {
        return found.push(("reply", "undecodable".into()));
    };
    let attributes = message.attributes();
    let status = match attributes.pki_status {
        Some(PkiStatus::Success) => "success",
        Some(PkiStatus::Failure) => "failure",
        Some(PkiStatus::Pending) => "pending",
        Some(PkiStatus::Other(_)) | None => "undecodable",
    };
    found.push(("reply", status.into()));
    found.push(("certificates", message.certificates().len().into()));
    if let (true, Some(content)) = (status == "success", message.content()) {
        envelope(content, found);
    }
    if status == "failure" {
        found.push(("one-zero-byte", (message.content() == Some(&[0])).into()));
    }
    match &attributes.fail_info {
        Some(FailInfo::Other(text)) => found.push(("fail-info", text.as_str().into())),
        Some(known) => found.push(("fail-info", known.name().into())),
        None => {}
    }
    if let Some(text) = &attributes.fail_info_text {
        found.push(("fail-text", text.as_str().into()));
    }
    if let Some(hresult) = attributes.microsoft.hresult {
        found.push(("hresult", format!("0x{hresult:08x}").into()));
    }
    if let Some(text) = &attributes.microsoft.server_message {
        found.push(("server-message", text.as_str().into()));
    }
}

/// CAs set the start of validity back, AD CS by ten minutes; what is older was made for an earlier
/// request.
const NEW_S: i64 = 15 * 60;

/// How the content of a reply is encrypted.
fn envelope(content: &[u8], found: &mut Vec<(&'static str, Value)>) {
    let Ok(envelope) = EnvelopedData::decode(content, &Limits::DEFAULT) else {
        return;
    };
    let cipher = match envelope.cipher() {
        Ok((ContentCipher::DesCbc, _)) => "des",
        Ok((ContentCipher::DesEde3Cbc, _)) => "des3",
        Ok((ContentCipher::Aes128Cbc, _)) => "aes128",
        Ok((ContentCipher::Aes192Cbc, _)) => "aes192",
        Ok((ContentCipher::Aes256Cbc, _)) => "aes256",
        Ok(_) => "aes-gcm",
        Err(_) => "other",
    };
    found.push(("cipher", cipher.into()));
    if let Some(Recipient::KeyTrans(recipient)) = envelope.recipients.first() {
        let transport = match recipient.algorithm.algorithm {
            oid::RSA_ENCRYPTION => "pkcs1",
            oid::RSAES_OAEP => "oaep",
            _ => "other",
        };
        found.push(("key-transport", transport.into()));
    }
}

/// A body that was not kept whole cannot be decoded here; the client had all of it.
fn from_client(page: &Page<'_>, found: &mut Vec<(&'static str, Value)>) {
    let status = page
        .http
        .reply
        .as_ref()
        .and_then(|reply| reply.status.as_deref());
    found.push(("reply", status.unwrap_or("undecodable").into()));
}

fn client_side(reply: &ReplyFacts, found: &mut Vec<(&'static str, Value)>) {
    found.push(("wrong-challenge-sent", reply.wrong_challenge_sent.into()));
    found.push(("issued", reply.issued_serial.is_some().into()));
    found.push(("accepted", reply.error.is_none().into()));
    for (name, value) in [
        ("challenge-sent", reply.challenge_sent),
        ("subject-kept", reply.subject_kept),
        ("names-kept", reply.names_kept),
        ("renewal", reply.renewal),
    ] {
        if let Some(value) = value {
            found.push((name, value.into()));
        }
    }
    for (name, value) in [
        ("signer-key", &reply.signer_key),
        ("refused-for", &reply.refused_for),
    ] {
        if let Some(value) = value {
            found.push((name, value.as_str().into()));
        }
    }
    // said only where it is so: who sends none sends none of Intune's
    if reply.challenge_form.as_deref() == Some("intune") {
        found.push(("intune-challenge", true.into()));
    }
    if let Some(age) = reply.certificate_age_s {
        found.push(("certificate-new", (age < NEW_S).into()));
    }
    if let Some(age) = reply.challenge_age_s {
        found.push(("challenge-age-s", age.into()));
    }
}
