//! `scep diagnose --watch`: says when something changes, and nothing else.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Mock, scep};

#[test]
fn a_change_is_a_line() {
    let mock = Mock::start(&["--failure", "httpsys-503-pool-stopped"]);
    let mut child = scep()
        .args(["diagnose", mock.url(), "--watch=0s"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let first = next();
    assert!(first.contains("Z  mscep-503-pool-down (high)"), "{first}");
    mock.control("POST", "/reset", "");
    let second = next();
    assert!(second.contains("Z  healthy: no failure found"), "{second}");
    mock.control("POST", "/arm", r#"{"id": "ndes-ra-cert-expired"}"#);
    let third = next();
    assert!(third.contains("mscep-500-not-started"), "{third}");
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    // the last look was bad
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
