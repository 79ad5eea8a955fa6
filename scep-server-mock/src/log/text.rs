//! Lines of text logs: IIS, HTTP.sys, the policy module.

use scep_core::UnixTime;

use super::event_xml::Details;
use super::{Entry, Log, Severity};
use crate::hresult::Hresult;
use crate::names;
use crate::wire::Request;

/// `2026-11-25 22:29:20`.
fn stamp(time: UnixTime) -> String {
    time.to_string().replace('T', " ").replace('Z', "")
}

fn line(log: Log, severity: Severity, code: String, text: String) -> Entry {
    Entry {
        log,
        source: "",
        id: 0,
        severity,
        code,
        text,
        details: Details::Code,
    }
}

/// The query as the IIS log may show it: a message in it is cut short.
fn logged_query(request: &Request) -> String {
    match request.query.as_deref() {
        None | Some("") => "-".to_owned(),
        Some(query) => query.chars().take(96).collect(),
    }
}

/// sc-win32-status: errors of Windows itself by their number, others as they are.
const fn win32_status(code: Hresult) -> u32 {
    const FACILITY_WIN32: u32 = 0x8007_0000;
    if code.0 & 0xffff_0000 == FACILITY_WIN32 {
        code.0 & 0xffff
    } else {
        code.0
    }
}

/// IIS, W3C extended format: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username
/// c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken.
pub(crate) fn iis(
    now: UnixTime,
    request: &Request,
    user: &str,
    (status, substatus, win32): (u16, u16, Hresult),
    ms: u128,
) -> Entry {
    let agent = request
        .header("user-agent")
        .unwrap_or("-")
        .replace(' ', "+");
    let text = format!(
        "{} 192.0.2.10 {} {} {} {} {user} {} {agent} - {status} {substatus} {} {ms}",
        stamp(now),
        request.method,
        request.path,
        logged_query(request),
        request.scheme.default_port(),
        request.peer,
        win32_status(win32),
    );
    let severity = if status < 400 {
        Severity::Information
    } else {
        Severity::Error
    };
    line(Log::Iis, severity, format!("{status} {substatus}"), text)
}

/// HTTPERR: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid
/// s-reason s-queuename.
pub(crate) fn httperr(
    now: UnixTime,
    request: &Request,
    status: Option<u16>,
    reason: &str,
    queue: &str,
) -> Entry {
    let status = status.map_or_else(|| "-".to_owned(), |s| s.to_string());
    let target: String = request.target().chars().take(96).collect();
    let text = format!(
        "{} {} 50000 192.0.2.10 {} HTTP/1.1 {} {target} {status} 1 {reason} {queue}",
        stamp(now),
        request.peer,
        request.scheme.default_port(),
        request.method,
    );
    line(
        Log::Httperr,
        Severity::Error,
        format!("{status} {reason}"),
        text,
    )
}

/// NDESPlugin.log.
pub(crate) fn ndes_plugin(severity: Severity, code: &str, text: &str) -> Entry {
    line(
        Log::NdesPlugin,
        severity,
        code.to_owned(),
        format!("NDESPlugin: {text}"),
    )
}

/// The application proxy connector's log.
pub(crate) fn connector(code: &str, url: &str) -> Entry {
    line(
        Log::AppProxyConnector,
        Severity::Error,
        code.to_owned(),
        format!(
            "The connector could not reach the internal URL {url}: host and port of it do not answer."
        ),
    )
}

/// The application proxy's connector has come up and has its configuration.
pub(crate) fn connector_ready(group: &str) -> Entry {
    line(
        Log::AppProxyConnector,
        Severity::Information,
        "Ready".to_owned(),
        format!("The connector has its configuration, as a member of the group {group}."),
    )
}

/// A request that the CA keeps until a certificate manager decides.
pub(crate) fn ca_pending(request: u32, subject: &str) -> Entry {
    let text = format!(
        "Request {request} of {}\\{} for {subject}: taken under submission.",
        names::DOMAIN,
        names::SERVICE_ACCOUNT
    );
    line(Log::Ca, Severity::Information, "pending".to_owned(), text)
}
