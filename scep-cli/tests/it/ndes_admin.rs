//! Challenge passwords from the admin page of NDES: NTLM and Basic, at the mock and at others' servers,
//! and others' clients at the mock.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Mock, Run, repository, run_in};

const PASSWORD: &str = "ndes-admin";

/// A mock with a setting that is not the usual one: where it is, and its value in JSON.
fn start(set: &str) -> Mock {
    let mock = Mock::start(&["--profile", "ndes-2022"]);
    if let Some((path, value)) = set.split_once(" = ") {
        let view: Value = serde_json::from_str(&mock.control("GET", "/state", "")).unwrap();
        let mut state = view["state"].clone();
        let pointer = format!("/{}", path.replace('.', "/"));
        let place = state.pointer_mut(&pointer);
        *place.unwrap_or_else(|| panic!("no {path}: {view}")) =
            serde_json::from_str(value).unwrap();
        mock.control("PUT", "/state", &state.to_string());
    }
    mock
}

fn admin(mock: &Mock) -> String {
    mock.ready["admin"].as_str().unwrap().to_owned()
}

fn enroll(mock: &Mock, folder: &Path, page: &str, password: &str, more: &[&str]) -> Run {
    std::fs::write(folder.join("account.txt"), password.to_owned() + "\n").unwrap();
    let begin = ["enroll", mock.url(), "--ca-sha256", mock.pin()];
    let whom = ["--subject", "CN=printer-01", "--out", "P", "--force"];
    let sign_in = ["--ndes-admin", page, "--user", "LAB\\ndes-admin"];
    let secret = ["--user-password-file", "account.txt"];
    run_in(
        folder,
        &[&begin[..], &whom, &sign_in, &secret, more].concat(),
    )
}

const OVER_HTTP: &[&str] = &["--insecure-admin-http"];

#[test]
fn a_password_from_the_page_gets_a_certificate() {
    for schemes in ["negotiate-and-ntlm", "ntlm-only", "with-basic"] {
        let mock = start(&format!("iis.mscep_admin.schemes = \"{schemes}\""));
        let folder = tempfile::tempdir().unwrap();
        let run = enroll(&mock, folder.path(), &admin(&mock), PASSWORD, OVER_HTTP).exits(0);
        run.in_order(&["issued: CN=printer-01"]);
        assert!(!run.stdout.contains(PASSWORD) && !run.stderr.contains(PASSWORD));
    }
}

#[test]
fn what_the_page_says_instead_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (set, password, words) in [
        ("", "wrong", "user or password is wrong"),
        (
            "ca.template.admin_may_enroll = false",
            PASSWORD,
            "no permission",
        ),
        ("ndes.registry.password_max = 0", PASSWORD, "cache is full"),
    ] {
        let mock = start(set);
        let run = enroll(&mock, folder, &admin(&mock), password, OVER_HTTP).exits(1);
        run.only_says(words);
        assert!(!folder.join("P.key").exists());
    }
    let mock = start("");
    // the page of the service itself is not the one that gives passwords
    let run = enroll(&mock, folder, mock.url(), PASSWORD, OVER_HTTP);
    assert_ne!(run.code, 0);
    run.only_says("the admin page of NDES");
}

#[test]
fn credentials_do_not_go_over_http_unasked() {
    let mock = start("");
    let folder = tempfile::tempdir().unwrap();
    enroll(&mock, folder.path(), &admin(&mock), PASSWORD, &[])
        .exits(2)
        .only_says("--insecure-admin-http");
    // nothing at all was asked
    assert_eq!(mock.control("GET", "/journal", "").trim(), "[]");
    run_in(folder.path(), &["enroll", mock.url(), "--ndes-admin", "x"])
        .exits(2)
        .only_says("--user");
}

#[test]
fn the_client_of_curl_is_let_in_by_ntlm() {
    let mock = start("iis.mscep_admin.schemes = \"ntlm-only\"");
    let page = admin(&mock);
    let curl = |user: &str| {
        let output = Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--ntlm"])
            .args(["-u", user, &page])
            .output();
        output.map(|output| String::from_utf8(output.stdout).unwrap())
    };
    let Ok(status) = curl("LAB\\ndes-admin:ndes-admin") else {
        assert!(std::env::var_os("SCEP_REQUIRE_PEERS").is_none());
        eprintln!("SKIPPED: curl is missing, so its NTLM was not tried");
        return;
    };
    assert_eq!(status, "200");
    assert_eq!(curl("LAB\\ndes-admin:wrong").unwrap(), "401");
}

struct Page(Child);

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_server_of_pyspnego_lets_us_in_by_ntlm() {
    let packages = repository().join("target/python");
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", &packages).args(arguments);
        command
    };
    let there = python(&["-c", "import spnego"])
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("SCEP_REQUIRE_PEERS").is_none());
        eprintln!("SKIPPED: pyspnego is missing, so its NTLM was not tried");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/ntlm-page.py");
    for scheme in ["NTLM", "Negotiate"] {
        let mut child = python(&[script, scheme])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let stdout = child.stdout.take().unwrap();
        let page = Page(child);
        BufReader::new(stdout).read_line(&mut port).unwrap();
        let url = format!("http://127.0.0.1:{}/certsrv/mscep_admin/", port.trim());
        let mock = start("");
        let folder = tempfile::tempdir().unwrap();
        // the password of that page is none that the mock knows, so the CA says no: but it was fetched
        let run = enroll(&mock, folder.path(), &url, "secret", OVER_HTTP).exits(1);
        run.in_order(&["PKIOperation", "FAILURE"]);
        let run = enroll(&mock, folder.path(), &url, "wrong", OVER_HTTP).exits(1);
        run.only_says("user or password is wrong");
        drop(page);
    }
}
