//! `.evtx` files: written here, read by the crate that we use and by a reader of other people.
#![cfg(feature = "evtx")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod writer;

use std::path::{Path, PathBuf};
use std::process::Command;

use scep_client::server_log;
use scep_failures::Catalogue;
use scep_failures::observation::LogRecord;
use writer::{Event, file};

fn events() -> Vec<Event> {
    let event = |provider, id, level, channel, data: &[&str]| Event {
        provider,
        id,
        level,
        time: 1_795_645_760,
        stamp: "2026-11-25T22:29:20.000000000Z",
        channel,
        data: data.iter().map(|text| (*text).to_owned()).collect(),
    };
    let crash = [
        "w3wp.exe",
        "10.0.20348.1",
        "5f7e2a1b",
        "ntdll.dll",
        "10.0.20348.2",
        "0x1a2b3c4d",
        "c0000005",
    ];
    vec![
        event(
            "Microsoft-Windows-NetworkDeviceEnrollmentService",
            10,
            2,
            "Application",
            &["0x80092013"],
        ),
        event("Application Error", 1000, 2, "Application", &crash),
        event(
            "Microsoft-Windows-WAS",
            5002,
            2,
            "System",
            &["SCEP", "\u{1f511} <&> f\u{fc}r"],
        ),
        event("Microsoft-Windows-WAS", 5074, 4, "System", &[]),
    ]
}

fn read(octets: &[u8]) -> scep_client::Result<Vec<LogRecord>> {
    server_log::read_octets(Catalogue::builtin(), "x.evtx", octets).map(|logs| logs.records)
}

#[test]
fn binary_events_are_those_of_their_xml() {
    let records = read(&file(&events())).unwrap();
    let kinds: Vec<_> = records
        .iter()
        .map(|r| {
            (
                r.log.as_str(),
                r.event_id,
                r.severity.as_str(),
                r.code.as_str(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("application", 10, "error", "0x80092013"),
            ("application", 1000, "error", "0xc0000005"),
            ("system", 5002, "error", ""),
            ("system", 5074, "information", ""),
        ]
    );
    assert_eq!(records[0].time, 1_795_645_760);
    assert_eq!(records[2].text, "SCEP \u{1f511} <&> f\u{fc}r");
}

#[test]
fn a_damaged_file_is_an_error_or_loses_events_and_never_more() {
    let whole = file(&events());
    let error = read(&whole[..8]).unwrap_err();
    assert!(error.to_string().contains(".evtx"), "{error}");
    // cut off, and with an octet turned around, at many places
    for at in (8..whole.len()).step_by(997).chain(4096..6000) {
        let _ = read(&whole[..at]);
        let mut odd = whole.clone();
        odd[at] ^= 0xff;
        if let Ok(records) = read(&odd) {
            assert!(records.len() <= 4);
        }
    }
}

/// Where `.ci/run` puts it.
fn python_packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python")
}

#[test]
fn python_evtx_reads_the_same() {
    let python = |script: &str, argument: &Path| {
        Command::new("python3")
            .env("PYTHONPATH", python_packages())
            .args(["-c", script])
            .arg(argument)
            .output()
    };
    let there = python("import Evtx.Evtx", Path::new("-"));
    if !there.is_ok_and(|output| output.status.success()) {
        let how = "python3 -m pip install --target target/python python-evtx";
        assert!(
            std::env::var_os("SCEP_REQUIRE_PEERS").is_none(),
            "python-evtx is not installed; {how}"
        );
        eprintln!("*** SKIPPED: python-evtx is not installed; {how}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.evtx");
    std::fs::write(&path, file(&events())).unwrap();
    let script = "import sys\n\
        sys.stdout.reconfigure(encoding='utf-8')\n\
        from Evtx.Evtx import Evtx\n\
        with Evtx(sys.argv[1]) as log:\n\
        \x20   print('<Events>' + ''.join(r.xml() for r in log.records()) + '</Events>')\n";
    let output = python(script, &path).unwrap();
    let xml = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let other = read(xml.as_bytes()).unwrap();
    let ours = read(&file(&events())).unwrap();
    let kinds = |records: &[LogRecord]| -> Vec<_> {
        let kind = |r: &LogRecord| (r.log.clone(), r.source.clone(), r.event_id, r.code.clone());
        records.iter().map(kind).collect()
    };
    assert_eq!(kinds(&other), kinds(&ours));
    assert_eq!(other[2].text, ours[2].text);
}
