//! Events of `Microsoft-Windows-NetworkDeviceEnrollmentService` in the Application log.
//!
//! Numbers and codes are facts of the field; the sentences are ours, with the phrases that an
//! administrator would search for.

use super::event_xml::Details;
use super::{Entry, Log, Severity};
use crate::hresult::Hresult;

/// The event source.
pub(crate) const SOURCE: &str = "Microsoft-Windows-NetworkDeviceEnrollmentService";

fn event(id: u32, severity: Severity, code: impl ToString, text: String) -> Entry {
    Entry {
        log: Log::Application,
        source: SOURCE,
        id,
        severity,
        code: code.to_string(),
        text,
        details: Details::Code,
    }
}

fn failure(id: u32, what: &str, code: Hresult) -> Entry {
    event(
        id,
        Severity::Error,
        code,
        format!(
            "The Network Device Enrollment Service {what} ({code}): {}.",
            code.phrase()
        ),
    )
}

/// 1
pub(crate) fn started() -> Entry {
    event(
        1,
        Severity::Information,
        "",
        "The Network Device Enrollment Service started successfully.".into(),
    )
}

/// 2
pub(crate) fn cannot_start(code: Hresult) -> Entry {
    failure(2, "cannot be started", code)
}

/// 3
pub(crate) fn stopped() -> Entry {
    event(
        3,
        Severity::Information,
        "",
        "The Network Device Enrollment Service has been stopped.".into(),
    )
}

/// 6
pub(crate) fn no_password_permission() -> Entry {
    event(
        6,
        Severity::Error,
        "",
        "The Network Device Enrollment Service cannot provide its password: the user has no enroll \
         permission on the certificate template, or the CA does not issue it."
            .into(),
    )
}

/// 8
pub(crate) fn no_ca_information(code: Hresult) -> Entry {
    failure(
        8,
        "cannot retrieve information about the certification authority",
        code,
    )
}

/// 10
pub(crate) fn no_ra_certificate(code: Hresult) -> Entry {
    failure(10, "cannot retrieve one of its required certificates", code)
}

/// 16
pub(crate) fn undecodable_http(code: Hresult) -> Entry {
    failure(16, "cannot decode the http message from the client", code)
}

/// 17
pub(crate) fn unreadable_message(code: Hresult) -> Entry {
    failure(
        17,
        "cannot retrieve required information (transaction ID, message type or signing \
         certificate) from the client's PKCS7 message",
        code,
    )
}

/// 18
pub(crate) fn undecryptable_message(code: Hresult) -> Entry {
    failure(18, "cannot decrypt the client's PKCS7 message", code)
}

/// 28
pub(crate) fn renewal_not_verified() -> Entry {
    event(
        28,
        Severity::Error,
        "",
        "A request signed with an earlier certificate could not be verified.".into(),
    )
}

/// 29
pub(crate) fn password_not_verified() -> Entry {
    event(
        29,
        Severity::Error,
        "",
        "The password in the certificate request cannot be verified. Perhaps it has been used \
         already; the request needs a new one."
            .into(),
    )
}

/// 31: the first insert may hold a text and the second the code, as here, or the other way round.
pub(crate) fn submit_failed(text: &str, code: &str) -> Entry {
    event(
        31,
        Severity::Error,
        code,
        format!(
            "The Network Device Enrollment Service cannot submit the certificate request ({text}). {code}"
        ),
    )
}

/// 53
pub(crate) fn policy_module_not_started(code: Hresult) -> Entry {
    failure(53, "cannot start its policy module", code)
}

/// 47
pub(crate) fn loaded_exchange_certificate(serial: &str) -> Entry {
    event(
        47,
        Severity::Information,
        "",
        format!(
            "Loaded the RA key exchange certificate with serial number {serial} from the \"MY\" store."
        ),
    )
}

/// 48
pub(crate) fn loaded_signature_certificate(serial: &str) -> Entry {
    event(
        48,
        Severity::Information,
        "",
        format!(
            "Loaded the RA signature certificate with serial number {serial} from the \"MY\" store."
        ),
    )
}
