//! The part of an event's XML that differs by its source: `EventData`, or `UserData` of CAPI2.
//!
//! Element and attribute names and their order are those that Windows writes; what a diagnosis has
//! no use for (file references, flags, task ids) is left out.

use std::fmt::Write as _;

use super::EventRecord;
use crate::hresult::Hresult;

/// What an event says besides code and text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Details {
    /// One string: the code.
    #[default]
    Code,
    /// An event of CAPI2.
    Capi2(Capi2),
    /// A program that crashed (Application Error 1000).
    Crash(Crash),
}

/// An event of CAPI2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capi2 {
    /// The element below `UserData`, which is the name of the function.
    pub(crate) element: &'static str,
    pub(crate) object: Object,
    /// The check that was made.
    pub(crate) action: Option<&'static str>,
    /// How it ended; `None` for an event that something begins.
    pub(crate) result: Option<Hresult>,
}

/// What an event of CAPI2 is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// A certificate, by its subject, under this element name.
    Certificate(&'static str, String),
    /// What lies at a URL.
    Url(String),
}

/// A program that crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) program: &'static str,
    pub(crate) module: &'static str,
    pub(crate) exception: u32,
}

/// `EventData` or `UserData` of a record.
pub(super) fn data(record: &EventRecord) -> String {
    match &record.details {
        Details::Code => format!(
            "<EventData><Data>{}</Data></EventData>",
            escape(&record.code)
        ),
        Details::Capi2(event) => event.user_data(),
        Details::Crash(crash) => crash.event_data(),
    }
}

impl Capi2 {
    fn user_data(&self) -> String {
        let mut xml = format!("<UserData><{}>", self.element);
        // Writing to a String cannot fail.
        let _ = match &self.object {
            Object::Certificate(element, subject) => {
                // CAPI2 shows the simple name: the common name.
                let name = common_name(subject);
                write!(xml, "<{element} subjectName=\"{}\"/>", escape(name))
            }
            Object::Url(url) => {
                let scheme = url.split("://").next().unwrap_or_default();
                let (scheme, url) = (escape(scheme), escape(url));
                write!(xml, "<URL scheme=\"{scheme}\">{url}</URL>")
            }
        };
        if let Some(action) = self.action {
            let _ = write!(xml, "<Action name=\"{}\"/>", escape(action));
        }
        xml.push_str("<EventAuxInfo ProcessName=\"w3wp.exe\"/>");
        if let Some(result) = self.result {
            // Hexadecimal without 0x; success is a bare 0.
            let _ = write!(xml, "<Result value=\"{:X}\">", result.0);
            if result != Hresult::OK {
                xml.push_str(&escape(result.phrase()));
            }
            xml.push_str("</Result>");
        }
        let _ = write!(xml, "</{}></UserData>", self.element);
        xml
    }
}

fn common_name(subject: &str) -> &str {
    subject
        .split(',')
        .find_map(|part| part.trim().strip_prefix("CN="))
        .unwrap_or(subject)
}

impl Crash {
    /// By position: program, its version and time stamp, module, its version and time stamp,
    /// exception code, offset, process id, start time, two paths, id of the report.
    fn event_data(&self) -> String {
        let exception = format!("{:08x}", self.exception);
        let system = "C:\\Windows\\System32";
        let fields = [
            self.program,
            "10.0.17763.1",
            "00000000",
            self.module,
            "10.0.17763.1",
            "00000000",
            &exception,
            "0000000000000000",
            "0",
            "0",
            &format!("{system}\\inetsrv\\{}", self.program),
            &format!("{system}\\{}", self.module),
            "00000000-0000-0000-0000-000000000000",
        ]
        .map(|field| format!("<Data>{}</Data>", escape(field)));
        format!("<EventData>{}</EventData>", fields.concat())
    }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use scep_core::UnixTime;

    use super::*;
    use crate::log::{Entry, Logs, capi2, system};

    fn xml(entry: Entry) -> String {
        let mut logs = Logs::default();
        logs.write(UnixTime(0), 1, entry);
        logs.records().next().unwrap().to_xml().unwrap()
    }

    #[test]
    fn events_of_capi2_have_a_result_and_no_event_data() {
        let xml = xml(capi2::chain_built(
            "CN=a & b,O=Lab",
            Hresult::CERT_E_EXPIRED,
        ));
        let wanted = "<UserData><CertGetCertificateChain><Certificate subjectName=\"a &amp; b\"/>\
                      <EventAuxInfo ProcessName=\"w3wp.exe\"/><Result value=\"800B0101\">";
        assert!(xml.contains(wanted), "{xml}");
        assert!(!xml.contains("<EventData>"));
        assert!(xml.contains("<EventID>11</EventID>"));
    }

    #[test]
    fn a_rejected_crl_names_the_check_and_a_beginning_has_no_result() {
        let rejected = xml(capi2::revocation_info_rejected("CheckTimeValidity", "CN=x"));
        assert!(
            rejected.contains(
                "<SubjectCertificate subjectName=\"x\"/><Action name=\"CheckTimeValidity\"/>"
            ) && rejected.contains("<Result value=\"80092013\">"),
            "{rejected}"
        );
        let start = xml(capi2::retrieve_start("http://pki/a.crl"));
        assert!(
            start.contains("<URL scheme=\"http\">http://pki/a.crl</URL>")
                && !start.contains("<Result"),
            "{start}"
        );
        assert!(
            xml(capi2::acquire_key("CN=x", Hresult::OK)).contains("<Result value=\"0\"></Result>")
        );
    }

    #[test]
    fn the_exception_code_of_a_crash_is_the_seventh_field() {
        let xml = xml(system::application_error("ntdll.dll"));
        let fields: Vec<&str> = xml.split("<Data>").collect();
        assert!(fields[1].starts_with("w3wp.exe<"));
        assert!(fields[7].starts_with("c0000005<"), "{xml}");
    }
}
