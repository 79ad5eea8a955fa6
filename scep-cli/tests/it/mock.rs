//! `scep mock`: ready line, names, addresses, signals.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::support::{Mock, run, run_in, scep};

#[test]
fn the_ready_line_names_everything_one_needs() {
    let mock = Mock::start(&["--failure", "ca-template-denied"]);
    for name in ["url", "admin", "control", "challenge_url", "ca_pem"] {
        let url = mock.ready[name].as_str().unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{name}: {url}");
    }
    assert_eq!(mock.pin().len(), 64);
    assert_eq!(mock.ready["failures"][0], "ca-template-denied");
    assert!(mock.challenge().len() >= 16);
    assert!(
        mock.control("GET", "/ca.pem", "")
            .contains("BEGIN CERTIFICATE")
    );
    let events = mock.control("GET", "/events", "");
    assert!(
        serde_json::from_str::<serde_json::Value>(&events)
            .unwrap()
            .is_array()
    );
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&["mock", "--json", "--listen", &address])
        .exits(4)
        .only_says(&address);
    run(&[
        "mock",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--control-listen",
        &address,
    ])
    .exits(4)
    .only_says(&address);
}

#[test]
fn beyond_loopback_only_if_told_so() {
    run(&["mock", "--listen", "0.0.0.0:0"])
        .exits(2)
        .only_says("--allow-remote");
    run(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--control-listen",
        "0.0.0.0:0",
    ])
    .exits(2)
    .only_says("token");
    run(&["mock", "--listen", "nowhere"])
        .exits(2)
        .only_says("--listen");
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_asked_to() {
    for signal in ["-TERM", "-INT"] {
        let mut mock = Mock::start(&[]);
        let asked = Command::new("kill")
            .args([signal, &mock.id().to_string()])
            .status()
            .unwrap();
        assert!(asked.success());
        assert_eq!(mock.wait(), Some(0), "{signal}");
    }
}

/// Where `/proc` says what a process uses.
#[cfg(target_os = "linux")]
#[test]
fn a_thousand_idle_connections_and_a_slow_one_stop_nobody() {
    use std::io::Write as _;
    use std::net::TcpStream;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let maximum = getrlimit(Resource::Nofile).maximum;
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, most).unwrap();
    let mock = Mock::start(&[]);
    let url = mock.url();
    let address = url.split('/').nth(2).unwrap();
    let idle: Vec<TcpStream> = (0..1000)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"GET /certsrv/mscep/mscep.dll HTTP/1.1\r\n")
        .unwrap();
    for n in 0..10 {
        slow.write_all(format!("X-{n}: a header that never ends\r\n").as_bytes())
            .unwrap();
        run(&["diagnose", url, "--quiet"]).exits(0);
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", mock.id())).unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib: u64 = peak
        .and_then(|p| p.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap();
    assert!(kib < 100 << 10, "{kib} KiB");
    drop((idle, slow));
}

#[cfg(unix)]
#[test]
fn for_a_reader_it_writes_a_line_for_each_request() {
    let mut child = scep()
        .args(["mock", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let first = lines.next().unwrap();
    assert!(first.contains("a TEST server"), "{first}");
    let url = lines.find_map(|l| {
        l.trim()
            .strip_prefix("NDES URL")
            .map(|u| u.trim().to_owned())
    });
    let healthy = lines.any(|l| l.contains("none: healthy"));
    let quiet = run(&["diagnose", &url.unwrap(), "--quiet"]);
    let asked = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    let rest: Vec<String> = lines.collect();
    assert!(child.wait().unwrap().success() && asked.success() && healthy);
    quiet.exits(0);
    let caps = rest.iter().find(|l| l.contains("GetCACaps")).unwrap();
    assert!(
        caps.contains("GET") && caps.contains("200") && caps.contains("scep/"),
        "{caps}"
    );
    assert!(rest.last().unwrap().ends_with(" served."), "{rest:?}");
}

#[test]
fn the_list_is_data() {
    let list = run(&["mock", "--list", "--json"]).exits(0).json();
    let modes = list.as_array().unwrap();
    assert!(modes.len() > 20);
    for mode in modes {
        for field in ["id", "kind", "layer", "title", "visible_at", "provenance"] {
            assert!(mode[field].is_string(), "{field} in {mode}");
        }
        assert!(mode["symptom"].is_string() || mode["symptom"].is_null());
    }
    let text = run(&["mock", "--list"]).exits(0);
    text.is_narrow();
    assert!(text.stdout.lines().count() >= modes.len());
}

#[test]
fn challenge_passwords_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("static.txt");
    std::fs::write(&file, "the same for all\n").unwrap();
    let source = format!("static:{}", file.display());
    let mock = Mock::start(&["--challenge", &source]);
    let arguments = [
        "enroll",
        mock.url(),
        "--ca-sha256",
        mock.pin(),
        "--challenge-file",
        "static.txt",
    ];
    for name in ["A", "B"] {
        let more = ["--subject", "CN=x", "--out", name];
        run_in(folder.path(), &[&arguments[..], &more].concat()).exits(0);
    }
    drop(mock);
    let one_time = Mock::start(&["--challenge", "otp"]);
    assert_ne!(one_time.challenge(), one_time.challenge());
    drop(one_time);
    // an Intune challenge is a document of the service, not a password of NDES
    let intune = Mock::start(&["--challenge", "intune", "--baseline", "intune"]);
    assert!(intune.challenge().len() > 32);
    drop(intune);

    run(&["mock", "--challenge", "opt"])
        .exits(2)
        .only_says("otp, intune, static:FILE");
    run(&["mock", "--challenge", "static:/none"])
        .exits(4)
        .only_says("/none");
}

#[test]
fn names_that_do_not_exist_and_failures_that_exclude_each_other() {
    run(&["mock", "--failure", "httpsys-503-pool-stoped"])
        .exits(2)
        .only_says("did you mean \"httpsys-503-pool-stopped\"?");
    run(&["mock", "--baseline", "intune-app-prox"])
        .exits(2)
        .only_says("intune-app-proxy");
    run(&["mock", "--profile", "ndes"])
        .exits(2)
        .only_says("ndes-20");
    let conflict = ["app-proxy-preauth-enabled", "tls-untrusted-chain"];
    let run = run(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--failure",
        conflict[0],
        "--failure",
        conflict[1],
    ]);
    let run = run.exits(2);
    for id in conflict {
        run.only_says(id);
    }
}

#[test]
fn settings_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for state in [
        file("state.toml", "[ndes.registry]\nenforce_password = false\n"),
        file(
            "state.json",
            "{\"ndes\": {\"registry\": {\"enforce_password\": false}}}",
        ),
    ] {
        let mock = Mock::start(&["--state", &state]);
        let found: serde_json::Value =
            serde_json::from_str(&mock.control("GET", "/state", "")).unwrap();
        assert_eq!(
            found["state"]["ndes"]["registry"]["enforce_password"], false,
            "{found}"
        );
    }
    let unknown = file("unknown.toml", "[no_such]\nsetting = 1\n");
    run(&["mock", "--listen", "127.0.0.1:0", "--state", &unknown])
        .exits(2)
        .only_says("no_such");
    let broken = file("broken.toml", "= broken");
    run(&["mock", "--state", &broken])
        .exits(4)
        .only_says("broken.toml");
    run(&["mock", "--state", "/none.toml"])
        .exits(4)
        .only_says("/none.toml");
}
