//! A network namespace of its own, for peers that listen on every interface.

use std::process::Command;

use crate::process::{run_command, runs, say};

const INSIDE: &str = "SCEP_INTEROP_INSIDE";

/// Whether the caller may go on. The first time it may not: this runs the test again in a network
/// namespace that has nothing but a loopback interface, and judges how that went.
///
/// Where namespaces are not permitted the caller goes on without one, and this says so.
pub fn enter(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        run_command(Command::new("ip").args(["link", "set", "lo", "up"]))
            .expect_success("ip link set lo up");
        return true;
    }
    if !runs(Command::new("unshare").args(["-rn", "true"])) {
        say("no network namespaces here: the peer will listen on all interfaces");
        return true;
    }
    let myself = std::env::current_exe().unwrap();
    let log = run_command(
        Command::new("unshare")
            .arg("-rn")
            .arg(myself)
            .args(["--exact", test, "--nocapture"])
            .env(INSIDE, "1"),
    )
    .expect_success(test)
    .log();
    // a name that fits no test would be a success, too
    assert!(log.contains("1 passed"), "{log}");
    false
}
