//! The mock against the catalogue that is built in: every mode that says how it is reproduced.

use scep_core::client::EnrollmentParams;
use scep_core::message::ChallengePassword;
use scep_core::x509::{Extension, GeneralName};
use scep_failures::Catalogue;
use scep_failures::catalogue::{FailureMode, Kind, Persona, Step, Visibility};
use scep_server_mock::MemoryHost;
use scep_server_mock::wire::Request;

use crate::support::*;

/// Every reproducible mode and variant, by the name under which it is armed.
fn names() -> Vec<(String, &'static FailureMode)> {
    Catalogue::builtin()
        .modes()
        .flat_map(|mode| {
            let own = mode.reproduce.iter().map(|_| mode.id.clone());
            let variants = mode
                .variants
                .iter()
                .filter(|v| v.reproduce.is_some())
                .map(|v| format!("{}.{}", mode.id, v.name));
            own.chain(variants)
                .map(move |name| (name, mode))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn armed(name: &str) -> MemoryHost {
    builder()
        .with_failure(name)
        .in_memory(START)
        .unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A device that asks for a URL among its names, as one does that is to be mapped to an account.
fn with_url(mut params: EnrollmentParams) -> EnrollmentParams {
    let url = GeneralName::Uri("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1".into());
    params.extensions = vec![Extension::subject_alt_name(&[url])];
    params
}

/// What a client meets: statuses and the end of an enrollment. No more than tells health from not.
fn look(host: &MemoryHost) -> Vec<String> {
    let mut seen = Vec::new();
    let url = host.scep_url();
    let path = url.strip_prefix(&origin(host)).unwrap_or_default();
    let long = format!("{path}?operation=GetCACaps&message={}", "x".repeat(20_000));
    let admin = "/certsrv/mscep_admin/";
    for target in [
        "/",
        path,
        &format!("{path}?operation=GetCACaps"),
        &long,
        admin,
    ] {
        seen.push(format!("{:?}", get(host, target).map(|r| r.status)));
    }
    // several times, as load and nodes differ from one to the next
    let answers: Vec<_> = (0..4)
        .map(|_| get(host, &format!("{path}?operation=GetCACert")).map(|r| (r.status, r.body)))
        .collect();
    let first = answers.iter().flatten().next().map(|(_, body)| body);
    for answer in &answers {
        let same = answer.as_ref().ok().map(|(_, body)| body) == first;
        seen.push(format!(
            "{:?} {same}",
            answer.as_ref().map(|(status, _)| status)
        ));
    }
    let operation = format!("{url}?operation=PKIOperation");
    let post = Request::post(&operation, "application/x-pki-message", vec![0; 40_000]).unwrap();
    seen.push(format!("{:?}", send(host, &post).map(|r| r.status)));
    for name in ["ndes.lab.example", "scep.lab.example"] {
        if let Ok(found) = host.resolve(name) {
            let now = host.now();
            let tls = host
                .tls((found.addresses[0], 443).into(), TIMEOUT)
                .map(|h| {
                    let leaf = &h.chain[0];
                    (h.trusted, leaf.is_valid_at(now), leaf.subject_alt_names())
                });
            seen.push(format!("{tls:?}"));
        }
    }
    let cas = host.with(|s| s.deployment().ca_certificates());
    seen.push(format!("{:?}", cas.map(|ca| ca.signature_algorithm())));
    // the scenario's own device
    let before = host.with(|s| s.deployment().issued().len());
    host.play(&[Step::Enroll { times: 1 }]).unwrap();
    let issued = host.with(|s| s.deployment().issued().len()) - before;
    seen.push(format!("{issued} issued to the device"));
    let challenge = host.issue_challenge();
    seen.push(match challenge {
        Err(_) => "no challenge".to_owned(),
        Ok(challenge) => match enroll_with(host, with_url(params(host, challenge))) {
            End::Issued(issued) => {
                format!(
                    "issued {} {:?}",
                    issued.certificate.subject(),
                    issued.certificate.subject_alt_names()
                )
            }
            End::Refused(refusal) => format!("refused {:?}", refusal.hresult),
            End::Pending => "pending".to_owned(),
            End::Failed(status, _) => format!("failed {status}"),
        },
    });
    seen.push(match enroll_with(host, params(host, None)) {
        End::Issued(_) => "issued without a challenge".to_owned(),
        _ => "not issued without a challenge".to_owned(),
    });
    seen
}

/// What only somebody sees who looks closely: the octets of answers, types, dates, and what becomes of
/// a message by GET, and of one more enrollment of the device.
fn details(host: &MemoryHost) -> Vec<String> {
    let mut seen = Vec::new();
    let url = host.scep_url();
    for operation in ["GetCACaps", "GetCACert"] {
        let got = send(
            host,
            &Request::get(&format!("{url}?operation={operation}")).unwrap(),
        );
        let skew = got.as_ref().ok().map(|response| {
            let date = response.header("date").unwrap();
            scep_core::http::parse_date(date).unwrap().0 - host.now().0 > 300
        });
        let got = got.map(|response| {
            let content_type = response.header("content-type").map(str::to_owned);
            (content_type, response.body)
        });
        seen.push(format!("{got:?} {skew:?}"));
    }
    let wrong = Some(ChallengePassword::new("wrong"));
    let message = pki_message(host, with_url(params(host, wrong)));
    let operation = format!("{url}?operation=PKIOperation");
    let post = Request::post(&operation, "application/x-pki-message", message.clone()).unwrap();
    let get = Request::get(&scep_core::http::pki_operation_get_url(&url, &message)).unwrap();
    for request in [post, get] {
        let status = send(host, &request).map(|r| (r.status, r.body.is_empty()));
        seen.push(format!("{status:?}"));
    }
    let before = host.with(|s| s.deployment().issued().len());
    host.play(&[Step::Enroll { times: 1 }]).unwrap();
    let issued = host.with(|s| s.deployment().issued().len()) - before;
    seen.push(format!("{issued} issued to the device again"));
    seen
}

#[test]
fn every_mode_can_be_armed_is_seen_and_healed() {
    let mut wrong = Vec::new();
    for (name, mode) in names() {
        let host = armed(&name);
        let healthy = baseline(&host.with(|s| s.scenario().baseline.name.clone()));
        let (armed_look, healthy_look) = (look(&host), look(&healthy));
        if mode.kind == Kind::Healthy {
            // the server is well, whatever the scenario's device asks of it
            let server = |look: &[String]| -> Vec<String> {
                let lines = look.iter().filter(|line| !line.ends_with("to the device"));
                lines.cloned().collect()
            };
            assert_eq!(server(&armed_look), server(&healthy_look), "{name}");
            continue;
        }
        // what shows in logs only, or to somebody with a memory, others look at
        let in_sight = mode.visible_at <= Visibility::Enroll;
        let alike = armed_look == healthy_look && details(&host) == details(&healthy);
        if alike && in_sight {
            wrong.push(format!("{name} looks healthy: {armed_look:?}"));
        }
        let host = armed(&name);
        host.heal(&name).unwrap_or_else(|e| panic!("{name}: {e}"));
        let healed = look(&host);
        if healed != healthy_look {
            wrong.push(format!(
                "{name} is not healed: {healed:?} against {healthy_look:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_evidence_of_every_mode_is_in_the_logs() {
    let mut missing = Vec::new();
    for mode in Catalogue::builtin()
        .modes()
        .filter(|m| m.reproduce.is_some())
    {
        let host = armed(&mode.id);
        look(&host);
        let records = host.log_records();
        for wanted in mode.evidence.iter().filter(|e| !e.alternative) {
            let found = records.iter().any(|r| {
                r.log == wanted.log
                    && r.source == wanted.source
                    && r.event_id == wanted.event_id
                    && (wanted.severity.is_empty() || r.severity == wanted.severity)
                    && (wanted.code.is_empty() || r.code == wanted.code)
                    && (wanted.text.is_empty() || r.text.contains(&wanted.text))
            });
            if !found {
                missing.push(format!("{}: {wanted:?}", mode.id));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_client_of_a_mode_gets_its_kind_of_challenge() {
    for (name, mode) in names() {
        let host = armed(&name);
        let persona = host.with(|s| s.persona().clone());
        let declared = mode
            .reproduce
            .as_ref()
            .map(|r| r.client.clone())
            .unwrap_or_default();
        if declared != Persona::default() && !name.contains('.') {
            assert_eq!(persona, declared, "{name}");
        }
    }
}

#[test]
fn no_failure_mode_is_named_in_the_sources() {
    fn files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "baselines", "profiles"] {
        files(&root.join(folder), &mut found);
    }
    assert!(found.len() > 40, "the sources were found");
    for file in found {
        let text = std::fs::read_to_string(&file).unwrap();
        for mode in Catalogue::builtin().modes() {
            assert!(
                !text.contains(&mode.id),
                "{} names {}",
                file.display(),
                mode.id
            );
        }
    }
}
