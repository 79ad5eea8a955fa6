//! The control port, as a program uses it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use scep_server_mock::MockNdes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::sockets::{control as send, exchange};
use crate::support::SCEP;

fn control(mock: &MockNdes) -> SocketAddr {
    let url = mock.control_url();
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

async fn get(mock: &MockNdes, path: &str) -> Value {
    let (status, value) = send(mock, "GET", path, Value::Null).await;
    assert_eq!(status, 200, "{path}: {value}");
    value
}

#[tokio::test]
async fn the_description_has_every_route_and_every_route_answers() {
    let mock = MockNdes::start().await.unwrap();
    let index = get(&mock, "/").await;
    let listed: BTreeSet<(String, String)> = index["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|route| {
            let text = |name: &str| route[name].as_str().unwrap().to_owned();
            (text("path"), text("method").to_ascii_lowercase())
        })
        .collect();
    let description = get(&mock, "/openapi.json").await;
    assert_eq!(description["openapi"], "3.1.0");
    let described: BTreeSet<(String, String)> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(listed, described);
    for (path, method) in &described {
        if path == "/stream" {
            continue;
        }
        let path = path.replace("{log}", "iis").replace("{id}", "99");
        let method = method.to_ascii_uppercase();
        let got = exchange(control(&mock), &method, &path, &[], Vec::new())
            .await
            .unwrap();
        // nothing is pending, no instance runs, and bodies are wanted: but nothing is unknown
        assert_ne!(got.status, 500, "{method} {path}");
        assert_ne!(got.status, 405, "{method} {path}");
    }
    let refs = references(&description);
    assert!(refs.len() > 30);
    for reference in refs {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        let schema = &description["components"]["schemas"][name];
        assert!(schema.is_object(), "{reference} leads nowhere");
    }
}

fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter()
                .chain(map.values().flat_map(references))
                .collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() {
    let mock = MockNdes::start().await.unwrap();
    for (method, path, body, status, word) in [
        (
            "POST",
            "/arm",
            json!({ "id": "no-such-failure" }),
            404,
            "failure mode",
        ),
        ("POST", "/arm", json!({ "name": "x" }), 400, "id"),
        ("POST", "/state", json!({}), 405, "PUT"),
        ("GET", "/logs/security2", json!({}), 404, "httperr"),
        ("POST", "/set", json!({ "set": { "iss": 1 } }), 400, "iss"),
        ("POST", "/pending/7/approve", json!({}), 404, "pending"),
        ("DELETE", "/instances/7", json!({}), 404, "instance"),
        ("GET", "/nowhere", json!({}), 404, "GET /"),
    ] {
        let (got, value) = send(&mock, method, path, body).await;
        let text = value["error"].as_str().unwrap_or_default();
        assert_eq!(got, status, "{method} {path}: {text}");
        assert!(text.contains(word), "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn settings_are_replaced_as_a_whole_or_not_at_all() {
    let mock = MockNdes::start().await.unwrap();
    let mut state = get(&mock, "/state").await["state"].clone();
    state["iis"]["scep_pool"]["state"] = "stopped".into();
    assert_eq!(send(&mock, "PUT", "/state", state.clone()).await.0, 200);
    let status = exchange(mock.address(), "GET", SCEP, &[], Vec::new())
        .await
        .unwrap()
        .status;
    assert_eq!(status, 503);

    state["iis"]["scep_pool"]["state"] = "started".into();
    let mut partial = state.clone();
    partial["iis"].as_object_mut().unwrap().remove("site");
    let (status, value) = send(&mock, "PUT", "/state", partial).await;
    assert_eq!(status, 400);
    assert!(
        value["error"].as_str().unwrap().contains("iis.site.state"),
        "{value}"
    );
    assert_eq!(
        get(&mock, "/state").await["state"]["iis"]["scep_pool"]["state"],
        "stopped"
    );

    state["iis"]["colour"] = "blue".into();
    let (status, value) = send(&mock, "PUT", "/state", state).await;
    assert_eq!(status, 400);
    assert!(
        value["error"].as_str().unwrap().contains("colour"),
        "{value}"
    );
}

#[tokio::test]
async fn the_clock_is_set_forwards_only() {
    let mock = MockNdes::start().await.unwrap();
    let now = get(&mock, "/clock").await["unix"].as_i64().unwrap();
    let year = json!({ "unix": now + 365 * 86_400 });
    assert_eq!(send(&mock, "PUT", "/clock", year).await.0, 200);
    assert!(get(&mock, "/clock").await["unix"].as_i64().unwrap() >= now + 365 * 86_400);
    assert_eq!(
        send(&mock, "PUT", "/clock", json!({ "unix": now })).await.0,
        409
    );
}

#[tokio::test]
async fn the_journal_has_a_cursor_and_logs_are_files() {
    let mock = MockNdes::start().await.unwrap();
    for _ in 0..3 {
        let caps = format!("{SCEP}?operation=GetCACaps");
        exchange(mock.address(), "GET", &caps, &[], Vec::new())
            .await
            .unwrap();
    }
    let all = get(&mock, "/journal").await;
    let numbers: Vec<u64> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["n"].as_u64().unwrap())
        .collect();
    let [.., before, last] = numbers[..] else {
        panic!("{numbers:?}")
    };
    let rest = get(&mock, &format!("/journal?after={before}")).await;
    assert_eq!(rest.as_array().unwrap().len(), 1);
    assert_eq!(rest[0]["n"], last);
    assert_eq!(
        get(&mock, "/journal?limit=2")
            .await
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let iis = exchange(control(&mock), "GET", "/logs/iis", &[], Vec::new())
        .await
        .unwrap();
    let text = String::from_utf8(iis.body).unwrap();
    assert!(text.starts_with("#Software: Microsoft Internet Information Services"));
    assert_eq!(text.matches("operation=GetCACaps").count(), 3, "{text}");
    let application = exchange(control(&mock), "GET", "/logs/application", &[], Vec::new())
        .await
        .unwrap();
    assert_eq!(application.content_type.as_deref(), Some("application/xml"));
    let logs = get(&mock, "/logs").await;
    let counted = logs
        .as_array()
        .unwrap()
        .iter()
        .find(|log| log["log"] == "iis")
        .unwrap();
    assert_eq!(counted["records"], 3);
}

#[tokio::test]
async fn one_pending_request_is_decided_and_another_is_not() {
    let state = toml::from_str("ca.template.manager_approval = true").unwrap();
    let mock = MockNdes::builder().with_state(state).start().await.unwrap();
    let persona = scep_failures::catalogue::Persona::default();
    for _ in 0..2 {
        mock.with_deployment(|d, now| {
            let mut now = now;
            let step = scep_failures::catalogue::Step::Enroll { times: 1 };
            scep_server_mock::scenario::play_step(d, &step, &persona, "a test", &mut now).unwrap();
        });
    }
    let pending = get(&mock, "/pending").await;
    let ids: Vec<u64> = pending
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    let path = format!("/pending/{}/approve", ids[1]);
    assert_eq!(send(&mock, "POST", &path, json!({})).await.0, 200);
    assert_eq!(
        send(&mock, "POST", &path, json!({})).await.0,
        404,
        "it is decided"
    );
    let pending = get(&mock, "/pending").await;
    assert_eq!(pending[0]["decision"], Value::Null);
    assert_eq!(pending[1]["decision"], "issue");
}

#[tokio::test]
async fn a_challenge_of_intune_is_for_what_was_said() {
    let mock = MockNdes::builder()
        .with_baseline("intune")
        .start()
        .await
        .unwrap();
    let wish = json!({ "subject": "CN=phone-7", "key_bits": 2048 });
    let (status, value) = send(&mock, "POST", "/intune/challenge", wish).await;
    assert_eq!(status, 200, "{value}");
    assert!(value["challenge"].as_str().unwrap().len() > 200);
}

#[tokio::test]
async fn the_stream_tells_what_happens() {
    let mock = MockNdes::start().await.unwrap();
    let mut stream = TcpStream::connect(control(&mock)).await.unwrap();
    let request = format!("GET /stream HTTP/1.1\r\nhost: {}\r\n\r\n", control(&mock));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    let mut asked = false;
    while !(seen.contains("event: journal") && seen.contains("event: log")) {
        let n = stream.read(&mut buffer).await.unwrap();
        assert!(n > 0, "the stream ended: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        if !asked && seen.contains(": here") {
            let caps = format!("{SCEP}?operation=GetCACaps");
            exchange(mock.address(), "GET", &caps, &[], Vec::new())
                .await
                .unwrap();
            asked = true;
        }
    }
    assert!(seen.contains("text/event-stream"), "{seen}");
    assert!(seen.contains("\"operation\":\"GetCACaps\""), "{seen}");
}

#[tokio::test]
async fn another_deployment_lives_beside_this_one() {
    let mock = MockNdes::start().await.unwrap();
    let wish = json!({ "failure": "pool-stopped-manually", "profile": "ndes-2022" });
    let (status, instance) = send(&mock, "POST", "/instances", wish).await;
    assert_eq!(status, 200, "{instance}");
    let url = instance["urls"]["scep"].as_str().unwrap();
    let authority = url
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let address: SocketAddr = authority.parse().unwrap();
    let caps = format!("{SCEP}?operation=GetCACaps");
    let status = |address| {
        let caps = caps.clone();
        async move {
            exchange(address, "GET", &caps, &[], Vec::new())
                .await
                .map(|got| got.status)
        }
    };
    assert_eq!(status(address).await, Ok(503));
    assert_eq!(status(mock.address()).await, Ok(200));
    assert_eq!(get(&mock, "/instances").await.as_array().unwrap().len(), 1);
    let path = format!("/instances/{}", instance["id"]);
    assert_eq!(send(&mock, "DELETE", &path, json!({})).await.0, 200);
    assert!(status(address).await.is_err(), "it is gone");
}
