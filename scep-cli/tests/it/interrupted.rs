//! Killed, or cut off, at every step of an enrollment: nothing is lost, and there is no second certificate.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::Value;

use crate::support::{Mock, Run, run_in, scep, unheard};

/// What happens, and when.
#[derive(Clone, Copy, Debug)]
struct Accident {
    /// At an exchange of this operation...
    operation: &'static str,
    /// ...of this number, counted from 1.
    number: u32,
    /// Whether the server has answered already, though the client has not heard of it.
    answered: bool,
    kill: bool,
}

/// Stands between client and server, and has the accident.
struct Between {
    url: String,
    victim: Sender<Child>,
    /// Gives the victim back once the accident has happened.
    after: Receiver<Option<Child>>,
}

impl Between {
    fn start(server: &str, accident: Accident) -> Self {
        let (host, path) = server
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let host = host.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/{path}", listener.local_addr().unwrap());
        let (victim, victims) = channel::<Child>();
        let (done, after) = channel();
        std::thread::spawn(move || {
            let mut child = accident.kill.then(|| victims.recv().unwrap());
            let mut number = 0;
            loop {
                let (mut client, _) = listener.accept().unwrap();
                let request = message(&mut client);
                let head = String::from_utf8_lossy(&request);
                let line = head.lines().next().unwrap();
                number += u32::from(line.contains(accident.operation));
                let due = number == accident.number;
                let answer = (!due || accident.answered).then(|| forward(&host, &request));
                if due {
                    if let Some(child) = &mut child {
                        child.kill().unwrap();
                    }
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = done.send(child.take());
                    return;
                }
                client.write_all(&answer.unwrap()).unwrap();
            }
        });
        Self { url, victim, after }
    }
}

/// One HTTP request, as it comes.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut octet = [0; 1];
    while !all.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet).unwrap();
        all.push(octet[0]);
    }
    let head = String::from_utf8_lossy(&all).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |text| text.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    all.extend(body);
    all
}

fn forward(host: &str, request: &[u8]) -> Vec<u8> {
    let mut server = TcpStream::connect(host).unwrap();
    let line = request.iter().position(|octet| *octet == b'\n').unwrap() + 1;
    let (line, rest) = request.split_at(line);
    let whole = [line, b"Connection: close\r\n", rest].concat();
    server.write_all(&whole).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    answer
}

fn issued(mock: &Mock) -> usize {
    let journal = mock.control("GET", "/journal", "");
    let journal: Value = serde_json::from_str(&journal).unwrap();
    let mut serials = BTreeSet::new();
    find(&journal, &mut serials);
    serials.len()
}

fn find(value: &Value, serials: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                if name == "issued_serial" && inner.is_string() {
                    serials.insert(inner.to_string());
                }
                find(inner, serials);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| find(inner, serials)),
        _ => {}
    }
}

/// No file is there by half: whatever has its final name can be read.
fn all_whole(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|e| e.to_str()) {
            Some("key") => assert!(text.ends_with("-----END PRIVATE KEY-----\n"), "{path:?}"),
            Some("pem") => assert!(text.ends_with("-----END CERTIFICATE-----\n"), "{path:?}"),
            Some("json") => drop(serde_json::from_str::<Value>(&text).unwrap()),
            _ => {}
        }
    }
}

/// What ends first: the command, or its accident.
fn enroll(folder: &Path, between: &Between, more: &[&str], kill: bool) -> Option<Run> {
    let arguments = ["enroll", &between.url, "--subject", "CN=printer-01"];
    let mut command = scep();
    command
        .current_dir(folder)
        .args(arguments)
        .args(["--out", "P"])
        .args(more);
    if !kill {
        return Some(crate::support::finish(&mut command));
    }
    let child = unheard(&mut command);
    between.victim.send(child).unwrap();
    let patience = std::time::Duration::from_secs(30);
    let child = between.after.recv_timeout(patience);
    let mut child = child.expect("it never came so far").unwrap();
    assert!(!child.wait().unwrap().success());
    None
}

fn survives(accident: Accident, mock_arguments: &[&str]) {
    let mock = Mock::start(mock_arguments);
    // Windows Server 2012 answers POST with nothing
    let by_get = mock_arguments.contains(&"ndes-2012r2");
    let method = if by_get { "get" } else { "auto" };
    let policy = ["--policy", "legacy", "--method", method];
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let password = mock.challenge_file(folder);
    let between = Between::start(mock.url(), accident);
    let trust = ["--ca-sha256", mock.pin(), "--challenge-file", &password];
    let trust = [&trust[..], &policy].concat();
    let ended = enroll(folder, &between, &trust, accident.kill);
    all_whole(folder);
    let has = |name: &str| folder.join(name).exists();
    assert!(has("P.key") && !has("P.pem"), "{accident:?}");

    let sent = accident.operation == "PKIOperation";
    if let Some(run) = &ended {
        assert_eq!(run.code, 1, "{accident:?}: {}", run.stderr);
        let told = run.stdout.contains("scep poll P.pending.json");
        assert_eq!(told, sent, "{accident:?}: {}{}", run.stdout, run.stderr);
    }
    assert_eq!(has("P.pending.json"), sent, "{accident:?}");
    assert_eq!(issued(&mock), usize::from(sent && accident.answered));
    if sent {
        // the state says where it was sent, which is where nobody listens any more
        let state = std::fs::read_to_string(folder.join("P.pending.json")).unwrap();
        let state = state.replace(&between.url, mock.url());
        std::fs::write(folder.join("P.pending.json"), state).unwrap();
        let again = ["enroll", mock.url(), "--subject", "CN=printer-01", "--out"];
        let forgetful = [&again[..], &["P", "--key-file", "P.key"], &trust].concat();
        run_in(folder, &forgetful)
            .exits(2)
            .only_says("P.pending.json");
        let poll = run_in(folder, &["poll", "P.pending.json", "--policy", "legacy"]);
        if accident.answered {
            poll.exits(0).in_order(&["issued: CN=printer-01", "P.pem"]);
        } else {
            poll.exits(1).in_order(&["never got it", "--key-file"]);
        }
    }
    if !has("P.pem") {
        assert!(!has("P.pending.json"));
        let again = ["enroll", mock.url(), "--subject", "CN=printer-01", "--out"];
        run_in(
            folder,
            &[&again[..], &["P", "--key-file", "P.key"], &trust].concat(),
        )
        .exits(0);
    }
    assert!(has("P.pem") && has("P.chain.pem") && !has("P.pending.json"));
    assert_eq!(issued(&mock), 1, "{accident:?}");
    all_whole(folder);
}

fn survives_all(mock_arguments: &[&str], operations: &[&'static str], kill: bool) {
    for operation in operations.iter().copied() {
        for answered in [false, true] {
            let accident = Accident {
                operation,
                number: 1,
                answered,
                kill,
            };
            survives(accident, mock_arguments);
        }
    }
}

#[test]
fn killed_at_every_step_nothing_is_lost() {
    survives_all(&[], &["GetCACaps", "GetCACert", "PKIOperation"], true);
}

#[test]
fn cut_off_after_the_request_was_sent_nothing_is_lost() {
    survives_all(&[], &["PKIOperation"], false);
}

#[test]
fn every_version_of_windows_hands_out_what_it_issued_when_it_is_asked_again() {
    for profile in [
        "ndes-2008r2",
        "ndes-2012r2",
        "ndes-2016",
        "ndes-2019",
        "ndes-2022",
        "ndes-2025",
    ] {
        survives_all(&["--profile", profile], &["PKIOperation"], true);
    }
}

#[test]
fn killed_while_it_waits_for_approval_it_goes_on() {
    let mock = Mock::start(&["--failure", "ca-pending-approval"]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let password = mock.challenge_file(folder);
    // the second one is the first poll
    let accident = Accident {
        operation: "PKIOperation",
        number: 2,
        answered: true,
        kill: true,
    };
    let between = Between::start(mock.url(), accident);
    let trust = ["--ca-sha256", mock.pin(), "--challenge-file", &password];
    let waiting = ["--wait", "1h", "--poll-interval", "1s"];
    enroll(folder, &between, &[&trust[..], &waiting].concat(), true);
    all_whole(folder);
    let state = std::fs::read_to_string(folder.join("P.pending.json")).unwrap();
    let state = state.replace(&between.url, mock.url());
    std::fs::write(folder.join("P.pending.json"), state).unwrap();
    mock.control("POST", "/resolve", "{\"issue\":true}");
    run_in(folder, &["poll", "P.pending.json"]).exits(0);
    assert_eq!(issued(&mock), 1);
}
