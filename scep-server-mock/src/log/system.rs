//! Events of Windows about processes and pools (sources WAS, Application Error, Security), of the
//! application proxy's connector, and the CA's list of requests.

use super::event_xml::{Crash, Details};
use super::{Entry, Log, Severity};
use crate::hresult::Hresult;
use crate::names;

const WAS: &str = "Microsoft-Windows-WAS";

fn was(id: u32, severity: Severity, code: &str, text: String) -> Entry {
    Entry {
        log: Log::System,
        source: WAS,
        id,
        severity,
        code: code.to_owned(),
        text,
        details: Details::Code,
    }
}

/// WAS 5002: rapid-fail protection.
pub(crate) fn rapid_fail() -> Entry {
    was(
        5002,
        Severity::Error,
        "",
        format!(
            "Application pool '{}' is being automatically disabled due to a series of failures in \
             its processes.",
            names::SCEP_POOL
        ),
    )
}

/// WAS 5009: a worker process ended by itself.
pub(crate) fn worker_terminated(pid: u32, exit: &str) -> Entry {
    was(
        5009,
        Severity::Warning,
        exit,
        format!(
            "Process {pid} serving application pool '{}' terminated unexpectedly, exit code {exit}.",
            names::SCEP_POOL
        ),
    )
}

/// WAS 5011: a worker process no longer talks to WAS.
pub(crate) fn worker_lost(pid: u32) -> Entry {
    was(
        5011,
        Severity::Warning,
        "",
        format!(
            "Process {pid} serving application pool '{}' suffered a fatal communication error.",
            names::SCEP_POOL
        ),
    )
}

/// WAS 5021: the pool's identity.
pub(crate) fn identity_invalid(code: Hresult) -> Entry {
    was(
        5021,
        Severity::Warning,
        &code.to_string(),
        format!(
            "The identity of application pool '{}' ({}\\{}) cannot log on: {}.",
            names::SCEP_POOL,
            names::DOMAIN,
            names::SERVICE_ACCOUNT,
            code.phrase()
        ),
    )
}

/// WAS 5057: the pool is disabled because of its identity.
pub(crate) fn disabled_by_identity() -> Entry {
    was(
        5057,
        Severity::Warning,
        "",
        format!(
            "Application pool {} has been disabled: its identity is invalid.",
            names::SCEP_POOL
        ),
    )
}

/// WAS 5059: the pool is disabled because its process did not start.
pub(crate) fn disabled_by_start() -> Entry {
    was(
        5059,
        Severity::Error,
        "",
        format!(
            "Application pool {} has been disabled: its worker process could not be started.",
            names::SCEP_POOL
        ),
    )
}

/// Security 4625: a logon failed.
pub(crate) fn logon_failed(status: &str) -> Entry {
    Entry {
        log: Log::Security,
        source: "Microsoft-Windows-Security-Auditing",
        id: 4625,
        severity: Severity::Information,
        code: status.to_owned(),
        text: format!(
            "An account failed to log on: {}\\{}, logon type 4, status {status}.",
            names::DOMAIN,
            names::SERVICE_ACCOUNT
        ),
        details: Details::Code,
    }
}

/// Application Error 1000: the worker process crashed.
pub(crate) fn application_error(module: &'static str) -> Entry {
    Entry {
        log: Log::Application,
        source: "Application Error",
        id: 1000,
        severity: Severity::Error,
        code: "0xc0000005".to_owned(),
        text: format!(
            "Faulting application w3wp.exe, faulting module {module}, exception code 0xc0000005."
        ),
        details: Details::Crash(Crash {
            program: "w3wp.exe",
            module,
            exception: 0xc000_0005,
        }),
    }
}

/// EventLog 6005: a host has started.
pub(crate) fn event_log_started(host: &str) -> Entry {
    Entry {
        log: Log::System,
        source: "EventLog",
        id: 6005,
        severity: Severity::Information,
        code: String::new(),
        text: format!("The Event log service was started ({host})."),
        details: Details::Code,
    }
}

fn system(source: &'static str, id: u32, code: &str, text: &str) -> Entry {
    Entry {
        log: Log::System,
        source,
        id,
        severity: Severity::Error,
        code: code.to_owned(),
        text: text.to_owned(),
        details: Details::Code,
    }
}

/// HttpEvent 15021: a client came to a port whose certificate cannot be used.
pub(crate) fn tls_configuration_unusable() -> Entry {
    let text = "The TLS configuration of the endpoint 0.0.0.0:443 cannot be used: no certificate with a key.";
    system("Microsoft-Windows-HttpEvent", 15021, "0xc0000225", text)
}

/// Schannel 36874: nothing that the client offered is enabled here.
pub(crate) fn no_common_tls() -> Entry {
    let text =
        "A connection request was received, and none of what the client offers is supported here.";
    system("Schannel", 36874, "", text)
}

/// Service Control Manager 7036: a service entered a state.
pub(crate) fn service_state(service: &str, running: bool) -> Entry {
    let state = if running { "running" } else { "stopped" };
    Entry {
        log: Log::System,
        source: "Service Control Manager",
        id: 7036,
        severity: Severity::Information,
        code: state.to_owned(),
        text: format!("The {service} service entered the {state} state."),
        details: Details::Code,
    }
}

const CA: &str = "Microsoft-Windows-CertificationAuthority";

fn ca(id: u32, severity: Severity, code: String, text: String) -> Entry {
    Entry {
        log: Log::Ca,
        source: CA,
        id,
        severity,
        code,
        text,
        details: Details::Code,
    }
}

/// CertificationAuthority 26: the service runs.
pub(crate) fn ca_started() -> Entry {
    ca(
        26,
        Severity::Information,
        String::new(),
        "Active Directory Certificate Services for Lab Issuing CA was started.".to_owned(),
    )
}

/// CertificationAuthority 48: the revocation status of the CA's own chain is not known.
pub(crate) fn ca_revocation_offline(code: Hresult) -> Entry {
    ca(
        48,
        Severity::Error,
        code.to_string(),
        format!(
            "The revocation status of a certificate in the chain of CA certificate 0 for Lab Issuing CA \
             could not be verified ({code}): {}.",
            code.phrase()
        ),
    )
}

/// CertificationAuthority 100: the service did not start.
pub(crate) fn ca_not_started(code: Hresult) -> Entry {
    ca(
        100,
        Severity::Error,
        code.to_string(),
        format!(
            "Active Directory Certificate Services did not start: the current CA certificate could not \
             be loaded or verified ({code})."
        ),
    )
}

/// WAS 5186: a worker process ended because nobody asked anything.
pub(crate) fn idle(pid: u32) -> Entry {
    was(
        5186,
        Severity::Information,
        "",
        format!(
            "Process {pid} serving application pool '{}' was shut down after a time without requests.",
            names::SCEP_POOL
        ),
    )
}

/// WAS 5076: a worker process ended because its time was up.
pub(crate) fn recycled(pid: u32) -> Entry {
    was(
        5076,
        Severity::Information,
        "",
        format!(
            "Process {pid} serving application pool '{}' has reached its allowed time and is recycled.",
            names::SCEP_POOL
        ),
    )
}

/// ASP.NET 1310: a page could not be compiled.
pub(crate) fn compilation_error() -> Entry {
    Entry {
        log: Log::Application,
        source: "ASP.NET 4.0.30319.0",
        id: 1310,
        severity: Severity::Warning,
        code: "3007".to_owned(),
        text: "Event code 3007: a compilation error has occurred. Application: \
               /CertificateRegistrationSvc."
            .to_owned(),
        details: Details::Code,
    }
}

/// A request that the CA refused, as in its Failed Requests.
pub(crate) fn ca_refused(request: u32, code: Hresult, subject: &str) -> Entry {
    Entry {
        log: Log::Ca,
        source: "Microsoft-Windows-CertificationAuthority",
        id: 53,
        severity: Severity::Warning,
        code: code.to_string(),
        text: format!("Denied request {request} for {subject}: {}.", code.phrase()),
        details: Details::Code,
    }
}
