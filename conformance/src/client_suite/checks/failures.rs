//! FAILURE, in all its forms (RFC 8894 sections 3.2.1.4 and 3.3.2.2).

use scep_core::asn1::{tag, write};
use scep_core::cms::Attribute;
use scep_core::oid;

use super::checks;
use crate::client_suite::{Case, Flaw};

/// Answers FAILURE with this failInfo.
fn fail(case: &mut Case, info: &'static str) {
    case.last_status = "2";
    case.fail_info = Some(info);
}

checks! {
    "failures.bad-alg", Must, ["R-3.2.1.4-b", "R-2.5.1-c", "R-2.1.2-a", "R-4.3.1-b"],
    "FAILURE with failInfo 0 (badAlg) is a refusal",
    Refuse * 1, |case| { fail(case, "0"); }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO).ends_with(b"0")), []

    "failures.bad-message-check", Must, ["R-3.2.1.4-c"],
    "FAILURE with failInfo 1 (badMessageCheck) is a refusal",
    Refuse * 1, |case| { fail(case, "1"); }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO) == write::tlv(tag::PRINTABLE_STRING, b"1")), []

    "failures.bad-request", Must, ["R-3.2.1.4-d", "R-2.4-k"],
    "FAILURE with failInfo 2 (badRequest) is a refusal",
    Refuse * 1, |case| { fail(case, "2"); }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO) == write::tlv(tag::PRINTABLE_STRING, b"2")
        && reading.value(oid::FAIL_INFO_TEXT).is_empty()
        && reading.written(|reply| reply.content.is_none() && reply.certificates.len() == 1)),
    ["pending.then-failure"]

    "failures.bad-time", Must, ["R-3.2.1.4-e"],
    "FAILURE with failInfo 3 (badTime) is a refusal",
    Refuse * 1, |case| { fail(case, "3"); }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO).ends_with(b"3")), []

    "failures.bad-cert-id", Must, ["R-3.2.1.4-f"],
    "FAILURE with failInfo 4 (badCertId) is a refusal",
    Refuse * 1, |case| { fail(case, "4"); }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO).ends_with(b"4")), []

    "failures.other-info", Must, ["R-3.2.1.4-g"],
    "FAILURE with a failInfo that does not exist is a refusal",
    Refuse * 1, |case| { fail(case, "14606"); }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO).ends_with(b"14606")), []

    "failures.no-info", Must, ["R-3.2.1-g"],
    "FAILURE without a failInfo is a refusal",
    Refuse * 1, |case| {
        fail(case, "2");
        case.reply = |parts| parts.attributes.retain(|attribute| attribute.oid != oid::FAIL_INFO);
    }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::PKI_STATUS).ends_with(b"2") && reading.value(oid::FAIL_INFO).is_empty()), []

    "failures.text", Must, ["R-3.2.1-h", "R-3.2.1-m"],
    "A failInfoText that is no UTF-8, and moves the cursor of a terminal, does no harm",
    Refuse * 1, |case| {
        fail(case, "2");
        case.reply = |parts| {
            let text = write::tlv(tag::UTF8_STRING, b"\x1b[2J\xff\xfe no");
            parts.attributes.push(Attribute::new(oid::FAIL_INFO_TEXT, text));
        };
    }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO_TEXT).contains(&0x1b)), []

    "failures.with-certificate", Must, ["R-3.2-e", "R-3.3.2.2-c"],
    "FAILURE is a refusal even with a certificate in it",
    Refuse * 1, |case| {
        case.reply = |parts| {
            let printable = |text: &[u8]| write::tlv(tag::PRINTABLE_STRING, text);
            parts.attributes.retain(|attribute| attribute.oid != oid::PKI_STATUS);
            parts.attributes.push(Attribute::new(oid::PKI_STATUS, printable(b"2")));
            parts.attributes.push(Attribute::new(oid::FAIL_INFO, printable(b"2")));
        };
    }, |_| {},
    Flaw::Lax(|lax| lax.any_status = true), ["replies.no-status", "replies.status-1", "replies.status-4", "pending.with-certificate"]

    "failures.empty-content", Must, ["R-3-b", "C-f"],
    "FAILURE with an empty OCTET STRING in the place of no content is a refusal",
    Refuse * 1, |case| {
        fail(case, "2");
        case.reply = |parts| parts.content = Some(Vec::new());
    }, |_| {},
    Flaw::Crashes(|reading| reading.written(|reply| reply.content.as_ref().is_some_and(Vec::is_empty))), []

    "failures.no-certificates", Robustness, [],
    "FAILURE with one octet of content, Microsoft's error and no certificates, as NDES sends it, is a refusal",
    Refuse * 1, |case| {
        fail(case, "2");
        case.reply = |parts| {
            parts.content = Some(vec![0]);
            parts.certificates.clear();
            let error = write::tlv(tag::PRINTABLE_STRING, b"-2147024809");
            parts.attributes.push(Attribute::new(oid::MS_SCEP_ERROR, error));
        };
    }, |_| {},
    Flaw::Crashes(|reading| !reading.value(oid::MS_SCEP_ERROR).is_empty()), []

    "failures.long-text", Should, ["R-3.2.1.4-i"],
    "A failInfoText of 60000 octets changes nothing about a refusal",
    Refuse * 1, |case| {
        fail(case, "2");
        case.reply = |parts| {
            let text = write::tlv(tag::UTF8_STRING, "granted ".repeat(7500).as_bytes());
            parts.attributes.push(Attribute::new(oid::FAIL_INFO_TEXT, text));
        };
    }, |_| {},
    Flaw::Crashes(|reading| reading.value(oid::FAIL_INFO_TEXT).len() > 50_000), []
}
