//! Server logs in the forms in which an administrator has them.
//!
//! The form is told by the content, not by the name: events as `.evtx`, XML (Event Viewer, `wevtutil`) or
//! CSV (Event Viewer, `Export-Csv`); W3C logs of IIS and HTTP.sys; NDESPlugin.log; what `certutil` and
//! `netsh winhttp show proxy` print; JSON of this tool. UTF-8, UTF-16 and ANSI are read.
//!
//! A file may be of any length: it is read once, and of records that say the same only the latest are
//! kept ([`PER_KIND`]).

mod certutil;
mod collector;
mod event;
mod event_csv;
mod event_xml;
#[cfg(feature = "evtx")]
mod evtx;
mod json;
mod ndes_plugin;
mod netsh;
mod text;
mod w3c;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use scep_failures::Catalogue;
use scep_failures::observation::LogRecord;

pub use collector::PER_KIND;
pub(crate) use event::seconds;

use self::collector::Collector;
use self::text::{Counted, Pieces, Transcoded};
use crate::{Error, Result};

/// What files held.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ServerLogs {
    /// The records, file by file, in order.
    pub records: Vec<LogRecord>,
    /// How many records were read.
    pub read: u64,
    /// How many of them were not kept, as enough others say the same.
    pub dropped: u64,
}

/// How far a long file has been read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The file.
    pub path: &'a Path,
    /// Octets read.
    pub done: u64,
    /// Octets there are.
    pub of: u64,
}

/// Reads files; `progress` is told of every 8 MiB.
///
/// The catalogue says which records tell failure modes apart, so that none of those is lost among the
/// many that say the same.
///
/// # Errors
/// `File` if a file cannot be read, `Format` if it is no log that is known.
pub fn read(
    catalogue: &Catalogue,
    paths: &[PathBuf],
    mut progress: impl FnMut(Progress<'_>),
) -> Result<ServerLogs> {
    let mut logs = ServerLogs::default();
    for path in paths {
        let file = File::open(path).map_err(|e| Error::file(path, e))?;
        let of = file.metadata().map_or(0, |metadata| metadata.len());
        let watch = |done| progress(Progress { path, done, of });
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase());
        let of_plugin = name.is_some_and(|name| name.starts_with("ndesplugin"));
        let one = read_named(catalogue, path, Counted::new(file, watch), of_plugin)?;
        logs.read += one.read;
        logs.dropped += one.dropped;
        logs.records.extend(one.records);
    }
    Ok(logs)
}

/// Reads one log that is in memory.
///
/// # Errors
/// `Format` if it is no log that is known; `name` is what the error is to name.
pub fn read_octets(catalogue: &Catalogue, name: &str, octets: &[u8]) -> Result<ServerLogs> {
    let octets = std::io::Cursor::new(octets);
    read_named(catalogue, Path::new(name), octets, false)
}

fn read_named(
    catalogue: &Catalogue,
    path: &Path,
    from: impl Read + Seek,
    of_plugin: bool,
) -> Result<ServerLogs> {
    let mut collector = Collector::new(catalogue);
    read_one(from, of_plugin, &mut collector).map_err(|failure| match failure {
        Failure::Io(e) => Error::file(path, e),
        Failure::Format(what) => Error::format(path, what),
    })?;
    Ok(ServerLogs {
        read: collector.read(),
        dropped: collector.dropped(),
        records: collector.into_records(),
    })
}

/// Why a file could not be read.
enum Failure {
    Io(std::io::Error),
    Format(String),
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Self::Io(e)
    }
}

/// As much of a file is looked at to tell its form.
const HEAD: u64 = 64 << 10;

/// With `of_plugin` the name says that it is the policy module's.
fn read_one(
    mut from: impl Read + Seek,
    of_plugin: bool,
    into: &mut Collector<'_>,
) -> Result<(), Failure> {
    let mut start = Vec::new();
    from.by_ref().take(8).read_to_end(&mut start)?;
    from.seek(SeekFrom::Start(0))?;
    if start == *b"ElfFile\0" {
        return read_evtx(from, into);
    }
    let mut text = BufReader::new(Transcoded::new(from)?);
    let mut head = Vec::new();
    text.by_ref().take(HEAD).read_to_end(&mut head)?;
    // a log in which nothing has happened
    if head.trim_ascii().is_empty() {
        return Ok(());
    }
    let form = match Form::of(&String::from_utf8_lossy(&head)) {
        Form::Unknown if of_plugin => Form::NdesPlugin,
        form => form,
    };
    // what has been looked at is read again
    let whole = BufReader::new(std::io::Cursor::new(head).chain(text));
    read_text(form, whole, into)
}

#[cfg(feature = "evtx")]
fn read_evtx(from: impl Read + Seek, into: &mut Collector<'_>) -> Result<(), Failure> {
    evtx::read(from, into)
}

#[cfg(not(feature = "evtx"))]
fn read_evtx(_: impl Read + Seek, _: &mut Collector<'_>) -> Result<(), Failure> {
    Err(Failure::Format(
        "is an .evtx file, which this build cannot read (feature `evtx`); save it as XML".into(),
    ))
}

/// The form of a text log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    EventXml,
    EventCsv,
    W3c,
    NdesPlugin,
    Certutil,
    Netsh,
    Json,
    Unknown,
}

impl Form {
    fn of(head: &str) -> Self {
        let start = head.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let next = |c: char| {
            start
                .get(1..)
                .unwrap_or_default()
                .trim_start()
                .starts_with(c)
        };
        if start.starts_with("<![LOG[") {
            Self::NdesPlugin
        } else if start.starts_with('<') {
            Self::EventXml
        } else if start.starts_with('{') || start.starts_with('[') && (next('{') || next(']')) {
            Self::Json
        } else if event_csv::is_header(start) {
            Self::EventCsv
        } else if start.starts_with('#') {
            Self::W3c
        } else if certutil::is_output(head) {
            Self::Certutil
        } else if netsh::is_output(head) {
            Self::Netsh
        } else if ndes_plugin::is_log(head) {
            Self::NdesPlugin
        } else {
            Self::Unknown
        }
    }
}

fn read_text(form: Form, from: impl BufRead, into: &mut Collector<'_>) -> Result<(), Failure> {
    match form {
        Form::EventXml => event_xml::read(Pieces::new(from, b"</Event>"), into),
        Form::EventCsv => event_csv::read(from, into),
        Form::W3c => w3c::read(Pieces::lines(from), into),
        Form::NdesPlugin => ndes_plugin::read(Pieces::lines(from), into),
        Form::Certutil => certutil::read(Pieces::lines(from), into),
        Form::Netsh => netsh::read(Pieces::lines(from), into),
        Form::Json => json::read(from, into),
        Form::Unknown => Err(Failure::Format(
            "is no log that is known: neither events (.evtx, XML, CSV), nor an IIS or HTTPERR log \
             (with its #Fields line), nor NDESPlugin.log, nor what certutil or netsh print, nor JSON"
                .into(),
        )),
    }
}

/// What a reader collects, or what it complains of.
#[cfg(test)]
fn collected(
    read: impl FnOnce(&mut Collector<'_>) -> Result<(), Failure>,
) -> Result<Vec<LogRecord>, String> {
    let mut collector = Collector::new(Catalogue::builtin());
    match read(&mut collector) {
        Ok(()) => Ok(collector.into_records()),
        Err(Failure::Format(what)) => Err(what),
        Err(Failure::Io(e)) => Err(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_tells_the_form() {
        for (head, form) in [
            ("<?xml version=\"1.0\"?><Events>", Form::EventXml),
            ("\n<Event xmlns='x'>", Form::EventXml),
            (
                "#Software: Microsoft HTTP API 2.0\r\n#Fields: date",
                Form::W3c,
            ),
            (
                "#TYPE Deserialized.System\r\n\"Message\",\"Id\",\"ProviderName\"",
                Form::EventCsv,
            ),
            (
                "Level,Date and Time,Source,Event ID,Task Category\r\n",
                Form::EventCsv,
            ),
            ("[{\"log\":\"iis\"}]", Form::Json),
            ("[]", Form::Json),
            (
                "CertUtil: -ping command FAILED: 0x800706ba (x)",
                Form::Certutil,
            ),
            ("\r\nCurrent WinHTTP proxy settings:\r\n", Form::Netsh),
            ("<![LOG[Calling VerifyRequest ...]LOG]!>", Form::NdesPlugin),
            (
                "[1] NDESPlugin: Verify challenge returns false",
                Form::NdesPlugin,
            ),
            ("it was broken on Monday", Form::Unknown),
            ("", Form::Unknown),
        ] {
            assert_eq!(Form::of(head), form, "{head}");
        }
    }

    #[test]
    fn what_is_no_log_is_said_to_be_none() {
        let error = read_octets(Catalogue::builtin(), "notes.txt", b"hello").unwrap_err();
        assert!(
            error.to_string().starts_with("notes.txt: is no log"),
            "{error}"
        );
    }
}
