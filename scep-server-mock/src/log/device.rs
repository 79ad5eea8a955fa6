//! What a Windows device writes down about its enrolment.

use super::event_xml::Details;
use super::{Entry, Log, Severity};

fn device(id: u32, code: &str, text: String) -> Entry {
    Entry {
        log: Log::Device,
        source: "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider",
        id,
        severity: Severity::Error,
        code: code.to_owned(),
        text,
        details: Details::Code,
    }
}

/// 32: the enrolment failed. The result is NTE_BAD_HASH: the CA certificate is another than the
/// trusted certificate profile says.
pub(crate) fn wrong_ca_hash() -> Entry {
    let text = "SCEP: Certificate enroll failed. Result: (The hash value is not correct.).";
    device(32, "0x80090002", text.to_owned())
}

/// 307: which thumbprint was expected.
pub(crate) fn thumbprint(expected: &str) -> Entry {
    let text = format!("SCEP: LogError. CA cert thumbprint {expected} was not found in GetCACert.");
    device(307, "0x80090002", text)
}
