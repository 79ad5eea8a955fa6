//! What the simulated servers write down: Windows events and text logs.

use std::collections::VecDeque;
use std::fmt::Write as _;

use scep_core::UnixTime;
use scep_failures::observation::LogRecord;
use serde::Serialize;

use self::event_xml::{Details, escape};

pub(crate) mod capi2;
pub(crate) mod device;
pub(crate) mod event_xml;
pub(crate) mod ndes;
pub(crate) mod system;
pub(crate) mod text;

/// How many records are kept; the oldest go first.
const CAPACITY: usize = 20_000;

/// A log on one of the deployment's servers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// Windows: Application.
    Application,
    /// Windows: System.
    System,
    /// Windows: Security.
    Security,
    /// Windows: Microsoft-Windows-CAPI2/Operational.
    Capi2,
    /// IIS, W3C format.
    Iis,
    /// HTTP.sys.
    Httperr,
    /// NDESPlugin.log of the policy module.
    NdesPlugin,
    /// Windows: Microsoft Intune Connector.
    IntuneConnector,
    /// Windows: the application proxy's connector, Admin.
    AppProxyConnector,
    /// The CA's list of requests.
    Ca,
    /// Windows, on a device: DeviceManagement-Enterprise-Diagnostics-Provider/Admin.
    Device,
}

impl Log {
    /// Every log.
    pub const ALL: [Self; 11] = [
        Self::Application,
        Self::System,
        Self::Security,
        Self::Capi2,
        Self::Iis,
        Self::Httperr,
        Self::NdesPlugin,
        Self::IntuneConnector,
        Self::AppProxyConnector,
        Self::Ca,
        Self::Device,
    ];

    /// Whether it is a text file, of which every record is a line; else Windows' event log has it.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Iis | Self::Httperr | Self::NdesPlugin)
    }

    /// The first lines of a text log.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Iis => {
                "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n\
                 #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
                 cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
            }
            Self::Httperr => {
                "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n\
                 #Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status \
                 s-siteid s-reason s-queuename\r\n"
            }
            _ => "",
        }
    }

    /// Records of this log as a file: lines, or XML as `wevtutil` exports it.
    pub fn export<'a>(self, records: impl Iterator<Item = &'a EventRecord>) -> String {
        if self.is_text() {
            let lines = records.map(|record| format!("{}\r\n", record.text));
            lines.fold(self.heading().to_owned(), |text, line| text + &line)
        } else {
            let events: Vec<String> = records.filter_map(EventRecord::to_xml).collect();
            format!("<Events>\r\n{}\r\n</Events>\r\n", events.join("\r\n"))
        }
    }

    /// Its name in a [`LogRecord`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::System => "system",
            Self::Security => "security",
            Self::Capi2 => "capi2",
            Self::Iis => "iis",
            Self::Httperr => "httperr",
            Self::NdesPlugin => "ndes-plugin",
            Self::IntuneConnector => "intune-connector",
            Self::AppProxyConnector => "app-proxy-connector",
            Self::Ca => "ca",
            Self::Device => "device",
        }
    }

    const fn channel(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Security => "Security",
            Self::Capi2 => "Microsoft-Windows-CAPI2/Operational",
            Self::Device => {
                "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin"
            }
            Self::IntuneConnector => "Microsoft Intune Connector",
            Self::AppProxyConnector => "Microsoft-AadApplicationProxy-Connector/Admin",
            _ => "Application",
        }
    }
}

/// How bad it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// All is well.
    Information,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    const fn level(self) -> u8 {
        match self {
            Self::Information => 4,
            Self::Warning => 3,
            Self::Error => 2,
        }
    }
}

/// One record of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct EventRecord {
    /// Number of the record over all logs, from 1.
    pub record: u64,
    /// When, by the deployment's clock, in seconds since 1970.
    pub time: i64,
    /// Which log.
    pub log: Log,
    /// The event source or provider; empty for text logs.
    pub source: &'static str,
    /// The event's number; 0 for text logs.
    pub id: u32,
    /// How bad it is.
    pub severity: Severity,
    /// The code in it, such as `0x80070057`, `404 15` or `AppOffline`; empty if none.
    pub code: String,
    /// The text, or the line.
    pub text: String,
    /// Number of the request that caused it, as in the journal; 0 if none did.
    pub activity: u64,
    /// What stands in its XML only.
    #[serde(skip)]
    pub(crate) details: Details,
}

impl From<&EventRecord> for LogRecord {
    fn from(record: &EventRecord) -> Self {
        Self {
            log: record.log.name().to_owned(),
            source: record.source.to_owned(),
            event_id: record.id,
            time: record.time,
            severity: record.severity.name().to_owned(),
            code: record.code.clone(),
            text: record.text.clone(),
        }
    }
}

impl EventRecord {
    /// The text, with the code if it is not in it already.
    fn message(&self) -> String {
        if self.code.is_empty() || self.text.contains(&self.code) {
            self.text.clone()
        } else {
            format!("{} ({})", self.text, self.code)
        }
    }

    /// The record as `wevtutil qe /f:RenderedXml` exports it; `None` for a line of a text log.
    #[must_use]
    pub fn to_xml(&self) -> Option<String> {
        if self.id == 0 {
            return None;
        }
        let mut xml = String::new();
        let guid = if self.source == ndes::SOURCE {
            " Guid=\"{73144342-19d1-47a4-94de-d38e6a054ad5}\""
        } else {
            ""
        };
        // Writing to a String cannot fail.
        let _ = write!(
            xml,
            "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System>\
             <Provider Name=\"{source}\"{guid}/><EventID>{id}</EventID><Level>{level}</Level>\
             <TimeCreated SystemTime=\"{time}\"/><EventRecordID>{record}</EventRecordID>\
             <Correlation ActivityID=\"{{00000000-0000-0000-0000-{activity:012x}}}\"/>\
             <Channel>{channel}</Channel><Computer>{computer}</Computer></System>\
             {data}<RenderingInfo Culture=\"en-US\"><Message>{text}</Message></RenderingInfo></Event>",
            source = self.source,
            id = self.id,
            level = self.severity.level(),
            time = UnixTime(self.time),
            record = self.record,
            activity = self.activity,
            channel = self.log.channel(),
            computer = crate::names::COMPUTER,
            data = event_xml::data(self),
            text = escape(&self.message()),
        );
        Some(xml)
    }
}

/// What a record says, before it has a number and a time.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) log: Log,
    pub(crate) source: &'static str,
    pub(crate) id: u32,
    pub(crate) severity: Severity,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) details: Details,
}

/// All logs, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs {
    records: VecDeque<EventRecord>,
    written: u64,
}

impl Logs {
    pub(crate) fn write(&mut self, time: UnixTime, activity: u64, entry: Entry) {
        self.written += 1;
        if self.records.len() >= CAPACITY {
            self.records.pop_front();
        }
        let Entry {
            log,
            source,
            id,
            severity,
            code,
            text,
            details,
        } = entry;
        self.records.push_back(EventRecord {
            record: self.written,
            time: time.0,
            log,
            source,
            id,
            severity,
            code,
            text,
            activity,
            details,
        });
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &EventRecord> {
        self.records.iter()
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_escaped_and_text_logs_have_none() {
        let mut logs = Logs::default();
        logs.write(
            UnixTime(0),
            7,
            ndes::submit_failed("a <b> & c", "0x80004005"),
        );
        logs.write(
            UnixTime(0),
            7,
            Entry {
                log: Log::Iis,
                source: "",
                id: 0,
                severity: Severity::Information,
                code: "200 0".into(),
                text: "line".into(),
                details: Details::Code,
            },
        );
        let xml: Vec<_> = logs.records().map(EventRecord::to_xml).collect();
        let first = xml[0].as_deref().unwrap();
        assert!(first.contains("<EventID>31</EventID>") && first.contains("a &lt;b&gt; &amp; c"));
        assert!(first.contains("1970-01-01T00:00:00Z") && first.contains("73144342"));
        assert!(xml[1].is_none());
    }
}
