//! CAPI2 Operational: how Windows builds chains, fetches CRLs and acquires keys.

use super::{Entry, Log, Severity};
use crate::hresult::Hresult;

fn event(id: u32, code: Hresult, text: String) -> Entry {
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
    }
}

/// 90
pub(crate) fn objects(subject: &str) -> Entry {
    event(
        90,
        Hresult::OK,
        format!("X509Objects: certificate {subject}"),
    )
}

/// 70
pub(crate) fn acquire_key(subject: &str, code: Hresult) -> Entry {
    event(
        70,
        code,
        format!(
            "CryptAcquireCertificatePrivateKey: {subject}: {}",
            code.phrase()
        ),
    )
}

/// 10
pub(crate) fn build_chain(subject: &str) -> Entry {
    event(
        10,
        Hresult::OK,
        format!("CertGetCertificateChainStart: {subject}"),
    )
}

/// 11
pub(crate) fn chain_built(subject: &str, code: Hresult) -> Entry {
    event(
        11,
        code,
        format!("CertGetCertificateChain: {subject}: {}", code.phrase()),
    )
}

/// 30
pub(crate) fn chain_policy(subject: &str, code: Hresult) -> Entry {
    event(
        30,
        code,
        format!(
            "CertVerifyCertificateChainPolicy: {subject}: {}",
            code.phrase()
        ),
    )
}

/// 40
pub(crate) fn verify_revocation(subject: &str) -> Entry {
    event(
        40,
        Hresult::OK,
        format!("CertVerifyRevocationStart: {subject}"),
    )
}

/// 52
pub(crate) fn retrieve_start(url: &str) -> Entry {
    event(
        52,
        Hresult::OK,
        format!("CryptRetrieveObjectByUrlWireStart: {url}"),
    )
}

/// 53
pub(crate) fn retrieved(url: &str, code: Hresult) -> Entry {
    event(
        53,
        code,
        format!("CryptRetrieveObjectByUrlWire: {url}: {}", code.phrase()),
    )
}

/// 42: the code is the check that failed, such as `CheckTimeValidity`.
pub(crate) fn revocation_info_rejected(check: &str, subject: &str) -> Entry {
    Entry {
        code: check.to_owned(),
        ..event(
            42,
            Hresult::CRYPT_E_REVOCATION_OFFLINE,
            format!("CertRejectedRevocationInfo: {subject}: {check}"),
        )
    }
}

/// 41
pub(crate) fn revocation_outcome(subject: &str, code: Hresult) -> Entry {
    event(
        41,
        code,
        format!("CertVerifyRevocation: {subject}: {}", code.phrase()),
    )
}
