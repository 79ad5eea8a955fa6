//! The probes of a diagnosis: their order, what is left out and why, and what they cost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use scep_client::diagnose::{DiagnoseOptions, EnrollProbe, Level, Report, diagnose};
use scep_client::memory::MemoryStore;
use scep_client::network::{HttpRequest, HttpResponse};
use scep_client::{Error, Result};
use scep_core::asn1::{tag, write};
use scep_core::client::{CaTrust, MethodChoice};
use scep_core::crypto::{DigestAlgorithm, SignatureAlgorithm, SystemRandom};
use scep_core::message::ChallengePassword;
use scep_core::oid;
use scep_core::x509::Extension;
use scep_failures::Catalogue;
use scep_failures::diagnosis::Outcome as Verdict;
use scep_failures::observation::{
    Memory, NetworkErrorKind, Observation, Outcome, Probe, Purpose, ReplyFacts, TlsFacts,
    TlsVerdict,
};

use crate::fake::{Answer, Fake, START, response};
use crate::pki::{name, provider};
use crate::server::{CA, CAPABILITIES, CHALLENGE, CLIENT_KEY, CRL_URL, LDAP_URL, TinyCa};

const URL: &str = "http://ndes.example/certsrv/mscep/mscep.dll";

fn options(level: Level) -> DiagnoseOptions {
    let mut options = DiagnoseOptions::default();
    options.level = level;
    options.key = Some(CLIENT_KEY.clone());
    options
}

async fn run(network: &Fake, url: &str, options: &DiagnoseOptions) -> Report {
    diagnose(network, provider(), Catalogue::builtin(), url, options)
        .await
        .unwrap()
}

async fn passive(network: &Fake) -> Report {
    run(network, URL, &options(Level::Passive)).await
}

fn healthy() -> Fake {
    let ca = TinyCa::default();
    Fake::new(move |request| Ok(ca.serve(request)))
}

/// A healthy server, but for what `differs` answers.
fn healthy_but(differs: impl Fn(&HttpRequest) -> Option<Answer> + Send + Sync + 'static) -> Fake {
    let ca = TinyCa::default();
    Fake::new(move |request| differs(request).unwrap_or_else(|| Ok(ca.serve(request))))
}

/// What a probe was, in a word.
fn word(probe: &Probe) -> String {
    match probe {
        Probe::Resolve { host } => format!("resolve {host}"),
        Probe::Connect { address } => format!("connect {address}"),
        Probe::Tls { address, .. } => format!("tls {address}"),
        Probe::Http {
            purpose, method, ..
        } => format!("{method} {purpose:?}"),
    }
}

fn words(report: &Report) -> Vec<String> {
    report
        .observations
        .items
        .iter()
        .map(|o| word(&o.probe))
        .collect()
}

fn of(report: &Report, wanted: Purpose) -> Vec<&Observation> {
    let is = |o: &&Observation| matches!(o.probe, Probe::Http { purpose, .. } if purpose == wanted);
    report.observations.items.iter().filter(is).collect()
}

fn skipped(observation: &Observation) -> Option<&str> {
    match &observation.outcome {
        Outcome::Skipped { reason } => Some(reason),
        _ => None,
    }
}

fn status(observation: &Observation) -> u16 {
    match &observation.outcome {
        Outcome::Response(facts) => facts.status,
        other => panic!("{other:?}"),
    }
}

fn reply(observation: &Observation) -> ReplyFacts {
    match &observation.outcome {
        Outcome::Response(facts) => *facts.reply.clone().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_passive_diagnosis_reads_in_this_order() {
    let network = healthy();
    let report = passive(&network).await;
    assert_eq!(
        words(&report),
        [
            "resolve ndes.example",
            "connect 192.0.2.1:80",
            "GET Root",
            "GET BaseUrl",
            "GET GetCaCaps",
            "GET GetCaCert",
            "GET MscepAdmin",
            "GET OtherPath",
            "GET OtherIdentifier",
            "GET GetCaCert",
            "GET GetCaCert",
            "GET Crl",
            "GET Crl",
            "GET LongUrl",
            "GET LongUrl",
            "GET LongUrl",
            "GET LongUrl",
        ]
    );
    let numbers: Vec<u32> = report.observations.items.iter().map(|o| o.n).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<_>>());
    assert_eq!(report.observations.started, START.0);
    let lines = network.lines();
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("GET ") && !line.contains("PKIOperation"))
    );
    assert!(lines.contains(&"GET http://ndes.example/certsrv/mscep_admin/".to_owned()));
    assert_eq!(report.diagnosis.footprint.requests as usize, lines.len());
    assert!(report.diagnosis.footprint.issued.is_empty());
    assert!(report.local_errors.is_empty());
}

#[tokio::test]
async fn times_are_the_networks() {
    let network = healthy_but(|request| {
        request
            .url
            .ends_with("mscep.dll")
            .then_some(Err(NetworkErrorKind::TimedOut))
    });
    let report = passive(&network).await;
    let base = of(&report, Purpose::BaseUrl)[0];
    assert_eq!(base.elapsed_ms, 30_000);
    let next = of(&report, Purpose::GetCaCaps)[0];
    assert_eq!(next.at_ms, base.at_ms + 30_000);
}

#[tokio::test]
async fn without_a_name_nothing_is_sent() {
    let mut network = healthy();
    network.addresses.clear();
    let report = run(&network, URL, &options(Level::Request)).await;
    assert!(network.lines().is_empty());
    assert_eq!(report.diagnosis.footprint.requests, 0);
    for observation in &report.observations.items[1..] {
        let reason = skipped(observation).unwrap();
        let by_itself = matches!(
            &observation.probe,
            Probe::Http {
                purpose: Purpose::Crl,
                ..
            }
        );
        assert!(
            by_itself || reason.contains("[1]"),
            "{}: {reason}",
            word(&observation.probe)
        );
    }
    let skipped_purposes = words(&report);
    for purpose in [
        "Root",
        "GetCaCaps",
        "MscepAdmin",
        "LongUrl",
        "PkiOperationPost",
        "PkiOperationGet",
    ] {
        assert!(
            skipped_purposes.iter().any(|w| w.ends_with(purpose)),
            "{purpose}"
        );
    }
}

#[tokio::test]
async fn every_address_is_connected_to_and_asked_for_certificates() {
    let mut network = healthy();
    network.addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.4"]
        .map(|a| a.parse().unwrap())
        .to_vec();
    network.refusing = vec!["192.0.2.2".parse().unwrap()];
    let report = passive(&network).await;
    assert_eq!(
        words(&report)[1..5].concat(),
        "connect 192.0.2.1:80connect 192.0.2.2:80connect [2001:db8::1]:80connect 192.0.2.4:80"
    );
    let received = network.received.lock().unwrap();
    let asked: Vec<String> = received
        .iter()
        .filter(|request| request.url.contains("GetCACert"))
        .map(|request| request.address.unwrap().to_string())
        .collect();
    assert_eq!(asked, ["192.0.2.1:80", "[2001:db8::1]:80", "192.0.2.4:80"]);
}

#[tokio::test]
async fn a_host_that_refuses_connections() {
    let mut network = healthy();
    network.refusing.clone_from(&network.addresses);
    let report = passive(&network).await;
    assert!(network.lines().is_empty());
    assert!(
        skipped(of(&report, Purpose::Root)[0])
            .unwrap()
            .contains("[2]")
    );
}

#[tokio::test]
async fn tls_that_is_not_trusted_is_looked_behind() {
    let mut network = healthy();
    network.tls = Ok(TlsFacts {
        verdict: Some(TlsVerdict::Expired),
        ..TlsFacts::default()
    });
    let report = run(
        &network,
        &URL.replace("http:", "https:"),
        &options(Level::Passive),
    )
    .await;
    assert_eq!(words(&report)[2], "tls 192.0.2.1:443");
    assert_eq!(status(of(&report, Purpose::GetCaCaps)[0]), 200);
    let received = network.received.lock().unwrap();
    assert!(received.iter().all(|request| !request.require_trusted_tls));
}

#[tokio::test]
async fn tls_that_fails_ends_it() {
    let mut network = healthy();
    network.tls = Err(NetworkErrorKind::Reset);
    let report = run(
        &network,
        &URL.replace("http:", "https:"),
        &options(Level::Passive),
    )
    .await;
    assert!(network.lines().is_empty());
    assert!(
        skipped(of(&report, Purpose::Root)[0])
            .unwrap()
            .contains("[3]")
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_asked_everything_that_may_tell_something() {
    let network = Fake::new(|_| Ok(response(503, "text/html; charset=us-ascii", "")));
    let report = run(&network, URL, &options(Level::Request)).await;
    let sent: Vec<String> = report
        .observations
        .items
        .iter()
        .filter(|o| skipped(o).is_none())
        .map(|o| word(&o.probe))
        .collect();
    assert_eq!(
        sent[2..],
        [
            "GET Root",
            "GET BaseUrl",
            "GET GetCaCaps",
            "GET GetCaCert",
            "GET MscepAdmin",
            // perhaps its queue is full now and then only
            "GET GetCaCert",
            "GET GetCaCert",
            "GET GetCaCert",
            "GET GetCaCert",
            "GET GetCaCert",
        ]
    );
    assert!(
        skipped(of(&report, Purpose::LongUrl)[0])
            .unwrap()
            .contains("GetCACaps")
    );
    assert!(
        skipped(of(&report, Purpose::Crl)[0])
            .unwrap()
            .contains("memory")
    );
    assert!(
        skipped(of(&report, Purpose::PkiOperationPost)[0])
            .unwrap()
            .contains("GetCACert")
    );
}

#[tokio::test]
async fn a_redirect_is_noted_and_not_followed() {
    let network = Fake::new(|_| {
        let mut redirect = response(302, "text/html", "");
        redirect.headers.push((
            "location".into(),
            "https://login.example/a?state=secret".into(),
        ));
        Ok(redirect)
    });
    let report = passive(&network).await;
    assert!(
        network
            .lines()
            .iter()
            .all(|line| !line.contains("login.example"))
    );
    let Outcome::Response(facts) = &of(&report, Purpose::GetCaCaps)[0].outcome else {
        panic!()
    };
    assert_eq!(
        facts.headers[1],
        (
            "location".into(),
            "https://login.example/a?<12 octets>".into()
        )
    );
}

fn path_and_query(url: &str) -> usize {
    url.len() - "http://ndes.example".len()
}

#[tokio::test]
async fn the_ladder_of_long_urls_ends_at_the_first_that_breaks() {
    let network = healthy_but(|request| {
        (request.url.contains("message=A") && path_and_query(&request.url) > 4000)
            .then(|| Ok(response(414, "text/html", "")))
    });
    let report = passive(&network).await;
    let rungs: Vec<u16> = of(&report, Purpose::LongUrl)
        .iter()
        .map(|o| status(o))
        .collect();
    assert_eq!(rungs[..3], [200, 200, 414]);
    let lengths: Vec<usize> = network
        .received
        .lock()
        .unwrap()
        .iter()
        .filter(|request| request.url.contains("message=A"))
        .map(|request| path_and_query(&request.url))
        .collect();
    assert_eq!(lengths[..3], [1900, 2200, 5500]);
    // then the exact limit, by halves
    let works = lengths.iter().filter(|length| **length <= 4000).max();
    let breaks = lengths.iter().filter(|length| **length > 4000).min();
    assert_eq!((works, breaks), (Some(&4000), Some(&4001)));
    assert!(lengths.len() <= 3 + 12, "{lengths:?}");
    let Probe::Http { url, .. } = &of(&report, Purpose::LongUrl)[2].probe else {
        panic!()
    };
    let filler = 5500 - path_and_query(&format!("{URL}?operation=GetCACaps&message="));
    assert!(
        url.ends_with(&format!("&message=<{filler} octets>")),
        "{url}"
    );
}

#[tokio::test]
async fn who_is_silent_is_asked_once() {
    let network = healthy_but(|_| Some(Err(NetworkErrorKind::TimedOut)));
    let report = run(&network, URL, &options(Level::Request)).await;
    assert_eq!(network.lines().len(), 5, "{:?}", network.lines());
    for purpose in [Purpose::Root, Purpose::GetCaCaps, Purpose::GetCaCert] {
        let observation = of(&report, purpose)[0];
        assert!(matches!(
            observation.outcome,
            Outcome::Failed {
                error: NetworkErrorKind::TimedOut,
                ..
            }
        ));
    }
    assert!(skipped(of(&report, Purpose::PkiOperationPost)[0]).is_some());
}

#[tokio::test]
async fn a_server_that_minds_unknown_ca_identifiers_is_told_from_one_that_minds_length() {
    let network = healthy_but(|request| {
        request
            .url
            .contains("message=")
            .then(|| Ok(response(404, "text/html", "")))
    });
    let report = passive(&network).await;
    let rungs: Vec<u16> = of(&report, Purpose::LongUrl)
        .iter()
        .map(|o| status(o))
        .collect();
    assert_eq!(rungs, [404, 404]);
    let received = network.received.lock().unwrap();
    let short = received
        .iter()
        .rfind(|request| request.url.contains("message="))
        .unwrap();
    assert!(path_and_query(&short.url) < 150, "{}", short.url);
}

#[tokio::test]
async fn paths_that_are_not_of_ndes_have_no_admin_page() {
    let network = healthy();
    let report = run(
        &network,
        "http://ndes.example/scep",
        &options(Level::Passive),
    )
    .await;
    assert!(skipped(of(&report, Purpose::MscepAdmin)[0]).is_some());
}

#[tokio::test]
async fn the_crls_that_certificates_name_are_fetched_by_http_only() {
    let network = healthy();
    let report = passive(&network).await;
    let crls = of(&report, Purpose::Crl);
    let urls: Vec<&str> = crls
        .iter()
        .map(|o| match &o.probe {
            Probe::Http { url, .. } => url.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(urls, [LDAP_URL, CRL_URL]);
    assert!(skipped(crls[0]).unwrap().contains("ldap"));
    assert_eq!(status(crls[1]), 404);
    // a CRL is on a host of its own
    let received = network.received.lock().unwrap();
    assert!(
        received
            .iter()
            .all(|r| r.url != CRL_URL || r.address.is_none())
    );
}

#[tokio::test]
async fn delta_crls_that_a_crl_names_are_fetched_too() {
    let delta_url = "http://crl.example/ca+.crl";
    let network = healthy_but(move |request| {
        (request.url == CRL_URL).then(|| {
            Ok(response(
                200,
                "application/pkix-crl",
                crl_with_delta(delta_url),
            ))
        })
    });
    let report = passive(&network).await;
    let urls: Vec<String> = network
        .lines()
        .into_iter()
        .filter(|line| line.ends_with(".crl"))
        .collect();
    assert_eq!(urls, [format!("GET {CRL_URL}"), format!("GET {delta_url}")]);
    assert_eq!(of(&report, Purpose::Crl).len(), 3);
}

/// A CRL without entries, written by hand because builders make no freshestCRL.
fn crl_with_delta(delta_url: &str) -> Vec<u8> {
    let points = Extension::crl_distribution_points(&[delta_url]).value;
    let extension = write::sequence(&[
        &write::oid(oid::FRESHEST_CRL),
        &write::octet_string(&points),
    ]);
    let algorithm = write::algorithm(oid::SHA_256_WITH_RSA, &[0x05, 0x00]);
    let tbs = write::sequence(&[
        &write::integer(1),
        &algorithm,
        CA.certificate.subject().as_der(),
        &write::time(START),
        &write::tlv(tag::context_constructed(0), &write::sequence(&[&extension])),
    ]);
    let algorithm_name = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
    let signature = CA
        .key
        .sign(algorithm_name, &tbs, &mut SystemRandom)
        .unwrap();
    write::sequence(&[&tbs, &algorithm, &write::bit_string(&signature)])
}

/// A memory in memory.
#[derive(Default)]
struct Remembered(Mutex<HashMap<String, Memory>>);

impl MemoryStore for Remembered {
    fn load(&self, url: &str) -> Result<Option<Memory>> {
        Ok(self.0.lock().unwrap().get(url).cloned())
    }

    fn save(&self, url: &str, memory: &Memory) -> Result<()> {
        self.0.lock().unwrap().insert(url.into(), memory.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_healthy_look_is_remembered_and_used_when_the_server_is_down() {
    let store = Arc::new(Remembered::default());
    let mut options = options(Level::Passive);
    options.memory = Some(store.clone());
    let first = run(&healthy(), URL, &options).await;
    assert_eq!(first.observations.memory, None);
    let remembered = store.load(URL).unwrap().unwrap();
    assert_eq!(remembered.capabilities, CAPABILITIES);
    assert!(remembered.taken >= START.0);

    let down = healthy_but(|request| {
        request
            .url
            .contains("mscep.dll")
            .then(|| Ok(response(500, "text/html", "")))
    });
    let second = run(&down, URL, &options).await;
    assert_eq!(second.observations.memory.as_ref(), Some(&remembered));
    assert_eq!(of(&second, Purpose::Crl).len(), 2);
    assert_eq!(
        store.load(URL).unwrap().unwrap(),
        remembered,
        "a broken look is not remembered"
    );
}

#[tokio::test]
async fn a_memory_that_cannot_be_kept_does_not_end_the_diagnosis() {
    struct Broken;
    impl MemoryStore for Broken {
        fn load(&self, _: &str) -> Result<Option<Memory>> {
            Err(Error::Misuse("cannot load".into()))
        }
        fn save(&self, _: &str, _: &Memory) -> Result<()> {
            Err(Error::Misuse("cannot save".into()))
        }
    }
    let mut options = options(Level::Passive);
    options.memory = Some(Arc::new(Broken));
    let report = run(&healthy(), URL, &options).await;
    let errors: Vec<String> = report
        .local_errors
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(errors, ["cannot load", "cannot save"]);
}

fn pki_operations(network: &Fake) -> Vec<(String, usize)> {
    let received = network.received.lock().unwrap();
    received
        .iter()
        .filter(|request| request.url.contains("PKIOperation"))
        .map(|request| {
            (
                request.method.clone(),
                request.body.len().max(request.url.len()),
            )
        })
        .collect()
}

#[tokio::test]
async fn requests_with_a_wrong_challenge_go_by_post_by_get_and_by_long_post() {
    let network = healthy();
    let report = run(&network, URL, &options(Level::Request)).await;
    let sent = pki_operations(&network);
    let methods: Vec<&str> = sent.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["POST", "GET", "GET", "POST"]);
    assert!(
        sent[0].1 > 1500 && sent[0].1 < 10_000,
        "a realistic size: {}",
        sent[0].1
    );
    assert!(sent[3].1 > 64 * 1024, "a long one: {}", sent[3].1);
    // as Apple's devices write a message into a URL: only the padding is escaped
    let lines = network.lines();
    let messages: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split_once("PKIOperation&message="))
        .map(|(_, message)| message)
        .collect();
    let [escaped, raw] = messages[..] else {
        panic!("{messages:?}")
    };
    assert!(escaped.contains("%2B") && !escaped.contains(['+', '/']));
    assert!(raw.contains('+') && !raw.contains("%2B") && !raw.contains("%2F"));
    for purpose in [
        Purpose::PkiOperationPost,
        Purpose::PkiOperationGet,
        Purpose::PkiOperationGetRaw,
    ] {
        for observation in of(&report, purpose) {
            let reply = reply(observation);
            assert!(reply.wrong_challenge_sent);
            assert_eq!(reply.status.as_deref(), Some("failure"));
        }
    }
    let footprint = &report.diagnosis.footprint;
    assert_eq!(footprint.requests as usize, network.lines().len());
    assert!(footprint.issued.is_empty());
    assert!(
        footprint
            .left_behind
            .iter()
            .any(|note| note.contains("event 29")),
        "{footprint:?}"
    );
    // what was asked for already is not asked for again
    assert_eq!(of(&report, Purpose::GetCaCaps).len(), 1);
}

#[tokio::test]
async fn a_server_that_asks_no_challenge_is_not_made_to_issue_twice() {
    let ca = TinyCa {
        asks_no_challenge: true,
        ..TinyCa::default()
    };
    let network = Fake::new(move |request| Ok(ca.serve(request)));
    let report = run(&network, URL, &options(Level::Request)).await;
    assert_eq!(pki_operations(&network).len(), 1);
    assert_eq!(
        reply(of(&report, Purpose::PkiOperationPost)[0])
            .issued_serial
            .as_deref(),
        Some("2B")
    );
    assert_eq!(report.diagnosis.footprint.issued, ["2B"]);
    assert!(
        skipped(of(&report, Purpose::PkiOperationGet)[0])
            .unwrap()
            .contains("accepted")
    );
}

#[tokio::test]
async fn a_worker_that_crashes_is_not_crashed_again() {
    let network = healthy_but(|request| {
        request
            .url
            .contains("PKIOperation")
            .then_some(Err(NetworkErrorKind::Reset))
    });
    let report = run(&network, URL, &options(Level::Request)).await;
    assert_eq!(pki_operations(&network).len(), 1);
    assert!(
        skipped(of(&report, Purpose::PkiOperationGet)[0])
            .unwrap()
            .contains("crash")
    );
}

#[tokio::test]
async fn post_is_tried_only_where_it_is_offered() {
    let network = healthy_but(|request| {
        request
            .url
            .contains("GetCACaps")
            .then(|| Ok(response(200, "text/plain", "SHA-256\nDES3\n")))
    });
    let report = run(&network, URL, &options(Level::Request)).await;
    assert!(
        skipped(of(&report, Purpose::PkiOperationPost)[0])
            .unwrap()
            .contains("POSTPKIOperation")
    );
    assert_eq!(status(of(&report, Purpose::PkiOperationGet)[0]), 200);
    assert_eq!(pki_operations(&network).len(), 2);
}

fn probe(challenge: &str) -> EnrollProbe {
    let mut probe = EnrollProbe::new(name("CN=printer-01"), TinyCa::trust());
    probe.challenge = Some(ChallengePassword::new(challenge));
    probe.challenge_obtained = Some(START);
    probe
}

#[tokio::test]
async fn an_enrollment_is_the_last_probe() {
    let network = healthy();
    let mut options = options(Level::Enroll);
    options.enroll = Some(probe(CHALLENGE));
    let report = run(&network, URL, &options).await;
    assert_eq!(
        words(&report).last().map(String::as_str),
        Some("POST Enroll")
    );
    let reply = reply(of(&report, Purpose::Enroll)[0]);
    assert_eq!(reply.status.as_deref(), Some("success"));
    assert_eq!(reply.challenge_age_s, Some(0));
    assert_eq!(report.diagnosis.footprint.issued, ["2B"]);
    let all = serde_json::to_string(&report.observations).unwrap();
    assert!(!all.contains(CHALLENGE));
}

#[tokio::test]
async fn an_enrollment_plays_the_client_it_is_told_to() {
    let network = healthy();
    let mut options = options(Level::Enroll);
    let mut probe = probe("used up");
    probe.challenge_is_wrong = true;
    probe.method = MethodChoice::Get;
    options.enroll = Some(probe);
    options.tamper = Some(Arc::new(|purpose, request: &mut HttpRequest| {
        if purpose == Purpose::Enroll {
            request.url = request
                .url
                .replace("operation=PKIOperation", "x=1&operation=PKIOperation");
        }
    }));
    let report = run(&network, URL, &options).await;
    let enrolled = of(&report, Purpose::Enroll)[0];
    assert!(
        matches!(&enrolled.probe, Probe::Http { method, url, .. } if method == "GET" && url.contains("?x=1&"))
    );
    let reply = reply(enrolled);
    assert_eq!(
        (reply.status.as_deref(), reply.wrong_challenge_sent),
        (Some("failure"), true)
    );
    assert!(report.diagnosis.footprint.issued.is_empty());
}

#[tokio::test]
async fn an_enrollment_at_another_ca_is_not_sent() {
    let network = healthy();
    let mut options = options(Level::Enroll);
    let mut probe = probe(CHALLENGE);
    probe.trust = CaTrust::Sha256([7; 32]);
    options.enroll = Some(probe);
    let report = run(&network, URL, &options).await;
    assert!(skipped(of(&report, Purpose::Enroll)[0]).is_some());
    assert_eq!(pki_operations(&network).len(), 4);
}

#[tokio::test]
async fn an_enrollment_may_go_by_certificates_of_its_own() {
    let network = healthy_but(|request| {
        let get_ca_cert = request.url.contains("operation=GetCACert");
        get_ca_cert.then(|| Ok(response(500, "text/html", "")))
    });
    let mut options = options(Level::Enroll);
    let mut probe = probe(CHALLENGE);
    probe.ca_certificates = Some(TinyCa::bundle());
    options.enroll = Some(probe);
    let report = run(&network, URL, &options).await;
    // GetCACaps is answered, so this is asked again: perhaps it fails now and then only
    assert_eq!(of(&report, Purpose::GetCaCert).len(), 6);
    assert!(skipped(of(&report, Purpose::PkiOperationPost)[0]).is_some());
    assert_eq!(
        reply(of(&report, Purpose::Enroll)[0]).status.as_deref(),
        Some("success")
    );
}

#[tokio::test]
async fn what_a_diagnosis_must_be_told() {
    let network = healthy();
    let ask = async |url: &str, options: &DiagnoseOptions| {
        diagnose(&network, provider(), Catalogue::builtin(), url, options)
            .await
            .map(drop)
    };
    let passive = options(Level::Passive);
    assert!(matches!(
        ask("ndes.example", &passive).await,
        Err(Error::Misuse(_))
    ));
    assert!(matches!(
        ask("ldap://ndes.example/", &passive).await,
        Err(Error::Misuse(_))
    ));
    assert!(matches!(
        ask(URL, &options(Level::Enroll)).await,
        Err(Error::Misuse(_))
    ));
    assert!(
        network.lines().is_empty(),
        "that is said before anything is sent"
    );
}

#[tokio::test]
async fn a_password_on_an_open_admin_page_is_not_written_down() {
    let network = healthy_but(|request| {
        request.url.ends_with("mscep_admin/").then(|| {
            let page = format!("password is: <B> {CHALLENGE} </B>");
            let wide: Vec<u8> = page.encode_utf16().flat_map(u16::to_le_bytes).collect();
            Ok(HttpResponse {
                status: 200,
                body: wide,
                ..HttpResponse::default()
            })
        })
    });
    let report = passive(&network).await;
    let Outcome::Response(facts) = &of(&report, Purpose::MscepAdmin)[0].outcome else {
        panic!()
    };
    let kept = base64::engine::general_purpose::STANDARD
        .decode(&facts.body)
        .unwrap();
    let units: Vec<u16> = kept
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    assert_eq!(
        String::from_utf16(&units).unwrap(),
        "password is: <B> **************** </B>"
    );
    assert_eq!(facts.body_len, 2 * 38);
}

#[tokio::test]
async fn bounds_are_those_of_the_options() {
    let network = healthy();
    let mut options = options(Level::Request);
    options.timeouts.http = Duration::from_secs(7);
    options.timeouts.pki_operation = Duration::from_secs(77);
    options.max_body = 4321;
    let report = run(&network, URL, &options).await;
    assert!(!report.observations.items.is_empty());
    for request in network.received.lock().unwrap().iter() {
        let expected = if request.url.contains("PKIOperation") {
            77
        } else {
            7
        };
        assert_eq!(request.timeout.as_secs(), expected, "{}", request.url);
        assert!(request.max_body == 4321 || request.url == CRL_URL);
    }
}

/// The page of HTTP.sys when it has no application pool to hand a request to.
const SERVICE_UNAVAILABLE: &str = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\
    \"http://www.w3.org/TR/html4/strict.dtd\">\r\n<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r\n\
    <META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n\
    <BODY><h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>\r\n\
    </BODY></HTML>\r\n";

#[tokio::test]
async fn what_was_seen_is_classified() {
    let report = passive(&healthy()).await;
    assert_eq!(report.diagnosis.outcome, Verdict::Healthy);

    let stopped = healthy_but(|request| {
        request.url.contains("/certsrv/").then(|| {
            let mut page = response(503, "text/html; charset=us-ascii", SERVICE_UNAVAILABLE);
            page.headers
                .push(("server".into(), "Microsoft-HTTPAPI/2.0".into()));
            Ok(page)
        })
    });
    let report = passive(&stopped).await;
    assert_eq!(report.diagnosis.outcome, Verdict::Failure);
    assert_eq!(report.diagnosis.symptom.unwrap().id, "mscep-503-pool-down");
}
