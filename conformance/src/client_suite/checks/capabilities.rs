//! What a client makes of GetCACaps (RFC 8894 section 3.5).

use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::http::Operation;

use super::checks;
use crate::client_suite::{Flaw, Reaction, Seen};
use crate::server_suite::ensure;
use crate::verdict::{Outcome, Stop};

/// Requires that messages, if there are any, are sent by POST, in AES and with SHA-256.
fn as_listed(seen: &Seen<'_>) -> Outcome {
    for heard in seen.of(Operation::PkiOperation) {
        ensure(heard.method == "POST", "POST", &heard.method)?;
    }
    for peek in seen.messages() {
        let aes = !matches!(
            peek.cipher,
            Some(ContentCipher::DesEde3Cbc | ContentCipher::DesCbc)
        );
        ensure(
            aes,
            "AES",
            peek.cipher.map_or_else(String::new, |c| c.to_string()),
        )?;
    }
    Ok(())
}

/// Requires that nothing is sent in single DES or with MD5.
fn nothing_broken(seen: &Seen<'_>) -> Outcome {
    for peek in seen.messages() {
        ensure(
            peek.cipher != Some(ContentCipher::DesCbc),
            "triple DES, or nothing",
            "single DES",
        )?;
        ensure(
            peek.digest != Some(DigestAlgorithm::Md5),
            "SHA-1, or nothing",
            "MD5",
        )?;
    }
    Ok(())
}

checks! {
    "capabilities.standard-only", Must, ["R-3.5.2-j", "R-4.1-g"],
    "SCEPStandard alone means POST, AES and SHA-256",
    Accept * 1, |case| { case.capabilities = b"SCEPStandard\n"; },
    |seen| {
        as_listed(seen)?;
        let digest = seen.first()?.digest;
        ensure(digest == Some(DigestAlgorithm::Sha256), "SHA-256", digest.map_or_else(String::new, |d| d.to_string()))?;
    },
    Flaw::Lax(|lax| lax.ignores_standard = true), []

    "capabilities.get-encoding", Must, ["R-2.9-g", "R-4.1-b", "R-4.1-i", "R-4.1-j", "R-4.1-k"],
    "Where POST is not listed, a message by GET is base64 as RFC 4648 section 4 has it, escaped once",
    Any * 1, |case| { case.capabilities = b"AES\nDES3\nSHA-1\nSHA-256\n"; },
    |seen| {
        let by_get = seen.of(Operation::PkiOperation).find(|heard| heard.method == "GET");
        let by_get = by_get.ok_or_else(|| Stop::NotApplicable("the client sends nothing by GET".into()))?;
        let text = by_get.message_parameter().unwrap_or_default();
        let odd = text.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '%');
        ensure(odd.is_none(), "letters, digits and escapes", format!("{odd:?}"))?;
        ensure(!text.contains("%25"), "one escape", "an escaped escape")?;
        ensure(by_get.message.is_some(), "base64", "something else")?;
    },
    Flaw::Lax(|lax| lax.url_safe = true), []

    "capabilities.des3-only", Security, ["R-2.9-h", "R-2.9-i", "R-2.9-j", "R-3.5.2-c", "R-3.5.2-g"],
    "Where triple DES and SHA-1 are all there is, nothing worse is sent",
    Any * 1, |case| { case.capabilities = b"POSTPKIOperation\nDES3\nSHA-1\n"; },
    |seen| { nothing_broken(seen)?; },
    Flaw::Sends(|request| if request.cipher == ContentCipher::DesEde3Cbc { request.cipher = ContentCipher::DesCbc; }),
    ["capabilities.empty", "capabilities.not-found", "capabilities.closed", "capabilities.html"]

    "capabilities.empty", Security, ["R-2.9-j", "R-3.5.2-v", "R-7.5-a", "R-7.5-b", "R-7.5-c"],
    "An empty list makes a client stop, or send nothing worse than triple DES and SHA-1",
    Any * 1, |case| { case.capabilities = b""; },
    |seen| { nothing_broken(seen)?; },
    Flaw::Lax(|lax| lax.falls_back_to_des = true), ["capabilities.not-found", "capabilities.closed"]

    "capabilities.not-found", Security, ["R-3.5.2-v"],
    "HTTP 404 in the place of a list makes a client stop, or send nothing worse than triple DES and SHA-1",
    Any * 1, |case| { case.http = |operation, response| if operation == Operation::GetCaCaps {
        response.status = 404;
        response.body = b"not found\n".to_vec();
    }; },
    |seen| { nothing_broken(seen)?; },
    Flaw::Lax(|lax| lax.falls_back_to_des = true), ["capabilities.empty", "capabilities.closed"]

    "capabilities.closed", Security, ["R-3.5.2-v", "R-3.5.2-w"],
    "A connection that ends in the place of a list makes a client stop, or send nothing worse",
    Any * 1, |case| { case.reaction = |operation, response| match operation {
        Operation::GetCaCaps => Reaction::Close,
        _ => Reaction::Respond(response),
    }; },
    |seen| { nothing_broken(seen)?; },
    Flaw::Lax(|lax| lax.falls_back_to_des = true), ["capabilities.empty", "capabilities.not-found"]

    "capabilities.unknown", Must, ["R-3.5.2-l", "R-6-c"],
    "Keywords that nobody knows, a long one and one that is no ASCII among them, are passed over",
    Accept * 1, |case| { case.capabilities = UNKNOWN; }, |_| {},
    Flaw::Picky(|reading| reading.capabilities.is_some_and(|list| list.words().iter().any(|word| word == "Update"))), []

    "capabilities.lines", Must, ["R-3.5.2-a", "R-3.5.2-o"],
    "Lines that end with CR LF, with LF or not at all, and blanks at their end, are read alike",
    Accept * 1, |case| { case.capabilities = b"SHA-256\r\nPOSTPKIOperation\nAES \r\nDES3\r\nSCEPStandard"; },
    |seen| { as_listed(seen)?; },
    Flaw::Lax(|lax| {
        lax.keeps_carriage_returns = true;
        lax.ignores_standard = true;
    }), ["capabilities.standard-only"]

    "capabilities.case", Should, ["R-3.5.2-n"],
    "Keywords in another case are understood",
    Any * 1, |case| { case.capabilities = b"aes\npostpkioperation\nsha-256\ndes3\nscepstandard\n"; },
    |seen| { as_listed(seen)?; },
    Flaw::Lax(|lax| lax.exact_case = true), []

    "capabilities.content-type", Should, ["R-3.5.2-ab"],
    "The Content-Type of the list does not matter",
    Accept * 1, |case| { case.http = |operation, response| if operation == Operation::GetCaCaps {
        response.headers = vec![("content-type".into(), "application/x-pki-message".into())];
    }; }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.header("content-type") == Some("application/x-pki-message")
        && http.body.starts_with(b"AES"))), []

    "capabilities.html", Robustness, ["R-3.5.2-v"],
    "A page of HTML in the place of a list is no list",
    Any * 1, |case| { case.http = |operation, response| if operation == Operation::GetCaCaps {
        response.headers = vec![("content-type".into(), "text/html".into())];
        response.body = b"<html><head><title>Sign in</title></head><body>Please sign in.</body></html>".to_vec();
    }; },
    |seen| { nothing_broken(seen)?; },
    Flaw::Sends(|request| if request.digest == DigestAlgorithm::Sha1 { request.digest = DigestAlgorithm::Md5; }),
    ["capabilities.empty", "capabilities.not-found", "capabilities.closed", "capabilities.des3-only"]

    "capabilities.next-ca", Must, ["R-3.5.2-d"],
    "GetNextCACert is not asked where it is not listed",
    Any * 1, |_| {},
    |seen| {
        let asked = seen.of(Operation::GetNextCaCert).count();
        ensure(asked == 0, "no GetNextCACert", format!("{asked} of them"))?;
    },
    Flaw::Lax(|lax| lax.asks_for_next_ca = true), []

    "capabilities.renewal", Must, ["R-3.5.2-f"],
    "Where Renewal is not listed, no RenewalReq is sent",
    Any * 1, |case| { case.capabilities = b"AES\nPOSTPKIOperation\nSHA-256\n"; },
    |seen| {
        let renewals = seen.messages().iter().filter(|peek| peek.message_type() == "17").count();
        ensure(renewals == 0, "no RenewalReq", format!("{renewals} of them"))?;
    },
    Flaw::Sends(|request| "17".clone_into(&mut request.message_type)),
    ["pending.types", "messages.type"]
}

/// The usual list, and words of nobody.
const UNKNOWN: &[u8] = b"Update\nSHA-384\nExample.com-FastTrack\nAES\nDES3\nPOSTPKIOperation\n\
Renewal\nSCEPStandard\nSHA-1\nSHA-256\nSHA-512\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\xc3\xa4\n";
