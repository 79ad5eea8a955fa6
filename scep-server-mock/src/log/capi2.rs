//! CAPI2 Operational: how Windows builds chains, fetches CRLs and acquires keys.

use super::event_xml::{Capi2, Details, Object};
use super::{Entry, Log, Severity};
use crate::hresult::Hresult;

fn event(id: u32, code: Hresult, text: String, details: Capi2) -> Entry {
    Entry {
        log: Log::Capi2,
        source: "Microsoft-Windows-CAPI2",
        id,
        severity: if code == Hresult::OK {
            Severity::Information
        } else {
            Severity::Error
        },
        code: if code == Hresult::OK {
            String::new()
        } else {
            code.to_string()
        },
        text,
        details: Details::Capi2(details),
    }
}

/// Something begins, or is shown.
fn note(id: u32, element: &'static str, object: Object) -> Entry {
    let (Object::Certificate(_, name) | Object::Url(name)) = &object;
    let text = format!("{element}: {name}");
    let details = Capi2 {
        element,
        object,
        action: None,
        result: None,
    };
    event(id, Hresult::OK, text, details)
}

/// Something has ended.
fn outcome(id: u32, element: &'static str, object: Object, code: Hresult) -> Entry {
    let (Object::Certificate(_, name) | Object::Url(name)) = &object;
    let text = format!("{element}: {name}: {}", code.phrase());
    let details = Capi2 {
        element,
        object,
        action: None,
        result: Some(code),
    };
    event(id, code, text, details)
}

fn certificate(subject: &str) -> Object {
    Object::Certificate("Certificate", subject.to_owned())
}

/// 90
pub(crate) fn objects(subject: &str) -> Entry {
    Entry {
        text: format!("X509Objects: certificate {subject}"),
        ..note(90, "X509Objects", certificate(subject))
    }
}

/// 70
pub(crate) fn acquire_key(subject: &str, code: Hresult) -> Entry {
    let element = "CryptAcquireCertificatePrivateKey";
    outcome(70, element, certificate(subject), code)
}

/// 10
pub(crate) fn build_chain(subject: &str) -> Entry {
    note(10, "CertGetCertificateChainStart", certificate(subject))
}

/// 11
pub(crate) fn chain_built(subject: &str, code: Hresult) -> Entry {
    outcome(11, "CertGetCertificateChain", certificate(subject), code)
}

/// 30
pub(crate) fn chain_policy(subject: &str, code: Hresult) -> Entry {
    let element = "CertVerifyCertificateChainPolicy";
    outcome(30, element, certificate(subject), code)
}

/// 40
pub(crate) fn verify_revocation(subject: &str) -> Entry {
    note(40, "CertVerifyRevocationStart", certificate(subject))
}

/// 52
pub(crate) fn retrieve_start(url: &str) -> Entry {
    let element = "CryptRetrieveObjectByUrlWireStart";
    note(52, element, Object::Url(url.to_owned()))
}

/// 53
pub(crate) fn retrieved(url: &str, code: Hresult) -> Entry {
    let element = "CryptRetrieveObjectByUrlWire";
    outcome(53, element, Object::Url(url.to_owned()), code)
}

/// 42: the code is the check that failed, such as `CheckTimeValidity`.
pub(crate) fn revocation_info_rejected(check: &'static str, subject: &str) -> Entry {
    let element = "CertRejectedRevocationInfo";
    let code = Hresult::CRYPT_E_REVOCATION_OFFLINE;
    let details = Capi2 {
        element,
        object: Object::Certificate("SubjectCertificate", subject.to_owned()),
        action: Some(check),
        result: Some(code),
    };
    let text = format!("{element}: {subject}: {check}");
    Entry {
        code: check.to_owned(),
        ..event(42, code, text, details)
    }
}

/// 41
pub(crate) fn revocation_outcome(subject: &str, code: Hresult) -> Entry {
    outcome(41, "CertVerifyRevocation", certificate(subject), code)
}
